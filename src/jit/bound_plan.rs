//! The kernels of a proved plan, compiled, with places for their arguments.

use super::arena::ArenaRun;
use super::bind::{BindError, BoundArgument, BoundKernel};
use super::compile::{JitError, KernelSet, compile_with};
use super::library::CodeLibrary;
use crate::plan::{Access, Call, Count, Group, Place, Space, Stage, VerifiedPlan};

/// All calls of a plan, ready to be made.
#[derive(Debug)]
pub struct BoundPlan {
    /// What depends on parameters alone, stage by stage.
    pub setup: Vec<Vec<BoundGroup>>,
    /// What is run for every batch.
    pub stages: Vec<Vec<BoundGroup>>,
}

/// A group of a stage: each of its tasks makes all its calls, one after the other.
#[derive(Debug)]
pub struct BoundGroup {
    space: Space,
    /// Most images of a run.
    batch: usize,
    calls: Vec<BoundCall>,
}

/// A call, ready to be made for any task of its group.
#[derive(Debug)]
struct BoundCall {
    kernel: BoundKernel,
    tail: Option<BoundKernel>,
    count: Count,
    /// Among all calls of the plan, those of the setup first.
    number: usize,
}

impl BoundPlan {
    /// Compiles a plan's kernels, with code from a library where there is one, and binds its calls.
    /// # Errors
    /// [`JitError`].
    pub fn compile(plan: &VerifiedPlan, library: Option<&CodeLibrary>) -> Result<Self, JitError> {
        let kernels = compile_with(&plan.target, &plan.kernels, library)?;
        let mut number = 0;
        let mut bind = |stages: &[Stage]| -> Result<Vec<Vec<BoundGroup>>, BindError> {
            let groups = |stage: &Stage| {
                stage.groups.iter().map(|group| BoundGroup::new(plan, group, &kernels, &mut number)).collect()
            };
            stages.iter().map(groups).collect()
        };
        Ok(Self { setup: bind(&plan.setup)?, stages: bind(&plan.stages)? })
    }
}

impl BoundGroup {
    fn new(
        plan: &VerifiedPlan,
        group: &Group,
        kernels: &KernelSet,
        number: &mut usize,
    ) -> Result<Self, BindError> {
        let mut calls = Vec::with_capacity(group.calls.len());
        for call in &group.calls {
            let arguments = arguments(plan, group, call);
            let bind = |kernel: usize| {
                BoundKernel::new(kernels.entry(kernel), &arguments, plan.arena_bytes, plan.scratch_bytes)
            };
            let (kernel, tail) = (bind(call.kernel)?, call.tail.map(bind).transpose()?);
            calls.push(BoundCall { kernel, tail, count: call.count, number: *number });
            *number += 1;
        }
        Ok(Self { space: group.space, batch: plan.batch, calls })
    }

    /// Number of tasks.
    pub fn tasks(&self) -> usize {
        self.space.tasks()
    }

    /// Number of calls of each task.
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// The number of one of them among all calls of the plan, those of the setup first.
    pub fn number(&self, call: usize) -> usize {
        self.calls[call].number
    }

    /// Makes one of them for a part of the work, and gives its `count`.
    ///
    /// Checked: that the plan was proved, that these are its kernels, that the arena is large enough,
    /// that the task and the number of images are the plan's. Relied on, since only who runs all
    /// workers can know it: that each has scratch memory of its own behind the arena, takes tasks that
    /// no other takes, and begins with a stage when the one before has ended.
    /// # Panics
    /// If the arena, the task or the number of images are not those of the plan: a bug in the executor.
    pub(crate) fn call(&self, call: usize, run: &ArenaRun, part: TaskPart) -> usize {
        let TaskPart { task, images, scratch } = part;
        assert!(images <= self.batch, "a batch is not larger than it was planned for");
        let call = &self.calls[call];
        let (first, own) = part_of(self.space, task, images);
        let count = match call.count {
            Count::Part => own,
            Count::Batch => images,
            Count::Fixed(count) => count,
        };
        let is_last = task + 1 == self.space.tasks();
        let kernel = call.tail.as_ref().filter(|_| is_last).unwrap_or(&call.kernel);
        // SAFETY: lowering makes a call's regions of its kernel's description, for as many images as were
        // asserted above. `verify_plan` has proved that they lie inside their buffers and that no two
        // tasks of a stage conflict. What only the executor can know is said above.
        unsafe { kernel.call(run, task, count, first, scratch) };
        count
    }
}

/// Which part of a group's work a call is made for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TaskPart {
    pub(crate) task: usize,
    /// Images of the run.
    pub(crate) images: usize,
    /// Where the worker's scratch memory begins in the arena.
    pub(crate) scratch: usize,
}

fn arguments(plan: &VerifiedPlan, group: &Group, call: &Call) -> Vec<BoundArgument> {
    let tasks = group.space.tasks();
    let argument = |access: &Access| match plan.buffer(access.buffer).place {
        Place::Arena(base) => {
            BoundArgument::Arena { offset: base + access.offset, stride: access.stride, tasks }
        }
        Place::Scratch(base) => BoundArgument::Scratch { offset: base + access.offset },
    };
    let scratch = (call.scratch.0 > 0).then_some(BoundArgument::Scratch { offset: call.scratch.1 });
    call.args.iter().map(argument).chain(scratch).collect()
}

/// First image or element of a task, and how many it has.
fn part_of(space: Space, task: usize, images: usize) -> (usize, usize) {
    let within = |len: usize, part: usize| (task * part, part.min(len.saturating_sub(task * part)));
    match space {
        Space::Images { shard, .. } => within(images, shard),
        Space::Flat { len, part } | Space::Columns { len, part } => within(len, part),
        Space::Single => (0, images),
    }
}
