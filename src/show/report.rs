//! The sections `report` and `ensemble`.

use super::Target;
use super::text::{Text, section};
use crate::ir::{EnsembleSpec, Model, ReportSpec};
use crate::vocabulary::{Drawing, LayerId, Words, list};

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
    text.set("members", list(members.iter().map(|member| member.value.clone())));
    text.set("combine", combine.name());
    text.close();
}
