//! Activations.

use super::super::attribute::{float, int};
use super::super::writer::LayerWriter;
use crate::ops::{SELU_ALPHA, SELU_SCALE};
use crate::vocabulary::{Activation, ActivationKind};

/// The operator of an activation; none for `linear`.
pub(super) fn activation(x: &str, activation: Activation, w: &mut LayerWriter<'_, '_>) -> String {
    match activation {
        Activation::Linear => x.to_owned(),
        // over the channels, the second axis of maps and vectors
        Activation::Softmax => w.node("Softmax", &[x], vec![int("axis", 1)]),
        Activation::Elementwise(kind) => elementwise(x, kind, w),
    }
}

fn elementwise(x: &str, kind: ActivationKind, w: &mut LayerWriter<'_, '_>) -> String {
    match kind {
        ActivationKind::Relu => w.node("Relu", &[x], Vec::new()),
        ActivationKind::Relu6 => {
            let (least, most) = (w.float("min", 0.0), w.float("max", 6.0));
            w.node("Clip", &[x, &least, &most], Vec::new())
        }
        ActivationKind::LeakyRelu { slope } => w.node("LeakyRelu", &[x], vec![float("alpha", slope)]),
        ActivationKind::Elu { alpha } => w.node("Elu", &[x], vec![float("alpha", alpha)]),
        ActivationKind::Selu => {
            w.node("Selu", &[x], vec![float("alpha", SELU_ALPHA), float("gamma", SELU_SCALE)])
        }
        ActivationKind::Gelu if w.opset().has(20) => w.node("Gelu", &[x], Vec::new()),
        ActivationKind::Gelu => gelu(x, w),
        ActivationKind::Silu => {
            let share = w.node("Sigmoid", &[x], Vec::new());
            w.node("Mul", &[x, &share], Vec::new())
        }
        ActivationKind::HardSwish if w.opset().has(14) => w.node("HardSwish", &[x], Vec::new()),
        ActivationKind::HardSwish => {
            let share = hard_sigmoid(x, [1.0 / 6.0, 0.5], w);
            w.node("Mul", &[x, &share], Vec::new())
        }
        ActivationKind::Sigmoid => w.node("Sigmoid", &[x], Vec::new()),
        ActivationKind::HardSigmoid { alpha, beta } => hard_sigmoid(x, [alpha, beta], w),
        ActivationKind::Tanh => w.node("Tanh", &[x], Vec::new()),
        ActivationKind::Softplus => w.node("Softplus", &[x], Vec::new()),
    }
}

/// `x (1 + erf(x / √2)) / 2`, as PyTorch writes it, too.
fn gelu(x: &str, w: &mut LayerWriter<'_, '_>) -> String {
    let (root, one, half) =
        (w.float("root", std::f32::consts::SQRT_2), w.float("one", 1.0), w.float("half", 0.5));
    let scaled = w.node("Div", &[x, &root], Vec::new());
    let erf = w.node("Erf", &[&scaled], Vec::new());
    let share = w.node("Add", &[&erf, &one], Vec::new());
    let twice = w.node("Mul", &[x, &share], Vec::new());
    w.node("Mul", &[&twice, &half], Vec::new())
}

/// With its slope; ONNX's own is 0.2.
fn hard_sigmoid(x: &str, [alpha, beta]: [f32; 2], w: &mut LayerWriter<'_, '_>) -> String {
    w.node("HardSigmoid", &[x], vec![float("alpha", alpha), float("beta", beta)])
}
