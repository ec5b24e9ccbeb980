//! Movement of data.

use crate::tensor::Layout;

/// Transposes `stack` matrices `[rows, columns]` into `[columns, rows]`. Arguments: source, destination.
/// `count` is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TransposeDesc {
    /// Number of matrices, one behind the other.
    pub stack: usize,
    /// Rows of the source.
    pub rows: usize,
    /// Columns of the source.
    pub columns: usize,
}

/// Stores `count` rows of a matrix in blocks of columns: from `[rows, columns]` to `[columns / W, rows, W]`;
/// the last block's pitch is `W` too. Arguments: source, destination, both from the first row of the call on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PackDesc {
    /// Rows of the whole matrix.
    pub rows: usize,
    /// Its columns.
    pub columns: usize,
    /// `W`
    pub block: usize,
}

/// Writes zeros over what surrounds the pixels of `count` images: the halo, all of `image_pitch` but the
/// pixels themselves (for a layout made by [`Layout::with_halo`]). Argument: the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FillDesc {
    /// Layout whose halo is cleared.
    pub halo_of: Layout,
}

impl FillDesc {
    /// What surrounds the pixels of a layout; what lies between them is nobody's, and may be cleared or not.
    pub fn around(layout: Layout) -> Self {
        Self { halo_of: Layout { channels: layout.pixel_pitch, ..layout } }
    }
}
