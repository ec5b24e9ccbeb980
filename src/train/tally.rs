//! Precision, recall, F1 and the area under the receiver's curve of all pictures seen so far.
//!
//! One output is one class; of several classes each is the mean over them, as scikit-learn's `average="macro"`
//! and `multi_class="ovr"`: of those that occur among answers or labels, for areas of those that some pictures
//! have and others have not.

use serde::{Deserialize, Serialize};

use crate::assess::{self, Counts, Quality};
use crate::runtime::Answers;

/// What has been answered so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// For each output.
    counts: Vec<Counts>,
    /// All answers and what was right, `[pictures, outputs]`, where areas are wanted. They are too many for a
    /// text.
    #[serde(skip)]
    scores: Vec<f32>,
    #[serde(skip)]
    truth: Vec<bool>,
}

impl Tally {
    /// Adds a batch.
    pub fn add(&mut self, answers: &Answers) {
        self.counts.resize(answers.outputs, Counts::default());
        for (said, wanted) in answers.pictures() {
            for (counts, (&said, &wanted)) in self.counts.iter_mut().zip(said.iter().zip(wanted)) {
                counts.add(said, wanted);
            }
        }
        if answers.ranked {
            self.scores.extend_from_slice(&answers.scores);
            self.truth.extend_from_slice(&answers.truth);
        }
    }

    /// Share of what was said that is right.
    pub fn precision(&self) -> f64 {
        self.mean(|quality| quality.precision)
    }

    /// Share of what is right that was said.
    pub fn recall(&self) -> f64 {
        self.mean(|quality| quality.recall)
    }

    /// Their harmonic mean.
    pub fn f1(&self) -> f64 {
        self.mean(|quality| quality.f1)
    }

    /// The area under the receiver's curve; NaN where no class has pictures and lacks others.
    pub fn area(&self) -> f64 {
        let outputs = self.counts.len();
        let areas = (0..outputs).filter_map(|output| {
            let of_output = self.scores.iter().zip(&self.truth).skip(output).step_by(outputs);
            assess::area(of_output.map(|(&score, &truth)| (score, truth)).collect())
        });
        mean(areas.collect())
    }

    fn mean(&self, value: impl Fn(Quality) -> f64) -> f64 {
        let occurring = |counts: &&Counts| self.counts.len() == 1 || counts.occurs();
        mean(self.counts.iter().filter(occurring).map(|counts| value(Quality::of(*counts))).collect())
    }

    /// All answers and what was right as numbers, to be saved.
    pub(super) fn ranking(&self) -> [Vec<f32>; 2] {
        [self.scores.clone(), self.truth.iter().map(|&truth| f32::from(u8::from(truth))).collect()]
    }

    /// Goes on with answers that were saved.
    pub(super) fn restore(&mut self, [scores, truth]: [Vec<f32>; 2]) {
        (self.scores, self.truth) = (scores, truth.into_iter().map(|truth| truth > 0.5).collect());
    }
}

/// NaN of nothing.
fn mean(values: Vec<f64>) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// The tally of a case's pictures, in batches of this size.
    fn tally(case: &Value, batch: usize) -> Tally {
        let rows = |key: &str| case[key].as_array().expect("rows").clone();
        let (scores, truth) = (rows("scores"), rows("truth"));
        let numbers = |rows: &[Value]| -> Vec<f64> {
            rows.iter()
                .flat_map(|row| row.as_array().expect("a row"))
                .map(|v| v.as_f64().expect("a number"))
                .collect()
        };
        let mut tally = Tally::default();
        for (scores, truth) in scores.chunks(batch).zip(truth.chunks(batch)) {
            tally.add(&Answers {
                outputs: scores[0].as_array().expect("a row").len(),
                exclusive: case["kind"] == "exclusive",
                ranked: true,
                scores: numbers(scores).into_iter().map(|score| score as f32).collect(),
                truth: numbers(truth).into_iter().map(|truth| truth > 0.5).collect(),
            });
        }
        tally
    }

    #[test]
    fn scikit_learn_worked_out_the_same_values() {
        let golden: Vec<Value> = serde_json::from_str(include_str!("../../tests/golden/metrics.json"))
            .expect("the golden file is JSON");
        assert!(golden.len() >= 30, "the golden file has cases");
        for (at, case) in golden.iter().enumerate() {
            let whole = tally(case, 1000);
            let got = [whole.precision(), whole.recall(), whole.f1(), whole.area()];
            for (name, got) in ["precision", "recall", "f1", "auc"].into_iter().zip(got) {
                let agrees = case[name].as_f64().map_or(got.is_nan(), |want| (got - want).abs() < 1e-12);
                assert!(agrees, "case {at}, {name}: {got} is not {}", case[name]);
            }
            assert_eq!(tally(case, 7), whole, "batches do not matter");
        }
    }

    #[test]
    fn answers_that_were_saved_go_on() {
        let golden: Vec<Value> = serde_json::from_str(include_str!("../../tests/golden/metrics.json"))
            .expect("the golden file is JSON");
        let whole = tally(&golden[20], 1000);
        let text = serde_json::to_string(&whole).expect("counts serialise");
        let mut read: Tally = serde_json::from_str(&text).expect("counts deserialise");
        read.restore(whole.ranking());
        assert_eq!(read, whole);
    }
}
