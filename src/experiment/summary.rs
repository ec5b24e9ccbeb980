//! What a model costs: parameters, work and memory, layer by layer and as a whole.

use super::error::Error;
use super::open::{Experiment, batch_of};
use crate::figures::Summary;
use crate::ir::{CheckedProgram, Graph};
use crate::memory::{self, Machine, MemoryPlan};
use crate::plan::plan;
use crate::runtime::{FEATURES_AT_ONCE, frozen_graph, optimized_evaluation_graph, optimized_training_graph};

/// Peaks of the planned memory: parameters, optimizer state, activations, scratch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peaks {
    /// Images in a batch.
    pub batch: usize,
    /// Of a training step; `None` where the file says nothing of training.
    pub training_bytes: Option<usize>,
    /// Of inference.
    pub inference_bytes: usize,
}

/// What an experiment takes of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Of the model alone.
    pub peaks: Peaks,
    /// Of a whole run, part by part; `None` where nothing is trained, or the size of the pictures is open.
    pub run: Option<MemoryPlan>,
}

impl Experiment {
    /// The layers, their shapes, parameters and work.
    ///
    /// ```
    /// use cnnc::{Experiment, Options};
    ///
    /// let text = "model M { input(8x8x1); conv2d(4, 3x3); flatten; dense(10) }";
    /// let summary = Experiment::of_text("m.cnn", text, &Options::default())?.summary();
    /// assert_eq!(summary.layers[1].shape, "6x6x4");
    /// assert_eq!(summary.trainable(), (9 * 4 + 4) + (144 * 10 + 10));
    /// # Ok::<(), cnnc::Error>(())
    /// ```
    pub fn summary(&self) -> Summary {
        Summary::of(&self.program)
    }

    /// What it takes of a machine's memory, from the plans themselves:
    /// [`Compute::machine`](super::Compute::machine) is this one.
    /// # Errors
    /// [`Error::Compile`] where no training program can be made.
    pub fn memory(&self, machine: &Machine) -> Result<Memory, Error> {
        let peaks = Peaks::of(&self.program, machine)?;
        let plan = |program: &CheckedProgram| memory::plan_memory(program, self.card.as_ref(), machine);
        let run = match &self.program.program().ensemble {
            // members are trained one after the other
            Some(ensemble) => {
                let plans = ensemble.members.iter().filter_map(|member| plan(&member.program));
                plans.max_by_key(MemoryPlan::peak)
            }
            None => plan(&self.program),
        };
        Ok(Memory { peaks, run })
    }
}

impl Peaks {
    /// Of a program at its batch.
    /// # Errors
    /// [`Error::Compile`] where no training program can be made.
    pub(crate) fn of(program: &CheckedProgram, machine: &Machine) -> Result<Self, Error> {
        let peak_at = |graph: &Graph, batch: usize| {
            let plan = plan(graph, machine.target, batch);
            plan.arena_bytes + machine.threads * plan.scratch_bytes
        };
        let peak = |graph: &Graph, of: &CheckedProgram| peak_at(graph, batch_of(of.program().train.as_ref()));
        let ensemble = program.program().ensemble.as_ref();
        let trains = program.program().train.is_some() && program.loss().is_some() && ensemble.is_none();
        let mut training_bytes = None;
        for member in ensemble.iter().flat_map(|ensemble| &ensemble.members) {
            training_bytes = training_bytes.max(Self::of(&member.program, machine)?.training_bytes);
        }
        // of several phases the one that needs most
        for stage in program.stages().iter().filter(|_| trains) {
            let graph = optimized_training_graph(stage, true)?;
            let part = stage.frozen_part().map(|part| frozen_graph(stage, &part));
            let of_part = part.map_or(0, |graph| peak_at(&graph, FEATURES_AT_ONCE));
            training_bytes = training_bytes.max(Some(peak(&graph, stage) + of_part));
        }
        let inference_bytes = peak(&optimized_evaluation_graph(program), program);
        Ok(Self { batch: batch_of(program.program().train.as_ref()), training_bytes, inference_bytes })
    }
}
