//! Normalisations.

use super::super::attribute::{float, int, ints};
use super::super::writer::LayerWriter;
use super::Site;
use crate::layers::{BatchNorm, LayerNorm, LocalResponseNorm};
use crate::tensor::{Turn, VectorOrder};

/// `BatchNormalization` with the moving statistics. What is left out by `scale` or `center` is a constant.
pub(super) fn batch_norm(norm: &BatchNorm, site: Site<'_>, w: &mut LayerWriter<'_, '_>) -> String {
    let channels = site.x().shape.channels();
    let turn = per_channel(site);
    let gamma = w.parameter("gamma", turn.clone());
    let gamma = gamma.unwrap_or_else(|| w.floats("gamma", &[channels], vec![1.0; channels]));
    let beta = w.parameter("beta", turn.clone());
    let beta = beta.unwrap_or_else(|| w.floats("beta", &[channels], vec![0.0; channels]));
    let moving = ["moving_mean", "moving_variance"].map(|name| w.parameter(name, turn.clone()));
    let mut operands = vec![site.x().name.as_str(), &gamma, &beta];
    operands.extend(moving.iter().flatten().map(String::as_str));
    let attributes = vec![float("epsilon", norm.epsilon), float("momentum", norm.momentum)];
    w.node("BatchNormalization", &operands, attributes)
}

/// `LayerNormalization` of a vector. That operator takes the last axes, and the channels of a map are not the
/// last: there, and before the operator came, it is written out.
pub(super) fn layer_norm(norm: &LayerNorm, site: Site<'_>, w: &mut LayerWriter<'_, '_>) -> String {
    let channels = site.x().shape.channels();
    let turn = per_channel(site);
    // along axis 1, whatever follows
    let dims = if site.order.is_some() { vec![channels] } else { vec![channels, 1, 1] };
    let params =
        ["gamma", "beta"].map(|name| w.parameter_as(name, vec![channels], turn.clone(), dims.clone()));
    let x = &site.x().name;
    if site.order.is_some() && w.opset().has(17) {
        let [gamma, beta] = params;
        let gamma = gamma.unwrap_or_else(|| w.floats("gamma", &[channels], vec![1.0; channels]));
        let mut operands = vec![x.as_str(), &gamma];
        operands.extend(beta.as_deref());
        return w.node("LayerNormalization", &operands, vec![int("axis", 1), float("epsilon", norm.epsilon)]);
    }
    let mean = w.mean(x, &[1]);
    let centred = w.node("Sub", &[x, &mean], Vec::new());
    let squares = w.node("Mul", &[&centred, &centred], Vec::new());
    let variance = w.mean(&squares, &[1]);
    let epsilon = w.float("epsilon", norm.epsilon);
    let raised = w.node("Add", &[&variance, &epsilon], Vec::new());
    let deviation = w.node("Sqrt", &[&raised], Vec::new());
    let mut y = w.node("Div", &[&centred, &deviation], Vec::new());
    for (op, param) in ["Mul", "Add"].into_iter().zip(params) {
        if let Some(param) = param {
            y = w.node(op, &[&y, &param], Vec::new());
        }
    }
    y
}

/// `LRN` where the value's own channel is in the middle. ONNX's even window has the larger half behind, ours
/// before: that one is an average over an axis of a volume `[N, 1, C, H, W]`.
pub(super) fn local_response_norm(
    norm: &LocalResponseNorm,
    site: Site<'_>,
    w: &mut LayerWriter<'_, '_>,
) -> String {
    let x = &site.x().name;
    if norm.size % 2 == 1 {
        let attributes = vec![
            int("size", norm.size),
            float("alpha", norm.alpha),
            float("beta", norm.beta),
            float("bias", norm.bias),
        ];
        return w.node("LRN", &[x], attributes);
    }
    let squares = w.node("Mul", &[x, x], Vec::new());
    let axes = w.ints("axes", vec![1]);
    let volume = w.node("Unsqueeze", &[&squares, &axes], Vec::new());
    let attributes = vec![
        ints("kernel_shape", [norm.size, 1, 1]),
        ints("pads", [norm.size / 2, 0, 0, (norm.size - 1) / 2, 0, 0]),
        // the sum is divided by `size` at the border, too
        int("count_include_pad", 1),
    ];
    let mean = w.node("AveragePool", &[&volume], attributes);
    let mean = w.node("Squeeze", &[&mean, &axes], Vec::new());
    let (alpha, bias, beta) =
        (w.float("alpha", norm.alpha), w.float("bias", norm.bias), w.float("beta", norm.beta));
    let scaled = w.node("Mul", &[&mean, &alpha], Vec::new());
    let raised = w.node("Add", &[&scaled, &bias], Vec::new());
    let power = w.node("Pow", &[&raised, &beta], Vec::new());
    w.node("Div", &[x, &power], Vec::new())
}

/// Numbers for each channel of a map, or for each element of a vector as it lies.
pub(super) fn per_channel(site: Site<'_>) -> Turn {
    let order = site.order.filter(|order| !order.is_own());
    order.map_or(Turn::Same, |order: &VectorOrder| Turn::Rows(order.clone()))
}
