//! `conv2d`: two-dimensional convolution.

use super::option::{Activation, Initializer, OptionSpec, OptionType};
use super::{InferError, LayerOp, ParamSpec};
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

impl Conv2d {
    fn window(&self, height: usize, width: usize) -> Result<Window, InferError> {
        Window::resolve([height, width], self.kernel_size, self.stride, self.dilation, self.padding).map_err(|_| {
            let effective = |axis: usize| self.dilation[axis] * (self.kernel_size[axis] - 1) + 1;
            let pad = if let Padding::Explicit(n) = self.padding { 2 * n } else { 0 };
            InferError::WindowTooLarge { window: [effective(0), effective(1)], input: [height + pad, width + pad] }
        })
    }
}

impl LayerOp for Conv2d {
    fn keyword(&self) -> &'static str {
        "conv2d"
    }

    fn params(&self, inputs: &[Shape]) -> Vec<ParamSpec> {
        let kernel = ParamSpec {
            name: "kernel",
            shape: Shape::new([
                self.kernel_size[0],
                self.kernel_size[1],
                inputs[0].channels() / self.groups,
                self.filters,
            ]),
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
        let (height, width, channels) =
            inputs[0].as_image().ok_or_else(|| InferError::Rank { expected: 3, found: inputs[0].clone() })?;
        if !channels.is_multiple_of(self.groups) || !self.filters.is_multiple_of(self.groups) {
            return Err(InferError::Groups { channels, filters: self.filters, groups: self.groups });
        }
        let window = self.window(height, width)?;
        Ok(Shape::image(window.y.output, window.x.output, self.filters))
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], params: &[Value]) -> Value {
        let (height, width, _) = graph.shape(inputs[0]).as_pixels();
        let window = self.window(height, width).expect("infer has accepted the window");
        let mut y = graph.conv(inputs[0], params[0], window, self.groups);
        if self.use_bias {
            y = graph.bias_add(y, params[1]);
        }
        graph.activation(y, self.activation)
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        let positions = self.infer(inputs).map_or(0, |out| out.elements());
        let taps = self.kernel_size[0] * self.kernel_size[1] * inputs[0].channels() / self.groups;
        2 * positions as u64 * taps as u64
    }
}

/// The options of `conv2d`.
pub(super) const OPTIONS: &[OptionSpec] = &[
    OptionSpec { name: "filters", ty: OptionType::Int { min: 1 }, default: None, help: "Number of output channels." },
    OptionSpec { name: "kernel_size", ty: OptionType::Extents, default: None, help: "Extent of the window." },
    OptionSpec { name: "stride", ty: OptionType::Extents, default: Some("1"), help: "Step between positions." },
    OptionSpec { name: "padding", ty: OptionType::Padding, default: Some("valid"), help: "Zeros around the image." },
];
