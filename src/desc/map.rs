//! Element-wise kernels over images or over flat runs of elements.

use super::{Expr, ExprId};
use crate::tensor::{Element, Layout};

/// The elements a map kernel visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Domain {
    /// Every element of `count` images `[H, W, C]`.
    Images {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// Channels.
        channels: usize,
    },
    /// `count` elements that follow each other (parameters, optimizer state): one kernel serves every length.
    Flat,
}

/// How an operand is addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperandKind {
    /// One value per element and image, at this layout. Its `[H, W, C]` equals the domain's, or is `[1, 1,
    /// C]` (then the same vector serves every pixel of its image: the gradient of a global pool).
    Image(Layout),
    /// One value per element of a flat run ([`Domain::Flat`] only).
    Flat,
    /// A vector `[C]`: one value per channel, the same for every image and pixel.
    Channel,
    /// One value for all.
    Scalar,
}

/// An operand of a map kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operand {
    /// How it is addressed.
    pub kind: OperandKind,
    /// What it holds; anything but `F32` is converted when read (a random key is taken as 32 bits).
    pub element: Element,
}

/// What becomes of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MapOutput {
    /// Stored per element and image. May be the same memory and layout as an operand (in place).
    Image(Layout),
    /// Stored per element of a flat run.
    Flat,
    /// Summed over the images and pixels of the call into a vector `[C]`; written even when `count` is 0
    /// (zeros).
    ChannelSum,
    /// Summed over the pixels of each image into a vector `[1, 1, C]` at this layout. A map has sums of one
    /// kind.
    PixelSum(Layout),
}

impl MapOutput {
    /// Whether values of several elements are added up.
    pub fn is_sum(self) -> bool {
        match self {
            MapOutput::ChannelSum | MapOutput::PixelSum(_) => true,
            MapOutput::Image(_) | MapOutput::Flat => false,
        }
    }
}

/// Evaluates expressions at every element of the domain.
///
/// Arguments: the operands in order, then the outputs in order. Operand and output memory are disjoint, or
/// identical with the same layout. The order of a channel sum's additions is fixed by the description and
/// `count`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MapDesc {
    /// The elements visited.
    pub domain: Domain,
    /// Operands, `Input(i)` being the i-th.
    pub operands: Vec<Operand>,
    /// All expressions.
    pub expr: Expr,
    /// Each result and what becomes of it.
    pub outputs: Vec<(ExprId, MapOutput)>,
}
