//! The sections `report` and `ensemble`.

use super::Target;
use super::text::{Text, section};
use crate::ir::{EnsembleSpec, MemberSpec, Model, ReportSpec};
use crate::vocabulary::{Drawing, LayerId, Words, call, list, named, quoted};

/// Writes the drawings.
pub(super) fn write(text: &mut Text, report: &ReportSpec, model: &Model, target: Target<'_>) {
    let ReportSpec { images, drawings } = report;
    let path = |layer: LayerId| model.layers[layer.index()].path.clone();
    text.open(section("report", target));
    text.set("images", images);
    for drawing in drawings {
        let written = drawing.value.written_in(&path);
        let unnamed = Drawing::row(written.keyword).map_or(0, |row| row.word.unnamed);
        text.line(written.text(unnamed));
    }
    text.close();
}

/// Writes an ensemble.
pub(super) fn write_ensemble(text: &mut Text, ensemble: &EnsembleSpec) {
    let EnsembleSpec { name, span: _, members, combine } = ensemble;
    text.open(format!("ensemble {}", name.value));
    let all: Vec<String> = members.iter().map(member).collect();
    let is_counted = members.iter().any(|member| member.count > 1);
    match &all[..] {
        [only] if is_counted => text.set("members", only),
        several => text.set("members", list(several.iter().cloned())),
    }
    text.set("combine", combine.value.name());
    text.close();
}

/// `Basic`, `5 of Basic`, `Basic(weights: "basic.safetensors")`
fn member(member: &MemberSpec) -> String {
    let MemberSpec { model, count, weights } = member;
    match weights {
        Some(weights) => call(&model.value, &[named("weights", quoted(weights.from.name()))]),
        None if *count == 1 => model.value.clone(),
        None => format!("{count} of {}", model.value),
    }
}
