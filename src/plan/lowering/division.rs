//! How a batch is divided: into shards, or, as long as feature maps are large, into single images.
//!
//! A task runs a chain of kernels over its images, each kernel over all of them before the next. What one kernel leaves for the next waits in a cache if it
//! fits, and large feature maps of several images do not. Weights are the other way round: they are read once for all images of a task. So the first
//! layers of a network, with large maps and few weights, run image by image, all others shard by shard. Where one division ends and the other begins
//! all tasks meet, and what is needed later goes through memory. Training knows shards alone: each has its own partial gradients.

use super::shards;
use crate::ir::{Graph, Node, Value};
use crate::kernel::desc::Square;
use crate::kernel::{streaming, winograd};
use crate::ops::{Conv, Op};
use crate::plan::launch::Space;

/// Tasks of so many images.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Divisions {
    by_shard: Division,
    by_image: Division,
    /// Nodes before this one run image by image.
    first_by_shard: usize,
}

impl Divisions {
    /// For a graph and a nominal batch.
    pub(super) fn of(graph: &Graph, batch: usize, exact: bool) -> Self {
        let (shard, shards) = shards(batch);
        let (by_shard, by_image) = (Division { shard, shards }, Division { shard: 1, shards: batch });
        let first_by_shard =
            if shard > 1 && graph.updates.is_empty() { nodes_by_image(graph, by_shard, exact) } else { 0 };
        Self { by_shard, by_image, first_by_shard }
    }

    /// That of a node, by its index.
    pub(super) fn of_node(&self, node: usize) -> Division {
        if node < self.first_by_shard { self.by_image } else { self.by_shard }
    }

    /// Images that every buffer per image has room for: whole shards.
    pub(super) fn images(&self) -> usize {
        self.by_shard.shard * self.by_shard.shards
    }
}

/// How many of the first nodes are best run image by image, by the model of [`streaming`]: in the cycles of one shard.
fn nodes_by_image(graph: &Graph, Division { shard, shards }: Division, exact: bool) -> usize {
    let bytes = |value: Value| graph.ty(value).size_bytes();
    let last_use = last_uses(graph);
    // bytes of an image's values that later nodes need
    let mut alive = 0;
    let mut dying = vec![0; graph.nodes.len()];
    let (mut gain, mut best) = (0.0, (0.0, 0));
    for (index, node) in (0_u32..).zip(&graph.nodes) {
        let results = (0_u16..).zip(&node.types).filter(|(_, ty)| ty.batched).map(|(output, ty)| {
            let value = Value { node: crate::ir::NodeId(index), output };
            (last_use.get(&value).copied().unwrap_or(index as usize), ty.size_bytes())
        });
        let mut made = 0;
        for (last, bytes) in results {
            made += bytes;
            alive += bytes;
            dying[last] += bytes;
        }
        let (maps, weights): (Vec<Value>, Vec<Value>) = node.inputs.iter().partition(|&&input| graph.ty(input).batched);
        alive -= dying[index as usize];
        if made == 0 {
            continue;
        }
        let image = made + maps.into_iter().map(bytes).sum::<usize>();
        let weights = weights.into_iter().map(bytes).sum::<usize>() * growth_of_weights(node, exact);
        gain += streaming(shard * image) - shard as f64 * streaming(image) - (shard - 1) as f64 * streaming(weights);
        // written by the tasks before, read by those behind
        let through_memory = 2.0 * streaming(shards * shard * alive) / shards as f64;
        if gain - through_memory > best.0 {
            best = (gain - through_memory, index as usize + 1);
        }
    }
    best.1
}

/// How much larger weights are as the kernel reads them: at the points of Winograd's method.
fn growth_of_weights(node: &Node, exact: bool) -> usize {
    let is_winograd = |conv: &Conv| !exact && winograd::applies(&conv.window, conv.groups);
    if matches!(&node.op, Op::Conv(conv) if is_winograd(conv)) { Square::Four.area().div_ceil(9) } else { 1 }
}

/// The last node that uses each value; the graph's end for its outputs.
fn last_uses(graph: &Graph) -> std::collections::HashMap<Value, usize> {
    let inputs = graph.nodes.iter().enumerate().flat_map(|(index, node)| node.inputs.iter().map(move |&v| (v, index)));
    let outputs = graph.outputs.iter().map(|&(_, value)| (value, graph.nodes.len() - 1));
    inputs.chain(outputs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::load;
    use crate::ir::CheckedProgram;
    use crate::kernel::{Simd, Target};
    use crate::lower::LowerOptions;
    use crate::plan::{Plan, plan, verify_plan};
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
        assert_eq!(verify_plan(plan), Ok(()), "{plan}");
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

    #[test]
    fn small_maps_and_training_run_by_shards() {
        assert_eq!(inference(16, 32), [4]);
        let training = optimized_training_graph(&program(112), true).expect("has a schedule");
        assert_eq!(shards_of(&plan(&training, Target::of(Simd::Portable), 32)), [4]);
    }
}
