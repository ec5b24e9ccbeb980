//! Convolutions and their gradients.

use super::Lowerer;
use crate::ir::Node;
use crate::kernel::desc::{
    ConvDesc, ConvGradWeightDesc, DepthwiseGradWeightDesc, Epilogue, KernelDesc, PoolEpilogue, SumPartsDesc,
    TransposeDesc, WinogradGradWeightDesc,
};
use crate::kernel::{depthwise, winograd};
use crate::ops::{Conv, ConvGradInput, ConvGradWeight};
use crate::plan::launch::{Access, Count, Mode, Region, Space};

impl Lowerer<'_> {
    pub(super) fn conv(&mut self, node: &Node, conv: &Conv) {
        let x = self.haloed(node.inputs[0], conv.window.halo());
        let weight = self.inputs(node, 1);
        let y = self.new_images(0);
        let winners = conv.epilogue.winners.then(|| self.new_images(1));
        let epilogue = Epilogue {
            pool: conv.epilogue.pool.then(|| PoolEpilogue { winners: winners.as_ref().map(|w| w.layout) }),
            bias: conv.epilogue.bias,
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
            images: self.shard,
        };
        let mut args = vec![self.per_image(&x, Mode::Read), self.whole(&weight, Mode::Read)];
        if conv.epilogue.bias {
            let bias = self.inputs(node, 2);
            args.push(self.whole(&bias, Mode::Read));
        }
        args.push(self.per_image(&y, Mode::Write));
        args.extend(winners.map(|winners| self.per_image(&winners, Mode::Write)));
        let (kernel, weight) = self.conv_kernel(desc, args[1], node.inputs[1]);
        args[1] = weight;
        self.launch(kernel, self.image_space(), args, Count::Part);
    }

    pub(super) fn conv_grad_input(&mut self, node: &Node, grad: &ConvGradInput) {
        let dy = self.haloed(node.inputs[0], ConvDesc::needed_halo(&grad.window, true));
        let weight = self.inputs(node, 1);
        let extents = self.graph.ty(node.inputs[1]).shape.extents().to_vec();
        let (taps, rows, columns) = (extents[0] * extents[1], extents[2], extents[3]);
        // [Kh, Kw, I, O] → [Kh, Kw, O, I], a tap a task
        let bytes = taps * rows * columns * 4;
        let name = format!("{} transposed kernel", self.layer());
        let transposed = self.add_buffer(name, bytes, false);
        let part = rows * columns;
        let space = if taps * part <= super::PART || taps == 1 {
            Space::Single
        } else {
            Space::Flat { len: taps * part, part }
        };
        let stack = if space == Space::Single { taps } else { 1 };
        let tap = |buffer, mode| {
            let region = Region::Block { bytes: if space == Space::Single { bytes } else { part * 4 } };
            Access { buffer, offset: 0, stride: if space == Space::Single { 0 } else { part * 4 }, region, mode }
        };
        let args = vec![tap(weight.buffer, Mode::Read), tap(transposed, Mode::Write)];
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
            images: self.shard,
        };
        let all = Region::Block { bytes };
        let weight = Access { buffer: transposed, offset: 0, stride: 0, region: all, mode: Mode::Read };
        let (kernel, weight) = self.conv_kernel(desc, weight, node.inputs[1]);
        let args = vec![self.per_image(&dy, Mode::Read), weight, self.per_image(&dx, Mode::Write)];
        self.launch(kernel, self.image_space(), args, Count::Part);
    }

    pub(super) fn conv_grad_weight(&mut self, node: &Node, grad: &ConvGradWeight) {
        let x = self.haloed(node.inputs[0], grad.window.halo());
        let dy = self.inputs(node, 1);
        let shape = node.types[0].shape.clone();
        let desc = ConvGradWeightDesc { window: grad.window, groups: grad.groups, input: x.layout, grad: dy.layout };
        let args = vec![self.per_image(&x, Mode::Read), self.per_image(&dy, Mode::Read)];
        let kernel = match winograd::choose_grad_weight(&desc, self.shard, &self.target) {
            Some(square) => {
                KernelDesc::WinogradGradWeight(WinogradGradWeightDesc { conv: desc, square, images: self.shard })
            }
            None if depthwise::applies_to_grad_weight(&desc) => {
                KernelDesc::DepthwiseGradWeight(DepthwiseGradWeightDesc { conv: desc })
            }
            None => KernelDesc::ConvGradWeight(desc),
        };
        self.reduce_over_shards(kernel, args, &[(0, shape.elements(), shape)]);
    }

    /// Launches a kernel whose last arguments are sums over its images: each shard makes a partial one, a fixed tree adds them up.
    /// Each of `sums` is (result, elements, shape of the result's space).
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
            let buffer = self.add_buffer(name, bytes * self.shards, false);
            args.push(Access { buffer, offset: 0, stride: bytes, region: Region::Block { bytes }, mode: Mode::Write });
            partials.push(buffer);
        }
        self.launch(kernel, self.image_space(), args, Count::Part);
        for ((output, elements, shape), buffer) in sums.iter().zip(partials) {
            let sum = self.new_whole(*output);
            let space = self.flat_space(shape);
            let desc = KernelDesc::SumParts(SumPartsDesc { parts: self.shards, pitch: *elements });
            let pitch = elements * 4;
            let source = match space {
                Space::Flat { part, .. } => {
                    let region = Region::Rows { rows: self.shards, pitch, bytes: part * 4 };
                    Access { buffer, offset: 0, stride: part * 4, region, mode: Mode::Read }
                }
                Space::Images { .. } | Space::Columns { .. } | Space::Single => {
                    let region = Region::Block { bytes: pitch * self.shards };
                    Access { buffer, offset: 0, stride: 0, region, mode: Mode::Read }
                }
            };
            let args = vec![source, self.part(&sum, space, Mode::Write)];
            self.launch(desc, space, args, Self::flat_count(space, shape));
        }
    }
}
