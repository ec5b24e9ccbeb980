//! W0514: one dense layer that could learn every picture by heart.

use super::Network;
use crate::check::View;
use crate::diag::{Code, Diagnostic, Problems};
use crate::layers::Layer;
use crate::printed::thousands;

/// Share of all parameters from which on one layer holds nearly all of them.
const MOST: f64 = 0.9;
/// Parameters for each training picture that are still usual.
const PER_PICTURE: usize = 100;
/// Parameters from which on the layer that makes the scores counts too.
const LARGE: usize = 1_000_000;

pub(super) fn check(view: &View<'_>, network: &Network<'_>, problems: &mut Problems) {
    let (Some(card), Some(data)) = (view.card, &view.program.data) else { return };
    let pictures = view.training_pictures(card, data);
    let learns = |at: usize| if is_ever_trained(view, at) { network.trainable(at) } else { 0 };
    let total: usize = (0..network.layers.len()).map(learns).sum();
    if pictures == 0 || total <= PER_PICTURE * pictures {
        return;
    }
    let dense = (0..network.layers.len()).filter(|&at| matches!(network.layers[at].layer, Layer::Dense(_)));
    let Some(largest) = dense.max_by_key(|&at| learns(at)) else { return };
    let held = learns(largest);
    if held as f64 <= MOST * total as f64 {
        return;
    }
    // a small linear classifier is not too large for anything
    let makes_scores = (largest + 1..network.layers.len()).all(|at| network.trainable(at) == 0);
    if makes_scores && total < LARGE {
        return;
    }
    let node = &network.layers[largest];
    let mut problem = Diagnostic::new(Code::W0514)
        .arg("layer", &node.path)
        .arg("share", format!("{:.1}", held as f64 / total as f64 * 100.0))
        .arg("held", thousands(held as u64))
        .arg("total", thousands(total as u64))
        .arg("pictures", thousands(pictures as u64))
        .arg("each", thousands((total / pictures) as u64))
        .at(node.span, "here");
    // what a mean over the map in front of it would leave
    let map = network.before(largest).filter(|&at| matches!(network.layers[at].layer, Layer::Flatten(_)));
    let image = map.and_then(|at| Some((at, network.shapes[network.before(at)?].as_image()?)));
    if let Some((flatten, (height, width, channels))) = image {
        let units = network.shapes[largest].channels();
        problem = problem
            .arg("values", thousands((height * width * channels) as u64))
            .arg("pooled", thousands((channels * units + units) as u64))
            .also(network.layers[flatten].span, "flatten")
            .help("pool");
    } else {
        problem = problem.help("smaller");
    }
    problems.push(problem.also(data.source.span, "data"));
}

/// Whether any phase changes a layer.
fn is_ever_trained(view: &View<'_>, at: usize) -> bool {
    let phases = view.program.train.as_ref().map_or(&[][..], |train| &train.phases);
    match phases {
        [] => !view.program.model.layers[at].frozen,
        phases => phases.iter().any(|phase| phase.frozen.get(at) != Some(&true)),
    }
}
