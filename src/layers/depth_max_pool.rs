//! `depth_max_pool`: the largest of several channels.

use super::{
    Attributes, InferError, Inputs, Kind, KindInfo, LayerOp, OptionSpec, OptionType, Probability, image_of,
    per_element,
};
use crate::desc::PoolKind;
use crate::ir::{GraphBuilder, Value};
use crate::tensor::{Axis, Padding, Shape, Window};

/// `depth_max_pool(pool_size, stride, padding)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DepthMaxPool {
    /// Channels of a window.
    pub pool_size: usize,
    /// Channels from a window to the next.
    pub stride: usize,
    /// Padding: it never wins.
    pub padding: Padding,
}

impl DepthMaxPool {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "depth_max_pool",
            keras: "",
            help: "The largest of several channels that follow each other, pixel by pixel.",
            inputs: Inputs::One,
            options: &[
                OptionSpec::optional("pool_size", OptionType::Int { min: 1 }, "2", "Channels of a window."),
                OptionSpec::optional(
                    "stride",
                    OptionType::Int { min: 1 },
                    "pool_size",
                    "Channels between windows.",
                ),
                OptionSpec::optional(
                    "padding",
                    OptionType::Padding,
                    "valid",
                    "Channels that never win, on both ends.",
                ),
            ],
            shape: "H' = H, W' = W; C' = ⌊(C + padding − pool_size) / stride⌋ + 1. With `same`, C' = ⌈C / stride⌉.",
            formula: "y[i, j, o] = the largest x[i, j, o s + k − p], k = 0 … pool_size − 1",
            source: "Géron, Hands-On Machine Learning, chapter 14; TensorFlow's `max_pool` with `ksize` [1, 1, 1, \
                  pool_size]",
            example: "conv2d(32, 3x3) -> depth_max_pool(2)",
        },
        make: |a: &Attributes| DepthMaxPool {
            pool_size: a.int("pool_size"),
            stride: a.int("stride"),
            padding: a.padding("padding"),
        },
    }];

    /// The window over an image with a row for each pixel and a column for each channel.
    /// # Errors
    /// As [`LayerOp::infer`].
    pub fn window_over(&self, input: &Shape) -> Result<Window, InferError> {
        let (height, width, channels) = image_of(input)?;
        let pixels = Axis::resolve(height * width, 1, 1, 1, Padding::Valid);
        let windows = Axis::resolve(channels, self.pool_size, self.stride, 1, self.padding);
        match (self.padding, pixels, windows) {
            (Padding::Explicit(padding), ..) if padding >= self.pool_size => {
                Err(InferError::PaddingTooLarge { padding, window: [self.pool_size; 2] })
            }
            (_, Ok(y), Ok(x)) => Ok(Window { y, x }),
            _ => Err(InferError::DepthWindow { window: self.pool_size, channels }),
        }
    }
}

impl LayerOp for DepthMaxPool {
    fn keyword(&self) -> &'static str {
        "depth_max_pool"
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        let (height, width, _) = image_of(&inputs[0])?;
        Ok(Shape::image(height, width, self.window_over(&inputs[0])?.x.output))
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        let shape = graph.shape(inputs[0]);
        let window = self.window_over(&shape).expect("infer has accepted the window");
        let (height, width, _) = shape.as_pixels();
        let table = graph.reshape(inputs[0], Shape::image(window.y.input, window.x.input, 1));
        let largest = graph.pool(table, PoolKind::Max, window);
        graph.reshape(largest, Shape::image(height, width, window.x.output))
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        self.infer(inputs).map_or(0, |out| per_element(&out, self.pool_size as u64))
    }

    fn probability(&self, operands: &[Probability], _inputs: &[Shape]) -> Probability {
        operands[0].at_most(Probability::Each)
    }
}
