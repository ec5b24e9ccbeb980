//! What the rooms of the compiler give to the tests and benchmarks of this repository. It is no part of the
//! library, and changes whenever they do. How it all hangs together:
//!
//! ```text
//!  text ──parse──▶ ast::File ──lower──▶ ir::Program ──check──▶ ir::CheckedProgram            problems ──diag──▶ the user
//!                                                                     │ ir::forward, autodiff
//!                                                                     ▼
//!                                           ir::Graph ──opt──▶ ir::Graph ──plan──▶ plan::Plan ──jit──▶ runtime::Executor
//!                                                                     (kernel: descriptions → code)       ▲
//!                                                        data: files ──prepare, augment──▶ batches ──train┘
//! ```
//!
//! # The forms a model takes
//!
//! * `ir::Program`: what the file says, every name resolved and every default filled in. Layers are those of
//!   `layers`: what the user
//!   writes (`conv2d`, `batch_norm`).
//! * `ir::CheckedProgram`: the same, with the shape of every layer and the loss. Only the checker makes one,
//!   so whatever takes one need not
//!   check again.
//! * `ir::Graph`: typed operations (`ops`): what is computed. Layers build themselves out of operations;
//!   autodiff adds the backward pass
//!   and the optimizer's update to the same graph; passes (`opt`) rewrite it. Types are inferred in one place, `ops::Op::infer`.
//! * `plan::Plan`: kernel calls in tasks of stages, and the place of every byte. It depends on the graph, the
//!   instruction set and the nominal
//!   batch, never on the number of threads: that is why results do not either.
//! * `desc::KernelDesc`: one generated function, described; equal descriptions are one function.
//!
//! # Adding things
//!
//! * A layer: a file in `layers` and a row in its table. If existing operations (an element-wise `map` among
//!   them) can express it, that is all.
//!   `docs/adding-a-layer.md` does it step by step.
//! * An operation: a file in `ops` (types), its gradient rule, a method in `plan::lowering`.
//! * A kernel family: a description in `desc`, a file in `kernel` that writes its code, and a test against a
//!   naive loop.
//! * A pass: a file in `opt` and a line in one of its lists.
//!
//! # Invariants
//!
//! * A graph satisfies `ir::Graph::verify` after every pass; a plan satisfies `plan::verify_plan` before it
//!   is run.
//! * Everything above `runtime` is pure: text and values in, values out.
//! * All `unsafe` of the library is in `jit`, where generated code is mapped and called.

macro_rules! rooms {
    ($($(#[$about:meta])* $room:ident { $($item:ident),* $(,)? })*) => {
        $(
            $(#[$about])*
            #[doc(hidden)]
            pub mod $room {
                pub use crate::$room::{$($item),*};
            }
        )*
    };
}

rooms! {
    ast {
        Allow, Argument, BinaryOp, Body, Branch, Chain, Definition, DefinitionKind, Dim, Entry, Expr,
        ExprKind, File, If, Item, Let, Name, Parameter, Repeat, Section, Setting, Statement, Step, Unit, Use,
        print, print_expr,
    }
    autodiff {
        evaluation_graph, training_graph,
    }
    card {
        DataCard, PassFacts, PictureSize, SharedPictures, TargetColumn, TypicalSize, Unreadable, builtin,
    }
    #[cfg(feature = "engine")]
    checksum {
        Checksum,
    }
    #[cfg(feature = "engine")]
    data {
        Bounds, Dataset, Locations, cards, decode,
    }
    desc {
        Compare, ConvDesc, ConvGradWeightDesc, Domain, Epilogue, Expr, ExprId, ExprNode, KernelDesc, MapDesc,
        MapOutput, MatmulDesc, MatmulKind, MomentsDesc, Operand, OperandKind, PoolDesc, PoolEpilogue,
        PoolGradDesc, PoolKind, Rank, StrassenDesc, StrassenWeightDesc, TileActivation, TransposeDesc,
    }
    #[cfg(feature = "engine")]
    import {
        Asked, read,
    }
    ir {
        CheckedProgram, DataSource, DataSpec, Graph, LabelKind, Labels, LayerId, ParamRole, Program, ScopeKind,
        variables,
    }
    #[cfg(feature = "engine")]
    jit {
        FlushDenormals, LoneKernel,
    }
    #[cfg(feature = "engine")]
    kernel {
        Simd, Target,
    }
    layers {
        Inputs, KindInfo, Layer,
    }
    lower {
        LowerOptions,
    }
    #[cfg(feature = "engine")]
    memory {
        Machine, check,
    }
    opt {
        BEFORE_GRADIENTS, DIAGNOSIS, INFERENCE, Pass, TRAINING, run,
    }
    parse {
        parse,
    }
    #[cfg(feature = "engine")]
    plan {
        plan, verify_plan,
    }
    random {
        Random, text_key,
    }
    #[cfg(feature = "engine")]
    ranks {
        Communicator, threads, threads_over,
    }
    #[cfg(feature = "engine")]
    runtime {
        CodeLibrary, CompileOptions, EvalSession, StepInputs, TrainSession, optimized_evaluation_graph,
        optimized_training_graph,
    }
    #[cfg(feature = "engine")]
    search {
        Constraints, Observation, Outcome, Standing, drive, sampler, schedule,
    }
    settings {
        Settings,
    }
    space {
        Domain, Parameter, Point, Space, Value,
    }
    tensor {
        Element, Layout, Padding, Shape, Window,
    }
    #[cfg(feature = "engine")]
    train {
        State, initialise, weights,
    }
    vocabulary {
        Activation, AugmentKind, Callback, DataSource, Drawing, Fill, Initializer, Limit, Loss, Metric, Normalize,
        Optimizer, OptionSpec, OptionType, OptionValue, Regularizer, Resize, SECTIONS, Schedule, Strategy,
        Word, Words, call, named,
    }
    #[cfg(feature = "engine")]
    weights {
        open,
    }
    zoo {
        NameTable, find, names, source,
    }
}
