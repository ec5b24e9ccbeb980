//! Convolutions of each channel by itself.

use super::{ConvDesc, ConvGradWeightDesc};

/// A convolution with as many groups as channels and one result for each of them, or its gradient by the
/// input:
/// ```text
/// y[oy, ox, c] = Σ x[oy·sy + ky·dy − pad_y, ox·sx + kx·dx − pad_x, c] · w[ky, kx, c]
/// ```
/// Arguments: those of the [`ConvDesc`]. Both directions take the weights as `[Kh, Kw, C]`: transposed per
/// tap they are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DepthwiseDesc {
    /// What is computed.
    pub conv: ConvDesc,
}

/// Its gradient by the weights: `dw[ky, kx, c] = Σ x[oy·sy + ky·dy − pad_y, …, c] · dy[oy, ox, c]`.
///
/// Arguments: those of the [`ConvGradWeightDesc`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DepthwiseGradWeightDesc {
    /// What is computed.
    pub conv: ConvGradWeightDesc,
}
