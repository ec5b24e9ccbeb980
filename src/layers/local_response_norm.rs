//! `local_response_norm`: each value is divided by the activity of its neighbours among the channels.

use super::{
    Attributes, InferError, Inputs, Kind, KindInfo, LayerOp, OptionSpec, OptionType, Purpose, image_of,
    per_element,
};
use crate::desc::ExprNode;
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;

/// `local_response_norm(size, alpha, beta, bias)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalResponseNorm {
    /// Channels whose squares are summed, the value's own among them.
    pub size: usize,
    /// Factor of their mean square.
    pub alpha: f32,
    /// Exponent.
    pub beta: f32,
    /// What is added before the exponent is taken: `k` in the papers.
    pub bias: f32,
}

impl LocalResponseNorm {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "local_response_norm",
            keras: "LocalResponseNorm",
            help: "Divides each value by the activity of the channels next to it, as AlexNet and GoogLeNet do. As in PyTorch and \
                   Caffe the sum of squares is divided by `size`; TensorFlow does not divide it.",
            inputs: Inputs::One,
            options: &[
                OptionSpec::optional(
                    "size",
                    OptionType::Int { min: 1 },
                    "5",
                    "Channels that are looked at, the value's own in the middle.",
                ),
                OptionSpec::optional(
                    "alpha",
                    OptionType::NonNegative,
                    "0.0001",
                    "Factor of their mean square.",
                ),
                OptionSpec::optional("beta", OptionType::NonNegative, "0.75", "Exponent."),
                OptionSpec::optional(
                    "bias",
                    OptionType::Positive,
                    "1",
                    "What is added to the mean square: `k` in PyTorch.",
                ),
            ],
            shape: "The input's.",
            formula: "y[c] = x[c] / (bias + alpha / size · Σ x[k]²)^beta over k from c − ⌊size / 2⌋ to c + ⌊(size − 1) / \
                  2⌋, as far as there are channels",
            source: "Krizhevsky et al., NIPS 2012, §3.3; PyTorch's `LocalResponseNorm`",
            example: "local_response_norm(5, alpha: 0.0001, beta: 0.75, bias: 2)",
        },
        make: |a: &Attributes| LocalResponseNorm {
            size: a.int("size"),
            alpha: a.float("alpha"),
            beta: a.float("beta"),
            bias: a.float("bias"),
        },
    }];
}

impl LayerOp for LocalResponseNorm {
    fn keyword(&self) -> &'static str {
        "local_response_norm"
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        image_of(&inputs[0])?;
        Ok(inputs[0].clone())
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        let x = inputs[0];
        let squares = graph.map(&[x], |e| {
            let x = e.input(0);
            e.mul(x, x)
        });
        let sums = graph.neighbour_sum(squares, self.size / 2, (self.size - 1) / 2);
        // x · v^−β as x · e^(−β ln v)
        graph.map(&[x, sums], |e| {
            let (x, sum) = (e.input(0), e.input(1));
            let (share, bias) = (e.constant(self.alpha / self.size as f32), e.constant(self.bias));
            let inner = e.mul_add(sum, share, bias);
            let (log, exponent) = (e.push(ExprNode::Log(inner)), e.constant(-self.beta));
            let power = e.mul(log, exponent);
            let factor = e.push(ExprNode::Exp(power));
            e.mul(x, factor)
        })
    }

    /// The square, the additions and the division; the power counts as one.
    fn flops(&self, inputs: &[Shape]) -> u64 {
        per_element(&inputs[0], self.size as u64 + 4)
    }

    fn purpose(&self) -> Purpose {
        Purpose::Normalize
    }
}
