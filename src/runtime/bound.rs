//! Stages of a plan, ready to be run by a number of workers.

use super::error::CompileError;
use crate::jit::{BindError, BoundArgument, BoundKernel, BoundValues, KernelSet};
use crate::plan::{Access, BufferId, Call, Count, Group, Mode, Place, Plan, Space, Stage};

/// A call, ready to be made for any task of its group.
#[derive(Debug)]
pub(super) struct BoundCall {
    pub(super) kernel: BoundKernel,
    pub(super) tail: Option<BoundKernel>,
    pub(super) count: Count,
    /// Index into the profile.
    pub(super) slot: usize,
}

#[derive(Debug)]
pub(super) struct BoundGroup {
    pub(super) space: Space,
    pub(super) calls: Vec<BoundCall>,
}

/// A task: its group, and which one it is in there.
pub(super) type Task = (usize, usize);

/// One stage: its tasks, and who begins with which.
#[derive(Debug)]
pub(super) struct BoundStage {
    pub(super) groups: Vec<BoundGroup>,
    /// All tasks.
    pub(super) tasks: usize,
    /// For each worker the tasks that it takes before it helps others. They are the same in every run, so that the weights of a part, and the rows of a picture, are
    /// found in the cache of the core that had them before.
    pub(super) queues: Vec<Vec<Task>>,
}

/// Binds stages. `slots` counts their calls.
pub(super) fn bind(
    plan: &Plan,
    stages: &[Stage],
    kernels: &KernelSet,
    workers: usize,
    slots: &mut usize,
) -> Result<Vec<BoundStage>, CompileError> {
    stages.iter().map(|stage| bind_stage(plan, stage, kernels, workers, slots)).collect()
}

fn bind_stage(
    plan: &Plan,
    stage: &Stage,
    kernels: &KernelSet,
    workers: usize,
    slots: &mut usize,
) -> Result<BoundStage, CompileError> {
    let mut groups = Vec::with_capacity(stage.groups.len());
    for group in &stage.groups {
        let mut calls = Vec::with_capacity(group.calls.len());
        for call in &group.calls {
            let bind = |kernel: usize| {
                let arguments = arguments(plan, group, call);
                BoundKernel::new(kernels.entry(kernel), &arguments, plan.arena_bytes, plan.scratch_bytes).map_err(bug)
            };
            let (kernel, tail) = (bind(call.kernel)?, call.tail.map(bind).transpose()?);
            calls.push(BoundCall { kernel, tail, count: call.count, slot: *slots });
            *slots += 1;
        }
        groups.push(BoundGroup { space: group.space, calls });
    }
    let sizes: Vec<usize> = groups.iter().map(|group| group.space.tasks()).collect();
    Ok(BoundStage { tasks: sizes.iter().sum(), queues: queues(&sizes, workers), groups })
}

fn bug(error: BindError) -> CompileError {
    CompileError::Code(error.to_string())
}

/// Tasks of groups of these sizes for each worker.
fn queues(groups: &[usize], workers: usize) -> Vec<Vec<Task>> {
    let mut queues = vec![Vec::new(); workers];
    // a single task may be long: it starts first, so that the parts fill up the time beside it
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|&group| groups[group]);
    let mut singles = 0;
    for group in order {
        let tasks = groups[group];
        if tasks == 1 {
            queues[singles % workers].push((group, 0));
            singles += 1;
            continue;
        }
        // neighbours stay together
        for (worker, queue) in queues.iter_mut().enumerate() {
            let first = |worker: usize| (worker * tasks).div_ceil(workers);
            queue.extend((first(worker)..first(worker + 1)).map(|task| (group, task)));
        }
    }
    queues
}

fn arguments(plan: &Plan, group: &Group, call: &Call) -> Vec<BoundArgument> {
    let tasks = group.space.tasks();
    let argument = |access: &Access| match plan.buffer(access.buffer).place {
        Place::Arena(base) => BoundArgument::Arena { offset: base + access.offset, stride: access.stride, tasks },
        Place::Scratch(base) => BoundArgument::Scratch { offset: base + access.offset },
    };
    let scratch = (call.scratch.0 > 0).then_some(BoundArgument::Scratch { offset: call.scratch.1 });
    call.args.iter().map(argument).chain(scratch).collect()
}

/// Where a run ends if its loss is not finite.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gate {
    /// Stages up to the one that knows the loss.
    pub(super) stages: usize,
    /// The loss of each image.
    pub(super) losses: BoundValues,
}

impl Gate {
    /// Behind the last stage that writes the losses, which lie in this buffer.
    pub(super) fn new(plan: &Plan, losses: BufferId) -> Result<Option<Self>, CompileError> {
        let writes = |call: &Call| call.args.iter().any(|arg| arg.buffer == losses && arg.mode == Mode::Write);
        let last = plan.stages.iter().rposition(|stage| stage.groups.iter().flat_map(|group| &group.calls).any(writes));
        let buffer = plan.buffer(losses);
        // only then nobody else's results come to lie there
        let (Some(last), Place::Arena(offset), true) = (last, buffer.place, buffer.persistent) else { return Ok(None) };
        let losses = BoundValues::new(offset, plan.batch, plan.arena_bytes).map_err(bug)?;
        Ok(Some(Self { stages: last + 1, losses }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_have_every_task_once() {
        for workers in 1..10 {
            for groups in [vec![], vec![1], vec![8], vec![7, 1, 20, 1, 1], vec![2, 3]] {
                let queues = queues(&groups, workers);
                let mut all: Vec<Task> = queues.iter().flatten().copied().collect();
                all.sort_unstable();
                let want: Vec<Task> = (0..groups.len()).flat_map(|g| (0..groups[g]).map(move |t| (g, t))).collect();
                assert_eq!(all, want, "{groups:?} among {workers}");
            }
        }
    }

    #[test]
    fn neighbours_stay_together_behind_what_stands_alone() {
        assert_eq!(
            queues(&[5, 1, 1, 1], 2),
            [vec![(1, 0), (3, 0), (0, 0), (0, 1), (0, 2)], vec![(2, 0), (0, 3), (0, 4)]]
        );
        assert_eq!(queues(&[2], 4), [vec![(0, 0)], vec![], vec![(0, 1)], vec![]]);
    }
}
