//! Pictures: networks as graphs ([`Diagram`]), and everything else, laid out as a [`scene`].

pub mod colors;
mod dot;
mod placement;
pub mod scene;
mod svg;
#[cfg(feature = "engine")]
pub(crate) mod tiles;
mod xml;

#[cfg(feature = "engine")]
pub(crate) use xml::escaped;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::ir::{CheckedProgram, LayerId, Model, Scope, ScopeKind};
use crate::layers::{LayerOp, Purpose, SlidingKind};
use crate::printed::thousands;
use crate::tensor::Shape;
use crate::vocabulary::{Activation, Words};

/// Most nodes of a picture whose scopes are all open.
const READABLE: usize = 40;

/// A network as nodes and edges; each edge leads from a node to a later one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagram {
    /// The model's name.
    pub title: String,
    /// Layers, folded scopes and outputs, in the order of evaluation.
    pub nodes: Vec<Node>,
    /// Which results go where.
    pub edges: Vec<Edge>,
}

/// A layer, a folded scope or an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its full name.
    pub name: String,
    /// The layer's keyword, the block's name, or `output`.
    pub kind: String,
    /// A layer's window and activation: `3x3, stride 2, relu`; empty for layers with neither.
    pub detail: String,
    /// Whether all parameters in it stay as they are.
    pub frozen: bool,
    /// Parameters in it, those that no optimizer changes too.
    pub parameters: u64,
    /// Number of layers in it: one but for folded scopes (0 for an output).
    pub layers: usize,
}

/// A result that goes from one node to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The node that makes it.
    pub from: usize,
    /// The node that takes it.
    pub to: usize,
    /// Its shape.
    pub shape: String,
}

impl Diagram {
    /// The network of a program. Scopes (blocks, models used as layers, turns of repeats) that lie in `depth`
    /// others are folded into one node; without a `depth` as few as it takes for about 40 nodes.
    pub fn of(program: &CheckedProgram, depth: Option<usize>) -> Self {
        let model = &program.program().model;
        let folded = match depth {
            Some(depth) => folded_at(model, depth),
            None => {
                let deepest = depths(&model.scopes).into_iter().map(|depth| depth + 1).max().unwrap_or(0);
                let readable = |depth: &usize| node_count(model, &folded_at(model, *depth)) <= READABLE;
                (0..=deepest)
                    .rev()
                    .find(readable)
                    .map_or_else(|| folded_at(model, 0), |depth| folded_at(model, depth))
            }
        };
        draw(program, &folded)
    }

    /// As Graphviz's DOT.
    pub fn to_dot(&self) -> String {
        dot::write(self)
    }

    /// As SVG.
    pub fn to_svg(&self) -> String {
        svg::write(self)
    }
}

/// For each scope, how many hold it. An outer one stands before those in it.
fn depths(scopes: &[Scope]) -> Vec<usize> {
    let mut around: Vec<&Range<usize>> = Vec::new();
    let mut depths = Vec::with_capacity(scopes.len());
    for scope in scopes {
        let inner = &scope.layers;
        while around.last().is_some_and(|outer| inner.start < outer.start || outer.end < inner.end) {
            around.pop();
        }
        depths.push(around.len());
        around.push(inner);
    }
    depths
}

/// The scopes that are folded, none within another.
fn folded_at(model: &Model, depth: usize) -> Vec<&Scope> {
    let at_depth = model.scopes.iter().zip(depths(&model.scopes)).filter(|(_, own)| *own == depth);
    at_depth.map(|(scope, _)| scope).filter(|scope| scope.layers.len() > 1).collect()
}

fn node_count(model: &Model, folded: &[&Scope]) -> usize {
    model.layers.len() - folded.iter().map(|scope| scope.layers.len() - 1).sum::<usize>()
}

fn draw(program: &CheckedProgram, folded: &[&Scope]) -> Diagram {
    let model = &program.program().model;
    let mut nodes: Vec<Node> = Vec::new();
    let mut node_of = vec![0; model.layers.len()];
    let by_start: BTreeMap<usize, &&Scope> =
        folded.iter().rev().map(|scope| (scope.layers.start, scope)).collect();
    let mut at = 0;
    while at < model.layers.len() {
        let scope = by_start.get(&at);
        let range: Range<usize> = scope.map_or(at..at + 1, |scope| scope.layers.clone());
        let weighted = || range.clone().map(|layer| (layer, parameters_of(program, layer)));
        let parameters = weighted().map(|(_, parameters)| parameters).sum();
        let is_trained = weighted().any(|(layer, parameters)| parameters > 0 && !model.layers[layer].frozen);
        let (name, kind, detail) = match scope {
            Some(scope) => (scope.path.clone(), kind_of(scope), String::new()),
            None => {
                let (path, layer) = (&model.layers[at].path, model.layers[at].layer.as_op());
                (path.clone(), layer.keyword().to_owned(), detail_of(layer))
            }
        };
        node_of[range.clone()].fill(nodes.len());
        let frozen = parameters > 0 && !is_trained;
        nodes.push(Node { name, kind, detail, frozen, parameters, layers: range.len() });
        at = range.end;
    }
    let shape = |id: LayerId| program.shape(id).to_string();
    let mut edges = BTreeSet::new();
    for (at, layer) in model.layers.iter().enumerate() {
        for &input in &layer.inputs {
            let (from, to) = (node_of[input.index()], node_of[at]);
            if from != to {
                edges.insert(Edge { from, to, shape: shape(input) });
            }
        }
    }
    let outputs = std::iter::once((model.name.value.as_str(), model.output));
    let heads = model.heads.iter().map(|head| (head.name.value.as_str(), head.output));
    for (name, id) in outputs.chain(heads) {
        edges.insert(Edge { from: node_of[id.index()], to: nodes.len(), shape: shape(id) });
        nodes.push(Node {
            name: name.to_owned(),
            kind: "output".to_owned(),
            detail: String::new(),
            frozen: false,
            parameters: 0,
            layers: 0,
        });
    }
    Diagram { title: model.name.value.clone(), nodes, edges: edges.into_iter().collect() }
}

fn parameters_of(program: &CheckedProgram, layer: usize) -> u64 {
    let node = &program.program().model.layers[layer];
    let inputs: Vec<Shape> = node.inputs.iter().map(|&input| program.shape(input).clone()).collect();
    node.layer.as_op().params(&inputs).iter().map(|param| param.shape.elements() as u64).sum()
}

/// The window that slides over the input, and what is applied to the result.
fn detail_of(layer: &dyn LayerOp) -> String {
    let pair = |[y, x]: [usize; 2]| if y == x { y.to_string() } else { format!("{y}x{x}") };
    let mut parts = Vec::new();
    if let Some(window) = layer.sliding() {
        let [y, x] = window.extents;
        parts.push(format!("{y}x{x}"));
        let usual = if window.kind == SlidingKind::Pooling { window.extents } else { [1, 1] };
        if window.stride != usual {
            parts.push(format!("stride {}", pair(window.stride)));
        }
        if window.dilation != [1, 1] {
            parts.push(format!("dilation {}", pair(window.dilation)));
        }
    }
    let activation = layer.activation();
    if activation != Activation::Linear && layer.purpose() != Purpose::Activate {
        parts.push(activation.keyword().to_owned());
    }
    parts.join(", ")
}

fn kind_of(scope: &Scope) -> String {
    match &scope.kind {
        ScopeKind::Block(name) => name.clone(),
        ScopeKind::Turn => "repeat".to_owned(),
        ScopeKind::Head => "head".to_owned(),
        ScopeKind::Model(backbone) => backbone.model.clone(),
    }
}

/// The lines that a node shows: what it is, its name where that says more, its window, its parameters.
fn lines_of(node: &Node) -> Vec<String> {
    let mut lines = vec![node.kind.clone()];
    if node.name != node.kind {
        lines.push(node.name.clone());
    }
    if !node.detail.is_empty() {
        lines.push(node.detail.clone());
    }
    if node.layers > 1 {
        lines.push(format!("{} layers", node.layers));
    }
    if node.parameters > 0 {
        let frozen = if node.frozen { ", frozen" } else { "" };
        lines.push(format!("{} parameters{frozen}", thousands(node.parameters)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::load;
    use crate::lower::LowerOptions;
    use crate::source::SourceFile;

    pub(super) fn diagram(body: &str) -> Diagram {
        let text = format!("model Net {{\n{body}\n}}\n");
        let loaded = load(SourceFile::new("net.cnn", text), &LowerOptions::default(), &|_| None);
        Diagram::of(&loaded.program.expect("no mistakes"), None)
    }

    #[test]
    fn edges_carry_shapes() {
        let drawn = diagram("input(8x8x1); x = conv2d(4, 3, padding: same); relu; add(x); flatten; dense(2)");
        let edge = |from, to, shape: &str| Edge { from, to, shape: shape.to_owned() };
        let wanted = [
            edge(0, 1, "8x8x1"),
            edge(1, 2, "8x8x4"),
            edge(1, 3, "8x8x4"),
            edge(2, 3, "8x8x4"),
            edge(3, 4, "8x8x4"),
            edge(4, 5, "256"),
            edge(5, 6, "2"),
        ];
        assert_eq!(drawn.edges, wanted);
        assert_eq!(drawn.nodes[1].parameters, 40);
        assert_eq!(lines_of(&drawn.nodes[1]), ["conv2d", "x", "3x3", "40 parameters"]);
        assert_eq!(drawn.nodes[6].kind, "output");
    }

    #[test]
    fn layers_say_their_windows_and_activations() {
        let drawn = diagram(
            "input(17x17x1); conv2d(4, 3x1, stride: 2, activation: relu); conv2d(4, 3, dilation: 2); relu; \
             max_pool2d(2); max_pool2d(2, stride: 1); flatten; dense(2, activation: softmax)",
        );
        let details: Vec<&str> = drawn.nodes.iter().map(|node| node.detail.as_str()).collect();
        let wanted =
            ["", "3x1, stride 2, relu", "3x3, dilation 2", "", "2x2", "2x2, stride 1", "", "softmax", ""];
        assert_eq!(details, wanted);
    }
}
