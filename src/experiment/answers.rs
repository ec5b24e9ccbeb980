//! The answers of a pass, as tables and statistics take them, and their files: `predictions.csv` and
//! `metrics.json`.

use std::path::Path;

use serde_json::{Value, json};

use super::error::Error;
use super::scores::Scores;
use crate::assess::{Answers, PictureAnswer, Task, Truth};
use crate::data::{DataIndex, Split};
use crate::files;
use crate::ir::{Interpretation, Labels, Subject};
use crate::train::{Answered, RunError};

/// Collects the answers of a pass.
#[derive(Debug)]
pub(super) struct Collector {
    read: Interpretation,
    task: Option<Task>,
    /// Numbers of an answer.
    outputs: usize,
    /// Places in the data set, in the order of the answers.
    items: Vec<u32>,
    pictures: Vec<PictureAnswer>,
}

impl Collector {
    /// Of a model whose outputs are read like this.
    pub(super) fn new(read: Interpretation, outputs: usize) -> Self {
        let task = match read.subject {
            Subject::Class => Some(Task::Classes { are_probabilities: read.are_probabilities }),
            Subject::Classes => Some(Task::Labels),
            Subject::Numbers => Some(Task::Numbers),
            // of maps and of hundreds of numbers there is nothing to be said in a table
            Subject::Map => None,
        };
        Self { read, task, outputs, items: Vec::new(), pictures: Vec::new() }
    }

    /// Takes a batch's.
    pub(super) fn take(&mut self, answered: Answered<'_>) {
        let Some(task) = self.task else { return };
        let Answered { items, labels, outputs, .. } = answered;
        for (at, (&item, outputs)) in items.iter().zip(outputs.chunks_exact(self.outputs)).enumerate() {
            let truth = match labels {
                Labels::Classes(classes) => Truth::Class(usize::try_from(classes[at]).unwrap_or_default()),
                Labels::Numbers(numbers) => {
                    let numbers = &numbers[at * self.outputs..][..self.outputs];
                    match task {
                        Task::Labels => Truth::Labels(numbers.iter().map(|&is| is > 0.5).collect()),
                        Task::Classes { .. } | Task::Numbers => Truth::Numbers(numbers.to_vec()),
                    }
                }
            };
            let scores = self.read.scores(outputs);
            self.pictures.push(PictureAnswer { name: String::new(), truth, scores });
            self.items.push(item);
        }
    }

    /// All of them, with the names that an index has for the pictures; `None` where there is nothing to be
    /// said of the kind of answers.
    pub(super) fn finish(self, index: &DataIndex) -> Option<Answers> {
        let Self { read, task, items, mut pictures, .. } = self;
        for (picture, item) in pictures.iter_mut().zip(items) {
            let item = item as usize;
            picture.name = index.name(item).map_or_else(|| item.to_string(), str::to_owned);
        }
        Some(Answers { task: task?, names: read.names, pictures })
    }
}

/// What a model made of a split, with all that its answers say of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The split.
    pub split: Split,
    /// Loss and metrics over all pictures.
    pub scores: Scores,
    /// Its answers; `None` where it answers with maps.
    pub answers: Option<Answers>,
}

impl Judged {
    /// Results, and all that the answers say of the model.
    pub fn to_json(&self) -> Value {
        let assessment = self.answers.as_ref().map(|answers| answers.assess().to_json());
        json!({ "split": self.split.name(), "results": self.scores.to_json(), "assessment": assessment })
    }

    /// Writes `predictions.csv` and `metrics.json` at these places.
    /// # Errors
    /// [`Error::Run`] where they cannot be written.
    pub fn write(&self, predictions: &Path, metrics: &Path) -> Result<(), Error> {
        if let Some(answers) = &self.answers {
            files::write(predictions, |file| answers.write_csv(file))
                .map_err(|error| RunError::write(predictions, error))?;
        }
        let text = format!("{:#}\n", self.to_json());
        files::write(metrics, |file| file.write_all(text.as_bytes()))
            .map_err(|error| RunError::write(metrics, error))?;
        Ok(())
    }
}
