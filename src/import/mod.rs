//! Models of other programs as programs of this language.
//!
//! ```text
//! ONNX  ──[`onnx`]───┐
//!                    ├─▶ [`Network`] ──[structure]──▶ program ──▶ text, and weights beside it
//! Keras ──[`keras`]──┘
//! ```

mod keras;
mod network;
mod onnx;
mod open;
mod write;

pub use network::Asked;
pub(crate) use network::{Network, NodeId, Refused};
pub use open::read;
pub(crate) use write::{Title, Writing, model_name};
