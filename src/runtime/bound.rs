//! Stages of a plan, ready to be run by a number of workers.

use std::ops::Range;

use super::error::CompileError;
use crate::jit::{BoundGroup, BoundValues, JitError};
use crate::plan::{AccessMode, BufferId, Call, Place, Plan};

/// A task: its group, and which one it is in there.
pub(super) type Task = (usize, usize);

/// One stage: its tasks, and who begins with which.
#[derive(Debug)]
pub(super) struct BoundStage {
    pub(super) groups: Vec<BoundGroup>,
    /// All tasks.
    pub(super) tasks: usize,
    /// For each worker the tasks that it takes before it helps others. They are the same in every run, so
    /// that the weights of a part, and the rows of a picture, are found in the cache of the core that had
    /// them before.
    pub(super) queues: Vec<Vec<Task>>,
}

impl BoundStage {
    /// Divides the tasks of a stage among workers.
    pub(super) fn new(groups: Vec<BoundGroup>, workers: usize) -> Self {
        let all: Vec<Range<usize>> = groups.iter().map(|group| 0..group.tasks()).collect();
        Self::with_tasks(groups, &all, workers)
    }

    /// The same with some tasks of each group: others run the rest.
    pub(super) fn with_tasks(groups: Vec<BoundGroup>, own: &[Range<usize>], workers: usize) -> Self {
        Self { tasks: own.iter().map(Range::len).sum(), queues: queues(own, workers), groups }
    }
}

/// These tasks of groups for each worker.
fn queues(groups: &[Range<usize>], workers: usize) -> Vec<Vec<Task>> {
    let mut queues = vec![Vec::new(); workers];
    // a single task may be long: it starts first, so that the parts fill up the time beside it
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|&group| groups[group].len());
    let mut singles = 0;
    for group in order {
        let tasks = &groups[group];
        if tasks.len() == 1 {
            queues[singles % workers].push((group, tasks.start));
            singles += 1;
            continue;
        }
        // neighbours stay together
        for (worker, queue) in queues.iter_mut().enumerate() {
            let first = |worker: usize| tasks.start + (worker * tasks.len()).div_ceil(workers);
            queue.extend((first(worker)..first(worker + 1)).map(|task| (group, task)));
        }
    }
    queues
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
    /// The same before another stage, up to which nothing is written that outlives the run.
    pub(super) fn moved_to(self, stages: usize) -> Self {
        Self { stages, ..self }
    }

    /// Behind the last stage that writes the losses, which lie in this buffer.
    pub(super) fn new(plan: &Plan, losses: BufferId) -> Result<Option<Self>, CompileError> {
        let writes =
            |call: &Call| call.args.iter().any(|arg| arg.buffer == losses && arg.mode == AccessMode::Write);
        let last = plan
            .stages
            .iter()
            .rposition(|stage| stage.groups.iter().flat_map(|group| &group.calls).any(writes));
        let buffer = plan.buffer(losses);
        // only then nobody else's results come to lie there
        let (Some(last), Place::Arena(offset), true) = (last, buffer.place, buffer.persistent) else {
            return Ok(None);
        };
        let losses = BoundValues::new(offset, plan.batch, plan.arena_bytes).map_err(JitError::from)?;
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
                let ranges: Vec<Range<usize>> = groups.iter().map(|&tasks| 3..3 + tasks).collect();
                let queues = queues(&ranges, workers);
                let mut all: Vec<Task> = queues.iter().flatten().copied().collect();
                all.sort_unstable();
                let want: Vec<Task> =
                    (0..groups.len()).flat_map(|g| (3..3 + groups[g]).map(move |t| (g, t))).collect();
                assert_eq!(all, want, "{groups:?} among {workers}");
            }
        }
    }

    #[test]
    fn neighbours_stay_together_behind_what_stands_alone() {
        assert_eq!(
            queues(&[0..5, 0..1, 0..1, 0..1], 2),
            [vec![(1, 0), (3, 0), (0, 0), (0, 1), (0, 2)], vec![(2, 0), (0, 3), (0, 4)]]
        );
        assert_eq!(queues(std::slice::from_ref(&(0..2)), 4), [vec![(0, 0)], vec![], vec![(0, 1)], vec![]]);
    }
}
