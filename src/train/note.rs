//! What training says of itself besides its numbers.

use super::error::where_from;

/// A change in the course of training. Its `Display` is an English sentence.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrainNote {
    /// What a frozen part makes of pictures was made once.
    #[error(
        "features of {pictures} pictures were computed once ({seconds:.1} s) instead of in each of {epochs} epochs"
    )]
    FeaturesReused {
        /// How many.
        pictures: usize,
        /// Wall time of computing them.
        seconds: f64,
        /// Epochs that used them.
        epochs: usize,
    },
    /// The best weights are put back.
    #[error("the weights of epoch {epoch} are the best")]
    BestWeights {
        /// When they were learnt.
        epoch: usize,
    },
    /// A `time_limit` ends the run.
    #[error("stopped after epoch {epoch}: the time limit has passed")]
    TimeIsOver {
        /// The last epoch.
        epoch: usize,
    },
    /// The validation loss is no number; training itself has numbers.
    #[error("the validation loss is {loss}: {}", where_from(layer.as_deref()))]
    ValidationLoss {
        /// NaN or infinite.
        loss: f32,
        /// The first layer whose result is not finite.
        layer: Option<String>,
    },
    /// The loss is no number, and a callback ends the run for that.
    #[error("stopped at step {step}: the loss became {loss}")]
    LossIsNone {
        /// From 1.
        step: u64,
        /// NaN or infinite.
        loss: f32,
    },
    /// A callback lowers the learning rate.
    #[error("learning rate lowered to {rate}: no improvement")]
    RateLowered {
        /// The new one.
        rate: f32,
    },
    /// A callback ends the run, or its present phase.
    #[error("{}stopped early after epoch {epoch}: no improvement", phase.as_ref().map_or(String::new(), |name| format!("phase `{name}` ")))]
    StoppedEarly {
        /// The phase, where there are phases.
        phase: Option<String>,
        /// The last epoch.
        epoch: usize,
    },
}
