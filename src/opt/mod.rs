//! Passes over the graph, one a file, and the lists that say in which order they run and why.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a pass names the kinds it rewrites; it keeps all others, new ones too"
)]

mod crop_windows;
mod eliminate_dead_nodes;
mod expand_composites;
mod fold_batch_norm;
mod fold_constants;
mod fuse_maps;
mod fuse_tile_epilogues;
mod fusion_report;
mod hoist_channel_arithmetic;
mod merge_channel_sums;
mod rematerialize_maps;
mod replace_pixel_convs;
mod sink_below_max_pool;

pub use fusion_report::fusion_report;

use crate::ir::Graph;

/// A pass: takes the graph, says how many rewrites it made.
#[derive(Debug, Clone, Copy)]
pub struct Pass {
    /// Its name: verb-object, as its file is called.
    pub name: &'static str,
    run: fn(&mut Graph) -> usize,
}

/// What one pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// The pass.
    pub pass: &'static str,
    /// Its rewrites.
    pub rewrites: usize,
}

/// On the forward pass of training, before it is differentiated. These rewrite in place: values keep their
/// ids.
pub const BEFORE_GRADIENTS: &[Pass] = &[
    // the gradients of what follows a max pool are a quarter as large
    sink_below_max_pool::PASS,
];

/// On the whole training graph.
pub const TRAINING: &[Pass] = &[
    // gradients are known: what had a rule of its own becomes plain arithmetic
    expand_composites::PASS,
    fold_constants::PASS,
    // before the chains are fused, so that they are seen as convolution, bias, activation
    fuse_tile_epilogues::PASS,
    // after them, and before maps are fused: weights and their gradients get other shapes
    crop_windows::PASS,
    replace_pixel_convs::PASS,
    fuse_maps::PASS,
    // sums of a result that is being made anyway
    merge_channel_sums::PASS,
    // after fusion: an expression of vectors alone has become part of larger ones
    hoist_channel_arithmetic::PASS,
    // last: a map that is there twice must not be taken for one with two users
    rematerialize_maps::PASS,
    eliminate_dead_nodes::PASS,
];

/// On an inference graph.
pub const INFERENCE: &[Pass] = &[
    sink_below_max_pool::PASS,
    expand_composites::PASS,
    fold_constants::PASS,
    // before epilogues are fused: it needs the convolution bare
    fold_batch_norm::PASS,
    fuse_tile_epilogues::PASS,
    crop_windows::PASS,
    replace_pixel_convs::PASS,
    fuse_maps::PASS,
    hoist_channel_arithmetic::PASS,
    eliminate_dead_nodes::PASS,
];

/// On a forward pass whose every layer's result is looked at: nothing is fused away.
pub const DIAGNOSIS: &[Pass] =
    &[expand_composites::PASS, hoist_channel_arithmetic::PASS, eliminate_dead_nodes::PASS];

/// The name of the pass that folds batch norms.
pub const FOLD_BATCH_NORM: &str = fold_batch_norm::PASS.name;

/// Runs passes in order; in debug builds the graph is verified after each, and the guilty one named.
pub fn run(graph: &mut Graph, passes: &[Pass]) -> Vec<Applied> {
    run_until(graph, passes, None)
}

/// Like [`run`], but stops after the pass with this name.
pub fn run_until(graph: &mut Graph, passes: &[Pass], last: Option<&str>) -> Vec<Applied> {
    let mut applied = Vec::with_capacity(passes.len());
    for pass in passes {
        let rewrites = (pass.run)(graph);
        applied.push(Applied { pass: pass.name, rewrites });
        if cfg!(debug_assertions)
            && let Err(error) = graph.verify()
        {
            panic!("bug in cnnc: after pass `{}`: {error}", pass.name);
        }
        if last == Some(pass.name) {
            break;
        }
    }
    applied
}
