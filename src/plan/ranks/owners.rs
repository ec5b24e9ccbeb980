//! Who runs which task.
//!
//! Shards belong to the rank that has their images, all other tasks in equal shares, neighbours
//! together. All ranks run
//!
//! * a launch that touches so little that they have run it sooner than one could tell the others,
//! * a single task, which cannot be shared,
//! * what arranges weights for kernels that each rank runs for its images: weights come to all ranks in any
//!   case, and arranged for Winograd's method they are four times as large.
//!
//! What needs nothing, zeros, is made by whoever reads it.

use std::collections::HashSet;
use std::ops::Range;

use super::regions::touched;
use crate::desc::KernelDesc;
use crate::plan::{AccessMode, BufferId, Group, Plan, Space, Stage};

/// Bytes that all tasks of a group touch up to which all ranks run them: going through them takes
/// some 25 microseconds, no longer than a message.
const ALL_RUN: usize = 256 << 10;

/// Whose the tasks of a group are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// Whoever has their images, all ranks, or each has a share: it follows from what they touch.
    Open,
    /// Each rank has a share, however little they touch: they are a piece of something larger.
    Shares,
    /// This rank.
    Rank(usize),
}

/// The tasks of each rank in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TasksOfRanks {
    /// One rank has all of them, which are so many.
    One {
        /// Which rank.
        rank: usize,
        /// How many tasks.
        tasks: usize,
    },
    /// Each rank has some; those that several have are run by each of them.
    Each(Vec<Range<usize>>),
}

impl TasksOfRanks {
    /// The tasks of a rank.
    pub fn of(&self, rank: usize) -> Range<usize> {
        match self {
            TasksOfRanks::One { rank: owner, tasks } if *owner == rank => 0..*tasks,
            TasksOfRanks::One { .. } => 0..0,
            TasksOfRanks::Each(tasks) => tasks[rank].clone(),
        }
    }

    /// The ranks that have any, each with its tasks.
    pub fn each(&self) -> impl Iterator<Item = (usize, Range<usize>)> {
        let ranks = match self {
            TasksOfRanks::One { rank, .. } => *rank..*rank + 1,
            TasksOfRanks::Each(tasks) => 0..tasks.len(),
        };
        ranks.map(|rank| (rank, self.of(rank))).filter(|(_, tasks)| !tasks.is_empty())
    }
}

/// For each stage and group the tasks of each rank. `images`: of each rank.
pub(super) fn tasks_of_ranks(
    plan: &Plan,
    owners: &[Vec<Owner>],
    images: &[Range<usize>],
) -> Vec<Vec<TasksOfRanks>> {
    let ranks = images.len();
    let of_group = |((group, arranges), owner): ((&Group, bool), &Owner)| {
        let all = 0..group.space.tasks();
        let is_little = match *owner {
            Owner::Rank(rank) => return TasksOfRanks::One { rank, tasks: all.end },
            Owner::Shares => false,
            Owner::Open => touches_little(plan, group),
        };
        let everybody = arranges || is_little;
        let tasks = |rank: usize| match group.space {
            Space::Images { shard, shards } => of_images(&images[rank], shard, shards),
            Space::Flat { .. } | Space::Columns { .. } | Space::Single if everybody => all.clone(),
            Space::Flat { .. } | Space::Columns { .. } | Space::Single => share(all.end, ranks, rank),
        };
        TasksOfRanks::Each((0..ranks).map(tasks).collect())
    };
    let stages = plan.stages.iter().zip(arrange_weights(plan)).zip(owners);
    let of_stage = |((stage, arrange), owners): ((&Stage, Vec<bool>), &Vec<Owner>)| {
        stage.groups.iter().zip(arrange).zip(owners).map(of_group).collect()
    };
    stages.map(of_stage).collect()
}

/// A rank's share of so many tasks.
pub(super) fn share(tasks: usize, ranks: usize, rank: usize) -> Range<usize> {
    rank * tasks / ranks..(rank + 1) * tasks / ranks
}

/// Tasks that have any of these images. A task at the border of two ranks is run by both: what one
/// of them writes of an image, others complete.
fn of_images(images: &Range<usize>, shard: usize, shards: usize) -> Range<usize> {
    if images.is_empty() {
        return 0..0;
    }
    images.start / shard..images.end.div_ceil(shard).min(shards)
}

/// For each stage and group whether it makes of parameters alone what every shard reads, or every
/// rank for its products, be it in several steps.
fn arrange_weights(plan: &Plan) -> Vec<Vec<bool>> {
    let buffers = |group: &Group, mode: AccessMode| -> HashSet<BufferId> {
        let accesses = group.calls.iter().flat_map(|call| &call.args);
        accesses.filter(|access| access.mode == mode).map(|access| access.buffer).collect()
    };
    let params: HashSet<BufferId> = plan.params.iter().copied().collect();
    let mut of_params = params.clone();
    let mut arranges: Vec<Vec<bool>> = Vec::new();
    let mut wanted = HashSet::new();
    for stage in &plan.stages {
        let mut groups = Vec::new();
        for group in &stage.groups {
            let (read, written) = (buffers(group, AccessMode::Read), buffers(group, AccessMode::Write));
            let by_shards = matches!(group.space, Space::Images { .. });
            let mut given = read.difference(&written);
            let makes = !by_shards && written.is_disjoint(&params) && given.all(|it| of_params.contains(it));
            if makes {
                of_params.extend(written);
            }
            if is_winograd_product(plan, group) {
                wanted.extend(read.iter().copied());
            }
            if by_shards {
                let accesses = group.calls.iter().flat_map(|call| &call.args);
                let whole = accesses.filter(|access| access.mode == AccessMode::Read && access.stride == 0);
                wanted.extend(whole.map(|access| access.buffer));
            }
            groups.push(makes);
        }
        arranges.push(groups);
    }
    // from the last to the first: what is arranged in several steps is wanted by the later ones
    for (stage, groups) in plan.stages.iter().zip(&mut arranges).rev() {
        for (group, makes) in stage.groups.iter().zip(groups) {
            *makes &= !buffers(group, AccessMode::Write).is_disjoint(&wanted);
            if *makes {
                wanted.extend(buffers(group, AccessMode::Read));
            }
        }
    }
    arranges
}

/// Whether a group multiplies what Winograd's method has made of images and of weights.
fn is_winograd_product(plan: &Plan, group: &Group) -> bool {
    let mut kernels = group.calls.iter().map(|call| &plan.kernels[call.kernel]);
    kernels.any(|kernel| matches!(kernel, KernelDesc::WinogradStep(_)))
}

/// Whether all tasks of a group together touch little.
pub(super) fn touches_little(plan: &Plan, group: &Group) -> bool {
    let tasks = group.space.tasks();
    let bytes_of_task = |task: usize| -> usize {
        let accesses = group.calls.iter().flat_map(|call| &call.args);
        accesses
            .flat_map(|access| {
                touched(plan, group.space, access, &(task..task + 1)).into_iter().map(|range| range.len())
            })
            .sum()
    };
    tasks == 1 || tasks * bytes_of_task(0) <= ALL_RUN
}
