//! Training: phases one after the other, from the beginning or from where a run was left.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::agreement;
use super::compute::Compute;
use super::ensemble::check_settings;
use super::error::Error;
use super::job::{Job, StageProgram, stages};
use super::open::Experiment;
use super::reading::name_of;
use super::report::{self, Report};
use super::resume::{Begun, Resumed};
use super::run::Run;
use super::tuning;
use super::watch::{Event, Note, Watch};
use crate::data::Dataset;
use crate::ir::Matching;
use crate::kernel::Target;
use crate::lower;
use crate::memory::{self, Machine};
use crate::plan::Choices;
use crate::ranks::{Communicator, RankError};
use crate::runtime::{CompileOptions, Kind};
use crate::settings::Settings;
use crate::train::weights::Taking;
use crate::train::{Arithmetic, Interrupt, Pace, Pretrained, RunError, RunFolder, RunRecord, Together};

/// How a run is made.
///
/// ```no_run
/// use cnnc::{Experiment, Options, RunOptions, RunPlace, Silent};
///
/// let experiment = Experiment::open("models/digits.cnn", &Options::default())?;
/// let options = RunOptions { place: RunPlace::New("runs/first".into()), ..RunOptions::default() };
/// let run = experiment.train(options, &mut Silent)?;
/// # Ok::<(), cnnc::Error>(())
/// ```
#[derive(Debug)]
pub struct RunOptions {
    /// How the model is compiled.
    pub compute: Compute,
    /// The processes, or threads, that train together: each calls [`Experiment::train`] with its
    /// own end of the connections, and rank 0 writes the files. The weights are those of one
    /// process, to the bit. The others need neither the run's folder nor the one that is gone on
    /// with, and what [`Run`] reads there is rank 0's to read.
    pub ranks: Option<Communicator>,
    /// Where the run's files are.
    pub place: RunPlace,
    /// Weights that a new run begins with, all of them, in place of numbers that the seed draws and of what
    /// the file's `weights:` name. A run that goes on has its own.
    pub weights: Option<PathBuf>,
    /// How the tensors of these weights are found.
    pub matching: Matching,
    /// Layers that these weights have nothing for begin at random.
    pub partial: bool,
    /// Raised by whoever wants the run to end: it ends the step that it is in and saves its state and its
    /// weights. Keep a copy.
    pub interrupt: Arc<Interrupt>,
    /// What becomes of a run that goes on where its data are not those that it was begun with.
    pub data_changed: DataChanged,
    /// The command line that begins the run, for its report: how to do it again.
    pub command: Vec<String>,
    /// What the run's whole time counts from.
    pub since: Instant,
}

/// Where the files of a run are.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunPlace {
    /// In the first folder `runs/STEM-1`, `runs/STEM-2`, … that is not there, where STEM is the file's name
    /// without its end; with the model's name behind it (`runs/STEM-MODEL-1`) where the file has several.
    Numbered,
    /// In this folder, which must be empty or not there.
    New(PathBuf),
    /// Where a run was begun, to go on with it: see [`RunOptions::resume`].
    Begun(Box<Begun>),
}

/// What becomes of a run that goes on where its data are not those that it was begun with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DataChanged {
    /// It does not go on.
    #[default]
    Refuse,
    /// It goes on with the data as they are now.
    Accept,
}

impl Default for RunOptions {
    /// A new run in a folder below `runs`, as fast as this machine can.
    fn default() -> Self {
        Self {
            compute: Compute::default(),
            ranks: None,
            place: RunPlace::Numbered,
            weights: None,
            matching: Matching::default(),
            partial: false,
            interrupt: Arc::default(),
            data_changed: DataChanged::default(),
            command: Vec::new(),
            since: Instant::now(),
        }
    }
}

impl RunOptions {
    /// Goes on with the run in a folder, exactly as if it had never stopped. The folder belongs to these
    /// options from now on. Whatever rounds in another manner becomes what the run was begun with, where that
    /// is possible and nothing else was asked for: ask first.
    ///
    /// ```no_run
    /// use cnnc::{Experiment, Options, RunOptions, Silent};
    ///
    /// let experiment = Experiment::open("models/digits.cnn", &Options::default())?;
    /// let mut options = RunOptions::default();
    /// options.resume("runs/digits-1", &mut Silent)?;
    /// let run = experiment.train(options, &mut Silent)?;
    /// # Ok::<(), cnnc::Error>(())
    /// ```
    /// # Errors
    /// [`Error::Run`] where it is not the folder of a run, another process works there, or no state is good.
    pub fn resume(&mut self, folder: impl AsRef<Path>, watch: &mut dyn Watch) -> Result<(), Error> {
        let ranks = Together::with(self.ranks.as_ref());
        let begun = Begun::open(folder.as_ref(), &mut self.compute, ranks, watch);
        let begun = told(self.ranks.as_ref(), begun.map_err(Error::from))?;
        self.place = RunPlace::Begun(Box::new(begun));
        Ok(())
    }

    /// The folder of the run that is gone on with, where there is a state of it.
    pub fn resumes(&self) -> Option<&Path> {
        match &self.place {
            RunPlace::Begun(begun) => begun.has_states().then(|| begun.folder.path()),
            RunPlace::Numbered | RunPlace::New(_) => None,
        }
    }
}

impl Experiment {
    /// Trains the model, phase by phase, evaluates it on the test split and writes the files of the run. A
    /// run that is interrupted is no error: [`Run::status`] tells. The members of an ensemble are trained one
    /// after the other, each in a folder of its own, and judged together ([`Run::ensemble`]).
    /// # Errors
    /// [`Error::NoSchedule`], [`Error::NotRunYet`], [`Error::NoData`], [`Error::Data`], [`Error::Compile`];
    /// [`Error::Run`] where files cannot be written, settings or data are not those of the run that is gone
    /// on with, or the loss is no number any more.
    pub fn train(&self, options: RunOptions, watch: &mut dyn Watch) -> Result<Run, Error> {
        self.train_keeping(options, watch).map(|(run, _)| run)
    }

    /// [`Experiment::train`], which hands on the pictures as well: what is drawn of the run is made of them.
    /// # Errors
    /// As [`Experiment::train`].
    pub(crate) fn train_keeping(
        &self,
        options: RunOptions,
        watch: &mut dyn Watch,
    ) -> Result<(Run, Dataset), Error> {
        let ranks = options.ranks.clone();
        let done = match &self.program.program().ensemble {
            Some(ensemble) => self.train_together(ensemble, options, watch),
            None => self.clone().for_its_data().run(options, watch),
        };
        told(ranks.as_ref(), done)
    }

    /// Long: the order of all steps of a run, from its data to its results.
    fn run(&self, options: RunOptions, watch: &mut dyn Watch) -> Result<(Run, Dataset), Error> {
        let RunOptions {
            compute,
            ranks,
            place,
            weights,
            matching,
            partial,
            interrupt,
            data_changed,
            command,
            since,
        } = options;
        let together = Together::with(ranks.as_ref());
        if let RunPlace::Begun(begun) = &place
            && begun.is_of_members
        {
            // it is no member's
            check_settings(begun.folder.path(), &Settings::of(&self.program))?;
        }
        let (begun, resumed, place) = parts(place);
        let schedule = self.schedule()?;
        self.runnable()?;
        compute.check()?;
        let settings = Settings::to_resume(&self.program);
        let stages = stages(&self.program);
        agreement::on_program(ranks.as_ref(), compute.target(), &settings)?;
        agreement::on_parts(ranks.as_ref().map_or(1, Communicator::size), &stages)?;
        if let Some(run) = &resumed {
            run.check_settings(&settings)?;
        }
        let begins_with = weights.filter(|_| resumed.is_none());
        let pretrained = match (&resumed, &begins_with) {
            (Some(_), _) => Pretrained::new(),
            (None, Some(weights)) => self.beginning(weights, Taking { matching, partial }, watch)?,
            (None, None) => self.pretrained(watch)?,
        };
        let mut data = self.open_data(None, watch)?;
        let index = data.take_index().unwrap_or_default();
        if let Some(ranks) = &ranks {
            agreement::on_data(ranks, &index.digest())?;
            agreement::on_weights(ranks, &pretrained)?;
        }
        let known = resumed.as_ref().map(|run| run.record(&index, data_changed, watch)).transpose()?;
        let choices = match &resumed {
            Some(run) => Arc::clone(&run.choices),
            None => agreement::on_choices(ranks.as_ref(), || self.timed(compute, &stages, watch))?,
        };
        let record = known.unwrap_or_else(|| RunRecord {
            arithmetic: arithmetic(compute.target(), &choices),
            data: index.digest(),
            data_changed_at: Vec::new(),
        });
        let options = CompileOptions {
            choices: Arc::clone(&choices),
            ranks: ranks.clone().filter(|ranks| ranks.size() > 1),
            ..compute.options(schedule.batch.value, true)
        };
        let at = resumed.as_ref().map_or(0, |run| run.saved.progress.phase);
        let compiling = Instant::now();
        let session = Job::compile(&stages, at, &options)?;
        let compile_seconds = compiling.elapsed().as_secs_f64();
        if !together.is_alone() {
            // there may be others on the same cores
            data.set_loader_threads(options.threads.min(MOST_LOADERS));
        }
        let folder = match begun {
            Some(folder) => folder,
            None => self.new_folder(place.as_deref(), together)?,
        };
        if resumed.is_none() {
            watch.see(Event::Folder(folder.path()));
        }
        let planned_peak_bytes = self.planned_memory(compute, watch);
        let info = self.weights_info(schedule.seed, &data.classes, data.featurewise.as_ref());
        let report = Report {
            file: &self.file,
            model: self.name(),
            settings: &settings,
            seed: schedule.seed,
            command: if resumed.is_some() { report::recorded_command(folder.path()) } else { command },
            begins_with: begins_with.or_else(|| report::recorded_beginning(folder.path())),
            threads: options.threads,
            ranks: ranks.as_ref().map_or(1, Communicator::size),
            target: options.target,
            record: &record,
            choices: &choices,
            data: &data,
            compile_seconds,
            planned_peak_bytes,
            since,
        };
        let job = Job {
            experiment: self,
            stages: &stages,
            options: &options,
            ranks: ranks.as_ref(),
            data: &data,
            pretrained: &pretrained,
            folder: &folder,
            info: &info,
            settings: &settings,
            record: &record,
            interrupt: &interrupt,
            pace: Pace::default(),
        };
        let run = job.go(session, resumed.as_ref(), (report, index), watch)?;
        Ok((run, data))
    }

    /// The folder of a new run, which the first rank makes.
    pub(in crate::experiment) fn new_folder(
        &self,
        place: Option<&Path>,
        ranks: Together<'_>,
    ) -> Result<RunFolder, RunError> {
        let make = || match place {
            Some(out) => RunFolder::create(out),
            None => RunFolder::numbered(Path::new("runs"), &self.stem()),
        };
        let name = |folder: &RunFolder| folder.path().to_string_lossy().into_owned().into_bytes();
        let named = |name: &[u8]| Some(RunFolder::of_another(std::str::from_utf8(name).ok()?.into()));
        ranks.first_gives(make, name, named)
    }

    /// The ways of computing convolutions for all that a run compiles, where they are to be timed.
    fn timed(
        &self,
        compute: Compute,
        stages: &[StageProgram],
        watch: &mut dyn Watch,
    ) -> Result<Arc<Choices>, Error> {
        let mut all = Choices::default();
        for stage in stages.iter().filter(|_| compute.tune_kernels) {
            let options = compute.options(stage.train.batch.value, true);
            let parts = [Kind::Training, Kind::Frozen, Kind::Behind];
            let parts = parts.into_iter().filter(|kind| *kind == Kind::Training || stage.is_divided());
            let parts = parts.map(|kind| (&stage.program, kind));
            let subjects: Vec<_> = parts.chain([(&self.program, Kind::Evaluation)]).collect();
            all.extend(Choices::clone(&*tuning::timed(&subjects, &options, &self.locations, watch)?));
        }
        Ok(Arc::new(all))
    }

    /// What the run will take of memory at its peak, in bytes; `None` where the size of its pictures is open.
    fn planned_memory(&self, compute: Compute, watch: &mut dyn Watch) -> Option<usize> {
        let machine =
            Machine { target: compute.target(), threads: compute.thread_count(), memory_bytes: u64::MAX };
        let planned = memory::plan_memory(&self.program, self.card.as_ref(), &machine)?.peak();
        let free = memory::free_now().and_then(|free| usize::try_from(free).ok());
        if let Some(free) = free.filter(|free| *free < planned) {
            watch.see(Event::Note(Note::LittleMemory { planned, free }));
        }
        Some(planned)
    }
}

/// Threads that decode and augment on a rank, at most.
pub(super) const MOST_LOADERS: usize = 4;

/// What has become of a run. Where it has failed here, the ranks that train it too get to know it,
/// so that none waits for this one.
pub(super) fn told<T>(ranks: Option<&Communicator>, done: Result<T, Error>) -> Result<T, Error> {
    if let (Some(ranks), Err(error)) = (ranks, &done)
        // what is known by them is told
        && !error.of_ranks().is_some_and(RankError::is_of_others)
    {
        let help = error.help().map_or(String::new(), |help| format!("\n  help: {help}"));
        ranks.end(&format!("{error}{help}"));
    }
    done
}

/// The folder of a run that was begun, its state, and the folder of a new one.
fn parts(place: RunPlace) -> (Option<RunFolder>, Option<Resumed>, Option<PathBuf>) {
    match place {
        RunPlace::Numbered => (None, None, None),
        RunPlace::New(folder) => (None, None, Some(folder)),
        RunPlace::Begun(begun) => (Some(begun.folder), begun.resumed, None),
    }
}

/// How a run computes that is begun now.
pub(super) fn arithmetic(target: Target, choices: &Choices) -> Arithmetic {
    let Target { simd, exact } = target;
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Arithmetic { version, simd: simd.to_string(), exact, kernels: tuning::to_texts(choices) }
}

impl Experiment {
    /// What the folder of a run is named by: the file, and the model where the file has several.
    pub(super) fn stem(&self) -> String {
        let file = name_of(&self.file);
        let stem = file.file_stem().map_or_else(|| "run".into(), |stem| stem.to_string_lossy());
        if lower::several_models(&self.ast).is_empty() {
            stem.into_owned()
        } else {
            format!("{stem}-{}", self.name())
        }
    }
}
