//! Convolutions by Winograd's method, a step over the whole batch after the other: weights at the points are
//! then read once, not by every shard.

use super::Lowerer;
use super::conv::Operands;
use super::conv_weights::Method;
use crate::desc::{ConvDesc, KernelDesc, WinogradStep, WinogradStepDesc, WinogradWeightDesc};
use crate::kernel::Calls;
use crate::kernel::winograd::{Planes, choose_by_points};
use crate::plan::launch::{Access, AccessMode, BufferId, Count, Region, Space};

impl Lowerer<'_> {
    /// Launches the steps where that is the cheapest. `weight` holds rows.
    pub(super) fn conv_by_points(&mut self, desc: &ConvDesc, operands: &Operands, weight: Access) -> bool {
        let shards = self.division().shards;
        let once = self.is_fixed(weight.buffer);
        let calls = Calls { images: desc.images, cold: self.is_cold() };
        let Some(square) = choose_by_points(desc, (calls, shards), once, &self.target) else { return false };
        let weight = self.weights_for(Method::Winograd(square), desc, weight);
        let images = shards * desc.images;
        let step = |step| KernelDesc::WinogradStep(WinogradStepDesc { conv: *desc, square, images, step });
        let planes = Planes::of(desc, square, images);
        let channels = [desc.input.channels, desc.output.channels];
        let [inputs, results] = [0, 1].map(|side| {
            let name = format!("{} {} at points", self.layer(), ["input", "result"][side]);
            let bytes = square.area() * planes.pitch[side] * 4;
            Points {
                buffer: self.add_buffer(name, bytes),
                points: square.area(),
                pitch: planes.pitch[side] * 4,
                shard: desc.images * planes.squares * channels[side] * 4,
            }
        });

        let args = vec![self.per_image(&operands.x, AccessMode::Read), inputs.of_shard(AccessMode::Write)];
        self.launch(step(WinogradStep::Inputs), self.image_space(), args, Count::Part);

        let points = Space::Flat { len: square.area(), part: 1 };
        let block = WinogradWeightDesc::block(channels[1], self.target.simd.lanes());
        let bytes = channels[0] * block * 4;
        let region = Region::Rows { rows: channels[1].div_ceil(block), pitch: square.area() * bytes, bytes };
        let weight = Access { stride: bytes, region, ..weight };
        let args = vec![inputs.of_point(AccessMode::Read), weight, results.of_point(AccessMode::Write)];
        self.launch(step(WinogradStep::Products { images }), points, args, Count::Part);

        let args = self.outlet(operands).behind([results.of_shard(AccessMode::Read)]);
        self.launch(step(WinogradStep::Results), self.image_space(), args, Count::Part);
        true
    }
}

/// Squares of all images at the points. All sizes in bytes.
struct Points {
    buffer: BufferId,
    points: usize,
    /// From a point's matrix to the next.
    pitch: usize,
    /// Rows of a shard in such a matrix.
    shard: usize,
}

impl Points {
    /// The rows of a task's images, at every point.
    fn of_shard(&self, mode: AccessMode) -> Access {
        let region = Region::Rows { rows: self.points, pitch: self.pitch, bytes: self.shard };
        Access { buffer: self.buffer, offset: 0, stride: self.shard, region, mode }
    }

    /// All rows at a task's point.
    fn of_point(&self, mode: AccessMode) -> Access {
        let region = Region::Block { bytes: self.pitch };
        Access { buffer: self.buffer, offset: 0, stride: self.pitch, region, mode }
    }
}
