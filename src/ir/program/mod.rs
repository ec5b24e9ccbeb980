//! One experiment, with every name resolved: a model, its data, preparation, augmentation and schedule.
//!
//! `lower` makes a [`Program`] of a file; `check` turns it into a [`crate::ir::CheckedProgram`]. All options
//! that the file leaves out stand here with their defaults. Spans point at what the user wrote;
//! `Span::default()` where nothing was written.

mod augment;
mod data;
mod ensemble;
mod model;
mod phase;
mod prepare;
mod report;
pub mod run_files;
mod split;
mod train;
mod tune;
mod updates;

pub use augment::{AugmentOp, AugmentSpec};
pub use data::{DataSpec, class_index};
pub use ensemble::{Ensemble, EnsembleSpec, Member, MemberName, MemberSpec};
pub use model::{Backbone, Head, IMAGENET, LayerNode, Model, Scope, ScopeKind, StartingWeights, WeightsOf};
pub use phase::{FreezeChange, Phase, RateScale};
pub use prepare::PrepareSpec;
pub use report::ReportSpec;
pub use train::TrainSpec;
pub use tune::TuneSpec;
pub use updates::UpdateRules;

pub use crate::vocabulary::{
    AugmentKind, Cache, Callback, ClassWeight, Color, Combine, CsvSource, Damaged, DataSource, Drawing, Fill,
    Fit, Grouping, LabelKind, LayerId, Link, Loss, Matching, Metric, Monitor, Normalize, Optimizer, Resize,
    ResizeMethod, Schedule, SchedulePoint, Split, SplitBase,
};

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
    /// The search for better settings, if the file has one.
    pub tune: Option<TuneSpec>,
    /// Ensembles that the model is a member of.
    pub ensembles: Vec<EnsembleSpec>,
    /// The ensemble that the model is: its members are branches of the network. For inference alone.
    pub ensemble: Option<Box<Ensemble>>,
    /// Drawings of the trained model, if the file wants some.
    pub report: Option<ReportSpec>,
}

impl Program {
    /// What a picture's label is; one class where the file names no data.
    pub fn label_kind(&self) -> LabelKind {
        self.data.as_ref().map_or(LabelKind::Single, |data| data.labels.value)
    }
}
