//! What happens to gradients and weights around the optimizer's own step.

/// Done with every gradient before the optimizer uses it, and with every weight. At most one of the three
/// ways to clip is set.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct UpdateRules {
    /// Decoupled decay, `w ← w − lr · weight_decay · w` before the step. Default 0; of adamw 0.004.
    pub weight_decay: f32,
    /// Every element of a gradient is put into `−c ..= c`.
    pub clip_value: Option<f32>,
    /// The gradient of each weight by itself is made no longer than this: `g · min(1, c / ‖g‖)`. Keras:
    /// `clipnorm`.
    pub clip_norm: Option<f32>,
    /// The gradients of all weights together are made no longer than this. Keras: `global_clipnorm`.
    pub global_clip_norm: Option<f32>,
    /// Share of the running mean of the weights that stays at each step: the mean takes the weights' place at
    /// the end.
    pub ema: Option<f32>,
}

impl UpdateRules {
    /// Whether gradients have a largest size.
    pub fn clips(&self) -> bool {
        self.clip_value.is_some() || self.clip_norm.is_some() || self.global_clip_norm.is_some()
    }
}
