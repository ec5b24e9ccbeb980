//! What methods have in common that make a product of few multiplications and many additions: sums of the
//! inputs at this many points, one matrix product for each point, and results that are sums of these.
//!
//! The points are those of a polynomial in Winograd's method ([`super::winograd`]), and the seven products of
//! quarters in Strassen's ([`super::strassen`]).

mod blocks;
mod outlet;
mod products;

pub(super) use blocks::Blocks;
pub(super) use outlet::{Outlet, finish, winners};
pub(super) use products::Products;

use cranelift::prelude::Value;

use super::builder::{KernelBuilder, Trips};
use super::cache::{from_memory, streaming};

/// Cycles of one call of a strip or tile besides its arithmetic.
pub(super) const CALL: f64 = 12.0;

/// Elements from a point's matrix to the next, for this many rows of this many numbers: an odd number of cache
/// lines, so that a row's points, which are written together, do not fall on the same sets.
pub(super) fn plane(rows: usize, numbers: usize) -> usize {
    const LINE: usize = 16;
    ((rows * numbers).div_ceil(LINE) | 1) * LINE
}

/// How a convolution is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Calls {
    /// Images of a call.
    pub(crate) images: usize,
    /// Each call reads its weights from memory.
    pub(crate) cold: bool,
}

impl Calls {
    /// Cycles to read this many weights for the first time in a call.
    pub(super) fn first_read(self, weights: usize) -> f64 {
        let bytes = weights * size_of::<f32>();
        if self.cold { from_memory(bytes) } else { streaming(bytes) }
    }
}

/// Runs over the images of the call, `together` of them at a time (a power of two), then over those that are
/// left: `body` gets the first, and how many there are.
pub(super) fn for_images_together(
    k: &mut KernelBuilder<'_>,
    together: usize,
    mut body: impl FnMut(&mut KernelBuilder<'_>, Value, Trips),
) {
    let count = k.count();
    let whole = if together == 1 { count } else { k.index_round_down(count, together) };
    k.fold_steps(0, whole, together, &[], |k, image, _| {
        body(k, image, Trips::Constant(together));
        Vec::new()
    });
    if together > 1 {
        let rest = k.index_sub(count, whole);
        k.when(rest, |k| body(k, whole, Trips::Runtime(rest)));
    }
}
