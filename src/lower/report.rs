//! The `report` section.

use super::convert::MOST;
use super::section::Merged;
use super::{Cx, later};
use crate::ast::{ExprKind, Step};
use crate::ir::{Drawing, LayerId, Model, ReportSpec};
use crate::source::Spanned;

pub(super) const SETTINGS: &[&str] = &["images"];
pub(super) const DRAWINGS: &[&str] = &["grad_cam", "feature_maps", "filters", "confusion_matrix", "mistakes"];

/// Most drawings of a report.
const MOST_DRAWINGS: usize = 1_000;

/// The drawings. Layers that the model does not have are reported unless some of the model is not known (`whole` is false).
pub(super) fn lower(cx: &mut Cx, section: &Merged, model: &Model, whole: bool) -> ReportSpec {
    let mut section = section.clone();
    let images = section.take("images").and_then(|expr| cx.int("images", &expr, 1, MOST)).unwrap_or(8);
    let (calls, unknown): (Vec<Step>, Vec<Step>) =
        section.calls.into_iter().partition(|call| DRAWINGS.contains(&call.callee.value.as_str()));
    section.calls = unknown;
    if let Some(next) = calls.get(MOST_DRAWINGS) {
        cx.out_of_range("report", &format!("of at most {MOST_DRAWINGS} drawings"), calls.len(), next.span);
    }
    let drawings = calls.iter().take(MOST_DRAWINGS).filter_map(|call| {
        let drawing = drawing(cx, call, model, whole)?;
        Some(Spanned::new(drawing, call.span))
    });
    let drawings = drawings.collect();
    section.finish(cx, "report", SETTINGS, DRAWINGS, &[]);
    ReportSpec { images, drawings }
}

fn drawing(cx: &mut Cx, call: &Step, model: &Model, whole: bool) -> Option<Drawing> {
    let names: &[&'static str] = match call.callee.value.as_str() {
        "grad_cam" | "filters" => &["layer"],
        "feature_maps" => &["layer", "channels"],
        _ => &[],
    };
    let arguments = cx.bind(&call.callee, &call.arguments, call.span, names, later::OPTIONS);
    if arguments.too_many {
        return None;
    }
    let layer = match arguments.get("layer") {
        Some(expr) => {
            let ExprKind::Name(path) = &expr.kind else {
                let value = cx.value(expr)?;
                cx.wrong_type("layer", "the name of a layer", &value, expr.span);
                return None;
            };
            let at = model.layers.iter().position(|node| node.path == *path);
            if at.is_none() && whole {
                cx.unknown_layer_name(path, expr.span, model);
            }
            at.map(|at| Spanned::new(LayerId(u32::try_from(at).unwrap_or(u32::MAX)), expr.span))
        }
        None if names.contains(&"layer") => {
            cx.missing(&arguments, "layer");
            return None;
        }
        None => None,
    };
    Some(match call.callee.value.as_str() {
        "grad_cam" => Drawing::GradCam { layer },
        "filters" => Drawing::Filters { layer },
        "feature_maps" => {
            let channels = match arguments.get("channels") {
                Some(expr) => cx.int("channels", expr, 1, MOST)?,
                None => 16,
            };
            Drawing::FeatureMaps { layer, channels }
        }
        "confusion_matrix" => Drawing::ConfusionMatrix,
        _ => Drawing::Mistakes,
    })
}
