//! W0519: drawings in which nothing could be seen.

use super::Network;
use crate::check::View;
use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::{Drawing, LabelKind, LayerId};
use crate::source::{Span, Spanned};
use crate::vocabulary::Words;

/// Rows and columns of a map on which places can be told apart.
const LEAST: usize = 4;

pub(super) fn check(view: &View<'_>, network: &Network<'_>, problems: &mut Problems) {
    let Some(report) = &view.program.report else { return };
    for drawing in &report.drawings {
        match &drawing.value {
            Drawing::GradCam { layer: Some(layer) } => check_map(network, layer, true, problems),
            Drawing::FeatureMaps { layer: Some(layer), .. } => check_map(network, layer, false, problems),
            Drawing::Filters { layer: Some(layer) } => check_kernel(network, layer, problems),
            Drawing::GradCam { layer: None } | Drawing::FeatureMaps { layer: None, .. } => {
                if !(0..network.layers.len()).any(|at| has_map(network, at, 2)) {
                    problems.push(nothing(drawing, "no-maps"));
                }
            }
            Drawing::Filters { layer: None } => {
                if !(0..network.layers.len()).any(|at| has_kernels(network, at)) {
                    problems.push(nothing(drawing, "no-kernels"));
                }
            }
            Drawing::ConfusionMatrix | Drawing::Mistakes => {
                if view.program.label_kind() != LabelKind::Single {
                    problems.push(nothing(drawing, "no-classes"));
                }
            }
            Drawing::Samples { .. } | Drawing::Curves | Drawing::Embedding { .. } => {}
        }
    }
}

/// A drawing that nothing can be seen in, whatever layer it is of.
fn nothing(drawing: &Spanned<Drawing>, sentence: &'static str) -> Diagnostic {
    Diagnostic::new(Code::W0519)
        .saying(sentence)
        .arg("drawing", drawing.value.keyword())
        .at(drawing.span, "here")
        .help("leave-out")
}

/// Whether a layer computes a map of at least so many rows and columns.
fn has_map(network: &Network<'_>, at: usize, least: usize) -> bool {
    let image = network.shapes[at].as_image();
    !network.layers[at].inputs.is_empty() && image.is_some_and(|(h, w, _)| h >= least && w >= least)
}

/// Whether a layer has kernels of two dimensions.
fn has_kernels(network: &Network<'_>, at: usize) -> bool {
    let params = network.layers[at].layer.as_op().params(&network.inputs(at));
    params.iter().any(|param| param.shape.rank() == 4)
}

fn check_map(network: &Network<'_>, layer: &Spanned<LayerId>, places: bool, problems: &mut Problems) {
    let at = layer.value.index();
    let node = &network.layers[at];
    let sentence = match network.shapes[at].as_image() {
        None => "vector",
        Some((1, 1, _)) if places => "say",
        Some(_) => return,
    };
    let problem = Diagnostic::new(Code::W0519)
        .saying(sentence)
        .arg("layer", &node.path)
        .arg("values", network.shapes[at].channels())
        .at(layer.span, "here")
        .also_with(node.span, "made", "shape", network.shapes[at]);
    let large = |at: &usize| has_map(network, *at, LEAST);
    problems.push(match (0..at).rev().find(large) {
        Some(last) => {
            let path = &network.layers[last].path;
            let (height, width, _) = network.shapes[last].as_image().unwrap_or_default();
            let problem = problem.arg("near", path).arg("size", format!("{height}x{width}"));
            problem.help("help").fix(layer.span, path)
        }
        None => problem.help("none"),
    });
}

/// The kernels of a layer that has none.
fn check_kernel(network: &Network<'_>, layer: &Spanned<LayerId>, problems: &mut Problems) {
    let at = layer.value.index();
    if has_kernels(network, at) {
        return;
    }
    let first = (0..network.layers.len()).find(|&other| has_kernels(network, other));
    let keyword = network.layers[at].layer.as_op().keyword();
    let problem = Diagnostic::new(Code::W0519).saying("filters").arg("layer", &network.layers[at].path);
    let problem = problem.arg("keyword", keyword).at(layer.span, "here").also(made(network, at), "no-kernel");
    problems.push(match first {
        Some(first) => {
            let path = &network.layers[first].path;
            problem.arg("near", path).help("filters-help").fix(layer.span, path)
        }
        None => problem.help("none"),
    });
}

fn made(network: &Network<'_>, at: usize) -> Span {
    network.layers[at].span
}
