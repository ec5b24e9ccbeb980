//! The `report` section.

use super::Cx;
use super::section::Merged;
use crate::ast::Step;
use crate::ir::{Model, ReportSpec};
use crate::source::Spanned;
use crate::vocabulary::{Attributes, Drawing, LayerId, OptionValue, REPORT, Words};

/// Most drawings of a report.
const MOST_DRAWINGS: usize = 1_000;

/// The drawings. Layers that the model does not have are reported unless some of the model is not known
/// (`whole` is false).
pub(super) fn lower(cx: &mut Cx, section: &Merged, model: &Model, whole: bool) -> ReportSpec {
    let mut section = section.clone();
    let images = cx.settings(&mut section, &REPORT).int("images");
    let (calls, unknown): (Vec<Step>, Vec<Step>) =
        section.calls.into_iter().partition(|call| Drawing::row(&call.callee.value).is_some());
    section.calls = unknown;
    if let Some(next) = calls.get(MOST_DRAWINGS) {
        cx.out_of_range("report", &format!("of at most {MOST_DRAWINGS} drawings"), calls.len(), next.span);
    }
    let drawings = calls.iter().take(MOST_DRAWINGS).filter_map(|call| {
        let drawing = drawing(cx, call, model, whole)?;
        Some(Spanned::new(drawing, call.span))
    });
    let drawings = drawings.collect();
    section.finish(cx, &REPORT);
    ReportSpec { images, drawings }
}

fn drawing(cx: &mut Cx, call: &Step, model: &Model, whole: bool) -> Option<Drawing> {
    let row = Drawing::row(&call.callee.value)?;
    let attributes = cx.attributes(&row.word, None, &call.callee, &call.arguments, call.span)?;
    Some(row.make(&find_layer(cx, attributes, model, whole)))
}

/// Gives the name of a layer its place in the model.
fn find_layer(cx: &mut Cx, attributes: Attributes, model: &Model, whole: bool) -> Attributes {
    const LAYER: &str = "layer";
    let path = attributes.layer_name(LAYER).map(str::to_owned);
    let (Some(path), Some(place)) = (path, attributes.written_at(LAYER)) else { return attributes };
    let at = model.layers.iter().position(|node| node.path == path);
    if at.is_none() && whole {
        cx.unknown_layer_name(&path, place, model);
    }
    let id = at.map(|at| LayerId(u32::try_from(at).unwrap_or(u32::MAX)));
    attributes.with(LAYER, OptionValue::Layer(path, id))
}
