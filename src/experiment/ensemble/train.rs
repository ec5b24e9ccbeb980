//! An ensemble trained: one member after the other, then all together.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::fit;
use super::outcome::{EnsembleOutcome, Gain, MemberJudged, MemberOutcome};
use super::report::{Report, Standing, Status};
use super::watch::{MemberFate, OfMember};
use super::weights::Gathered;
use crate::assess::Truth;
use crate::data::{DataIndex, Dataset, Split};
use crate::experiment::answers::Judged;
use crate::experiment::compute::Compute;
use crate::experiment::error::Error;
use crate::experiment::index::{keep_index, read_index};
use crate::experiment::model::{Model, ModelOptions};
use crate::experiment::open::Experiment;
use crate::experiment::report;
use crate::experiment::run::{Run, RunStatus, report_in};
use crate::experiment::train::{DataChanged, RunOptions, RunPlace};
use crate::experiment::watch::{Event, Warning, Watch};
use crate::files;
use crate::ir::run_files::{LOCK, REPORT};
use crate::ir::{Combine, Ensemble, Member};
use crate::ranks::Communicator;
use crate::settings::Settings;
use crate::train::{Interrupt, RunError, RunFolder, Together};

impl Experiment {
    /// Trains the members of an ensemble and judges them together. The run goes on where it was left: a member
    /// that is done stays as it is, and the one that was being trained goes on from its state.
    /// # Errors
    /// As [`Experiment::train`].
    pub(in crate::experiment) fn train_together(
        &self,
        ensemble: &Ensemble,
        options: RunOptions,
        watch: &mut dyn Watch,
    ) -> Result<(Run, Dataset), Error> {
        let RunOptions { compute, place, weights, interrupt, data_changed, command, since, ranks, .. } =
            options;
        let communicator = ranks;
        let ranks = Together::with(communicator.as_ref());
        if let Some(path) = weights {
            let differences = vec![
                "it would be that of all members: name that of each as `members: [A(weights: \"…\")]`"
                    .to_owned(),
            ];
            return Err(RunError::WeightsDiffer { path, differences }.into());
        }
        let schedule = self.schedule()?;
        self.runnable()?;
        compute.check()?;
        for member in ensemble.members.iter().filter(|member| member.weights.is_none()) {
            self.of_member(member).schedule()?;
        }
        let settings = Settings::of(&self.program);
        let (folder, is_begun) = match place {
            RunPlace::Begun(begun) => {
                if let Some(run) = &begun.resumed {
                    // it is no ensemble's
                    run.check_settings(&settings)?;
                }
                check_settings(begun.folder.path(), &settings)?;
                (begun.folder, true)
            }
            RunPlace::New(out) => (self.new_folder(Some(&out), ranks)?, false),
            RunPlace::Numbered => (self.new_folder(None, ranks)?, false),
        };
        let command = if is_begun { report::recorded_command(folder.path()) } else { command };
        let report = Report {
            file: &self.file,
            name: self.name(),
            settings: &settings,
            seed: schedule.seed,
            command: command.clone(),
            threads: compute.thread_count(),
            ranks: communicator.as_ref().map_or(1, Communicator::size),
            target: compute.target(),
            since,
        };
        let work = Work {
            experiment: self,
            ensemble,
            folder: &folder,
            report,
            compute,
            data_changed,
            communicator: communicator.as_ref(),
        };
        let mut state = State { outcome: work.outcome_so_far(), runs: Vec::new() };
        work.write(&state, Status::Running, None)?;
        let done = work.go((&interrupt, &command), &mut state, watch);
        if let Err(error) = &done {
            // the first failure is the one to tell
            drop(work.write(&state, Status::Failed(&error.to_string()), None));
        }
        let data = done?;
        Ok((Run::of_first_rank(&folder, ranks)?, data))
    }
}

/// An ensemble's run must have the settings that it was begun with. Of one that was killed before it wrote
/// any there is nothing to be compared with.
pub(in crate::experiment) fn check_settings(folder: &Path, now: &Settings) -> Result<(), Error> {
    let Ok(run) = Run::open(folder) else { return Ok(()) };
    let changes = run.settings().changes_to(now);
    if changes.is_empty() {
        return Ok(());
    }
    Err(RunError::SettingsChanged { path: folder.to_owned(), changes }.into())
}

/// What a run of an ensemble is made of.
struct Work<'w> {
    experiment: &'w Experiment,
    ensemble: &'w Ensemble,
    folder: &'w RunFolder,
    report: Report<'w>,
    compute: Compute,
    data_changed: DataChanged,
    /// Those that train it together. What is behind training is the first one's alone.
    communicator: Option<&'w Communicator>,
}

/// What is left of a member whose training was begun.
#[derive(Debug, Serialize, Deserialize)]
struct Left {
    /// The report of one that is done.
    report: Option<String>,
    /// It can be gone on with.
    is_begun: bool,
}

/// How far it has come.
struct State {
    outcome: EnsembleOutcome,
    /// Of members that are trained, in their order.
    runs: Vec<Run>,
}

impl Work<'_> {
    /// The members, of which nothing is known yet.
    fn outcome_so_far(&self) -> EnsembleOutcome {
        let member = |member: &Member| {
            let train = member.program.program().train.as_ref().filter(|_| member.weights.is_none());
            MemberOutcome {
                name: member.name.clone(),
                model: member.program.program().model.name.value.clone(),
                seed: train.map(|train| train.seed),
                folder: member.weights.is_none().then(|| PathBuf::from(&member.name)),
                given: member.weights.as_ref().map(|weights| PathBuf::from(weights.from.name())),
                epochs: 0,
                share: None,
                judged: None,
            }
        };
        EnsembleOutcome {
            combine: self.ensemble.spec.combine.value.name().to_owned(),
            members: self.ensemble.members.iter().map(member).collect(),
            gain: None,
        }
    }

    fn write(
        &self,
        state: &State,
        status: Status<'_>,
        data: Option<(&Dataset, &str)>,
    ) -> Result<(), RunError> {
        let standing = Standing { status, outcome: &state.outcome, runs: &state.runs, data };
        self.folder.writing(|| self.report.write(self.folder, &standing)).map(drop)
    }

    /// Trains and judges; gives the pictures.
    fn go(
        &self,
        (interrupt, command): (&Arc<Interrupt>, &[String]),
        state: &mut State,
        watch: &mut dyn Watch,
    ) -> Result<Dataset, Error> {
        let mut pictures = None;
        for at in 0..self.ensemble.members.len() {
            let (ended, data) = self.member(at, (interrupt, command), state, watch)?;
            pictures = data.or(pictures);
            if ended == RunStatus::Interrupted {
                self.write(state, Status::Interrupted, None)?;
                return pictures.map_or_else(|| self.experiment.open_data(None, watch), Ok);
            }
            self.write(state, Status::Running, None)?;
        }
        // the last member's are not kept while the ensemble's are read: both together would take twice the room
        drop(pictures);
        if self.folder.is_written() {
            self.together(state, watch)
        } else {
            self.experiment.clone().for_its_data().open_data(None, watch)
        }
    }

    /// Trains a member, unless that is done; gives what has become of it, and its pictures.
    fn member(
        &self,
        at: usize,
        (interrupt, command): (&Arc<Interrupt>, &[String]),
        state: &mut State,
        watch: &mut dyn Watch,
    ) -> Result<(RunStatus, Option<Dataset>), Error> {
        let member = &self.ensemble.members[at];
        let experiment = self.experiment.of_member(member);
        let path = self.folder.path().join(&member.name);
        let look = || Ok(Left { report: self.done(&path, &experiment), is_begun: is_begun(&path) });
        let tell = |left: &Left| serde_json::to_vec(left).expect("texts always serialise");
        let ranks = Together::with(self.communicator);
        let Left { report, is_begun } =
            ranks.first_gives(look, tell, |told| serde_json::from_slice(told).ok())?;
        let done = report.map(|report| Run::of_report(&path, report.as_bytes())).transpose()?;
        let fate = match (&member.weights, &done) {
            (Some(_), _) => MemberFate::Given,
            (None, Some(_)) => MemberFate::Done,
            (None, None) => MemberFate::Trained,
        };
        let of = self.ensemble.members.len();
        watch.see(Event::Member { folder: self.folder.path(), name: &member.name, number: at + 1, of, fate });
        if fate == MemberFate::Given {
            return Ok((RunStatus::Finished, None));
        }
        let (run, data) = match done {
            Some(run) => (run, None),
            None => {
                let mut options = RunOptions {
                    compute: self.compute,
                    interrupt: Arc::clone(interrupt),
                    data_changed: self.data_changed,
                    command: command.to_vec(),
                    since: Instant::now(),
                    ranks: self.communicator.cloned(),
                    ..RunOptions::default()
                };
                let mut told = OfMember { watch, folder: self.folder.path(), name: &member.name };
                if is_begun {
                    options.resume(&path, &mut told)?;
                } else {
                    options.place = RunPlace::New(path);
                }
                let (run, data) = experiment.train_keeping(options, &mut told)?;
                (run, Some(data))
            }
        };
        let status = run.status().clone();
        state.outcome.members[at].epochs = run.epochs();
        state.runs.push(run);
        Ok((status, data))
    }

    /// The report of a member that has come to its end with these settings.
    fn done(&self, path: &Path, experiment: &Experiment) -> Option<String> {
        let report = String::from_utf8(report_in(path).ok()?).ok()?;
        let run = Run::of_report(path, report.as_bytes()).ok()?;
        let settings = experiment.clone().for_its_data().settings();
        let is_done = *run.status() == RunStatus::Finished && *run.settings() == settings;
        (is_done && run.weights().is_file()).then_some(report)
    }

    /// Puts all weights into one file, and judges members and ensemble on the test split; on that for
    /// validation where there is none.
    fn together(&self, state: &mut State, watch: &mut dyn Watch) -> Result<Dataset, Error> {
        let begun = Instant::now();
        let experiment = self.experiment.clone().for_its_data();
        let mut data = experiment.open_data(None, watch)?;
        let index = data.take_index().unwrap_or_default();
        self.check_data(state, &index, watch)?;
        let classes = data.classes.clone();
        let files = self.files_of_members(state)?;
        let mut gathered = Gathered::default();
        for (member, path) in self.ensemble.members.iter().zip(&files) {
            gathered.take(&experiment, member, (path, &classes), watch)?;
        }
        let mut pictures = Some((data, index));
        if self.ensemble.spec.combine.value == Combine::Weighted {
            let shares = self.fit(&files, &mut pictures, watch)?;
            gathered.weigh(&experiment, &shares);
            for (member, share) in state.outcome.members.iter_mut().zip(shares) {
                member.share = Some(share);
            }
        }
        let weights = self.folder.weights();
        let statistics = pictures.as_ref().and_then(|(data, _)| data.featurewise.clone());
        gathered.write(&experiment, (&classes, statistics.as_ref()), &weights)?;
        drop(gathered);
        let split = pictures.as_ref().and_then(|(data, _)| split_of(data));
        let judged = match split {
            Some(split) => Some(self.judge(split, (&files, &mut pictures), state, watch)?),
            None => None,
        };
        let (data, index) = pictures.expect("they are handed back");
        keep_index(&self.folder.index(), &index, watch)?;
        let results = judged.as_ref().map(|judged| (judged.split, &judged.scores));
        let status = Status::Finished(results, begun.elapsed().as_secs_f64());
        let digest = index.digest().sampled;
        self.write(state, status, Some((&data, &digest)))?;
        Ok(data)
    }

    /// The pictures must be those that each member was trained on, unless others are accepted.
    fn check_data(&self, state: &State, index: &DataIndex, watch: &mut dyn Watch) -> Result<(), Error> {
        if self.data_changed == DataChanged::Accept {
            return Ok(());
        }
        for run in &state.runs {
            let theirs = match read_index(&run.index()) {
                Ok(theirs) => theirs,
                // without it nobody knows; the run itself has said so
                Err(RunError::Read { .. }) => continue,
                Err(error) => {
                    let why = error.to_string();
                    watch.see(Event::Warning(Warning::UnknownTraining { why }));
                    continue;
                }
            };
            if !theirs.digest().is(&index.digest()) {
                let (path, differences) = (run.folder().to_owned(), theirs.differences(index));
                return Err(RunError::DataChanged { path, differences }.into());
            }
        }
        Ok(())
    }

    /// Where the weights of each member are.
    fn files_of_members(&self, state: &State) -> Result<Vec<PathBuf>, Error> {
        let mut runs = state.runs.iter();
        let file = |member: &Member| match &member.weights {
            Some(weights) => Ok(self
                .experiment
                .locations
                .resolve(Path::new(weights.from.name()))
                .map_err(RunError::from)?
                .path),
            None => Ok(runs.next().map(Run::weights).unwrap_or_default()),
        };
        self.ensemble.members.iter().map(file).collect()
    }

    /// A member's model, with the pictures of all.
    fn model_of(
        &self,
        (member, path): (&Member, &Path),
        pictures: &mut Option<(Dataset, DataIndex)>,
        watch: &mut dyn Watch,
    ) -> Result<Model, Error> {
        let experiment = self.experiment.of_member(member).for_its_data();
        let options = ModelOptions {
            compute: Compute { tune_kernels: false, ..self.compute },
            matching: member.weights.as_ref().map_or_else(Default::default, |weights| weights.matching),
            ..ModelOptions::default()
        };
        // what becomes of its tensors has been told
        let mut quiet = |event: Event<'_>| {
            if !matches!(event, Event::Weights(_)) {
                watch.see(event);
            }
        };
        let mut model = Model::load_with(&experiment, path, options, &mut quiet)?;
        model.data = pictures.take();
        Ok(model)
    }

    /// How much each member counts, by the validation split.
    fn fit(
        &self,
        files: &[PathBuf],
        pictures: &mut Option<(Dataset, DataIndex)>,
        watch: &mut dyn Watch,
    ) -> Result<Vec<f32>, Error> {
        let members = self.ensemble.members.len();
        let mut columns: Vec<Vec<f32>> = Vec::with_capacity(members);
        for (member, path) in self.ensemble.members.iter().zip(files) {
            let mut model = self.model_of((member, path), pictures, watch)?;
            let judged = model.judge(Split::Validation, watch).map(|(judged, _)| judged);
            *pictures = model.data.take();
            columns.push(right_of(&judged?));
        }
        let count = columns.first().map_or(0, Vec::len);
        let rows: Vec<f32> = (0..count).flat_map(|at| columns.iter().map(move |column| column[at])).collect();
        Ok(fit::weights(members, &rows))
    }

    /// Judges each member that was not judged by its own run, and the ensemble; writes the ensemble's answers.
    fn judge(
        &self,
        split: Split,
        (files, pictures): (&[PathBuf], &mut Option<(Dataset, DataIndex)>),
        state: &mut State,
        watch: &mut dyn Watch,
    ) -> Result<Judged, Error> {
        let mut all: Vec<Judged> = Vec::with_capacity(files.len());
        let mut runs = state.runs.iter();
        for (member, path) in self.ensemble.members.iter().zip(files) {
            let of_run = match member.weights {
                Some(_) => None,
                None => runs.next().map(judged_by_itself).transpose()?.flatten(),
            };
            let judged = match of_run.filter(|judged| judged.split == split) {
                Some(judged) => judged,
                None => {
                    let mut model = self.model_of((member, path), pictures, watch)?;
                    let judged = model.judge(split, watch).map(|(judged, _)| judged);
                    *pictures = model.data.take();
                    judged?
                }
            };
            all.push(judged);
        }
        let options = ModelOptions {
            compute: Compute { tune_kernels: false, ..self.compute },
            ..ModelOptions::default()
        };
        let experiment = self.experiment.clone().for_its_data();
        let mut quiet = |event: Event<'_>| {
            if !matches!(event, Event::Weights(_)) {
                watch.see(event);
            }
        };
        let mut model = Model::load_with(&experiment, self.folder.weights(), options, &mut quiet)?;
        model.data = pictures.take();
        let judged = model.judge(split, watch).map(|(judged, _)| judged);
        *pictures = model.data.take();
        let judged = judged?;
        judged.write(&self.folder.predictions(), &self.folder.metrics())?;
        for (member, judged) in state.outcome.members.iter_mut().zip(&all) {
            member.judged = Some(MemberJudged::of(judged));
        }
        let names = self.ensemble.members.iter().map(|member| member.name.as_str());
        state.outcome.gain = Gain::of(&judged, &names.zip(&all).collect::<Vec<_>>());
        Ok(judged)
    }
}

/// What a member's run has found at its end.
fn judged_by_itself(run: &Run) -> Result<Option<Judged>, Error> {
    let answers = run.answers()?;
    Ok(run.results().map(|(split, scores)| Judged { split, scores: scores.clone(), answers }))
}

/// The split that results are of.
fn split_of(data: &Dataset) -> Option<Split> {
    match (&data.test, &data.validation) {
        (Some(_), _) => Some(Split::Test),
        (None, Some(_)) => Some(Split::Validation),
        (None, None) => None,
    }
}

/// The probability of what is right, for each answer that counts in the loss: of a class, or of the yes or no
/// to each of several.
fn right_of(judged: &Judged) -> Vec<f32> {
    let mut right = Vec::new();
    for picture in judged.answers.iter().flat_map(|answers| &answers.pictures) {
        match &picture.truth {
            Truth::Class(class) => right.push(picture.scores.get(*class).copied().unwrap_or_default()),
            Truth::Labels(labels) => {
                let of_each = labels.iter().zip(&picture.scores);
                right.extend(of_each.map(|(&is, &score)| if is { score } else { 1.0 - score }));
            }
            Truth::Numbers(_) => {}
        }
    }
    right
}

/// Whether a run was begun in a folder.
fn is_begun(path: &Path) -> bool {
    [LOCK, REPORT].iter().any(|name| files::open(&path.join(name)).is_ok())
}
