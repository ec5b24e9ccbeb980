//! Convolutions: forward, gradient by the input, gradient by the weights.

use super::{Compare, Expr, ExprId};
use crate::tensor::{Layout, Window};

/// An activation that a tile can apply while it is in registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TileActivation {
    /// `max(x, 0)`
    Relu,
    /// `x ≥ 0 ? x : slope · x`, the slope by its bits.
    LeakyRelu(u32),
    /// `min(limit, max(0, x))`, the limit by its bits.
    ClippedRelu(u32),
}

impl TileActivation {
    /// The same for a map: NaN stays NaN here too.
    pub fn of(self, expr: &mut Expr, x: ExprId) -> ExprId {
        let zero = expr.constant(0.0);
        match self {
            TileActivation::Relu => expr.max(zero, x),
            TileActivation::LeakyRelu(slope) => {
                let slope = expr.constant(f32::from_bits(slope));
                let scaled = expr.mul(x, slope);
                expr.select(Compare::Less, x, zero, scaled, x)
            }
            TileActivation::ClippedRelu(limit) => {
                let (limit, raised) = (expr.constant(f32::from_bits(limit)), expr.max(zero, x));
                expr.min(limit, raised)
            }
        }
    }
}

/// 2x2 max pooling with stride 2 of the convolution's result, in registers. An odd last row or column is left
/// out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PoolEpilogue {
    /// Layout (in bytes = elements) of the winners, one byte per pooled element: `2·ky + kx` of the first
    /// largest in row-major order. `None` where no backward pass needs them.
    pub winners: Option<Layout>,
}

/// What happens to a tile before it is stored: pool, then bias (a maximum commutes with it), then the
/// residual, then activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Epilogue {
    /// Pooling comes first.
    pub pool: Option<PoolEpilogue>,
    /// Adds a vector `[O]`.
    pub bias: bool,
    /// Adds another feature map of the result's size, which lies so: what a residual block goes around.
    /// Without pool and groups alone. It may be the memory of the result, if it lies there as the result
    /// does.
    pub residual: Option<Layout>,
    /// Then the activation.
    pub activation: Option<TileActivation>,
}

/// What the last step of a convolution reads and writes besides what it adds up: something for each
/// argument of the kernel, such as where it lies or how large it is.
#[derive(Debug, Clone, Copy)]
pub struct ConvOutlet<T> {
    /// Read, where the epilogue has one.
    pub bias: Option<T>,
    /// Read, the same.
    pub residual: Option<T>,
    /// Written.
    pub output: T,
    /// Written, where they are asked for.
    pub winners: Option<T>,
}

impl<T> ConvOutlet<T> {
    /// All arguments of the kernel in their order: `first`, then these.
    pub fn behind<const N: usize>(self, first: [T; N]) -> Vec<T> {
        let Self { bias, residual, output, winners } = self;
        first.into_iter().chain(bias).chain(residual).chain([output]).chain(winners).collect()
    }
}

/// A convolution of `count` images.
///
/// Forward, `y[oy, ox, o] = Σ x[oy·sy + ky·dy − pad_y, ox·sx + kx·dx − pad_x, i] · w[ky, kx, i, o]` with
/// weights `[Kh, Kw, I / groups, O]`; channel `o` belongs to group `o / (O / groups)`.
///
/// `grad_input`: computes `dx` from `dy`. `input` is then the layout of `dy`, `output` that of `dx`, the
/// window is the *forward* convolution's, and the weights come transposed per tap: `[Kh, Kw, O, I / groups]`
/// (taps not flipped; see [`super::TransposeDesc`]). The epilogue is empty or holds nothing but an
/// activation's none; pixels that no window covers become 0.
///
/// Arguments: input, weights, then those of [`ConvOutlet`].
/// Reads: the input's halo is zero and at least [`Window::halo`] wide, for the gradient by the input
/// [`ConvDesc::gradient_halo`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConvDesc {
    /// The forward convolution's window (its `input` extents are those of `x`, its `output` those of `y`
    /// before pooling).
    pub window: Window,
    /// Channel groups.
    pub groups: usize,
    /// Layout of what is read.
    pub input: Layout,
    /// Layout of what is written (after pooling).
    pub output: Layout,
    /// What happens before the store.
    pub epilogue: Epilogue,
    /// Computes the gradient by the input instead.
    pub grad_input: bool,
    /// Output channels that lie together in the weights, which are then `[O / W, rows, W]` as a
    /// [`super::PackDesc`] makes them of the rows above. Only without groups.
    pub block: Option<usize>,
    /// Images of a call, usually. A matter of speed.
    pub images: usize,
    /// Which loop order and tiles. A matter of speed.
    pub rank: Rank,
}

/// Places in the lists of loop orders and of cuts into tiles, the cheapest by the models of the processor
/// first; behind the end of a list its last stands. No bit of a result depends on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rank {
    /// Of the loop order.
    pub order: u8,
    /// Of the cut.
    pub cut: u8,
}

impl ConvDesc {
    /// Zeros that must surround `dy` for the gradient by the input, `[top, bottom, left, right]`. Along each
    /// axis, with `e` the effective kernel, `p` the padding before, `s` the stride: before
    /// `⌊(e − 1 − p) / s⌋` (for p < e), after `⌊(input − 1 + p) / s⌋ − (output − 1)`, never below 0.
    pub fn gradient_halo(window: &Window) -> [usize; 4] {
        let sides = |axis: &crate::tensor::Axis| {
            let before = (axis.effective() - 1).saturating_sub(axis.pad_before) / axis.stride;
            let after = ((axis.input - 1 + axis.pad_before) / axis.stride + 1).saturating_sub(axis.output);
            [before, after]
        };
        let ([top, bottom], [left, right]) = (sides(&window.y), sides(&window.x));
        [top, bottom, left, right]
    }

    /// Multiplications and additions for one image: `2 · Ho · Wo · Kh · Kw · I/groups · O`.
    pub fn flops(&self) -> usize {
        let (inner, outer) = (self.input.channels / self.groups, self.output.channels);
        2 * self.window.y.output * self.window.x.output * self.window.area() * inner * outer
    }
}

/// Gradient of a convolution by its weights, summed over the `count` images of the call: `dw[ky, kx, i, o] =
/// Σ x[oy·sy + ky·dy − pad_y, …, i] · dy[oy, ox, o]`. Overwrites `dw` (zeros when `count` is 0).
///
/// Arguments: x, dy, dw `[Kh, Kw, I / groups, O]` (of which a call may make the rows of some input channels
/// alone: those that `input` has). The halo of `x` is zero and at least the window's padding wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConvGradWeightDesc {
    /// The forward convolution's window.
    pub window: Window,
    /// Channel groups.
    pub groups: usize,
    /// Layout of `x`.
    pub input: Layout,
    /// Layout of `dy` (the gradient before pooling, at the convolution's own output size).
    pub grad: Layout,
    /// Rows of `dw` from a tap to the next: `I / groups` of the whole convolution.
    pub tap_rows: usize,
    /// As [`Rank::cut`].
    pub cut: u8,
}

impl ConvGradWeightDesc {
    /// Multiplications and additions for one image: `2 · Ho · Wo · Kh · Kw · I/groups · O`.
    pub fn flops(&self) -> usize {
        let positions = self.window.y.output * self.window.x.output;
        2 * positions * self.window.area() * (self.input.channels / self.groups) * self.grad.channels
    }
}
