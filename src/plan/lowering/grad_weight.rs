//! The gradient of a convolution by its weights, over the whole batch at once.
//!
//! A shard's part of the gradient is as large as the weights: eight of them, written, read again and added
//! up, cost more than the products where the weights are large and the pictures small. Then the tasks have
//! some input channels each, and all pictures: nothing is added up twice, and sums are long.

use super::Lowerer;
use super::split::Parts;
use super::storage::Storage;
use crate::desc::{ConvGradWeightDesc, KernelDesc};
use crate::plan::launch::{Access, AccessMode, Count, Region, Space};
use crate::tensor::Layout;

/// Bytes of all shards' parts of a gradient below which they stay in the second-level cache, and cost little.
const WORTH_JOINING: usize = 1 << 20;

/// Input channels of a task: a multiple of this, of the rows that tiles have.
const UNIT: usize = 8;

impl Lowerer<'_> {
    /// Launches the product with some input channels a task. False where parts by pictures are as good: where
    /// they are small, or all pictures, which each task reads, are larger than they.
    pub(super) fn grad_weight_by_inputs(
        &mut self,
        desc: &ConvGradWeightDesc,
        x: &Storage,
        dy: &Storage,
    ) -> bool {
        let (inputs, outputs) = (desc.input.channels, desc.grad.channels);
        let taps = desc.window.area();
        let row = outputs * size_of::<f32>();
        let parts_by_shards = self.division().shards * taps * inputs * row;
        let pictures = self.images() * (x.image_bytes() + dy.image_bytes());
        if desc.groups != 1 || parts_by_shards < WORTH_JOINING || pictures > parts_by_shards {
            return false;
        }
        let Some(parts) = Parts::of(inputs, UNIT) else { return false };
        let (x, layout) = self.channels(x, parts.part, AccessMode::Read);
        let kernel = |channels: usize| {
            let input = Layout { channels, ..layout };
            KernelDesc::ConvGradWeight(ConvGradWeightDesc { input, ..*desc })
        };
        let dw = self.new_whole(0);
        let dw = Access {
            buffer: dw.buffer,
            offset: dw.start_bytes(),
            stride: parts.part * row,
            region: Region::Rows { rows: taps, pitch: inputs * row, bytes: parts.part * row },
            mode: AccessMode::Write,
        };
        let args = vec![x, self.all_images(dy, AccessMode::Read), dw];
        let space = Space::Columns { len: inputs, part: parts.part };
        self.launch_with_tail(kernel(parts.part), parts.tail().map(kernel), space, args, Count::Batch);
        true
    }
}
