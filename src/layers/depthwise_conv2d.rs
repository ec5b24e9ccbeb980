//! `depthwise_conv2d`: each channel is convolved by itself.

use super::conv2d::{ACTIVATION, DILATION, KERNEL_SIZE, PADDING, STRIDE, USE_BIAS};
use super::{
    Activation, Attributes, Axes, InferError, Initializer, Inputs, Kind, KindInfo, LayerOp, Linearity,
    OptionSpec, OptionType, ParamSpec, Regularizer, Sliding, SlidingKind, image_of,
};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::{Padding, Shape, Window};
use crate::vocabulary::{BIAS_REGULARIZER, regularizer_option};

/// `depthwise_conv2d(kernel_size, stride, padding, depth_multiplier, dilation, use_bias, activation, …)`.
#[derive(Debug, Clone, PartialEq)]
pub struct DepthwiseConv2d {
    /// `[vertical, horizontal]`.
    pub kernel_size: [usize; 2],
    /// `[vertical, horizontal]`.
    pub stride: [usize; 2],
    /// Padding.
    pub padding: Padding,
    /// Output channels of each input channel.
    pub depth_multiplier: usize,
    /// `[vertical, horizontal]`.
    pub dilation: [usize; 2],
    /// Whether a bias is added.
    pub use_bias: bool,
    /// Applied to the result.
    pub activation: Activation,
    /// How the kernel starts.
    pub depthwise_initializer: Initializer,
    /// How the bias starts.
    pub bias_initializer: Initializer,
    /// Penalty on the kernel.
    pub depthwise_regularizer: Option<Regularizer>,
    /// Penalty on the bias.
    pub bias_regularizer: Option<Regularizer>,
}

pub(super) const DEPTH_MULTIPLIER: OptionSpec = OptionSpec::optional(
    "depth_multiplier",
    OptionType::Int { min: 1 },
    "1",
    "Output channels of each input channel.",
);

const OPTIONS: &[OptionSpec] = &[
    KERNEL_SIZE,
    STRIDE,
    PADDING,
    DEPTH_MULTIPLIER,
    DILATION,
    USE_BIAS,
    ACTIVATION,
    OptionSpec::optional(
        "depthwise_initializer",
        OptionType::Initializer,
        "glorot_uniform",
        "How the kernel starts.",
    ),
    OptionSpec::optional("bias_initializer", OptionType::Initializer, "zeros", "How the bias starts."),
    regularizer_option("depthwise_regularizer", "Penalty on the depthwise kernel, added to the loss."),
    BIAS_REGULARIZER,
];

impl DepthwiseConv2d {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "depthwise_conv2d",
            keras: "DepthwiseConv2D",
            help: "Two-dimensional convolution of each channel by itself.",
            inputs: Inputs::One,
            options: OPTIONS,
            shape: "H' and W' as of `conv2d`; C' = C · depth_multiplier.",
            formula: "y[i, j, c m + k] = f(b[c m + k] + Σ x[i s + u d − p, j s + v d − p, c] w[u, v, c, k]) over u, v; \
                  `kernel` w is [Kh, Kw, C, m], m = depth_multiplier",
            source: "Howard et al., arXiv:1704.04861, §3.1",
            example: "depthwise_conv2d(3x3, padding: same)",
        },
        make: |a: &Attributes| DepthwiseConv2d {
            kernel_size: a.extents("kernel_size"),
            stride: a.extents("stride"),
            padding: a.padding("padding"),
            depth_multiplier: a.int("depth_multiplier"),
            dilation: a.extents("dilation"),
            use_bias: a.bool("use_bias"),
            activation: a.activation("activation"),
            depthwise_initializer: a.initializer("depthwise_initializer"),
            bias_initializer: a.initializer("bias_initializer"),
            depthwise_regularizer: a.regularizer("depthwise_regularizer"),
            bias_regularizer: a.regularizer("bias_regularizer"),
        },
    }];

    fn sliding_window(&self) -> Sliding {
        Sliding {
            kind: SlidingKind::Convolution,
            extents: self.kernel_size,
            stride: self.stride,
            dilation: self.dilation,
            padding: self.padding,
        }
    }
}

/// A convolution with as many groups as channels, by a kernel in Keras's layout `[Kh, Kw, C, m]`.
///
/// Group c makes the channels `c m .. c m + m`, so `[Kh, Kw, C, m]` and the grouped `[Kh, Kw, 1, C m]` are
/// the same numbers in the same order.
pub(super) fn depthwise(graph: &mut GraphBuilder<'_>, x: Value, kernel: Value, window: Window) -> Value {
    let extents = graph.shape(kernel).extents().to_vec();
    let [height, width, channels, multiplier] = extents[..] else { return x };
    let grouped = graph.reshape(kernel, Shape::new([height, width, 1, channels * multiplier]));
    graph.conv(x, grouped, window, channels)
}

impl LayerOp for DepthwiseConv2d {
    fn keyword(&self) -> &'static str {
        "depthwise_conv2d"
    }

    fn params(&self, inputs: &[Shape]) -> Vec<ParamSpec> {
        let ([height, width], channels) = (self.kernel_size, inputs[0].channels());
        let shape = Shape::new([height, width, channels, self.depth_multiplier]);
        let kernel = ParamSpec::weight("kernel", shape, self.depthwise_initializer)
            .with_axes(Axes::Depthwise)
            .regularized(self.depthwise_regularizer);
        let bias = || {
            ParamSpec::weight("bias", Shape::vector(channels * self.depth_multiplier), self.bias_initializer)
                .regularized(self.bias_regularizer)
        };
        std::iter::once(kernel).chain(self.use_bias.then(bias)).collect()
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        let (_, _, channels) = image_of(&inputs[0])?;
        let window = self.sliding_window().over(&inputs[0])?;
        Ok(Shape::image(window.y.output, window.x.output, channels * self.depth_multiplier))
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], params: &[Value]) -> Value {
        let window =
            self.sliding_window().over(&graph.shape(inputs[0])).expect("infer has accepted the window");
        let mut y = depthwise(graph, inputs[0], params[0], window);
        if self.use_bias {
            y = graph.bias_add(y, params[1]);
        }
        graph.activation(y, self.activation)
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        let outputs = self.infer(inputs).map_or(0, |out| out.elements()) as u64;
        outputs.saturating_mul(2 * (self.kernel_size[0] * self.kernel_size[1]) as u64)
    }

    fn activation(&self) -> Activation {
        self.activation
    }

    fn sliding(&self) -> Option<Sliding> {
        Some(self.sliding_window())
    }

    fn linearity(&self) -> Linearity {
        Linearity::Keeps
    }
}
