//! Stages of a plan for ranks: what others wait for comes early, and what nobody waits for fills
//! the time until the others' parts are there.

use std::collections::BTreeSet;

use super::touches::{Touches, earliest_stage, note};
use super::{arranged, marked, only_clears, writes_persistent};
use crate::plan::launch::{AccessMode, Launch, Space};
use crate::plan::lowering::Lowered;

/// By how many stages updates of weights come later. The backward pass of a convolution and a batch
/// norm takes four; gradients are in memory for so long.
const POSTPONED: usize = 4;

/// By how many stages gradients over the whole batch come later, at least: they are made of all
/// ranks' images, which travel meanwhile.
const GRADIENT_LATER: usize = 2;

/// By how many stages gradients and updates come later, at most, to fill the time before a wait.
const LATER: usize = 4;

/// How many stages a stage may become: two in which weights are arranged, one for gradients and
/// updates, and itself.
const SLOTS: usize = 4;

/// By how many stages the first and the last in which weights are arranged come before the wait.
const ARRANGE_BEFORE: [usize; 2] = [3, 2];

/// And the one for gradients and updates: last, since parts of them are still on their way.
const UPDATE_BEFORE: usize = 1;

/// Moves updates of weights by some stages, and whatever comes behind them: at most half of the way
/// to the last, since the new weights travel until then.
pub(super) fn postpone(lowered: &Lowered, stages: &mut [usize]) {
    let last = stages.iter().copied().max().unwrap_or(0);
    let updates = updates(lowered, stages);
    let mut touched: Vec<Touches> = vec![Touches::default(); lowered.buffers.len()];
    for (index, launch) in lowered.launches.iter().enumerate() {
        let at = stages[index];
        let wanted = if updates[index] { at + POSTPONED.min((last - at) / 2) } else { at };
        stages[index] = wanted.max(earliest_stage(launch, &touched));
        note(&mut touched, launch, stages[index]);
    }
}

/// The launches that write weights or what the optimizer remembers, and those whose results only
/// they use, in the same chain: sums of parts of a gradient.
fn updates(lowered: &Lowered, stages: &[usize]) -> Vec<bool> {
    let is_weight = marked(lowered, lowered.weights.iter().copied());
    let mut updates = vec![false; lowered.launches.len()];
    // for each buffer the launches that touch it later than the one that is looked at
    let mut users = vec![Users::None; lowered.buffers.len()];
    for (index, launch) in lowered.launches.iter().enumerate().rev() {
        let chain = Users::Updates(stages[index], launch.space);
        let mut written = launch.args.iter().filter(|access| access.mode == AccessMode::Write);
        updates[index] = !launch.setup
            && (written.clone().any(|access| is_weight[access.buffer.index()])
                || written.all(|access| users[access.buffer.index()] == chain));
        let own = if updates[index] { chain } else { Users::Others };
        for access in &launch.args {
            let users = &mut users[access.buffer.index()];
            *users = if matches!(*users, Users::None) || *users == own { own } else { Users::Others };
        }
    }
    updates
}

/// Launches that touch a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Users {
    /// There are none.
    None,
    /// They are updates of one chain: of a stage, over a space.
    Updates(usize, Space),
    /// Any others.
    Others,
}

/// Puts launches that nobody waits for before the stages in which ranks wait for each other's sums
/// of shards: two for each batch norm. Sums are sent, weights are arranged or updated, and then the
/// sums of the others are there.
///
/// Weights are arranged before such a stage where the kernels that use them come soon behind it.
/// Gradients over the whole batch, and updates, go to the next one; what they read is in memory
/// until then.
pub(super) fn fill_waits(lowered: &Lowered, stages: &mut [usize]) {
    let in_step: Vec<usize> = (0..stages.len()).filter(|&index| !lowered.launches[index].setup).collect();
    for &index in &in_step {
        stages[index] = stages[index] * SLOTS + SLOTS - 1;
    }
    let waits = waits(lowered, stages);
    let off_path = off_path(lowered);
    fill_from_behind(lowered, stages, (&waits, &off_path));
    fill_from_before(lowered, stages, (&waits, &off_path));
    let numbers: BTreeSet<usize> = in_step.iter().map(|&index| stages[index]).collect();
    let numbers: Vec<usize> = numbers.into_iter().collect();
    for &index in &in_step {
        stages[index] = numbers.partition_point(|&number| number < stages[index]);
    }
}

/// The stages in which ranks wait for sums of each other's shards: all of them run the same task.
fn waits(lowered: &Lowered, stages: &[usize]) -> BTreeSet<usize> {
    let mut of_shards = vec![false; lowered.buffers.len()];
    let mut waits = BTreeSet::new();
    for (launch, &stage) in lowered.launches.iter().zip(stages).filter(|(launch, _)| !launch.setup) {
        let mut read = launch.args.iter().filter(|access| access.mode == AccessMode::Read);
        if launch.space == Space::Single && read.any(|access| of_shards[access.buffer.index()]) {
            waits.insert(stage);
        }
        for access in launch.args.iter().filter(|access| access.mode == AccessMode::Write) {
            of_shards[access.buffer.index()] = matches!(launch.space, Space::Images { .. });
        }
    }
    waits
}

/// Which launches are off the critical path: they write weights, or make what only such launches
/// use.
fn off_path(lowered: &Lowered) -> Vec<bool> {
    let is_weight = marked(lowered, lowered.weights.iter().copied());
    let mut off_path = vec![false; lowered.launches.len()];
    // for each buffer whether all launches are off the path that touch it later than the one that
    // is looked at; `None`: there are none
    let mut users: Vec<Option<bool>> = vec![None; lowered.buffers.len()];
    for (index, launch) in lowered.launches.iter().enumerate().rev() {
        let mut written = launch.args.iter().filter(|access| access.mode == AccessMode::Write);
        off_path[index] = !launch.setup
            && written
                .all(|access| is_weight[access.buffer.index()] || users[access.buffer.index()] == Some(true));
        for access in &launch.args {
            let users = &mut users[access.buffer.index()];
            *users = Some(users.unwrap_or(true) && off_path[index]);
        }
    }
    off_path
}

/// Whether a launch may fill the time of a wait: it is divided among ranks or run by all of them,
/// and none of the images' chains.
fn fills(launch: &Launch) -> bool {
    matches!(launch.space, Space::Flat { .. } | Space::Columns { .. })
        && !launch.setup
        && !only_clears(launch)
}

/// Moves launches to the time before the wait of their own stage; those that arrange weights,
/// before the wait of the stage before, too.
fn fill_from_behind(lowered: &Lowered, stages: &mut [usize], (waits, off_path): (&BTreeSet<usize>, &[bool])) {
    let arranged = arranged(lowered);
    let mut touched: Vec<Touches> = vec![Touches::default(); lowered.buffers.len()];
    for (index, launch) in lowered.launches.iter().enumerate() {
        let arranges = !writes_persistent(lowered, launch)
            && launch.args.iter().all(|access| arranged[access.buffer.index()]);
        let stage = stages[index];
        let is_wait = |stage: &usize| waits.contains(stage);
        let slots = if arranges {
            let before = || stage.checked_sub(SLOTS).filter(is_wait);
            Some(stage).filter(is_wait).or_else(before).map(|wait| ARRANGE_BEFORE.map(|by| wait - by))
        } else {
            let updates = off_path[index] && !is_over_batch(launch);
            Some(stage).filter(|stage| updates && is_wait(stage)).map(|wait| [wait - UPDATE_BEFORE; 2])
        };
        if let Some([first, last]) = slots.filter(|_| fills(launch)) {
            let earliest = first.max(earliest_stage(launch, &touched));
            stages[index] = if earliest <= last { earliest } else { stage };
        }
        note(&mut touched, launch, stages[index]);
    }
}

/// Moves gradients and updates to the time before a later wait.
fn fill_from_before(lowered: &Lowered, stages: &mut [usize], (waits, off_path): (&BTreeSet<usize>, &[bool])) {
    // for each buffer: the launches that touch it later than the one that is looked at
    let mut later: Vec<Touches> = vec![Touches::default(); lowered.buffers.len()];
    for (index, launch) in lowered.launches.iter().enumerate().rev() {
        let stage = stages[index];
        let soonest = if is_over_batch(launch) { stage + GRADIENT_LATER * SLOTS } else { stage + 1 };
        let wait = waits.range(soonest..=stage + LATER * SLOTS).next();
        if let Some(wait) = wait.filter(|_| fills(launch) && off_path[index]) {
            let args = launch.args.iter();
            let latest =
                args.filter_map(|access| later[access.buffer.index()].latest_before(launch, access).0).min();
            if latest.is_none_or(|latest| wait - UPDATE_BEFORE <= latest) {
                stages[index] = wait - UPDATE_BEFORE;
            }
        }
        note(&mut later, launch, stages[index]);
    }
}

/// Whether tasks have columns of a product over the whole batch: its gradient by weights.
fn is_over_batch(launch: &Launch) -> bool {
    matches!(launch.space, Space::Columns { .. })
}
