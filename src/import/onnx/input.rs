//! What a graph takes: one picture of a batch.

use super::active::{Active, Atom, NCHW, NHWC, Value, single};
use super::draft::{Draft, Kind};
use super::graph::{Graph, shape_of};
use super::layout;
use super::prepare;
use super::reader::Reader;
use super::refusal::refuse;
use super::words;
use crate::ast::Expr;
use crate::import::network::Asked;
use crate::onnx::proto::{DataType, Extent, TensorShapeProto, ValueInfoProto};
use crate::tensor::Shape;
use crate::vocabulary::{MOST, WIDEST};

/// The side of a picture whose size is left open, while the file is read.
const NOMINAL: usize = 224;

/// How pictures come in.
pub(super) struct Begun {
    /// Nodes that prepare them.
    pub(super) nodes: Vec<usize>,
    /// The same as settings.
    pub(super) settings: Vec<(&'static str, Expr)>,
}

/// Adds the input.
/// # Errors
/// In words, where nothing is a picture.
pub(super) fn begin(reader: &mut Reader<'_>, asked: &Asked) -> Result<Begun, String> {
    let graph = reader.graph;
    let mut inputs = graph.inputs.iter();
    let first = inputs.next().ok_or_else(|| "it takes nothing".to_owned())?;
    for other in inputs {
        let why = refuse("it takes more than one value").near("a model takes one picture");
        reader.refuse(format!("input {}", other.name), why);
        reader.values.insert(&other.name, Value::Missing);
    }
    let (element, shape) =
        shape_of(first).ok_or_else(|| format!("its input `{}` is no tensor", first.name))?;
    let kind = DataType::try_from(element).unwrap_or(DataType::Undefined);
    if matches!(kind, DataType::String | DataType::Bool | DataType::Complex64 | DataType::Complex128) {
        return Err(format!("its input `{}` holds {kind:?} values, and no picture", first.name));
    }
    let shape = shape.ok_or_else(|| format!("it does not say the shape of its input `{}`", first.name))?;
    let Taken { batch, atoms, extents } = taken(graph, first, shape, asked)?;
    reader.batch = batch;
    let mut channels = extents[2].ok_or_else(|| {
        format!("it does not say how many channels its input `{}` has: say it with `--input`", first.name)
    })?;
    let open = [extents[0].is_none(), extents[1].is_none()];
    let [rows, columns] = [extents[0], extents[1]].map(|side| side.unwrap_or(NOMINAL));
    let mut begun = Begun { nodes: Vec::new(), settings: Vec::new() };
    let mut value = first.name.clone();
    let mut axes = single(atoms);
    if let Some(settings) = prepare::said(graph) {
        if kind == DataType::Uint8 {
            let mut pictures = value.clone();
            let mut turned = axes.clone();
            let mut before = Vec::new();
            // ours are channels first behind it
            if axes == single(NHWC)
                && let [at] = graph.takers_at(&value)
                && graph.nodes[*at].op_type == "Transpose"
                && let Some(result) = graph.nodes[*at].output.first()
            {
                (pictures, turned) = (result.clone(), single(NCHW));
                before.push(*at);
            }
            let size = (open == [false; 2]).then_some([rows, columns]);
            if let Some(found) = prepare::find(graph, &settings, &pictures, channels, size) {
                before.extend(found.nodes);
                (begun.nodes, value, channels, axes) = (before, found.result, found.channels, turned);
                begun.settings = prepare::settings(&settings);
            }
        } else if graph.producer == env!("CARGO_PKG_NAME") {
            // it takes pictures that have been prepared so
            begun.settings = prepare::settings(&settings);
        }
    }
    let written = [(open[0], rows), (open[1], columns), (false, channels)];
    let written = written.map(|(is_open, extent)| (!is_open).then_some(extent));
    let shape = Shape::image(rows, columns, channels);
    let draft = Draft::new("input", Vec::new(), shape).option("shape", words::size(written)).open(open);
    reader.drafts.push(Draft { origin: format!("input {}", first.name), kind: Kind::Plain, ..draft });
    let alone = reader.uses(&value) == 1;
    let active = Active { draft: 0, axes, order: None, alone, view: None };
    let name = graph.nodes.iter().flat_map(|node| &node.output).find(|name| **name == value);
    reader.values.insert(name.map_or(first.name.as_str(), String::as_str), Value::Active(active));
    Ok(begun)
}

/// What is known of a graph's input.
struct Taken {
    batch: Option<usize>,
    /// What its axes are.
    atoms: Vec<Atom>,
    /// `[height, width, channels]`; `None` where it is open.
    extents: [Option<usize>; 3],
}

fn taken(
    graph: &Graph,
    input: &ValueInfoProto,
    shape: &TensorShapeProto,
    asked: &Asked,
) -> Result<Taken, String> {
    let extents: Vec<Option<usize>> = shape
        .dim
        .iter()
        .map(|dim| match dim.value {
            Some(Extent::Value(extent)) => usize::try_from(extent).ok().filter(|&extent| extent > 0),
            Some(Extent::Named(_)) | None => None,
        })
        .collect();
    let known = |axis: usize| extents.get(axis).copied().flatten();
    let atoms = match extents.len() {
        4 => match layout::of(graph, &input.name, 4) {
            Some(atoms) => atoms,
            None => {
                let [first, second, last] = [1, 2, 3].map(|axis| known(axis).unwrap_or(NOMINAL));
                let is_last = matches!(last, 1 | 3 | 4) && first.min(second) > 4;
                if is_last { NHWC.to_vec() } else { NCHW.to_vec() }
            }
        },
        3 => {
            let said = layout::of(graph, &input.name, 3);
            said.unwrap_or_else(|| vec![Atom::Batch, Atom::Rows, Atom::Columns])
        }
        2 => vec![Atom::Batch, Atom::Channels],
        1 => vec![Atom::Batch],
        other => return Err(format!("its input `{}` has {other} axes; pictures have 4", input.name)),
    };
    let of_atom = |atom: Atom| match atoms.iter().position(|&known| known == atom) {
        Some(axis) => known(axis),
        None => Some(1),
    };
    let mut found = [Atom::Rows, Atom::Columns, Atom::Channels].map(of_atom);
    if let Some(asked) = asked.input {
        for (extent, asked) in found.iter_mut().zip(asked) {
            match extent {
                Some(known) if *known != asked => {
                    return Err(format!(
                        "`--input` says {asked} where its input `{}` has {known}",
                        input.name
                    ));
                }
                _ => *extent = Some(asked),
            }
        }
    }
    if found.iter().flatten().any(|&extent| extent > MOST)
        || found[..2].iter().flatten().any(|&side| side > WIDEST)
    {
        return Err(format!("its input `{}` is larger than any picture", input.name));
    }
    // a side that is left open is one of a map
    if atoms.len() < 4 && found[..2].iter().any(Option::is_none) {
        return Err(format!("it leaves the size of its input `{}` open: say it with `--input`", input.name));
    }
    Ok(Taken { batch: known(0), atoms, extents: found })
}
