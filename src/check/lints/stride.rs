//! W0129: `conv2d(32, 3, 3)`, where the second 3 is the stride and no side of the kernel.

use std::collections::BTreeSet;

use super::Network;
use crate::check::View;
use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::LayerNode;
use crate::source::Span;

pub(super) fn check(view: &View<'_>, network: &Network<'_>, problems: &mut Problems) {
    let mut said: BTreeSet<Span> = BTreeSet::new();
    for node in network.layers {
        let Some((kernel, stride)) = numbers(view, node) else { continue };
        if !said.insert(node.span) {
            continue;
        }
        let [first, second] = [kernel, stride].map(|span| view.program.source.slice(span));
        let written = format!("{first}x{second}");
        let problem = Diagnostic::new(Code::W0129)
            .arg("layer", node.layer.as_op().keyword())
            .arg("stride", second)
            .arg("written", &written)
            .at(stride, "here")
            .help("help");
        problems.push(problem.fix(kernel.to(stride), written));
    }
}

/// The places of kernel size and stride, where both are bare numbers without names that could be the two
/// sides of a kernel.
fn numbers(view: &View<'_>, node: &LayerNode) -> Option<(Span, Span)> {
    let place = |option: &str| node.options.iter().find(|(name, _)| *name == option).map(|(_, span)| *span);
    let (kernel, stride) = (place("kernel_size")?, place("stride")?);
    let text = &view.program.source.text;
    let number = |span: Span| text.get(span.start..span.end)?.parse::<usize>().ok();
    let (rows, step) = (number(kernel)?, number(stride)?);
    // kernels have odd sides; 2, 4 and 16 next to each other are patches
    let are_sides = rows % 2 == 1 && step % 2 == 1 && step >= 3 && step >= rows;
    let is_bare =
        |span: Span| !text.get(node.span.start..span.start).is_some_and(|before| before.contains(':'));
    let follows = text.get(kernel.end..stride.start).is_some_and(|between| between.trim() == ",");
    (are_sides && is_bare(stride) && follows).then_some((kernel, stride))
}
