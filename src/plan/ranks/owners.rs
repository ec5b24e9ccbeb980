//! Who runs which task.
//!
//! Shards belong to the rank that has their images, all other tasks in equal shares, neighbours together. All
//! ranks run
//!
//! * a launch that touches so little that they have run it sooner than one could tell the others,
//! * a single task, which cannot be shared,
//! * what arranges weights for kernels that each rank runs for its images: weights come to all ranks in any
//!   case, and arranged for Winograd's method they are four times as large;
//! * what arranges them for products of that method which are shared among ranks: each of them makes a few
//!   rows of all matrices, and would send others a few rows of each.

use std::collections::HashSet;
use std::ops::Range;

use super::regions::touched;
use crate::desc::KernelDesc;
use crate::plan::{AccessMode, BufferId, Group, Plan, Space, Stage};

/// Bytes that all tasks of a group touch up to which all ranks run them: going through them takes some 25
/// microseconds, no longer than a message.
const ALL_RUN: usize = 256 << 10;

/// For each stage and group the tasks of each rank. `owners`: the one rank that runs a group, where there is
/// one. `images`: of each rank.
pub(super) fn tasks_of_ranks(
    plan: &Plan,
    owners: &[Vec<Option<usize>>],
    images: &[Range<usize>],
) -> Vec<Vec<Vec<Range<usize>>>> {
    let of_group = |((group, arranges), owner): ((&Group, bool), &Option<usize>)| {
        let all = 0..group.space.tasks();
        let everybody = arranges || touches_little(plan, group);
        let ranks = images.len();
        let tasks = |rank: usize| match (owner, group.space) {
            (Some(owner), _) => {
                if *owner == rank {
                    all.clone()
                } else {
                    0..0
                }
            }
            (None, Space::Images { shard, shards }) => of_images(&images[rank], shard, shards),
            (None, Space::Flat { .. } | Space::Columns { .. } | Space::Single) if everybody => all.clone(),
            (None, Space::Flat { .. } | Space::Columns { .. } | Space::Single) => {
                rank * all.end / ranks..(rank + 1) * all.end / ranks
            }
        };
        (0..ranks).map(tasks).collect()
    };
    let stages = plan.stages.iter().zip(arrange_weights(plan)).zip(owners);
    let of_stage = |((stage, arrange), owners): ((&Stage, Vec<bool>), &Vec<Option<usize>>)| {
        stage.groups.iter().zip(arrange).zip(owners).map(of_group).collect()
    };
    stages.map(of_stage).collect()
}

/// Tasks that have any of these images. A task at the border of two ranks is run by both: what one of them
/// writes of an image, others complete.
fn of_images(images: &Range<usize>, shard: usize, shards: usize) -> Range<usize> {
    if images.is_empty() {
        return 0..0;
    }
    images.start / shard..images.end.div_ceil(shard).min(shards)
}

/// For each stage and group whether it makes of parameters alone what every shard reads, or products that are
/// shared, be it in several steps.
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

/// Whether a group multiplies what Winograd's method has made of pictures and of weights.
fn is_winograd_product(plan: &Plan, group: &Group) -> bool {
    let mut kernels = group.calls.iter().map(|call| &plan.kernels[call.kernel]);
    kernels.any(|kernel| matches!(kernel, KernelDesc::WinogradStep(_)))
}

/// Whether all tasks of a group together touch little.
fn touches_little(plan: &Plan, group: &Group) -> bool {
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
