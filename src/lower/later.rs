//! Words of the language that this version does not build yet. They are told apart from mistakes.

/// Options of layers.
pub(super) const OPTIONS: &[&str] = &["trainable", "frozen", "weights", "axis"];
