//! Launches that touch a buffer, and the stages that they leave to others.

use super::only_clears;
use crate::plan::launch::{Access, AccessMode, Launch, Region, Space};

/// The earliest stage of a launch that comes after those that have touched buffers.
pub(super) fn earliest_stage(launch: &Launch, touched: &[Touches]) -> usize {
    let behind = |access: &Access| touched[access.buffer.index()].earliest_behind(launch, access);
    launch.args.iter().map(behind).max().unwrap_or(0)
}

/// Notes that a launch of a stage touches its buffers.
pub(super) fn note(touched: &mut [Touches], launch: &Launch, stage: usize) {
    for access in &launch.args {
        touched[access.buffer.index()].add(launch, access, stage);
    }
}

/// The launches that touch one buffer.
///
/// Very many may: each layer's update reads the learning rate, each operand of a concatenation is
/// written into its part. So those that are alike are one group, of which extremes are known; a
/// launch is compared with groups, and with the launches of a group only where these do not tell.
#[derive(Debug, Clone, Default)]
pub(super) struct Touches {
    groups: Vec<Touched>,
}

/// Launches that touch a buffer in the same way, but for the place in a task's slot.
#[derive(Debug, Clone)]
struct Touched {
    kind: Kind,
    /// The earliest and the latest of their stages.
    stages: (usize, usize),
    /// The bytes of a task's slot from the first that one of them touches to the last; the whole
    /// buffer for rows.
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

    /// The latest stage of a launch that comes before these, if one of them sets it, and whether
    /// any of them reads the buffer.
    pub(super) fn latest_before(&self, launch: &Launch, access: &Access) -> (Option<usize>, bool) {
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
    /// Whether all launches of the group can stand in one chain with another one, as far as these
    /// arguments are concerned: each task then runs one after the other. `None` where some may and
    /// some not.
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
