//! Generated code: what makes machine code of descriptions ([`crate::desc`]). Never sees the graph.

mod arithmetic;
mod bilinear;
pub(crate) mod builder;
mod cache;
mod channel_norm;
pub mod code;
pub(crate) mod conv;
mod conv_grad_weight;
pub(crate) mod depthwise;
mod fill;
mod global_pool;
pub mod host;
mod loss;
mod map;
mod math;
mod matmul;
pub mod micro;
mod moments;
mod neighbour_sum;
mod pack;
mod penalty;
mod pool;
mod pool_grad;
mod softmax;
pub(crate) mod strassen;
mod sum_parts;
mod target;
#[cfg(test)]
mod tests;
mod tiling;
mod transpose;
#[cfg(test)]
mod trial;
mod turn;
mod warp;
pub(crate) mod winograd;

pub(crate) use bilinear::Calls;
pub(crate) use cache::{stay_in_cache, streaming, streaming_among_others};
pub use moments::left_of_tree;
pub use target::{Simd, Target};

use crate::desc::KernelDesc;
use code::{BuildError, KernelFunction};

/// The function of a description.
/// # Errors
/// [`BuildError`] if the description contradicts its documentation or the machine is unknown.
pub fn build(desc: &KernelDesc, target: &Target) -> Result<KernelFunction, BuildError> {
    match desc {
        KernelDesc::Conv(desc) => conv::build(desc, target),
        KernelDesc::ConvGradWeight(desc) => conv_grad_weight::build(desc, target),
        KernelDesc::Depthwise(desc) => depthwise::build(desc, target),
        KernelDesc::DepthwiseGradWeight(desc) => depthwise::build_grad_weight(desc, target),
        KernelDesc::Winograd(desc) => winograd::build(desc, target),
        KernelDesc::WinogradStep(desc) => winograd::build_step(desc, target),
        KernelDesc::WinogradWeight(desc) => winograd::build_weight(desc, target),
        KernelDesc::WinogradGradWeight(desc) => winograd::build_grad_weight(desc, target),
        KernelDesc::Strassen(desc) => strassen::build(desc, target),
        KernelDesc::StrassenWeight(desc) => strassen::build_weight(desc, target),
        KernelDesc::Matmul(desc) => matmul::build(desc, target),
        KernelDesc::Map(desc) => map::build(desc, target),
        KernelDesc::Pool(desc) => pool::build(desc),
        KernelDesc::PoolGrad(desc) => pool_grad::build(desc, target),
        KernelDesc::GlobalPool(desc) => global_pool::build(desc),
        KernelDesc::NeighbourSum(desc) => neighbour_sum::build(desc),
        KernelDesc::Moments(desc) => moments::build(desc, target),
        KernelDesc::CombineMoments(desc) => moments::build_combine(desc),
        KernelDesc::SumParts(desc) => sum_parts::build(desc, target),
        KernelDesc::Softmax(desc) => softmax::build(desc),
        KernelDesc::ChannelNorm(desc) => channel_norm::build(desc),
        KernelDesc::Warp(desc) => warp::build(desc),
        KernelDesc::Penalty(desc) => penalty::build(desc),
        KernelDesc::Loss(desc) => loss::build(desc),
        KernelDesc::TopK(desc) => loss::build_top_k(desc),
        KernelDesc::Transpose(desc) => transpose::build(desc, target),
        KernelDesc::Pack(desc) => pack::build(desc),
        KernelDesc::Fill(desc) => fill::build(desc),
    }
}

/// Bytes of scratch memory that a kernel takes as its last argument; 0: it takes none.
pub fn scratch_bytes(desc: &KernelDesc, target: &Target) -> usize {
    match desc {
        KernelDesc::Winograd(desc) => winograd::scratch_bytes(desc),
        KernelDesc::WinogradGradWeight(desc) => winograd::grad_weight_scratch_bytes(desc, target),
        KernelDesc::Strassen(desc) => strassen::scratch_bytes(desc, target),
        KernelDesc::Matmul(desc) => matmul::scratch_bytes(desc, target),
        KernelDesc::Conv(_)
        | KernelDesc::ConvGradWeight(_)
        | KernelDesc::Depthwise(_)
        | KernelDesc::DepthwiseGradWeight(_)
        | KernelDesc::WinogradStep(_)
        | KernelDesc::WinogradWeight(_)
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
        | KernelDesc::Fill(_) => 0,
    }
}
