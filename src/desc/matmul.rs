//! The three products of a dense layer `Y[N, O] = X[N, I] · W[I, O] + b`.

use super::TileActivation;

/// Which product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatmulKind {
    /// `Y[:, part] = act(X · W[:, part] + b[part])`, split by output columns. Arguments: X, W, b (where
    /// `bias`), Y.
    Forward,
    /// `dX[:, part] = dY · W[part, :]ᵀ`, split by input columns (rows of W). Arguments: dY, W, dX.
    GradInput,
    /// `dW[part, :] = X[:, part]ᵀ · dY`, split by rows of W. Overwrites dW (zeros when `count` is 0).
    /// Arguments: X, dY, dW.
    GradWeight,
}

/// One part of a dense product over `count` images. Pitches are in elements; all matrices are row-major.
///
/// The caller points each argument at the part's first element (column `part_start` of `Y`, `W` and `b` for
/// `Forward`; of `dX` and row `part_start` of `W` for `GradInput`; column of `X` and row of `dW` for
/// `GradWeight`), so parts of equal size share one kernel.
///
/// Rows past `count` up to `max_rows` may be read (their results are not stored). A scratch argument follows
/// where [`crate::kernel::scratch_bytes`] is not 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MatmulDesc {
    /// Which product.
    pub kind: MatmulKind,
    /// I, the input features (all of them for `Forward`; the part's for the gradients).
    pub inputs: usize,
    /// O, the output features (the part's for `Forward`; all of them for the gradients).
    pub outputs: usize,
    /// Elements from a row of X (or dX) to the next.
    pub input_pitch: usize,
    /// Elements from a row of W (or dW) to the next.
    pub weight_pitch: usize,
    /// Elements from a row of Y (or dY) to the next.
    pub output_pitch: usize,
    /// Rows that lie in memory from the first argument on: the plan's nominal number of images, at least
    /// `count`.
    pub max_rows: usize,
    /// Adds a bias (`Forward` only).
    pub bias: bool,
    /// Then an activation (`Forward` only).
    pub activation: Option<TileActivation>,
}
