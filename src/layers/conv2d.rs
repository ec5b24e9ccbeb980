//! `conv2d`: two-dimensional convolution.

use super::{
    Activation, Attributes, Axes, InferError, Initializer, Inputs, Kind, KindInfo, LayerOp, Linearity,
    OptionSpec, OptionType, ParamSpec, Regularizer, Sliding, SlidingKind, image_of,
};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::{Padding, Shape};
use crate::vocabulary::{BIAS_REGULARIZER, KERNEL_REGULARIZER};

/// `conv2d(filters, kernel_size, stride, padding, dilation, groups, use_bias, activation, kernel_initializer,
/// bias_initializer)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv2d {
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
    /// Channel groups.
    pub groups: usize,
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

pub(super) const FILTERS: OptionSpec =
    OptionSpec::required("filters", OptionType::Int { min: 1 }, "Number of output channels.");
pub(super) const KERNEL_SIZE: OptionSpec =
    OptionSpec::required("kernel_size", OptionType::Extents, "Extent of the window.");
pub(super) const STRIDE: OptionSpec =
    OptionSpec::optional("stride", OptionType::Extents, "1", "Step between positions.");
pub(super) const PADDING: OptionSpec =
    OptionSpec::optional("padding", OptionType::Padding, "valid", "Zeros around the image.");
pub(super) const DILATION: OptionSpec =
    OptionSpec::optional("dilation", OptionType::Extents, "1", "Step between the window's taps.");
pub(super) const USE_BIAS: OptionSpec =
    OptionSpec::optional("use_bias", OptionType::Bool, "true", "Whether a bias is added.");
pub(super) const ACTIVATION: OptionSpec =
    OptionSpec::optional("activation", OptionType::Activation, "linear", "Applied to the result.");
pub(super) const KERNEL_INITIALIZER: OptionSpec = OptionSpec::optional(
    "kernel_initializer",
    OptionType::Initializer,
    "glorot_uniform",
    "How the kernel starts.",
);
pub(super) const BIAS_INITIALIZER: OptionSpec =
    OptionSpec::optional("bias_initializer", OptionType::Initializer, "zeros", "How the bias starts.");

const OPTIONS: &[OptionSpec] = &[
    FILTERS,
    KERNEL_SIZE,
    STRIDE,
    PADDING,
    DILATION,
    OptionSpec::optional(
        "groups",
        OptionType::Int { min: 1 },
        "1",
        "Channel groups that do not see each other.",
    ),
    USE_BIAS,
    ACTIVATION,
    KERNEL_INITIALIZER,
    BIAS_INITIALIZER,
    KERNEL_REGULARIZER,
    BIAS_REGULARIZER,
];

impl Conv2d {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "conv2d",
            keras: "Conv2D",
            help: "Two-dimensional convolution.",
            inputs: Inputs::One,
            options: OPTIONS,
            shape: "H' = ⌊(H + padding − dilation (Kh − 1) − 1) / stride⌋ + 1, W' likewise; C' = filters. With `same`, \
                  H' = ⌈H / stride⌉.",
            formula: "y[i, j, o] = f(b[o] + Σ x[i s + u d − p, j s + v d − p, c] w[u, v, c, o]) over u, v and the c of o's \
                  group; `kernel` w is [Kh, Kw, C / groups, filters]",
            source: "Dumoulin & Visin, arXiv:1603.07285",
            example: "conv2d(32, 3x3, padding: same, activation: relu)",
        },
        make: |a: &Attributes| Conv2d {
            filters: a.int("filters"),
            kernel_size: a.extents("kernel_size"),
            stride: a.extents("stride"),
            padding: a.padding("padding"),
            dilation: a.extents("dilation"),
            groups: a.int("groups"),
            use_bias: a.bool("use_bias"),
            activation: a.activation("activation"),
            kernel_initializer: a.initializer("kernel_initializer"),
            bias_initializer: a.initializer("bias_initializer"),
            kernel_regularizer: a.regularizer("kernel_regularizer"),
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

impl LayerOp for Conv2d {
    fn keyword(&self) -> &'static str {
        "conv2d"
    }

    fn params(&self, inputs: &[Shape]) -> Vec<ParamSpec> {
        let [height, width] = self.kernel_size;
        let shape = Shape::new([height, width, inputs[0].channels() / self.groups, self.filters]);
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
        let (_, _, channels) = image_of(&inputs[0])?;
        if !channels.is_multiple_of(self.groups) || !self.filters.is_multiple_of(self.groups) {
            return Err(InferError::Groups { channels, filters: self.filters, groups: self.groups });
        }
        let window = self.sliding_window().over(&inputs[0])?;
        Ok(Shape::image(window.y.output, window.x.output, self.filters))
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], params: &[Value]) -> Value {
        let window =
            self.sliding_window().over(&graph.shape(inputs[0])).expect("infer has accepted the window");
        let mut y = graph.conv(inputs[0], params[0], window, self.groups);
        if self.use_bias {
            y = graph.bias_add(y, params[1]);
        }
        graph.activation(y, self.activation)
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        let outputs = self.infer(inputs).map_or(0, |out| out.elements()) as u64;
        let taps = self.kernel_size[0] * self.kernel_size[1] * (inputs[0].channels() / self.groups);
        outputs.saturating_mul(2 * taps as u64)
    }

    fn activation(&self) -> Activation {
        self.activation
    }

    fn sliding(&self) -> Option<Sliding> {
        Some(self.sliding_window())
    }

    fn linearity(&self) -> Linearity {
        if self.groups == 1 { Linearity::Mixes } else { Linearity::Keeps }
    }
}
