//! Pretrained weights and how the pictures that they were trained on were prepared.

use super::View;
use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::{Color, Normalize, PrepareSpec, ScopeKind};
use crate::source::Span;
use crate::vocabulary::factor;

/// E0304: a setting of `prepare` other than the one that the weights bring. Says whether there was one.
pub(super) fn check(view: &View<'_>, problems: &mut Problems) -> bool {
    let before = problems.len();
    let backbones = view.program.model.scopes.iter().filter_map(|scope| match &scope.kind {
        ScopeKind::Model(backbone) => Some((scope.span, backbone.as_ref())),
        ScopeKind::Block(_) | ScopeKind::Turn | ScopeKind::Head => None,
    });
    for (used, backbone) in backbones {
        let (Some(weights), Some(theirs)) = (&backbone.weights, &backbone.prepare) else { continue };
        let used = if weights.span.is_empty() { used } else { weights.span };
        for (key, span, written) in differences(&view.program.prepare, theirs) {
            let problem = Diagnostic::new(Code::E0304)
                .arg("key", key)
                .arg("model", &backbone.model)
                .arg("theirs", described(theirs))
                .at(span, "here")
                .also(used, "weights");
            problems.push(match written {
                Some(text) => problem.arg("text", &text).help("write").help("leave").fix(span, text),
                // nothing of the weights' own could stand in its place
                None => match setting(view, key, span) {
                    Some(setting) => problem.help("leave").fix(setting, ""),
                    None => problem.help("leave"),
                },
            });
        }
    }
    problems.len() > before
}

/// The whole setting `key: value` of a value, where it stands so in the file.
fn setting(view: &View<'_>, key: &str, value: Span) -> Option<Span> {
    let before = view.program.source.text.get(..value.start)?.trim_end().strip_suffix(':')?.trim_end();
    before.ends_with(key).then(|| Span::new(before.len() - key.len(), value.end))
}

/// Settings of `ours` that are others than the weights bring, and what the weights' would be written as, if
/// that can be put in their place.
fn differences(ours: &PrepareSpec, theirs: &PrepareSpec) -> Vec<(&'static str, Span, Option<String>)> {
    let mut found = Vec::new();
    if let Some(color) = &ours.color {
        let wanted = theirs.color.as_ref().map_or(Color::Rgb, |color| color.value);
        if color.value != wanted {
            found.push(("color", color.span, Some(color_text(wanted).to_owned())));
        }
    }
    if let Some(rescale) = &ours.rescale {
        let wanted = theirs.rescale.as_ref().map(|rescale| rescale.value);
        let target = wanted.unwrap_or(1.0);
        if (rescale.value - target).abs() > 1e-6 * target.abs() {
            found.push(("rescale", rescale.span, wanted.map(factor)));
        }
    }
    if let Some(normalize) = &ours.normalize {
        let wanted = theirs.normalize.as_ref().map(|normalize| &normalize.value);
        if wanted != Some(&normalize.value) {
            found.push(("normalize", normalize.span, wanted.map(normalize_text)));
        }
    }
    found
}

/// What the weights bring, as a `prepare` section would say it.
fn described(prepare: &PrepareSpec) -> String {
    let color = prepare.color.as_ref().map(|color| format!("color: {}", color_text(color.value)));
    let rescale = prepare.rescale.as_ref().map(|rescale| format!("rescale: {}", factor(rescale.value)));
    let normalize = prepare
        .normalize
        .as_ref()
        .map(|normalize| format!("normalize: {}", normalize_text(&normalize.value)));
    let all: Vec<String> = [color, rescale, normalize].into_iter().flatten().collect();
    if all.is_empty() { "values in 0..255 as they are".to_owned() } else { all.join("; ") }
}

fn color_text(color: Color) -> &'static str {
    match color {
        Color::Rgb => "rgb",
        Color::Gray => "gray",
        Color::LabL => "lab_l",
    }
}

fn normalize_text(normalize: &Normalize) -> String {
    let list = |values: &[f32]| values.iter().map(f32::to_string).collect::<Vec<_>>().join(", ");
    match normalize {
        Normalize::PerImage => "per_image".to_owned(),
        Normalize::Featurewise => "featurewise".to_owned(),
        Normalize::Standard { bgr: true, .. } => "caffe".to_owned(),
        Normalize::Standard { mean, std, bgr: false } => {
            format!("standard(mean: [{}], std: [{}])", list(mean), list(std))
        }
    }
}
