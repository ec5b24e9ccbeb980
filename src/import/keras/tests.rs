//! Classes and their options, as words of the language and as refusals.

use serde_json::{Value, json};

use super::config::{Config, No};
use super::layers::{Asking, Meaning, meaning};
use crate::tensor::Shape;

/// A layer as text: `conv2d filters=4 …` without what the table has anyway; or why it is refused.
fn said(class: &str, config: &Value, inputs: &[Shape], is_keras_2: bool) -> String {
    let config = Config::new(config);
    let asking = Asking { class, config: &config, inputs, is_keras_2 };
    match meaning(&asking).and_then(|meaning| config.finish().map(|()| meaning)) {
        Ok(Meaning::Layer(made)) => {
            let options = made.options.iter().map(|(name, value)| format!(" {name}={}", value.text()));
            format!("{}{}", made.keyword, options.collect::<String>())
        }
        Ok(Meaning::Nothing) => "nothing".to_owned(),
        Ok(Meaning::Normalization { numbers }) => format!("normalization {numbers:?}"),
        Err(No { why, nearest }) => format!("no: {why}; {nearest}"),
    }
}

fn of_map(class: &str, config: &Value) -> String {
    said(class, config, &[Shape::image(8, 6, 4)], false)
}

#[test]
fn options_come_over() {
    let conv = json!({ "name": "c", "filters": 4, "kernel_size": [3, 5], "strides": [2, 1], "padding": "same",
        "dilation_rate": [1, 1], "groups": 2, "use_bias": false, "activation": "relu6",
        "kernel_regularizer": { "class_name": "L2", "config": { "l2": 0.5 } }, "kernel_initializer": "he_normal" });
    assert_eq!(
        of_map("Conv2D", &conv),
        "conv2d filters=4 kernel_size=3x5 stride=2x1 padding=same dilation=1x1 groups=2 use_bias=false \
         activation=relu6 kernel_regularizer=l1_l2(l1: 0, l2: 0.5)"
    );
    for (class, config, wanted) in [
        (
            "MaxPooling2D",
            json!({ "pool_size": [3, 2], "strides": null }),
            "max_pool2d pool_size=3x2 stride=3x2 padding=valid",
        ),
        ("ZeroPadding2D", json!({ "padding": [[0, 1], [2, 3]] }), "zero_pad2d padding=[0, 1, 2, 3]"),
        ("Cropping2D", json!({ "cropping": 2 }), "crop2d cropping=[2, 2, 2, 2]"),
        (
            "UpSampling2D",
            json!({ "size": 3, "interpolation": "bilinear" }),
            "upsample2d size=3x3 interpolation=bilinear",
        ),
        ("ReLU", json!({ "max_value": 6.0, "negative_slope": 0.0, "threshold": 0.0 }), "relu6"),
        (
            "ReLU",
            json!({ "max_value": null, "negative_slope": 0.25, "threshold": 0.0 }),
            "leaky_relu negative_slope=0.25",
        ),
        ("LeakyReLU", json!({ "alpha": 0.125 }), "leaky_relu negative_slope=0.125"),
        ("Activation", json!({ "activation": "swish" }), "silu"),
        ("Activation", json!({ "activation": "linear" }), "nothing"),
        ("GlobalAveragePooling2D", json!({ "keepdims": true }), "global_avg_pool2d keep_dims=true"),
        ("Dropout", json!({ "rate": 0.5, "noise_shape": [null, 1, 1, 1] }), "stochastic_depth rate=0.5"),
        ("Dropout", json!({ "rate": 0.5, "noise_shape": null, "seed": 3 }), "dropout rate=0.5"),
        ("Reshape", json!({ "target_shape": [-1] }), "flatten"),
        ("Reshape", json!({ "target_shape": [4, -1, 8] }), "reshape target_shape=4x6x8"),
        (
            "BatchNormalization",
            json!({ "axis": [3], "momentum": 0.9, "epsilon": 0.01, "center": true, "scale": false }),
            "batch_norm momentum=0.9 epsilon=0.01 center=true scale=false",
        ),
        (
            "Dense",
            json!({ "units": 7, "activation": "gelu" }),
            "conv2d filters=7 kernel_size=1x1 use_bias=true activation=gelu",
        ),
        ("Rescaling", json!({ "scale": 0.5, "offset": -1.0 }), "rescaling scale=0.5 offset=-1"),
        (
            "RandomFlip",
            json!({ "mode": "horizontal", "data_format": "channels_last" }),
            "random_flip mode=horizontal",
        ),
        (
            "RandomRotation",
            json!({ "factor": [-0.25, 0.5], "fill_mode": "wrap" }),
            "random_rotation factor=[-90deg, 180deg] fill_mode=wrap interpolation=bilinear fill_value=0",
        ),
    ] {
        assert_eq!(of_map(class, &config), wanted, "{class} {config}");
    }
    // Keras 2 had another line
    let hard = json!({ "activation": "hard_sigmoid" });
    assert_eq!(said("Activation", &hard, &[Shape::vector(3)], true), "hard_sigmoid alpha=0.2 beta=0.5");
}

#[test]
fn what_has_no_words_is_refused() {
    for (class, config, wanted) in [
        (
            "Conv2D",
            json!({ "filters": 4, "kernel_size": 3, "data_format": "channels_first" }),
            "channels_first",
        ),
        ("Conv2D", json!({ "filters": 4, "kernel_size": 3, "padding": "causal" }), "`padding: causal`"),
        ("Conv2D", json!({ "filters": 0, "kernel_size": 3 }), "its `filters` is 0"),
        ("Conv2D", json!({ "filters": 4, "kernel_size": 3, "shuffle": 2 }), "its option `shuffle`"),
        (
            "Conv2D",
            json!({ "filters": 4, "kernel_size": 3, "activation": "exponential" }),
            "the activation `exponential`",
        ),
        ("BatchNormalization", json!({ "axis": 1 }), "another axis"),
        ("BatchNormalization", json!({ "renorm": true }), "renormalization"),
        ("Softmax", json!({ "axis": 1 }), "another axis"),
        ("Concatenate", json!({ "axis": 1 }), "another axis"),
        ("ReLU", json!({ "max_value": 4.0 }), "values above 4"),
        ("ReLU", json!({ "threshold": 1.0 }), "values below 1"),
        ("PReLU", json!({}), "slopes that are learnt"),
        ("Lambda", json!({}), "Python code"),
        ("Resizing", json!({ "height": 4, "width": 4, "antialias": true }), "antialias"),
        ("UpSampling2D", json!({ "interpolation": "bicubic" }), "`bicubic`"),
        ("Dropout", json!({ "rate": 0.5, "noise_shape": [null, 3] }), "noise_shape"),
        ("Reshape", json!({ "target_shape": [8, 24] }), "neither a vector"),
        ("GroupNormalization", json!({}), "no layer `GroupNormalization`"),
        ("RandomHue", json!({}), "no layer `RandomHue`"),
    ] {
        let said = of_map(class, &config);
        assert!(said.starts_with("no: ") && said.contains(wanted), "{class} {config}: {said}");
    }
}

#[test]
fn what_changes_training_alone_is_noted() {
    let config = json!({ "filters": 4, "kernel_size": 3, "kernel_constraint": { "class_name": "MaxNorm" },
        "bias_regularizer": { "class_name": "OrthogonalRegularizer", "config": {} }, "activity_regularizer": "l2" });
    let config = Config::new(&config);
    let asking =
        Asking { class: "Conv2D", config: &config, inputs: &[Shape::image(8, 8, 3)], is_keras_2: false };
    assert!(meaning(&asking).is_ok() && config.finish().is_ok());
    let notes = config.notes();
    assert_eq!(notes.len(), 3, "{notes:?}");
}
