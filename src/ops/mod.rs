//! The operations of the graph: types, gradients, and which kernels compute them. One file per operation.
//!
//! Activations are `[N, H, W, C]` or `[N, C]`, weights have Keras's layouts. "Per image" values have a batch
//! axis that their shapes do not show; everything else (parameters, statistics) stands for the whole batch.

mod activation;
mod batch_norm;
mod channel_norm;
mod conv;
mod decimal;
mod dense;
mod dropout;
mod gradient;
mod loss;
mod map;
mod movement;
mod neighbours;
mod penalty;
mod pool;
mod softmax;
mod taps;
mod warp;

pub use activation::{SELU_ALPHA, SELU_SCALE};
pub use batch_norm::{BatchNorm, BatchNormParams, batch_norm_inference, batch_norm_training};
pub use channel_norm::ChannelNorm;
pub use conv::{Conv, ConvEpilogue, ConvGradInput, ConvGradWeight};
pub use decimal::complement;
pub use dense::{Dense, DenseGradInput, DenseGradWeight};
pub use dropout::Dropout;
pub use gradient::GradientCtx;
pub use loss::{Loss, TopK};
pub use map::{Map, MapResult};
pub use movement::{Pad, Slice, Unpad};
pub use neighbours::NeighbourSum;
pub use penalty::Penalty;
pub use pool::{GlobalPool, GlobalPoolGrad, Pool, PoolGrad};
pub use softmax::{Softmax, SoftmaxGrad};
pub use taps::Taps;
pub use warp::{Warp, WarpGrad};

use crate::desc::PoolKind;
use crate::ir::{InputRole, ParamId};
use crate::tensor::{Element, Shape, TensorType};
use crate::vocabulary::ActivationKind;

/// What a node does.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Given from outside for every step.
    Input(InputRole, TensorType),
    /// The contents of a parameter at the beginning of the step.
    Parameter(ParamId, TensorType),
    /// Convolution: `x`, `weight`, then `bias` where the epilogue has one.
    Conv(Conv),
    /// Gradient of a convolution by `x`: `dy`, `weight`.
    ConvGradInput(ConvGradInput),
    /// Gradient of a convolution by `weight`: `x`, `dy`.
    ConvGradWeight(ConvGradWeight),
    /// Dense layer: `x`, `weight`, then `bias` where it has one.
    Dense(Dense),
    /// Gradient of a dense layer by `x`: `dy`, `weight`.
    DenseGradInput(DenseGradInput),
    /// Gradient of a dense layer by `weight`: `x`, `dy`.
    DenseGradWeight(DenseGradWeight),
    /// Element-wise expressions.
    Map(Map),
    /// An element-wise activation; becomes a `Map` before planning, after gradients are known.
    Activation(ActivationKind),
    /// Random zeroes: `x`, `key`; becomes a `Map`.
    Dropout(Dropout),
    /// Batch normalisation with batch statistics: `x`, `gamma`, `beta`; results `y`, `mean`, `variance`.
    /// Becomes `Moments` and `Map`s.
    BatchNorm(BatchNorm),
    /// Per-channel mean and biased variance over batch and pixels.
    Moments,
    /// Windowed pooling.
    Pool(Pool),
    /// Its gradient: `dy`, then `winners` for max.
    PoolGrad(PoolGrad),
    /// Pooling of whole feature maps.
    GlobalPool(GlobalPool),
    /// Its gradient: `dy` for the mean; `x`, `y`, `dy` for the maximum.
    GlobalPoolGrad(GlobalPoolGrad),
    /// The same elements in another shape.
    Reshape(Shape),
    /// Zeros around the image.
    Pad(Pad),
    /// Takes them away again.
    Unpad(Unpad),
    /// Feature maps side by side along the channels.
    Concat,
    /// A range of channels.
    Slice(Slice),
    /// Some taps of a convolution's weights. Comes up after gradients are known, as the next.
    CropTaps(Taps),
    /// Weights of some taps among zeros for all others.
    SpreadTaps(Taps),
    /// Sums over neighbouring channels.
    NeighbourSum(NeighbourSum),
    /// Softmax over the channels.
    Softmax(Softmax),
    /// Its gradient: `y`, `dy`.
    SoftmaxGrad(SoftmaxGrad),
    /// Normalisation over the channels of each pixel.
    ChannelNorm(ChannelNorm),
    /// Its gradient: `x`, `dy`.
    ChannelNormGrad(ChannelNorm),
    /// Samples of an image: `x`, then the matrices where they are given.
    Warp(Warp),
    /// Its gradient: `dy`, then the matrices where they are given.
    WarpGrad(WarpGrad),
    /// What the size of a weight adds to the loss: one number.
    Penalty(Penalty),
    /// Loss per image and gradient by the scores: `scores`, `labels`, `1/batch`, and perhaps how much each
    /// image counts.
    Loss(Loss),
    /// Whether the true class is among the best k: `scores`, `labels`.
    TopK(TopK),
}

impl Op {
    /// Whether the result lies in the memory of the only operand (taps of a window: where they are
    /// neighbours).
    pub fn is_view(&self) -> bool {
        matches!(self, Op::Reshape(_) | Op::Slice(_) | Op::Unpad(_) | Op::CropTaps(_))
    }

    /// Types of the results, from those of the operands: the only place that makes types.
    pub fn infer(&self, operands: &[&TensorType]) -> Vec<TensorType> {
        match self {
            Op::Input(_, ty) | Op::Parameter(_, ty) => vec![ty.clone()],
            Op::Conv(op) => op.infer(operands),
            Op::ConvGradInput(op) => op.infer(operands),
            Op::ConvGradWeight(op) => op.infer(operands),
            Op::Dense(op) => op.infer(operands),
            Op::DenseGradInput(op) => op.infer(operands),
            Op::DenseGradWeight(op) => op.infer(operands),
            Op::Map(op) => op.infer(operands),
            Op::Activation(_)
            | Op::Dropout(_)
            | Op::NeighbourSum(_)
            | Op::Softmax(_)
            | Op::SoftmaxGrad(_)
            | Op::ChannelNorm(_)
            | Op::ChannelNormGrad(_) => vec![operands[0].clone()],
            Op::Penalty(_) => vec![TensorType::scalar()],
            Op::Warp(op) => vec![op.infer(operands)],
            Op::WarpGrad(op) => vec![TensorType::per_image(op.input.clone())],
            Op::BatchNorm(_) => {
                let channels = TensorType::single(Shape::vector(operands[0].shape.channels()));
                vec![operands[0].clone(), channels.clone(), channels]
            }
            Op::Moments => {
                let channels = TensorType::single(Shape::vector(operands[0].shape.channels()));
                vec![channels.clone(), channels]
            }
            Op::Pool(op) => op.infer(operands),
            Op::PoolGrad(op) => op.infer(operands),
            Op::GlobalPool(_) => vec![TensorType::per_image(Shape::vector(operands[0].shape.channels()))],
            Op::GlobalPoolGrad(op) => vec![TensorType::per_image(op.input.clone())],
            Op::Reshape(shape) => vec![TensorType { shape: shape.clone(), ..operands[0].clone() }],
            Op::Pad(op) => vec![TensorType::per_image(op.padded(&operands[0].shape))],
            Op::Unpad(op) => vec![TensorType::per_image(op.cropped(&operands[0].shape))],
            Op::Concat => vec![movement::concat_type(operands)],
            Op::Slice(op) => vec![op.infer(operands)],
            Op::CropTaps(taps) => vec![taps.cropped(operands[0])],
            Op::SpreadTaps(taps) => vec![taps.whole(operands[0])],
            Op::Loss(op) => op.infer(operands),
            Op::TopK(_) => vec![TensorType::per_image(Shape::vector(1))],
        }
    }

    /// The same operation with all results that its gradient reads; `None` where it gives them already.
    pub fn for_gradient(&self) -> Option<Op> {
        let Op::Pool(pool) = self else { return None };
        let is_asked_for = pool.kind == PoolKind::Max && !pool.winners;
        is_asked_for.then_some(Op::Pool(Pool { winners: true, ..*pool }))
    }

    /// Its name in printed graphs.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Input(..) => "input",
            Op::Parameter(..) => "parameter",
            Op::Conv(_) => "conv",
            Op::ConvGradInput(_) => "conv_grad_input",
            Op::ConvGradWeight(_) => "conv_grad_weight",
            Op::Dense(_) => "dense",
            Op::DenseGradInput(_) => "dense_grad_input",
            Op::DenseGradWeight(_) => "dense_grad_weight",
            Op::Map(_) => "map",
            Op::Activation(_) => "activation",
            Op::Dropout(_) => "dropout",
            Op::BatchNorm(_) => "batch_norm",
            Op::Moments => "moments",
            Op::Pool(_) => "pool",
            Op::PoolGrad(_) => "pool_grad",
            Op::GlobalPool(_) => "global_pool",
            Op::GlobalPoolGrad(_) => "global_pool_grad",
            Op::Reshape(_) => "reshape",
            Op::Pad(_) => "pad",
            Op::Unpad(_) => "unpad",
            Op::Concat => "concat",
            Op::Slice(_) => "slice",
            Op::CropTaps(_) => "crop_taps",
            Op::SpreadTaps(_) => "spread_taps",
            Op::NeighbourSum(_) => "neighbour_sum",
            Op::Softmax(_) => "softmax",
            Op::SoftmaxGrad(_) => "softmax_grad",
            Op::ChannelNorm(_) => "channel_norm",
            Op::ChannelNormGrad(_) => "channel_norm_grad",
            Op::Warp(_) => "warp",
            Op::WarpGrad(_) => "warp_grad",
            Op::Penalty(_) => "penalty",
            Op::Loss(_) => "loss",
            Op::TopK(_) => "top_k",
        }
    }
}

/// The type of a byte per element, for winners of max pooling.
fn winners_of(ty: &TensorType) -> TensorType {
    TensorType { element: Element::U8, ..ty.clone() }
}
