//! Gives every launch a stage.
//!
//! Launches come in an order that is right when they run one after another. A launch goes into the earliest
//! stage that every hazard allows: behind the stage of an earlier launch that touches the same buffer (one of
//! them writing), or into the same stage where both belong to the same chain and each task keeps to its own
//! slot of the buffer.
//!
//! No weight is written before the loss is known: a step whose loss is not finite ends there and has changed
//! none.

use super::launch::{Access, AccessMode, BufferId, Launch, Region, Space};
use super::lowering::Lowered;
use crate::desc::KernelDesc;
use crate::ir::OutputId;

/// Launches with their stages.
#[derive(Debug)]
pub(super) struct Scheduled {
    pub(super) lowered: Lowered,
    /// Stage of each launch; setup and step launches are counted from 0 each.
    pub(super) stages: Vec<usize>,
}

/// Finds the earliest stage of every launch. `postponed`: by how many stages weights are updated
/// later than they could be.
pub(super) fn schedule(lowered: Lowered, postponed: usize) -> Scheduled {
    let mut stages: Vec<usize> = Vec::with_capacity(lowered.launches.len());
    // for each buffer: the launches so far that touch it
    let mut touched: Vec<Touches> = vec![Touches::default(); lowered.buffers.len()];
    let marked = |buffers: &mut dyn Iterator<Item = BufferId>| {
        let mut marks = vec![false; lowered.buffers.len()];
        buffers.for_each(|buffer| marks[buffer.index()] = true);
        marks
    };
    let loss =
        lowered.outputs.iter().filter(|output| output.id == OutputId::Loss).map(|output| output.buffer);
    let (loss, weights) = (marked(&mut loss.into_iter()), marked(&mut lowered.weights.iter().copied()));
    let writes = |launch: &Launch, buffers: &[bool]| {
        launch.args.iter().any(|access| access.mode == AccessMode::Write && buffers[access.buffer.index()])
    };
    let mut loss_is_known = 0;
    for launch in &lowered.launches {
        let mut stage = 0;
        for access in &launch.args {
            stage = stage.max(touched[access.buffer.index()].earliest_behind(launch, access));
        }
        if writes(launch, &weights) {
            stage = stage.max(loss_is_known);
        }
        if writes(launch, &loss) {
            loss_is_known = stage + 1;
        }
        for access in &launch.args {
            touched[access.buffer.index()].add(launch, access, stage);
        }
        stages.push(stage);
    }
    delay(&lowered, &mut stages);
    if postponed > 0 {
        postpone(&lowered, &mut stages, postponed);
    }
    Scheduled { lowered, stages }
}

/// Moves updates of weights by some stages, and whatever comes behind them: at most half of the way
/// to the last, since the new weights travel until then.
fn postpone(lowered: &Lowered, stages: &mut [usize], by: usize) {
    let last = stages.iter().copied().max().unwrap_or(0);
    let updates = updates(lowered, stages);
    let mut touched: Vec<Touches> = vec![Touches::default(); lowered.buffers.len()];
    for (index, launch) in lowered.launches.iter().enumerate() {
        let at = stages[index];
        let wanted = if updates[index] { at + by.min((last - at) / 2) } else { at };
        let behind =
            launch.args.iter().map(|access| touched[access.buffer.index()].earliest_behind(launch, access));
        stages[index] = behind.fold(wanted, usize::max);
        for access in &launch.args {
            touched[access.buffer.index()].add(launch, access, stages[index]);
        }
    }
}

/// The launches that write weights or what the optimizer remembers, and those whose results only
/// they use, in the same chain: sums of parts of a gradient.
fn updates(lowered: &Lowered, stages: &[usize]) -> Vec<bool> {
    let mut is_weight = vec![false; lowered.buffers.len()];
    lowered.weights.iter().for_each(|weight| is_weight[weight.index()] = true);
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

/// Moves launches to where their results are first used, where no memory is held longer for that:
/// those that clear a halo or whatever else needs no operand, maps of what lives on anyway, and those
/// that arrange weights for the kernels that use them. The results' memory is free until then, and in
/// cache afterwards. What outlives the step stays: weights wait for the loss.
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
        for access in &launch.args {
            later[access.buffer.index()].add(launch, access, stages[index]);
        }
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

/// The latest stage that the hazards with later launches allow; `None` where nothing uses what is written.
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

/// Whether what a launch reads part by part is in memory at a stage whatever becomes of the launch. What all
/// its tasks read, vectors, is small.
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

/// The launches that touch one buffer.
///
/// Very many may: each layer's update reads the learning rate, each operand of a concatenation is written
/// into its part. So those that are alike are one group, of which extremes are known; a launch is compared
/// with groups, and with the launches of a group only where these do not tell.
#[derive(Debug, Clone, Default)]
struct Touches {
    groups: Vec<Touched>,
}

/// Launches that touch a buffer in the same way, but for the place in a task's slot.
#[derive(Debug, Clone)]
struct Touched {
    kind: Kind,
    /// The earliest and the latest of their stages.
    stages: (usize, usize),
    /// The bytes of a task's slot from the first that one of them touches to the last; the whole buffer for
    /// rows.
    bytes: (usize, usize),
    /// The arguments with their stages.
    members: Vec<(Access, usize)>,
}

/// What is alike in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    setup: bool,
    space: Space,
    mode: AccessMode,
    stride: usize,
    /// Whether it is a block of bytes: others share no slots.
    is_block: bool,
    /// Whether the launch writes the same whatever was computed before.
    clears: bool,
}

impl Kind {
    fn of(launch: &Launch, access: &Access) -> Self {
        Self {
            setup: launch.setup,
            space: launch.space,
            mode: access.mode,
            stride: access.stride,
            is_block: matches!(access.region, Region::Block { .. }),
            clears: only_clears(launch),
        }
    }
}

fn bytes_of(access: &Access) -> (usize, usize) {
    match access.region {
        Region::Block { bytes } => (access.offset, access.offset + bytes),
        Region::Rows { .. } => (0, usize::MAX),
    }
}

impl Touches {
    fn add(&mut self, launch: &Launch, access: &Access, stage: usize) {
        let (kind, bytes) = (Kind::of(launch, access), bytes_of(access));
        match self.groups.iter_mut().find(|group| group.kind == kind) {
            Some(group) => {
                group.stages = (group.stages.0.min(stage), group.stages.1.max(stage));
                group.bytes = (group.bytes.0.min(bytes.0), group.bytes.1.max(bytes.1));
                group.members.push((*access, stage));
            }
            None => {
                let members = vec![(*access, stage)];
                self.groups.push(Touched { kind, stages: (stage, stage), bytes, members });
            }
        }
    }

    /// The groups with which a launch has a hazard.
    fn hazards(&self, launch: &Launch, access: &Access) -> impl Iterator<Item = &Touched> {
        let (setup, mode) = (launch.setup, access.mode);
        self.groups.iter().filter(move |Touched { kind, .. }| {
            kind.setup == setup && (kind.mode, mode) != (AccessMode::Read, AccessMode::Read)
        })
    }

    /// The earliest stage of a launch that comes after these.
    fn earliest_behind(&self, launch: &Launch, access: &Access) -> usize {
        let stage = |group: &Touched| {
            let behind = |chained: bool, stage: usize| if chained { stage } else { stage + 1 };
            match group.chained(launch, access) {
                Some(chained) => behind(chained, group.stages.1),
                None => {
                    let each = group.members.iter();
                    let stages = each.map(|(other, stage)| behind(access.shares_slots_with(other), *stage));
                    stages.max().unwrap_or(0)
                }
            }
        };
        self.hazards(launch, access).map(stage).max().unwrap_or(0)
    }

    /// The latest stage of a launch that comes before these, if one of them sets it, and whether any of them
    /// reads the buffer.
    fn latest_before(&self, launch: &Launch, access: &Access) -> (Option<usize>, bool) {
        let clears = only_clears(launch);
        let groups = || self.hazards(launch, access).filter(move |group| !(clears && group.kind.clears));
        let stage = |group: &Touched| {
            let before = |chained: bool, stage: usize| if chained { stage } else { stage.saturating_sub(1) };
            match group.chained(launch, access) {
                Some(chained) => before(chained, group.stages.0),
                None => {
                    let each = group.members.iter();
                    let stages = each.map(|(other, stage)| before(access.shares_slots_with(other), *stage));
                    stages.min().unwrap_or(0)
                }
            }
        };
        (groups().map(stage).min(), groups().any(|group| group.kind.mode == AccessMode::Read))
    }
}

impl Touched {
    /// Whether all launches of the group can stand in one chain with another one, as far as these arguments
    /// are concerned: each task then runs one after the other. `None` where some may and some not.
    fn chained(&self, launch: &Launch, access: &Access) -> Option<bool> {
        if self.kind.space != launch.space {
            return Some(false);
        }
        match launch.space {
            Space::Single => Some(true),
            Space::Images { .. } | Space::Flat { .. } | Space::Columns { .. } => {
                let is_block = matches!(access.region, Region::Block { .. });
                if !(self.kind.is_block && is_block)
                    || self.kind.stride != access.stride
                    || access.stride == 0
                {
                    return Some(false);
                }
                let (first, end) = bytes_of(access);
                let all = self.bytes.1.max(end) - self.bytes.0.min(first);
                (all <= access.stride).then_some(true)
            }
        }
    }
}
