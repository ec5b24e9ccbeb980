//! Words of the language that this version does not build yet. They are told apart from mistakes.

/// Layer kinds.
pub(super) const LAYERS: &[&str] = &[
    "separable_conv2d",
    "conv2d_transpose",
    "depth_max_pool",
    "layer_norm",
    "spatial_dropout2d",
    "gaussian_noise",
    "reshape",
    "crop2d",
    "upsample2d",
    "resizing",
    "rescaling",
    "normalization",
    "random_flip",
    "random_rotation",
    "random_zoom",
    "random_translation",
    "random_crop",
    "random_contrast",
    "random_brightness",
    "fixed_filter",
];

/// Options of layers, optimizers and callbacks.
pub(super) const OPTIONS: &[&str] =
    &["kernel_regularizer", "bias_regularizer", "trainable", "frozen", "weights", "axis"];

/// Settings and calls of `data`.
pub(super) const DATA: &[&str] = &["labels"];

/// Sources of data.
pub(super) const SOURCES: &[&str] = &["csv"];

/// Losses.
pub(super) const LOSSES: &[&str] = &["mae", "huber"];
