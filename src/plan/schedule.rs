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
use crate::kernel::desc::KernelDesc;

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
    delay(&lowered, &mut stages, &touched);
    Scheduled { lowered, stages }
}

/// Moves launches to where their results are first used, where no memory is held longer for that: those that clear a halo or whatever else needs no
/// operand, and maps of what lives on anyway. The results' memory is free until then, and in cache afterwards. What outlives the step stays: weights
/// wait for the loss.
fn delay(lowered: &Lowered, stages: &mut [usize], touched: &[Vec<(usize, Access)>]) {
    // from the last to the first: what is cleared for a map goes with it
    for index in (0..lowered.launches.len()).rev() {
        let launch = &lowered.launches[index];
        let moves = only_clears(launch) || matches!(launch.kernel, KernelDesc::Map(_));
        if launch.setup || !moves || writes_persistent(lowered, launch) {
            continue;
        }
        let latest = latest_stage(&lowered.launches, stages, touched, index)
            .filter(|&stage| operands_live(lowered, stages, touched, (index, stage)));
        stages[index] = latest.map_or(stages[index], |latest| latest.max(stages[index]));
    }
}

/// Whether a launch writes the same whatever was computed before.
fn only_clears(launch: &Launch) -> bool {
    launch.args.iter().all(|access| access.mode == Mode::Write)
}

fn writes_persistent(lowered: &Lowered, launch: &Launch) -> bool {
    let mut written = launch.args.iter().filter(|access| access.mode == Mode::Write);
    written.any(|access| lowered.buffers[access.buffer.index()].persistent)
}

/// The latest stage that the hazards with later launches allow; `None` where nothing uses what is written.
fn latest_stage(
    launches: &[Launch],
    stages: &[usize],
    touched: &[Vec<(usize, Access)>],
    index: usize,
) -> Option<usize> {
    let launch = &launches[index];
    let mut latest: Option<usize> = None;
    let mut is_used = false;
    for access in &launch.args {
        for (later, other) in touched[access.buffer.index()].iter().filter(|(later, _)| *later > index) {
            let user = &launches[*later];
            let both_clear = only_clears(launch) && only_clears(user);
            if user.setup != launch.setup || both_clear || (access.mode, other.mode) == (Mode::Read, Mode::Read) {
                continue;
            }
            is_used |= other.mode == Mode::Read;
            let same_chain = chained((launch, access), (user, other));
            let stage = if same_chain { stages[*later] } else { stages[*later].saturating_sub(1) };
            latest = Some(latest.map_or(stage, |latest| latest.min(stage)));
        }
    }
    latest.filter(|_| is_used)
}

/// Whether what a launch reads part by part is in memory at a stage whatever becomes of the launch. What all its tasks read, vectors, is small.
fn operands_live(
    lowered: &Lowered,
    stages: &[usize],
    touched: &[Vec<(usize, Access)>],
    (index, stage): (usize, usize),
) -> bool {
    let mut operands = lowered.launches[index].args.iter();
    operands.all(|access| {
        let buffer = access.buffer.index();
        let mut others = touched[buffer].iter().filter(|(other, _)| *other != index);
        let is_free = access.mode == Mode::Write || access.stride == 0 || lowered.buffers[buffer].persistent;
        is_free || others.any(|(other, _)| stages[*other] >= stage)
    })
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
