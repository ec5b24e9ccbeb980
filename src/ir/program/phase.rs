//! Large steps of the schedule: what is frozen, and for how long.

use super::TrainSpec;
use crate::source::Spanned;

/// `phase head { … }`: phases run in the order written, each with the weights of the one before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Phase {
    /// Its name.
    pub name: Spanned<String>,
    /// What holds in it: the settings of `train` with its own over them. Without phases of its own.
    pub spec: TrainSpec,
    /// It writes `optimizer:`, or has another one than the phase before: the optimizer begins anew.
    pub resets_optimizer: bool,
    /// For each layer of the model, whether its weights and statistics are kept as they are: the `freeze` and
    /// `unfreeze` of all phases so far.
    pub frozen: Vec<bool>,
}

/// `freeze: backbone`, `unfreeze: backbone.block5_conv1 onward`: one of the layers that it names.
#[derive(Debug, Clone, PartialEq)]
pub struct FreezeChange {
    /// Frozen from here on; else trained again.
    pub freeze: bool,
    /// Path of a layer, or of a scope: then all layers in it.
    pub target: Spanned<String>,
    /// All layers behind it as well.
    pub onward: bool,
}
