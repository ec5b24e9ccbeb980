//! W0512: two linear layers with nothing between them that is not linear.

use std::collections::BTreeSet;

use super::Network;
use crate::check::View;
use crate::diag::{Code, Diagnostic, Problems};
use crate::layers::{Linearity, Purpose};
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

/// The linear layer before a linear layer, with no other than linear ones between.
fn linear_before(network: &Network<'_>, second: usize) -> Option<usize> {
    if network.layers[second].layer.as_op().linearity() != Linearity::Mixes {
        return None;
    }
    let mut at = network.only_before(second)?;
    for _ in 0..MOST_STEPS {
        if !stays_linear(network, at, Linearity::Keeps) {
            break;
        }
        at = network.only_before(at)?;
    }
    stays_linear(network, at, Linearity::Mixes).then_some(at)
}

/// Whether a layer is linear in this way, and no activation follows in it.
fn stays_linear(network: &Network<'_>, at: usize, linearity: Linearity) -> bool {
    let op = network.layers[at].layer.as_op();
    op.linearity() == linearity && op.activation() == Activation::Linear
}

/// Fewer channels between two linear layers than on both sides are meant: they make one large layer of two
/// small ones.
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
    let are_vectors = [first, second].iter().all(|&at| network.shapes[at].rank() == 1);
    let problem = match joint_window(network, first, second) {
        Some(window) => problem.arg("window", format!("{}x{}", window[0], window[1])).note("window"),
        None if are_vectors => problem.note("dense"),
        None => problem.note("one"),
    };
    let between = network.before(second).filter(|&at| at != first).map(|at| network.layers[at].layer.as_op());
    if between.is_some_and(|op| op.purpose() == Purpose::Normalize) {
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

/// Extents `[y, x]` of the one convolution that does what two do; `None` where it is not that simple.
fn joint_window(network: &Network<'_>, first: usize, second: usize) -> Option<[usize; 2]> {
    let window = |at: usize| network.layers[at].layer.as_op().window(&network.inputs(at));
    let (a, b) = (window(first)?, window(second)?);
    let is_plain = [&a.y, &a.x].iter().all(|axis| axis.stride == 1 && axis.dilation == 1);
    let mut between =
        std::iter::successors(network.before(second), |&at| network.before(at)).take_while(|&at| at != first);
    // what moves pixels, or has a window of its own, changes the extents
    let is_next = between.all(|at| network.shapes[at] == network.shapes[first] && window(at).is_none());
    (is_plain && is_next)
        .then(|| [a.y.kernel_size + b.y.effective() - 1, a.x.kernel_size + b.x.effective() - 1])
}
