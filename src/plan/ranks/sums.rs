//! Sums of each rank's own shards, as far as they are whole subtrees.
//!
//! A gradient by weights is the sum of a part for each shard, in a balanced tree. Whoever needs the
//! sum would need all parts. So each rank first adds up, in place, the largest subtrees that
//! consist of its own shards alone; then there are only few to add, the same numbers in the same
//! tree.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Owned, Owner, number_of};
use crate::desc::{KernelDesc, SumPartsDesc};
use crate::kernel::left_of_tree;
use crate::plan::launch::{Access, AccessMode, Region};
use crate::plan::{BufferId, Call, Group, Place, Plan, Space, Stage};

/// Bytes of a sum below which its parts travel as they are: a stage more costs more than they.
const WORTH_OWN_SUMS: usize = 8 << 10;

/// Parts one after the other, of which a subtree consists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Subtree {
    first: usize,
    len: usize,
}

impl Subtree {
    fn halves(self) -> [Self; 2] {
        let left = left_of_tree(self.len);
        [Self { first: self.first, len: left }, Self { first: self.first + left, len: self.len - left }]
    }
}

/// Sums of own shards that are added behind a stage.
#[derive(Debug, Default)]
struct OwnSums {
    stage: Stage,
    owners: Vec<Owner>,
    /// Whether nothing comes between them and who reads any of them but what fills the wait.
    is_urgent: bool,
}

/// Adds sums of own shards behind the stages that make the parts: to the next stage, or, where
/// others wait for them, as a stage of their own.
pub(super) fn with_own_sums(plan: &Plan, images: &[Range<usize>]) -> Owned {
    let mut changed = Plan { stages: Vec::new(), ..plan.clone() };
    // by the stage that makes the parts
    let mut own: BTreeMap<usize, OwnSums> = BTreeMap::new();
    let mut stages = plan.stages.clone();
    for (index, stage) in stages.iter_mut().enumerate() {
        for group in &mut stage.groups {
            let calls = std::mem::take(&mut group.calls);
            for call in calls {
                match parts_of(plan, group.space, &call, images) {
                    Some(parts) => {
                        let own = own.entry(parts.made).or_default();
                        own.is_urgent |= only_fills(&plan.stages[parts.made + 1..index]);
                        parts.divide(&mut changed.kernels, own, group, &call);
                    }
                    None => group.calls.push(call),
                }
            }
        }
    }
    let mut owners = Vec::new();
    let mut joins = OwnSums::default();
    for (index, mut stage) in stages.into_iter().enumerate() {
        let mut of_stage = vec![Owner::Open; stage.groups.len()];
        stage.groups.append(&mut joins.stage.groups);
        of_stage.append(&mut joins.owners);
        changed.stages.push(stage);
        owners.push(of_stage);
        let Some(own) = own.remove(&index) else { continue };
        if own.is_urgent {
            changed.stages.push(own.stage);
            owners.push(own.owners);
        } else {
            joins = own;
        }
    }
    Owned { plan: changed, owners }
}

/// Whether stages have nothing of images: they fill the time until the sums of others are there.
fn only_fills(stages: &[Stage]) -> bool {
    let mut groups = stages.iter().flat_map(|stage| &stage.groups);
    !groups.any(|group| matches!(group.space, Space::Images { .. }))
}

/// The parts of a sum that is worth it.
struct Parts {
    desc: SumPartsDesc,
    /// The stage that makes them.
    made: usize,
    /// The subtrees that belong to one rank alone, and to which.
    leaves: Vec<(Subtree, usize)>,
}

fn parts_of(plan: &Plan, space: Space, call: &Call, images: &[Range<usize>]) -> Option<Parts> {
    let KernelDesc::SumParts(desc) = plan.kernels[call.kernel] else { return None };
    let source = call.args.first()?;
    let is_flat = matches!(space, Space::Flat { .. } | Space::Single);
    let in_arena = matches!(plan.buffer(source.buffer).place, Place::Arena(_));
    let is_worth_it = desc.pitch * size_of::<f32>() >= WORTH_OWN_SUMS;
    if !(is_flat && in_arena && is_worth_it && is_read_once(plan, source.buffer)) {
        return None;
    }
    let (made, shard, _) =
        shard_of_parts(plan, source.buffer).filter(|&(.., shards)| shards == desc.parts)?;
    let owner = |part: usize| {
        let image = part * shard;
        images.iter().position(|images| {
            images.contains(&image) && images.contains(&(image + shard - 1).min(plan.batch - 1))
        })
    };
    let owners: Vec<Option<usize>> = (0..desc.parts).map(owner).collect();
    let mut leaves = Vec::new();
    find_leaves(Subtree { first: 0, len: desc.parts }, &owners, &mut leaves);
    // nothing to add up before, or nothing afterwards
    let is_divided = leaves.len() > 1 && leaves.iter().any(|(leaf, _)| leaf.len > 1);
    is_divided.then_some(Parts { desc, made, leaves })
}

/// The largest subtrees of one owner; parts that nobody owns alone stand by themselves.
fn find_leaves(tree: Subtree, owners: &[Option<usize>], leaves: &mut Vec<(Subtree, usize)>) {
    let own = &owners[tree.first..tree.first + tree.len];
    if let Some(owner) = own[0].filter(|_| own.iter().all(|owner| *owner == own[0])) {
        leaves.push((tree, owner));
    } else if tree.len == 1 {
        leaves.push((tree, 0));
    } else {
        tree.halves().into_iter().for_each(|half| find_leaves(half, owners, leaves));
    }
}

/// Whether a buffer's contents are read by one call alone: only then others may stand there before.
fn is_read_once(plan: &Plan, buffer: BufferId) -> bool {
    let calls = plan.stages.iter().flat_map(|stage| &stage.groups).flat_map(|group| &group.calls);
    let reads = calls
        .flat_map(|call| &call.args)
        .filter(|access| access.buffer == buffer && access.mode == AccessMode::Read);
    reads.count() == 1
}

/// The stage of the launch that writes the parts, images of a task, and how many tasks it has.
fn shard_of_parts(plan: &Plan, buffer: BufferId) -> Option<(usize, usize, usize)> {
    let stages = plan.stages.iter().enumerate();
    let mut groups = stages.flat_map(|(index, stage)| stage.groups.iter().map(move |group| (index, group)));
    let (made, writer) = groups.find(|(_, group)| {
        let mut args = group.calls.iter().flat_map(|call| &call.args);
        args.any(|access| access.buffer == buffer && access.mode == AccessMode::Write)
    })?;
    match writer.space {
        Space::Images { shard, shards } => Some((made, shard, shards)),
        Space::Flat { .. } | Space::Columns { .. } | Space::Single => None,
    }
}

impl Parts {
    /// Adds the sums of leaves to those behind the parts, and the sum of leaves to the group in
    /// place of the call.
    fn divide(&self, kernels: &mut Vec<KernelDesc>, own: &mut OwnSums, group: &mut Group, call: &Call) {
        for &(leaf, owner) in self.leaves.iter().filter(|(leaf, _)| leaf.len > 1) {
            let sum = self.sum_in_place(kernels, call, (leaf.first, leaf.len, 1));
            own.stage.groups.push(Group { space: group.space, calls: vec![sum] });
            own.owners.push(Owner::Rank(owner));
        }
        if let Some(step) = self.step() {
            group.calls.push(self.sum(kernels, call, (0, self.leaves.len(), step), call.args[1]));
        } else {
            self.join(kernels, group, call, Subtree { first: 0, len: self.desc.parts });
        }
    }

    /// Parts of every leaf but for the last, which may have fewer, where they are all of one level
    /// of the tree.
    fn step(&self) -> Option<usize> {
        let step = self.leaves[0].0.len;
        let of_level = |(at, (leaf, _)): (usize, &(Subtree, usize))| {
            leaf.first == at * step && (leaf.len == step || leaf.first + leaf.len == self.desc.parts)
        };
        (step.is_power_of_two() && self.leaves.iter().enumerate().all(of_level)).then_some(step)
    }

    /// Adds up the two halves of a subtree when either is known, in the place of its first part, or
    /// where the sum is wanted.
    fn join(&self, kernels: &mut Vec<KernelDesc>, group: &mut Group, call: &Call, tree: Subtree) {
        if self.leaves.iter().any(|(leaf, _)| *leaf == tree) {
            return;
        }
        let halves = tree.halves();
        for half in halves {
            self.join(kernels, group, call, half);
        }
        let pair = (tree.first, 2, halves[1].first - tree.first);
        let is_root = tree.len == self.desc.parts;
        group.calls.push(if is_root {
            self.sum(kernels, call, pair, call.args[1])
        } else {
            self.sum_in_place(kernels, call, pair)
        });
    }

    /// A sum in the place of its first part.
    fn sum_in_place(
        &self,
        kernels: &mut Vec<KernelDesc>,
        call: &Call,
        (first, count, step): (usize, usize, usize),
    ) -> Call {
        let part = self.part(call, first, AccessMode::Write);
        let region = match part.region {
            Region::Block { bytes } if part.stride != 0 => {
                // seen as columns of the matrix that is read, so that tasks are seen to keep to
                // their own
                Region::Rows { rows: 1, pitch: step * self.desc.pitch * size_of::<f32>(), bytes }
            }
            region @ (Region::Block { .. } | Region::Rows { .. }) => region,
        };
        self.sum(kernels, call, (first, count, step), Access { region, ..part })
    }

    /// The sum of `count` parts, `step` apart, from `first` on.
    fn sum(
        &self,
        kernels: &mut Vec<KernelDesc>,
        call: &Call,
        (first, count, step): (usize, usize, usize),
        to: Access,
    ) -> Call {
        let desc = KernelDesc::SumParts(SumPartsDesc { parts: count, pitch: step * self.desc.pitch });
        let kernel = number_of(kernels, desc);
        let part = self.part(call, first, AccessMode::Read);
        let pitch = step * self.desc.pitch * size_of::<f32>();
        let region = match part.region {
            Region::Block { bytes } if part.stride == 0 => {
                Region::Block { bytes: (count - 1) * pitch + bytes }
            }
            Region::Block { bytes } | Region::Rows { bytes, .. } => {
                Region::Rows { rows: count, pitch, bytes }
            }
        };
        Call { kernel, tail: None, args: vec![Access { region, ..part }, to], ..call.clone() }
    }

    /// A task's elements of one part.
    fn part(&self, call: &Call, part: usize, mode: AccessMode) -> Access {
        let source = call.args[0];
        let pitch = self.desc.pitch * size_of::<f32>();
        let bytes = match source.region {
            Region::Block { .. } => pitch,
            Region::Rows { bytes, .. } => bytes,
        };
        let offset = source.offset + part * pitch;
        Access { offset, region: Region::Block { bytes }, mode, ..source }
    }
}
