//! Flat runs, cut where others touch pieces of them, so that a rank has what it needs.
//!
//! A gradient by a window's weights over the whole batch is made in blocks of columns: a rank makes
//! some input channels of each tap. An update in equal shares of the whole run gets part of that
//! from others. Cut at the taps, each in equal shares, it is the update of what the rank has made:
//!
//! ```text
//!             tap 0    tap 1    tap 2            tap 0    tap 1    tap 2
//! gradient   0 0 1 1  0 0 1 1  0 0 1 1          0 0 1 1  0 0 1 1  0 0 1 1
//! update     0 0 0 0  0 0 1 1  1 1 1 1   cut:   0 0 1 1  0 0 1 1  0 0 1 1
//! ```
//!
//! In the same way other launches are cut that touch the same runs: copies of some taps, and zeros
//! for the others.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Owned;
use super::owners::{Owner, share, touches_little};
use crate::desc::{ExprNode, KernelDesc};
use crate::plan::launch::{Access, AccessMode, Count, Region, Space};
use crate::plan::{Call, Group, Place, Plan};

/// Most pieces of a run: taps of a window of 7x7 pixels. A dense layer has more rows of weights,
/// and makes their gradient and updates them in the same tasks.
const MOST_PIECES: usize = 49;

/// How much more than an equal share the busiest rank may have of all pieces: an eighth. Each piece
/// is rounded to tasks in the same way.
const UNEVEN: [usize; 2] = [9, 8];

/// Cuts groups whose owner is open.
pub(super) fn cut(owned: Owned, ranks: usize) -> Owned {
    if ranks == 1 {
        return owned;
    }
    let bounds = Bounds::of(&owned, ranks);
    owned.divided(|plan, group| bounds.pieces(plan, group))
}

/// Where pieces of buffers begin and end, in bytes of each buffer.
struct Bounds {
    ranks: usize,
    of_buffers: Vec<BTreeSet<usize>>,
    /// Bytes of a block of columns of what is written in such blocks.
    blocks: Vec<Option<usize>>,
}

impl Bounds {
    fn of(owned: &Owned, ranks: usize) -> Self {
        let plan = &owned.plan;
        let nothing = vec![BTreeSet::new(); plan.buffers.len()];
        let mut bounds = Self { ranks, of_buffers: nothing, blocks: vec![None; plan.buffers.len()] };
        for group in plan.stages.iter().flat_map(|stage| &stage.groups) {
            for access in group.calls.iter().flat_map(|call| &call.args) {
                bounds.add(plan, group.space, access);
            }
        }
        // what is cut is touched in pieces
        while bounds.spread(owned) {}
        bounds
    }

    /// What a group's tasks touch by an argument.
    fn add(&mut self, plan: &Plan, space: Space, access: &Access) {
        let at = access.buffer.index();
        match (space, access.region) {
            (Space::Columns { .. }, Region::Rows { rows, pitch, bytes })
                if access.mode == AccessMode::Write && rows <= MOST_PIECES =>
            {
                self.of_buffers[at].extend((0..=rows).map(|row| access.offset + row * pitch));
                self.blocks[at] = Some(bytes);
            }
            (Space::Flat { len, part }, Region::Block { .. }) if is_run(plan, access) => {
                self.of_buffers[at].extend([access.offset, access.offset + access.stride * len / part]);
            }
            (
                Space::Images { .. } | Space::Flat { .. } | Space::Columns { .. } | Space::Single,
                Region::Rows { .. } | Region::Block { .. },
            ) => {}
        }
    }

    /// Adds the bounds of cut groups to all that they touch. `false`: none was new.
    fn spread(&mut self, owned: &Owned) -> bool {
        let mut is_new = false;
        let groups = owned.plan.stages.iter().zip(&owned.owners);
        let groups = groups.flat_map(|(stage, owners)| stage.groups.iter().zip(owners));
        for (group, _) in groups.filter(|(_, owner)| **owner == Owner::Open) {
            for piece in self.pieces(&owned.plan, group).into_iter().flatten().map(|(piece, _)| piece) {
                for access in piece.calls.iter().flat_map(|call| &call.args) {
                    let before = self.of_buffers[access.buffer.index()].len();
                    self.add(&owned.plan, piece.space, access);
                    is_new |= self.of_buffers[access.buffer.index()].len() > before;
                }
            }
        }
        is_new
    }

    /// The pieces of a group; `None`: it stays whole, since nothing is to be cut, or since shares
    /// of the pieces would be less even.
    fn pieces(&self, plan: &Plan, group: &Group) -> Option<Vec<(Group, Owner)>> {
        if !is_cut(plan, group) {
            return None;
        }
        let finer = self.in_blocks(plan, group);
        let group = finer.as_ref().unwrap_or(group);
        let tasks = group.space.tasks();
        let inner = group.calls.iter().flat_map(|call| &call.args).flat_map(|access| {
            let is_run = is_run(plan, access);
            let bounds = self.of_buffers[access.buffer.index()].iter().filter(move |_| is_run);
            let from_first = bounds.filter_map(|bound| bound.checked_sub(access.offset));
            from_first.filter(|bytes| bytes.is_multiple_of(access.stride)).map(|bytes| bytes / access.stride)
        });
        let mut cuts: BTreeSet<usize> = inner.filter(|task| (1..tasks).contains(task)).collect();
        if cuts.is_empty() || cuts.len() >= MOST_PIECES {
            return None;
        }
        cuts.extend([0, tasks]);
        let cuts: Vec<usize> = cuts.into_iter().collect();
        let pieces: Vec<Group> = cuts.windows(2).map(|cut| piece(plan, group, cut[0]..cut[1])).collect();
        let of_rank = |rank: usize| -> usize {
            pieces.iter().map(|piece| share(piece.space.tasks(), self.ranks, rank).len()).sum()
        };
        let most = (0..self.ranks).map(of_rank).max().unwrap_or(0);
        let is_even = most * self.ranks * UNEVEN[1] <= tasks * UNEVEN[0];
        is_even.then(|| pieces.into_iter().map(|piece| (piece, Owner::Shares)).collect())
    }

    /// A group in tasks of one block of columns, where its tasks are larger and each is as good as
    /// several.
    fn in_blocks(&self, plan: &Plan, group: &Group) -> Option<Group> {
        let Space::Flat { len, part } = group.space else { return None };
        let mut args = group.calls.iter().flat_map(|call| &call.args);
        let block = args.clone().filter_map(|access| self.blocks[access.buffer.index()]).min()?;
        let bytes = part * size_of::<f32>();
        let is_elementwise = group.calls.iter().all(|call| {
            let is_map = matches!(plan.kernels[call.kernel], KernelDesc::Map(_));
            is_map && call.tail.is_none() && call.count == Count::Part
        });
        let whole = Region::Block { bytes };
        let is_own = |access: &Access| access.stride == 0 || (access.stride, access.region) == (bytes, whole);
        let is_finer = block < bytes && bytes.is_multiple_of(block) && block.is_multiple_of(size_of::<f32>());
        if !(is_elementwise && is_finer && args.all(is_own)) {
            return None;
        }
        // also what tasks hand on in scratch memory; a scalar, which all of them read, is smaller
        let finer_access = |access: &Access| Access {
            stride: if access.stride == 0 { 0 } else { block },
            region: if access.region == whole { Region::Block { bytes: block } } else { access.region },
            ..*access
        };
        let finer_call =
            |call: &Call| Call { args: call.args.iter().map(finer_access).collect(), ..call.clone() };
        let space = Space::Flat { len, part: block / size_of::<f32>() };
        Some(Group { space, calls: group.calls.iter().map(finer_call).collect() })
    }
}

/// Whether a group may be cut: its tasks know nothing of their place in the run but where their
/// arguments are, and it is not so little that all ranks run it.
fn is_cut(plan: &Plan, group: &Group) -> bool {
    let is_uniform = |node: &ExprNode| matches!(node, ExprNode::Uniform(_));
    let is_random = |call: &Call| {
        let KernelDesc::Map(map) = &plan.kernels[call.kernel] else { return false };
        map.expr.nodes().iter().any(is_uniform)
    };
    matches!(group.space, Space::Flat { .. })
        && !group.calls.iter().any(is_random)
        && !touches_little(plan, group)
}

/// Whether tasks touch one piece behind the other by an argument.
fn is_run(plan: &Plan, access: &Access) -> bool {
    let in_arena = matches!(plan.buffer(access.buffer).place, Place::Arena(_));
    in_arena && access.stride > 0 && access.region == Region::Block { bytes: access.stride }
}

/// Some tasks of a group.
fn piece(plan: &Plan, group: &Group, tasks: Range<usize>) -> Group {
    let Space::Flat { len, part } = group.space else { return group.clone() };
    let is_last = tasks.end == group.space.tasks();
    let moved_access = |access: &Access| match plan.buffer(access.buffer).place {
        Place::Arena(_) => Access { offset: access.offset + tasks.start * access.stride, ..*access },
        // each task has it at the same place
        Place::Scratch(_) => *access,
    };
    let moved_call = |call: &Call| Call {
        tail: call.tail.filter(|_| is_last),
        args: call.args.iter().map(moved_access).collect(),
        ..call.clone()
    };
    let space = Space::Flat { len: len.min(tasks.end * part) - tasks.start * part, part };
    Group { space, calls: group.calls.iter().map(moved_call).collect() }
}
