//! The `prepare` section as nodes: from bytes to the model's input.
//!
//! Colour, `rescale` and `normalize` are computed as [`crate::data::Preparation`] computes them. Pictures have
//! the model's size already: resizing belongs before the graph.

use super::attribute::{int, ints};
use super::error::Unsupported;
use super::layers::channel_constant;
use super::proto::DataType;
use super::writer::LayerWriter;
use crate::ir::{Color, Normalize, PrepareSpec};

/// Channels of the pictures that are prepared for a model with so many.
pub(super) fn channels_taken(prepare: &PrepareSpec, channels: usize) -> usize {
    match prepare.color.as_ref().map(|color| color.value) {
        // a picture file in colour is what both are made of
        Some(Color::Gray | Color::LabL) => 3,
        Some(Color::Rgb) | None => channels,
    }
}

/// What is done to `pictures`, bytes `[N, C, H, W]`. `elements` are those of a prepared picture; `None` where
/// its size is open.
pub(super) fn prepared(
    pictures: &str,
    prepare: &PrepareSpec,
    elements: Option<usize>,
    w: &mut LayerWriter<'_, '_>,
) -> Result<String, Unsupported> {
    let mut x = w.cast(pictures, DataType::Float);
    x = match prepare.color.as_ref().map(|color| color.value) {
        Some(Color::Gray) => gray(&x, w),
        Some(Color::LabL) => lightness(&x, w),
        Some(Color::Rgb) | None => x,
    };
    let normalize = prepare.normalize.as_ref().map(|normalize| &normalize.value);
    if let Some(Normalize::Standard { bgr: true, mean, .. }) = normalize {
        let reversed = w.ints("reversed", (0..mean.len() as i64).rev().collect());
        x = w.node("Gather", &[&x, &reversed], vec![int("axis", 1)]);
    }
    if let Some(rescale) = prepare.rescale.as_ref().map(|rescale| rescale.value).filter(|by| *by != 1.0) {
        let rescale = w.float("rescale", rescale);
        x = w.node("Mul", &[&x, &rescale], Vec::new());
    }
    match normalize {
        // statistics have been put in its place, or there are none and it does nothing
        None | Some(Normalize::Featurewise) => Ok(x),
        Some(Normalize::Standard { mean, std, bgr: _ }) => {
            let mean = channel_constant("mean", mean.clone(), false, w);
            let std = channel_constant("std", std.clone(), false, w);
            let centred = w.node("Sub", &[&x, &mean], Vec::new());
            Ok(w.node("Div", &[&centred, &std], Vec::new()))
        }
        Some(Normalize::PerImage) => match elements {
            Some(elements) => Ok(per_image(&x, elements, w)),
            None => Err(Unsupported::OpenPerImage),
        },
    }
}

/// The sum of three channels, each times its number.
fn weighed(x: &str, weights: [f32; 3], w: &mut LayerWriter<'_, '_>) -> String {
    let kernel = w.floats("weights", &[1, 3, 1, 1], weights.to_vec());
    w.node("Conv", &[x, &kernel], vec![ints("kernel_shape", [1, 1])])
}

/// `⌊(299 R + 587 G + 114 B + 500) / 1000⌋`: all sums are whole numbers that are exact.
fn gray(x: &str, w: &mut LayerWriter<'_, '_>) -> String {
    let sum = weighed(x, [299.0, 587.0, 114.0], w);
    let (half, thousand) = (w.float("half", 500.0), w.float("thousand", 1000.0));
    let raised = w.node("Add", &[&sum, &half], Vec::new());
    let divided = w.node("Div", &[&raised, &thousand], Vec::new());
    w.node("Floor", &[&divided], Vec::new())
}

/// CIE L*: see `lab_l` of [`Color`].
fn lightness(x: &str, w: &mut LayerWriter<'_, '_>) -> String {
    let full = w.float("full", 255.0);
    let share = w.node("Div", &[x, &full], Vec::new());
    // sRGB's values to intensities: a line near black, a power elsewhere
    let (knee, slope) = (w.float("knee", 0.04045), w.float("slope", 12.92));
    let (offset, whole, power) = (w.float("offset", 0.055), w.float("whole", 1.055), w.float("power", 2.4));
    let is_dark = w.node("LessOrEqual", &[&share, &knee], Vec::new());
    let dark = w.node("Div", &[&share, &slope], Vec::new());
    let raised = w.node("Add", &[&share, &offset], Vec::new());
    let scaled = w.node("Div", &[&raised, &whole], Vec::new());
    let bright = w.node("Pow", &[&scaled, &power], Vec::new());
    let linear = w.node("Where", &[&is_dark, &dark, &bright], Vec::new());
    let y = weighed(&linear, [0.2126, 0.7152, 0.0722], w);
    // intensity to lightness: the same in the other direction
    let (knee, slope) = (w.float("knee", 216.0 / 24389.0), w.float("slope", 24389.0 / 27.0));
    let (third, factor, less) =
        (w.float("third", 1.0 / 3.0), w.float("factor", 116.0), w.float("less", 16.0));
    let is_bright = w.node("Greater", &[&y, &knee], Vec::new());
    let dark = w.node("Mul", &[&y, &slope], Vec::new());
    let root = w.node("Pow", &[&y, &third], Vec::new());
    let scaled = w.node("Mul", &[&root, &factor], Vec::new());
    let bright = w.node("Sub", &[&scaled, &less], Vec::new());
    w.node("Where", &[&is_bright, &bright, &dark], Vec::new())
}

/// Mean 0 and deviation 1, the deviation taken as at least `1 / √elements`; in 64 bits, as everywhere.
fn per_image(x: &str, elements: usize, w: &mut LayerWriter<'_, '_>) -> String {
    let wide = w.cast(x, DataType::Double);
    let mean = w.mean(&wide, &[1, 2, 3]);
    let centred = w.node("Sub", &[&wide, &mean], Vec::new());
    let squares = w.node("Mul", &[&centred, &centred], Vec::new());
    let variance = w.mean(&squares, &[1, 2, 3]);
    let deviation = w.node("Sqrt", &[&variance], Vec::new());
    let least = w.double("least", 1.0 / (elements as f64).sqrt());
    let deviation = w.node("Max", &[&deviation, &least], Vec::new());
    let shared = w.node("Div", &[&centred, &deviation], Vec::new());
    w.cast(&shared, DataType::Float)
}
