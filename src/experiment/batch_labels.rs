//! Labels of one batch, where they come from no data set.

use crate::ir::{CheckedProgram, LabelKind, Labels};
use crate::random::Random;

/// The labels of one batch.
#[derive(Debug)]
pub(crate) enum BatchLabels {
    /// A class index each.
    Classes(Vec<i32>),
    /// A number for each output.
    Numbers(Vec<f32>),
}

impl BatchLabels {
    /// Random labels of the program's kind.
    pub(crate) fn random(random: &mut Random, program: &CheckedProgram, count: usize) -> Self {
        let outputs = program.output_shape().elements();
        match program.label_kind() {
            LabelKind::Single => {
                let classes = Self::classes_of(outputs) as u64;
                let label = |random: &mut Random| i32::try_from(random.below(classes)).unwrap_or(0);
                Self::Classes((0..count).map(|_| label(random)).collect())
            }
            LabelKind::Multi | LabelKind::Regression => {
                Self::Numbers((0..count * outputs).map(|_| random.unit() as f32).collect())
            }
        }
    }

    /// Classes that a model with this many outputs tells apart.
    pub(crate) fn classes_of(outputs: usize) -> usize {
        outputs.max(2)
    }

    /// As a session takes them.
    pub(crate) fn as_labels(&self) -> Labels<'_> {
        match self {
            Self::Classes(classes) => Labels::Classes(classes),
            Self::Numbers(numbers) => Labels::Numbers(numbers),
        }
    }
}
