//! Writes what a training tells on the board. Most of what it is told costs it a few additions: the board is
//! written as often as an eye can see.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;

use super::board::{Doing, Now, Row, Shared};
use crate::experiment::{
    DataProgress, EpochRecord, Event, HistoryRow, Metric, Note, Run, RunningSums, Start,
};
use crate::printed::{shown, shown_path};
use crate::see::contact_sheet;

/// The board is written no more often than this, but for what is complete.
const EVERY: Duration = Duration::from_millis(100);
/// Pictures of the sheet.
const PICTURES: usize = 20;

/// Told of everything that happens in a training.
#[derive(Debug)]
pub(crate) struct Reporter {
    shared: Arc<Shared>,
    metrics: Vec<Metric>,
    epochs: usize,
    epoch: Epoch,
    /// What the last epoch took, in seconds, and how fast it went.
    last: Option<(f64, Option<f64>)>,
    written: Instant,
}

/// The epoch that goes on.
#[derive(Debug)]
struct Epoch {
    number: usize,
    batches: usize,
    done: usize,
    begun: Instant,
    /// Batches that were done when it went on here.
    before: usize,
    /// When the first step was done here, and how many pictures had been seen by then.
    first_step: Option<(Instant, u64)>,
    waited: Duration,
    /// Pictures a second.
    rate: Option<f64>,
}

impl Epoch {
    fn new(number: usize, batches: usize, done: usize) -> Self {
        let (begun, waited) = (Instant::now(), Duration::ZERO);
        Self { number, batches, done, begun, before: done, first_step: None, waited, rate: None }
    }
}

impl Reporter {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let (epoch, written) = (Epoch::new(0, 0, 0), Instant::now());
        Self { shared, metrics: Vec::new(), epochs: 0, epoch, last: None, written }
    }

    /// Something happens.
    pub(crate) fn hear(&mut self, event: &Event<'_>) {
        match event {
            Event::ReadingData(progress) => self.reads(*progress),
            Event::TimingKernels { done, all } => {
                self.does(Doing { what: "timing", file: None, done: *done as u64, all: Some(*all as u64) })
            }
            Event::Frozen(frozen) => frozen.sentences().into_iter().for_each(|sentence| self.note(sentence)),
            Event::MakingFeatures { done, all } if done == all => {
                self.shared.write(|board| board.doing = None)
            }
            Event::MakingFeatures { done, all } => {
                self.does(Doing { what: "features", file: None, done: *done as u64, all: Some(*all as u64) })
            }
            Event::DataRead | Event::KernelsTimed(_) => self.shared.write(|board| board.doing = None),
            Event::Folder(folder) => self.has_folder(folder),
            Event::Begins(start) => self.begins(start),
            Event::Member { name, number, of, .. } => self.note(format!("member {number} of {of}: {name}")),
            Event::Phase(phase) => self.note(format!("phase `{}`", phase.name)),
            Event::EpochBegins { epoch, batches, done } => {
                self.epoch = Epoch::new(*epoch, *batches, *done);
                self.tell_progress(None);
            }
            Event::Waited(long) => self.epoch.waited += *long,
            Event::Step(sums) => self.stepped(sums),
            Event::EpochEnds(record) => self.epoch_ends(record),
            Event::Training(note) => self.note(note.to_string()),
            Event::Note(note @ (Note::BeginsAgain { .. } | Note::Damaged { .. })) => {
                self.note(note.to_string())
            }
            Event::Warning(warning) => self.note(warning.to_string()),
            Event::Weights(_) | Event::Note(_) | Event::Interrupted { .. } => {}
        }
    }

    fn is_time(&mut self) -> bool {
        let is_time = self.written.elapsed() >= EVERY;
        if is_time {
            self.written = Instant::now();
        }
        is_time
    }

    fn does(&mut self, doing: Doing) {
        if self.is_time() {
            self.shared.write(|board| board.doing = Some(doing));
        }
    }

    fn reads(&mut self, progress: DataProgress<'_>) {
        self.does(match progress {
            DataProgress::Fetch { file, done, total } => {
                Doing { what: "fetching", file: Some(shown(file).into_owned()), done, all: total }
            }
            DataProgress::Decode { done, total } => {
                Doing { what: "reading", file: None, done: done as u64, all: Some(total as u64) }
            }
        });
    }

    fn note(&self, note: String) {
        self.shared.write(|board| board.notes.push(shown(&note).into_owned()));
    }

    fn has_folder(&self, folder: &Path) {
        self.shared.write(|board| board.folder = shown_path(folder));
    }

    fn begins(&mut self, start: &Start<'_>) {
        (self.metrics, self.epochs) = (start.metrics.to_vec(), start.epochs);
        // a run that goes on has complete epochs
        let before = if start.progress.epoch > 0 {
            Run::open(start.folder).and_then(|run| run.history())
        } else {
            Ok(Vec::new())
        };
        let before = before.unwrap_or_default();
        let columns = before.first().map(|row| row.values.iter().map(|(name, _)| name.clone()).collect());
        self.shared.write(|board| {
            board.doing = None;
            board.model = shown(start.model).into_owned();
            board.folder = shown_path(start.folder);
            board.epochs = start.epochs;
            board.columns = columns.unwrap_or_default();
            board.rows = before.iter().map(row_of_history).collect();
        });
        // what cannot be read is for the training to tell
        if let Ok(pictures) = start.sample(PICTURES)
            && !pictures.is_empty()
        {
            let sheet = contact_sheet(start.model, &pictures, start.classes());
            let _ = self.shared.sheet.set(Bytes::from(sheet.to_svg()));
        }
    }

    fn stepped(&mut self, sums: &RunningSums) {
        let epoch = &mut self.epoch;
        epoch.done += 1;
        let Some((begun, before)) = epoch.first_step else {
            epoch.first_step = Some((Instant::now(), sums.images));
            return;
        };
        if !self.is_time() {
            // the last step tells how fast the epoch went
            if self.epoch.done < self.epoch.batches {
                return;
            }
        }
        let seconds = begun.elapsed().as_secs_f64();
        self.epoch.rate = (seconds > 0.0).then(|| (sums.images - before) as f64 / seconds);
        self.tell_progress(Some(sums));
    }

    /// Loss and metrics of the epoch so far. An area takes all answers so far, in their order: too much work to
    /// be done in between.
    fn values(&self, sums: &RunningSums) -> Vec<(String, f64)> {
        let metrics = self.metrics.iter().enumerate().filter(|(_, metric)| **metric != Metric::Auc);
        let metrics = metrics.map(|(at, &metric)| (metric.column(), sums.metric(at, metric)));
        std::iter::once(("loss".to_owned(), sums.loss())).chain(metrics).collect()
    }

    fn tell_progress(&self, sums: Option<&RunningSums>) {
        let epoch = &self.epoch;
        let gone = epoch.begun.elapsed().as_secs_f64();
        let last_rate = self.last.and_then(|(_, rate)| rate);
        let waited = sums.map(|_| epoch.waited.as_secs_f64() / gone.max(f64::MIN_POSITIVE));
        let values = sums.map(|sums| self.values(sums));
        let (rate, left_seconds) = (epoch.rate.or(last_rate), self.left_seconds(gone));
        self.shared.write(|board| {
            let values = values.unwrap_or_else(|| std::mem::take(&mut board.now.values));
            let waited = waited.or(board.now.waited);
            let Epoch { number, batches, done, .. } = *epoch;
            board.now = Now { epoch: number, batches, done, values, rate, waited, left_seconds };
        });
    }

    /// Seconds up to the end of the schedule, by what the last epoch took; in the first one by its steps.
    fn left_seconds(&self, gone: f64) -> Option<f64> {
        let Epoch { number, batches, done, before, .. } = self.epoch;
        let batches = batches.max(1) as f64;
        let by_steps = || (done > before).then(|| gone / (done - before) as f64 * batches);
        let of_epoch = self.last.map(|(seconds, _)| seconds).or_else(by_steps)?;
        let epochs_left = (self.epochs + 1).saturating_sub(number) as f64 - done as f64 / batches;
        Some(of_epoch * epochs_left.max(0.0))
    }

    fn epoch_ends(&mut self, record: &EpochRecord) {
        self.last = Some((record.seconds, self.epoch.rate));
        let left_seconds = self.left_seconds(0.0);
        self.shared.write(|board| {
            if board.columns.is_empty() {
                board.columns = record.values.0.iter().map(|(monitor, _)| monitor.column()).collect();
            }
            board.now.left_seconds = left_seconds;
            board.rows.push(Row {
                epoch: record.epoch,
                values: record.values.0.iter().map(|(_, value)| *value).collect(),
                learning_rate: f64::from(record.learning_rate),
            });
        });
    }
}

fn row_of_history(row: &HistoryRow) -> Row {
    let values = row.values.iter().map(|(_, value)| *value).collect();
    Row { epoch: row.epoch, values, learning_rate: row.learning_rate }
}
