//! W0529 and W0128: a frozen network that has learnt nothing, and one that still ends in its own classes.

use super::{Network, StageView, backbones};
use crate::check::View;
use crate::check::edit;
use crate::diag::{Code, Diagnostic, Edit, Problems};
use crate::ir::{Backbone, Scope};
use crate::layers::{Layer, Linearity, Purpose};
use crate::source::Span;
use crate::vocabulary::Activation;

/// W0529: a model used as a layer keeps its random weights in all of training.
pub(super) fn check_frozen(
    view: &View<'_>,
    network: &Network<'_>,
    stages: &[StageView<'_>],
    problems: &mut Problems,
) {
    for (scope, backbone) in backbones(&view.program.model) {
        let weighted: Vec<usize> = scope.layers.clone().filter(|&at| network.trainable(at) > 0).collect();
        let frozen = |stage: &StageView<'_>| weighted.iter().all(|&at| stage.frozen[at]);
        if weighted.is_empty() || has_weights(view, scope) || !stages.iter().all(frozen) {
            continue;
        }
        let place = frozen_at(view, backbone);
        let problem = Diagnostic::new(Code::W0529)
            .arg("model", &backbone.model)
            .at(place.unwrap_or(scope.span), "here");
        let problem = if place.is_some() { problem.also(scope.span, "weights") } else { problem };
        problems.push(problem.help("help"));
    }
}

/// Whether a model, or one around it, starts from a file.
fn has_weights(view: &View<'_>, inner: &Scope) -> bool {
    let holds =
        |outer: &Scope| outer.layers.start <= inner.layers.start && inner.layers.end <= outer.layers.end;
    backbones(&view.program.model).any(|(outer, backbone)| holds(outer) && backbone.weights.is_some())
}

/// Where it is written that a model is frozen.
fn frozen_at(view: &View<'_>, backbone: &Backbone) -> Option<Span> {
    let own = backbone.frozen.as_ref().filter(|frozen| frozen.value).map(|frozen| frozen.span);
    let train = view.program.train.as_ref();
    let changes = train.and_then(|train| train.freezes.iter().find(|change| change.freeze));
    own.or(changes.map(|change| change.target.span))
}

/// W0128: a network of the zoo gives the probabilities of its own classes to layers that are to learn others.
pub(super) fn check_top(view: &View<'_>, network: &Network<'_>, problems: &mut Problems) {
    for (scope, backbone) in backbones(&view.program.model).filter(|(_, backbone)| backbone.zoo) {
        let Some(last) = scope.layers.end.checked_sub(1).filter(|last| scope.layers.contains(last)) else {
            continue;
        };
        let ends_in_classes = network.layers[last].layer.as_op().activation() == Activation::Softmax;
        let Some(taker) = taker_of(network, last).filter(|_| ends_in_classes) else { continue };
        let dense = matches!(network.layers[taker].layer, Layer::Dense(_));
        let problem = Diagnostic::new(Code::W0128)
            .arg("model", &backbone.model)
            .arg("classes", network.shapes[last].channels())
            .arg("layer", &network.layers[taker].path)
            .at(scope.span, "here")
            .also(network.layers[taker].span, "taker")
            .help("help");
        let edits = if dense { without_top(view, scope, network, taker) } else { None };
        problems.push(problem.fix_all(edits.into_iter().flatten()));
    }
}

/// The first layer that computes with a layer's result, whatever prepares it in between.
fn taker_of(network: &Network<'_>, of: usize) -> Option<usize> {
    let mut before = of;
    (of + 1..network.layers.len()).find(|&at| {
        if network.only_before(at) != Some(before) {
            return false;
        }
        let op = network.layers[at].layer.as_op();
        before = at;
        op.linearity() == Linearity::Mixes && op.purpose() == Purpose::Compute
    })
}

/// `include_top: false`, and the pooling that then makes a vector of the features.
fn without_top(view: &View<'_>, scope: &Scope, network: &Network<'_>, taker: usize) -> Option<[Edit; 2]> {
    let text = &view.program.source.text;
    let call = text.get(scope.span.start..scope.span.end)?;
    if call.contains("include_top") || call.contains(['{', '=']) {
        return None;
    }
    let end = scope.span.end;
    let option = match call.strip_suffix(')') {
        Some(inner) if inner.trim_end().ends_with('(') => {
            Edit { span: Span::new(end - 1, end - 1), text: "include_top: false".to_owned() }
        }
        Some(_) => Edit { span: Span::new(end - 1, end - 1), text: ", include_top: false".to_owned() },
        None => Edit { span: Span::new(end, end), text: "(include_top: false)".to_owned() },
    };
    let pool = edit::insert_before(text, network.layers[taker].span, "global_avg_pool2d")?;
    Some([option, pool])
}
