//! Gives every launch a stage.
//!
//! Launches come in an order that is right when they run one after another. A launch goes into the
//! earliest stage that every hazard allows: behind the stage of an earlier launch that touches the
//! same buffer (one of them writing), or into the same stage where both belong to the same chain
//! and each task keeps to its own slot of the buffer.
//!
//! No weight is written before the loss is known: a step whose loss is not finite ends there and
//! has changed none.

mod ranks;
mod touches;

use super::launch::{AccessMode, BufferId, Launch};
use super::lowering::Lowered;
use crate::desc::KernelDesc;
use crate::ir::OutputId;
use touches::{Touches, earliest_stage, note};

/// Launches with their stages.
#[derive(Debug)]
pub(super) struct Scheduled {
    pub(super) lowered: Lowered,
    /// Stage of each launch; setup and step launches are counted from 0 each.
    pub(super) stages: Vec<usize>,
}

/// Finds the stage of every launch: the earliest one, but for those that are used much later, and
/// for what several ranks do while they wait for each other.
pub(super) fn schedule(lowered: Lowered, for_ranks: bool) -> Scheduled {
    let mut stages: Vec<usize> = Vec::with_capacity(lowered.launches.len());
    // for each buffer: the launches so far that touch it
    let mut touched: Vec<Touches> = vec![Touches::default(); lowered.buffers.len()];
    let loss =
        lowered.outputs.iter().filter(|output| output.id == OutputId::Loss).map(|output| output.buffer);
    let loss = marked(&lowered, loss);
    let weights = marked(&lowered, lowered.weights.iter().copied());
    let writes = |launch: &Launch, buffers: &[bool]| {
        launch.args.iter().any(|access| access.mode == AccessMode::Write && buffers[access.buffer.index()])
    };
    let mut loss_is_known = 0;
    for launch in &lowered.launches {
        let mut stage = earliest_stage(launch, &touched);
        if writes(launch, &weights) {
            stage = stage.max(loss_is_known);
        }
        if writes(launch, &loss) {
            loss_is_known = stage + 1;
        }
        note(&mut touched, launch, stage);
        stages.push(stage);
    }
    delay(&lowered, &mut stages);
    if for_ranks {
        ranks::postpone(&lowered, &mut stages);
        ranks::fill_waits(&lowered, &mut stages);
    }
    Scheduled { lowered, stages }
}

/// For each buffer whether it is one of these.
fn marked(lowered: &Lowered, buffers: impl IntoIterator<Item = BufferId>) -> Vec<bool> {
    let mut marks = vec![false; lowered.buffers.len()];
    buffers.into_iter().for_each(|buffer| marks[buffer.index()] = true);
    marks
}

/// Moves launches to where their results are first used, where no memory is held longer for that:
/// those that clear a halo or whatever else needs no operand, maps of what lives on anyway, and
/// those that arrange weights for the kernels that use them. The results' memory is free until
/// then, and in cache afterwards. What outlives the step stays: weights wait for the loss.
fn delay(lowered: &Lowered, stages: &mut [usize]) {
    let mut touched: Vec<Vec<usize>> = vec![Vec::new(); lowered.buffers.len()];
    for (index, launch) in lowered.launches.iter().enumerate() {
        launch.args.iter().for_each(|access| touched[access.buffer.index()].push(index));
    }
    let arranged = arranged(lowered);
    // for each buffer: the launches that touch it later than the one that is looked at
    let mut later: Vec<Touches> = vec![Touches::default(); lowered.buffers.len()];
    // from the last to the first: what is cleared for a map goes with it
    for index in (0..lowered.launches.len()).rev() {
        let launch = &lowered.launches[index];
        let moves = only_clears(launch)
            || matches!(launch.kernel, KernelDesc::Map(_))
            || launch.args.iter().all(|access| arranged[access.buffer.index()]);
        if !launch.setup && moves && !writes_persistent(lowered, launch) {
            let latest = latest_stage(launch, &later)
                .filter(|&stage| operands_live(lowered, stages, (&touched, &arranged), (index, stage)));
            stages[index] = latest.map_or(stages[index], |latest| latest.max(stages[index]));
        }
        note(&mut later, launch, stages[index]);
    }
}

/// Which buffers are parameters, or hold what is made of parameters alone: weights, arranged in any
/// number of launches. Such launches move together, so that none of them holds memory for another.
fn arranged(lowered: &Lowered) -> Vec<bool> {
    let mut arranged: Vec<bool> = lowered.buffers.iter().map(|buffer| !buffer.persistent).collect();
    lowered.params.iter().for_each(|param| arranged[param.index()] = true);
    // what launches read was written by earlier ones
    for launch in &lowered.launches {
        let of_mode = |mode| launch.args.iter().filter(move |access| access.mode == mode);
        if !of_mode(AccessMode::Read).all(|access| arranged[access.buffer.index()]) {
            let written = of_mode(AccessMode::Write).map(|access| access.buffer.index());
            written.for_each(|buffer| arranged[buffer] &= lowered.buffers[buffer].persistent);
        }
    }
    arranged
}

/// Whether a launch writes the same whatever was computed before.
fn only_clears(launch: &Launch) -> bool {
    launch.args.iter().all(|access| access.mode == AccessMode::Write)
}

fn writes_persistent(lowered: &Lowered, launch: &Launch) -> bool {
    let mut written = launch.args.iter().filter(|access| access.mode == AccessMode::Write);
    written.any(|access| lowered.buffers[access.buffer.index()].persistent)
}

/// The latest stage that the hazards with later launches allow; `None` where nothing uses what is
/// written.
fn latest_stage(launch: &Launch, later: &[Touches]) -> Option<usize> {
    let mut latest: Option<usize> = None;
    let mut is_used = false;
    for access in &launch.args {
        let (stage, used) = later[access.buffer.index()].latest_before(launch, access);
        is_used |= used;
        latest = stage.map(|stage| latest.map_or(stage, |latest| latest.min(stage))).or(latest);
    }
    latest.filter(|_| is_used)
}

/// Whether what a launch reads part by part is in memory at a stage whatever becomes of the launch.
/// What all its tasks read, vectors, is small.
fn operands_live(
    lowered: &Lowered,
    stages: &[usize],
    (touched, arranged): (&[Vec<usize>], &[bool]),
    (index, stage): (usize, usize),
) -> bool {
    let mut operands = lowered.launches[index].args.iter();
    operands.all(|access| {
        let buffer = access.buffer.index();
        // the last ones run last
        let mut others = touched[buffer].iter().rev().filter(|other| **other != index);
        let is_free = access.mode == AccessMode::Write
            || access.stride == 0
            || lowered.buffers[buffer].persistent
            || arranged[buffer];
        is_free || others.any(|other| stages[*other] >= stage)
    })
}
