//! cnnc compiles `.cnn` files, descriptions of convolutional image models with their data and training schedule, and trains them.
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
//! * [`ir::Program`]: what the file says, every name resolved and every default filled in. Layers are those of [`layers`]: what the user
//!   writes (`conv2d`, `batch_norm`).
//! * [`ir::CheckedProgram`]: the same, with the shape of every layer and the loss. Only the checker makes one, so whatever takes one need not
//!   check again.
//! * [`ir::Graph`]: typed operations ([`ops`]): what is computed. Layers build themselves out of operations; autodiff adds the backward pass
//!   and the optimizer's update to the same graph; passes ([`opt`]) rewrite it. Types are inferred in one place, [`ops::Op::infer`].
//! * [`plan::Plan`]: kernel calls in tasks of stages, and the place of every byte. It depends on the graph, the instruction set and the nominal
//!   batch, never on the number of threads: that is why results do not either.
//! * [`desc::KernelDesc`]: one generated function, described; equal descriptions are one function.
//!
//! # Without the engine
//!
//! The feature `engine`, on by default, is all that compiles, reads data, trains, and the command
//! line. Without it the crate is a front end with few dependencies, for editors and other tools:
//! text to a [`ir::CheckedProgram`] with its problems ([`front`]), their pages ([`diag::explain`]),
//! the program spelled out ([`show`]), laid out ([`mod@format`]) and drawn ([`draw`]), [`figures`]
//! of its layers, and its graphs ([`autodiff`], [`opt`]). //!
//! # Adding things
//!
//! * A layer: a file in [`layers`] and a row in its table. If existing operations (an element-wise `map` among them) can express it, that is all.
//!   `docs/adding-a-layer.md` does it step by step.
//! * An operation: a file in [`ops`] (types), its gradient rule, a method in `plan::lowering`.
//! * A kernel family: a description in [`desc`], a file in [`kernel`] that writes its code, and a test against a naive loop.
//! * A pass: a file in [`opt`] and a line in one of its lists.
//!
//! # Invariants
//!
//! * A graph satisfies [`ir::Graph::verify`] after every pass; a plan satisfies [`plan::verify_plan`] before it is run.
//! * Everything above `runtime` is pure: text and values in, values out.
//! * All `unsafe` of the library is in [`jit`], where generated code is mapped and called.

// tests make the files that they need
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod ast;
pub mod autodiff;
pub mod card;
pub mod check;
#[cfg(feature = "engine")]
pub mod checksum;
#[cfg(feature = "engine")]
pub mod cli;
#[cfg(feature = "engine")]
pub mod data;
pub mod desc;
pub mod diag;
pub mod draw;
pub mod figures;
#[cfg(feature = "engine")]
#[allow(clippy::disallowed_methods, reason = "the one room that reads and writes files")]
pub mod files;
pub mod format;
pub mod front;
pub mod ir;
#[cfg(feature = "engine")]
#[allow(unsafe_code, reason = "calls generated code and owns the memory it works on; nothing else in the crate may")]
pub mod jit;
#[cfg(feature = "engine")]
pub mod kernel;
pub mod layers;
pub mod lower;
#[cfg(feature = "engine")]
pub mod memory;
pub mod ops;
pub mod opt;
pub mod parse;
#[cfg(feature = "engine")]
pub mod plan;
pub mod printed;
pub mod random;
#[cfg(feature = "engine")]
pub mod runtime;
pub mod settings;
pub mod show;
pub mod source;
pub mod tensor;
#[cfg(feature = "engine")]
pub mod train;
pub mod zoo;
