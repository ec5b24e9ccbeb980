//! The schedule: optimizer, loss, metrics, callbacks.

use super::{FreezeChange, Phase, RateScale, UpdateRules};
use crate::source::{Span, Spanned};
use crate::vocabulary::{Callback, Loss, LossOptions, Metric, Optimizer, Schedule};

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
    /// What is frozen from here on, and what no longer: in the order written. Layers stand as
    /// [`super::LayerNode::frozen`] and [`Phase::frozen`] say.
    pub freezes: Vec<FreezeChange>,
    /// `lr_scale:`, in the order written.
    pub rate_scales: Vec<RateScale>,
    /// What that makes of the learning rate, a factor for each layer of the model; empty where nothing is
    /// written.
    pub rate_factors: Vec<f32>,
    /// Large steps of the schedule, in the order written; with any of them `epochs` is the sum of theirs, and
    /// each has the other settings for itself.
    pub phases: Vec<Phase>,
}

impl TrainSpec {
    /// What is trained one after the other: the phases, or else the section itself.
    pub fn stages(&self) -> impl Iterator<Item = &TrainSpec> {
        let own = self.phases.is_empty().then_some(self);
        own.into_iter().chain(self.phases.iter().map(|phase| &phase.spec))
    }

    /// What the learning rate is multiplied by for a layer, by its place in the model.
    pub fn rate_factor(&self, layer: usize) -> f32 {
        self.rate_factors.get(layer).copied().unwrap_or(1.0)
    }
}
