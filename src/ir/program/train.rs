//! The schedule: optimizer, loss, metrics, callbacks.

use super::{FreezeChange, LabelKind, Phase, Schedule, UpdateRules};
use crate::source::{Span, Spanned};

/// The `train` section.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainSpec {
    /// The section's name, for diagnostics without a better place.
    pub span: Span,
    /// Passes over the training images. Default 1.
    pub epochs: Spanned<usize>,
    /// Images a step. Default 32.
    pub batch: Spanned<usize>,
    /// Default rmsprop, as Keras's `compile`.
    pub optimizer: Spanned<Optimizer>,
    /// Where the learning rate is written, if it is.
    pub rate_span: Option<Span>,
    /// Around the optimizer's own step.
    pub updates: UpdateRules,
    /// How the learning rate moves. Default constant.
    pub schedule: Spanned<Schedule>,
    /// Written, or else inferred by `check`.
    pub loss: Option<Spanned<Loss>>,
    /// How the loss sees labels and outputs.
    pub loss_options: LossOptions,
    /// Beyond the loss. Default accuracy, of regression the mean absolute error.
    pub metrics: Vec<Spanned<Metric>>,
    /// In the order written.
    pub callbacks: Vec<Spanned<Callback>>,
    /// Decides initial weights, shuffling, dropout and augmentation. Default 0.
    pub seed: u64,
    /// What is frozen from here on, and what no longer: in the order written. Layers stand as [`super::LayerNode::frozen`] and [`Phase::frozen`] say.
    pub freezes: Vec<FreezeChange>,
    /// Large steps of the schedule, in the order written; with any of them `epochs` is the sum of theirs, and each has the other settings for
    /// itself.
    pub phases: Vec<Phase>,
}

impl TrainSpec {
    /// What is trained one after the other: the phases, or else the section itself.
    pub fn stages(&self) -> impl Iterator<Item = &TrainSpec> {
        let own = self.phases.is_empty().then_some(self);
        own.into_iter().chain(self.phases.iter().map(|phase| &phase.spec))
    }
}

/// How a loss sees labels and outputs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LossOptions {
    /// Share of the target that goes to all classes alike, in 0..=1: `t (1 − a) + a / classes` of exclusive classes, `t (1 − a) + a / 2` of outputs that are
    /// judged by themselves. Default 0.
    pub label_smoothing: f32,
    /// Whether the model's output is scores. Without it that follows from the last activation.
    pub from_logits: Option<Spanned<bool>>,
}

/// Optimizers with Keras's definitions and defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Optimizer {
    /// `v ← μ v − lr g; w ← w + v` (nesterov: `w ← w + μ v − lr g`); without momentum `w ← w − lr g`.
    Sgd {
        /// Default 0.01.
        lr: f32,
        /// Default 0.
        momentum: f32,
        /// Default false.
        nesterov: bool,
    },
    /// `s ← ρ s + (1 − ρ) g²; w ← w − lr g / √(s + ε)`, the quotient through a momentum buffer where momentum > 0.
    RmsProp {
        /// Default 0.001.
        lr: f32,
        /// Default 0.9.
        rho: f32,
        /// Default 0.
        momentum: f32,
        /// Default 1e-7.
        epsilon: f32,
    },
    /// `α = lr √(1 − β₂ᵗ) / (1 − β₁ᵗ); m ← m + (g − m)(1 − β₁); v ← v + (g² − v)(1 − β₂); w ← w − α m / (√v + ε)`.
    Adam {
        /// Default 0.001.
        lr: f32,
        /// Default 0.9.
        beta_1: f32,
        /// Default 0.999.
        beta_2: f32,
        /// Default 1e-7.
        epsilon: f32,
    },
    /// Adam with Nesterov's momentum: `u = β₁ (1 − ½ 0.96ᵗ)`, `u′` that of the next step, `U` the product of all u so far; m and v as adam;
    /// `w ← w − lr (u′ m / (1 − U u′) + (1 − u) g / (1 − U)) / (√(v / (1 − β₂ᵗ)) + ε)`. Source: Dozat, ICLR workshop 2016.
    Nadam {
        /// Default 0.001.
        lr: f32,
        /// Default 0.9.
        beta_1: f32,
        /// Default 0.999.
        beta_2: f32,
        /// Default 1e-7.
        epsilon: f32,
    },
    /// `s ← s + g²; w ← w − lr g / √(s + ε)`. Source: Duchi et al., JMLR 12 (2011).
    Adagrad {
        /// Default 0.001.
        lr: f32,
        /// What s starts from. Default 0.1.
        initial_accumulator_value: f32,
        /// Default 1e-7.
        epsilon: f32,
    },
    /// `s ← ρ s + (1 − ρ) g²; Δ = g √(d + ε) / √(s + ε); d ← ρ d + (1 − ρ) Δ²; w ← w − lr Δ`. Source: Zeiler, arXiv:1212.5701.
    Adadelta {
        /// Default 0.001.
        lr: f32,
        /// Default 0.95.
        rho: f32,
        /// Default 1e-7.
        epsilon: f32,
    },
}

impl Optimizer {
    /// The learning rate.
    pub fn learning_rate(&self) -> f32 {
        match *self {
            Optimizer::Sgd { lr, .. }
            | Optimizer::RmsProp { lr, .. }
            | Optimizer::Adam { lr, .. }
            | Optimizer::Nadam { lr, .. }
            | Optimizer::Adagrad { lr, .. }
            | Optimizer::Adadelta { lr, .. } => lr,
        }
    }

    /// As it is written; `adamw` is `adam`.
    pub fn name(&self) -> &'static str {
        match self {
            Optimizer::Sgd { .. } => "sgd",
            Optimizer::RmsProp { .. } => "rmsprop",
            Optimizer::Adam { .. } => "adam",
            Optimizer::Nadam { .. } => "nadam",
            Optimizer::Adagrad { .. } => "adagrad",
            Optimizer::Adadelta { .. } => "adadelta",
        }
    }
}

/// Losses. Cross-entropies are computed from scores: the model's last softmax or sigmoid is part of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loss {
    /// Exclusive classes (also written `sparse_categorical_crossentropy`).
    CategoricalCrossentropy,
    /// One unit, or several that are judged by themselves.
    BinaryCrossentropy,
    /// Mean squared error: against the numbers of regression, else against a 0 or 1 for each class.
    Mse,
    /// Cross-entropy that counts easy pictures little: `−α (1 − p)^γ ln p`, p the probability of the true class; with one output 1 − α stands for α where that
    /// is class 0. Source: Lin et al., arXiv:1708.02002.
    Focal {
        /// Default 2.
        gamma: f32,
        /// Default 0.25.
        alpha: f32,
    },
    /// `max(0, 1 − t s)` with t −1 or 1; with several outputs `max(0, 1 + largest other score, at least 0 − score of the true class)`.
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
    /// What makes probabilities of so many scores; `None` for a loss that is computed from the outputs as they are.
    pub fn link(self, outputs: usize) -> Option<Link> {
        match self {
            Loss::CategoricalCrossentropy => Some(Link::Softmax),
            Loss::BinaryCrossentropy => Some(Link::Sigmoid),
            Loss::Focal { .. } => Some(if outputs == 1 { Link::Sigmoid } else { Link::Softmax }),
            Loss::Mse | Loss::Mae | Loss::Huber { .. } | Loss::Hinge => None,
        }
    }
}

/// Metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Share of images whose class is right; with several classes a picture the share of right answers, one for each class.
    Accuracy,
    /// Share of images whose class is among the k best.
    TopK(usize),
    /// True positives among all that were said to be positive; with several classes the mean over them.
    Precision,
    /// True positives among all that are positive; with several classes the mean over them.
    Recall,
    /// Harmonic mean of precision and recall; with several classes the mean over them.
    F1,
    /// Area under the receiver's curve; with several classes the mean over them, each against the rest.
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
            Metric::Accuracy | Metric::TopK(_) | Metric::Precision | Metric::Recall | Metric::F1 | Metric::Auc => false,
            Metric::Mae | Metric::Mse => true,
        }
    }
}

/// What happens between epochs.
#[derive(Debug, Clone, PartialEq)]
pub enum Callback {
    /// Ends training when the monitored value has not improved by `min_delta` for `patience` epochs.
    EarlyStopping {
        /// Default val_loss.
        monitor: Spanned<Monitor>,
        /// In epochs. Default 0.
        patience: usize,
        /// Default 0.
        min_delta: f32,
        /// Goes back to the best epoch's weights at the end. Default true.
        restore_best_weights: bool,
    },
    /// Multiplies the learning rate by `factor` when there was no improvement for `patience` epochs.
    ReduceLrOnPlateau {
        /// Default val_loss.
        monitor: Spanned<Monitor>,
        /// Default 0.1.
        factor: f32,
        /// In epochs. Default 10.
        patience: usize,
        /// Default 1e-4.
        min_delta: f32,
        /// In epochs after a reduction. Default 0.
        cooldown: usize,
        /// Default 0.
        min_lr: f32,
    },
    /// Writes the weights to a file in the run's directory.
    Checkpoint {
        /// File name.
        path: Spanned<String>,
        /// Default val_loss.
        monitor: Spanned<Monitor>,
        /// Only when the monitored value improves. Default true.
        save_best_only: bool,
    },
    /// Writes a row of each epoch's values to a file in the run's directory.
    CsvLog {
        /// File name.
        path: Spanned<String>,
    },
    /// Writes each epoch's values as TensorBoard reads them, into a folder of the run's directory.
    TensorBoard {
        /// Folder name. Default `logs`.
        path: Spanned<String>,
    },
    /// Ends the run after the epoch in which it has trained for so long.
    TimeLimit {
        /// Wall time of training, in seconds.
        seconds: f64,
    },
    /// A loss that is no number ends training with the weights before that step, and the run goes on to its results; else it fails there.
    TerminateOnNan,
}

impl Callback {
    /// As it is written.
    pub fn keyword(&self) -> &'static str {
        match self {
            Callback::EarlyStopping { .. } => "early_stopping",
            Callback::ReduceLrOnPlateau { .. } => "reduce_lr_on_plateau",
            Callback::Checkpoint { .. } => "checkpoint",
            Callback::CsvLog { .. } => "csv_log",
            Callback::TensorBoard { .. } => "tensorboard",
            Callback::TimeLimit { .. } => "time_limit",
            Callback::TerminateOnNan => "terminate_on_nan",
        }
    }

    /// What it watches, if it watches anything.
    pub fn monitor(&self) -> Option<&Spanned<Monitor>> {
        match self {
            Callback::EarlyStopping { monitor, .. }
            | Callback::ReduceLrOnPlateau { monitor, .. }
            | Callback::Checkpoint { monitor, .. } => Some(monitor),
            Callback::CsvLog { .. }
            | Callback::TensorBoard { .. }
            | Callback::TimeLimit { .. }
            | Callback::TerminateOnNan => None,
        }
    }
}

/// A value known at the end of an epoch. The better direction belongs to it: losses and errors fall, the rest rises.
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
