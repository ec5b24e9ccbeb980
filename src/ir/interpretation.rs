//! How a model's outputs are read: as classes, numbers or a map, with names, and with scores that people
//! understand.

use super::{CheckedProgram, DataSource, LabelKind, Link, Loss, Meaning, Program};

/// Numbers without names that are told one by one; of more only the range is told, as of a map.
const MOST_NUMBERS: usize = 64;

/// What an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The one class that is likeliest.
    Class,
    /// All classes that are likely.
    Classes,
    /// Numbers, each with its name.
    Numbers,
    /// A map, or more numbers than anybody reads.
    Map,
}

/// How a model's outputs are read.
#[derive(Debug, Clone, PartialEq)]
pub struct Interpretation {
    /// What they are about.
    pub subject: Subject,
    /// Of each score or number.
    pub names: Vec<String>,
    /// Scores are probabilities.
    pub are_probabilities: bool,
    /// Makes probabilities of the outputs.
    pub(crate) link: Option<Link>,
    /// The outputs are shares of their sum.
    pub(crate) are_shares: bool,
    /// A single output is above 0 for the second class, and below for the first.
    pub(crate) around_zero: bool,
}

impl Interpretation {
    /// For a model with so many outputs of a meaning, whose classes are known by these names (if they are).
    pub fn of(program: &CheckedProgram, meaning: Meaning, classes: &[String], outputs: usize) -> Self {
        let (subject, names) = match meaning {
            Meaning::Map => (Subject::Map, Vec::new()),
            Meaning::Numbers => match number_names(program.program(), outputs) {
                Some(names) => (Subject::Numbers, names),
                None => (Subject::Map, Vec::new()),
            },
            Meaning::Probabilities { .. } | Meaning::Scores { .. } => match program.label_kind() {
                LabelKind::Multi => (Subject::Classes, class_names(classes, outputs)),
                // a single unit's output is the second class's
                LabelKind::Single | LabelKind::Regression => {
                    (Subject::Class, class_names(classes, if outputs == 1 { 2 } else { outputs }))
                }
            },
        };
        let link = match meaning {
            Meaning::Scores { link } => link,
            Meaning::Probabilities { .. } | Meaning::Numbers | Meaning::Map => None,
        };
        let are_probabilities = link.is_some() || matches!(meaning, Meaning::Probabilities { .. });
        let around_zero =
            matches!(meaning, Meaning::Scores { link: None }) && program.loss() == Some(Loss::Hinge);
        let are_shares = matches!(meaning, Meaning::Probabilities { are_shares: true });
        Self { subject, names, are_probabilities, link, are_shares, around_zero }
    }

    /// A score for each name, of the model's outputs for a picture. Where several classes are possible each
    /// output is its own; else those of a single output are those of both classes. Of numbers and maps they
    /// are the outputs.
    pub fn scores(&self, outputs: &[f32]) -> Vec<f32> {
        let mut scores = outputs.to_vec();
        if matches!(self.subject, Subject::Numbers | Subject::Map) {
            return scores;
        }
        if let Some(link) = self.link {
            link.apply(&mut scores);
        }
        match scores[..] {
            _ if self.subject == Subject::Classes => scores,
            [one] if self.around_zero => vec![-one, one],
            [one] => vec![1.0 - one, one],
            _ if self.are_shares => shares(&scores),
            _ => scores,
        }
    }
}

/// Parts of a sum, unless it is 1 already, but for its last digits.
fn shares(parts: &[f32]) -> Vec<f32> {
    let sum: f32 = parts.iter().sum();
    let is_one = (sum - 1.0).abs() < 1e-3;
    if is_one || sum <= 0.0 { parts.to_vec() } else { parts.iter().map(|part| part / sum).collect() }
}

/// Names of numbers; `None` where these are many, and nothing names them.
fn number_names(program: &Program, outputs: usize) -> Option<Vec<String>> {
    match program.data.as_ref().map(|data| &data.source.value) {
        Some(DataSource::Csv(table)) => {
            Some(table.labels.iter().map(|column| column.value.clone()).collect())
        }
        _ if outputs == 1 => Some(vec!["value".to_owned()]),
        _ if outputs > MOST_NUMBERS => None,
        _ => Some((0..outputs).map(|at| format!("value_{at}")).collect()),
    }
}

/// Names of the classes; indices where they are not known.
fn class_names(known: &[String], count: usize) -> Vec<String> {
    (0..count).map(|index| known.get(index).cloned().unwrap_or_else(|| index.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_two_classes(link: Option<Link>) -> Interpretation {
        let names = ["cat", "dog"].map(str::to_owned).to_vec();
        let (are_probabilities, are_shares, around_zero) = (true, false, false);
        Interpretation { subject: Subject::Class, names, are_probabilities, link, are_shares, around_zero }
    }

    #[test]
    fn shares_are_of_their_sum() {
        assert_eq!(shares(&[0.25, 0.25]), [0.5, 0.5]);
        assert_eq!(shares(&[0.25, 0.750_000_1]), [0.25, 0.750_000_1]);
        assert_eq!(shares(&[0.0, 0.0]), [0.0, 0.0]);
    }

    #[test]
    fn unknown_classes_have_numbers() {
        assert_eq!(class_names(&[], 3), ["0", "1", "2"]);
    }

    #[test]
    fn a_single_output_speaks_of_both_classes() {
        assert_eq!(of_two_classes(None).scores(&[0.75]), [0.25, 0.75]);
        assert_eq!(of_two_classes(Some(Link::Sigmoid)).scores(&[0.0]), [0.5, 0.5]);
        let hinge = Interpretation { around_zero: true, ..of_two_classes(None) };
        assert_eq!(hinge.scores(&[-2.5]), [2.5, -2.5]);
        let labels = Interpretation { subject: Subject::Classes, ..of_two_classes(None) };
        assert_eq!(labels.scores(&[0.75]), [0.75]);
    }
}
