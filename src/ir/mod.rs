//! The whole experiment ([`Program`], [`CheckedProgram`]) and the typed graph of operations it becomes ([`Graph`]).

mod builder;
mod checked;
mod graph;
mod program;

pub use builder::{GraphBuilder, Mode};
pub use checked::CheckedProgram;
pub use graph::{Graph, InputRole, Node, NodeId, Param, ParamId, ParamRole, ScalarInput, Value};
pub use program::{
    AugmentKind, AugmentOp, AugmentSpec, Callback, Color, DataSource, DataSpec, Fill, Fit, LayerId, LayerNode, Loss,
    Metric, Model, Monitor, Normalize, Optimizer, PrepareSpec, Program, Resize, ResizeMethod, Split, SplitBase,
    TrainSpec,
};
