//! Layers that change colours against the values that pictures have there (E0406).
//!
//! They are told the range of values, which is 0..255 where nothing is written, as in Keras; behind `rescale:
//! 1/255` that is another one:
//! ```text
//! random_brightness:  x + f (high − low), cut off at low and high      x in 0..1, f = 20%, range 0..255: x + 51, all white
//! random_contrast:    μ + (1 + f) (x − μ), cut off at low and high     x in 0..255, range 0..1: all ones
//! ```
//! Of a contrast a range that is too wide cuts nothing off: it does no harm.

use super::View;
use super::scaling::values_before;
use crate::diag::{Code, Diagnostic, Problems};
use crate::layers::{ColorKind, Layer};
use crate::source::Span;

/// Ranges of which one is wider than the other by more than this are not meant for each other. A normalised
/// picture has −3..3 where its range may be given as −1..1: that is no mistake to stop at.
const ANOTHER: f32 = 10.0;

pub(super) fn check(view: &View<'_>, problems: &mut Problems) {
    for (at, node) in view.program.model.layers.iter().enumerate() {
        let Layer::RandomColor(layer) = &node.layer else { continue };
        let Some(values) = values_before(view, at) else { return };
        let width = |(low, high): (f32, f32)| high - low;
        let (told, are) = ((layer.value_range[0], layer.value_range[1]), width(values));
        let too_wide = layer.kind == ColorKind::Brightness && width(told) > ANOTHER * are;
        let too_narrow = are > ANOTHER * width(told);
        if !too_wide && !too_narrow {
            continue;
        }
        let written = node.options.iter().find(|(option, _)| *option == "value_range").map(|&(_, span)| span);
        let range = format!("[{}, {}]", short(values.0), short(values.1));
        let problem = Diagnostic::new(Code::E0406)
            .saying("layer")
            .arg("op", node.layer.as_op().keyword())
            .arg("least", short(told.0))
            .arg("most", short(told.1))
            .arg("low", short(values.0))
            .arg("high", short(values.1))
            .arg("range", &range)
            .at(written.unwrap_or(node.span), if too_wide { "all-alike" } else { "cut-off" });
        // it alone has made them what they are
        let made = view.program.prepare.rescale.as_ref().filter(|rescale| {
            view.arranged_range()
                .is_some_and(|(low, high)| (low * rescale.value, high * rescale.value) == values)
        });
        let problem = match made {
            Some(rescale) => problem.also(rescale.span, "made"),
            None => problem,
        };
        // one option at least is written: the factor must be
        let last = node.options.iter().map(|(_, span)| span.end).max();
        let problem = problem.help("value-range");
        problems.push(match (written, last) {
            (Some(span), _) => problem.fix(span, range),
            (None, Some(end)) => problem.fix(Span::new(end, end), format!(", value_range: {range}")),
            (None, None) => problem,
        });
    }
}

/// Three decimals at most, and none that say nothing.
fn short(value: f32) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_short() {
        let short = [0.0, -0.000_01, 1.000_000_1, 255.0, 0.5, -1.25].map(super::short);
        assert_eq!(short, ["0", "0", "1", "255", "0.5", "-1.25"]);
    }
}
