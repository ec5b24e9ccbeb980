//! What a model answered to each picture of a split, and what is right.

/// What the answers are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Each picture is of one class.
    Classes {
        /// Scores are probabilities: they say how sure an answer is.
        are_probabilities: bool,
    },
    /// Each picture is of any number of classes.
    Labels,
    /// Numbers are predicted.
    Numbers,
}

/// The answers of a model to the pictures of a split.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    /// What they are about.
    pub task: Task,
    /// Names of the classes, or of the numbers.
    pub names: Vec<String>,
    /// One for each picture.
    pub pictures: Vec<PictureAnswer>,
}

/// A model's answer to a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureAnswer {
    /// Its file, or its number in an array.
    pub name: String,
    /// What is right.
    pub truth: Truth,
    /// A score for each class: its probability, where the task says so, or where each picture is of any
    /// number of classes. Of a regression the predicted numbers.
    pub scores: Vec<f32>,
}

/// What is right of a picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Truth {
    /// The class, as an index into the classes.
    Class(usize),
    /// Whether it is of each class.
    Labels(Vec<bool>),
    /// The numbers.
    Numbers(Vec<f32>),
}

/// Where each picture is of any number of classes, those above this are said, as Keras's `BinaryAccuracy`.
pub const THRESHOLD: f32 = 0.5;

impl PictureAnswer {
    /// The class with the highest score, the first where several are.
    pub fn answer(&self) -> usize {
        (1..self.scores.len()).fold(0, |best, at| if self.scores[at] > self.scores[best] { at } else { best })
    }

    /// The highest score.
    pub fn confidence(&self) -> f32 {
        self.scores.get(self.answer()).copied().unwrap_or_default()
    }

    /// Whether each class is said.
    pub fn said(&self) -> Vec<bool> {
        self.scores.iter().map(|&score| score > THRESHOLD).collect()
    }

    /// Whether the answer is the truth; `None` for numbers, which are never just right.
    pub fn is_right(&self) -> Option<bool> {
        match &self.truth {
            Truth::Class(class) => Some(self.answer() == *class),
            Truth::Labels(labels) => Some(self.said() == *labels),
            Truth::Numbers(_) => None,
        }
    }
}
