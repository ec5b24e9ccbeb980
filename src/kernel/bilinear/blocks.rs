//! Output channels in blocks.

use cranelift::prelude::Value;

use crate::desc::WinogradWeightDesc;
use crate::kernel::Simd;
use crate::kernel::builder::KernelBuilder;

/// A row of channels cut into blocks that lie apart from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::kernel) struct Blocks {
    pub(in crate::kernel) channels: usize,
    /// Channels of a block; the last may have fewer.
    pub(in crate::kernel) width: usize,
}

impl Blocks {
    pub(in crate::kernel) fn of(channels: usize, simd: Simd) -> Self {
        Self { channels, width: WinogradWeightDesc::block(channels, simd.lanes()) }
    }

    /// How many there are.
    pub(in crate::kernel) fn count(&self) -> usize {
        self.channels.div_ceil(self.width)
    }

    /// Channels with those that only fill up the last block.
    pub(in crate::kernel) fn padded(&self) -> usize {
        self.channels.next_multiple_of(self.width)
    }

    /// Sum over the blocks of what each costs, by its width.
    pub(in crate::kernel) fn sum(&self, cost: impl Fn(usize) -> f64) -> f64 {
        let (whole, rest) = (self.channels / self.width, self.channels % self.width);
        let last = if rest > 0 { cost(rest) } else { 0.0 };
        whole as f64 * cost(self.width) + last
    }

    /// Runs `body` with each block's number and width.
    pub(in crate::kernel) fn for_each(
        &self,
        k: &mut KernelBuilder<'_>,
        mut body: impl FnMut(&mut KernelBuilder<'_>, Value, usize),
    ) {
        let (whole, rest) = (self.channels / self.width, self.channels % self.width);
        k.for_range(whole, |k, block| body(k, block, self.width));
        if rest > 0 {
            let block = k.index(whole);
            body(k, block, rest);
        }
    }
}
