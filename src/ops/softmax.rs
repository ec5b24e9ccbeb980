//! Softmax over the channels.

/// `e^x / Σ e^x` over the channels of every pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Softmax;

/// `y · (dy − Σ y · dy)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SoftmaxGrad;
