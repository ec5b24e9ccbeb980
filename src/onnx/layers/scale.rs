//! Values on another scale: `Mul`, `Add`, `Sub`.

use super::super::writer::LayerWriter;
use super::Site;
use super::norm::per_channel;
use crate::layers::{Normalization, Rescaling};

/// `x · scale + offset`
pub(super) fn rescaling(rescaling: &Rescaling, site: Site<'_>, w: &mut LayerWriter<'_, '_>) -> String {
    let (scale, offset) = (w.float("scale", rescaling.scale), w.float("offset", rescaling.offset));
    let scaled = w.node("Mul", &[&site.x().name, &scale], Vec::new());
    w.node("Add", &[&scaled, &offset], Vec::new())
}

/// `x · γ`, one factor for each channel.
pub(super) fn layer_scale(site: Site<'_>, w: &mut LayerWriter<'_, '_>) -> String {
    let channels = site.output.channels();
    let dims = if site.order.is_some() { vec![channels] } else { vec![channels, 1, 1] };
    let gamma = w.parameter_as("gamma", vec![channels], per_channel(site), dims);
    w.node("Mul", &[&site.x().name, &gamma.unwrap_or_default()], Vec::new())
}

/// `(x − mean) · factor`, each one number or one for each channel.
pub(super) fn normalization(
    normalization: &Normalization,
    site: Site<'_>,
    w: &mut LayerWriter<'_, '_>,
) -> String {
    let mut operand = |name: &str, values: &[f32]| {
        let turned = per_channel(site).apply(&[values.len()], values).into_owned();
        channel_constant(name, turned, site.order.is_some(), w)
    };
    let mean = if normalization.mean.len() == 1 { None } else { Some(operand("mean", &normalization.mean)) };
    let factors = normalization.factors();
    let factor = if factors.len() == 1 { None } else { Some(operand("factor", &factors)) };
    let mean = mean.unwrap_or_else(|| w.float("mean", normalization.mean[0]));
    let factor = factor.unwrap_or_else(|| w.float("factor", factors[0]));
    let centred = w.node("Sub", &[&site.x().name, &mean], Vec::new());
    w.node("Mul", &[&centred, &factor], Vec::new())
}

/// Numbers along axis 1 of a vector or a map.
pub(in crate::onnx) fn channel_constant(
    name: &str,
    values: Vec<f32>,
    of_vector: bool,
    w: &mut LayerWriter<'_, '_>,
) -> String {
    let channels = values.len();
    let dims = if of_vector { vec![channels] } else { vec![channels, 1, 1] };
    w.floats(name, &dims, values)
}
