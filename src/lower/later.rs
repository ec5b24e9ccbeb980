//! Words of the language that this version does not build yet. They are told apart from mistakes.

/// Layer kinds.
pub(super) const LAYERS: &[&str] = &[];

/// Options of layers, optimizers and callbacks.
pub(super) const OPTIONS: &[&str] = &["trainable", "frozen", "weights", "axis"];
