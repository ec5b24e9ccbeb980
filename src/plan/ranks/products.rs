//! Products of Winograd's method, each rank's for its own images.
//!
//! In one process a task multiplies the squares of all images by one point's matrix, so that each
//! matrix is read once. Shared among ranks like that, squares would travel there and results back,
//! twice in the middle of each layer. So a rank multiplies the squares of its images, at all
//! points: they are rows of the same products, by the same kernel for fewer rows. It reads all
//! matrices, which it has in any case.

use std::ops::Range;

use super::{Owned, Owner, number_of};
use crate::desc::{KernelDesc, WinogradStep, WinogradStepDesc};
use crate::kernel::winograd::Planes;
use crate::plan::launch::{Access, AccessMode, Region};
use crate::plan::{Call, Group, Plan};

/// Divides products by images, where each image belongs to one rank.
pub(super) fn by_images(owned: Owned, images: &[Range<usize>]) -> Owned {
    owned.divided(|plan, group| {
        if !is_divided(plan, group, images) {
            return None;
        }
        let with_images = images.iter().enumerate().filter(|(_, images)| !images.is_empty());
        let of_rank = |(rank, images): (usize, &Range<usize>)| {
            let calls = group.calls.iter().map(|call| of_images(plan, call, images)).collect();
            (Group { space: group.space, calls }, Owner::Rank(rank))
        };
        Some(with_images.map(of_rank).collect())
    })
}

/// Whether all that a group does are such products, and no task that makes their inputs has images
/// of two ranks.
fn is_divided(plan: &Plan, group: &Group, images: &[Range<usize>]) -> bool {
    let is_whole = |desc: &WinogradStepDesc| {
        images.iter().all(|images| images.is_empty() || images.start.is_multiple_of(desc.conv.images))
    };
    group.calls.iter().all(|call| products(plan, call).is_some_and(is_whole))
}

/// What a call computes, if that are products for all images.
fn products<'p>(plan: &'p Plan, call: &Call) -> Option<&'p WinogradStepDesc> {
    let KernelDesc::WinogradStep(desc) = &plan.kernels[call.kernel] else { return None };
    (desc.step == WinogradStep::Products { images: desc.images }).then_some(desc)
}

/// The rows of a call that belong to a rank's images. Tasks have room for whole shards, and the
/// last rank has what is behind the last image.
fn of_images(plan: &mut Plan, call: &Call, images: &Range<usize>) -> Call {
    let Some(&desc) = products(plan, call) else { return call.clone() };
    let end = if images.end == plan.batch { desc.images } else { images.end };
    let count = end - images.start;
    let squares = Planes::of(&desc.conv, desc.square, desc.images).squares;
    let kernel =
        KernelDesc::WinogradStep(WinogradStepDesc { step: WinogradStep::Products { images: count }, ..desc });
    let rows = |access: &Access, channels: usize| {
        let image = squares * channels * size_of::<f32>();
        Access {
            offset: access.offset + images.start * image,
            region: Region::Block { bytes: count * image },
            ..*access
        }
    };
    let channels = [desc.conv.input.channels, desc.conv.output.channels];
    // inputs at the points, weights, results
    let args = match call.args[..] {
        [inputs, weights, results] => vec![rows(&inputs, channels[0]), weights, rows(&results, channels[1])],
        _ => unreachable!("products have three arguments"),
    };
    debug_assert!(args[2].mode == AccessMode::Write, "results are what is written");
    Call { kernel: number_of(&mut plan.kernels, kernel), args, ..call.clone() }
}
