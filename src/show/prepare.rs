//! The `prepare` section.

use super::Target;
use super::text::{Text, call, list, named, number, section};
use crate::ir::{Color, Fit, Normalize, PrepareSpec, Resize, ResizeMethod};

/// Writes the section, if anything is prepared.
pub(super) fn write(text: &mut Text, prepare: &PrepareSpec, target: Target<'_>) {
    let PrepareSpec { resize, color, rescale, normalize } = prepare;
    if *prepare == PrepareSpec::default() {
        return;
    }
    text.open(section("prepare", target));
    resize.iter().for_each(|resize| text.set("resize", resized(resize.value)));
    match color.as_ref().map(|color| color.value) {
        Some(Color::Rgb) => text.set("color", "rgb"),
        Some(Color::Gray) => text.set("color", "gray"),
        Some(Color::LabL) => text.set("color", "lab_l"),
        None => {}
    }
    rescale.iter().for_each(|factor| text.set("rescale", number(factor.value)));
    match normalize.as_ref().map(|normalize| &normalize.value) {
        Some(Normalize::PerImage) => text.set("normalize", "per_image"),
        Some(Normalize::Featurewise) => text.set("normalize", "featurewise"),
        // the one way to write channels in reverse, and its numbers are its own
        Some(Normalize::Standard { bgr: true, mean: _, std: _ }) => text.set("normalize", "caffe"),
        Some(Normalize::Standard { bgr: false, mean, std }) => {
            let numbers = |values: &[f32]| list(values.iter().map(|value| number(*value)));
            let arguments = [named("mean", numbers(mean)), named("std", numbers(std))];
            text.set("normalize", call("standard", &arguments));
        }
        None => {}
    }
    text.close();
}

fn resized(Resize { height, width, method, fit }: Resize) -> String {
    let method = match method {
        ResizeMethod::Bilinear => "bilinear",
        ResizeMethod::Nearest => "nearest",
        ResizeMethod::Area => "area",
        ResizeMethod::Lanczos3 => "lanczos3",
    };
    let fit = match fit {
        Fit::Stretch => "stretch",
        Fit::Crop => "crop",
        Fit::Letterbox => "letterbox",
    };
    call("resize", &[format!("{height}x{width}"), named("method", method), named("fit", fit)])
}
