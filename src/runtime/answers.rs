//! What a model answered to a batch: what metrics are made of that are no means over pictures.

use crate::ir::Labels;

/// Answers to the pictures of a batch, beside what was right.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answers {
    /// Outputs of a picture.
    pub outputs: usize,
    /// Whether just one of the outputs is right, and the largest is the answer; else each says yes above 0.
    pub exclusive: bool,
    /// Whether areas under curves are wanted, for which no answer may be forgotten.
    pub ranked: bool,
    /// `[n, outputs]`: probabilities of exclusive classes, else scores.
    pub scores: Vec<f32>,
    /// `[n, outputs]`: whether yes is right.
    pub truth: Vec<bool>,
}

impl Answers {
    /// Answers to pictures with these labels.
    pub(super) fn of(
        scores: &[f32],
        labels: Labels<'_>,
        outputs: usize,
        exclusive: bool,
        ranked: bool,
    ) -> Self {
        let truth = match labels {
            Labels::Classes(classes) if outputs == 1 => classes.iter().map(|&class| class == 1).collect(),
            Labels::Classes(classes) => {
                let row = |&class: &i32| (0..outputs).map(move |output| usize::try_from(class) == Ok(output));
                classes.iter().flat_map(row).collect()
            }
            Labels::Numbers(numbers) if exclusive => {
                let row = |shares: &[f32]| {
                    let most = largest(shares);
                    (0..shares.len()).map(move |output| output == most)
                };
                numbers.chunks_exact(outputs).flat_map(row).collect()
            }
            Labels::Numbers(numbers) => numbers.iter().map(|&number| number > 0.5).collect(),
        };
        Self { outputs, exclusive, ranked, scores: scores.to_vec(), truth }
    }

    /// For each picture what is said of each output, and what is right.
    pub fn pictures(&self) -> impl Iterator<Item = (Vec<bool>, &[bool])> {
        let said = |scores: &[f32]| {
            let best = largest(scores);
            let yes =
                |(output, &score): (usize, &f32)| if self.exclusive { output == best } else { score > 0.0 };
            scores.iter().enumerate().map(yes).collect()
        };
        self.scores.chunks_exact(self.outputs).map(said).zip(self.truth.chunks_exact(self.outputs))
    }
}

/// The place of the largest, the first where several are.
fn largest(numbers: &[f32]) -> usize {
    (1..numbers.len()).fold(0, |best, at| if numbers[at] > numbers[best] { at } else { best })
}
