//! Convolutions and their gradients.

use super::Lowerer;
use super::conv_weights::Method;
use super::split::Parts;
use super::storage::Storage;
use crate::desc::{
    ConvDesc, ConvGradWeightDesc, ConvOutlet, Epilogue, KernelDesc, PoolEpilogue, Rank, Square, SumPartsDesc,
    TransposeDesc,
};
use crate::ir::Node;
use crate::kernel::conv;
use crate::ops::{Conv, ConvGradInput, ConvGradWeight};
use crate::plan::choices::{Product, Way, grad_weight_kernel};
use crate::plan::launch::{Access, AccessMode, Count, Region, Space};
use crate::tensor::Layout;

impl Lowerer<'_> {
    pub(super) fn conv(&mut self, node: &Node, conv: &Conv) {
        let x = self.haloed(node.inputs[0], conv.window.halo());
        let weight = self.inputs(node, 1);
        let residual = conv.epilogue.residual.then(|| node.inputs[2 + usize::from(conv.epilogue.bias)]);
        let y = match residual {
            // over what is added, where nobody needs that afterwards and it is not read by neighbouring tiles
            // too
            Some(residual) if self.any(residual).buffer != x.buffer => self.new_images_over(&[residual]),
            _ => self.new_images(0),
        };
        let residual = residual.map(|residual| self.any(residual));
        let winners = conv.epilogue.winners.then(|| self.new_images(1));
        let epilogue = Epilogue {
            pool: conv.epilogue.pool.then(|| PoolEpilogue { winners: winners.as_ref().map(|w| w.layout) }),
            bias: conv.epilogue.bias,
            residual: residual.as_ref().map(|residual| residual.layout),
            activation: conv.epilogue.activation,
        };
        let desc = ConvDesc {
            window: conv.window,
            groups: conv.groups,
            input: x.layout,
            output: y.layout,
            epilogue,
            grad_input: false,
            block: None,
            images: self.division().shard,
            rank: Rank::default(),
        };
        let weight = self.whole(&weight, AccessMode::Read);
        let bias = conv.epilogue.bias.then(|| self.inputs(node, 2));
        let operands = Operands { x, y, bias, residual, winners };
        if self.divides_image(desc.flops()) {
            let by_channels = self.weighs_more_than_image(&desc) && !self.sums_rows(&desc);
            if by_channels && self.conv_by_channels(&desc, &operands, weight) {
                return;
            }
            if self.conv_by_rows(&desc, &operands, weight) {
                return;
            }
        }
        self.conv_by_shards(&desc, &operands, weight);
    }

    /// Whether more weights are read than two such images have numbers.
    fn weighs_more_than_image(&self, desc: &ConvDesc) -> bool {
        let taps = desc.window.area();
        let weights = (taps * desc.input.channels * desc.output.channels) as f64;
        weights * self.modelled(desc).weights_per_tap(taps) > 2.0 * desc.input.image_pitch as f64
    }

    /// Whether Strassen's method is worth it for some rows of the image: each task makes sums of its own rows
    /// then, and not of all of them.
    fn sums_rows(&self, desc: &ConvDesc) -> bool {
        let parts = Parts::of(desc.output.height, 1);
        parts.is_some_and(|parts| {
            matches!(self.modelled(&part_of_rows(desc, parts.part)), Method::Strassen { .. })
        })
    }

    /// A convolution of the batch, some images a task.
    fn conv_by_shards(&mut self, desc: &ConvDesc, operands: &Operands, weight: Access) {
        if self.conv_by_points(desc, operands, weight) {
            return;
        }
        let method = self.method(desc);
        let weight = self.weights_for(method, desc, weight);
        let args = self.outlet(operands).behind([self.per_image(&operands.x, AccessMode::Read), weight]);
        self.launch(method.kernel(*desc), self.image_space(), args, Count::Part);
    }

    /// What the last step reads and writes of the images of a task.
    pub(super) fn outlet(&self, operands: &Operands) -> ConvOutlet<Access> {
        ConvOutlet {
            bias: operands.bias.as_ref().map(|bias| self.whole(bias, AccessMode::Read)),
            residual: operands.residual.as_ref().map(|residual| self.per_image(residual, AccessMode::Read)),
            output: self.per_image(&operands.y, AccessMode::Write),
            winners: operands.winners.as_ref().map(|winners| self.per_image(winners, AccessMode::Write)),
        }
    }

    /// A convolution of one image, some rows of the result a task. False where it has too few.
    fn conv_by_rows(&mut self, desc: &ConvDesc, operands: &Operands, weight: Access) -> bool {
        let window = &desc.window;
        let scale = if desc.epilogue.pool.is_some() { 2 } else { 1 };
        let unit = Square::Four.side() / scale;
        let height = operands.y.layout.height;
        // whole squares where Winograd's method is worth it, else any rows
        let by_squares = Parts::of(height, unit).map(|parts| (parts, part_of_rows(desc, parts.part)));
        let by_squares = by_squares
            .map(|(parts, part)| (parts, self.method(&part)))
            .filter(|(_, method)| matches!(method, Method::Winograd(_)));
        let by_rows = || {
            let parts = Parts::of(height, 1)?;
            let block = conv::block(desc, &self.target);
            let method = match self.method(&part_of_rows(desc, parts.part)) {
                Method::Direct { rank, .. } => Method::Direct { block, rank },
                Method::Winograd(_) => Method::Direct { block, rank: Rank::default() },
                strassen @ Method::Strassen { .. } => strassen,
            };
            Some((parts, method))
        };
        let Some((parts, method)) = by_squares.or_else(by_rows) else { return false };
        let weight = self.weights_for(method, desc, weight);
        let rows = scale * parts.part;
        let touched = (rows - 1) * window.y.stride + window.y.effective();
        let x =
            self.rows(&operands.x, [rows * window.y.stride, window.y.pad_before, touched], AccessMode::Read);
        let y = self.rows(&operands.y, [parts.part, 0, parts.part], AccessMode::Write);
        let residual =
            operands.residual.as_ref().map(|r| self.rows(r, [parts.part, 0, parts.part], AccessMode::Read));
        let winners =
            operands.winners.as_ref().map(|w| self.rows(w, [parts.part, 0, parts.part], AccessMode::Write));
        let kernel = |rows: usize| {
            let mut desc = part_of_rows(desc, rows);
            (desc.input, desc.output) = (x.1, Layout { height: rows, ..y.1 });
            desc.epilogue.residual = residual.as_ref().map(|(_, layout)| Layout { height: rows, ..*layout });
            if let (Some(pool), Some((_, layout))) = (&mut desc.epilogue.pool, &winners) {
                pool.winners = Some(Layout { height: rows, ..*layout });
            }
            method.kernel(desc)
        };
        let outlet = ConvOutlet {
            bias: operands.bias.as_ref().map(|bias| self.whole(bias, AccessMode::Read)),
            residual: residual.as_ref().map(|(access, _)| *access),
            output: y.0,
            winners: winners.as_ref().map(|(access, _)| *access),
        };
        let args = outlet.behind([x.0, weight]);
        self.launch_with_tail(
            kernel(parts.part),
            parts.tail().map(kernel),
            parts.space(),
            args,
            Count::Fixed(1),
        );
        true
    }

    /// The same, some output channels a task: each reads its own weights alone. False where there are too
    /// few.
    fn conv_by_channels(&mut self, desc: &ConvDesc, operands: &Operands, weight: Access) -> bool {
        let block = conv::block_width(&self.target);
        let channels = desc.output.channels;
        let divides = desc.groups == 1 && channels.is_multiple_of(block);
        let Some(parts) = Parts::of(channels, block).filter(|_| divides) else { return false };
        let part = ConvDesc { output: Layout { channels: parts.part, ..desc.output }, ..*desc };
        let method = match self.method(&part) {
            Method::Direct { rank, .. } => Method::Direct { block: Some(block), rank },
            // its halves are those of a call: a last call of fewer channels has other ones
            Method::Strassen { .. } if parts.tail().is_some() => {
                Method::Direct { block: Some(block), rank: Rank::default() }
            }
            other @ (Method::Winograd(_) | Method::Strassen { .. }) => other,
        };
        let all = self.weights_for(method, desc, weight);
        // blocks that are filled up have bytes for no channel: a part has its share, a channel has none
        let bytes = all.region.touched_bytes() * parts.part / channels;
        let weight = Access { stride: bytes, region: Region::Block { bytes }, ..all };
        let (y, layout) = self.channels(&operands.y, parts.part, AccessMode::Write);
        let residual = operands.residual.as_ref().map(|r| self.channels(r, parts.part, AccessMode::Read));
        let winners = operands.winners.as_ref().map(|w| self.channels(w, parts.part, AccessMode::Write));
        let kernel = |channels: usize| {
            let mut desc = ConvDesc { output: Layout { channels, ..layout }, ..*desc };
            desc.epilogue.residual = residual.as_ref().map(|(_, layout)| Layout { channels, ..*layout });
            if let (Some(pool), Some((_, layout))) = (&mut desc.epilogue.pool, &winners) {
                pool.winners = Some(Layout { channels, ..*layout });
            }
            method.kernel(desc)
        };
        let bias_of_part = |bias: &Storage| {
            let (bytes, offset) = (parts.part * 4, bias.start_bytes());
            let region = Region::Block { bytes };
            Access { buffer: bias.buffer, offset, stride: bytes, region, mode: AccessMode::Read }
        };
        let outlet = ConvOutlet {
            bias: operands.bias.as_ref().map(bias_of_part),
            residual: residual.as_ref().map(|(access, _)| *access),
            output: y,
            winners: winners.as_ref().map(|(access, _)| *access),
        };
        let args = outlet.behind([self.all_images(&operands.x, AccessMode::Read), weight]);
        let space = Space::Columns { len: parts.len, part: parts.part };
        self.launch_with_tail(kernel(parts.part), parts.tail().map(kernel), space, args, Count::Fixed(1));
        true
    }

    pub(super) fn conv_grad_input(&mut self, node: &Node, grad: &ConvGradInput) {
        let dy = self.haloed(node.inputs[0], ConvDesc::gradient_halo(&grad.window));
        let weight = self.inputs(node, 1);
        let extents = self.graph.ty(node.inputs[1]).shape.extents().to_vec();
        let (taps, rows, columns) = (extents[0] * extents[1], extents[2], extents[3]);
        // [Kh, Kw, I, O] → [Kh, Kw, O, I], a tap a task
        let bytes = taps * rows * columns * 4;
        let name = format!("{} transposed kernel", self.layer());
        let transposed = self.add_buffer(name, bytes);
        let part = rows * columns;
        let space = if taps * part <= super::PART || taps == 1 {
            Space::Single
        } else {
            Space::Flat { len: taps * part, part }
        };
        let stack = if space == Space::Single { taps } else { 1 };
        let tap = |buffer, offset, mode| {
            let region = Region::Block { bytes: if space == Space::Single { bytes } else { part * 4 } };
            Access { buffer, offset, stride: if space == Space::Single { 0 } else { part * 4 }, region, mode }
        };
        let args = vec![
            tap(weight.buffer, weight.start_bytes(), AccessMode::Read),
            tap(transposed, 0, AccessMode::Write),
        ];
        let transpose = KernelDesc::Transpose(TransposeDesc { stack, rows, columns });
        self.launch(transpose, space, args, Count::Fixed(1));

        let dx = self.new_images(0);
        let desc = ConvDesc {
            window: grad.window,
            groups: grad.groups,
            input: dy.layout,
            output: dx.layout,
            epilogue: Epilogue::default(),
            grad_input: true,
            block: None,
            images: self.division().shard,
            rank: Rank::default(),
        };
        let all = Region::Block { bytes };
        let weight = Access { buffer: transposed, offset: 0, stride: 0, region: all, mode: AccessMode::Read };
        let operands = Operands { x: dy, y: dx, bias: None, residual: None, winners: None };
        self.conv_by_shards(&desc, &operands, weight);
    }

    pub(super) fn conv_grad_weight(&mut self, node: &Node, grad: &ConvGradWeight) {
        let x = self.haloed(node.inputs[0], grad.window.halo());
        let dy = self.inputs(node, 1);
        let shape = node.types[0].shape.clone();
        let (window, groups) = (grad.window, grad.groups);
        let tap_rows = x.layout.channels / groups;
        let desc = ConvGradWeightDesc { window, groups, input: x.layout, grad: dy.layout, tap_rows, cut: 0 };
        let way = self.way(Product::GradWeight(desc), self.division().shard);
        if matches!(way, Way::Direct(_)) && self.grad_weight_by_inputs(&desc, &x, &dy) {
            return;
        }
        let args = vec![self.per_image(&x, AccessMode::Read), self.per_image(&dy, AccessMode::Read)];
        let kernel = grad_weight_kernel(&desc, way, self.division().shard);
        self.reduce_over_shards(kernel, args, &[(0, shape.elements(), shape)]);
    }

    /// Launches a kernel whose last arguments are sums over its images: each shard makes a partial one, a
    /// fixed tree adds them up. Each of `sums` is (result, elements, shape of the result's space).
    pub(super) fn reduce_over_shards(
        &mut self,
        kernel: KernelDesc,
        mut args: Vec<Access>,
        sums: &[(u16, usize, crate::tensor::Shape)],
    ) {
        let mut partials = Vec::with_capacity(sums.len());
        for &(output, elements, _) in sums {
            let name = format!("{} {}.{output} by shard", self.layer(), kernel.family());
            let bytes = elements * 4;
            let buffer = self.add_buffer(name, bytes * self.division().shards);
            args.push(Access {
                buffer,
                offset: 0,
                stride: bytes,
                region: Region::Block { bytes },
                mode: AccessMode::Write,
            });
            partials.push(buffer);
        }
        self.launch(kernel, self.image_space(), args, Count::Part);
        for ((output, elements, shape), buffer) in sums.iter().zip(partials) {
            let sum = self.new_whole(*output);
            let space = self.flat_space(shape);
            let desc = KernelDesc::SumParts(SumPartsDesc { parts: self.division().shards, pitch: *elements });
            let pitch = elements * 4;
            let source = match space {
                Space::Flat { part, .. } => {
                    let region = Region::Rows { rows: self.division().shards, pitch, bytes: part * 4 };
                    Access { buffer, offset: 0, stride: part * 4, region, mode: AccessMode::Read }
                }
                Space::Images { .. } | Space::Columns { .. } | Space::Single => {
                    let region = Region::Block { bytes: pitch * self.division().shards };
                    Access { buffer, offset: 0, stride: 0, region, mode: AccessMode::Read }
                }
            };
            let args = vec![source, self.part(&sum, space, AccessMode::Write)];
            self.launch(desc, space, args, Self::flat_count(space, shape));
        }
    }
}

/// What a convolution reads and writes besides its weights.
pub(super) struct Operands {
    pub(super) x: Storage,
    pub(super) y: Storage,
    pub(super) bias: Option<Storage>,
    pub(super) residual: Option<Storage>,
    pub(super) winners: Option<Storage>,
}

/// The description of some rows of the result (of the pool's result, where there is one).
fn part_of_rows(desc: &ConvDesc, rows: usize) -> ConvDesc {
    let mut part = *desc;
    part.window.y.output = if desc.epilogue.pool.is_some() { 2 * rows } else { rows };
    part.output.height = rows;
    part
}
