//! What a model answers, class by class, and which class is asked about.

use ndarray::Array2;

use super::error::Error;
use crate::autodiff::Differentiated;
use crate::experiment::Model;
use crate::ir::{Link, Meaning};
use crate::lower::nearest;

/// A model's answer to a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Of the classes; of the numbers, where the model predicts numbers.
    pub names: Vec<String>,
    /// How probable each class is; the number itself where there are no probabilities.
    pub values: Vec<f32>,
    /// Whether they are probabilities.
    pub are_probabilities: bool,
}

impl Answer {
    /// What the outputs for one picture say.
    /// # Errors
    /// [`Error::AnswersMap`].
    pub fn of(model: &Model, outputs: &[f32]) -> Result<Self, Error> {
        if model.meaning() == Meaning::Map {
            return Err(Error::AnswersMap {
                model: model.experiment().name().to_owned(),
                shape: Box::new(model.experiment().output_shape().clone()),
            });
        }
        let read = model.interpretation();
        let values = read.scores(outputs);
        // numbers that nothing names have numbers themselves
        let names = match read.names {
            names if names.is_empty() => (0..values.len()).map(|at| format!("value_{at}")).collect(),
            names => names,
        };
        Ok(Answer { names, values, are_probabilities: read.are_probabilities })
    }

    /// The likeliest class.
    pub fn best(&self) -> usize {
        let better = |best: usize, at: usize| if self.values[at] > self.values[best] { at } else { best };
        (0..self.values.len()).reduce(better).unwrap_or_default()
    }

    /// A class by its name, or else by its number.
    /// # Errors
    /// [`Error::NoClass`].
    pub fn class(&self, written: &str) -> Result<usize, Error> {
        let named = self.names.iter().position(|name| name == written);
        let numbered = || written.parse().ok().filter(|class| *class < self.names.len());
        named.or_else(numbered).ok_or_else(|| Error::NoClass {
            class: written.to_owned(),
            near: nearest(written, self.names.iter().map(String::as_str)).map(str::to_owned),
            known: self.names.clone(),
        })
    }

    /// A class with its probability: `cat 97.3%`.
    pub fn said(&self, class: usize) -> String {
        let (name, value) = (&self.names[class], self.values[class]);
        if self.are_probabilities {
            format!("{name} {:.1}%", value * 100.0)
        } else {
            format!("{name} {value:.3}")
        }
    }
}

/// What is differentiated for a class: of which outputs, and how much each of them counts.
pub(super) fn counts(
    model: &Model,
    of: Differentiated,
    answer: &Answer,
    class: usize,
) -> (Differentiated, Array2<f32>) {
    let outputs = model.outputs();
    let mut counts = Array2::zeros((1, outputs));
    // a single unit speaks for the second class, and so against the first
    let (place, sign) = if outputs == 1 && answer.names.len() == 2 {
        (0, if class == 1 { 1.0 } else { -1.0 })
    } else {
        (class, 1.0)
    };
    counts[[0, place]] = sign;
    // where the model ends in scores, probabilities are differentiated by hand
    match (of, model.meaning()) {
        (Differentiated::Output, Meaning::Scores { link: Some(Link::Softmax) }) => {
            let own = answer.values[class];
            for (other, count) in counts.iter_mut().enumerate() {
                let is_own = if other == class { 1.0 } else { 0.0 };
                *count = own * (is_own - answer.values[other]);
            }
        }
        (Differentiated::Output, Meaning::Scores { link: Some(Link::Sigmoid) }) => {
            let own = answer.values[class];
            counts[[0, place]] = sign * own * (1.0 - own);
        }
        (Differentiated::Output | Differentiated::Scores | Differentiated::Layer(_), _) => {}
    }
    (of, counts)
}
