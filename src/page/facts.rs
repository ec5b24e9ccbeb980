//! All that the files of a run tell of it, gathered; what is missing or cannot be read is told, and ends
//! nothing.

use std::io::Read;

use sha2::{Digest, Sha256};

use super::program::{PhaseMark, Program, Watched};
use super::words::{self, Said};
use crate::assess::{Answers, Assessment, Findings};
use crate::data::Split;
use crate::experiment::{Error, HistoryRow, Run, RunDetails, RunStatus};
use crate::figures::Summary;
use crate::files;
use crate::printed::{few, shown_path};

/// All that is known of a run.
#[derive(Debug)]
pub(super) struct Facts<'r> {
    pub(super) run: &'r Run,
    pub(super) details: RunDetails,
    pub(super) history: Vec<HistoryRow>,
    pub(super) answers: Option<Answers>,
    pub(super) assessment: Option<Assessment>,
    pub(super) program: Option<Program>,
    /// SHA-256 of the weights.
    pub(super) weights_hash: Option<String>,
    /// What is missing, in the order in which it is told.
    pub(super) notes: Vec<Note>,
}

/// Something that is missing or odd.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Note {
    pub(super) said: Said,
    pub(super) values: Vec<String>,
}

impl Note {
    fn new<const N: usize>(said: Said, values: [String; N]) -> Self {
        Self { said, values: values.into() }
    }
}

impl<'r> Facts<'r> {
    /// Of a run, and the text of its program where that is known.
    pub(super) fn of(run: &'r Run, program: Option<&str>) -> Self {
        let is_finished = *run.status() == RunStatus::Finished;
        let mut notes: Vec<Note> = of_status(run).into_iter().collect();
        let history = run.history();
        // what lies there of a run that has not ended is of an earlier one
        let answers = if is_finished { run.answers() } else { Ok(None) };
        let unread = [history.as_ref().err(), answers.as_ref().err()];
        notes.extend(unread.into_iter().flatten().map(|error| Note::new(words::UNREAD, [said_by(error)])));
        let has_no_answers = matches!(answers, Ok(None));
        let (history, answers) = (history.unwrap_or_default(), answers.unwrap_or_default());
        let is_odd = |row: &&HistoryRow| row.value("loss").is_some_and(|loss| !loss.is_finite());
        if let Some(row) = history.iter().find(is_odd) {
            notes.push(Note::new(words::NOT_A_NUMBER, [row.epoch.to_string()]));
        }
        let assessment = answers.as_ref().map(Answers::assess);
        notes.extend(assessment.iter().flat_map(of_answers));
        let program = program.map(Program::of);
        if is_finished && has_no_answers && run.results().is_some() {
            let said = if answers_with_maps(program.as_ref()) { words::NO_TABLE } else { words::NO_ANSWERS };
            notes.push(Note::new(said, [shown_path(run.folder())]));
        }
        Self {
            run,
            details: run.details(),
            history,
            answers,
            assessment,
            program,
            weights_hash: weights_hash(run),
            notes,
        }
    }

    /// The epoch with the best value of what a callback watches; of `val_loss` where none does.
    pub(super) fn best_epoch(&self) -> Option<(String, usize)> {
        let watched = self.watched();
        let mut best: Option<(f64, usize)> = None;
        for row in &self.history {
            let Some(value) = row.value(&watched.column).filter(|value| value.is_finite()) else { continue };
            // the order in which callbacks compare: `train/callbacks.rs`
            let value = if watched.falls { value } else { -value };
            if best.is_none_or(|(least, _)| ((value + watched.min_delta) as f32) < least as f32) {
                best = Some((value, row.epoch));
            }
        }
        best.map(|(_, epoch)| (watched.column, epoch))
    }

    /// Whether the final weights are those of the best epoch.
    pub(super) fn restores_best(&self) -> bool {
        *self.run.status() == RunStatus::Finished && self.watched().restores
    }

    /// The phases of training, and whether their first epochs are known: one that ended early makes the next
    /// begin earlier.
    pub(super) fn phases(&self) -> (Vec<PhaseMark>, bool) {
        if !self.details.phases.is_empty() {
            let mark = |(name, first): &(String, usize)| PhaseMark { name: name.clone(), first: *first };
            return (self.details.phases.iter().map(mark).collect(), true);
        }
        let (phases, epochs) = self.program.as_ref().map_or((Vec::new(), 0), Program::phases);
        let are_known = !self.details.stopped_early
            && (*self.run.status() != RunStatus::Finished || self.history.len() == epochs);
        (phases, are_known)
    }

    /// Layers with what they cost, where the program is known.
    pub(super) fn summary(&self) -> Option<Summary> {
        Some(Summary::of(self.program.as_ref()?.checked.as_ref()?))
    }

    fn watched(&self) -> Watched {
        let usual = Watched { column: "val_loss".to_owned(), falls: true, min_delta: 0.0, restores: false };
        self.program.as_ref().and_then(Program::watched).unwrap_or(usual)
    }
}

/// What has become of a run, where that leaves something to be wished for.
fn of_status(run: &Run) -> Option<Note> {
    let folder = shown_path(run.folder());
    match run.status() {
        RunStatus::Running => Some(Note::new(words::STILL_RUNS, [])),
        RunStatus::Interrupted => Some(Note::new(words::WAS_INTERRUPTED, [run.epochs().to_string(), folder])),
        RunStatus::Failed(why) => Some(Note::new(words::HAS_FAILED, [why.clone()])),
        RunStatus::Finished => match run.results() {
            Some((Split::Test, _)) => None,
            Some(_) => Some(Note::new(words::NO_TEST, [])),
            None => Some(Note::new(words::NO_RESULTS, [])),
        },
    }
}

/// What an error says, without the advice on the lines below.
fn said_by(error: &Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// What is odd in the answers.
fn of_answers(assessment: &Assessment) -> Vec<Note> {
    let names = &assessment.names;
    let table = match &assessment.findings {
        Findings::Classes(found) => &found.table,
        Findings::Labels(found) => &found.table,
        Findings::Numbers(_) => return Vec::new(),
    };
    let mut notes = Vec::new();
    let counts = || table.rows.iter().map(|row| row.counts).zip(names);
    let said: Vec<&String> = counts().filter(|(counts, _)| counts.said > 0).map(|(_, name)| name).collect();
    if let (Findings::Classes(_), [only], true) = (&assessment.findings, &said[..], names.len() > 1) {
        notes.push(Note::new(words::ONE_ANSWER, [(*only).clone()]));
    }
    let absent: Vec<String> =
        counts().filter(|(counts, _)| counts.wanted == 0).map(|(_, name)| name.clone()).collect();
    if !absent.is_empty() {
        notes.push(Note::new(words::ABSENT, [few(&absent)]));
    }
    notes
}

/// Whether there is no table of the model's answers, as each is a map.
fn answers_with_maps(program: Option<&Program>) -> bool {
    let checked = program.and_then(|program| program.checked.as_ref());
    checked.is_some_and(|program| program.output_shape().rank() > 1)
}

/// SHA-256 of the weights, as `sha256sum` prints it; `None` without any. What a run has that goes on or has failed
/// is left from an interruption.
fn weights_hash(run: &Run) -> Option<String> {
    if !matches!(run.status(), RunStatus::Finished | RunStatus::Interrupted) {
        return None;
    }
    let mut file = files::open(&run.weights()).ok()?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).ok()? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    Some(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
