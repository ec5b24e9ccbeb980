//! Pools: `MaxPool`, `AveragePool` and the global ones.

use super::super::attribute::{int, ints};
use super::super::writer::LayerWriter;
use super::Site;
use super::conv::sliding;
use crate::desc::PoolKind;
use crate::layers::{DepthMaxPool, GlobalPool2d, Pool2d};

/// `MaxPool`; `AveragePool`, where padding does not count.
pub(super) fn pool2d(pool: &Pool2d, site: Site<'_>, w: &mut LayerWriter<'_, '_>) -> String {
    let mut attributes = sliding(pool, pool.padding, site);
    match pool.kind {
        PoolKind::Max => w.node("MaxPool", &[&site.x().name], attributes),
        PoolKind::Average => {
            attributes.push(int("count_include_pad", 0));
            w.node("AveragePool", &[&site.x().name], attributes)
        }
    }
}

/// `GlobalMaxPool` or `GlobalAveragePool`, whose map of one pixel becomes a vector, unless it is to stay a map.
pub(super) fn global_pool2d(pool: &GlobalPool2d, site: Site<'_>, w: &mut LayerWriter<'_, '_>) -> String {
    let op = match pool.kind {
        PoolKind::Max => "GlobalMaxPool",
        PoolKind::Average => "GlobalAveragePool",
    };
    let pixel = w.node(op, &[&site.x().name], Vec::new());
    if pool.keep_dims { pixel } else { w.flattened(&pixel) }
}

/// `MaxPool` with a window over the channels, which are an axis of a volume for that: `[N, 1, C, H, W]`.
pub(super) fn depth_max_pool(pool: &DepthMaxPool, site: Site<'_>, w: &mut LayerWriter<'_, '_>) -> String {
    let channels = pool.window_over(&site.x().shape).expect("the checker has accepted the layer").x;
    let axes = w.ints("axes", vec![1]);
    let volume = w.node("Unsqueeze", &[&site.x().name, &axes], Vec::new());
    let attributes = vec![
        ints("kernel_shape", [channels.kernel_size, 1, 1]),
        ints("strides", [channels.stride, 1, 1]),
        ints("pads", [channels.pad_before, 0, 0, channels.pad_after, 0, 0]),
    ];
    let largest = w.node("MaxPool", &[&volume], attributes);
    w.node("Squeeze", &[&largest, &axes], Vec::new())
}
