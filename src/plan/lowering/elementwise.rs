//! Maps, copies, joins and statistics.

use super::Lowerer;
use super::split::Parts;
use super::storage::Storage;
use crate::desc::{
    CombineMomentsDesc, Domain, Expr, ExprId, ExprNode, FillDesc, KernelDesc, MapDesc, MapOutput,
    MomentsDesc, Operand, OperandKind,
};
use crate::ir::{Node, Value};
use crate::ops::{Map, MapResult};
use crate::plan::launch::{Access, AccessMode, Count, Region, Space};
use crate::tensor::{Element, Layout, Shape, TensorType};

/// A map over images, wherever they lie.
struct ImageMap {
    /// Height, width and channels.
    shape: [usize; 3],
    /// What is read, and where it lies.
    sources: Vec<(Operand, Storage)>,
    expr: Expr,
    /// Results per element.
    results: Vec<(ExprId, Storage)>,
}

/// A map's kernel with its arguments.
struct MapLaunch {
    desc: MapDesc,
    args: Vec<Access>,
}

impl ImageMap {
    /// The launch over this many rows of each image. `place` says where they are.
    fn launch(
        &self,
        rows: usize,
        place: impl Fn(&Storage, AccessMode) -> (Access, Layout),
        whole: impl Fn(&Storage) -> Access,
    ) -> MapLaunch {
        let [_, width, channels] = self.shape;
        let mut args = Vec::with_capacity(self.sources.len() + self.results.len());
        let mut operands = Vec::with_capacity(self.sources.len());
        for (operand, storage) in &self.sources {
            let kind = if let OperandKind::Image(_) = operand.kind {
                let (access, layout) = place(storage, AccessMode::Read);
                args.push(access);
                OperandKind::Image(layout)
            } else {
                args.push(whole(storage));
                operand.kind
            };
            operands.push(Operand { kind, ..*operand });
        }
        let mut outputs = Vec::with_capacity(self.results.len());
        for (id, storage) in &self.results {
            let (access, layout) = place(storage, AccessMode::Write);
            args.push(access);
            outputs.push((*id, MapOutput::Image(layout)));
        }
        let domain = Domain::Images { height: rows, width, channels };
        MapLaunch { desc: MapDesc { domain, operands, expr: self.expr.clone(), outputs }, args }
    }
}

impl Lowerer<'_> {
    pub(super) fn map(&mut self, node: &Node, map: &Map) {
        let types: Vec<&TensorType> = node.inputs.iter().map(|&v| self.graph.ty(v)).collect();
        let domain = map.domain(&types);
        if domain.batched {
            self.map_images(node, map, &domain.shape);
        } else {
            self.map_whole(node, map, &domain.shape);
        }
    }

    fn map_images(&mut self, node: &Node, map: &Map, shape: &Shape) {
        let (height, width, channels) = shape.as_pixels();
        let mut sources = Vec::with_capacity(node.inputs.len());
        for &input in &node.inputs {
            let (storage, ty) = (self.any(input), self.graph.ty(input));
            let kind = if storage.batched {
                OperandKind::Image(storage.layout)
            } else if ty.shape.elements() == 1 {
                OperandKind::Scalar
            } else {
                OperandKind::Channel
            };
            sources.push((Operand { kind, element: ty.element }, storage));
        }
        let mut results = Vec::with_capacity(map.results.len());
        let (mut sums, mut pixel_sums) = (Vec::new(), Vec::new());
        // results per element come first among the arguments: the partial sums are added behind them
        for (output, &(id, kind)) in (0_u16..).zip(&map.results) {
            match kind {
                MapResult::Each => {
                    let storage = if output == 0 {
                        self.new_images_over(&node.inputs)
                    } else {
                        self.new_images(output)
                    };
                    results.push((id, storage));
                }
                MapResult::ChannelSum => sums.push((output, channels, Shape::vector(channels))),
                MapResult::PixelSum => pixel_sums.push((id, self.new_images(output))),
                MapResult::Sum => unreachable!("only what is not per image is summed as a whole"),
            }
        }
        let image_map =
            ImageMap { shape: [height, width, channels], sources, expr: map.expr.clone(), results };
        if !pixel_sums.is_empty() {
            let MapLaunch { mut desc, mut args } = self.map_of_shards(&image_map);
            for (id, storage) in &pixel_sums {
                desc.outputs.push((*id, MapOutput::PixelSum(storage.layout)));
                args.push(self.per_image(storage, AccessMode::Write));
            }
            self.launch(KernelDesc::Map(desc), self.image_space(), args, Count::Part);
            return;
        }
        if sums.is_empty() {
            self.launch_map(&image_map);
            return;
        }
        let MapLaunch { mut desc, args } = self.map_of_shards(&image_map);
        desc.outputs.extend(
            sums.iter().map(|&(output, ..)| (map.results[usize::from(output)].0, MapOutput::ChannelSum)),
        );
        self.reduce_over_shards(KernelDesc::Map(desc), args, &sums);
    }

    /// Each shard's images whole.
    fn map_of_shards(&self, map: &ImageMap) -> MapLaunch {
        let whole = |storage: &Storage, mode| (self.per_image(storage, mode), storage.layout);
        map.launch(map.shape[0], whole, |storage| self.whole(storage, AccessMode::Read))
    }

    /// Launches a map without sums: shard by shard, or some rows of the only image a task.
    fn launch_map(&mut self, map: &ImageMap) {
        let [height, width, channels] = map.shape;
        // random numbers belong to places in the batch
        let is_random = map.expr.nodes().iter().any(|node| matches!(node, ExprNode::Uniform(_)));
        let divides = !is_random && self.divides_map(height * width * channels);
        let Some(parts) = Parts::of(height, 1).filter(|_| divides) else {
            let MapLaunch { desc, args } = self.map_of_shards(map);
            self.launch(KernelDesc::Map(desc), self.image_space(), args, Count::Part);
            return;
        };
        let of_rows = |rows: usize| {
            let place = |storage: &Storage, mode| {
                // a vector for each image is that of all its rows, in every task
                if storage.layout.height != height {
                    return (Access { stride: 0, ..self.per_image(storage, mode) }, storage.layout);
                }
                let (access, layout) = self.rows(storage, [parts.part, 0, parts.part], mode);
                (access, Layout { height: rows, ..layout })
            };
            map.launch(rows, place, |storage| self.whole(storage, AccessMode::Read))
        };
        let MapLaunch { desc, args } = of_rows(parts.part);
        let tail = parts.tail().map(|rows| KernelDesc::Map(of_rows(rows).desc));
        self.launch_with_tail(KernelDesc::Map(desc), tail, parts.space(), args, Count::Fixed(1));
    }

    /// The buffer for the first result: that of one of these operands, which nobody needs afterwards, where
    /// it lies as the result should. The kernel reads an element of them, and no other, before it writes that
    /// of the result.
    pub(super) fn new_images_over(&mut self, operands: &[Value]) -> Storage {
        let value = Value { node: self.node, output: 0 };
        let wanted = self.needs.layout(value, &self.graph.ty(value).shape);
        let node_index = self.node.index();
        let reusable = operands.iter().copied().find(|&input| {
            let dies_here = self.needs.last_use(input) == Some(node_index) && !self.is_shared(input);
            let storage = self.storages.of(input);
            let alike = storage.batched && storage.element_bytes == 4 && storage.layout == wanted;
            let is_free = self.joins.place(value).is_none();
            alike && dies_here && is_free && !storage.view
        });
        match reusable {
            Some(input) => {
                let storage = self.any(input);
                self.set(0, storage.clone());
                storage
            }
            None => self.new_images(0),
        }
    }

    /// Whether another value lives in the same buffer.
    fn is_shared(&mut self, value: Value) -> bool {
        let buffer = self.storages.of(value).buffer;
        let later = |other: Value| self.needs.last_use(other).is_some_and(|last| last > self.node.index());
        if self.buffers[buffer.index()].persistent || self.storages.beside(value).any(later) {
            return true;
        }
        // nobody asks for the others any more: a buffer that is used again and again holds thousands in turn
        self.storages.leave_alone(value);
        false
    }

    /// The sum of all elements: first those that are a fixed distance apart, as if they were channels, then
    /// these sums.
    fn map_sum(&mut self, node: &Node, map: &Map, shape: &Shape) {
        let types: Vec<&TensorType> = node.inputs.iter().map(|&v| self.graph.ty(v)).collect();
        let flat = types.iter().all(|ty| ty.shape == *shape || ty.shape.elements() == 1);
        let elements = shape.elements();
        let lanes = if flat { 1 << elements.trailing_zeros().min(6) } else { shape.channels() };
        let rows = Layout::dense(&Shape::image(1, elements / lanes, lanes));
        let mut operands = Vec::with_capacity(node.inputs.len());
        let mut args = Vec::with_capacity(node.inputs.len() + 1);
        for (&input, ty) in node.inputs.iter().zip(&types) {
            let storage = self.any(input);
            args.push(self.whole(&storage, AccessMode::Read));
            let kind = match ty.shape.elements() {
                1 => OperandKind::Scalar,
                _ if ty.shape == *shape => OperandKind::Image(rows),
                _ => OperandKind::Channel,
            };
            operands.push(Operand { kind, element: ty.element });
        }
        let name = format!("{} sums", self.layer());
        let buffer = self.add_buffer(name, lanes * 4);
        let partial = Storage::whole(buffer, &Shape::vector(lanes));
        args.push(self.whole(&partial, AccessMode::Write));
        let domain = Domain::Images { height: 1, width: elements / lanes, channels: lanes };
        let outputs = vec![(map.results[0].0, MapOutput::ChannelSum)];
        let kernel = KernelDesc::Map(MapDesc { domain, operands, expr: map.expr.clone(), outputs });
        self.launch(kernel, Space::Single, args, Count::Fixed(1));
        let total = self.new_whole(0);
        let mut expr = Expr::new();
        let x = expr.input(0);
        let column = Layout::dense(&Shape::image(1, lanes, 1));
        let kernel = KernelDesc::Map(MapDesc {
            domain: Domain::Images { height: 1, width: lanes, channels: 1 },
            operands: vec![Operand { kind: OperandKind::Image(column), element: Element::F32 }],
            expr,
            outputs: vec![(x, MapOutput::ChannelSum)],
        });
        let args = vec![self.whole(&partial, AccessMode::Read), self.whole(&total, AccessMode::Write)];
        self.launch(kernel, Space::Single, args, Count::Fixed(1));
    }

    fn map_whole(&mut self, node: &Node, map: &Map, shape: &Shape) {
        if matches!(map.results[..], [(_, MapResult::Sum)]) {
            return self.map_sum(node, map, shape);
        }
        let types: Vec<&TensorType> = node.inputs.iter().map(|&v| self.graph.ty(v)).collect();
        let flat = types.iter().all(|ty| ty.shape == *shape || ty.shape.elements() == 1);
        let channels = shape.channels();
        let space = if flat { self.flat_space(shape) } else { Space::Single };
        let rows = Layout::dense(&Shape::image(1, shape.elements() / channels, channels));
        let mut operands = Vec::with_capacity(node.inputs.len());
        let mut args = Vec::with_capacity(node.inputs.len() + map.results.len());
        for (&input, ty) in node.inputs.iter().zip(&types) {
            let storage = self.any(input);
            let kind = if ty.shape == *shape && (flat || shape.rank() > 1) {
                args.push(self.part(&storage, space, AccessMode::Read));
                if flat { OperandKind::Flat } else { OperandKind::Image(rows) }
            } else {
                args.push(self.whole(&storage, AccessMode::Read));
                if ty.shape.elements() == 1 { OperandKind::Scalar } else { OperandKind::Channel }
            };
            operands.push(Operand { kind, element: ty.element });
        }
        let mut outputs = Vec::with_capacity(map.results.len());
        for (output, &(id, _)) in (0_u16..).zip(&map.results) {
            let storage = self.place_of_update(output);
            outputs.push((id, if flat { MapOutput::Flat } else { MapOutput::Image(rows) }));
            args.push(self.part(&storage, space, AccessMode::Write));
        }
        let (width, domain) = (shape.elements() / channels, Domain::Flat);
        let domain = if flat { domain } else { Domain::Images { height: 1, width, channels } };
        let kernel = KernelDesc::Map(MapDesc { domain, operands, expr: map.expr.clone(), outputs });
        let count = if flat { Self::flat_count(space, shape) } else { Count::Fixed(1) };
        self.launch(kernel, space, args, count);
    }

    /// A new value of a parameter is written over the old one where nothing reads the old one afterwards.
    fn place_of_update(&mut self, output: u16) -> Storage {
        let value = Value { node: self.node, output };
        let graph = self.graph;
        let Some(param) = self.updates.param_of(value) else { return self.new_whole(output) };
        let last_read = self.updates.reads(param).and_then(|old| self.needs.last_use(old));
        let read_later = last_read.is_some_and(|last| last > self.node.index());
        if read_later {
            return self.new_whole(output);
        }
        let storage = Storage::whole(self.params[param.index()], &graph.params[param.index()].shape);
        self.set(output, storage.clone());
        storage
    }

    /// Copies per-image data from one layout to another.
    pub(super) fn copy_images(&mut self, from: &Storage, to: &Storage) {
        let Layout { height, width, channels, .. } = from.layout;
        let mut expr = Expr::new();
        let x = expr.input(0);
        let source = Operand { kind: OperandKind::Image(from.layout), element: Element::F32 };
        self.launch_map(&ImageMap {
            shape: [height, width, channels],
            sources: vec![(source, from.clone())],
            expr,
            results: vec![(x, to.clone())],
        });
    }

    /// Copies a tensor that is not per image.
    pub(super) fn copy_flat(&mut self, from: &Storage, to: &Storage, shape: &Shape) {
        let mut expr = Expr::new();
        let x = expr.input(0);
        let desc = MapDesc {
            domain: Domain::Flat,
            operands: vec![Operand { kind: OperandKind::Flat, element: Element::F32 }],
            expr,
            outputs: vec![(x, MapOutput::Flat)],
        };
        let space = self.flat_space(shape);
        let args = vec![self.part(from, space, AccessMode::Read), self.part(to, space, AccessMode::Write)];
        self.launch(KernelDesc::Map(desc), space, args, Self::flat_count(space, shape));
    }

    /// Zeros around the image are a halo that is data.
    pub(super) fn pad(&mut self, node: &Node, amounts: [usize; 4]) {
        let x = self.inputs(node, 0);
        let y = self.new_images(0);
        let [top, bottom, left, right] = amounts;
        let inner = Layout {
            height: x.layout.height,
            width: x.layout.width,
            origin: y.layout.origin + top * y.layout.row_pitch + left * y.layout.pixel_pitch,
            ..y.layout
        };
        debug_assert_eq!(inner.height + top + bottom, y.layout.height);
        debug_assert_eq!(inner.width + left + right, y.layout.width);
        let clear = KernelDesc::Fill(FillDesc::around(inner));
        let args = vec![self.per_image(&y, AccessMode::Write)];
        self.launch(clear, self.image_space(), args, Count::Part);
        self.copy_images(&x, &Storage { layout: inner, ..y });
    }

    /// Operands that were not written in their place are copied there.
    pub(super) fn concat(&mut self, node: &Node) {
        let value = Value { node: self.node, output: 0 };
        let y = self.new_images(0);
        let mut start = 0;
        for &input in &node.inputs {
            let x = self.any(input);
            let channels = x.layout.channels;
            if self.joins.place(input) != Some((value, start)) {
                self.copy_images(&x, &y.clone().channels(start, channels));
            }
            start += channels;
        }
    }

    pub(super) fn moments(&mut self, node: &Node) {
        let x = self.inputs(node, 0);
        let channels = x.layout.channels;
        let bytes = 3 * channels * 4;
        let name = format!("{} moments by shard", self.layer());
        let buffer = self.add_buffer(name, bytes * self.division().shards);
        let partial = Access {
            buffer,
            offset: 0,
            stride: bytes,
            region: Region::Block { bytes },
            mode: AccessMode::Write,
        };
        let args = vec![self.per_image(&x, AccessMode::Read), partial];
        self.launch(
            KernelDesc::Moments(MomentsDesc { input: x.layout }),
            self.image_space(),
            args,
            Count::Part,
        );
        let (mean, variance) = (self.new_whole(0), self.new_whole(1));
        let region = Region::Block { bytes: bytes * self.division().shards };
        let partials = Access { buffer, offset: 0, stride: 0, region, mode: AccessMode::Read };
        let args =
            vec![partials, self.whole(&mean, AccessMode::Write), self.whole(&variance, AccessMode::Write)];
        let desc = KernelDesc::CombineMoments(CombineMomentsDesc { channels, parts: self.division().shards });
        self.launch(desc, Space::Single, args, Count::Fixed(1));
    }
}
