//! Classes of Keras as words of the language, with all their options.

use serde_json::Value;

use super::config::{Config, No, no};
use super::values::of_layer;
use super::windows::windows;
use crate::tensor::Shape;
use crate::vocabulary::OptionValue;

/// A layer in words of the language.
pub(super) struct Made {
    pub(super) keyword: &'static str,
    pub(super) options: Vec<(&'static str, OptionValue)>,
}

/// What becomes of a call.
pub(super) enum Meaning {
    /// A layer.
    Layer(Made),
    /// Its input, as it is.
    Nothing,
    /// `normalization`, whose numbers may be among the weights.
    Normalization { numbers: Option<[Vec<f32>; 2]> },
}

/// What is asked of a class.
pub(super) struct Asking<'c, 'a> {
    pub(super) class: &'a str,
    pub(super) config: &'a Config<'c>,
    pub(super) inputs: &'a [Shape],
    pub(super) is_keras_2: bool,
}

pub(super) fn made(keyword: &'static str, options: Vec<(&'static str, OptionValue)>) -> Result<Meaning, No> {
    Ok(Meaning::Layer(Made { keyword, options }))
}

/// The words for a class.
pub(super) fn meaning(asking: &Asking<'_, '_>) -> Result<Meaning, No> {
    let Asking { class, config, inputs, is_keras_2 } = asking;
    match *class {
        "Conv2D"
        | "Convolution2D"
        | "DepthwiseConv2D"
        | "SeparableConv2D"
        | "SeparableConvolution2D"
        | "Conv2DTranspose"
        | "Dense"
        | "MaxPooling2D"
        | "MaxPool2D"
        | "AveragePooling2D"
        | "AvgPool2D" => windows(asking),
        "GlobalAveragePooling2D" | "GlobalAvgPool2D" => global(config, "global_avg_pool2d"),
        "GlobalMaxPooling2D" | "GlobalMaxPool2D" => global(config, "global_max_pool2d"),
        "BatchNormalization" => {
            last_axis(config, inputs)?;
            if config.bool("renorm", false)? {
                return no("batch renormalization", "`batch_norm`");
            }
            made(
                "batch_norm",
                vec![
                    ("momentum", OptionValue::Float(config.float("momentum", 0.99)?)),
                    ("epsilon", OptionValue::Float(config.float("epsilon", 0.001)?)),
                    ("center", OptionValue::Bool(config.bool("center", true)?)),
                    ("scale", OptionValue::Bool(config.bool("scale", true)?)),
                ],
            )
        }
        "LayerNormalization" => {
            last_axis(config, inputs)?;
            if config.bool("rms_scaling", false)? {
                return no("a norm without means", "`layer_norm`");
            }
            made(
                "layer_norm",
                vec![
                    ("epsilon", OptionValue::Float(config.float("epsilon", 0.001)?)),
                    ("center", OptionValue::Bool(config.bool("center", true)?)),
                    ("scale", OptionValue::Bool(config.bool("scale", true)?)),
                ],
            )
        }
        "LayerScale" => {
            let initial = OptionValue::Float(config.float("init_values", 1e-6)?);
            made("layer_scale", vec![("initial", initial)])
        }
        "Activation" | "ReLU" | "LeakyReLU" | "ELU" | "Softmax" | "PReLU" | "ThresholdedReLU" => {
            activated(of_layer(class, config, *is_keras_2)?)
        }
        "Dropout" | "SpatialDropout2D" | "GaussianNoise" | "StochasticDepth" => dropped(class, config),
        "Flatten" => {
            channels_last(config)?;
            if inputs.first().is_some_and(|shape| shape.rank() == 1) {
                return Ok(Meaning::Nothing);
            }
            made("flatten", Vec::new())
        }
        "Reshape" => reshape(config, inputs),
        "ZeroPadding2D" | "Cropping2D" => {
            channels_last(config)?;
            let (keyword, key) =
                if *class == "Cropping2D" { ("crop2d", "cropping") } else { ("zero_pad2d", "padding") };
            made(keyword, vec![(key, OptionValue::Margins(config.sides(key)?))])
        }
        "UpSampling2D" => {
            channels_last(config)?;
            let size = config.pair("size", 1)?.unwrap_or([2, 2]);
            let interpolation = interpolation(config, "nearest")?;
            made("upsample2d", vec![("size", OptionValue::Extents(size)), ("interpolation", interpolation)])
        }
        "Resizing" => resizing(config),
        "Rescaling" => rescaling(config, inputs),
        "Normalization" => normalization(config, inputs),
        "Add" | "Subtract" | "Multiply" | "Average" | "Maximum" => made(joined(class), Vec::new()),
        "Minimum" => no("the smaller of values", "`maximum`"),
        "Concatenate" => concat(config, inputs),
        "Identity" => Ok(Meaning::Nothing),
        "ActivityRegularization" => {
            config.get("l1");
            config.get("l2");
            config.note("`ActivityRegularization` is left out: the language has none");
            Ok(Meaning::Nothing)
        }
        _ if class.starts_with("Random") => super::random::meaning(class, config, inputs),
        "Lambda" => no(
            "a `Lambda` holds Python code, which is not run: put the layers that do the same in its place",
            "",
        ),
        _ => no(format!("the language has no layer `{class}`"), nearest(class)),
    }
}

/// What is like a class that there is not.
fn nearest(class: &str) -> &'static str {
    match class {
        "GroupNormalization" | "UnitNormalization" | "RMSNormalization" => "`layer_norm` or `batch_norm`",
        "AlphaDropout" | "GaussianDropout" | "SpatialDropout1D" => "`dropout`",
        "Permute" => "`reshape`, which does not exchange axes",
        "GlobalAveragePooling1D" => "`global_avg_pool2d`",
        "Conv1D" | "Conv3D" | "LocallyConnected2D" => "`conv2d`",
        "MultiHeadAttention" | "Attention" | "AdditiveAttention" => {
            "a gate: `multiply { branch { } branch { … } }`"
        }
        "TFOpLambda" | "SlicingOpLambda" | "TensorFlowOpLayer" => {
            "a layer of Keras in the place of the function"
        }
        "CenterCrop" => "`crop2d`",
        _ => "",
    }
}

fn joined(class: &str) -> &'static str {
    match class {
        "Subtract" => "subtract",
        "Multiply" => "multiply",
        "Average" => "average",
        "Maximum" => "maximum",
        _ => "add",
    }
}

pub(super) fn channels_last(config: &Config<'_>) -> Result<(), No> {
    match config.text("data_format", "channels_last")? {
        "channels_last" => Ok(()),
        _ => no(
            "channels before height and width (`channels_first`)",
            "the same model with `channels_last`: its weights are the same",
        ),
    }
}

/// `-1`, `3`, `[3]`: the channels.
fn last_axis(config: &Config<'_>, inputs: &[Shape]) -> Result<(), No> {
    let rank = inputs.first().map_or(3, Shape::rank) as i64;
    let is_last = |value: &Value| value.as_i64().is_some_and(|axis| axis == -1 || axis == rank);
    let is_right = match config.get("axis") {
        None => true,
        Some(Value::Array(axes)) => axes.len() == 1 && axes.iter().all(is_last),
        Some(axis) => is_last(axis),
    };
    if is_right { Ok(()) } else { no("it works along another axis than the channels", "the last axis, -1") }
}

fn global(config: &Config<'_>, keyword: &'static str) -> Result<Meaning, No> {
    channels_last(config)?;
    made(keyword, vec![("keep_dims", OptionValue::Bool(config.bool("keepdims", false)?))])
}

fn activated(activation: crate::vocabulary::Activation) -> Result<Meaning, No> {
    use crate::vocabulary::{Activation, ActivationKind as Kind};
    let float = |name, value| vec![(name, OptionValue::Float(value))];
    let (keyword, options) = match activation {
        Activation::Linear => return Ok(Meaning::Nothing),
        Activation::Softmax => ("softmax", Vec::new()),
        Activation::Elementwise(kind) => match kind {
            Kind::Relu => ("relu", Vec::new()),
            Kind::Relu6 => ("relu6", Vec::new()),
            Kind::LeakyRelu { slope } => ("leaky_relu", float("negative_slope", slope)),
            Kind::Elu { alpha } => ("elu", float("alpha", alpha)),
            Kind::Selu => ("selu", Vec::new()),
            Kind::Gelu => ("gelu", Vec::new()),
            Kind::Silu => ("silu", Vec::new()),
            Kind::HardSwish => ("hard_swish", Vec::new()),
            Kind::Sigmoid => ("sigmoid", Vec::new()),
            Kind::HardSigmoid { alpha, beta } => (
                "hard_sigmoid",
                vec![("alpha", OptionValue::Float(alpha)), ("beta", OptionValue::Float(beta))],
            ),
            Kind::Tanh => ("tanh", Vec::new()),
            Kind::Softplus => ("softplus", Vec::new()),
        },
    };
    made(keyword, options)
}

/// What drops values or adds noise while training.
fn dropped(class: &str, config: &Config<'_>) -> Result<Meaning, No> {
    if class == "GaussianNoise" {
        return made("gaussian_noise", vec![("stddev", OptionValue::Float(config.float("stddev", 0.0)?))]);
    }
    let key = if class == "StochasticDepth" { "drop_path_rate" } else { "rate" };
    let rate = vec![("rate", OptionValue::Float(config.float(key, 0.0)?))];
    if class == "StochasticDepth" {
        return made("stochastic_depth", rate);
    }
    if class == "SpatialDropout2D" {
        channels_last(config)?;
        return made("spatial_dropout2d", rate);
    }
    // what is dropped together
    let shape: Option<Vec<Option<u64>>> = config
        .get("noise_shape")
        .and_then(Value::as_array)
        .map(|shape| shape.iter().map(Value::as_u64).collect());
    match shape.as_deref() {
        None => made("dropout", rate),
        Some([None, Some(1), Some(1), Some(1)]) => made("stochastic_depth", rate),
        Some([None, Some(1), Some(1), None]) => made("spatial_dropout2d", rate),
        Some(_) => no("a `noise_shape` of its own", "`dropout`, `spatial_dropout2d` or `stochastic_depth`"),
    }
}

fn reshape(config: &Config<'_>, inputs: &[Shape]) -> Result<Meaning, No> {
    let wanted: Option<Vec<i64>> = config
        .get("target_shape")
        .and_then(Value::as_array)
        .and_then(|shape| shape.iter().map(Value::as_i64).collect());
    let Some(wanted) = wanted.filter(|wanted| matches!(wanted.len(), 1 | 3)) else {
        return no("a shape that is neither a vector nor height, width and channels", "`reshape(7x7x64)`");
    };
    let all = inputs.first().map_or(0, Shape::elements);
    let known: usize = wanted.iter().filter_map(|extent| usize::try_from(*extent).ok()).product();
    let extents: Option<Vec<usize>> = wanted
        .iter()
        .map(|&extent| match usize::try_from(extent) {
            Ok(extent) if extent > 0 => Some(extent),
            _ if extent == -1 => all.checked_div(known).filter(|rest| *rest > 0),
            _ => None,
        })
        .collect();
    let Some(extents) = extents else { return no("a shape that cannot be read", "`reshape(7x7x64)`") };
    if let [length] = extents[..] {
        if inputs.first().is_some_and(|shape| shape.rank() == 1 && shape.elements() == length) {
            return Ok(Meaning::Nothing);
        }
        return made("flatten", Vec::new());
    }
    made("reshape", vec![("target_shape", OptionValue::Shape(extents))])
}

fn interpolation(config: &Config<'_>, default: &'static str) -> Result<OptionValue, No> {
    match config.text("interpolation", default)? {
        "nearest" => Ok(OptionValue::Choice("nearest")),
        "bilinear" => Ok(OptionValue::Choice("bilinear")),
        other => no(format!("the interpolation `{other}`"), "`bilinear` or `nearest`"),
    }
}

fn resizing(config: &Config<'_>) -> Result<Meaning, No> {
    channels_last(config)?;
    let (crop, pad) =
        (config.bool("crop_to_aspect_ratio", false)?, config.bool("pad_to_aspect_ratio", false)?);
    if config.bool("antialias", false)? {
        return no("resizing with smoothing (`antialias`)", "`resizing`, or `resize` in `prepare`");
    }
    let is_black =
        config.text("fill_mode", "constant")? == "constant" && config.float("fill_value", 0.0)? == 0.0;
    if pad && !is_black {
        return no("bars that are not black", "`resizing(…, fit: letterbox)`");
    }
    let fit = match (crop, pad) {
        (true, _) => "crop",
        (_, true) => "letterbox",
        _ => "stretch",
    };
    made(
        "resizing",
        vec![
            ("height", OptionValue::Int(config.int("height", 1)?)),
            ("width", OptionValue::Int(config.int("width", 1)?)),
            ("interpolation", interpolation(config, "bilinear")?),
            ("fit", OptionValue::Choice(fit)),
        ],
    )
}

fn rescaling(config: &Config<'_>, inputs: &[Shape]) -> Result<Meaning, No> {
    let scale = config.numbers("scale")?.unwrap_or_default();
    let offset = config.numbers("offset")?.unwrap_or_else(|| vec![0.0]);
    match (&scale[..], &offset[..]) {
        ([scale], [offset]) => made(
            "rescaling",
            vec![("scale", OptionValue::Float(*scale)), ("offset", OptionValue::Float(*offset))],
        ),
        _ => {
            // y = x s + o is (x − m) / √v with m = −o / s and v = 1 / s²
            let channels = inputs.first().map_or(0, Shape::channels);
            let at =
                |list: &[f32], channel: usize| list.get(if list.len() == 1 { 0 } else { channel }).copied();
            let pairs: Option<Vec<(f64, f64)>> = (0..channels)
                .map(|channel| Some((f64::from(at(&scale, channel)?), f64::from(at(&offset, channel)?))))
                .collect();
            let Some(pairs) = pairs.filter(|pairs| pairs.iter().all(|(scale, _)| *scale > 0.0)) else {
                return no(
                    "a factor for each channel, some not above 0",
                    "`normalization(mean: […], variance: […])`",
                );
            };
            let mean = pairs.iter().map(|(scale, offset)| (0.0 - offset / scale) as f32 + 0.0).collect();
            let variance = pairs.iter().map(|(scale, _)| (1.0 / (scale * scale)) as f32).collect();
            Ok(Meaning::Normalization { numbers: Some([mean, variance]) })
        }
    }
}

fn normalization(config: &Config<'_>, inputs: &[Shape]) -> Result<Meaning, No> {
    last_axis(config, inputs)?;
    if config.bool("invert", false)? {
        return no("a normalization turned around (`invert`)", "`rescaling`");
    }
    let numbers = config.numbers("mean")?.zip(config.numbers("variance")?);
    Ok(Meaning::Normalization { numbers: numbers.map(|(mean, variance)| [mean, variance]) })
}

fn concat(config: &Config<'_>, inputs: &[Shape]) -> Result<Meaning, No> {
    last_axis(config, inputs)?;
    made("concat", Vec::new())
}
