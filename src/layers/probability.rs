//! Whether values are probabilities: what a loss and `predict` must know of a model's output.
//!
//! It follows from the layers. A softmax or sigmoid makes probabilities, layers with weights make scores of
//! whatever they are given, and the rest (joins, pools, shapes) keeps some of what it is given.

use super::InferError;
use crate::tensor::Shape;
use crate::vocabulary::{Activation, ActivationKind};

/// What is known of values. Each kind is also all of those above it, except the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Probability {
    /// Nothing bounds them: scores, features, pixels.
    None,
    /// Computed from probabilities by a rule that may leave 0..=1.
    Derived,
    /// Each is in 0..=1.
    Each,
    /// Each is in 0..=1, and a softmax has made them: of exclusive classes, if not 1 together.
    Exclusive,
    /// Each is in 0..=1, and over the channels they are 1 together.
    Shares,
}

impl Probability {
    /// Whether each value is in 0..=1 for certain.
    pub fn is_certain(self) -> bool {
        self >= Probability::Each
    }

    /// At most this; values that are no probabilities stay what they are.
    pub(super) fn at_most(self, most: Probability) -> Self {
        self.min(most)
    }

    /// What a rule makes of several values that keeps each result within the values' range.
    pub(super) fn among(operands: &[Probability]) -> Self {
        match operands {
            _ if operands.iter().all(|&operand| operand == Probability::None) => Probability::None,
            // scores and probabilities in one sum are neither
            _ if operands.contains(&Probability::None) => Probability::Derived,
            _ => operands.iter().copied().min().unwrap_or(Probability::None),
        }
    }

    /// What the same values are in another shape: of several pixels, the shares are no longer 1 together.
    pub(super) fn reshaped(self, from: &Shape, to: Result<Shape, InferError>) -> Self {
        match to {
            Ok(to) if to.channels() == from.channels() => self,
            Ok(_) | Err(_) if self >= Probability::Exclusive => Probability::Derived,
            Ok(_) | Err(_) => self,
        }
    }

    /// What an activation makes of them.
    pub(super) fn activated(self, activation: Activation) -> Self {
        let kind = match activation {
            Activation::Linear => return self,
            Activation::Softmax => return Probability::Shares,
            Activation::Elementwise(kind) => kind,
        };
        match kind {
            ActivationKind::Sigmoid | ActivationKind::HardSigmoid { .. } => Probability::Each,
            // what lies in 0..=1 stays as it is
            ActivationKind::Relu
            | ActivationKind::Relu6
            | ActivationKind::LeakyRelu { .. }
            | ActivationKind::Elu { .. } => self,
            // it becomes smaller
            ActivationKind::Gelu
            | ActivationKind::Silu
            | ActivationKind::HardSwish
            | ActivationKind::Tanh => self.at_most(Probability::Exclusive),
            ActivationKind::Selu | ActivationKind::Softplus => self.at_most(Probability::Derived),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Probability::{Derived, Each, Exclusive, None, Shares};
    use super::*;

    #[test]
    fn values_of_both_kinds_are_neither() {
        assert_eq!(Probability::among(&[None, None]), None);
        assert_eq!(Probability::among(&[None, Shares]), Derived);
        assert_eq!(Probability::among(&[Shares, Shares]), Shares);
        assert_eq!(Probability::among(&[Exclusive, Each, Shares]), Each);
    }

    #[test]
    fn activations_bound_what_has_no_bounds_or_keep_it_apart() {
        for kind in [ActivationKind::Relu, ActivationKind::Tanh, ActivationKind::Softplus] {
            assert_eq!(None.activated(Activation::Elementwise(kind)), None, "{kind:?}");
        }
        assert_eq!(None.activated(Activation::Softmax), Shares);
        assert_eq!(
            Derived.activated(Activation::Elementwise(ActivationKind::HardSigmoid { alpha: 0.2, beta: 0.5 })),
            Each
        );
        assert_eq!(Shares.activated(Activation::Elementwise(ActivationKind::Relu)), Shares);
        assert_eq!(Shares.activated(Activation::Elementwise(ActivationKind::Tanh)), Exclusive);
        assert_eq!(Shares.activated(Activation::Elementwise(ActivationKind::Selu)), Derived);
    }

    #[test]
    fn of_several_pixels_shares_are_more_than_one_together() {
        let (map, pixel, vector) = (Shape::image(2, 2, 3), Shape::image(1, 1, 3), Shape::vector(3));
        assert_eq!(Shares.reshaped(&pixel, Ok(vector)), Shares);
        assert_eq!(Shares.reshaped(&map, Ok(Shape::vector(12))), Derived);
        assert_eq!(Each.reshaped(&map, Ok(Shape::vector(12))), Each);
        assert_eq!(None.reshaped(&map, Ok(Shape::vector(12))), None);
    }
}
