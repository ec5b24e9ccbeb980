//! `dense`: a fully connected layer.

use super::{
    Activation, Attributes, InferError, Initializer, Inputs, Kind, KindInfo, LayerOp, OptionSpec, OptionType, ParamSpec,
};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;

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
}

const OPTIONS: &[OptionSpec] = &[
    OptionSpec { name: "units", ty: OptionType::Int { min: 1 }, default: None, help: "Length of the result." },
    OptionSpec {
        name: "activation",
        ty: OptionType::Activation,
        default: Some("linear"),
        help: "Applied to the result.",
    },
    OptionSpec { name: "use_bias", ty: OptionType::Bool, default: Some("true"), help: "Whether a bias is added." },
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

impl Dense {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "dense",
            keras: "Dense",
            help: "Every output is a weighted sum of all inputs.",
            inputs: Inputs::One,
            options: OPTIONS,
        },
        make: |a: &Attributes| Dense {
            units: a.int("units"),
            activation: a.activation("activation"),
            use_bias: a.bool("use_bias"),
            kernel_initializer: a.initializer("kernel_initializer"),
            bias_initializer: a.initializer("bias_initializer"),
        },
    }];
}

impl LayerOp for Dense {
    fn keyword(&self) -> &'static str {
        "dense"
    }

    fn params(&self, inputs: &[Shape]) -> Vec<ParamSpec> {
        let kernel = ParamSpec {
            name: "kernel",
            shape: Shape::new([inputs[0].elements(), self.units]),
            initializer: self.kernel_initializer,
            trainable: true,
        };
        let bias = self.use_bias.then(|| ParamSpec {
            name: "bias",
            shape: Shape::vector(self.units),
            initializer: self.bias_initializer,
            trainable: true,
        });
        std::iter::once(kernel).chain(bias).collect()
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
}

/// A multiplication and an addition for each input.
fn per_unit(inputs: usize) -> u64 {
    2 * inputs as u64
}
