//! Images that become smaller than a window: E0101 and E0102.

use super::edit;
use crate::diag::{Code, Diagnostic, Edit, Mention, Term};
use crate::ir::{LayerNode, Program};
use crate::layers::{Layer, SlidingKind};
use crate::tensor::{Padding, Shape};

/// Why a window does not fit: the image was shrunk too often (E0101), or never was large enough (E0102).
pub(super) fn explain(
    program: &Program,
    index: usize,
    window: [usize; 2],
    input: [usize; 2],
    shapes: &[Option<Shape>],
) -> Diagnostic {
    let layers = &program.model.layers;
    let node = &layers[index];
    let path = path_to(program, index);
    let extents = |at: usize| {
        let (height, width, _) = shapes.get(at)?.as_ref()?.as_image()?;
        Some([height, width])
    };
    let start = path.first().and_then(|&first| extents(first));
    let fits_at_first = start.is_some_and(|start| start[0] >= window[0] && start[1] >= window[1]);
    if !fits_at_first {
        let least = input[0].min(input[1]);
        let producer = node.inputs.first().map_or(node.span, |id| layers[id.index()].span);
        return Diagnostic::new(Code::E0102)
            .arg("layer", node.layer.as_op().keyword())
            .arg("window", size(window))
            .arg("input", size(input))
            .arg("least", least)
            .at(node.span, "here")
            .also(producer, "made")
            .help("help");
    }
    let (kind, ordinal) = ordinal(program, &path, index);
    let problem = Diagnostic::new(Code::E0101)
        .mention("ordinal", Mention::Ordinal(ordinal))
        .mention("kind", Mention::Term(kind))
        .arg("start", start.map_or(String::new(), size))
        .arg("window", size(window))
        .arg("input", size(input))
        .arg("chain", format!("{} {} !", chain(layers, &path, extents), node.layer.as_op().keyword()))
        .also(layers[path[0]].span, "start")
        .at(node.span, "here")
        .note("chain");
    let all = path.iter().chain(std::iter::once(&index)).map(|&at| &layers[at]);
    mend(problem, program, all.filter(|node| is_unpadded(&node.layer)).collect())
}

/// `28 conv2d 26 max_pool2d 13 … 1`: the sizes along a path, and the layers that change them.
fn chain(layers: &[LayerNode], path: &[usize], extents: impl Fn(usize) -> Option<[usize; 2]>) -> String {
    let mut chain: Vec<String> = Vec::new();
    let mut last = None;
    for &at in path {
        let Some(now) = extents(at) else { continue };
        if last == Some(now) {
            continue;
        }
        if last.is_some() {
            chain.push(layers[at].layer.as_op().keyword().to_owned());
        }
        chain.push(short_size(now));
        last = Some(now);
    }
    chain.join(" ")
}

/// With what to write: padding for the convolutions that shrink, or fewer pools where none does.
fn mend(problem: Diagnostic, program: &Program, shrinking: Vec<&LayerNode>) -> Diagnostic {
    let text = &program.source.text;
    let mut lines: Vec<usize> = shrinking
        .iter()
        // layers of other files have no line here
        .filter(|node| node.span.end <= text.len())
        .map(|node| program.source.line_column(node.span.start).0)
        .collect();
    lines.sort_unstable();
    lines.dedup();
    let edits: Option<Vec<Edit>> =
        shrinking.iter().map(|node| edit::set_option(text, node, "padding", "same")).collect();
    let mut edits = edits.unwrap_or_default();
    edits.sort_by_key(|edit| edit.span.start);
    edits.dedup();
    let problem = problem.fix_all(edits);
    if lines.is_empty() {
        problem.help("fewer")
    } else {
        problem.mention("lines", Mention::Lines(lines)).help("same")
    }
}

/// Layers from the input to the one before `index`, along each one's first input.
fn path_to(program: &Program, index: usize) -> Vec<usize> {
    let mut path = Vec::new();
    let mut at = index;
    while let Some(before) = program.model.layers[at].inputs.first() {
        at = before.index();
        path.push(at);
    }
    path.reverse();
    path
}

/// Whether it is a convolution that shrinks its image for want of padding.
fn is_unpadded(layer: &Layer) -> bool {
    layer.as_op().sliding().is_some_and(|window| {
        window.kind == SlidingKind::Convolution
            && window.padding == Padding::Valid
            && window.extents != [1, 1]
    })
}

/// Which window of its kind does not fit, along the path: a convolution, the 4th.
fn ordinal(program: &Program, path: &[usize], index: usize) -> (Term, usize) {
    let kind_of = |at: usize| program.model.layers[at].layer.as_op().sliding().map(|window| window.kind);
    let kind = kind_of(index);
    let count = path.iter().filter(|&&at| kind_of(at) == kind).count();
    let kind = match kind {
        Some(SlidingKind::Convolution) => Term::Convolution,
        Some(SlidingKind::Pooling) | None => Term::Pooling,
    };
    (kind, count + 1)
}

fn size([height, width]: [usize; 2]) -> String {
    format!("{height}x{width}")
}

/// One number where height and width agree.
fn short_size([height, width]: [usize; 2]) -> String {
    if height == width { height.to_string() } else { size([height, width]) }
}
