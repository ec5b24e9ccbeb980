//! `dense`: a fully connected layer.

use super::conv2d::{ACTIVATION, BIAS_INITIALIZER, KERNEL_INITIALIZER, USE_BIAS};
use super::{
    Activation, Attributes, Axes, InferError, Initializer, Inputs, Kind, KindInfo, LayerOp, Linearity,
    OptionSpec, OptionType, ParamSpec, Regularizer,
};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;
use crate::vocabulary::{BIAS_REGULARIZER, KERNEL_REGULARIZER};

/// `dense(units, activation, use_bias, kernel_initializer, bias_initializer)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    /// Length of the result.
    pub units: usize,
    /// Applied to the result.
    pub activation: Activation,
    /// Whether a bias is added.
    pub use_bias: bool,
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
    OptionSpec::required("units", OptionType::Int { min: 1 }, "Length of the result."),
    ACTIVATION,
    USE_BIAS,
    KERNEL_INITIALIZER,
    BIAS_INITIALIZER,
    KERNEL_REGULARIZER,
    BIAS_REGULARIZER,
];

impl Dense {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "dense",
            keras: "Dense",
            help: "Every output is a weighted sum of all inputs.",
            inputs: Inputs::One,
            options: OPTIONS,
            shape: "[I] becomes [units].",
            formula: "y[o] = f(b[o] + Σ x[i] w[i, o]); `kernel` w is [I, units]",
            source: "",
            example: "flatten -> dense(10, activation: softmax)",
        },
        make: |a: &Attributes| Dense {
            units: a.int("units"),
            activation: a.activation("activation"),
            use_bias: a.bool("use_bias"),
            kernel_initializer: a.initializer("kernel_initializer"),
            bias_initializer: a.initializer("bias_initializer"),
            kernel_regularizer: a.regularizer("kernel_regularizer"),
            bias_regularizer: a.regularizer("bias_regularizer"),
        },
    }];
}

impl LayerOp for Dense {
    fn keyword(&self) -> &'static str {
        "dense"
    }

    fn params(&self, inputs: &[Shape]) -> Vec<ParamSpec> {
        let shape = Shape::new([inputs[0].elements(), self.units]);
        let kernel = ParamSpec::weight("kernel", shape, self.kernel_initializer)
            .with_axes(Axes::Matrix)
            .regularized(self.kernel_regularizer);
        let bias = || {
            ParamSpec::weight("bias", Shape::vector(self.units), self.bias_initializer)
                .regularized(self.bias_regularizer)
        };
        std::iter::once(kernel).chain(self.use_bias.then(bias)).collect()
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        if inputs[0].rank() != 1 {
            return Err(InferError::Rank { expected: 1, found: inputs[0].clone() });
        }
        Ok(Shape::vector(self.units))
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], params: &[Value]) -> Value {
        let mut y = graph.dense(inputs[0], params[0]);
        if self.use_bias {
            y = graph.bias_add(y, params[1]);
        }
        graph.activation(y, self.activation)
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        per_unit(inputs[0].elements()).saturating_mul(self.units as u64)
    }

    fn activation(&self) -> Activation {
        self.activation
    }

    fn linearity(&self) -> Linearity {
        Linearity::Mixes
    }
}

/// A multiplication and an addition for each input.
fn per_unit(inputs: usize) -> u64 {
    2 * inputs as u64
}
