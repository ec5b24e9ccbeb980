//! Scale of the pictures on their way into the model, step by step: `prepare`, then layers that do the same.

use super::View;
use super::pictures::to_unit;
use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::Normalize;
use crate::layers::{Layer, Purpose};
use crate::source::Span;

/// Values that differ by less than this, or by less than this share of their size, are all the same to a
/// network.
const NARROW: f32 = 0.1;
/// Pictures whose values differ by less than this were scaled before they came.
const WIDE: f32 = 100.0;
/// Values above this, after a normalisation for values in 0..1, are far from what it was made for.
const FAR: f32 = 100.0;

/// One step: where it is written, and what it makes of values.
struct Scaling {
    span: Span,
    change: Change,
}

enum Change {
    /// `x · scale + offset`
    Linear { scale: f32, offset: f32 },
    /// Its own statistics bring values to about -3..3, whatever they were.
    ToUnit,
}

impl Scaling {
    fn linear(span: Span, scale: f32, offset: f32) -> Self {
        Self { span, change: Change::Linear { scale, offset } }
    }

    fn apply(&self, (low, high): (f32, f32)) -> (f32, f32) {
        match self.change {
            Change::Linear { scale, offset } => {
                let (a, b) = (low * scale + offset, high * scale + offset);
                (a.min(b), a.max(b))
            }
            Change::ToUnit => (-3.0, 3.0),
        }
    }
}

/// E0302, and W0301 of a normalisation that wants scaled values.
pub(super) fn check(view: &View<'_>, problems: &mut Problems) {
    let Some(range) = view.arranged_range().filter(|(low, high)| high - low >= WIDE) else { return };
    check_normalize(view, range, problems);
    let steps: Vec<Scaling> = of_prepare(view).into_iter().chain(of_layers(view, usize::MAX)).collect();
    let mut values = range;
    for (at, step) in steps.iter().enumerate() {
        values = step.apply(values);
        let (width, size) = (values.1 - values.0, values.0.abs().max(values.1.abs()));
        if at > 0 && (width < NARROW || width < NARROW * size) {
            let problem = Diagnostic::new(Code::E0302)
                .arg("low", shown(values.0))
                .arg("high", shown(values.1))
                .at(step.span, "second")
                .also(steps[at - 1].span, "first");
            problems.push(problem.help("help"));
            return;
        }
    }
}

/// The range of values that reach a layer, where nothing has been computed before it and the range of the
/// pictures is known.
pub(super) fn values_before(view: &View<'_>, layer: usize) -> Option<(f32, f32)> {
    let layers = view.program.model.layers.get(1..layer)?;
    if !layers.iter().all(|node| only_prepares(&node.layer)) {
        return None;
    }
    let steps = of_prepare(view).into_iter().chain(of_layers(view, layer));
    Some(steps.fold(view.arranged_range()?, |values, step| step.apply(values)))
}

fn only_prepares(layer: &Layer) -> bool {
    matches!(layer.as_op().purpose(), Purpose::Prepare | Purpose::Scale)
}

/// Three digits that say something.
fn shown(value: f32) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

fn of_prepare(view: &View<'_>) -> Vec<Scaling> {
    let prepare = &view.program.prepare;
    let rescale = prepare.rescale.as_ref().map(|rescale| Scaling::linear(rescale.span, rescale.value, 0.0));
    let normalize = prepare.normalize.as_ref().map(|normalize| match &normalize.value {
        Normalize::PerImage | Normalize::Featurewise => {
            Scaling { span: normalize.span, change: Change::ToUnit }
        }
        Normalize::Standard { mean, std, .. } => of_statistics(normalize.span, mean, std),
    });
    rescale.into_iter().chain(normalize).collect()
}

/// `(x − mean) / std`, of the first channel.
fn of_statistics(span: Span, mean: &[f32], std: &[f32]) -> Scaling {
    let (mean, std) = (mean.first().copied().unwrap_or(0.0), std.first().copied().unwrap_or(1.0));
    Scaling::linear(span, 1.0 / std, -mean / std)
}

/// Layers that scale, as long as nothing else has been computed, up to the layer at `end`.
fn of_layers(view: &View<'_>, end: usize) -> Vec<Scaling> {
    let layers = view.program.model.layers.iter().take(end).skip(1);
    let first = layers.take_while(|node| only_prepares(&node.layer));
    first
        .filter_map(|node| {
            if let Layer::Rescaling(layer) = &node.layer {
                return Some(Scaling::linear(node.span, layer.scale, layer.offset));
            }
            let Layer::Normalization(layer) = &node.layer else { return None };
            let std: Vec<f32> = layer.variance.iter().map(|variance| variance.sqrt().max(1e-7)).collect();
            Some(of_statistics(node.span, &layer.mean, &std))
        })
        .collect()
}

/// W0301: means and deviations of values in 0..1, taken from values that are not scaled.
fn check_normalize(view: &View<'_>, range: (f32, f32), problems: &mut Problems) {
    let prepare = &view.program.prepare;
    let Some(normalize) = prepare.normalize.as_ref().filter(|_| prepare.rescale.is_none()) else { return };
    let Normalize::Standard { mean, std, .. } = &normalize.value else { return };
    let of_shares = mean.iter().all(|mean| (0.0..=1.0).contains(mean)) && std.iter().all(|std| *std < 1.0);
    let (low, high) = of_statistics(normalize.span, mean, std).apply(range);
    if !of_shares || low.abs().max(high.abs()) < FAR {
        return;
    }
    let problem = Diagnostic::new(Code::W0301)
        .saying("normalize")
        .arg("low", range.0)
        .arg("high", range.1)
        .arg("most", shown(high))
        .arg("rescale", to_unit(range))
        .at(normalize.span, "normalized");
    let end = normalize.span.end;
    problems.push(
        problem.help("rescale-first").fix(Span::new(end, end), format!("; rescale: {}", to_unit(range))),
    );
}
