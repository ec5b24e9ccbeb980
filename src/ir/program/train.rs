//! The schedule: optimizer, loss, metrics, callbacks.

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
    /// Written, or else inferred by `check`.
    pub loss: Option<Spanned<Loss>>,
    /// Beyond the loss. Default accuracy.
    pub metrics: Vec<Spanned<Metric>>,
    /// In the order written.
    pub callbacks: Vec<Spanned<Callback>>,
    /// Decides initial weights, shuffling, dropout and augmentation. Default 0.
    pub seed: u64,
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
        /// Decoupled decay, `w ← w − lr · decay · w` before the step: 0 for adam, default 0.004 for adamw.
        weight_decay: f32,
    },
}

impl Optimizer {
    /// The learning rate.
    pub fn learning_rate(&self) -> f32 {
        match *self {
            Optimizer::Sgd { lr, .. } | Optimizer::RmsProp { lr, .. } | Optimizer::Adam { lr, .. } => lr,
        }
    }
}

/// Losses. Cross-entropies are computed from scores: the model's last softmax or sigmoid is part of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Exclusive classes (also written `sparse_categorical_crossentropy`).
    CategoricalCrossentropy,
    /// One unit, or several that are judged by themselves.
    BinaryCrossentropy,
    /// Mean squared error against 0/1 targets.
    Mse,
}

/// Metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Share of images whose class is right.
    Accuracy,
    /// Share of images whose class is among the k best.
    TopK(usize),
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
}

/// A value known at the end of an epoch. The better direction belongs to it: losses fall, the rest rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Monitor {
    /// Of the validation split; else of the training images.
    pub validation: bool,
    /// `None`: the loss.
    pub metric: Option<Metric>,
}
