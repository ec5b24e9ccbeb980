//! Fixes of the network: which edits make shapes fit, where there is one right way.

use super::edit;
use crate::diag::Edit;
use crate::ir::{LayerId, LayerNode, Program};
use crate::layers::Layer;
use crate::tensor::{Axis, Shape};
use crate::vocabulary::OptionType;

/// Layers of a model whose problems come with fixes that take a look at all of them.
const MOST_LAYERS: usize = 10_000;

/// How many layers take a layer's result.
fn users(program: &Program, id: LayerId) -> usize {
    program.model.layers.iter().flat_map(|node| &node.inputs).filter(|input| **input == id).count()
}

/// E0120: a layer that slides a window right behind `flatten` or a global pool changes places with it.
pub(super) fn before_flatten(program: &Program, index: usize) -> Option<[Edit; 2]> {
    let layers = &program.model.layers;
    let node = &layers[index];
    let &producer = node.inputs.first()?;
    let before = &layers[producer.index()];
    let makes_vector = matches!(before.layer, Layer::Flatten(_) | Layer::GlobalPool2d(_));
    (makes_vector && layers.len() <= MOST_LAYERS && users(program, producer) == 1)
        .then(|| edit::swap(&program.source.text, before.span, node.span))
        .flatten()
}

/// E0120: a 1x1 convolution right behind a global pool takes its result where it stays a feature map. The
/// pool's keyword, and the edit where there is one.
pub(super) fn kept_dims(program: &Program, index: usize) -> Option<(&'static str, Option<Edit>)> {
    let layers = &program.model.layers;
    let is_pointwise = layers[index].layer.as_op().sliding().is_some_and(|sliding| sliding.extents == [1; 2]);
    let producer = layers[index].inputs.first()?;
    let pool = &layers[producer.index()];
    let is_pool = matches!(pool.layer, Layer::GlobalPool2d(_));
    let edit = || edit::set_option(&program.source.text, pool, "keep_dims", "true");
    (is_pointwise && is_pool).then(|| {
        let alone = layers.len() <= MOST_LAYERS && users(program, *producer) == 1;
        (pool.layer.as_op().keyword(), alone.then(edit).flatten())
    })
}

/// W0118: a layer that nobody takes is taken out, unless its name, or one that would change with it, is
/// written elsewhere.
pub(super) fn take_out(program: &Program, node: &LayerNode) -> Option<Edit> {
    let text = &program.source.text;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut words = text.split(|c| !is_word(c));
    // layers without names are counted: those behind this one would be called otherwise
    let counted = format!("{}_", node.layer.as_op().keyword());
    let named = text.split(|c| !is_word(c)).filter(|word| *word == node.path).count() == 1;
    (named || !words.any(|word| word.starts_with(&counted) || word == node.path))
        .then(|| edit::delete(text, node.span))
        .flatten()
}

/// E0109: `padding: same` in each operand that is smaller because its last layer does not pad.
pub(super) fn same_extents(
    program: &Program,
    index: usize,
    operands: &[Shape],
    shapes: &[Option<Shape>],
) -> Vec<Edit> {
    let layers = &program.model.layers;
    let image = |shape: &Shape| shape.as_image().map(|(height, width, _)| (height, width));
    let Some(largest) = operands.iter().filter_map(image).max() else { return Vec::new() };
    let smaller =
        layers[index].inputs.iter().zip(operands).filter(|(_, shape)| image(shape) != Some(largest));
    let edits: Option<Vec<Edit>> = smaller
        .map(|(id, _)| {
            let node = &layers[id.index()];
            let input = shapes.get(node.inputs.first()?.index())?.as_ref()?;
            (image(input) == Some(largest) && pads_nothing(node, input))
                .then(|| edit::set_option(&program.source.text, node, "padding", "same"))
                .flatten()
        })
        .collect();
    edits.unwrap_or_default()
}

/// Whether a layer slides a window without padding, pixel by pixel, and has an option that would pad.
fn pads_nothing(node: &LayerNode, input: &Shape) -> bool {
    let op = node.layer.as_op();
    let can_pad = Layer::kind(op.keyword())
        .is_some_and(|kind| kind.options.iter().any(|o| o.name == "padding" && o.ty == OptionType::Padding));
    let window = op.window(std::slice::from_ref(input));
    let plain = |axis: &Axis| axis.stride == 1 && axis.pad_before == 0 && axis.pad_after == 0;
    can_pad && window.is_some_and(|window| plain(&window.y) && plain(&window.x))
}

/// E0107: the projection `conv` on the larger operand of `add(x)` or `add(x, y)`; `larger` is its place among
/// the operands.
pub(super) fn project(program: &Program, index: usize, larger: usize, conv: &str) -> Option<Edit> {
    let layers = &program.model.layers;
    let node = &layers[index];
    let text = &program.source.text;
    let written = text.get(node.span.start..node.span.end)?;
    let &[first, second] = &node.inputs[..] else { return None };
    let names = written.split_once('(')?.1.strip_suffix(')')?;
    let names: Vec<&str> = names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let one_name = names.len() == 1;
    if one_name && larger == 0 {
        // the current value is the larger one
        return edit::insert_before(text, node.span, conv);
    }
    let [large, small] = if larger == 0 { [first, second] } else { [second, first] };
    let (large, small) = (&layers[large.index()].path, &layers[small.index()].path);
    let line = text.get(..node.span.start)?.rsplit('\n').next()?;
    // names of a block's layers are not those that its body uses
    let plain =
        line.trim().is_empty() && !large.contains('.') && !small.contains('.') && node.used_at.is_empty();
    let callee = node.layer.as_op().keyword();
    let indented = format!("from {large}\n{line}{conv}\n{line}{callee}({small})");
    plain.then_some(Edit { span: node.span, text: indented })
}
