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
pub(super) const DATA: &[&str] = &["split", "class_weight", "cache", "mirror", "upright", "labels", "stratified"];

/// Sources of data.
pub(super) const SOURCES: &[&str] = &["cifar100", "idx", "cifar_binary", "csv"];

/// Augmentations.
pub(super) const AUGMENT: &[&str] = &[
    "crop",
    "resized_crop",
    "brightness",
    "contrast",
    "saturation",
    "hue",
    "channel_shift",
    "grayscale",
    "invert",
    "noise",
    "blur",
    "cutout",
    "skew_corner",
    "skew",
    "elastic",
    "random_distortion",
    "mixup",
    "cutmix",
    "samples",
];

/// Losses.
pub(super) const LOSSES: &[&str] = &["mae", "huber"];
