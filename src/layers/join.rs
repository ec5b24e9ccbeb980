//! `add`, `subtract`, `multiply`, `average`, `maximum` and `concat`: several values into one.

use super::{InferError, Inputs, Kind, KindInfo, LayerOp, Probability, per_element};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;

/// A layer that joins values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// `add(x, y)`: element-wise sum of equal shapes.
    Add,
    /// `subtract(x, y)`: x − y, two equal shapes.
    Subtract,
    /// `multiply(x, y)`: element-wise product of equal shapes, or of feature maps and one number for each of
    /// their channels.
    Multiply,
    /// `average(x, y)`: element-wise mean of equal shapes.
    Average,
    /// `maximum(x, y)`: element-wise maximum of equal shapes.
    Maximum,
    /// `concat(x, y)`: side by side along the channels.
    Concat,
}

/// A row of the table for a join of equal shapes.
const fn elementwise(
    [keyword, keras, help]: [&'static str; 3],
    [formula, example]: [&'static str; 2],
    make: fn(&super::Attributes) -> Join,
) -> Kind<Join> {
    let shape = "The inputs', which must be equal.";
    Kind {
        info: KindInfo {
            keyword,
            keras,
            help,
            inputs: Inputs::Several,
            options: &[],
            shape,
            formula,
            source: "",
            example,
        },
        make,
    }
}

impl Join {
    pub(super) const KINDS: &'static [Kind<Self>] = &[
        elementwise(
            ["add", "Add", "Element-wise sum of values of one shape."],
            ["y = x₁ + x₂ + …", "add(x, y)"],
            |_| Join::Add,
        ),
        elementwise(
            ["subtract", "Subtract", "Element-wise difference of two values of one shape."],
            ["y = x₁ − x₂", "subtract(x, y)"],
            |_| Join::Subtract,
        ),
        Kind {
            info: KindInfo {
                keyword: "multiply",
                keras: "Multiply",
                help: "Element-wise product; also of a feature map and a number for each of its channels, a gate.",
                inputs: Inputs::Several,
                options: &[],
                shape: "The inputs', which must be equal. Beside a feature map HxWxC stand 1x1xC and vectors [C], in \
                        any order: all pixels of an image are multiplied by them.",
                formula: "y = x₁ x₂ …; with a gate g, y[i, j, c] = x[i, j, c] g[c]",
                source: "Hu et al., arXiv:1709.01507 (squeeze-and-excitation)",
                example: "multiply(x, y)",
            },
            make: |_| Join::Multiply,
        },
        elementwise(
            ["average", "Average", "Element-wise mean of values of one shape."],
            ["y = (x₁ + … + xₙ) / n", "average(x, y)"],
            |_| Join::Average,
        ),
        elementwise(
            ["maximum", "Maximum", "Element-wise maximum of values of one shape."],
            ["y = max(x₁, x₂, …); of several largest values the first gets the gradient", "maximum(x, y)"],
            |_| Join::Maximum,
        ),
        Kind {
            info: KindInfo {
                keyword: "concat",
                keras: "Concatenate",
                help: "Feature maps side by side along the channels.",
                inputs: Inputs::Several,
                options: &[],
                shape: "Height and width of the inputs, which must be equal; C' = C₁ + C₂ + ….",
                formula: "y[i, j, C₁ + … + Cₖ₋₁ + c] = xₖ[i, j, c]",
                source: "",
                example: "concat(x, y)",
            },
            make: |_| Join::Concat,
        },
    ];
}

/// The operand that decides a product's shape: the first of the largest.
fn widest(inputs: &[Shape]) -> &Shape {
    let size = |shape: &Shape| (shape.elements(), shape.rank());
    inputs.iter().fold(&inputs[0], |widest, shape| if size(shape) > size(widest) { shape } else { widest })
}

/// Whether a shape is one number for each channel of a feature map.
fn is_gate_of(map: &Shape, shape: &Shape) -> bool {
    let is_pixel = shape.elements() == shape.channels();
    map.as_image().is_some() && is_pixel && shape.channels() == map.channels()
}

impl LayerOp for Join {
    fn keyword(&self) -> &'static str {
        match self {
            Join::Add => "add",
            Join::Subtract => "subtract",
            Join::Multiply => "multiply",
            Join::Average => "average",
            Join::Maximum => "maximum",
            Join::Concat => "concat",
        }
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        let (first, rest) = match inputs {
            [first, rest @ ..] if !rest.is_empty() => (first, rest),
            _ => return Err(InferError::TooFewInputs),
        };
        if *self == Join::Subtract && inputs.len() > 2 {
            return Err(InferError::TooManyInputs { most: 2, found: inputs.len() });
        }
        if *self == Join::Multiply {
            let product = widest(inputs);
            let fits = |shape: &Shape| shape == product || is_gate_of(product, shape);
            return if inputs.iter().all(fits) {
                Ok(product.clone())
            } else {
                Err(InferError::ShapesDiffer { shapes: inputs.to_vec() })
            };
        }
        if *self != Join::Concat {
            let equal = rest.iter().all(|shape| shape == first);
            return if equal {
                Ok(first.clone())
            } else {
                Err(InferError::ShapesDiffer { shapes: inputs.to_vec() })
            };
        }
        let leading = |shape: &Shape| shape.extents()[..shape.rank().saturating_sub(1)].to_vec();
        if rest.iter().any(|shape| leading(shape) != leading(first)) {
            return Err(InferError::ExtentsDiffer { shapes: inputs.to_vec() });
        }
        let mut extents = leading(first);
        extents.push(inputs.iter().map(Shape::channels).sum());
        Ok(Shape::new(extents))
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        match self {
            Join::Add => graph.fold(inputs, |e, sum, next| e.add(sum, next)),
            Join::Subtract => graph.fold(inputs, |e, first, next| e.sub(first, next)),
            Join::Multiply => {
                let shapes: Vec<Shape> = inputs.iter().map(|&input| graph.shape(input)).collect();
                let product = widest(&shapes);
                let (height, width, channels) = product.as_pixels();
                // of a map with one pixel a gate has the shape, of any other it is a vector that pixels share
                let gate = if height * width == 1 { product.clone() } else { Shape::vector(channels) };
                let mut operands = Vec::with_capacity(inputs.len());
                for (&input, shape) in inputs.iter().zip(&shapes) {
                    let fits = shape == product || *shape == gate;
                    operands.push(if fits { input } else { graph.reshape(input, gate.clone()) });
                }
                graph.fold(&operands, |e, product, next| e.mul(product, next))
            }
            // the earlier value stays where both are equal, and so gets the gradient
            Join::Maximum => graph.fold(inputs, |e, largest, next| e.max(next, largest)),
            Join::Average => {
                let sum = graph.fold(inputs, |e, sum, next| e.add(sum, next));
                let share = 1.0 / inputs.len() as f32;
                graph.map(&[sum], |e| {
                    let (sum, share) = (e.input(0), e.constant(share));
                    e.mul(sum, share)
                })
            }
            Join::Concat => graph.concat(inputs),
        }
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        match self {
            Join::Add | Join::Subtract | Join::Multiply | Join::Maximum => {
                per_element(widest(inputs), inputs.len().saturating_sub(1) as u64)
            }
            Join::Average => per_element(&inputs[0], inputs.len() as u64),
            Join::Concat => 0,
        }
    }

    fn probability(&self, operands: &[Probability], _inputs: &[Shape]) -> Probability {
        let among = Probability::among(operands);
        match self {
            Join::Average => among,
            Join::Maximum => among.at_most(Probability::Exclusive),
            // gates weigh scores, which stay scores
            Join::Multiply if operands.contains(&Probability::None) => Probability::None,
            Join::Multiply => among.at_most(Probability::Exclusive),
            Join::Add | Join::Subtract => among.at_most(Probability::Derived),
            // classes of several softmaxes are not exclusive
            Join::Concat if among >= Probability::Exclusive => Probability::Derived,
            Join::Concat => among,
        }
    }
}
