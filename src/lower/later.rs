//! Words of the language that this version does not build yet. They are told apart from mistakes.

/// Layer kinds.
pub(super) const LAYERS: &[&str] = &[];

/// Options of layers, optimizers and callbacks.
pub(super) const OPTIONS: &[&str] = &["trainable", "frozen", "weights", "axis"];

/// Settings and calls of `data`.
pub(super) const DATA: &[&str] = &["labels"];

/// Sources of data.
pub(super) const SOURCES: &[&str] = &["csv"];

/// Losses.
pub(super) const LOSSES: &[&str] = &["mae", "huber"];
