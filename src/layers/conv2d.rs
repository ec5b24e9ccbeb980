//! `conv2d`: two-dimensional convolution.

use super::{
    Activation, Attributes, InferError, Initializer, Inputs, Kind, KindInfo, LayerOp, OptionSpec, OptionType,
    ParamSpec, image_of, window_over,
};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::{Padding, Shape, Window};

/// `conv2d(filters, kernel_size, stride, padding, dilation, groups, use_bias, activation, kernel_initializer, bias_initializer)`.
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
}

const OPTIONS: &[OptionSpec] = &[
    OptionSpec { name: "filters", ty: OptionType::Int { min: 1 }, default: None, help: "Number of output channels." },
    OptionSpec { name: "kernel_size", ty: OptionType::Extents, default: None, help: "Extent of the window." },
    OptionSpec { name: "stride", ty: OptionType::Extents, default: Some("1"), help: "Step between positions." },
    OptionSpec { name: "padding", ty: OptionType::Padding, default: Some("valid"), help: "Zeros around the image." },
    OptionSpec {
        name: "dilation",
        ty: OptionType::Extents,
        default: Some("1"),
        help: "Step between the window's taps.",
    },
    OptionSpec {
        name: "groups",
        ty: OptionType::Int { min: 1 },
        default: Some("1"),
        help: "Channel groups that do not see each other.",
    },
    OptionSpec { name: "use_bias", ty: OptionType::Bool, default: Some("true"), help: "Whether a bias is added." },
    OptionSpec {
        name: "activation",
        ty: OptionType::Activation,
        default: Some("linear"),
        help: "Applied to the result.",
    },
    OptionSpec {
        name: "kernel_initializer",
        ty: OptionType::Initializer,
        default: Some("glorot_uniform"),
        help: "How the kernel starts.",
    },
    OptionSpec {
        name: "bias_initializer",
        ty: OptionType::Initializer,
        default: Some("zeros"),
        help: "How the bias starts.",
    },
];

impl Conv2d {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "conv2d",
            keras: "Conv2D",
            help: "Two-dimensional convolution.",
            inputs: Inputs::One,
            options: OPTIONS,
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
        },
    }];

    fn window_over(&self, input: &Shape) -> Result<Window, InferError> {
        window_over(image_of(input)?, self.kernel_size, self.stride, self.dilation, self.padding)
    }
}

impl LayerOp for Conv2d {
    fn keyword(&self) -> &'static str {
        "conv2d"
    }

    fn params(&self, inputs: &[Shape]) -> Vec<ParamSpec> {
        let [height, width] = self.kernel_size;
        let kernel = ParamSpec {
            name: "kernel",
            shape: Shape::new([height, width, inputs[0].channels() / self.groups, self.filters]),
            initializer: self.kernel_initializer,
            trainable: true,
        };
        let bias = self.use_bias.then(|| ParamSpec {
            name: "bias",
            shape: Shape::vector(self.filters),
            initializer: self.bias_initializer,
            trainable: true,
        });
        std::iter::once(kernel).chain(bias).collect()
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        let (_, _, channels) = image_of(&inputs[0])?;
        if !channels.is_multiple_of(self.groups) || !self.filters.is_multiple_of(self.groups) {
            return Err(InferError::Groups { channels, filters: self.filters, groups: self.groups });
        }
        let window = self.window_over(&inputs[0])?;
        Ok(Shape::image(window.y.output, window.x.output, self.filters))
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], params: &[Value]) -> Value {
        let window = self.window_over(&graph.shape(inputs[0])).expect("infer has accepted the window");
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

    fn window(&self, inputs: &[Shape]) -> Option<Window> {
        self.window_over(&inputs[0]).ok()
    }
}
