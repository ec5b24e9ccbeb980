//! W0229: a softmax in the middle of a network.

use std::collections::BTreeSet;

use super::{Network, backbones};
use crate::check::View;
use crate::diag::{Code, Diagnostic, Problems};
use crate::layers::{Layer, Linearity, Purpose};
use crate::source::Span;
use crate::vocabulary::Activation;

/// Looks for a softmax whose result is only computed with: what weighs other values by it joins them.
pub(super) fn check(view: &View<'_>, network: &Network<'_>, problems: &mut Problems) {
    let mut said: BTreeSet<Span> = BTreeSet::new();
    for at in 0..network.layers.len() {
        let node = &network.layers[at];
        if node.layer.as_op().activation() != Activation::Softmax || ends_a_model(view, at) {
            continue;
        }
        let Some(taker) = computed_with(network, at) else { continue };
        let place = node.options.iter().find(|(name, _)| *name == "activation").map(|(_, span)| *span);
        let place = place.unwrap_or(node.span);
        if !said.insert(place) {
            continue;
        }
        let problem = Diagnostic::new(Code::W0229)
            .arg("layer", &node.path)
            .at(place, "here")
            .also(network.layers[taker].span, "taker")
            .help("help");
        let is_plain = matches!(view.program.source.slice(place), "softmax" | "softmax()");
        problems.push(if is_plain { problem.fix(place, "relu") } else { problem });
    }
}

/// Whether it is the end of a model that is used as a layer: that one's classes are W0128's.
fn ends_a_model(view: &View<'_>, at: usize) -> bool {
    backbones(&view.program.model).any(|(scope, _)| scope.layers.end == at + 1)
}

/// The layer with weights that takes a layer's result, where nothing else does.
fn computed_with(network: &Network<'_>, at: usize) -> Option<usize> {
    let mut before = at;
    for after in at + 1..network.layers.len() {
        if network.only_before(after) != Some(before) {
            continue;
        }
        let op = network.layers[after].layer.as_op();
        if op.linearity() == Linearity::Mixes {
            return Some(after);
        }
        let pools = matches!(network.layers[after].layer, Layer::Pool2d(_) | Layer::GlobalPool2d(_));
        let passes = matches!(op.purpose(), Purpose::Drop | Purpose::Reshape | Purpose::Normalize)
            || op.linearity() == Linearity::Keeps
            || pools;
        if !passes {
            return None;
        }
        before = after;
    }
    None
}
