//! W0512: two linear layers with nothing between them that is not linear.

use std::collections::BTreeSet;

use super::Network;
use crate::check::View;
use crate::desc::PoolKind;
use crate::diag::{Code, Diagnostic, Problems};
use crate::layers::Layer;
use crate::source::Span;
use crate::vocabulary::Activation;

/// Most layers between two that are looked at: people write one or two.
const MOST_STEPS: usize = 1_000;

pub(super) fn check(view: &View<'_>, network: &Network<'_>, problems: &mut Problems) {
    let mut said: BTreeSet<Span> = BTreeSet::new();
    for second in 0..network.layers.len() {
        let Some(first) = linear_before(network, second) else { continue };
        // a block that is used several times has its mistake once
        if is_bottleneck(network, first, second) || said.contains(&network.layers[first].span) {
            continue;
        }
        said.insert(network.layers[first].span);
        problems.push(report(view, network, first, second));
    }
}

/// Whether a layer multiplies its input with a kernel, all channels with all.
fn multiplies(network: &Network<'_>, at: usize) -> bool {
    match &network.layers[at].layer {
        Layer::Dense(_) => true,
        Layer::Conv2d(conv) => conv.groups == 1,
        _ => false,
    }
}

/// The linear layer before a linear layer, with no other than linear ones between.
fn linear_before(network: &Network<'_>, second: usize) -> Option<usize> {
    if !multiplies(network, second) {
        return None;
    }
    let mut at = network.only_before(second)?;
    for _ in 0..MOST_STEPS {
        if !is_linear_step(&network.layers[at].layer) {
            break;
        }
        at = network.only_before(at)?;
    }
    let ends_linear = network.layers[at].layer.as_op().activation() == Activation::Linear;
    (multiplies(network, at) && ends_linear).then_some(at)
}

/// Layers that keep a linear function linear.
fn is_linear_step(layer: &Layer) -> bool {
    match layer {
        Layer::Flatten(_) | Layer::Dropout(_) | Layer::BatchNorm(_) | Layer::ZeroPad2d(_) => true,
        Layer::Pool2d(pool) => pool.kind == PoolKind::Average,
        Layer::GlobalPool2d(pool) => pool.kind == PoolKind::Average,
        _ => false,
    }
}

/// Fewer channels between two linear layers than on both sides are meant: they make one large layer of two small ones.
fn is_bottleneck(network: &Network<'_>, first: usize, second: usize) -> bool {
    let before = network.before(first).map_or(0, |at| network.shapes[at].channels());
    let (middle, after) = (network.shapes[first].channels(), network.shapes[second].channels());
    middle < before && middle < after
}

fn report(view: &View<'_>, network: &Network<'_>, first: usize, second: usize) -> Diagnostic {
    let (a, b) = (&network.layers[first], &network.layers[second]);
    let problem = Diagnostic::new(Code::W0512)
        .arg("first", &a.path)
        .arg("second", &b.path)
        .at(a.span, "here")
        .also(b.span, "second");
    let problem = match (&a.layer, &b.layer) {
        (Layer::Conv2d(first), Layer::Conv2d(second)) if first.stride == [1, 1] && first.dilation == [1, 1] => {
            let extent = |axis: usize| first.kernel_size[axis] + second.kernel_size[axis] - 1;
            problem.arg("window", format!("{}x{}", extent(0), extent(1))).note("window")
        }
        (Layer::Dense(_), Layer::Dense(_)) => problem.note("dense"),
        _ => problem.note("one"),
    };
    let between = network.before(second).filter(|&at| at != first).map(|at| &network.layers[at]);
    let normalized = between.is_some_and(|node| matches!(node.layer, Layer::BatchNorm(_)));
    if normalized {
        return problem.help("after");
    }
    let problem = problem.help("help");
    let text = view.program.source.slice(a.span);
    let closing = Span::new(a.span.end.saturating_sub(1), a.span.end.saturating_sub(1));
    if text.ends_with(')') && !a.options.iter().any(|(name, _)| *name == "activation") {
        problem.fix(closing, ", activation: relu")
    } else {
        problem
    }
}
