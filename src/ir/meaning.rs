//! What the numbers of a model's answer are.

use super::{CheckedProgram, LabelKind, Link};

/// What the numbers of a model's answer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// How probable each class is.
    Probabilities {
        /// The loss takes them as shares of their sum, as those of a product of several softmaxes are.
        are_shares: bool,
    },
    /// A score for each class.
    Scores {
        /// What makes probabilities of them; `None` where the loss compares them as they are.
        link: Option<Link>,
    },
    /// Numbers that stand for themselves.
    Numbers,
    /// A map: a value for each place of the picture and each channel.
    Map,
}

/// What the output of a program is. `has_classes`: the weights tell of classes, which decides where the
/// program itself says nothing of data and training.
pub fn meaning(program: &CheckedProgram, has_classes: bool) -> Meaning {
    let shape = program.output_shape();
    if shape.rank() != 1 {
        return Meaning::Map;
    }
    if program.label_kind() == LabelKind::Regression {
        return Meaning::Numbers;
    }
    let outputs = shape.elements();
    let link = program.loss().and_then(|loss| loss.link(outputs));
    if program.gives_probabilities(program.program().model.output) {
        return Meaning::Probabilities { are_shares: link == Some(Link::Softmax) };
    }
    match program.loss() {
        Some(_) => Meaning::Scores { link },
        // as the loss that is taken where none is written
        None if has_classes => {
            Meaning::Scores { link: Some(if outputs == 1 { Link::Sigmoid } else { Link::Softmax }) }
        }
        None => Meaning::Numbers,
    }
}

impl Link {
    /// Makes probabilities of the scores of one picture, in place.
    pub fn apply(self, scores: &mut [f32]) {
        match self {
            Link::Softmax => {
                let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                scores.iter_mut().for_each(|score| *score = (*score - most).exp());
                let sum: f32 = scores.iter().sum();
                scores.iter_mut().for_each(|score| *score /= sum);
            }
            Link::Sigmoid => scores.iter_mut().for_each(|score| *score = 1.0 / (1.0 + (-*score).exp())),
        }
    }

    /// The activation that does the same.
    pub fn name(self) -> &'static str {
        match self {
            Link::Softmax => "softmax",
            Link::Sigmoid => "sigmoid",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_any_size_become_probabilities() {
        let made = |link: Link, scores: &[f32]| {
            let mut scores = scores.to_vec();
            link.apply(&mut scores);
            scores
        };
        assert_eq!(made(Link::Softmax, &[500.0, 500.0]), [0.5, 0.5]);
        assert_eq!(made(Link::Softmax, &[-1e30, 0.0]), [0.0, 1.0]);
        assert_eq!(made(Link::Sigmoid, &[0.0, 200.0, -200.0]), [0.5, 1.0, 0.0]);
    }
}
