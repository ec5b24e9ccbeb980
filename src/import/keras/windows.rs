//! Layers with windows and matrices: convolutions, pools, dense layers.

use super::config::{Config, No, no};
use super::layers::{Asking, Meaning, channels_last, made};
use super::values::{activation, regularizer};
use crate::tensor::Padding;
use crate::vocabulary::OptionValue;

/// Convolutions, pools and dense layers.
pub(super) fn windows(asking: &Asking<'_, '_>) -> Result<Meaning, No> {
    let Asking { class, config, inputs, is_keras_2 } = asking;
    if *class != "Dense" {
        channels_last(config)?;
    }
    let mut options: Vec<(&'static str, OptionValue)> = Vec::new();
    let is_map = inputs.first().is_some_and(|shape| shape.rank() == 3);
    let keyword = match *class {
        "Conv2D" | "Convolution2D" => "conv2d",
        "DepthwiseConv2D" => "depthwise_conv2d",
        "SeparableConv2D" | "SeparableConvolution2D" => "separable_conv2d",
        "Conv2DTranspose" => "conv2d_transpose",
        "MaxPooling2D" | "MaxPool2D" => "max_pool2d",
        "AveragePooling2D" | "AvgPool2D" => "avg_pool2d",
        // on a map it works pixel by pixel, as a window of one pixel does
        _ if is_map => "conv2d",
        _ => "dense",
    };
    let is_pool = keyword.ends_with("_pool2d");
    match *class {
        "Dense" if is_map => {
            options.push(("filters", OptionValue::Int(config.int("units", 1)?)));
            options.push(("kernel_size", OptionValue::Extents([1, 1])));
        }
        "Dense" => options.push(("units", OptionValue::Int(config.int("units", 1)?))),
        _ => {
            if !is_pool && keyword != "depthwise_conv2d" {
                options.push(("filters", OptionValue::Int(config.int("filters", 1)?)));
            }
            let key = if is_pool { "pool_size" } else { "kernel_size" };
            let size = config.pair(key, 1)?;
            let Some(size) = size.or(is_pool.then_some([2, 2])) else {
                return no("it has no `kernel_size`", "");
            };
            options.push((key, OptionValue::Extents(size)));
            let stride = config.pair("strides", 1)?.unwrap_or(if is_pool { size } else { [1, 1] });
            options.push(("stride", OptionValue::Extents(stride)));
            options.push(("padding", OptionValue::Padding(padding(config)?)));
        }
    }
    if is_pool {
        return made(keyword, options);
    }
    if *class != "Dense" {
        let dilation = config.pair("dilation_rate", 1)?.unwrap_or([1, 1]);
        options.push(("dilation", OptionValue::Extents(dilation)));
        let groups = if config.get("groups").is_some() { config.int("groups", 1)? } else { 1 };
        match keyword {
            "conv2d" => options.push(("groups", OptionValue::Int(groups))),
            _ if groups != 1 => return no("groups of channels", "`conv2d`, which has groups"),
            _ => {}
        }
    }
    if matches!(keyword, "depthwise_conv2d" | "separable_conv2d") {
        let multiplier =
            if config.get("depth_multiplier").is_some() { config.int("depth_multiplier", 1)? } else { 1 };
        options.push(("depth_multiplier", OptionValue::Int(multiplier)));
    }
    if keyword == "conv2d_transpose"
        && let Some(more) = config.pair("output_padding", 0)?
    {
        options.push(("output_padding", OptionValue::Extents(more)));
    }
    options.push(("use_bias", OptionValue::Bool(config.bool("use_bias", true)?)));
    let activation = activation(config.get("activation"), *is_keras_2)?;
    options.push(("activation", OptionValue::Activation(activation)));
    let regularizers: &[&'static str] = match keyword {
        "depthwise_conv2d" => &["depthwise_regularizer", "bias_regularizer"],
        "separable_conv2d" => &["depthwise_regularizer", "pointwise_regularizer", "bias_regularizer"],
        _ => &["kernel_regularizer", "bias_regularizer"],
    };
    if keyword == "depthwise_conv2d" {
        // it has the options of what it is made of as well
        for key in ["filters", "kernel_regularizer"] {
            config.get(key);
        }
    }
    for &key in regularizers {
        if let Some(regularizer) = regularizer(config, key) {
            options.push((key, OptionValue::Regularizer(regularizer)));
        }
    }
    made(keyword, options)
}

fn padding(config: &Config<'_>) -> Result<Padding, No> {
    match config.text("padding", "valid")? {
        "same" => Ok(Padding::Same),
        "valid" => Ok(Padding::Valid),
        other => no(format!("`padding: {other}`"), "`same` or `valid`"),
    }
}
