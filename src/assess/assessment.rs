//! All that a split's answers say of a model.

use super::answers::{Answers, PictureAnswer, THRESHOLD, Task, Truth};
use super::calibration::Calibration;
use super::classes::ClassTable;
use super::confusion::Confusion;
use super::counts::Counts;
use super::interval::Interval;
use super::numbers::NumberQuality;
use super::ranking::{Scored, area, average_precision};

/// All that a split's answers say of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// How many pictures.
    pub pictures: u64,
    /// Names of the classes, or of the numbers.
    pub names: Vec<String>,
    /// What was found.
    pub findings: Findings,
}

/// What was found, by the task.
#[derive(Debug, Clone, PartialEq)]
pub enum Findings {
    /// Each picture is of one class.
    Classes(Box<ClassFindings>),
    /// Each picture is of any number of classes.
    Labels(Box<LabelFindings>),
    /// Numbers are predicted.
    Numbers(NumberFindings),
}

/// Of pictures of one class each.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassFindings {
    /// How often each class was taken for each other one.
    pub confusion: Confusion,
    /// Precision, recall and F1.
    pub table: ClassTable,
    /// Share of right answers.
    pub accuracy: f64,
    /// Where the accuracy lies; `None` without pictures.
    pub interval: Option<Interval>,
    /// Of two classes, how well the second is told from the first.
    pub binary: Option<Ranked>,
    /// Whether the model is as sure as it is right, where scores are probabilities.
    pub calibration: Option<Calibration>,
}

/// How well scores put a class in front.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// A score above this says the class.
    pub threshold: f32,
    /// Area under the receiver's curve; `None` where all pictures are of the class, or none.
    pub auc: Option<f64>,
    /// `None` where no picture is of the class.
    pub average_precision: Option<f64>,
}

/// Of pictures of any number of classes.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelFindings {
    /// Precision, recall and F1.
    pub table: ClassTable,
    /// Of each class.
    pub ranked: Vec<Ranked>,
    /// Share of the pictures all of whose classes are told, and no other.
    pub exact: f64,
    /// Where it lies; `None` without pictures.
    pub interval: Option<Interval>,
}

/// Of predicted numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberFindings {
    /// Of each number; empty without pictures.
    pub rows: Vec<NumberQuality>,
    /// Over all numbers, each counting alike.
    pub mean: Option<NumberQuality>,
}

impl Answers {
    /// What these answers say of the model.
    pub fn assess(&self) -> Assessment {
        let findings = match self.task {
            Task::Classes { are_probabilities } => {
                Findings::Classes(Box::new(self.of_classes(are_probabilities)))
            }
            Task::Labels => Findings::Labels(Box::new(self.of_labels())),
            Task::Numbers => Findings::Numbers(self.of_numbers()),
        };
        Assessment { pictures: self.pictures.len() as u64, names: self.names.clone(), findings }
    }

    fn of_classes(&self, are_probabilities: bool) -> ClassFindings {
        let pairs = self.pictures.iter().filter_map(|picture| match picture.truth {
            Truth::Class(class) => Some((class, picture.answer())),
            Truth::Labels(_) | Truth::Numbers(_) => None,
        });
        let confusion = Confusion::of(self.names.len(), pairs);
        let (all, right) = (confusion.total(), confusion.right());
        let is_second = |picture: &PictureAnswer| picture.truth == Truth::Class(1);
        let threshold = if are_probabilities { THRESHOLD } else { 0.0 };
        let binary = || self.ranked(1, threshold, is_second);
        let calibration = || {
            let answers = self.pictures.iter();
            Calibration::of(answers.map(|p| (p.confidence(), p.is_right() == Some(true))))
        };
        ClassFindings {
            table: ClassTable::of(confusion.of_classes()),
            accuracy: if all == 0 { 0.0 } else { right as f64 / all as f64 },
            interval: Interval::wilson(right, all),
            binary: (self.names.len() == 2).then(binary),
            calibration: are_probabilities.then(calibration),
            confusion,
        }
    }

    fn of_labels(&self) -> LabelFindings {
        let mut counts = vec![Counts::default(); self.names.len()];
        let mut exact = 0;
        for picture in &self.pictures {
            let Truth::Labels(truth) = &picture.truth else { continue };
            let said = picture.said();
            for (counts, (&said, &wanted)) in counts.iter_mut().zip(said.iter().zip(truth)) {
                counts.add(said, wanted);
            }
            exact += u64::from(said == *truth);
        }
        let of_class = |class: usize| {
            let is_wanted = |picture: &PictureAnswer| matches!(&picture.truth, Truth::Labels(truth) if truth.get(class) == Some(&true));
            self.ranked(class, THRESHOLD, is_wanted)
        };
        let all = self.pictures.len() as u64;
        LabelFindings {
            table: ClassTable::of(counts),
            ranked: (0..self.names.len()).map(of_class).collect(),
            exact: if all == 0 { 0.0 } else { exact as f64 / all as f64 },
            interval: Interval::wilson(exact, all),
        }
    }

    fn of_numbers(&self) -> NumberFindings {
        let of_number = |at: usize| {
            let pair = |picture: &PictureAnswer| match &picture.truth {
                Truth::Numbers(truth) => Some((*truth.get(at)?, *picture.scores.get(at)?)),
                Truth::Class(_) | Truth::Labels(_) => None,
            };
            NumberQuality::of(&self.pictures.iter().filter_map(pair).collect::<Vec<_>>())
        };
        let rows: Vec<NumberQuality> = (0..self.names.len()).filter_map(of_number).collect();
        NumberFindings { mean: NumberQuality::mean(&rows), rows }
    }

    fn ranked(&self, class: usize, threshold: f32, is_wanted: impl Fn(&PictureAnswer) -> bool) -> Ranked {
        let scored = |picture: &PictureAnswer| Some((*picture.scores.get(class)?, is_wanted(picture)));
        let answers: Vec<Scored> = self.pictures.iter().filter_map(scored).collect();
        Ranked { threshold, auc: area(answers.clone()), average_precision: average_precision(answers) }
    }
}
