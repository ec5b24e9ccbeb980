//! `separable_conv2d`: a depthwise convolution, then a 1x1 convolution over its channels.

use super::conv2d::{
    ACTIVATION, BIAS_INITIALIZER, DILATION, FILTERS, KERNEL_SIZE, PADDING, STRIDE, USE_BIAS,
};
use super::depthwise_conv2d::{DEPTH_MULTIPLIER, depthwise};
use super::{
    Activation, Attributes, Axes, InferError, Initializer, Inputs, Kind, KindInfo, LayerOp, Linearity,
    OptionSpec, OptionType, ParamSpec, Regularizer, Sliding, SlidingKind,
};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::{Padding, Shape, Window};
use crate::vocabulary::{BIAS_REGULARIZER, regularizer_option};

/// `separable_conv2d(filters, kernel_size, stride, padding, dilation, depth_multiplier, use_bias, activation,
/// …)`.
#[derive(Debug, Clone, PartialEq)]
pub struct SeparableConv2d {
    /// Output channels.
    pub filters: usize,
    /// `[vertical, horizontal]`.
    pub kernel_size: [usize; 2],
    /// `[vertical, horizontal]`.
    pub stride: [usize; 2],
    /// Padding.
    pub padding: Padding,
    /// `[vertical, horizontal]`.
    pub dilation: [usize; 2],
    /// Channels that the depthwise step makes of each input channel.
    pub depth_multiplier: usize,
    /// Whether a bias is added.
    pub use_bias: bool,
    /// Applied to the result.
    pub activation: Activation,
    /// How the depthwise kernel starts.
    pub depthwise_initializer: Initializer,
    /// How the 1x1 kernel starts.
    pub pointwise_initializer: Initializer,
    /// How the bias starts.
    pub bias_initializer: Initializer,
    /// Penalty on the depthwise kernel.
    pub depthwise_regularizer: Option<Regularizer>,
    /// Penalty on the 1x1 kernel.
    pub pointwise_regularizer: Option<Regularizer>,
    /// Penalty on the bias.
    pub bias_regularizer: Option<Regularizer>,
}

const OPTIONS: &[OptionSpec] = &[
    FILTERS,
    KERNEL_SIZE,
    STRIDE,
    PADDING,
    DILATION,
    DEPTH_MULTIPLIER,
    USE_BIAS,
    ACTIVATION,
    OptionSpec::optional(
        "depthwise_initializer",
        OptionType::Initializer,
        "glorot_uniform",
        "How the depthwise kernel starts.",
    ),
    OptionSpec::optional(
        "pointwise_initializer",
        OptionType::Initializer,
        "glorot_uniform",
        "How the 1x1 kernel starts.",
    ),
    BIAS_INITIALIZER,
    regularizer_option("depthwise_regularizer", "Penalty on the depthwise kernel, added to the loss."),
    regularizer_option("pointwise_regularizer", "Penalty on the 1x1 kernel, added to the loss."),
    BIAS_REGULARIZER,
];

impl SeparableConv2d {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "separable_conv2d",
            keras: "SeparableConv2D",
            help: "A depthwise convolution, then a 1x1 convolution over its channels.",
            inputs: Inputs::One,
            options: OPTIONS,
            shape: "H', W' and C' as of `conv2d`.",
            formula: "y = f(b + pointwise_kernel ∗ (depthwise_kernel ∗ x)): `depthwise_kernel` is [Kh, Kw, C, m] as in \
                  `depthwise_conv2d`, `pointwise_kernel` [1, 1, C m, filters]",
            source: "Chollet, arXiv:1610.02357",
            example: "separable_conv2d(64, 3x3, padding: same)",
        },
        make: |a: &Attributes| SeparableConv2d {
            filters: a.int("filters"),
            kernel_size: a.extents("kernel_size"),
            stride: a.extents("stride"),
            padding: a.padding("padding"),
            dilation: a.extents("dilation"),
            depth_multiplier: a.int("depth_multiplier"),
            use_bias: a.bool("use_bias"),
            activation: a.activation("activation"),
            depthwise_initializer: a.initializer("depthwise_initializer"),
            pointwise_initializer: a.initializer("pointwise_initializer"),
            bias_initializer: a.initializer("bias_initializer"),
            depthwise_regularizer: a.regularizer("depthwise_regularizer"),
            pointwise_regularizer: a.regularizer("pointwise_regularizer"),
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

impl LayerOp for SeparableConv2d {
    fn keyword(&self) -> &'static str {
        "separable_conv2d"
    }

    fn params(&self, inputs: &[Shape]) -> Vec<ParamSpec> {
        let ([height, width], channels) = (self.kernel_size, inputs[0].channels());
        let depthwise = Shape::new([height, width, channels, self.depth_multiplier]);
        let pointwise = Shape::new([1, 1, channels * self.depth_multiplier, self.filters]);
        let kernels = [
            ParamSpec::weight("depthwise_kernel", depthwise, self.depthwise_initializer)
                .with_axes(Axes::Depthwise)
                .regularized(self.depthwise_regularizer),
            ParamSpec::weight("pointwise_kernel", pointwise, self.pointwise_initializer)
                .with_axes(Axes::Windows)
                .regularized(self.pointwise_regularizer),
        ];
        let bias = || {
            ParamSpec::weight("bias", Shape::vector(self.filters), self.bias_initializer)
                .regularized(self.bias_regularizer)
        };
        kernels.into_iter().chain(self.use_bias.then(bias)).collect()
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        let window = self.sliding_window().over(&inputs[0])?;
        Ok(Shape::image(window.y.output, window.x.output, self.filters))
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], params: &[Value]) -> Value {
        let window =
            self.sliding_window().over(&graph.shape(inputs[0])).expect("infer has accepted the window");
        let middle = depthwise(graph, inputs[0], params[0], window);
        let point =
            Window::resolve([window.y.output, window.x.output], [1, 1], [1, 1], [1, 1], Padding::Valid);
        let mut y = graph.conv(middle, params[1], point.expect("one pixel fits into every image"), 1);
        if self.use_bias {
            y = graph.bias_add(y, params[2]);
        }
        graph.activation(y, self.activation)
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        let pixels = self.infer(inputs).map_or(0, |out| out.elements() / self.filters) as u64;
        let middle = (inputs[0].channels() * self.depth_multiplier) as u64;
        let taps = (self.kernel_size[0] * self.kernel_size[1]) as u64;
        pixels.saturating_mul(2 * middle * (taps + self.filters as u64))
    }

    fn activation(&self) -> Activation {
        self.activation
    }

    fn sliding(&self) -> Option<Sliding> {
        Some(self.sliding_window())
    }

    fn linearity(&self) -> Linearity {
        Linearity::Mixes
    }
}
