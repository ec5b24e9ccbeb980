//! `conv2d_transpose`: a convolution turned around, from its results to its input.

use super::conv2d::{
    ACTIVATION, BIAS_INITIALIZER, DILATION, FILTERS, KERNEL_INITIALIZER, KERNEL_SIZE, PADDING, STRIDE,
    USE_BIAS,
};
use super::{
    Activation, Attributes, Axes, InferError, Initializer, Inputs, Kind, KindInfo, LayerOp, Linearity,
    OptionSpec, OptionType, ParamSpec, Regularizer, image_of,
};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::{Padding, Shape, Window};
use crate::vocabulary::{BIAS_REGULARIZER, KERNEL_REGULARIZER};

/// `conv2d_transpose(filters, kernel_size, stride, padding, output_padding, dilation, use_bias, activation,
/// …)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv2dTranspose {
    /// Output channels.
    pub filters: usize,
    /// `[vertical, horizontal]`.
    pub kernel_size: [usize; 2],
    /// `[vertical, horizontal]`: pixels of the result from one pixel of the input to the next.
    pub stride: [usize; 2],
    /// Padding of the convolution that is turned around: it is cut off the result.
    pub padding: Padding,
    /// `[vertical, horizontal]`: rows and columns more than the smallest result has.
    pub output_padding: Option<[usize; 2]>,
    /// `[vertical, horizontal]`.
    pub dilation: [usize; 2],
    /// Whether a bias is added.
    pub use_bias: bool,
    /// Applied to the result.
    pub activation: Activation,
    /// How the kernel starts.
    pub kernel_initializer: Initializer,
    /// How the bias starts.
    pub bias_initializer: Initializer,
    /// Penalty on the kernel.
    pub kernel_regularizer: Option<Regularizer>,
    /// Penalty on the bias.
    pub bias_regularizer: Option<Regularizer>,
}

const OPTIONS: &[OptionSpec] = &[
    FILTERS,
    KERNEL_SIZE,
    STRIDE,
    PADDING,
    OptionSpec::optional(
        "output_padding",
        OptionType::Margin,
        "none",
        "Rows and columns more than the smallest result: several sizes become the same one by a stride, and this \
         says which it was.",
    ),
    DILATION,
    USE_BIAS,
    ACTIVATION,
    KERNEL_INITIALIZER,
    BIAS_INITIALIZER,
    KERNEL_REGULARIZER,
    BIAS_REGULARIZER,
];

impl Conv2dTranspose {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "conv2d_transpose",
            keras: "Conv2DTranspose",
            help: "A convolution turned around: every value spreads over a window of a larger image.",
            inputs: Inputs::One,
            options: OPTIONS,
            shape: "With K = dilation (Kh − 1) + 1 and o = output_padding: `valid` H' = (H − 1) stride + K + o, o by \
                  default max(stride − K, 0); `same` H' = H · stride, or (H − 1) stride + K mod 2 + o; a number p: H' \
                  = (H − 1) stride + K − 2 p + o, o by default 0. W' likewise; C' = filters.",
            formula: "y[i s + u d − p, j s + v d − p, o] sums x[i, j, c] w[u, v, o, c] over all i, j, u, v, c that lead \
                  there, then adds b[o] and applies f; p is the padding of the `conv2d` from y to x; `kernel` w is \
                  [Kh, Kw, filters, C]",
            source: "Dumoulin & Visin, arXiv:1603.07285, §4; sizes as in Keras",
            example: "conv2d_transpose(16, 3x3, stride: 2, padding: same)",
        },
        make: |a: &Attributes| Conv2dTranspose {
            filters: a.int("filters"),
            kernel_size: a.extents("kernel_size"),
            stride: a.extents("stride"),
            padding: a.padding("padding"),
            output_padding: a.margin("output_padding"),
            dilation: a.extents("dilation"),
            use_bias: a.bool("use_bias"),
            activation: a.activation("activation"),
            kernel_initializer: a.initializer("kernel_initializer"),
            bias_initializer: a.initializer("bias_initializer"),
            kernel_regularizer: a.regularizer("kernel_regularizer"),
            bias_regularizer: a.regularizer("bias_regularizer"),
        },
    }];

    /// Extent of the result along an axis.
    fn output(&self, axis: usize, input: usize) -> Result<usize, InferError> {
        let stride = self.stride[axis];
        let effective = self.dilation[axis] * (self.kernel_size[axis] - 1) + 1;
        let smallest = (input - 1) * stride;
        let more = self.output_padding.map(|padding| padding[axis]);
        let within = |least: usize, most: usize| match more {
            Some(value) if !(least..=most).contains(&value) => {
                Err(InferError::OutputPadding { value, least, most })
            }
            Some(value) => Ok(value),
            None => Ok(0),
        };
        match self.padding {
            Padding::Valid if more.is_none() => Ok(smallest + effective.max(stride)),
            Padding::Valid => Ok(smallest + effective + within(0, stride - 1)?),
            Padding::Same if more.is_none() => Ok(input * stride),
            Padding::Same => {
                Ok(smallest + effective % 2 + within(1 - effective % 2, stride - effective % 2)?)
            }
            Padding::Explicit(cut) => {
                let whole = smallest + effective + within(0, stride - 1)?;
                if whole > 2 * cut {
                    Ok(whole - 2 * cut)
                } else {
                    Err(InferError::CropTooLarge { taken: 2 * cut, found: whole })
                }
            }
        }
    }

    /// The window that slides over the result.
    /// # Errors
    /// As [`LayerOp::infer`].
    pub fn window_back(&self, input: &Shape) -> Result<Window, InferError> {
        let (height, width, _) = image_of(input)?;
        let output = [self.output(0, height)?, self.output(1, width)?];
        let window = Window::resolve(output, self.kernel_size, self.stride, self.dilation, self.padding);
        Ok(window.expect("a result that a window has made has room for it"))
    }
}

impl LayerOp for Conv2dTranspose {
    fn keyword(&self) -> &'static str {
        "conv2d_transpose"
    }

    fn params(&self, inputs: &[Shape]) -> Vec<ParamSpec> {
        let [height, width] = self.kernel_size;
        let shape = Shape::new([height, width, self.filters, inputs[0].channels()]);
        let kernel = ParamSpec::weight("kernel", shape, self.kernel_initializer)
            .with_axes(Axes::Windows)
            .regularized(self.kernel_regularizer);
        let bias = || {
            ParamSpec::weight("bias", Shape::vector(self.filters), self.bias_initializer)
                .regularized(self.bias_regularizer)
        };
        std::iter::once(kernel).chain(self.use_bias.then(bias)).collect()
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        let window = self.window_back(&inputs[0])?;
        Ok(Shape::image(window.y.input, window.x.input, self.filters))
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], params: &[Value]) -> Value {
        let window = self.window_back(&graph.shape(inputs[0])).expect("infer has accepted the window");
        let mut y = graph.conv_transposed(inputs[0], params[0], window);
        if self.use_bias {
            y = graph.bias_add(y, params[1]);
        }
        graph.activation(y, self.activation)
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        let taps = self.kernel_size[0] * self.kernel_size[1] * self.filters;
        (inputs[0].elements() as u64).saturating_mul(2 * taps as u64)
    }

    fn activation(&self) -> Activation {
        self.activation
    }

    fn linearity(&self) -> Linearity {
        Linearity::Mixes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result has as many rows as Keras's rule says, and the window leads back to the input's.
    #[test]
    fn sizes_are_those_of_keras() {
        for (input, kernel, stride, dilation, padding, more, want) in [
            (5, 3, 1, 1, Padding::Valid, None, 7),
            (5, 2, 3, 1, Padding::Valid, None, 15),
            (5, 3, 2, 1, Padding::Valid, Some(1), 12),
            (5, 3, 1, 2, Padding::Valid, None, 9),
            (5, 3, 2, 1, Padding::Same, None, 10),
            (5, 3, 2, 1, Padding::Same, Some(0), 9),
            (5, 4, 2, 1, Padding::Same, Some(1), 9),
            (4, 4, 2, 1, Padding::Explicit(1), None, 8),
            (1, 1, 1, 1, Padding::Same, None, 1),
        ] {
            let layer = Conv2dTranspose {
                filters: 1,
                kernel_size: [kernel; 2],
                stride: [stride; 2],
                padding,
                output_padding: more.map(|more| [more; 2]),
                dilation: [dilation; 2],
                use_bias: false,
                activation: Activation::Linear,
                kernel_initializer: Initializer::Zeros,
                bias_initializer: Initializer::Zeros,
                kernel_regularizer: None,
                bias_regularizer: None,
            };
            let window = layer.window_back(&Shape::image(input, input, 1)).expect("fits");
            assert_eq!((window.y.input, window.y.output), (want, input), "{layer:?}");
        }
    }
}
