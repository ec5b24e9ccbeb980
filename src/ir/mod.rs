//! The whole experiment ([`Program`], [`CheckedProgram`]) and the typed graph of operations it becomes
//! ([`Graph`]).

mod builder;
mod checked;
mod forward;
mod frozen_part;
mod graph;
mod interpretation;
mod labels;
mod meaning;
mod print;
mod program;
mod step_rate;
mod variables;
mod vector_order;
mod verify;

pub use builder::{GraphBuilder, Mode};
pub use checked::{Answers, CheckedProgram, OpenSizes, SizeRefused};
pub use forward::{Forward, forward, forward_behind, forward_of_part};
pub use frozen_part::FrozenPart;
pub use graph::{Graph, InputRole, Node, NodeId, OutputId, Param, ParamId, ParamRole, ScalarInput, Value};
pub use interpretation::{Interpretation, Subject};
pub use labels::Labels;
pub use meaning::{Meaning, meaning};
pub use program::{
    AugmentKind, AugmentOp, AugmentSpec, Backbone, Cache, Callback, ClassWeight, Color, Combine, CsvSource,
    Damaged, DataSource, DataSpec, Drawing, Ensemble, EnsembleSpec, Fill, Fit, FreezeChange, Grouping, Head,
    IMAGENET, LabelKind, LayerId, LayerNode, Link, Loss, Matching, Member, MemberName, MemberSpec, Metric,
    Model, Monitor, Normalize, Optimizer, Phase, PrepareSpec, Program, RateScale, ReportSpec, Resize,
    ResizeMethod, Schedule, SchedulePoint, Scope, ScopeKind, Split, SplitBase, StartingWeights, TrainSpec,
    TuneSpec, UpdateRules, WeightsOf, class_index, run_files,
};
pub use step_rate::StepRate;
pub use variables::{Variable, variables};
