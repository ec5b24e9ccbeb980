//! What a run is made of, once it is ready to begin, and the way through its phases.

use std::time::Duration;

use super::answers::{Collector, Judged};
use super::boards::{Boards, NotDrawn};
use super::error::Error;
use super::frozen::Frozen;
use super::index::{keep_index, read_index};
use super::open::Experiment;
use super::phases::PhaseStarts;
use super::report::{Report, Standing, Status};
use super::resume::{Resumed, tell_repairs};
use super::run::Run;
use super::scores::Scores;
use super::watch::{Event, PhaseStart, Start, Warning, Watch};
use crate::autodiff;
use crate::data::{DataIndex, Dataset, FeaturePlan, SplitView};
use crate::ir::{CheckedProgram, Interpretation, Metric, TrainSpec, meaning};
use crate::memory;
use crate::ranks::Communicator;
use crate::runtime::{CompileOptions, EvalSession, TrainSession};
use crate::settings::Settings;
use crate::train::weights::WeightsInfo;
use crate::train::{
    Ending, EpochRecord, Evaluated, Interrupt, Learnt, Pace, PhaseId, PhasePlan, Pretrained, Progress,
    Results, RunError, RunFolder, RunRecord, RunningSums, Together, TrainNote, Trainer, Watch as TrainWatch,
};

/// A program that is trained in its turn.
pub(super) struct StageProgram {
    pub(super) program: CheckedProgram,
    pub(super) train: TrainSpec,
    /// The phase's name.
    pub(super) name: Option<String>,
    pub(super) resets_optimizer: bool,
}

/// What is trained one after the other.
pub(super) fn stages(program: &CheckedProgram) -> Vec<StageProgram> {
    let phases = program.program().train.as_ref().map_or(&[][..], |train| &train.phases);
    let programs = program.stages().into_iter().enumerate();
    let stage = |(at, program): (usize, CheckedProgram)| {
        let train = program.program().train.clone()?;
        let phase = phases.get(at);
        let name = phase.map(|phase| phase.name.value.clone());
        let resets_optimizer = phase.is_some_and(|phase| phase.resets_optimizer);
        Some(StageProgram { program, train, name, resets_optimizer })
    };
    programs.filter_map(stage).collect()
}

impl StageProgram {
    /// Whether a frozen part of it is computed by itself.
    pub(super) fn is_divided(&self) -> bool {
        self.program.frozen_part().is_some()
    }

    /// What becomes of the features of its pictures, where a part is frozen.
    fn features(&self, data: &Dataset) -> Option<FeaturePlan> {
        memory::plan_features(&self.program, pictures_of(data))
    }
}

/// Pictures to train on and for validation.
fn pictures_of(data: &Dataset) -> [usize; 2] {
    [data.train.len(), data.validation.as_ref().map_or(0, SplitView::len)]
}

/// A trainer of real sessions.
pub(super) type Running<'j> =
    Trainer<'j, TrainSession, EvalSession, Box<dyn Fn(Evaluated) -> Result<EvalSession, RunError> + 'j>>;

/// What a run is made of.
#[derive(Clone, Copy)]
pub(super) struct Job<'j> {
    pub(super) experiment: &'j Experiment,
    pub(super) stages: &'j [StageProgram],
    /// Of the first stage's batch.
    pub(super) options: &'j CompileOptions,
    /// Those that train together.
    pub(super) ranks: Option<&'j Communicator>,
    pub(super) data: &'j Dataset,
    pub(super) pretrained: &'j Pretrained,
    pub(super) folder: &'j RunFolder,
    pub(super) info: &'j WeightsInfo,
    pub(super) settings: &'j Settings,
    pub(super) record: &'j RunRecord,
    pub(super) interrupt: &'j Interrupt,
    pub(super) pace: Pace,
}

/// The stage at a place; a state of a longer file is refused as one of other settings.
pub(super) fn stage_at(stages: &[StageProgram], at: usize) -> &StageProgram {
    stages.get(at).unwrap_or(&stages[0])
}

/// Options for batches of another size.
pub(super) fn options_for(options: &CompileOptions, batch: usize) -> CompileOptions {
    CompileOptions { batch, ..options.clone() }
}

impl<'j> Job<'j> {
    /// Compiles the stage at a place for training.
    pub(super) fn compile(
        stages: &[StageProgram],
        at: usize,
        options: &CompileOptions,
    ) -> Result<TrainSession, RunError> {
        let stage = stage_at(stages, at);
        Ok(TrainSession::compile(&stage.program, &options_for(options, stage.train.batch.value))?)
    }

    /// Trains with the first session, from the beginning or from the state of a run; the report is written
    /// before and after.
    pub(super) fn go(
        self,
        session: TrainSession,
        resumed: Option<&Resumed>,
        (report, index): (Report<'_>, DataIndex),
        watch: &mut dyn Watch,
    ) -> Result<Run, Error> {
        let at = resumed.map_or(0, |run| run.saved.progress.phase);
        let mut begun = PhaseStarts::at(
            stage_at(self.stages, at).name.as_deref(),
            at,
            resumed.is_some(),
            self.folder.path(),
        );
        let trainer = self.trainer((session, at), resumed, (&report, &index), &begun, watch)?;
        // it takes some memory, and is in its file
        drop(index);
        let metrics = autodiff::metrics(&self.experiment.program);
        self.announce(trainer.progress(), &metrics, watch);
        let mut teller = Teller { watch, last: None, waited: Duration::ZERO, boards: Boards::default() };
        let program = &self.experiment.program;
        let (outputs, classes) = (program.output_shape().elements(), &self.data.classes);
        let read = Interpretation::of(program, meaning(program, !classes.is_empty()), classes, outputs);
        let mut collector = Collector::new(read, outputs);
        let (trainer, outcome) = self.phases((trainer, at), &mut begun, &mut teller, &mut collector)?;
        let Teller { watch, last, waited, boards } = teller;
        let judged = |results: &Results| {
            results.judged.as_ref().map(|(split, sums)| (*split, Scores::of(sums, &metrics)))
        };
        let status = match &outcome {
            Ok(Some(results)) => Status::Finished { judged: judged(results), seconds: results.seconds },
            Ok(None) => Status::Interrupted,
            Err(error) => Status::Failed(error.to_string()),
        };
        let standing = Standing {
            status: &status,
            progress: trainer.progress(),
            last: last.as_ref(),
            phases: &begun,
            waited,
            sample: trainer.sample(),
            features: trainer.feature_uses(),
        };
        let written = self.folder.writing(|| report.write(self.folder, &standing));
        // the first failure is the one to tell
        let results = outcome?;
        written?;
        if let Status::Finished { judged: Some((split, scores)), .. } = &status
            && self.folder.is_written()
        {
            // the names are in the file of the index; without it pictures are told by their numbers
            let index = read_index(&self.folder.index()).unwrap_or_default();
            let judged = Judged { split: *split, scores: scores.clone(), answers: collector.finish(&index) };
            judged.write(&self.folder.predictions(), &self.folder.metrics())?;
            // last, and no error: the results are safe
            match boards.end(&judged, trainer.progress().epoch) {
                Ok(missing) => tell_not_drawn(missing, watch),
                Err(error) => watch.see(Event::Warning(Warning::BoardUnfinished { why: error.to_string() })),
            }
        }
        if results.is_none() {
            watch.see(Event::Interrupted { folder: self.folder.path(), progress: trainer.progress() });
        }
        Run::of_first_rank(self.folder, self.together())
    }

    /// The trainer, at the run's beginning or at its state.
    fn trainer(
        self,
        (session, at): (TrainSession, usize),
        resumed: Option<&Resumed>,
        (report, index): (&Report<'_>, &DataIndex),
        begun: &PhaseStarts,
        watch: &mut dyn Watch,
    ) -> Result<Running<'j>, RunError> {
        let path = self.folder.index();
        let Some(run) = resumed else {
            let standing = Standing {
                status: &Status::Running,
                progress: &Progress::default(),
                last: None,
                phases: begun,
                waited: Duration::ZERO,
                sample: None,
                features: &[],
            };
            self.folder.writing(|| {
                report.write(self.folder, &standing)?;
                keep_index(&path, index, watch)
            })?;
            return Trainer::begin(self.plan_of(at), session, self.evaluator());
        };
        let trainer = Trainer::resume(self.plan_of(at), &run.saved, session, self.evaluator())?;
        // after the state, where other data were accepted: killed in between, the state knows that the index
        // is not of its data
        self.folder.writing(|| keep_index(&path, index, watch))?;
        tell_repairs(trainer.repairs(), trainer.lost_rows(), watch);
        Ok(trainer)
    }

    /// Trains one phase after the other, and evaluates at the end. The outer error is one that leaves no
    /// trainer.
    fn phases(
        self,
        (mut trainer, mut at): (Running<'j>, usize),
        begun: &mut PhaseStarts,
        teller: &mut Teller<'_>,
        collector: &mut Collector,
    ) -> Result<(Running<'j>, Result<Option<Results>, RunError>), RunError> {
        self.tell_phase(at, teller.watch);
        let mut outcome = self.enter_boards(at, &trainer, teller).and_then(|()| trainer.train(teller));
        while let Ok(Ending::Complete) = outcome
            && let Some(next) = self.stages.get(at + 1)
            && !trainer.progress().ended
        {
            // the last epoch of the phase has saved its state
            let compile = || Self::compile(self.stages, at + 1, self.options);
            let Some(session) = self.together().exposed(self.interrupt, compile) else {
                outcome = Ok(Ending::Interrupted);
                break;
            };
            at += 1;
            begun.begins(next.name.as_deref(), trainer.progress().epoch + 1);
            self.tell_phase(at, teller.watch);
            trainer = trainer.advance(self.plan_of(at), session?, next.resets_optimizer, teller)?;
            tell_repairs(trainer.repairs(), 0, teller.watch);
            outcome = self.enter_boards(at, &trainer, teller).and_then(|()| trainer.train(teller));
        }
        let results = outcome.and_then(|ending| match ending {
            Ending::Interrupted | Ending::Paused => trainer.leave(teller).map(|()| None),
            Ending::Complete => trainer.finish(teller, &mut |answered| collector.take(answered)),
        });
        Ok((trainer, results))
    }

    /// Opens the event files of a phase.
    fn enter_boards(self, at: usize, trainer: &Running<'j>, teller: &mut Teller<'_>) -> Result<(), RunError> {
        if !self.folder.is_written() {
            return Ok(());
        }
        let train = &stage_at(self.stages, at).train;
        let missing = teller.boards.enter(
            (train, trainer.progress()),
            (self.folder, self.data.validation.is_some()),
            || self.experiment.opening(self.data),
        )?;
        tell_not_drawn(missing, teller.watch);
        Ok(())
    }

    /// Those that train together, as the trainer sees them.
    fn together(self) -> Together<'j> {
        Together::with(self.ranks)
    }

    pub(super) fn plan_of(self, at: usize) -> PhasePlan<'j> {
        let stage = stage_at(self.stages, at);
        PhasePlan {
            train: &stage.train,
            phase: PhaseId { index: at, name: stage.name.as_deref() },
            augment: &self.experiment.program.program().augment,
            data: self.data,
            features: stage.features(self.data),
            pretrained: self.pretrained,
            folder: self.folder,
            info: self.info,
            settings: self.settings,
            record: self.record,
            interrupt: self.interrupt,
            pace: self.pace,
            ranks: self.together(),
        }
    }

    /// Makes the session that evaluates, for the largest batch of all phases.
    pub(super) fn evaluator(self) -> Box<dyn Fn(Evaluated) -> Result<EvalSession, RunError> + 'j> {
        let most =
            self.stages.iter().map(|stage| stage.train.batch.value).max().unwrap_or(self.options.batch);
        let options = options_for(self.options, most);
        Box::new(move |of| {
            Ok(match of {
                Evaluated::Whole => EvalSession::compile(&self.experiment.program, &options)?,
                Evaluated::BehindFrozenPart(phase) => {
                    EvalSession::behind_frozen_part(&stage_at(self.stages, phase).program, &options)?
                }
            })
        })
    }

    fn announce(self, progress: &Progress, metrics: &[Metric], watch: &mut dyn Watch) {
        let count = |split: &Option<SplitView>| split.as_ref().map_or(0, SplitView::len);
        let CompileOptions { threads, target, .. } = *self.options;
        watch.see(Event::Begins(&Start {
            folder: self.folder.path(),
            model: self.experiment.name(),
            images: [self.data.train.len(), count(&self.data.validation), count(&self.data.test)],
            threads,
            ranks: self.ranks.map_or(1, Communicator::size),
            hosts: self.ranks.map_or(1, Communicator::hosts),
            simd: target.simd,
            progress,
            epochs: self.experiment.program.program().train.as_ref().map_or(0, |train| train.epochs.value),
            metrics,
            experiment: self.experiment,
            data: self.data,
        }));
    }

    fn tell_phase(self, at: usize, watch: &mut dyn Watch) {
        let StageProgram { program, name, .. } = stage_at(self.stages, at);
        if let Some(name) = name {
            let layers = &program.program().model.layers;
            let frozen = layers.iter().filter(|node| node.frozen).count();
            watch.see(Event::Phase(&PhaseStart { name, frozen, layers: layers.len() }));
        }
        if let Some(frozen) = Frozen::of(program, name.as_deref(), Some(pictures_of(self.data))) {
            watch.see(Event::Frozen(&frozen));
        }
    }
}

fn tell_not_drawn(missing: impl IntoIterator<Item = NotDrawn>, watch: &mut dyn Watch) {
    for NotDrawn { what, why } in missing {
        watch.see(Event::Warning(Warning::NotDrawn { what, why }));
    }
}

/// Hands on what training tells, to event files too, and remembers what the report needs of it.
struct Teller<'w> {
    watch: &'w mut dyn Watch,
    last: Option<EpochRecord>,
    /// How long steps waited for their pictures.
    waited: Duration,
    boards: Boards,
}

impl TrainWatch for Teller<'_> {
    fn epoch_begins(&mut self, epoch: usize, batches: usize, done: usize) {
        self.watch.see(Event::EpochBegins { epoch, batches, done });
    }

    fn features(&mut self, done: usize, all: usize) {
        self.watch.see(Event::MakingFeatures { done, all });
    }

    fn waited(&mut self, long: Duration) {
        self.waited += long;
        self.watch.see(Event::Waited(long));
    }

    fn stepped(&mut self, sums: &RunningSums) {
        self.watch.see(Event::Step(sums));
    }

    fn epoch_ends(&mut self, record: &EpochRecord) {
        self.watch.see(Event::EpochEnds(record));
        self.last = Some(record.clone());
    }

    fn learnt(&mut self, learnt: &Learnt<'_>) -> Result<(), RunError> {
        self.boards.add(learnt)
    }

    fn note(&mut self, note: TrainNote) {
        self.watch.see(Event::Training(note));
    }
}
