//! Losses.

use super::{NONE, OptionSpec, OptionType, OptionValue, Row, Word, Words, Written};
use crate::source::Spanned;

/// Losses. Cross-entropies are computed from scores: the model's last softmax or sigmoid is part of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loss {
    /// Exclusive classes (also written `sparse_categorical_crossentropy`).
    CategoricalCrossentropy,
    /// One unit, or several that are judged by themselves.
    BinaryCrossentropy,
    /// Mean squared error: against the numbers of regression, else against a 0 or 1 for each class.
    Mse,
    /// Cross-entropy that counts easy pictures little: `−α (1 − p)^γ ln p`, p the probability of the true
    /// class; with one output 1 − α stands for α where that is class 0. Source: Lin et al., arXiv:1708.02002.
    Focal {
        /// Default 2.
        gamma: f32,
        /// Default 0.25.
        alpha: f32,
    },
    /// `max(0, 1 − t s)` with t −1 or 1; with several outputs `max(0, 1 + largest other score, at least 0 −
    /// score of the true class)`.
    Hinge,
    /// Mean absolute error, of regression.
    Mae,
    /// Quadratic up to `delta`, linear beyond: `½ e²` where `|e| ≤ δ`, else `δ |e| − ½ δ²`; of regression.
    Huber {
        /// Default 1.
        delta: f32,
    },
}

/// What makes probabilities of the scores that a loss is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Of all outputs together: exclusive classes.
    Softmax,
    /// Of each output by itself.
    Sigmoid,
}

impl Loss {
    /// Whether it makes a difference to it whether outputs are scores or probabilities.
    pub fn reads_probabilities(self) -> bool {
        self.link(1).is_some()
    }

    /// What makes probabilities of this many scores; `None` for a loss that is computed from the outputs as
    /// they are.
    pub fn link(self, outputs: usize) -> Option<Link> {
        match self {
            Loss::CategoricalCrossentropy => Some(Link::Softmax),
            Loss::BinaryCrossentropy => Some(Link::Sigmoid),
            Loss::Focal { .. } => Some(if outputs == 1 { Link::Sigmoid } else { Link::Softmax }),
            Loss::Mse | Loss::Mae | Loss::Huber { .. } | Loss::Hinge => None,
        }
    }
}

/// How a loss sees labels and outputs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LossOptions {
    /// Share of the target that goes to all classes alike, in 0..=1: `t (1 − a) + a / classes` of exclusive
    /// classes, `t (1 − a) + a / 2` of outputs that are judged by themselves. Default 0.
    pub label_smoothing: f32,
    /// Whether the model's output is scores. Without it that follows from the layers at its end.
    pub from_logits: Option<Spanned<bool>>,
}

const SMOOTHING: OptionSpec = OptionSpec::optional(
    "label_smoothing",
    OptionType::Share,
    "0",
    "Share of the target that is spread over all classes; a target of 0 or 1 moves towards 1/2 by it.",
);
const FROM_LOGITS: OptionSpec = OptionSpec::optional(
    "from_logits",
    OptionType::Bool,
    NONE,
    "Whether the model's output is scores; `none`: that follows from the layers at its end.",
);
const OF_CLASSES: &[OptionSpec] = &[SMOOTHING, FROM_LOGITS];

impl Words for Loss {
    const EXPECTED: &'static str = "a word such as `categorical_crossentropy`";

    const TABLE: &'static [Row<Self>] = &[
        Row::new(
            Word::new("categorical_crossentropy", "Cross-entropy of exclusive classes.")
                .keras("CategoricalCrossentropy")
                .formula("−ln p, p the probability of the true class")
                .example("loss: categorical_crossentropy(label_smoothing: 0.1)")
                .options(OF_CLASSES),
            |_| Loss::CategoricalCrossentropy,
        ),
        Row::new(
            Word::new(
                "sparse_categorical_crossentropy",
                "Another name of `categorical_crossentropy`: labels \
                are numbers of classes here always.",
            )
            .keras("SparseCategoricalCrossentropy")
            .formula("−ln p, p the probability of the true class")
            .example("loss: sparse_categorical_crossentropy")
            .options(OF_CLASSES),
            |_| Loss::CategoricalCrossentropy,
        ),
        Row::new(
            Word::new(
                "binary_crossentropy",
                "Cross-entropy of one unit, or of several that are judged by \
                themselves.",
            )
            .keras("BinaryCrossentropy")
            .formula("−t ln p − (1 − t) ln(1 − p), the mean over the units")
            .example("loss: binary_crossentropy")
            .options(OF_CLASSES),
            |_| Loss::BinaryCrossentropy,
        ),
        Row::new(
            Word::new(
                "mse",
                "Mean squared error: against the numbers of regression, else against a 0 or 1 \
                for each class.",
            )
            .keras("MeanSquaredError")
            .formula("(t − y)², the mean over the outputs")
            .example("loss: mse"),
            |_| Loss::Mse,
        ),
        Row::new(
            Word::new("mae", "Mean absolute error, of regression.")
                .keras("MeanAbsoluteError")
                .formula("|t − y|, the mean over the outputs")
                .example("loss: mae"),
            |_| Loss::Mae,
        ),
        Row::new(
            Word::new("huber", "Quadratic near the target and linear beyond; of regression.")
                .keras("Huber")
                .formula("½ e² where |e| ≤ δ, else δ |e| − ½ δ²")
                .example("loss: huber(delta: 0.5)")
                .options(&[OptionSpec::optional(
                    "delta",
                    OptionType::Positive,
                    "1",
                    "δ, where it becomes \
                    linear.",
                )]),
            |a| Loss::Huber { delta: a.float("delta") },
        ),
        Row::new(
            Word::new("focal", "Cross-entropy that counts easy pictures little.")
                .keras("CategoricalFocalCrossentropy")
                .formula(
                    "−α (1 − p)^γ ln p, p the probability of the true class; with one output 1 − α \
                    stands for α where that is class 0",
                )
                .source("Lin et al., arXiv:1708.02002")
                .example("loss: focal(gamma: 2, alpha: 0.25)")
                .options(&[
                    OptionSpec::optional(
                        "gamma",
                        OptionType::NonNegative,
                        "2",
                        "γ: how little easy pictures \
                        count.",
                    ),
                    OptionSpec::optional("alpha", OptionType::Share, "0.25", "α: weight of the class 1."),
                    SMOOTHING,
                    FROM_LOGITS,
                ]),
            |a| Loss::Focal { gamma: a.float("gamma"), alpha: a.float("alpha") },
        ),
        Row::new(
            Word::new("hinge", "A margin of 1 between the true class and all others.")
                .keras("CategoricalHinge")
                .formula(
                    "max(0, 1 − t s), t −1 or 1; with several outputs max(0, 1 + largest other score, \
                    at least 0 − score of the true class)",
                )
                .example("loss: hinge"),
            |_| Loss::Hinge,
        ),
    ];

    /// Without what [`LossOptions`] says.
    fn written(&self) -> Written {
        use OptionValue::Float;
        match *self {
            Loss::CategoricalCrossentropy => Written::bare("categorical_crossentropy"),
            Loss::BinaryCrossentropy => Written::bare("binary_crossentropy"),
            Loss::Mse => Written::bare("mse"),
            Loss::Mae => Written::bare("mae"),
            Loss::Huber { delta } => Written::new("huber", [("delta", Float(delta))]),
            Loss::Focal { gamma, alpha } => {
                Written::new("focal", [("gamma", Float(gamma)), ("alpha", Float(alpha))])
            }
            Loss::Hinge => Written::bare("hinge"),
        }
    }
}

impl Loss {
    /// The loss and how it sees labels and outputs.
    pub fn written_with(&self, options: &LossOptions) -> Written {
        let LossOptions { label_smoothing, from_logits } = options;
        let mut written = self.written();
        let takes = |name| Self::row(written.keyword).is_some_and(|row| row.word.option(name).is_some());
        let (smooths, scores) = (takes(SMOOTHING.name), takes(FROM_LOGITS.name));
        if smooths {
            written.options.push((SMOOTHING.name, OptionValue::Float(*label_smoothing)));
        }
        if let Some(from_logits) = from_logits.as_ref().filter(|_| scores) {
            written.options.push((FROM_LOGITS.name, OptionValue::Bool(from_logits.value)));
        }
        written
    }
}
