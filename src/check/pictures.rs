//! Whether the prepared pictures are what the model's input says, and scaled.

use super::View;
use crate::card::PictureSize;
use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::{Color, Normalize, OpenSizes};
use crate::layers::{Input, Layer, Purpose};
use crate::source::Spanned;

/// Values above this are no longer "around 1".
const LARGE: f32 = 10.0;

/// E0104, E0119, W0301.
pub(super) fn check(view: &View<'_>, problems: &mut Problems) {
    let Some(input) = view.program.model.layers.first() else { return };
    let Some((height, width, channels)) = view.shapes[0].as_ref().and_then(|shape| shape.as_image()) else {
        return;
    };
    if let Some(found) = prepared_channels(view)
        && found != channels
    {
        report_channels(view, found, channels, problems);
    }
    if let Some(open) = view.open {
        check_open_size(view, open, problems);
    } else if let Some(found) = prepared_size(view) {
        let wanted = format!("{height}x{width}");
        let problem = |found: String, sentence| {
            let problem = Diagnostic::new(Code::E0119)
                .saying(sentence)
                .arg("data", view.data_name())
                .arg("found", found)
                .arg("wanted", &wanted)
                .at(input.span, "wants")
                .set("prepare", "resize", &wanted);
            match (&view.program.prepare.resize, &view.program.data) {
                (Some(resize), _) => problem.also(resize.span, "resized").help("resize"),
                (None, Some(data)) => problem.also(data.source.span, "pictures").help("resize"),
                (None, None) => problem.help("resize"),
            }
        };
        match found {
            PictureSize::Same([h, w]) if [h, w] != [height, width] => {
                problems.push(problem(format!("{h}x{w}"), "say"));
            }
            PictureSize::Same(_) => {}
            PictureSize::Varies { min, max } => {
                let range = format!("{}x{} to {}x{}", min[0], min[1], max[0], max[1]);
                problems.push(problem(range, "varies"));
            }
        }
    }
    check_normalize(view, channels, problems);
    check_scale(view, problems);
}

/// What follows from channels that stand before height and width: of it nothing is said.
pub(super) const OF_SHAPES: &[Code] =
    &[Code::E0101, Code::E0102, Code::E0104, Code::E0110, Code::E0119, Code::W0114, Code::W0115, Code::W0514];

/// E0104 for `input(1x28x28)`: channels before height and width. `misfits` tells whether layers do not fit
/// the model's input, which is what tells it where there are no data.
pub(super) fn channels_first(view: &View<'_>, misfits: bool) -> Option<Diagnostic> {
    let input = view.program.model.layers.first()?;
    let Layer::Input(layer) = &input.layer else { return None };
    let extents = <[usize; 3]>::try_from(layer.shape.extents()).ok()?;
    let [channels, height, width] = extents;
    let wrong = match prepared_channels(view) {
        Some(found) => found != width,
        None => misfits,
    };
    if !wrong || layer.open != [false; 2] || !Input::has_channels_first(extents) {
        return None;
    }
    let place = input.options.iter().find(|(name, _)| *name == "shape").map(|(_, span)| *span)?;
    let written = format!("{height}x{width}x{channels}");
    let problem = Diagnostic::new(Code::E0104)
        .saying("first")
        .arg("found", &layer.shape)
        .arg("written", &written)
        .at(place, "first-here")
        .help("first-help");
    Some(problem.fix(place, written))
}

/// E0119 where the size is left open: no picture may be smaller than the least that fits, or of another
/// extent on an axis that is not open.
fn check_open_size(view: &View<'_>, open: &OpenSizes, problems: &mut Problems) {
    let Some(found) = prepared_size(view) else { return };
    let (min, max) = match found {
        PictureSize::Same(size) => (size, size),
        PictureSize::Varies { min, max } => (min, max),
    };
    let fits =
        |axis: usize| min[axis] >= open.least[axis] && (open.axes[axis] || max[axis] == open.least[axis]);
    if fits(0) && fits(1) {
        return;
    }
    let text = |size: [usize; 2]| format!("{}x{}", size[0], size[1]);
    let problem = Diagnostic::new(Code::E0119)
        .saying("below")
        .arg("data", view.data_name())
        .arg("found", text(min))
        .arg("wanted", text(open.least))
        .at(view.program.model.layers[0].span, "wants-open");
    let problem = match (&view.program.prepare.resize, &view.program.data) {
        (Some(resize), _) => problem.also(resize.span, "resized"),
        (None, Some(data)) => problem.also(data.source.span, "pictures"),
        (None, None) => problem,
    };
    problems.push(problem.help("resize"));
}

/// Channels after `prepare`, where known.
fn prepared_channels(view: &View<'_>) -> Option<usize> {
    if let Some(color) = &view.program.prepare.color {
        return Some(match color.value {
            Color::Rgb => 3,
            Color::Gray | Color::LabL => 1,
        });
    }
    // files are read as RGB whatever they hold
    if view.program.data.as_ref()?.source.value.has_picture_files() {
        return Some(3);
    }
    view.card.and_then(|card| card.channels)
}

fn prepared_size(view: &View<'_>) -> Option<PictureSize> {
    if let Some(resize) = &view.program.prepare.resize {
        view.program.data.as_ref()?;
        return Some(PictureSize::Same([resize.value.height, resize.value.width]));
    }
    view.card.map(|card| card.size)
}

fn report_channels(view: &View<'_>, found: usize, wanted: usize, problems: &mut Problems) {
    let input = &view.program.model.layers[0];
    let mut problem = Diagnostic::new(Code::E0104)
        .arg("data", view.data_name())
        .arg("found", found)
        .arg("wanted", wanted)
        .at(input.span, "wants");
    if let Some(color) = &view.program.prepare.color {
        problem = problem.also(color.span, "made");
    } else if let Some(data) = &view.program.data {
        problem = problem.also(data.source.span, "made");
    }
    let color = match wanted {
        3 => Some("rgb"),
        1 => Some("gray"),
        _ => None,
    };
    // the pictures as they are lose nothing; a conversion that is written is meant
    let shape = input.options.iter().find(|(name, _)| *name == "shape").map(|(_, span)| *span);
    let extents = view.shapes[0].as_ref().and_then(|shape| shape.as_image());
    let problem = match (shape, extents) {
        (Some(span), Some((height, width, _))) if view.program.prepare.color.is_none() => {
            problem.fix(span, format!("{height}x{width}x{found}"))
        }
        _ => problem,
    };
    problems.push(match color {
        Some(color) => problem.arg("color", color).help("color"),
        None => problem.help("input"),
    });
}

/// A normalisation with another number of channels than the picture has.
fn check_normalize(view: &View<'_>, channels: usize, problems: &mut Problems) {
    let Some(normalize) = &view.program.prepare.normalize else { return };
    let Normalize::Standard { mean, .. } = &normalize.value else { return };
    if mean.len() != channels && mean.len() != 1 {
        let problem = Diagnostic::new(Code::E0104)
            .saying("normalize")
            .arg("found", mean.len())
            .arg("wanted", channels)
            .at(normalize.span, "normalized")
            .also(view.program.model.layers[0].span, "wants");
        problems.push(problem);
    }
}

/// The factor that brings values of a range to at most 1, as it is written: `1/255`.
pub(super) fn to_unit((low, high): (f32, f32)) -> String {
    format!("1/{}", high.abs().max(low.abs()).ceil())
}

/// W0301: a factor that does not make values smaller, where they should be: `rescale: 255`.
fn check_factor(view: &View<'_>, rescale: &Spanned<f32>, problems: &mut Problems) {
    let Some((low, high)) = view.arranged_range() else { return };
    let most = high * rescale.value;
    if rescale.value < 1.0 || most <= LARGE || normalizes_first(view) {
        return;
    }
    let problem = Diagnostic::new(Code::W0301)
        .saying("factor")
        .arg("low", low)
        .arg("high", high)
        .arg("factor", rescale.value)
        .arg("most", most)
        .at(rescale.span, "factor-here");
    problems.push(if low == 0.0 && high.fract() == 0.0 && high > 1.0 {
        let written = to_unit((low, high));
        problem.arg("written", &written).help("factor-help").fix(rescale.span, written)
    } else {
        problem
    });
}

/// Whether a normalisation stands before anything but preparation: it scales by itself.
fn normalizes_first(view: &View<'_>) -> bool {
    let mut purposes = view.program.model.layers.iter().skip(1).map(|node| node.layer.as_op().purpose());
    purposes
        .find(|purpose| *purpose != Purpose::Prepare)
        .is_some_and(|purpose| matches!(purpose, Purpose::Normalize | Purpose::Scale))
}

/// W0301: values up to 255 go straight into the first layer.
fn check_scale(view: &View<'_>, problems: &mut Problems) {
    let prepare = &view.program.prepare;
    if let (Some(rescale), None) = (&prepare.rescale, &prepare.normalize) {
        check_factor(view, rescale, problems);
    }
    if prepare.rescale.is_some() || prepare.normalize.is_some() {
        return;
    }
    let Some(data) = &view.program.data else { return };
    let Some(range) = view.arranged_range() else { return };
    if normalizes_first(view) || range.1.abs().max(range.0.abs()) <= LARGE {
        return;
    }
    if let Some((rate, place)) = view.program.train.as_ref().and_then(super::lints::explodes) {
        let problem = Diagnostic::new(Code::W0517)
            .arg("data", view.data_name())
            .arg("high", range.1)
            .arg("rate", rate)
            .at(place, "rate")
            .also(data.source.span, "pictures")
            .help("help");
        // once they are scaled, the rate is judged by itself
        problems.push(if range == (0.0, 255.0) {
            problem.set("prepare", "rescale", "1/255")
        } else {
            problem
        });
        return;
    }
    let problem = Diagnostic::new(Code::W0301)
        .arg("data", view.data_name())
        .arg("low", range.0)
        .arg("high", range.1)
        .at(data.source.span, "here")
        .also(view.program.model.layers[0].span, "input");
    let rescale = to_unit(range);
    let problem = problem.arg("rescale", &rescale).help("rescale");
    let from_zero = range.0 == 0.0 && range.1.fract() == 0.0;
    problems.push(if from_zero { problem.set("prepare", "rescale", rescale) } else { problem });
}
