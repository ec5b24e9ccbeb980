//! Generated code: descriptions ([`desc`]) and what makes machine code of them. Never sees the graph.

pub(crate) mod builder;
pub mod code;
pub mod desc;
mod fill;
mod global_pool;
pub mod host;
mod loss;
mod map;
mod math;
pub mod micro;
mod moments;
mod pool;
mod pool_grad;
mod softmax;
mod sum_parts;
mod target;
#[cfg(test)]
mod tests;
mod transpose;

pub use target::{Simd, Target};

use code::{BuildError, KernelFunction};
use desc::KernelDesc;

/// The function of a description.
/// # Errors
/// [`BuildError`] if the description contradicts its documentation or the machine is unknown.
pub fn build(desc: &KernelDesc, target: &Target) -> Result<KernelFunction, BuildError> {
    let _ = target;
    match desc {
        KernelDesc::Conv(_) | KernelDesc::ConvGradWeight(_) | KernelDesc::Matmul(_) => {
            Err(BuildError::Description { family: desc.family(), reason: "this build has no tiles" })
        }
        KernelDesc::Map(desc) => map::build(desc),
        KernelDesc::Pool(desc) => pool::build(desc),
        KernelDesc::PoolGrad(desc) => pool_grad::build(desc),
        KernelDesc::GlobalPool(desc) => global_pool::build(desc),
        KernelDesc::Moments(desc) => moments::build(desc),
        KernelDesc::CombineMoments(desc) => moments::build_combine(desc),
        KernelDesc::SumParts(desc) => sum_parts::build(desc),
        KernelDesc::Softmax(desc) => softmax::build(desc),
        KernelDesc::Loss(desc) => loss::build(desc),
        KernelDesc::TopK(desc) => loss::build_top_k(desc),
        KernelDesc::Transpose(desc) => transpose::build(desc),
        KernelDesc::Fill(desc) => fill::build(desc),
    }
}

/// Bytes of scratch memory that a kernel takes as its last argument; 0: it takes none.
pub fn scratch_bytes(desc: &KernelDesc, target: &Target) -> usize {
    let _ = (desc, target);
    0
}
