//! Zeros, which need nothing: whoever reads them makes them.
//!
//! Taps of a window that only meet padding have a gradient of zero, which an update reads with the
//! gradients of the others. Shared in equal parts like other launches, most of these zeros would be
//! made by one rank and sent to another.

use std::ops::Range;

use super::Owned;
use super::owners::{Owner, TasksOfRanks};
use super::regions::touched;
use crate::plan::{Access, AccessMode, Call, Group, Plan, Space};

/// Makes groups of calls that only write a group of each call, since other ranks may read what each
/// writes.
pub(super) fn apart(owned: Owned) -> Owned {
    owned.divided(|plan, group| {
        let group_of = |call: &Call| (Group { space: group.space, calls: vec![call.clone()] }, Owner::Open);
        are_clears_apart(plan, group).then(|| group.calls.iter().map(group_of).collect())
    })
}

/// Whether a group only clears, each of its calls something else.
fn are_clears_apart(plan: &Plan, group: &Group) -> bool {
    let mut cleared: Vec<Range<usize>> = Vec::new();
    for call in &group.calls {
        let Some(access) = cleared_by(group.space, call) else { return false };
        cleared.extend(touched(plan, group.space, access, &(0..group.space.tasks())));
    }
    cleared.sort_by_key(|range| range.start);
    cleared.windows(2).all(|pair| pair[0].end <= pair[1].start)
}

/// What a call clears for all images, if it does nothing else.
fn cleared_by(space: Space, call: &Call) -> Option<&Access> {
    match (&call.args[..], space) {
        ([access], Space::Flat { .. }) if access.mode == AccessMode::Write => Some(access),
        _ => None,
    }
}

/// Gives tasks that clear something to the ranks that read it.
pub(super) fn by_readers(plan: &Plan, tasks: &mut [Vec<TasksOfRanks>]) {
    for (index, stage) in plan.stages.iter().enumerate() {
        for (at, group) in stage.groups.iter().enumerate() {
            let [call] = &group.calls[..] else { continue };
            let Some(access) = cleared_by(group.space, call) else { continue };
            let TasksOfRanks::Each(shares) = &tasks[index][at] else { continue };
            let of_readers = of_readers(plan, (index, group.space, access), (tasks, shares.len()));
            // what nobody reads is nobody's: then all keep their share
            if are_all(&of_readers, group.space.tasks()) {
                tasks[index][at] = TasksOfRanks::Each(of_readers);
            }
        }
    }
}

/// For each rank the tasks from the first to the last whose bytes it reads in a later stage.
fn of_readers(
    plan: &Plan,
    (stage, space, cleared): (usize, Space, &Access),
    (tasks, ranks): (&[Vec<TasksOfRanks>], usize),
) -> Vec<Range<usize>> {
    let bytes_of = |task: usize| touched(plan, space, cleared, &(task..task + 1));
    let written: Vec<Vec<Range<usize>>> = (0..space.tasks()).map(bytes_of).collect();
    let mut of_ranks = vec![0..0; ranks];
    let later = plan.stages.iter().zip(tasks).skip(stage + 1);
    for (group, tasks) in later.flat_map(|(stage, tasks)| stage.groups.iter().zip(tasks)) {
        let args = group.calls.iter().flat_map(|call| &call.args);
        for read in args.filter(|arg| arg.mode == AccessMode::Read && arg.buffer == cleared.buffer) {
            for (rank, tasks) in tasks.each() {
                let of_rank = tasks_that_write(&written, &touched(plan, group.space, read, &tasks));
                of_ranks[rank] = hull(&of_ranks[rank], &of_rank);
            }
        }
    }
    of_ranks
}

/// The tasks from the first to the last that write any of these bytes. `written`: by each task.
fn tasks_that_write(written: &[Vec<Range<usize>>], bytes: &[Range<usize>]) -> Range<usize> {
    let meets = |own: &Range<usize>| bytes.iter().any(|bytes| bytes.start < own.end && own.start < bytes.end);
    let writes = |own: &Vec<Range<usize>>| own.iter().any(meets);
    match (written.iter().position(writes), written.iter().rposition(writes)) {
        (Some(first), Some(last)) => first..last + 1,
        _ => 0..0,
    }
}

/// From the first of two ranges to the last, where neither is empty.
fn hull(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    match (a.len(), b.len()) {
        (0, _) => b.clone(),
        (_, 0) => a.clone(),
        _ => a.start.min(b.start)..a.end.max(b.end),
    }
}

/// Whether each of so many tasks is some rank's.
fn are_all(of_ranks: &[Range<usize>], tasks: usize) -> bool {
    let mut is_one = vec![false; tasks];
    of_ranks.iter().for_each(|tasks| is_one[tasks.clone()].fill(true));
    is_one.into_iter().all(|is_one| is_one)
}
