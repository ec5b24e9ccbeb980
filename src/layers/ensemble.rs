//! How the members of an ensemble become one answer. These layers have no words of their own: `ensemble`
//! makes them.

use super::{InferError, Kind, LayerOp, ParamSpec, Probability, per_element};
use crate::desc::{Compare, Expr, ExprId, ExprNode, PoolKind};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;
use crate::vocabulary::Initializer;

/// A layer between the members of an ensemble and its answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Together {
    /// The answer of one member times its weight in the sum of all: a number of its own, which begins at
    /// this one.
    Weight(f32),
    /// The sum of answers that have been weighted by numbers of at least 0 that are 1 together.
    WeightedSum,
    /// Of answers that give exclusive classes: for each class the share of members to whom it is the
    /// likeliest, the first of several that are equally likely.
    VoteForClass,
    /// Of answers that say yes or no to each class: the share of members that say yes, above 1/2.
    VoteForEach,
}

/// A probability above this says yes, as in all that is told of answers.
const YES: f32 = 0.5;

impl Together {
    pub(super) const KINDS: &'static [Kind<Self>] = &[];

    /// Whether it takes the answers of several members.
    fn joins(self) -> bool {
        match self {
            Together::Weight(_) => false,
            Together::WeightedSum | Together::VoteForClass | Together::VoteForEach => true,
        }
    }
}

impl LayerOp for Together {
    fn keyword(&self) -> &'static str {
        match self {
            Together::Weight(_) => "weight",
            Together::WeightedSum => "weighted_sum",
            Together::VoteForClass | Together::VoteForEach => "vote",
        }
    }

    fn params(&self, _inputs: &[Shape]) -> Vec<ParamSpec> {
        match self {
            Together::Weight(first) => {
                let spec = ParamSpec::weight("weight", Shape::vector(1), Initializer::Constant(*first));
                vec![ParamSpec { trainable: false, ..spec }]
            }
            Together::WeightedSum | Together::VoteForClass | Together::VoteForEach => Vec::new(),
        }
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        let Some((first, rest)) = inputs.split_first() else { return Err(InferError::TooFewInputs) };
        if self.joins() && rest.is_empty() {
            return Err(InferError::TooFewInputs);
        }
        if first.rank() != 1 && matches!(self, Together::VoteForClass) {
            return Err(InferError::Rank { expected: 1, found: first.clone() });
        }
        if rest.iter().all(|shape| shape == first) {
            Ok(first.clone())
        } else {
            Err(InferError::ShapesDiffer { shapes: inputs.to_vec() })
        }
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], params: &[Value]) -> Value {
        let votes: Vec<Value> = match self {
            Together::Weight(_) => {
                return graph.map(&[inputs[0], params[0]], |e| {
                    let (answer, weight) = (e.input(0), e.input(1));
                    e.mul(answer, weight)
                });
            }
            Together::WeightedSum => return graph.fold(inputs, |e, sum, next| e.add(sum, next)),
            Together::VoteForClass => inputs.iter().map(|&input| first_largest(graph, input)).collect(),
            Together::VoteForEach => {
                let vote = |&input: &Value| {
                    graph.map(&[input], |e| {
                        let (answer, yes) = (e.input(0), e.constant(YES));
                        where_less(e, yes, answer)
                    })
                };
                inputs.iter().map(vote).collect()
            }
        };
        let sum = graph.fold(&votes, |e, sum, next| e.add(sum, next));
        // a division is the nearest number to the share; a product with 1/3 is not
        let members = votes.len() as f32;
        graph.map(&[sum], |e| {
            let (sum, members) = (e.input(0), e.constant(members));
            e.push(ExprNode::Div(sum, members))
        })
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        inputs.first().map_or(0, |shape| per_element(shape, inputs.len() as u64))
    }

    fn probability(&self, operands: &[Probability], _inputs: &[Shape]) -> Probability {
        match self {
            // by themselves they are parts of a mean, as which the sum counts them
            Together::Weight(_) => operands.first().copied().unwrap_or(Probability::None),
            Together::WeightedSum => Probability::among(operands),
            Together::VoteForClass => Probability::Shares,
            Together::VoteForEach => Probability::Each,
        }
    }
}

/// 1 where `a < b`, else 0.
fn where_less(e: &mut Expr, a: ExprId, b: ExprId) -> ExprId {
    let (one, zero) = (e.constant(1.0), e.constant(0.0));
    e.select(Compare::Less, a, b, one, zero)
}

/// 1 for the first of the largest of a vector's elements, 0 for all others.
fn first_largest(graph: &mut GraphBuilder<'_>, vector: Value) -> Value {
    let length = graph.shape(vector).channels();
    // the largest of all pixels of a map is one number, which its pixels share
    let pixels = graph.reshape(vector, Shape::image(length, 1, 1));
    let largest = graph.global_pool(pixels, PoolKind::Max);
    let are_largest = graph.map(&[pixels, largest], |e| {
        let (each, largest) = (e.input(0), e.input(1));
        let (one, zero) = (e.constant(1.0), e.constant(0.0));
        e.select(Compare::Equal, each, largest, one, zero)
    });
    let are_largest = graph.reshape(are_largest, Shape::vector(length));
    // how many there are up to each element, itself included
    let count = graph.neighbour_sum(are_largest, length.saturating_sub(1), 0);
    graph.map(&[are_largest, count], |e| {
        let (is_largest, count) = (e.input(0), e.input(1));
        let (more_than_one, zero) = (e.constant(1.5), e.constant(0.0));
        e.select(Compare::Less, count, more_than_one, is_largest, zero)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_answer_in_one_shape() {
        let (three, four) = (Shape::vector(3), Shape::vector(4));
        for layer in [Together::WeightedSum, Together::VoteForClass, Together::VoteForEach] {
            assert_eq!(layer.infer(&[three.clone(), three.clone()]), Ok(three.clone()));
            assert!(layer.infer(&[three.clone(), four.clone()]).is_err());
            assert_eq!(layer.infer(std::slice::from_ref(&three)), Err(InferError::TooFewInputs));
        }
        assert_eq!(Together::Weight(0.5).infer(std::slice::from_ref(&four)), Ok(four.clone()));
    }
}
