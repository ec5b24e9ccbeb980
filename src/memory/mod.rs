//! What a run takes of memory at its peak, from the plans themselves, and whether that fits (E0515).
//!
//! ```text
//! peak    = program + pictures + max(files, session)
//! session = kernels + parameters + optimizer + activations + evaluation + features + remembered + answers + batches
//! ```
//! Where a part is frozen, it is a plan of its own, and features are gone before the whole model is compiled
//! for the last evaluation: evaluation is what that takes more than features do.
//!
//! Picture files that are decoded when a run begins are gone before the model is compiled. All is computed
//! but for four constants that were measured: [`PROGRAM_BYTES`], what the compiler takes, what a kernel
//! takes, and what the name of a file takes.

mod batch;
mod features;
mod judge;
mod machine;
mod pictures;

pub use features::plan_features;
pub use judge::check;
pub use machine::{Machine, free_now, memory_bytes, peak_rss_bytes};

use crate::card::DataCard;
use crate::ir::{CheckedProgram, Graph, Param, TrainSpec};
use crate::plan::{Plan, parameter_places, plan};
use crate::runtime::{
    FEATURES_AT_ONCE, evaluation_graph_behind, frozen_graph, optimized_evaluation_graph,
    optimized_training_graph,
};

/// What a run takes before its model is compiled: the program, as far as it is read from its file,
/// its libraries and its threads. Measured on models of 3x3 convolutions with batch norm on
/// pictures of 8x8, where nearly nothing else is taken. Code with all its checks is larger, and MPI
/// has libraries of its own.
pub const PROGRAM_BYTES: usize = if cfg!(debug_assertions) { 49 << 19 } else { 17 << 20 }
    + if cfg!(feature = "mpi") { 11 << 19 } else { 0 };

/// What compiling and running a model takes besides: more of the program's file, and what the code generator
/// keeps. Measured on the same models.
const COMPILER_BYTES: usize = 3 << 20;

/// What a kernel takes: its code, and its share of what the code generator has held at once and does not give
/// back. Measured on the same models: 3.4 MiB with 24 kernels for training, 4.9 with 60, 8.6 with 156 and
/// 14.3 with 302, those for evaluation (a fifth as many) included.
const KERNEL_BYTES: usize = 32 << 10;

/// The parts of a run's memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryPlan {
    /// Weights and statistics.
    pub parameters: usize,
    /// What the optimizer remembers of them.
    pub optimizer: usize,
    /// Code, with what is left of making it.
    pub kernels: usize,
    /// Results of layers, gradients and scratch memory of a training step.
    pub activations: usize,
    /// The model compiled for evaluation, where there is a split to evaluate on.
    pub evaluation: usize,
    /// What a frozen part makes of pictures, where that is kept in memory.
    pub features: usize,
    /// The best weights, for callbacks that keep them.
    pub remembered: usize,
    /// All answers of an epoch, for areas under curves, and those to the split that the results are of.
    pub answers: usize,
    /// The data set's pictures, where it is known.
    pub pictures: usize,
    /// Picture files, as long as they are held: where they go before the model is compiled, only what they
    /// take more than all that comes after them.
    pub files: usize,
    /// Batches that are made, waiting, or used.
    pub batches: usize,
}

impl MemoryPlan {
    /// The whole, with what the program takes.
    pub fn peak(&self) -> usize {
        self.parts().iter().fold(0, |sum, (_, part)| sum.saturating_add(*part))
    }

    /// All that comes after pictures were taken in.
    fn session(&self) -> usize {
        let Self {
            parameters,
            optimizer,
            kernels,
            activations,
            evaluation,
            features,
            remembered,
            answers,
            pictures: _,
            files: _,
            batches,
        } = *self;
        let parts =
            [parameters, optimizer, kernels, activations, evaluation, features, remembered, answers, batches];
        parts.iter().fold(0, |sum: usize, part| sum.saturating_add(*part))
    }

    /// The parts with their names, those that take nothing left out.
    pub fn parts(&self) -> Vec<(&'static str, usize)> {
        let Self {
            parameters,
            optimizer,
            kernels,
            activations,
            evaluation,
            features,
            remembered,
            answers,
            pictures,
            files,
            batches,
        } = *self;
        let all = [
            ("weights", parameters),
            ("optimizer", optimizer),
            ("activations", activations),
            ("evaluation", evaluation),
            ("best weights", remembered),
            ("answers", answers),
            ("pictures", pictures),
            ("features", features),
            ("picture files", files),
            ("batches", batches),
            ("kernels", kernels),
            ("program", PROGRAM_BYTES),
        ];
        all.into_iter().filter(|(_, bytes)| *bytes > 0).collect()
    }
}

/// What training a program takes; of several phases the one that takes most. `None` where it is not trained,
/// or leaves the size of its pictures open.
pub fn plan_memory(
    program: &CheckedProgram,
    card: Option<&DataCard>,
    machine: &Machine,
) -> Option<MemoryPlan> {
    if program.open_sizes().is_some() {
        return None;
    }
    let stages = program.stages();
    let plans =
        stages.iter().filter_map(|stage| Some(PhasePlans::of(stage, card, machine)?.at(batch_of(stage)?).0));
    plans.max_by_key(MemoryPlan::peak)
}

/// What answering batches of pictures takes: the program, its kernels, the weights and the results of the
/// layers.
pub fn inference_bytes(program: &CheckedProgram, batch: usize, machine: &Machine) -> usize {
    let plan = plan(&optimized_evaluation_graph(program), machine.target, batch);
    let kernels = COMPILER_BYTES + plan.kernels.len() * KERNEL_BYTES;
    let pictures = 2 * batch * program.input_shape().elements() * size_of::<f32>();
    [PROGRAM_BYTES, kernels, pictures]
        .iter()
        .fold(plan.memory_bytes(machine.threads), |sum, part| sum.saturating_add(*part))
}

fn batch_of(program: &CheckedProgram) -> Option<usize> {
    program.program().train.as_ref().map(|train| train.batch.value)
}

/// What of a program's plans is the same for every batch.
struct PhasePlans<'a> {
    program: &'a CheckedProgram,
    train: &'a TrainSpec,
    card: Option<&'a DataCard>,
    machine: &'a Machine,
    training: Graph,
    /// Where there is a split to evaluate on.
    evaluation: Option<Graph>,
    frozen: Option<FrozenPlans>,
}

/// What there is besides where a part is frozen.
struct FrozenPlans {
    part: Graph,
    /// For evaluation during training.
    behind: Option<Graph>,
    /// Features that are kept in memory, in bytes.
    features: usize,
}

impl<'a> PhasePlans<'a> {
    /// `None` where the program is not trained.
    fn of(program: &'a CheckedProgram, card: Option<&'a DataCard>, machine: &'a Machine) -> Option<Self> {
        let train = program.program().train.as_ref()?;
        let training = optimized_training_graph(program, true).ok()?;
        let data = program.program().data.as_ref();
        let own = card.map(|card| card.validation_images);
        let evaluates = data.is_some_and(|data| data.has_validation(own) || data.test.is_some())
            || card.is_some_and(|card| card.test_images > 0);
        let evaluation = evaluates.then(|| optimized_evaluation_graph(program));
        let validates = data.is_some_and(|data| data.has_validation(own));
        let frozen = program.frozen_part().map(|part| FrozenPlans {
            part: frozen_graph(program, &part),
            behind: validates.then(|| evaluation_graph_behind(program, &part)),
            features: features::planned(program, card).map_or(0, |plan| plan.memory_bytes()),
        });
        Some(Self { program, train, card, machine, training, evaluation, frozen })
    }

    /// What is taken with batches of this size, and the plans of a step.
    fn at(&self, batch: usize) -> (MemoryPlan, Vec<Plan>) {
        let Machine { target, threads, .. } = *self.machine;
        let frozen = self.frozen.as_ref().map(|frozen| plan(&frozen.part, target, FEATURES_AT_ONCE));
        let steps: Vec<Plan> = [plan(&self.training, target, batch)].into_iter().chain(frozen).collect();
        let evaluation = self.evaluation.as_ref().map(|graph| plan(graph, target, batch));
        let behind = self.frozen.as_ref().and_then(|frozen| frozen.behind.as_ref());
        let behind = behind.map(|graph| plan(graph, target, batch));
        let kernels: usize =
            steps.iter().chain(&evaluation).chain(&behind).map(|plan| plan.kernels.len()).sum();
        let taken = |plan: &Option<Plan>| plan.as_ref().map_or(0, |plan| plan.memory_bytes(threads));
        let step_bytes: usize = steps.iter().map(|plan| plan.memory_bytes(threads)).sum();
        let (without, held) =
            (self.without_pictures(), pictures::held(self.program, self.card, self.machine.memory_bytes));
        let memory = MemoryPlan {
            kernels: COMPILER_BYTES + kernels * KERNEL_BYTES,
            activations: step_bytes.saturating_sub(without.parameters + without.optimizer),
            evaluation: taken(&evaluation).saturating_sub(without.features).max(taken(&behind)),
            batches: pictures::batches(self.program, held, batch),
            ..without
        };
        let files = if held.stay { held.files } else { held.files.saturating_sub(memory.session()) };
        (MemoryPlan { files, ..memory }, steps)
    }

    /// What is taken however small a batch is.
    fn without_pictures(&self) -> MemoryPlan {
        let bytes_of = |slots: bool| {
            let of_frozen = self.frozen.iter().flat_map(|frozen| &frozen.part.params);
            let params = self.training.params.iter().chain(of_frozen);
            let params = params.filter(|param| param.role.is_of_update() == slots);
            let params: Vec<Param> = params.cloned().collect();
            parameter_places(&params).1
        };
        let (parameters, optimizer) = (bytes_of(false), bytes_of(true));
        MemoryPlan {
            parameters,
            optimizer,
            kernels: 0,
            activations: 0,
            evaluation: 0,
            features: self.frozen.as_ref().map_or(0, |frozen| frozen.features),
            remembered: keepers(self.train) * parameters,
            answers: pictures::answers(self.program, self.train, self.card),
            pictures: pictures::held(self.program, self.card, self.machine.memory_bytes).pictures,
            files: 0,
            batches: 0,
        }
    }
}

/// Callbacks that keep the best weights.
fn keepers(train: &TrainSpec) -> usize {
    train.callbacks.iter().filter(|callback| callback.value.restores_best()).count()
}
