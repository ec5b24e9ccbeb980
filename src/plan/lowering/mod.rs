//! From nodes to kernel launches.
//!
//! Every value gets a [`Storage`]: a buffer and how it lies there. Views (`reshape`, `slice`, `unpad`) share
//! their operand's buffer. A convolution wants its input surrounded by zeros (a halo): the producer then
//! writes into such a buffer; where others want the same value without gaps, a second, haloed copy is made.
//!
//! What is long here is the state that all lowerings share; the operations have files of their own.

mod conv;
mod conv_by_points;
mod conv_weights;
mod dense;
mod division;
mod elementwise;
mod grad_weight;
mod joins;
mod penalty;
mod pooling;
mod scores;
mod split;
mod storage;
mod taps;
mod warp;

use std::cell::RefCell;
use std::collections::HashMap;

use super::choices::{Choices, Question, Way};
use super::launch::{Access, AccessMode, BufferId, Count, Launch, Region, Space};
use super::{Buffer, Output, Place};
use crate::desc::{FillDesc, KernelDesc};
use crate::ir::{Graph, InputRole, Node, NodeId, Param, ParamRole, ScalarInput, Value};
use crate::kernel::Target;
use crate::ops::Op;
use crate::tensor::{Layout, Shape, TensorType};

use division::{Division, Divisions};
use joins::Joins;
use storage::{Needs, Storage, Storages, Updates};

/// Shards of a batch of up to 128 images. Eight keep two to eight threads evenly busy, and their partial
/// weight gradients small.
const SHARDS: usize = 8;

/// Images of a shard from which on a larger batch has more of them.
const IMAGES: usize = 16;

/// How a batch is divided: images of a shard, and how many shards there are: 8 of up to 128 images (fewer of
/// fewer than 8), of more than that one for each 16. The last shard may have fewer images; it has room for as
/// many. Sums over images are added up shard by shard, so their bits depend on this.
pub fn shards(batch: usize) -> (usize, usize) {
    let shard = batch.div_ceil(SHARDS.max(batch / IMAGES)).max(1);
    (shard, batch.div_ceil(shard))
}

/// The smallest batch that has a shard for each of so many ranks.
pub fn batch_for(ranks: usize) -> usize {
    if ranks <= SHARDS { ranks } else { ranks * IMAGES }
}

/// Elements of one part of a flat run: enough work for a task (64 KiB a stream), few enough to share out.
const PART: usize = 16 * 1024;

/// A graph as launches, buffers not yet placed.
#[derive(Debug)]
pub(super) struct Lowered {
    pub(super) launches: Vec<Launch>,
    pub(super) buffers: Vec<Buffer>,
    pub(super) params: Vec<BufferId>,
    /// Weights and what the optimizer remembers of them.
    pub(super) weights: Vec<BufferId>,
    pub(super) images: Option<BufferId>,
    pub(super) features: Vec<(u32, BufferId)>,
    pub(super) labels: Option<BufferId>,
    pub(super) weights_of_images: Option<BufferId>,
    pub(super) scalars: Vec<(ScalarInput, BufferId)>,
    pub(super) outputs: Vec<Output>,
    /// Images that buffers have room for.
    pub(super) room: usize,
    /// Which choices there were.
    pub(super) questions: Vec<Question>,
}

/// Lowers a whole graph.
pub(super) fn lower(graph: &Graph, target: Target, batch: usize, choices: &Choices) -> Lowered {
    let mut lowerer = Lowerer::new(graph, target, batch, choices);
    for index in 0..graph.nodes.len() {
        lowerer.lower_node(NodeId(index as u32));
    }
    lowerer.finish()
}

/// What a buffer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contents {
    /// Values of each image.
    OfImages,
    /// What follows from parameters alone, in a graph that updates none: made once, when parameters have been
    /// written.
    Fixed,
    /// Neither, or not known yet.
    Open,
}

/// Which of two kernels that share a description a node wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// From a layer's input to its result.
    Forward,
    /// From the gradient by the result to that by the input.
    Backward,
}

struct Lowerer<'g> {
    graph: &'g Graph,
    target: Target,
    choices: &'g Choices,
    /// What was asked of them.
    questions: RefCell<Vec<Question>>,
    /// What the models of the kernels have answered.
    cheapest: RefCell<HashMap<Question, Way>>,
    divisions: Divisions,
    /// Of all parameters.
    weight_bytes: usize,
    needs: Needs,
    updates: Updates,
    joins: Joins,
    storages: Storages,
    /// Haloed or dense copies of values, by what they satisfy.
    copies: HashMap<(Value, Option<[usize; 4]>), Storage>,
    /// What is known of each of `buffers`.
    contents: Vec<Contents>,
    launches: Vec<Launch>,
    buffers: Vec<Buffer>,
    params: Vec<BufferId>,
    scalars: Vec<(ScalarInput, BufferId)>,
    given_images: Option<BufferId>,
    given_features: Vec<(u32, BufferId)>,
    given_labels: Option<BufferId>,
    given_weights: Option<BufferId>,
    node: NodeId,
}

impl<'g> Lowerer<'g> {
    fn new(graph: &'g Graph, target: Target, batch: usize, choices: &'g Choices) -> Self {
        let needs = Needs::of(graph);
        let joins = Joins::of(graph, &needs);
        let mut lowerer = Self {
            graph,
            target,
            choices,
            questions: RefCell::default(),
            cheapest: RefCell::default(),
            divisions: Divisions::of(graph, batch, target.exact),
            weight_bytes: graph.params.iter().map(|param| param.shape.elements() * size_of::<f32>()).sum(),
            needs,
            joins,
            updates: Updates::of(graph),
            storages: Storages::default(),
            copies: HashMap::new(),
            contents: Vec::new(),
            launches: Vec::new(),
            buffers: Vec::new(),
            params: Vec::new(),
            scalars: Vec::new(),
            given_images: None,
            given_features: Vec::new(),
            given_labels: None,
            given_weights: None,
            node: NodeId(0),
        };
        for param in &graph.params {
            let buffer = lowerer.add_given(&param.layer, param.name.clone(), param.shape.elements() * 4);
            if graph.updates.is_empty() {
                lowerer.contents[buffer.index()] = Contents::Fixed;
            }
            lowerer.params.push(buffer);
        }
        lowerer
    }

    fn finish(mut self) -> Lowered {
        let outputs: Vec<Output> = self
            .graph
            .outputs
            .iter()
            .map(|&(id, value)| {
                let storage = self.dense(value);
                self.buffers[storage.buffer.index()].persistent = true;
                Output { id, buffer: storage.buffer, layout: storage.layout }
            })
            .collect();
        let is_weight = |(param, _): &(&Param, &BufferId)| param.role != ParamRole::State;
        Lowered {
            weights: self
                .graph
                .params
                .iter()
                .zip(&self.params)
                .filter(is_weight)
                .map(|(_, &buffer)| buffer)
                .collect(),
            launches: self.launches,
            buffers: self.buffers,
            params: self.params,
            images: self.given_images,
            features: self.given_features,
            labels: self.given_labels,
            weights_of_images: self.given_weights,
            scalars: self.scalars,
            outputs,
            room: self.divisions.images(),
            questions: self.questions.into_inner(),
        }
    }

    /// Adds the launches of a node. Long: an arm for each kind of operation, and no arm is long.
    fn lower_node(&mut self, id: NodeId) {
        self.node = id;
        let graph = self.graph;
        let node = graph.node(id);
        match &node.op {
            Op::Input(role, _) => self.input(role),
            Op::Parameter(param, ty) => {
                let storage = Storage::whole(self.params[param.index()], &ty.shape);
                self.set(0, storage);
            }
            Op::Conv(conv) => self.conv(node, conv),
            Op::ConvGradInput(grad) => self.conv_grad_input(node, grad),
            Op::ConvGradWeight(grad) => self.conv_grad_weight(node, grad),
            Op::Dense(dense) => self.dense_forward(node, dense),
            Op::DenseGradInput(_) => self.dense_grad_input(node),
            Op::DenseGradWeight(_) => self.dense_grad_weight(node),
            Op::Map(map) => self.map(node, map),
            Op::Moments => self.moments(node),
            Op::Pool(pool) => self.pool(node, pool),
            Op::PoolGrad(grad) => self.pool_grad(node, grad),
            Op::GlobalPool(pool) => self.global_pool(node, pool),
            Op::GlobalPoolGrad(grad) => self.global_pool_grad(node, grad),
            Op::Reshape(shape) => {
                let storage = self.dense(node.inputs[0]);
                let storage = if storage.batched {
                    Storage { layout: Layout::dense(shape), ..storage }
                } else {
                    storage.elements(0, shape.elements())
                };
                self.set(0, storage);
            }
            Op::Slice(slice) => {
                let storage = self.any(node.inputs[0]).channels(slice.start, slice.channels);
                self.set(0, storage);
            }
            Op::CropTaps(taps) => self.crop_taps(node, taps),
            Op::SpreadTaps(taps) => self.spread_taps(node, taps),
            Op::Unpad(unpad) => {
                let [top, _, left, _] = unpad.amounts;
                let mut storage = self.any(node.inputs[0]);
                let (height, width, _) = node.types[0].shape.as_pixels();
                storage.layout.origin += top * storage.layout.row_pitch + left * storage.layout.pixel_pitch;
                (storage.layout.height, storage.layout.width) = (height, width);
                storage.view = true;
                self.set(0, storage);
            }
            Op::Pad(pad) => self.pad(node, pad.amounts),
            Op::Concat => self.concat(node),
            Op::NeighbourSum(sum) => self.neighbour_sum(node, *sum),
            Op::Softmax(_) => self.softmax(node),
            Op::SoftmaxGrad(_) => self.softmax_grad(node),
            Op::ChannelNorm(norm) => self.channel_norm(node, *norm, Direction::Forward),
            Op::ChannelNormGrad(norm) => self.channel_norm(node, *norm, Direction::Backward),
            Op::Penalty(penalty) => self.penalty(node, *penalty),
            Op::Warp(warp) => self.warp(node, warp, Direction::Forward),
            Op::WarpGrad(grad) => self.warp(node, &grad.warp, Direction::Backward),
            Op::Loss(loss) => self.loss(node, loss),
            Op::TopK(top) => self.top_k(node, top),
            Op::Activation(_) | Op::Dropout(_) | Op::BatchNorm(_) => {
                unreachable!("`expand-composites` runs before planning")
            }
        }
        self.store_updates(id);
    }

    fn input(&mut self, role: &InputRole) {
        let graph = self.graph;
        let ty = &graph.node(self.node).types[0];
        match role {
            InputRole::Images => self.given_images = Some(self.given("images", ty)),
            InputRole::Features(place) => {
                let buffer = self.given(&format!("features {place}"), ty);
                self.given_features.push((*place, buffer));
            }
            InputRole::Labels => self.given_labels = Some(self.given("labels", ty)),
            InputRole::Weights => self.given_weights = Some(self.given("weights", ty)),
            InputRole::Scalar(scalar) => {
                let buffer = self.add_given("", scalar.to_string(), 4);
                self.scalars.push((scalar.clone(), buffer));
                self.set(0, Storage::whole(buffer, &Shape::vector(1)));
            }
        }
    }

    /// A buffer that is written for each batch.
    fn given(&mut self, name: &str, ty: &TensorType) -> BufferId {
        let buffer = self.add_given("", name.to_owned(), ty.size_bytes() * self.images());
        self.contents[buffer.index()] = Contents::OfImages;
        let layout = Layout::dense(&ty.shape);
        self.set(0, Storage { buffer, layout, element_bytes: 4, batched: true, view: true });
        buffer
    }

    /// A parameter's new contents that no map could write in place are copied at the end.
    fn store_updates(&mut self, id: NodeId) {
        let graph = self.graph;
        for (param, value) in self.updates.of_node(id).to_vec() {
            let target = self.params[param.index()];
            let source = self.any(value);
            if source.buffer != target {
                let shape = graph.params[param.index()].shape.clone();
                self.copy_flat(&source, &Storage::whole(target, &shape), &shape);
            }
        }
    }

    // ---- buffers and storages

    /// Images that every per-image buffer has room for: whole shards.
    fn images(&self) -> usize {
        self.divisions.images()
    }

    /// A buffer of the layer whose node is being lowered.
    fn add_buffer(&mut self, name: String, bytes: usize) -> BufferId {
        let layer = self.layer();
        self.push_buffer(Buffer { name, layer, bytes, place: Place::Arena(0), persistent: false })
    }

    /// A buffer that is written between runs: of a layer's parameter, or of no layer.
    fn add_given(&mut self, layer: &str, name: String, bytes: usize) -> BufferId {
        let layer = layer.to_owned();
        self.push_buffer(Buffer { name, layer, bytes, place: Place::Arena(0), persistent: true })
    }

    fn push_buffer(&mut self, buffer: Buffer) -> BufferId {
        let id = BufferId(u32::try_from(self.buffers.len()).expect("fewer than 2^32 buffers"));
        self.buffers.push(buffer);
        self.contents.push(Contents::Open);
        id
    }

    fn set(&mut self, output: u16, storage: Storage) {
        self.storages.set(Value { node: self.node, output }, storage);
    }

    fn layer(&self) -> String {
        self.graph.node(self.node).layer.clone()
    }

    /// Makes the place of a per-image result.
    fn new_images(&mut self, output: u16) -> Storage {
        self.place_images(Value { node: self.node, output })
    }

    /// Makes the place of a value per image: a slice of what it is joined into, which is then placed too, or
    /// a buffer, haloed as its users want it, and clears the halo.
    fn place_images(&mut self, value: Value) -> Storage {
        let graph = self.graph;
        // joins may be operands of joins, thousands deep
        let mut inside: Vec<(Value, usize)> = Vec::new();
        let mut at = value;
        let mut storage = loop {
            if let Some(storage) = self.storages.get(at) {
                // a join, of which some operand was written before
                break storage.clone();
            }
            if let Some((joined, start)) = self.joins.place(at) {
                inside.push((at, start));
                at = joined;
                continue;
            }
            let ty = graph.ty(at);
            let layout = self.needs.layout(at, &ty.shape);
            let storage = self.allocate(layout, ty.element.size_bytes(), "");
            self.storages.set(at, storage.clone());
            break storage;
        };
        for (value, start) in inside.into_iter().rev() {
            storage = storage.channels(start, graph.ty(value).shape.channels());
            self.storages.set(value, storage.clone());
        }
        storage
    }

    fn allocate(&mut self, layout: Layout, element_bytes: usize, suffix: &str) -> Storage {
        let name = format!("{} {}{suffix}", self.layer(), self.graph.node(self.node).op.name());
        let bytes = layout.image_pitch * element_bytes * self.images();
        let buffer = self.add_buffer(name, bytes);
        self.contents[buffer.index()] = Contents::OfImages;
        let storage = Storage { buffer, layout, element_bytes, batched: true, view: false };
        if layout.halo() != [0; 4] {
            let clear = KernelDesc::Fill(FillDesc::around(layout));
            let args = vec![self.per_image(&storage, AccessMode::Write)];
            self.launch(clear, self.image_space(), args, Count::Part);
        }
        storage
    }

    /// Makes the buffer of a result that is not per image.
    fn new_whole(&mut self, output: u16) -> Storage {
        let value = Value { node: self.node, output };
        let graph = self.graph;
        let shape = &graph.ty(value).shape;
        let name = format!("{} {}.{output}", self.layer(), graph.node(self.node).op.name());
        let buffer = self.add_buffer(name, shape.elements() * 4);
        let storage = Storage::whole(buffer, shape);
        self.set(output, storage.clone());
        storage
    }

    /// The value as it lies.
    fn any(&self, value: Value) -> Storage {
        self.storages.of(value).clone()
    }

    /// The value without gaps.
    fn dense(&mut self, value: Value) -> Storage {
        let storage = self.any(value);
        if !storage.batched || storage.layout.is_dense() { storage } else { self.copy_of(value, None) }
    }

    /// The value surrounded by at least these zeros.
    fn haloed(&mut self, value: Value, halo: [usize; 4]) -> Storage {
        let storage = self.any(value);
        let has = if storage.view { [0; 4] } else { storage.layout.halo() };
        if halo.iter().zip(has).all(|(&need, has)| need <= has) {
            return storage;
        }
        let widest = self.needs.halo(value);
        self.copy_of(value, Some(widest))
    }

    fn copy_of(&mut self, value: Value, halo: Option<[usize; 4]>) -> Storage {
        if let Some(copy) = self.copies.get(&(value, halo)) {
            return copy.clone();
        }
        let source = self.any(value);
        let Layout { height, width, channels, .. } = source.layout;
        let layout = Layout::with_halo(height, width, channels, halo.unwrap_or_default());
        let copy = self.allocate(layout, source.element_bytes, " copy");
        self.copy_images(&source, &copy);
        self.copies.insert((value, halo), copy.clone());
        copy
    }

    // ---- launches

    /// How the batch is divided for the node that is being lowered.
    fn division(&self) -> Division {
        self.divisions.of_node(self.node.index())
    }

    fn image_space(&self) -> Space {
        self.division().space()
    }

    /// The space over the elements of a tensor that is not per image; whole rows of a matrix stay together.
    fn flat_space(&self, shape: &Shape) -> Space {
        let len = shape.elements();
        if len <= PART {
            return Space::Single;
        }
        if shape.rank() != 2 {
            return Space::Flat { len, part: PART };
        }
        // whole rows; where a part has many, so many that each part begins on a cache line of a matrix with a
        // column per row
        let row = shape.channels();
        let rows = (PART / row).max(1);
        let rows = if rows >= 16 { rows / 16 * 16 } else { rows };
        Space::Flat { len, part: rows * row }
    }

    fn launch(&mut self, kernel: KernelDesc, space: Space, args: Vec<Access>, count: Count) {
        self.launch_with_tail(kernel, None, space, args, count);
    }

    fn launch_with_tail(
        &mut self,
        kernel: KernelDesc,
        tail: Option<KernelDesc>,
        space: Space,
        args: Vec<Access>,
        count: Count,
    ) {
        let setup = self.is_made_once(&args);
        for access in &args {
            match access.mode {
                AccessMode::Write if setup => self.contents[access.buffer.index()] = Contents::Fixed,
                AccessMode::Read if !setup && self.is_fixed(access.buffer) => {
                    self.buffers[access.buffer.index()].persistent = true;
                }
                AccessMode::Read | AccessMode::Write => {}
            }
        }
        let layer = self.layer();
        self.launches.push(Launch { kernel, tail, space, args, count, layer, setup });
    }

    /// Whether a launch with these arguments makes the same for every batch: all that it reads is fixed, and
    /// what it writes is of no image. (What is made for each image, out of constants too, is made anew for
    /// each batch.)
    fn is_made_once(&self, args: &[Access]) -> bool {
        self.graph.updates.is_empty()
            && args.iter().all(|access| match (access.mode, self.contents[access.buffer.index()]) {
                (AccessMode::Read, contents) => contents == Contents::Fixed,
                (AccessMode::Write, contents) => contents != Contents::OfImages,
            })
    }

    /// Whether a buffer holds the same for every batch.
    fn is_fixed(&self, buffer: BufferId) -> bool {
        self.contents[buffer.index()] == Contents::Fixed
    }

    /// Each task's images of a per-image buffer.
    fn per_image(&self, storage: &Storage, mode: AccessMode) -> Access {
        let bytes = storage.image_bytes() * self.division().shard;
        Access { buffer: storage.buffer, offset: 0, stride: bytes, region: Region::Block { bytes }, mode }
    }

    /// All images of a per-image buffer.
    fn all_images(&self, storage: &Storage, mode: AccessMode) -> Access {
        let bytes = storage.image_bytes() * self.images();
        Access { buffer: storage.buffer, offset: 0, stride: 0, region: Region::Block { bytes }, mode }
    }

    /// All of what is not per image.
    fn whole(&self, storage: &Storage, mode: AccessMode) -> Access {
        let region = Region::Block { bytes: storage.layout.elements() * storage.element_bytes };
        Access { buffer: storage.buffer, offset: storage.start_bytes(), stride: 0, region, mode }
    }

    /// Each part's elements of what is not per image.
    fn part(&self, storage: &Storage, space: Space, mode: AccessMode) -> Access {
        match space {
            Space::Flat { part, .. } => {
                let bytes = part * 4;
                let offset = storage.start_bytes();
                Access {
                    buffer: storage.buffer,
                    offset,
                    stride: bytes,
                    region: Region::Block { bytes },
                    mode,
                }
            }
            Space::Images { .. } | Space::Columns { .. } | Space::Single => self.whole(storage, mode),
        }
    }

    /// `count` of a flat kernel over a tensor of this shape.
    fn flat_count(space: Space, shape: &Shape) -> Count {
        if space == Space::Single { Count::Fixed(shape.elements()) } else { Count::Part }
    }

    fn inputs(&self, node: &Node, index: usize) -> Storage {
        self.any(node.inputs[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_grow_with_large_batches_alone() {
        for (batch, wanted) in [
            (1, (1, 1)),
            (5, (1, 5)),
            (30, (4, 8)),
            (32, (4, 8)),
            (128, (16, 8)),
            (143, (18, 8)),
            (144, (16, 9)),
            (256, (16, 16)),
            (1000, (17, 59)),
            (16_384, (16, 1024)),
        ] {
            assert_eq!(shards(batch), wanted, "{batch} images");
        }
    }

    #[test]
    fn each_rank_has_a_shard_of_the_batch_for_it() {
        for ranks in 1..=1024 {
            let batch = batch_for(ranks);
            assert!(shards(batch).1 >= ranks, "{ranks} ranks, {batch} images");
            assert!(batch == 1 || shards(batch - 1).1 < ranks, "{ranks} ranks, {batch} images");
        }
    }
}
