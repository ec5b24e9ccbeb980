//! One experiment, with every name resolved: a model, its data, preparation, augmentation and schedule.
//!
//! `lower` makes a [`Program`] of a file; `check` turns it into a [`crate::ir::CheckedProgram`]. All options that the file leaves
//! out stand here with their defaults. Spans point at what the user wrote; `Span::default()` where nothing was written.

mod augment;
mod data;
mod model;
mod prepare;
mod train;

pub use augment::{AugmentKind, AugmentOp, AugmentSpec, Fill};
pub use data::{DataSource, DataSpec, Split, SplitBase};
pub use model::{Backbone, Head, LayerId, LayerNode, Model, Scope, ScopeKind};
pub use prepare::{Color, Fit, Normalize, PrepareSpec, Resize, ResizeMethod};
pub use train::{Callback, Loss, Metric, Monitor, Optimizer, TrainSpec};

use crate::source::SourceFile;

/// A resolved experiment.
#[derive(Debug, Clone)]
pub struct Program {
    /// The file it was read from.
    pub source: SourceFile,
    /// The network.
    pub model: Model,
    /// Where images come from, if the file says.
    pub data: Option<DataSpec>,
    /// How a picture becomes the model's input.
    pub prepare: PrepareSpec,
    /// What happens to training images.
    pub augment: AugmentSpec,
    /// The schedule, if the file has one.
    pub train: Option<TrainSpec>,
}
