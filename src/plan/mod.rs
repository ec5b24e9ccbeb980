//! From a graph to stages of tasks of kernel calls, with the place of every byte.
//!
//! A plan is a list of *stages*; a barrier stands only between stages. Inside a stage each *task* runs a
//! chain of kernel calls over its own part of a *space*: a shard of images, a range of elements, or the
//! whole. Nothing of a plan depends on the number of threads: shards, parts and reduction trees are fixed by
//! the graph and the nominal batch, so results are the same bits for any number of threads.
//!
//! [`plan`] lowers nodes to launches (`lowering`), gives every launch a stage (`schedule`), and places
//! buffers (`memory`); [`verify_plan`] proves that no two tasks of a stage conflict, which is what makes
//! running them at the same time sound, and that each read finds what was written for it (`flow`).

mod choices;
mod error;
mod flow;
mod gaps;
mod intervals;
#[cfg(test)]
mod join_tests;
mod launch;
mod lowering;
mod memory;
mod print;
mod ranks;
mod schedule;
#[cfg(test)]
mod tests;
mod verify;

pub use choices::{Choices, Question, TimedCall, Way};
pub use error::PlanError;
pub use launch::{Access, AccessMode, BufferId, Count, Space};
pub use lowering::{batch_for, shards};
pub use ranks::{Message, RankedPlan, Shared, Travel, divide, images_of_rank, share};
pub use verify::{VerifiedPlan, verify_plan};

use std::collections::HashSet;

use crate::desc::KernelDesc;
use crate::ir::{Graph, OutputId, Param, ScalarInput};
use crate::kernel::Target;
use crate::tensor::Layout;
use lowering::Lowered;

/// Where a buffer lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the arena, from this byte on.
    Arena(usize),
    /// In the scratch memory of whichever worker runs the task, from this byte on.
    Scratch(usize),
}

/// A piece of memory that calls refer to.
#[derive(Debug, Clone)]
pub struct Buffer {
    /// For printed plans: the layer and what it is.
    pub name: String,
    /// Path of the layer it belongs to; empty where it belongs to none.
    pub layer: String,
    /// Size: of all images, parts or elements where it lies in the arena.
    pub bytes: usize,
    /// Where it lies.
    pub place: Place,
    /// Its contents outlive a step (parameters, scalars, constants made once, results).
    pub persistent: bool,
}

/// One kernel call of a task.
#[derive(Debug, Clone)]
pub struct Call {
    /// Which of [`Plan::kernels`].
    pub kernel: usize,
    /// Another kernel for the last task of the group, where that one is smaller.
    pub tail: Option<usize>,
    /// The kernel's arguments.
    pub args: Vec<Access>,
    /// Bytes of scratch memory that follow as the last argument (0: no such argument), and where in the
    /// worker's scratch they lie.
    pub scratch: (usize, usize),
    /// What `count` is.
    pub count: Count,
    /// Layer it belongs to, for profiles.
    pub layer: String,
}

/// Tasks that run the same chain over different parts of one space.
#[derive(Debug, Clone)]
pub struct Group {
    /// The space, which says how many tasks there are.
    pub space: Space,
    /// The chain.
    pub calls: Vec<Call>,
}

/// Groups that may run at the same time.
#[derive(Debug, Clone, Default)]
pub struct Stage {
    /// No two tasks of these conflict.
    pub groups: Vec<Group>,
}

/// A result to read after a run.
#[derive(Debug, Clone)]
pub struct Output {
    /// Which of the graph's.
    pub id: OutputId,
    /// Where it is.
    pub buffer: BufferId,
    /// How each image's share lies there.
    pub layout: Layout,
}

/// What to run, and where everything lies.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What the kernels are generated for.
    pub target: Target,
    /// Largest number of images in one run.
    pub batch: usize,
    /// Images that every buffer of images has room for: whole tasks.
    pub room: usize,
    /// All kernels, each once.
    pub kernels: Vec<KernelDesc>,
    /// All buffers.
    pub buffers: Vec<Buffer>,
    /// Run once after parameters were written: what depends on nothing else.
    pub setup: Vec<Stage>,
    /// Run for every batch.
    pub stages: Vec<Stage>,
    /// The buffer of each of the graph's parameters.
    pub params: Vec<BufferId>,
    /// The batch's images `[N, H, W, C]`, written before every run.
    pub images: Option<BufferId>,
    /// What a frozen part has made of them, by places among all that it hands over, `[N, …]`, written before
    /// every run.
    pub features: Vec<(u32, BufferId)>,
    /// The batch's labels, `[N]` (i32) or `[N, K]` (f32), written before every run.
    pub labels: Option<BufferId>,
    /// How much the loss of each image counts, `[N]`, written before every run.
    pub weights: Option<BufferId>,
    /// The buffers of the numbers that are given for every run.
    pub scalars: Vec<(ScalarInput, BufferId)>,
    /// What to read afterwards.
    pub outputs: Vec<Output>,
    /// Size of the arena.
    pub arena_bytes: usize,
    /// Size of each worker's scratch memory.
    pub scratch_bytes: usize,
}

/// Plans a graph for up to `batch` images a run, as the models of the kernels have it.
pub fn plan(graph: &Graph, target: Target, batch: usize) -> Plan {
    plan_with(graph, target, batch, &Choices::default())
}

/// What can be chosen in the plan of a graph, each once.
pub fn questions(graph: &Graph, target: Target, batch: usize) -> Vec<Question> {
    let mut seen = HashSet::new();
    let mut questions = lowering::lower(graph, target, batch, &Choices::default()).questions;
    questions.retain(|question| seen.insert(*question));
    questions
}

/// The same with ways that were chosen.
pub fn plan_with(graph: &Graph, target: Target, batch: usize, choices: &Choices) -> Plan {
    planned(lowering::lower(graph, target, batch, choices), (target, batch), false)
}

/// The same for several ranks, with other stages: updates of weights come later, so that parts of
/// gradients have time to travel, and what nobody waits for comes before waits. The kernels are the
/// same ones, and so are the results.
pub fn plan_for_ranks(graph: &Graph, target: Target, batch: usize, choices: &Choices) -> Plan {
    planned(lowering::lower(graph, target, batch, choices), (target, batch), true)
}

fn planned(lowered: Lowered, (target, batch): (Target, usize), for_ranks: bool) -> Plan {
    let plan = memory::place(schedule::schedule(lowered, for_ranks), target, batch);
    if cfg!(debug_assertions)
        && let Err(error) = verify::verify(&plan)
    {
        panic!("bug in cnnc: {error}\n{plan}");
    }
    plan
}

/// Where each parameter of a graph begins in the arena of any of its plans, in bytes, and where they end.
pub fn parameter_places(params: &[Param]) -> (Vec<usize>, usize) {
    memory::parameter_places(params.iter().map(|param| param.shape.elements() * size_of::<f32>()))
}

impl Plan {
    /// Bytes of memory that a run by this many threads works on: the arena and each thread's scratch memory.
    pub fn memory_bytes(&self, threads: usize) -> usize {
        self.scratch_base() + threads * self.scratch_bytes
    }

    /// Where the threads' scratch memories begin, behind the arena: on a page of their own.
    pub fn scratch_base(&self) -> usize {
        self.arena_bytes.next_multiple_of(4096)
    }

    /// A buffer.
    pub fn buffer(&self, id: BufferId) -> &Buffer {
        &self.buffers[id.index()]
    }
}
