//! How a batch is divided: into shards, or, where feature maps are large, into fewer images a task.
//!
//! A task runs a chain of kernels over its images, each kernel over all of them before the next. What one
//! kernel leaves for the next waits in a cache if it fits, and large feature maps of several images do not.
//! Weights are the other way round: they are read once for all images of a task, and a task has its own part
//! of a gradient by them. So the layers next to the pictures, with large maps and few weights, run with few
//! images a task, all others by shards; in the forward pass these layers come first, in the backward pass
//! last. Where one division ends and the other begins all tasks meet, and what is needed later goes through
//! memory.

use std::ops::Range;

use super::shards;
use crate::desc::Square;
use crate::ir::{Graph, Node, Value};
use crate::kernel::{streaming, streaming_among_others, winograd};
use crate::ops::{Conv, ConvGradInput, ConvGradWeight, Op};
use crate::plan::launch::Space;
use crate::tensor::TensorType;

/// What a finer division holds in memory that shards would not: all tasks' parts of a sum at once, and the
/// gradients between both divisions. Either may take this share, one in this many, of what the layers of a
/// batch take there.
const SHARE: usize = 4;

/// Tasks of this many images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Division {
    /// Images of a task.
    pub(super) shard: usize,
    /// Tasks of the nominal batch.
    pub(super) shards: usize,
}

impl Division {
    pub(super) fn space(self) -> Space {
        Space::Images { shard: self.shard, shards: self.shards }
    }
}

/// The division of each node's launches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Divisions {
    coarse: Division,
    fine: Division,
    /// Nodes that run by shards; those before and behind them have fewer images a task.
    by_shards: Range<usize>,
}

impl Divisions {
    /// For a graph and a nominal batch.
    pub(super) fn of(graph: &Graph, batch: usize, exact: bool) -> Self {
        let (shard, shards) = shards(batch);
        let coarse = Division { shard, shards };
        let costs = Costs::of(graph, coarse, exact);
        let mut best = (0.0, Self { coarse, fine: coarse, by_shards: 0..graph.nodes.len() });
        for images in costs.candidates() {
            let (gain, by_shards) = costs.best_range(images);
            if gain > best.0 {
                let fine = Division { shard: images, shards: batch.div_ceil(images) };
                best = (gain, Self { coarse, fine, by_shards });
            }
        }
        best.1
    }

    /// That of a node, by its index.
    pub(super) fn of_node(&self, node: usize) -> Division {
        if self.by_shards.contains(&node) { self.coarse } else { self.fine }
    }

    /// Images that every buffer per image has room for: whole tasks.
    pub(super) fn images(&self) -> usize {
        let [coarse, fine] = [self.coarse, self.fine].map(|division| division.shard * division.shards);
        coarse.max(fine)
    }
}

/// What a node does to caches.
#[derive(Debug, Clone, Copy, Default)]
struct Traffic {
    /// Bytes of an image that it reads and writes.
    image: usize,
    /// Bytes that every task reads: weights as the kernel wants them.
    weights: usize,
    /// Bytes of a task's part of a sum over images.
    parts: usize,
    /// How much larger than these sums what is added up is.
    growth: usize,
}

/// The costs of both divisions, by the model of the caches, in cycles of one shard.
struct Costs {
    coarse: Division,
    /// Of each node.
    traffic: Vec<Traffic>,
    /// The passes, forward and backward; without gradients there is one.
    passes: [Range<usize>; 2],
    /// For each node, bytes of an image that nodes before it in the same pass have made, and it or later ones
    /// of the pass read.
    crossing: Vec<usize>,
    /// Bytes of an image's results in the forward pass.
    results: usize,
    trains: bool,
}

impl Costs {
    fn of(graph: &Graph, coarse: Division, exact: bool) -> Self {
        let end = graph.nodes.len();
        let trains = !graph.updates.is_empty();
        let forward_end = graph.forward_end().filter(|_| trains).unwrap_or(end);
        let passes = [0..forward_end, forward_end..end];
        Self {
            coarse,
            traffic: graph.nodes.iter().map(|node| traffic(graph, node, exact)).collect(),
            crossing: crossing(graph, &passes),
            results: graph.nodes[..forward_end].iter().map(|node| bytes_of_results(node, true)).sum(),
            passes,
            trains,
        }
    }

    /// Numbers of images a task that are worth a look.
    fn candidates(&self) -> Vec<usize> {
        if !self.trains {
            return if self.coarse.shard > 1 { vec![1] } else { Vec::new() };
        }
        let halves = std::iter::successors(Some(self.coarse.shard), |&images| {
            (images > 1).then(|| images.div_ceil(2))
        });
        halves.skip(1).collect()
    }

    /// Cycles to go through a task's data once. A step of training visits a layer's kernels far apart, with
    /// gradients, weights of both passes and parts of sums between them: what it gains by the second-level
    /// cache was not to be seen.
    fn cycles(&self, bytes: usize) -> f64 {
        if self.trains { streaming_among_others(bytes) } else { streaming(bytes) }
    }

    /// Cycles that a shard's work at a node gains if tasks have this many images.
    fn gain(&self, node: usize, images: usize) -> f64 {
        let Traffic { image, weights, parts, growth } = self.traffic[node];
        let shard = self.coarse.shard;
        if SHARE * parts > images * image {
            return f64::NEG_INFINITY;
        }
        let tasks = shard as f64 / images as f64;
        // a part is written, and read when all are added up
        let more = (tasks - 1.0) * (self.cycles(weights) + 2.0 * self.cycles(parts * growth));
        self.cycles(shard * image) - tasks * self.cycles(images * image) - more
    }

    /// Cycles of a shard for what goes through memory where the division changes before a node.
    fn through_memory(&self, node: usize) -> f64 {
        let Division { shard, shards } = self.coarse;
        // in training what was made is kept for the gradients, and so is written in any case
        let ways = if self.trains { 1.0 } else { 2.0 };
        let crossing = self.crossing.get(node).copied().unwrap_or_default();
        ways * self.cycles(shards * shard * crossing) / shards as f64
    }

    /// Which nodes to leave to shards if the others have tasks of this many images, and what that gains.
    fn best_range(&self, images: usize) -> (f64, Range<usize>) {
        let [forward, backward] = self.passes.clone();
        let (mut gain, mut first) = (0.0, (0.0, forward.start));
        for node in forward {
            gain += self.gain(node, images);
            let all = gain - self.through_memory(node + 1);
            if all > first.0 {
                first = (all, node + 1);
            }
        }
        let (mut gain, mut last) = (0.0, (0.0, backward.end));
        for node in backward.rev() {
            gain += self.gain(node, images);
            let all = gain - self.through_memory(node);
            if all > last.0 && SHARE * self.crossing[node] <= self.results {
                last = (all, node);
            }
        }
        (first.0 + last.0, first.1..last.1)
    }
}

fn traffic(graph: &Graph, node: &Node, exact: bool) -> Traffic {
    let (maps, weights): (Vec<Value>, Vec<Value>) =
        node.inputs.iter().partition(|&&input| graph.ty(input).batched);
    let bytes =
        |values: Vec<Value>| -> usize { values.into_iter().map(|value| graph.ty(value).size_bytes()).sum() };
    if maps.is_empty() && bytes_of_results(node, true) == 0 {
        return Traffic::default();
    }
    let growth = growth_of_weights(node, exact);
    Traffic {
        image: bytes_of_results(node, true) + bytes(maps),
        weights: bytes(weights) * growth,
        parts: bytes_of_results(node, false),
        growth,
    }
}

/// Bytes of a node's results for each image, or of those that are not per image.
fn bytes_of_results(node: &Node, per_image: bool) -> usize {
    node.types.iter().filter(|ty| ty.batched == per_image).map(TensorType::size_bytes).sum()
}

/// How much larger weights are as the kernel reads them: at the points of Winograd's method.
fn growth_of_weights(node: &Node, exact: bool) -> usize {
    let is_winograd = if let Op::Conv(Conv { window, groups, .. })
    | Op::ConvGradInput(ConvGradInput { window, groups, .. })
    | Op::ConvGradWeight(ConvGradWeight { window, groups, .. }) = &node.op
    {
        !exact && winograd::applies(window, *groups)
    } else {
        false
    };
    if is_winograd { Square::Four.area().div_ceil(9) } else { 1 }
}

/// For each node, bytes of an image that are made before it and read at or behind it, by nodes of its own
/// pass.
fn crossing(graph: &Graph, passes: &[Range<usize>; 2]) -> Vec<usize> {
    let end_of = |node: usize| if passes[0].contains(&node) { passes[0].end } else { passes[1].end };
    let mut last_use: Vec<Vec<Option<usize>>> =
        graph.nodes.iter().map(|node| vec![None; node.types.len()]).collect();
    let mut used =
        |value: Value, at: usize| last_use[value.node.index()][usize::from(value.output)] = Some(at);
    for (index, node) in graph.nodes.iter().enumerate() {
        node.inputs
            .iter()
            .filter(|input| index < end_of(input.node.index()))
            .for_each(|&input| used(input, index));
    }
    // results are read after the last node
    graph.outputs.iter().for_each(|&(_, value)| used(value, end_of(value.node.index()) - 1));
    let mut made = vec![0_usize; graph.nodes.len() + 1];
    let mut forgotten = made.clone();
    for (index, (node, last_use)) in graph.nodes.iter().zip(last_use).enumerate() {
        for (ty, last) in node.types.iter().zip(last_use) {
            if let Some(last) = last.filter(|_| ty.batched) {
                made[index + 1] += ty.size_bytes();
                forgotten[last + 1] += ty.size_bytes();
            }
        }
    }
    let alive = made.iter().zip(&forgotten).scan(0, |alive, (made, forgotten)| {
        *alive = *alive + made - forgotten;
        Some(*alive)
    });
    alive.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::load;
    use crate::ir::CheckedProgram;
    use crate::kernel::{Simd, Target};
    use crate::lower::LowerOptions;
    use crate::plan::verify::verify;
    use crate::plan::{Plan, plan};
    use crate::runtime::{optimized_evaluation_graph, optimized_training_graph};
    use crate::source::SourceFile;

    /// Two convolutions of few channels on images of this side, then two of many on an eighth of it.
    fn program(side: usize) -> CheckedProgram {
        let text = format!(
            "model M {{
                input({side}x{side}x3)
                conv2d(64, 3x3, padding: same, activation: relu)
                conv2d(64, 1, activation: relu)
                max_pool2d(8)
                conv2d(512, 3x3, padding: same, activation: relu)
                conv2d(512, 3x3, padding: same, activation: relu)
                global_avg_pool2d; dense(3, activation: softmax)
            }}
            train {{ batch: 32; optimizer: sgd(lr: 1) }}"
        );
        let loaded = load(SourceFile::new("m.cnn", text), &LowerOptions::default(), &|_| None);
        loaded.program.unwrap_or_else(|| panic!("{:?}", loaded.problems))
    }

    /// Images of a task, for each group of tasks over images.
    fn shards_of(plan: &Plan) -> Vec<usize> {
        assert_eq!(verify(plan), Ok(()), "{plan}");
        let groups = plan.stages.iter().flat_map(|stage| &stage.groups);
        let shard = |space| if let Space::Images { shard, .. } = space { Some(shard) } else { None };
        let mut shards: Vec<usize> = groups.filter_map(|group| shard(group.space)).collect();
        shards.dedup();
        shards
    }

    fn inference(side: usize, batch: usize) -> Vec<usize> {
        shards_of(&plan(&optimized_evaluation_graph(&program(side)), Target::of(Simd::Portable), batch))
    }

    #[test]
    fn large_maps_run_image_by_image() {
        assert_eq!(inference(112, 32), [1, 4]);
        // no whole number of images a shard
        assert_eq!(inference(112, 30), [1, 4]);
        assert_eq!(inference(112, 8), [1]);
    }

    fn training(side: usize, batch: usize) -> Vec<usize> {
        let graph = optimized_training_graph(&program(side), true).expect("has a schedule");
        shards_of(&plan(&graph, Target::of(Simd::Portable), batch))
    }

    #[test]
    fn large_maps_are_trained_with_fewer_images_a_task() {
        // forward, what has many weights, backward
        assert_eq!(training(112, 32), [1, 4, 1]);
        // the finer tasks do not fill the shards, and the other way round
        assert_eq!(training(112, 21), [1, 3, 1]);
        assert_eq!(training(112, 8), [1]);
        assert_eq!(training(112, 128), [1, 16, 1]);
    }

    #[test]
    fn small_maps_run_by_shards() {
        assert_eq!(inference(16, 32), [4]);
        assert_eq!(training(16, 32), [4]);
        assert_eq!(training(16, 128), [16]);
    }
}
