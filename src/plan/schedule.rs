//! Gives every launch a stage.
//!
//! Launches come in an order that is right when they run one after another. A launch goes into the earliest stage that every hazard allows: behind the
//! stage of an earlier launch that touches the same buffer (one of them writing), or into the same stage where both belong to the same chain and each
//! task keeps to its own slot of the buffer.
//!
//! No weight is written before the loss is known: a step whose loss is not finite ends there and has changed none.

use super::launch::{Access, BufferId, Launch, Mode, Space};
use super::lowering::Lowered;
use crate::ir::LOSS_OUTPUT;

/// Launches with their stages.
#[derive(Debug)]
pub(super) struct Scheduled {
    pub(super) lowered: Lowered,
    /// Stage of each launch; setup and step launches are counted from 0 each.
    pub(super) stages: Vec<usize>,
}

/// Finds the earliest stage of every launch.
pub(super) fn schedule(lowered: Lowered) -> Scheduled {
    let mut stages: Vec<usize> = Vec::with_capacity(lowered.launches.len());
    // for each buffer: the launches so far that touch it, and with which argument
    let mut touched: Vec<Vec<(usize, Access)>> = vec![Vec::new(); lowered.buffers.len()];
    let loss: Vec<BufferId> =
        lowered.outputs.iter().filter(|output| output.name == LOSS_OUTPUT).map(|output| output.buffer).collect();
    let writes = |launch: &Launch, buffers: &[BufferId]| {
        launch.args.iter().any(|access| access.mode == Mode::Write && buffers.contains(&access.buffer))
    };
    let mut loss_is_known = 0;
    for (index, launch) in lowered.launches.iter().enumerate() {
        let mut stage = 0;
        for access in &launch.args {
            for (earlier, other) in &touched[access.buffer.index()] {
                let before = &lowered.launches[*earlier];
                if before.setup != launch.setup || (access.mode, other.mode) == (Mode::Read, Mode::Read) {
                    continue;
                }
                let same_chain = chained((before, other), (launch, access));
                stage = stage.max(if same_chain { stages[*earlier] } else { stages[*earlier] + 1 });
            }
        }
        if writes(launch, &lowered.weights) {
            stage = stage.max(loss_is_known);
        }
        if writes(launch, &loss) {
            loss_is_known = stage + 1;
        }
        for access in &launch.args {
            touched[access.buffer.index()].push((index, *access));
        }
        stages.push(stage);
    }
    delay_fills(&lowered.launches, &mut stages, &touched);
    Scheduled { lowered, stages }
}

/// Clears halos, and what else needs no operand, where the buffer is first used, not at the beginning of the step: the memory is free until then, and in cache afterwards.
fn delay_fills(launches: &[Launch], stages: &mut [usize], touched: &[Vec<(usize, Access)>]) {
    for (index, launch) in launches.iter().enumerate() {
        if !only_clears(launch) {
            continue;
        }
        let users = launch.args.iter().flat_map(|access| &touched[access.buffer.index()]);
        let later = users.filter(|&&(user, _)| user > index && !only_clears(&launches[user]));
        // together with a user that divides the same space, as part of its chain; else before it
        let latest = |user: usize| {
            if launches[user].space == launch.space { stages[user] } else { stages[user].saturating_sub(1) }
        };
        let first = later.map(|&(user, _)| latest(user)).min();
        stages[index] = first.map_or(stages[index], |first| first.max(stages[index]));
    }
}

/// Whether a launch writes the same whatever was computed before.
fn only_clears(launch: &Launch) -> bool {
    launch.args.iter().all(|access| access.mode == Mode::Write)
}

/// Whether the second launch can follow the first within each task, as far as these two arguments are concerned.
fn chained(first: (&Launch, &Access), second: (&Launch, &Access)) -> bool {
    let ((a, access_a), (b, access_b)) = (first, second);
    if a.space != b.space {
        return false;
    }
    match a.space {
        Space::Single => true,
        Space::Images { .. } | Space::Flat { .. } | Space::Columns { .. } => access_a.shares_slots_with(access_b),
    }
}
