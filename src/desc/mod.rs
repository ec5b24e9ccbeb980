//! Plain, hashable descriptions of generated code. Equal descriptions give equal code: they are the cache
//! key.
//!
//! Every kernel has the same signature, `extern "C" fn(args: *const *mut u8, count: usize, first: usize)`:
//!
//! * `args` – one base pointer per argument, in the order that each description's documentation states. An
//!   argument
//!   that holds one tensor per image points at the first image of the call (the caller has added
//!   `first · image_pitch`); everything else points at its first element. `scratch`, where a description asks for
//!   some, is the last argument, 64-byte aligned, with any content.
//! * `count` – number of images of this call (number of elements for [`Domain::Flat`]); 0 is allowed and does
//!   nothing
//!   except where a description says that an output is always written.
//! * `first` – index of the first image within the batch (first element for [`Domain::Flat`]); only random
//!   numbers use it.
//!
//! Every other size is a constant of the description.

mod calculus;
mod conv;
mod depthwise;
mod expr;
mod functions;
mod loss;
mod map;
mod matmul;
mod movement;
mod normalize;
mod pool;
mod strassen;
mod warp;
mod winograd;
mod work;

pub use conv::{ConvDesc, ConvGradWeightDesc, ConvOutlet, Epilogue, PoolEpilogue, Rank, TileActivation};
pub use depthwise::{DepthwiseDesc, DepthwiseGradWeightDesc};
#[cfg(test)]
pub use expr::uniform_reference;
pub use expr::{Compare, Expr, ExprId, ExprNode};
pub use loss::{LossDesc, LossKind, SoftmaxDesc, Targets, TopKDesc};
pub use map::{Domain, MapDesc, MapOutput, Operand, OperandKind};
pub use matmul::{MatmulDesc, MatmulKind};
pub use movement::{FillDesc, PackDesc, TransposeDesc};
pub use normalize::{ChannelNormDesc, CombineMomentsDesc, MomentsDesc, PenaltyDesc, SumPartsDesc};
pub use pool::{GlobalPoolDesc, NeighbourSumDesc, PoolDesc, PoolGradDesc, PoolKind};
pub use strassen::{STRASSEN_PRODUCTS, StrassenDesc, StrassenWeightDesc};
pub use warp::{Border, Interpolation, Matrix, WarpDesc};
pub use winograd::{
    Square, WinogradDesc, WinogradGradWeightDesc, WinogradStep, WinogradStepDesc, WinogradWeightDesc,
};

/// A generated kernel, described.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KernelDesc {
    /// Convolution forward, or its gradient by the input.
    Conv(ConvDesc),
    /// Gradient of a convolution by its weights.
    ConvGradWeight(ConvGradWeightDesc),
    /// Convolution of each channel by itself, or its gradient by the input.
    Depthwise(DepthwiseDesc),
    /// Gradient by its weights.
    DepthwiseGradWeight(DepthwiseGradWeightDesc),
    /// Convolution with a 3x3 window by Winograd's method.
    Winograd(WinogradDesc),
    /// A step of that, for a whole batch.
    WinogradStep(WinogradStepDesc),
    /// Its weights.
    WinogradWeight(WinogradWeightDesc),
    /// Gradient by its weights.
    WinogradGradWeight(WinogradGradWeightDesc),
    /// Convolution with a 1x1 window by Strassen's method.
    Strassen(StrassenDesc),
    /// Its weights.
    StrassenWeight(StrassenWeightDesc),
    /// The three products of a dense layer.
    Matmul(MatmulDesc),
    /// Element-wise expressions, with per-channel sums.
    Map(MapDesc),
    /// Windowed pooling.
    Pool(PoolDesc),
    /// Its gradient.
    PoolGrad(PoolGradDesc),
    /// Pooling over whole feature maps, and its gradient.
    GlobalPool(GlobalPoolDesc),
    /// Sums over neighbouring channels.
    NeighbourSum(NeighbourSumDesc),
    /// Per-channel count, mean and squared deviation of one shard.
    Moments(MomentsDesc),
    /// Moments of the batch from those of the shards.
    CombineMoments(CombineMomentsDesc),
    /// Sum of partial results in a fixed tree.
    SumParts(SumPartsDesc),
    /// Softmax over the channels, and its gradient.
    Softmax(SoftmaxDesc),
    /// Normalisation over the channels, and its gradient.
    ChannelNorm(ChannelNormDesc),
    /// Images sampled at other places, and the gradient.
    Warp(WarpDesc),
    /// What the size of weights adds to the loss.
    Penalty(PenaltyDesc),
    /// Loss and its gradient by the scores.
    Loss(LossDesc),
    /// Whether the true class is among the best `k`.
    TopK(TopKDesc),
    /// Transposition of a stack of matrices.
    Transpose(TransposeDesc),
    /// A matrix stored in blocks of columns.
    Pack(PackDesc),
    /// A constant written over a buffer, or over its halo.
    Fill(FillDesc),
}

/// Which product of a layer with weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProductPass {
    /// Of the input and the weights.
    Forward,
    /// The gradient by the input.
    GradInput,
    /// The gradient by the weights.
    GradWeight,
}

/// A product of a layer with weights, and how it is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product {
    /// The method, in the field's words.
    pub way: &'static str,
    /// Which one.
    pub pass: ProductPass,
}

impl KernelDesc {
    /// The product that the kernel computes, or the main part of it; `None` for kernels that compute none.
    pub fn product(&self) -> Option<Product> {
        let by_input = |grad_input| if grad_input { ProductPass::GradInput } else { ProductPass::Forward };
        let (way, pass) = match self {
            KernelDesc::Conv(d) => ("direct", by_input(d.grad_input)),
            KernelDesc::ConvGradWeight(_) => ("direct", ProductPass::GradWeight),
            KernelDesc::Depthwise(d) => ("direct, channel by channel", by_input(d.conv.grad_input)),
            KernelDesc::DepthwiseGradWeight(_) => ("direct, channel by channel", ProductPass::GradWeight),
            KernelDesc::Winograd(d) => ("Winograd", by_input(d.conv.grad_input)),
            KernelDesc::WinogradStep(d) => ("Winograd, in steps", by_input(d.conv.grad_input)),
            KernelDesc::WinogradGradWeight(_) => ("Winograd", ProductPass::GradWeight),
            KernelDesc::Strassen(d) => ("Strassen", by_input(d.conv.grad_input)),
            KernelDesc::Matmul(d) => (
                "matrix product",
                match d.kind {
                    MatmulKind::Forward => ProductPass::Forward,
                    MatmulKind::GradInput => ProductPass::GradInput,
                    MatmulKind::GradWeight => ProductPass::GradWeight,
                },
            ),
            KernelDesc::WinogradWeight(_)
            | KernelDesc::StrassenWeight(_)
            | KernelDesc::Map(_)
            | KernelDesc::Pool(_)
            | KernelDesc::PoolGrad(_)
            | KernelDesc::GlobalPool(_)
            | KernelDesc::NeighbourSum(_)
            | KernelDesc::Moments(_)
            | KernelDesc::CombineMoments(_)
            | KernelDesc::SumParts(_)
            | KernelDesc::Softmax(_)
            | KernelDesc::ChannelNorm(_)
            | KernelDesc::Warp(_)
            | KernelDesc::Penalty(_)
            | KernelDesc::Loss(_)
            | KernelDesc::TopK(_)
            | KernelDesc::Transpose(_)
            | KernelDesc::Pack(_)
            | KernelDesc::Fill(_) => return None,
        };
        Some(Product { way, pass })
    }

    /// A short name of the family, for symbols, profiles and plans.
    pub fn family(&self) -> &'static str {
        match self {
            KernelDesc::Conv(d) if d.grad_input => "conv_grad_input",
            KernelDesc::Conv(_) => "conv",
            KernelDesc::ConvGradWeight(_) => "conv_grad_weight",
            KernelDesc::Depthwise(d) if d.conv.grad_input => "depthwise_grad_input",
            KernelDesc::Depthwise(_) => "depthwise",
            KernelDesc::DepthwiseGradWeight(_) => "depthwise_grad_weight",
            KernelDesc::Winograd(d) if d.conv.grad_input => "winograd_grad_input",
            KernelDesc::Winograd(_) => "winograd",
            KernelDesc::WinogradStep(d) => match d.step {
                WinogradStep::Inputs => "winograd_inputs",
                WinogradStep::Products { .. } => "winograd_products",
                WinogradStep::Results => "winograd_results",
            },
            KernelDesc::WinogradWeight(_) => "winograd_weight",
            KernelDesc::WinogradGradWeight(_) => "winograd_grad_weight",
            KernelDesc::Strassen(d) if d.conv.grad_input => "strassen_grad_input",
            KernelDesc::Strassen(_) => "strassen",
            KernelDesc::StrassenWeight(_) => "strassen_weight",
            KernelDesc::Matmul(d) => match d.kind {
                MatmulKind::Forward => "matmul",
                MatmulKind::GradInput => "matmul_grad_input",
                MatmulKind::GradWeight => "matmul_grad_weight",
            },
            KernelDesc::Map(_) => "map",
            KernelDesc::Pool(_) => "pool",
            KernelDesc::PoolGrad(_) => "pool_grad",
            KernelDesc::GlobalPool(_) => "global_pool",
            KernelDesc::NeighbourSum(_) => "neighbour_sum",
            KernelDesc::Moments(_) => "moments",
            KernelDesc::CombineMoments(_) => "combine_moments",
            KernelDesc::SumParts(_) => "sum_parts",
            KernelDesc::Softmax(_) => "softmax",
            KernelDesc::ChannelNorm(_) => "channel_norm",
            KernelDesc::Warp(d) if d.grad => "warp_grad",
            KernelDesc::Warp(_) => "warp",
            KernelDesc::Penalty(_) => "penalty",
            KernelDesc::Loss(_) => "loss",
            KernelDesc::TopK(_) => "top_k",
            KernelDesc::Transpose(_) => "transpose",
            KernelDesc::Pack(_) => "pack",
            KernelDesc::Fill(_) => "fill",
        }
    }
}
