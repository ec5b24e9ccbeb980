//! Models of other programs as programs of this language.
//!
//! ```text
//! ONNX  ──[`onnx`]───┐
//!                    ├─▶ [`Network`] ──[structure]──▶ program ──▶ text, and weights beside it
//! Keras ──[`keras`]──┘
//! ```

mod network;
pub(crate) mod onnx;

pub(crate) use network::{Asked, Network, Node, NodeId, Parameter, Refused};
