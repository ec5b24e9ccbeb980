//! How layers write themselves into a graph.

mod random;

use super::{Graph, Value};
use crate::desc::{Expr, ExprId, PoolKind};
use crate::ops::{self, Op};
use crate::tensor::{Shape, Window};
use crate::vocabulary::Activation;

/// Most values that one operation joins.
const MOST_JOINED: usize = 64;

/// Adds the operations of one layer to a graph.
///
/// The methods expect operands whose shapes the layer's `infer` has accepted; types of results come from the
/// operations' own rules.
#[derive(Debug)]
pub struct GraphBuilder<'g> {
    graph: &'g mut Graph,
    layer: &'g str,
    mode: Mode,
}

/// What the graph is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Dropout is the identity, batch norm uses its moving statistics.
    Inference,
    /// Dropout drops (unless `random` is off), batch norm uses and tracks the batch's statistics.
    Training {
        /// False: dropout and noise are the identity, as `cnnc step` without a seed asks.
        random: bool,
    },
}

impl<'g> GraphBuilder<'g> {
    /// Adds to `graph` on behalf of the layer with this path.
    pub fn new(graph: &'g mut Graph, layer: &'g str, mode: Mode) -> Self {
        Self { graph, layer, mode }
    }

    /// Shape of a value, without the batch axis.
    pub fn shape(&self, value: Value) -> Shape {
        self.graph.ty(value).shape.clone()
    }

    fn push(&mut self, op: Op, inputs: &[Value]) -> Value {
        self.graph.push_value(op, inputs, self.layer)
    }

    /// Convolution of `x [H, W, I]` with `weight [Kh, Kw, I / groups, O]`.
    pub fn conv(&mut self, x: Value, weight: Value, window: Window, groups: usize) -> Value {
        self.push(
            Op::Conv(ops::Conv { window, groups, epilogue: ops::ConvEpilogue::default() }),
            &[x, weight],
        )
    }

    /// Product of `x [I]` with `weight [I, O]`.
    pub fn dense(&mut self, x: Value, weight: Value) -> Value {
        self.push(Op::Dense(ops::Dense::default()), &[x, weight])
    }

    /// Adds `bias [C]` to every pixel.
    pub fn bias_add(&mut self, x: Value, bias: Value) -> Value {
        self.map(&[x, bias], |expr| {
            let (x, b) = (expr.input(0), expr.input(1));
            expr.add(x, b)
        })
    }

    /// An activation, element-wise except for softmax (over the channels).
    pub fn activation(&mut self, x: Value, activation: Activation) -> Value {
        match activation {
            Activation::Linear => x,
            Activation::Softmax => self.push(Op::Softmax(ops::Softmax), &[x]),
            Activation::Elementwise(kind) => self.push(Op::Activation(kind), &[x]),
        }
    }

    /// Windowed pooling.
    pub fn pool(&mut self, x: Value, kind: PoolKind, window: Window) -> Value {
        self.push(Op::Pool(ops::Pool { kind, window, winners: false }), &[x])
    }

    /// Pooling of whole feature maps into vectors.
    pub fn global_pool(&mut self, x: Value, kind: PoolKind) -> Value {
        self.push(Op::GlobalPool(ops::GlobalPool { kind }), &[x])
    }

    /// Batch normalisation over all but the last axis. `gamma` and `beta` may be missing (scale and center
    /// off). In training the moving statistics are updated: `moving ← moving · momentum + batch · (1 −
    /// momentum)` (biased variance, as Keras).
    pub fn batch_norm(
        &mut self,
        x: Value,
        params: ops::BatchNormParams,
        momentum: f32,
        epsilon: f32,
    ) -> Value {
        match self.mode {
            Mode::Inference => ops::batch_norm_inference(self.graph, self.layer, x, params, epsilon),
            Mode::Training { .. } => {
                ops::batch_norm_training(self.graph, self.layer, x, params, momentum, epsilon)
            }
        }
    }

    /// Normalisation over the channels of each pixel, without scale and shift.
    pub fn channel_norm(&mut self, x: Value, epsilon: f32) -> Value {
        self.push(Op::ChannelNorm(ops::ChannelNorm::new(epsilon)), &[x])
    }

    /// Transposed convolution: `x` is what a convolution over the result with this window would make. `weight
    /// [Kh, Kw, O, I]`.
    pub fn conv_transposed(&mut self, x: Value, weight: Value, window: Window) -> Value {
        self.push(Op::ConvGradInput(ops::ConvGradInput { window, groups: 1 }), &[x, weight])
    }

    /// Each pixel as a block of `size` `[vertical, horizontal]` equal pixels.
    pub fn repeat_pixels(&mut self, x: Value, window: Window) -> Value {
        // the gradient of a mean divides what it spreads by the window's area
        let kind = PoolKind::Average;
        let spread = self.push(Op::PoolGrad(ops::PoolGrad { kind, window }), &[x]);
        self.map(&[spread], |e| {
            let (x, area) = (e.input(0), e.constant(window.area() as f32));
            e.mul(x, area)
        })
    }

    /// The inside of an image, without `[top, bottom, left, right]` pixels.
    pub fn crop(&mut self, x: Value, amounts: [usize; 4]) -> Value {
        self.push(Op::Unpad(ops::Unpad { amounts }), &[x])
    }

    /// Samples of an image, with the same matrix for all.
    pub fn warp(&mut self, x: Value, warp: ops::Warp) -> Value {
        self.push(Op::Warp(warp), &[x])
    }

    /// The same elements in another shape.
    pub fn reshape(&mut self, x: Value, shape: Shape) -> Value {
        self.push(Op::Reshape(shape), &[x])
    }

    /// Zeros around the image, `[top, bottom, left, right]`.
    pub fn zero_pad(&mut self, x: Value, amounts: [usize; 4]) -> Value {
        self.push(Op::Pad(ops::Pad { amounts }), &[x])
    }

    /// Feature maps side by side along the channels.
    pub fn concat(&mut self, inputs: &[Value]) -> Value {
        self.push(Op::Concat, inputs)
    }

    /// Values of one shape joined element by element, from the first to the last.
    pub fn fold(&mut self, inputs: &[Value], join: impl Fn(&mut Expr, ExprId, ExprId) -> ExprId) -> Value {
        let Some((&first, rest)) = inputs.split_first() else {
            return self.map(inputs, |expr| expr.input(0));
        };
        // a kernel has a pointer for each operand: of very many some are joined at a time, in the same order
        let mut joined = first;
        for some in rest.chunks(MOST_JOINED - 1) {
            let operands: Vec<Value> = std::iter::once(joined).chain(some.iter().copied()).collect();
            joined = self.map(&operands, |expr| {
                let first = expr.input(0);
                (1..operands.len()).fold(first, |joined, i| {
                    let next = expr.input(i);
                    join(expr, joined, next)
                })
            });
        }
        joined
    }

    /// For each channel the sum over itself and its neighbours: `before` channels before it, `after` behind
    /// it, as far as there are any.
    pub fn neighbour_sum(&mut self, x: Value, before: usize, after: usize) -> Value {
        self.push(Op::NeighbourSum(ops::NeighbourSum { before, after }), &[x])
    }

    /// Any element-wise expression of values of one shape, vectors `[C]` and scalars.
    pub fn map(&mut self, inputs: &[Value], write: impl FnOnce(&mut Expr) -> ExprId) -> Value {
        self.push(Op::Map(ops::Map::single(write)), inputs)
    }
}
