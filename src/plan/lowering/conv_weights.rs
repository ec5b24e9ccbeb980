//! How a convolution is computed, and its weights as that wants them, made once for the whole batch.

use super::Lowerer;
use crate::ir::Value;
use crate::kernel::desc::{ConvDesc, DepthwiseDesc, KernelDesc, PackDesc, WinogradDesc, WinogradWeightDesc};
use crate::kernel::{conv, depthwise, winograd};
use crate::plan::launch::{Access, BufferId, Count, Launch, Mode, Region, Space};

/// Tasks that rearrange weights, at most.
const TASKS: usize = 8;

impl Lowerer<'_> {
    /// The kernel of a convolution and the argument for its weights, which lie in `weight` as rows: at the points of Winograd's method where that is cheaper,
    /// else in blocks where there are many output channels. `of` is the value that they come from.
    pub(super) fn conv_kernel(&mut self, desc: ConvDesc, weight: Access, of: Value) -> (KernelDesc, Access) {
        let blocked = ConvDesc { block: conv::block(&desc, &self.target), ..desc };
        let Some(square) = winograd::choose(&blocked, self.shard, &self.target) else {
            let weight = match blocked.block {
                Some(block) => self.packed(weight.buffer, &desc, block, of),
                None => weight,
            };
            return (direct(blocked), weight);
        };
        let (inputs, outputs) = (desc.input.channels, desc.output.channels);
        let points = WinogradWeightDesc { square, flipped: desc.grad_input, inputs, outputs };
        let weight = self.weights_at_points(points, weight.buffer, of);
        (KernelDesc::Winograd(WinogradDesc { conv: desc, square, images: self.shard }), weight)
    }

    fn weights_at_points(&mut self, desc: WinogradWeightDesc, weight: BufferId, of: Value) -> Access {
        let lanes = self.target.simd.lanes();
        let block = WinogradWeightDesc::block(desc.outputs, lanes);
        let from = Rows { buffer: weight, planes: 9, width: desc.outputs };
        let planes = desc.square.area() * desc.outputs.div_ceil(block);
        self.rearranged(KernelDesc::WinogradWeight(desc), desc.inputs, from, (planes, block), ("kernel at points", of))
    }

    fn packed(&mut self, weight: BufferId, desc: &ConvDesc, block: usize, of: Value) -> Access {
        let (rows, columns) = (desc.window.area() * desc.input.channels, desc.output.channels);
        let from = Rows { buffer: weight, planes: 1, width: columns };
        let kernel = KernelDesc::Pack(PackDesc { rows, columns, block });
        self.rearranged(kernel, rows, from, (columns.div_ceil(block), block), ("kernel in blocks", of))
    }

    /// Launches a kernel that goes through `count` rows of weights, some a task, and writes as many rows of each of `(planes, width)`.
    fn rearranged(
        &mut self,
        kernel: KernelDesc,
        count: usize,
        from: Rows,
        (planes, width): (usize, usize),
        (what, of): (&str, Value),
    ) -> Access {
        let bytes = planes * count * width * 4;
        // weights that never change are rearranged when they are loaded
        let setup = self.constant[of.node.index()];
        let buffer = self.add_buffer(format!("{} {what}", self.layer()), bytes, setup);
        let tasks = (1..=TASKS).rev().find(|tasks| count.is_multiple_of(*tasks)).unwrap_or(1);
        let part = count / tasks;
        let access = |rows: &Rows, mode: Mode| {
            let region =
                Region::Rows { rows: rows.planes, pitch: count * rows.width * 4, bytes: part * rows.width * 4 };
            Access { buffer: rows.buffer, offset: 0, stride: part * rows.width * 4, region, mode }
        };
        let args = vec![access(&from, Mode::Read), access(&Rows { buffer, planes, width }, Mode::Write)];
        let (space, layer) = (Space::Flat { len: count, part }, self.layer());
        self.launches.push(Launch { kernel, tail: None, space, args, count: Count::Part, layer, setup });
        Access { buffer, offset: 0, stride: 0, region: Region::Block { bytes }, mode: Mode::Read }
    }
}

/// The kernel that makes every product: along the channels where each is by itself.
fn direct(desc: ConvDesc) -> KernelDesc {
    if depthwise::applies(&desc) { KernelDesc::Depthwise(DepthwiseDesc { conv: desc }) } else { KernelDesc::Conv(desc) }
}

/// Planes of rows.
struct Rows {
    buffer: BufferId,
    planes: usize,
    /// Elements of a row.
    width: usize,
}
