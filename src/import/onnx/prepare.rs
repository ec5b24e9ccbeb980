//! The nodes that prepare pictures in a graph of ours: they are settings of `prepare` again.

use std::collections::HashMap;

use super::graph::Graph;
use crate::ast::Expr;
use crate::ir::{Color, Normalize, PrepareSpec};
use crate::onnx::proto::NodeProto;
use crate::onnx::{Number, Opset, Preparation};
use crate::parse::parse_value;
use crate::settings::prepare_of_json;
use crate::vocabulary::{Words, factor};

/// What the file says of how its pictures are prepared.
pub(super) fn said(graph: &Graph) -> Option<PrepareSpec> {
    let json = serde_json::from_str(graph.metadata.get("prepare")?).ok()?;
    prepare_of_json(&json)
}

/// Names of the classes.
pub(super) fn classes(graph: &Graph) -> Vec<String> {
    let list = graph.metadata.get("classes").and_then(|text| serde_json::from_str(text).ok());
    list.unwrap_or_default()
}

/// Settings as they are written.
pub(super) fn settings(prepare: &PrepareSpec) -> Vec<(&'static str, Expr)> {
    let PrepareSpec { resize, color, rescale, normalize } = prepare;
    let resize = resize.as_ref().map(|resize| {
        let resize = resize.value;
        let is_plain = (resize.method.name(), resize.fit.name()) == ("bilinear", "stretch");
        let size = format!("{}x{}", resize.height, resize.width);
        ("resize", if is_plain { size } else { resize.text() })
    });
    let color = color.as_ref().map(|color| ("color", color.value.name().to_owned()));
    let rescale = rescale.as_ref().map(|rescale| ("rescale", factor(rescale.value)));
    let normalize = normalize.as_ref().map(|normalize| {
        let is_known = normalize.value == Normalize::imagenet();
        ("normalize", if is_known { "imagenet".to_owned() } else { normalize.value.text() })
    });
    let all = [resize, color, rescale, normalize].into_iter().flatten();
    all.filter_map(|(key, text)| Some((key, parse_value(&text, 0).0?))).collect()
}

/// The nodes that prepare pictures in a graph, and what the last of them gives.
pub(super) struct Found {
    pub(super) nodes: Vec<usize>,
    pub(super) result: String,
    /// Channels of a prepared picture.
    pub(super) channels: usize,
}

/// Finds the nodes that these settings are written as, behind `pictures`: node by node the same, with the same
/// numbers. `size` is `[height, width]` of the pictures, where it is known.
pub(super) fn find(
    graph: &Graph,
    prepare: &PrepareSpec,
    pictures: &str,
    taken: usize,
    size: Option<[usize; 2]>,
) -> Option<Found> {
    let opset = Opset::new(graph.opset)?;
    let color = prepare.color.as_ref().map(|color| color.value);
    // a grey picture is made of a coloured one
    let channels = if matches!(color, Some(Color::Gray | Color::LabL)) { 1 } else { taken };
    let elements = size.map(|[height, width]| height * width * channels);
    let wanted =
        Preparation::of(prepare, channels, elements, opset).filter(|wanted| wanted.channels == taken)?;
    let (nodes, result) = matched(graph, &wanted, pictures)?;
    Some(Found { nodes, result, channels })
}

fn matched(graph: &Graph, wanted: &Preparation, pictures: &str) -> Option<(Vec<usize>, String)> {
    let mut names: HashMap<&str, &str> = HashMap::from([(Preparation::PICTURES, pictures)]);
    let mut found = Vec::new();
    for expected in &wanted.nodes {
        // the node of this operator that takes what the expected one takes
        let first = names.get(expected.input.first()?.as_str())?;
        let at = *graph
            .takers_at(first)
            .iter()
            .find(|&&at| !found.contains(&at) && fits(graph, wanted, &names, expected, &graph.nodes[at]))?;
        let actual = &graph.nodes[at];
        names.insert(expected.output.first()?, actual.output.first()?);
        found.push(at);
    }
    let result = (*names.get(wanted.result.as_str())?).to_owned();
    Some((found, result))
}

/// Whether a node is the expected one.
fn fits(
    graph: &Graph,
    wanted: &Preparation,
    names: &HashMap<&str, &str>,
    expected: &NodeProto,
    actual: &NodeProto,
) -> bool {
    let is_operand = |(expected, actual): (&String, &String)| match names.get(expected.as_str()) {
        Some(name) => name == actual,
        None => wanted.constants.get(expected).is_some_and(|constant| is_constant(graph, actual, constant)),
    };
    expected.op_type == actual.op_type
        && expected.domain == actual.domain
        && expected.attribute == actual.attribute
        && expected.input.len() == actual.input.len()
        && expected.input.iter().zip(&actual.input).all(is_operand)
}

fn is_constant(graph: &Graph, name: &str, (dims, numbers): &(Vec<i64>, Vec<Number>)) -> bool {
    let Some(found) = graph.constants.get(name) else { return false };
    let is_shape = found.dims.iter().map(|&extent| extent as i64).eq(dims.iter().copied());
    let floats: Option<Vec<f32>> = numbers
        .iter()
        .map(|number| if let Number::Float(value) = number { Some(*value) } else { None })
        .collect();
    let ints: Option<Vec<i64>> = numbers
        .iter()
        .map(|number| if let Number::Int(value) = number { Some(*value) } else { None })
        .collect();
    is_shape
        && match (found.known(), ints, floats) {
            (Some(found), Some(ints), _) => found == ints,
            (None, _, Some(floats)) => found.floats().is_ok_and(|found| *found == floats[..]),
            _ => false,
        }
}
