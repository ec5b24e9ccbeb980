//! How much arithmetic a kernel does.

use super::{Domain, ExprNode, KernelDesc, MapDesc, WinogradStep};
use crate::tensor::Layout;

impl KernelDesc {
    /// Arithmetic operations (a multiply-add counts twice) for each unit of `count`: an image, or an element
    /// of a flat run. Only what grows with `count`: movement of data and combinations of a few partial
    /// results are 0.
    pub fn flops_per_count(&self) -> usize {
        match self {
            KernelDesc::Conv(desc) => desc.flops(),
            KernelDesc::ConvGradWeight(desc) => desc.flops(),
            KernelDesc::Depthwise(desc) => desc.conv.flops(),
            KernelDesc::DepthwiseGradWeight(desc) => desc.conv.flops(),
            // as if computed directly, so that figures can be compared
            KernelDesc::Winograd(desc) => desc.conv.flops(),
            KernelDesc::WinogradStep(desc) => match desc.step {
                // a point's share
                WinogradStep::Products { images } => images * desc.conv.flops() / desc.square.area(),
                WinogradStep::Inputs | WinogradStep::Results => 0,
            },
            KernelDesc::WinogradGradWeight(desc) => desc.conv.flops(),
            KernelDesc::Strassen(desc) => desc.conv.flops(),
            KernelDesc::Matmul(desc) => 2 * desc.inputs * desc.outputs,
            KernelDesc::Map(desc) => map(desc),
            KernelDesc::Pool(desc) => desc.window.area() * desc.output.elements(),
            KernelDesc::PoolGrad(desc) => desc.window.area() * desc.grad.elements(),
            KernelDesc::GlobalPool(desc) => desc.input.elements(),
            KernelDesc::NeighbourSum(desc) => (desc.before + desc.after) * desc.output.elements(),
            // a sum, then a difference, its square and another sum
            KernelDesc::Moments(desc) => 4 * desc.input.elements(),
            KernelDesc::SumParts(desc) => desc.parts - 1,
            // maximum, difference, exponential, sum, quotient
            KernelDesc::Softmax(desc) => 5 * desc.pixels * desc.channels,
            // two sums, difference, square, product; the gradient has two sums more
            KernelDesc::ChannelNorm(desc) => (if desc.grad { 12 } else { 6 }) * desc.pixels * desc.channels,
            // absolute value, square, two products and a sum
            KernelDesc::Penalty(_) => 5,
            // a product and a sum for each of four corners
            KernelDesc::Warp(desc) => 8 * desc.output.elements(),
            KernelDesc::Loss(desc) => 5 * desc.classes,
            KernelDesc::TopK(desc) => desc.classes,
            KernelDesc::WinogradWeight(_)
            | KernelDesc::StrassenWeight(_)
            | KernelDesc::CombineMoments(_)
            | KernelDesc::Transpose(_)
            | KernelDesc::Pack(_)
            | KernelDesc::Fill(_) => 0,
        }
    }
}

/// Each operation of the expressions once per element, and an addition for each sum.
fn map(desc: &MapDesc) -> usize {
    let operation = |node: &&ExprNode| !matches!(node, ExprNode::Input(_) | ExprNode::Const(_));
    let sums = desc.outputs.iter().filter(|(_, output)| output.is_sum()).count();
    let elements = match desc.domain {
        Domain::Images { height, width, channels } => {
            Layout::with_halo(height, width, channels, [0; 4]).elements()
        }
        Domain::Flat => 1,
    };
    elements * (desc.expr.nodes().iter().filter(operation).count() + sums)
}
