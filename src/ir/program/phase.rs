//! Large steps of the schedule: what is frozen, and for how long.

use super::TrainSpec;
use crate::source::Spanned;
use crate::vocabulary::number;

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

/// `lr_scale: { backbone: 0.1 }`: one of the parts that it names.
#[derive(Debug, Clone, PartialEq)]
pub struct RateScale {
    /// Path of a layer, or of a scope: then all layers in it.
    pub target: Spanned<String>,
    /// All layers behind it as well.
    pub onward: bool,
    /// What the learning rate is multiplied by, above 0.
    pub factor: f32,
    /// The layers, as [`super::Model::layers`] has them; empty where it names none.
    pub layers: std::ops::Range<usize>,
}

impl RateScale {
    /// The part as it is written: `backbone`, `backbone.block5_conv1 onward`.
    pub fn part(&self) -> String {
        let path = &self.target.value;
        if self.onward { format!("{path} onward") } else { path.clone() }
    }

    /// All parts with their factors: `{ a: 0.1, b onward: 0.5 }`.
    pub fn written(scales: &[RateScale]) -> String {
        let parts: Vec<String> =
            scales.iter().map(|scale| format!("{}: {}", scale.part(), number(scale.factor))).collect();
        format!("{{ {} }}", parts.join(", "))
    }
}
