//! `add` and `concat`: several values into one.

use super::{InferError, Inputs, Kind, KindInfo, LayerOp, ParamSpec, per_element};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;

/// A layer that joins values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// `add(x, y)`: element-wise sum of equal shapes.
    Add,
    /// `concat(x, y)`: side by side along the channels.
    Concat,
}

impl Join {
    pub(super) const KINDS: &'static [Kind<Self>] = &[
        Kind {
            info: KindInfo {
                keyword: "add",
                keras: "Add",
                help: "Element-wise sum of values of one shape.",
                inputs: Inputs::Several,
                options: &[],
            },
            make: |_| Join::Add,
        },
        Kind {
            info: KindInfo {
                keyword: "concat",
                keras: "Concatenate",
                help: "Feature maps side by side along the channels.",
                inputs: Inputs::Several,
                options: &[],
            },
            make: |_| Join::Concat,
        },
    ];
}

impl LayerOp for Join {
    fn keyword(&self) -> &'static str {
        match self {
            Join::Add => "add",
            Join::Concat => "concat",
        }
    }

    fn params(&self, _inputs: &[Shape]) -> Vec<ParamSpec> {
        Vec::new()
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        let (first, rest) = match inputs {
            [first, rest @ ..] if !rest.is_empty() => (first, rest),
            _ => return Err(InferError::TooFewInputs { expected: 2, found: inputs.len() }),
        };
        let leading = |shape: &Shape| shape.extents()[..shape.rank().saturating_sub(1)].to_vec();
        match self {
            Join::Add if rest.iter().any(|shape| shape != first) => {
                Err(InferError::ShapesDiffer { shapes: inputs.to_vec() })
            }
            Join::Add => Ok(first.clone()),
            Join::Concat if rest.iter().any(|shape| leading(shape) != leading(first)) => {
                Err(InferError::ExtentsDiffer { shapes: inputs.to_vec() })
            }
            Join::Concat => {
                let mut extents = leading(first);
                extents.push(inputs.iter().map(Shape::channels).sum());
                Ok(Shape::new(extents))
            }
        }
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        match self {
            Join::Add => graph.add(inputs),
            Join::Concat => graph.concat(inputs),
        }
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        match self {
            Join::Add => per_element(&inputs[0], inputs.len().saturating_sub(1) as u64),
            Join::Concat => 0,
        }
    }
}
