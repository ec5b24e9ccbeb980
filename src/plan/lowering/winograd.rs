//! Convolutions by Winograd's method: where it is chosen, weights are brought to the points once for the whole batch.

use super::Lowerer;
use crate::ir::Value;
use crate::kernel::desc::{ConvDesc, KernelDesc, WinogradDesc, WinogradWeightDesc};
use crate::kernel::winograd;
use crate::plan::launch::{Access, BufferId, Count, Launch, Mode, Region, Space};

/// Tasks that bring weights to the points, at most.
const TASKS: usize = 8;

impl Lowerer<'_> {
    /// The kernel of a convolution and the argument for its weights, which lie in `weight` as the direct kernel wants them: their own where Winograd's method
    /// is not worth it. `of` is the value that they come from.
    pub(super) fn conv_kernel(&mut self, desc: ConvDesc, weight: Access, of: Value) -> (KernelDesc, Access) {
        let Some(square) = winograd::choose(&desc, self.shard, &self.target) else {
            return (KernelDesc::Conv(desc), weight);
        };
        let (inputs, outputs) = (desc.input.channels, desc.output.channels);
        let points = WinogradWeightDesc { square, flipped: desc.grad_input, inputs, outputs };
        let weight = self.weights_at_points(points, weight.buffer, of);
        (KernelDesc::Winograd(WinogradDesc { conv: desc, square, images: self.shard }), weight)
    }

    fn weights_at_points(&mut self, desc: WinogradWeightDesc, weight: BufferId, of: Value) -> Access {
        let lanes = self.target.simd.lanes();
        let bytes = desc.elements(lanes) * 4;
        // weights that never change are brought there when they are loaded
        let setup = self.constant[of.node.index()];
        let buffer = self.add_buffer(format!("{} kernel at points", self.layer()), bytes, setup);
        let tasks = (1..=TASKS).rev().find(|tasks| desc.inputs.is_multiple_of(*tasks)).unwrap_or(1);
        let part = desc.inputs / tasks;
        let block = WinogradWeightDesc::block(desc.outputs, lanes);
        let rows = |buffer: BufferId, rows: usize, width: usize, mode: Mode| {
            let region = Region::Rows { rows, pitch: desc.inputs * width * 4, bytes: part * width * 4 };
            Access { buffer, offset: 0, stride: part * width * 4, region, mode }
        };
        let planes = desc.square.area() * desc.outputs.div_ceil(block);
        let args = vec![rows(weight, 9, desc.outputs, Mode::Read), rows(buffer, planes, block, Mode::Write)];
        self.launches.push(Launch {
            kernel: KernelDesc::WinogradWeight(desc),
            tail: None,
            space: Space::Flat { len: desc.inputs, part },
            args,
            count: Count::Part,
            layer: self.layer(),
            setup,
        });
        Access { buffer, offset: 0, stride: 0, region: Region::Block { bytes }, mode: Mode::Read }
    }
}
