//! Activations and regularizers as Keras describes them.

use serde_json::Value;

use super::config::{Config, No, no};
use crate::vocabulary::{Activation, ActivationKind, Regularizer};

/// An activation: a word, or a layer or function that is described.
pub(super) fn activation(value: Option<&Value>, is_keras_2: bool) -> Result<Activation, No> {
    let described = |value: &Value| -> Option<(String, Value)> {
        let class = value.get("class_name")?.as_str()?;
        let class = class.rsplit('>').next()?.to_owned();
        Some((class, value.get("config").cloned().unwrap_or(Value::Null)))
    };
    match value {
        None | Some(Value::Null) => Ok(Activation::Linear),
        Some(Value::String(word)) => of_word(word, is_keras_2),
        Some(value) => match described(value) {
            Some((class, Value::String(word))) if class == "function" => of_word(&word, is_keras_2),
            Some((class, config)) => of_layer(&class, &Config::new(&config), is_keras_2),
            None => no("its activation cannot be read", ""),
        },
    }
}

fn of_word(word: &str, is_keras_2: bool) -> Result<Activation, No> {
    let kind = match word {
        "linear" => return Ok(Activation::Linear),
        "softmax" => return Ok(Activation::Softmax),
        "relu" => ActivationKind::Relu,
        "relu6" => ActivationKind::Relu6,
        "leaky_relu" => ActivationKind::LeakyRelu { slope: 0.2 },
        "elu" => ActivationKind::Elu { alpha: 1.0 },
        "selu" => ActivationKind::Selu,
        "gelu" => ActivationKind::Gelu,
        "silu" | "swish" => ActivationKind::Silu,
        "hard_silu" | "hard_swish" => ActivationKind::HardSwish,
        "sigmoid" => ActivationKind::Sigmoid,
        "hard_sigmoid" if is_keras_2 => ActivationKind::HardSigmoid { alpha: 0.2, beta: 0.5 },
        "hard_sigmoid" => ActivationKind::HardSigmoid { alpha: 1.0 / 6.0, beta: 0.5 },
        "tanh" => ActivationKind::Tanh,
        "softplus" => ActivationKind::Softplus,
        _ => return no(format!("the activation `{word}`"), near(word)),
    };
    Ok(Activation::Elementwise(kind))
}

/// What is like an activation that is not there.
fn near(word: &str) -> &'static str {
    match word {
        "softsign" | "hard_tanh" | "tanh_shrink" => "`tanh`",
        "mish" | "log_sigmoid" | "squareplus" | "sparse_plus" => "`silu` or `softplus`",
        "celu" | "prelu" => "`elu`",
        _ => "`relu`",
    }
}

/// Layers that are activations: `ReLU(max_value=6)`.
pub(super) fn of_layer(class: &str, config: &Config<'_>, is_keras_2: bool) -> Result<Activation, No> {
    let kind = match class {
        "ReLU" => {
            let (slope, threshold) = (config.float("negative_slope", 0.0)?, config.float("threshold", 0.0)?);
            let most =
                config.get("max_value").is_some().then(|| config.float("max_value", 0.0)).transpose()?;
            match (most, slope, threshold) {
                (None, 0.0, 0.0) => ActivationKind::Relu,
                (Some(6.0), 0.0, 0.0) => ActivationKind::Relu6,
                (None, slope, 0.0) => ActivationKind::LeakyRelu { slope },
                (Some(most), 0.0, 0.0) => return no(format!("values above {most} become {most}"), "`relu6`"),
                (_, _, threshold) if threshold != 0.0 => {
                    return no(format!("values below {threshold} become 0"), "`relu`");
                }
                _ => return no("a largest value together with a slope", "`leaky_relu` or `relu6`"),
            }
        }
        "LeakyReLU" => {
            let key = if config.get("negative_slope").is_some() { "negative_slope" } else { "alpha" };
            ActivationKind::LeakyRelu { slope: config.float(key, 0.3)? }
        }
        "ELU" => ActivationKind::Elu { alpha: config.float("alpha", 1.0)? },
        "Softmax" => {
            return match config.get("axis").map(Value::as_i64) {
                None | Some(Some(-1)) => Ok(Activation::Softmax),
                Some(_) => no("a softmax over another axis than the last", "`softmax`, over the channels"),
            };
        }
        "Activation" => return activation(config.get("activation"), is_keras_2),
        "PReLU" => return no("slopes that are learnt", "`leaky_relu(negative_slope: 0.25)`"),
        "ThresholdedReLU" => return no("values below a threshold become 0", "`relu`"),
        _ => return no(format!("`{class}` as an activation"), ""),
    };
    Ok(Activation::Elementwise(kind))
}

/// A regularizer; `None` where there is none, or none that the language has, which is noted.
pub(super) fn regularizer(config: &Config<'_>, key: &'static str) -> Option<Regularizer> {
    let value = config.get(key)?;
    let class = value.get("class_name").and_then(Value::as_str).or(value.as_str()).unwrap_or_default();
    let inner = value.get("config");
    let factor = |name: &str, default: f64| {
        inner
            .and_then(|inner| inner.get(name))
            .map_or(Some(default), Value::as_f64)
            .map(|factor| factor as f32)
    };
    let is = |name: &str| class.rsplit('>').next().is_some_and(|class| class.eq_ignore_ascii_case(name));
    let found = if is("L1") {
        factor("l1", 0.01).map(|l1| Regularizer { l1, l2: 0.0 })
    } else if is("L2") {
        factor("l2", 0.01).map(|l2| Regularizer { l1: 0.0, l2 })
    } else if is("L1L2") || is("l1_l2") {
        let default = if inner.is_some() { 0.0 } else { 0.01 };
        factor("l1", default).zip(factor("l2", default)).map(|(l1, l2)| Regularizer { l1, l2 })
    } else {
        None
    };
    let usable = found
        .filter(|found| found.l1 >= 0.0 && found.l2 >= 0.0 && found.l1.is_finite() && found.l2.is_finite());
    if usable.is_none() {
        config.note(format!("`{key}` is left out: the language has `l1`, `l2` and `l1_l2`"));
    }
    usable.filter(|found| found.l1 > 0.0 || found.l2 > 0.0)
}
