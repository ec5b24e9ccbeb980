//! The sections `report` and `ensemble`.

use super::Target;
use super::text::{Text, call, list, named, section};
use crate::ir::{Combine, Drawing, EnsembleSpec, LayerId, Model, ReportSpec};
use crate::source::Spanned;

/// Writes the drawings.
pub(super) fn write(text: &mut Text, report: &ReportSpec, model: &Model, target: Target<'_>) {
    let ReportSpec { images, drawings } = report;
    let path = |layer: &Option<Spanned<LayerId>>| {
        layer.iter().map(|layer| model.layers[layer.value.index()].path.clone()).collect::<Vec<String>>()
    };
    text.open(section("report", target));
    text.set("images", images);
    for drawing in drawings {
        let keyword = drawing.value.keyword();
        text.line(match &drawing.value {
            Drawing::GradCam { layer } | Drawing::Filters { layer } => call(keyword, &path(layer)),
            Drawing::FeatureMaps { layer, channels } => {
                let mut arguments = path(layer);
                arguments.push(named("channels", channels));
                call(keyword, &arguments)
            }
            Drawing::ConfusionMatrix | Drawing::Mistakes => keyword.to_owned(),
        });
    }
    text.close();
}

/// Writes an ensemble.
pub(super) fn write_ensemble(text: &mut Text, ensemble: &EnsembleSpec) {
    let EnsembleSpec { name, span: _, members, combine } = ensemble;
    text.open(format!("ensemble {}", name.value));
    text.set("members", list(members.iter().map(|member| member.value.clone())));
    match combine {
        Combine::Mean => text.set("combine", "mean"),
        Combine::Vote => text.set("combine", "vote"),
    }
    text.close();
}
