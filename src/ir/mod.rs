//! The whole experiment ([`Program`], [`CheckedProgram`]) and the typed graph of operations it becomes ([`Graph`]).

mod builder;
mod checked;
mod forward;
mod graph;
mod print;
mod program;
mod verify;

pub use builder::{GraphBuilder, Mode};
pub use checked::CheckedProgram;
pub use forward::{Forward, forward};
pub use graph::{Graph, InputRole, Node, NodeId, Param, ParamId, ParamRole, ScalarInput, Value};
pub use program::{
    AugmentKind, AugmentOp, AugmentSpec, Backbone, Callback, Color, DataSource, DataSpec, Fill, Fit, Head, LayerId,
    LayerNode, Loss, Metric, Model, Monitor, Normalize, Optimizer, PrepareSpec, Program, Resize, ResizeMethod, Scope,
    ScopeKind, Split, SplitBase, TrainSpec,
};
pub use verify::VerifyError;
