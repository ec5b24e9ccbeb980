//! Metrics, and what is watched at the end of an epoch.

use super::{LabelKind, OptionSpec, OptionType, OptionValue, Row, Word, Words, Written};

/// Metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Share of images whose class is right; with several classes a picture the share of right answers, one
    /// for each class.
    Accuracy,
    /// Share of images whose class is among the k best.
    TopK(usize),
    /// True positives among all that were said to be positive; with several classes the mean over them.
    Precision,
    /// True positives among all that are positive; with several classes the mean over them.
    Recall,
    /// Harmonic mean of precision and recall; with several classes the mean over them.
    F1,
    /// Area under the ROC curve; with several classes the mean over them, each against the rest.
    Auc,
    /// Mean absolute error of the output, of regression.
    Mae,
    /// Mean squared error of the output, of regression.
    Mse,
}

impl Metric {
    /// What is measured where the file does not say.
    pub fn default_for(labels: LabelKind) -> Self {
        match labels {
            LabelKind::Single | LabelKind::Multi => Metric::Accuracy,
            LabelKind::Regression => Metric::Mae,
        }
    }

    /// Whether it is made of all answers counted together; else it is a mean over pictures.
    pub fn counts_answers(self) -> bool {
        match self {
            Metric::Precision | Metric::Recall | Metric::F1 | Metric::Auc => true,
            Metric::Accuracy | Metric::TopK(_) | Metric::Mae | Metric::Mse => false,
        }
    }

    /// Whether less is better.
    pub fn falls(self) -> bool {
        match self {
            Metric::Accuracy
            | Metric::TopK(_)
            | Metric::Precision
            | Metric::Recall
            | Metric::F1
            | Metric::Auc => false,
            Metric::Mae | Metric::Mse => true,
        }
    }
}

/// A value known at the end of an epoch. The better direction belongs to it: losses and errors fall, the rest
/// rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Monitor {
    /// Of the validation split; else of the training images.
    pub validation: bool,
    /// `None`: the loss.
    pub metric: Option<Metric>,
}

impl Monitor {
    /// Whether less is better.
    pub fn falls(self) -> bool {
        self.metric.is_none_or(Metric::falls)
    }
}

impl Words for Metric {
    const EXPECTED: &'static str = "a word such as `accuracy`";

    const TABLE: &'static [Row<Self>] = &[
        Row::new(
            Word::new(
                "accuracy",
                "Share of pictures whose class is right; with several classes a picture \
                the share of right answers, one for each class.",
            )
            .keras("Accuracy")
            .example("metrics: [accuracy]"),
            |_| Metric::Accuracy,
        ),
        Row::new(
            Word::new("top_k", "Share of pictures whose class is among the k best.")
                .keras("TopKCategoricalAccuracy")
                .example("metrics: [accuracy, top_k(3)]")
                .options(&[OptionSpec::optional("k", OptionType::Int { min: 1 }, "5", "How many count.")])
                .unnamed(1),
            |a| Metric::TopK(a.int("k")),
        ),
        Row::new(
            Word::new("mae", "Mean absolute error of the output, of regression.")
                .keras("MeanAbsoluteError")
                .formula("|t − y|, the mean over outputs and pictures")
                .example("metrics: [mae]"),
            |_| Metric::Mae,
        ),
        Row::new(
            Word::new("mse", "Mean squared error of the output, of regression.")
                .keras("MeanSquaredError")
                .formula("(t − y)², the mean over outputs and pictures")
                .example("metrics: [mse]"),
            |_| Metric::Mse,
        ),
        Row::new(
            Word::new(
                "precision",
                "How many of those said to be of a class are of it; with several classes \
                the mean over them.",
            )
            .keras("Precision")
            .formula("TP / (TP + FP)")
            .example("metrics: [precision, recall]"),
            |_| Metric::Precision,
        ),
        Row::new(
            Word::new("recall", "How many of a class are found; with several classes the mean over them.")
                .keras("Recall")
                .formula("TP / (TP + FN)")
                .example("metrics: [precision, recall]"),
            |_| Metric::Recall,
        ),
        Row::new(
            Word::new(
                "f1",
                "Harmonic mean of precision and recall; with several classes the mean over them.",
            )
            .keras("F1Score")
            .formula("2 TP / (2 TP + FP + FN)")
            .example("metrics: [f1]"),
            |_| Metric::F1,
        ),
        Row::new(
            Word::new(
                "auc",
                "Area under the ROC curve; with several classes the mean over them, each \
                against the rest.",
            )
            .keras("AUC")
            .example("metrics: [auc]"),
            |_| Metric::Auc,
        ),
    ];

    fn written(&self) -> Written {
        match *self {
            Metric::Accuracy => Written::bare("accuracy"),
            Metric::TopK(k) => Written::new("top_k", [("k", OptionValue::Int(k))]),
            Metric::Precision => Written::bare("precision"),
            Metric::Recall => Written::bare("recall"),
            Metric::F1 => Written::bare("f1"),
            Metric::Auc => Written::bare("auc"),
            Metric::Mae => Written::bare("mae"),
            Metric::Mse => Written::bare("mse"),
        }
    }
}

impl Metric {
    /// Its name in `history.csv` and in results: `accuracy`, `top_5`.
    pub fn column(self) -> String {
        if let Metric::TopK(k) = self { format!("top_{k}") } else { self.keyword().to_owned() }
    }
}

impl Monitor {
    /// What is before the name of a value of the validation split.
    const VALIDATION: &'static str = "val_";
    /// What every epoch has beside its metrics.
    const LOSS: &'static str = "loss";

    /// All words that name one, those of the validation split first.
    pub fn words() -> impl Iterator<Item = String> {
        [Self::VALIDATION, ""]
            .into_iter()
            .flat_map(|split| Self::values().map(move |value| format!("{split}{value}")))
    }

    /// What is known at the end of an epoch, without the split.
    pub fn values() -> impl Iterator<Item = &'static str> {
        std::iter::once(Self::LOSS).chain(Metric::keywords())
    }

    /// The value that a word names; `top_k` is the metric given for it, else that of its defaults.
    pub fn from_word(word: &str, top_k: Option<Metric>) -> Option<Self> {
        let (validation, value) = match word.strip_prefix(Self::VALIDATION) {
            Some(value) => (true, value),
            None => (false, word),
        };
        if value == Self::LOSS {
            return Some(Self { validation, metric: None });
        }
        let metric = Metric::by_default(value)?;
        let metric = if let Metric::TopK(_) = metric { top_k.unwrap_or(metric) } else { metric };
        Some(Self { validation, metric: Some(metric) })
    }

    /// As it is written: `val_top_k`.
    pub fn word(self) -> String {
        self.named(|metric| metric.written().keyword.to_owned())
    }

    /// Its name in `history.csv`: `val_top_5`.
    pub fn column(self) -> String {
        self.named(Metric::column)
    }

    fn named(self, name: impl Fn(Metric) -> String) -> String {
        let value = self.metric.map_or_else(|| Self::LOSS.to_owned(), name);
        if self.validation { format!("{}{value}", Self::VALIDATION) } else { value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_keras_names() {
        let monitor = Monitor { validation: true, metric: Some(Metric::TopK(5)) };
        assert_eq!(monitor.column(), "val_top_5");
        assert_eq!(monitor.word(), "val_top_k");
        assert_eq!(Monitor { validation: false, metric: None }.column(), "loss");
        for word in Monitor::words() {
            assert_eq!(Monitor::from_word(&word, None).map(Monitor::word), Some(word));
        }
    }
}
