//! Shapes of all layers, and why one has none.

use std::collections::BTreeSet;

use super::{fixes, shrink};
use crate::diag::{Code, Diagnostic, Level, Mention, Problems};
use crate::ir::{LayerId, LayerNode, Program};
use crate::layers::{InferError, Join, Layer};
use crate::source::Span;
use crate::tensor::{Axis, Shape};

/// Most values of one image's result, and most parameters of one layer: more would not fit into any memory.
const MOST_VALUES: usize = 1 << 31;

/// Bytes of text that are looked through for fixes, all problems together. Of very many problems the first
/// have fixes.
const MOST_LOOKED_THROUGH: usize = 200 << 20;

/// A warning from this share of the area on, a hint below it.
const LOST_AREA: f64 = 0.3;

/// Output shape of each layer; `None` where it is not known. Each failure is reported once.
pub(super) fn infer(
    program: &Program,
    unknown: &BTreeSet<LayerId>,
    problems: &mut Problems,
) -> Vec<Option<Shape>> {
    let layers = &program.model.layers;
    let mut shapes: Vec<Option<Shape>> = Vec::with_capacity(layers.len());
    for (index, node) in layers.iter().enumerate() {
        let id = LayerId(u32::try_from(index).unwrap_or(u32::MAX));
        let inputs: Option<Vec<Shape>> =
            node.inputs.iter().map(|input| shapes.get(input.index()).cloned().flatten()).collect();
        let shape = match inputs {
            Some(inputs) if !unknown.contains(&id) => infer_one(program, index, &inputs, &shapes, problems),
            _ => None,
        };
        shapes.push(shape);
    }
    if unknown.is_empty() {
        report_unused(program, problems);
    }
    // in a model that shrinks to nothing the rows lost on the way are no news; nor where they depend on a
    // size that is left open
    let is_open = matches!(layers.first().map(|node| &node.layer), Some(Layer::Input(input)) if input.open != [false; 2]);
    if shapes.iter().all(Option::is_some) && !is_open {
        report_lost_rows(layers, &shapes, problems);
    }
    shapes
}

fn infer_one(
    program: &Program,
    index: usize,
    inputs: &[Shape],
    shapes: &[Option<Shape>],
    problems: &mut Problems,
) -> Option<Shape> {
    let node = &program.model.layers[index];
    let op = node.layer.as_op();
    match op.infer(inputs) {
        Ok(shape) => {
            let parameters = op.params(inputs);
            let too_large = std::iter::once(&shape)
                .chain(parameters.iter().map(|p| &p.shape))
                .any(|s| values(s).is_none());
            if too_large {
                problems.push(
                    Diagnostic::new(Code::E0018)
                        .saying("large")
                        .arg("layer", op.keyword())
                        .arg("shape", &shape)
                        .at(node.span, "here"),
                );
                return None;
            }
            Some(shape)
        }
        Err(error) => {
            problems.push(explain(program, index, shapes, &error));
            None
        }
    }
}

/// Number of values of a shape, if it is within bounds.
fn values(shape: &Shape) -> Option<usize> {
    let product = shape.extents().iter().try_fold(1_usize, |product, extent| product.checked_mul(*extent))?;
    (product <= MOST_VALUES).then_some(product)
}

/// What is wrong, with its places. It is long because each error has an arm of its own, and no arm is
/// long: so the compiler finds the error that nobody explains.
pub(super) fn explain(
    program: &Program,
    index: usize,
    shapes: &[Option<Shape>],
    error: &InferError,
) -> Diagnostic {
    let layers = &program.model.layers;
    let node = &layers[index];
    let keyword = node.layer.as_op().keyword();
    let producer = |at: usize| node.inputs.get(at).map_or(node.span, |id| layers[id.index()].span);
    match error {
        InferError::Rank { expected: 1, found } => needs_vector(node, keyword, producer(0), found),
        InferError::Rank { found, .. } => needs_map(program, index, producer(0), found),
        InferError::WindowTooLarge { window, input } => {
            shrink::explain(program, index, *window, *input, shapes)
        }
        InferError::Groups { channels, filters, groups } => {
            let valid: Vec<String> = (1..=*channels.min(filters))
                .filter(|g| channels.is_multiple_of(*g) && filters.is_multiple_of(*g))
                .map(|g| g.to_string())
                .collect();
            Diagnostic::new(Code::E0110)
                .arg("channels", channels)
                .arg("filters", filters)
                .arg("groups", groups)
                .arg("valid", valid.join(", "))
                .at(option_span(node, "groups"), "here")
                .also(producer(0), "made")
                .help("valid")
        }
        InferError::ShapesDiffer { shapes } => joins_unequal(program, index, shapes),
        InferError::ExtentsDiffer { shapes: operands } => {
            with_operands(Diagnostic::new(Code::E0109), node, layers, operands)
                .at(node.span, "wants")
                .help("help")
                .fix_all(fixes::same_extents(program, index, operands, shapes))
        }
        InferError::PaddingTooLarge { padding, window } => Diagnostic::new(Code::E0018)
            .arg("what", "padding")
            .arg("expected", format!("less than the window's extent ({})", window[0].min(window[1])))
            .arg("value", padding)
            .at(option_span(node, "padding"), "here"),
        InferError::DepthWindow { window, channels } => Diagnostic::new(Code::E0102)
            .saying("channels")
            .arg("layer", keyword)
            .arg("window", window)
            .arg("channels", channels)
            .at(node.span, "channels-here")
            .also(producer(0), "made-channels"),
        InferError::CropTooLarge { taken, found } => Diagnostic::new(Code::E0121)
            .arg("layer", keyword)
            .arg("taken", taken)
            .arg("found", found)
            .at(node.span, "here")
            .also(producer(0), "made"),
        InferError::PartTooLarge { part, found } => Diagnostic::new(Code::E0121)
            .saying("part")
            .arg("layer", keyword)
            .arg("part", format!("{}x{}", part[0], part[1]))
            .arg("found", format!("{}x{}", found[0], found[1]))
            .at(node.span, "part-here")
            .also(producer(0), "made-image"),
        InferError::Reshape { found, wanted } => Diagnostic::new(Code::E0122)
            .arg("layer", keyword)
            .arg("found", found)
            .arg("wanted", wanted)
            .arg("have", found.elements())
            .arg("need", values(wanted).unwrap_or(MOST_VALUES))
            .at(option_span(node, "target_shape"), "here")
            .also(producer(0), "made"),
        InferError::ValuesPerChannel { option, values, channels } => Diagnostic::new(Code::E0123)
            .arg("option", option)
            .arg("values", values)
            .arg("channels", channels)
            .at(option_span(node, option), "here")
            .also(producer(0), "made"),
        InferError::OutputPadding { value, least, most } => Diagnostic::new(Code::E0018)
            .arg("what", "output_padding")
            .arg("expected", if least == most { least.to_string() } else { format!("in {least}..{most}") })
            .arg("value", value)
            .at(option_span(node, "output_padding"), "here"),
        InferError::TooFewInputs => Diagnostic::new(Code::E0013)
            .saying("operands")
            .arg("callee", keyword)
            .at(node.span, "here")
            .help("operands-help"),
        InferError::TooManyInputs { most, found } => Diagnostic::new(Code::E0015)
            .saying("operands")
            .arg("callee", keyword)
            .arg("most", most)
            .arg("found", found)
            .at(node.span, "here"),
    }
}

/// E0120: a window over a vector.
fn needs_map(program: &Program, index: usize, producer: Span, found: &Shape) -> Diagnostic {
    let node = &program.model.layers[index];
    let problem = Diagnostic::new(Code::E0120)
        .arg("layer", node.layer.as_op().keyword())
        .arg("found", found)
        .also(producer, "made")
        .at(node.span, "wants");
    match fixes::kept_dims(program, index) {
        Some((pool, edit)) => problem.arg("pool", pool).help("keep-dims").fix_all(edit),
        None => problem.help("help").fix_all(fixes::before_flatten(program, index).into_iter().flatten()),
    }
}

/// E0107 and E0108: operands of a join of equal shapes.
fn joins_unequal(program: &Program, index: usize, shapes: &[Shape]) -> Diagnostic {
    let node = &program.model.layers[index];
    let largest = shapes.iter().max_by_key(|shape| (shape.elements(), shape.rank()));
    let map = largest.and_then(Shape::as_image);
    let is_pixel = |shape: &Shape| shape.elements() == shape.channels();
    let pixels = || shapes.iter().filter(|shape| Some(*shape) != largest && is_pixel(shape));
    // a vector is one pixel
    let is_gate =
        |shape: &Shape| map.is_some_and(|(_, _, channels)| is_pixel(shape) && shape.channels() == channels);
    let repeats =
        shapes.iter().all(|shape| broadcasts(shape, shapes) || Some(shape) == largest || is_gate(shape));
    let problem = Diagnostic::new(if repeats { Code::E0108 } else { Code::E0107 });
    let problem = with_operands(problem, node, &program.model.layers, shapes).at(node.span, "wants");
    let multiplies = matches!(node.layer, Layer::Join(Join::Multiply));
    match map {
        Some((_, _, channels)) if multiplies && (repeats || pixels().next().is_some()) => {
            problem.arg("channels", channels).help("gate")
        }
        _ if repeats && pixels().any(is_gate) => problem.help("multiply"),
        _ if repeats => problem.help("help"),
        _ => with_projection(problem, program, index, shapes),
    }
}

/// E0103: `dense` on a feature map.
fn needs_vector(node: &LayerNode, keyword: &str, producer: Span, found: &Shape) -> Diagnostic {
    Diagnostic::new(Code::E0103)
        .arg("layer", keyword)
        .arg("found", found)
        .arg("values", values(found).unwrap_or(MOST_VALUES))
        .arg("channels", found.channels())
        .also(producer, "made")
        .at(node.span, "wants")
        .help("help")
        .fix(Span::new(node.span.start, node.span.start), "flatten -> ")
}

/// Where an option's value stands; the whole layer where it is not written.
fn option_span(node: &LayerNode, option: &str) -> Span {
    node.options.iter().find(|(name, _)| *name == option).map_or(node.span, |(_, span)| *span)
}

fn with_operands(
    problem: Diagnostic,
    node: &LayerNode,
    layers: &[LayerNode],
    shapes: &[Shape],
) -> Diagnostic {
    let all: Vec<String> = shapes.iter().map(Shape::to_string).collect();
    let problem = problem.arg("layer", node.layer.as_op().keyword()).mention("shapes", Mention::All(all));
    node.inputs.iter().zip(shapes).fold(problem, |problem, (input, shape)| {
        problem.also_with(layers[input.index()].span, "operand", "shape", shape)
    })
}

/// Whether a shape equals the largest of `all` but for axes of extent 1.
fn broadcasts(shape: &Shape, all: &[Shape]) -> bool {
    let rank = shape.rank();
    let same_rank = all.iter().all(|other| other.rank() == rank);
    same_rank
        && (0..rank).all(|axis| {
            let most = all.iter().map(|other| other.extents()[axis]).max().unwrap_or(1);
            shape.extents()[axis] == most || shape.extents()[axis] == 1
        })
}

/// The 1x1 convolution that would make the larger operand fit the smaller one.
fn with_projection(problem: Diagnostic, program: &Program, index: usize, shapes: &[Shape]) -> Diagnostic {
    let images: Vec<_> = shapes.iter().filter_map(Shape::as_image).collect();
    if let [a, b] = images[..] {
        let (large, small) = if a.0 * a.1 >= b.0 * b.1 { (a, b) } else { (b, a) };
        let divides = small.0 > 0 && large.0.div_ceil(small.0) == large.1.div_ceil(small.1);
        let stride = large.0.div_ceil(small.0);
        if divides && large.0.div_ceil(stride) == small.0 && large.1.div_ceil(stride) == small.1 {
            let stride = if stride > 1 { format!(", stride: {stride}") } else { String::new() };
            let conv = format!("conv2d({}, 1{stride})", small.2);
            let larger = usize::from(b == large && a != large);
            return problem
                .help("project")
                .fix_all(fixes::project(program, index, larger, &conv))
                .arg("conv", conv);
        }
    }
    problem.help("same")
}

/// W0115 for each layer; all shapes are known.
fn report_lost_rows(layers: &[LayerNode], shapes: &[Option<Shape>], problems: &mut Problems) {
    for node in layers {
        let inputs: Vec<Shape> =
            node.inputs.iter().filter_map(|input| shapes[input.index()].clone()).collect();
        report_lost_rows_of(node, &inputs, problems);
    }
}

/// W0115: a window that does not reach the last rows or columns.
fn report_lost_rows_of(node: &LayerNode, inputs: &[Shape], problems: &mut Problems) {
    let op = node.layer.as_op();
    let Some(window) = op.window(inputs) else { return };
    // padding is no loss; nor is what a larger stride steps over between positions
    let lost = |axis: &Axis| {
        let covered = (axis.output - 1) * axis.stride + axis.effective();
        let rest = (axis.pad_before + axis.input + axis.pad_after).saturating_sub(covered);
        rest.saturating_sub(axis.pad_after).saturating_sub(axis.stride.saturating_sub(axis.effective()))
    };
    let (rows, columns) = (lost(&window.y), lost(&window.x));
    if rows == 0 && columns == 0 {
        return;
    }
    let kept = |lost: usize, axis: &Axis| 1.0 - lost as f64 / axis.input as f64;
    let share = 1.0 - kept(rows, &window.y) * kept(columns, &window.x);
    let level = if share >= LOST_AREA { Level::Warning } else { Level::Hint };
    let problem = Diagnostic::new(Code::W0115)
        .with_level(level)
        .arg("layer", op.keyword())
        .arg("rows", rows)
        .arg("columns", columns)
        .arg("input", format!("{}x{}", window.y.input, window.x.input))
        .arg("percent", format!("{:.0}", share * 100.0))
        .at(node.span, "here")
        .help("help");
    problems.push(problem);
}

/// W0118: a layer whose result nobody takes.
fn report_unused(program: &Program, problems: &mut Problems) {
    let model = &program.model;
    let Some(output) = model.layers.get(model.output.index()) else { return };
    let taken = model.layers.iter().flat_map(|node| &node.inputs).chain([&model.output]);
    let used: BTreeSet<usize> =
        taken.copied().chain(model.heads.iter().map(|head| head.output)).map(LayerId::index).collect();
    // a layer of a block is idle if it is in every instance
    let busy: BTreeSet<Span> = used.iter().map(|&index| model.layers[index].span).collect();
    let mut said: BTreeSet<Span> = BTreeSet::new();
    let most_fixes = MOST_LOOKED_THROUGH / program.source.text.len().max(1);
    for (index, node) in model.layers.iter().enumerate() {
        if !used.contains(&index) && !busy.contains(&node.span) && said.insert(node.span) {
            let problem = Diagnostic::new(Code::W0118)
                .arg("layer", &node.path)
                .at(node.span, "here")
                .also(output.span, "output")
                .help("help")
                .fix_all((said.len() <= most_fixes).then(|| fixes::take_out(program, node)).flatten());
            problems.push(problem);
        }
    }
}
