//! From a checked program to the graph of its forward pass.

use super::{
    CheckedProgram, FrozenPart, Graph, GraphBuilder, InputRole, LayerId, LayerNode, Link, Loss, Mode,
    OutputId, Param, ParamId, ParamRole, Value,
};
use crate::desc::{Expr, ExprId, ExprNode};
use crate::layers::ParamSpec;
use crate::ops::{Map, Op, Softmax};
use crate::tensor::{Shape, TensorType};
use crate::vocabulary::{ActivationKind, Regularizer};

/// The forward pass of a model.
#[derive(Debug, Clone)]
pub struct Forward {
    /// Its graph, without outputs.
    pub graph: Graph,
    /// The model's output, after its last activation.
    pub output: Value,
    /// What the loss is computed from: for a cross-entropy of probabilities the scores that give them (the
    /// input of the last softmax or sigmoid), else the output.
    pub scores: Value,
    /// What the losses of auxiliary outputs are computed from, in their order; none in an inference graph.
    pub head_scores: Vec<Value>,
    /// The result of each layer; `None` for those that are left out.
    pub layers: Vec<Option<Value>>,
    /// Weights whose size adds to the loss; not those that are frozen.
    pub penalties: Vec<(ParamId, Regularizer)>,
}

/// Builds the forward pass. For inference, layers that only auxiliary outputs need are left out, and their
/// parameters with them.
pub fn forward(program: &CheckedProgram, mode: Mode) -> Forward {
    forward_behind(program, mode, None)
}

/// The same, of what stands behind a frozen part where there is one: its results are given in place of
/// pictures, and its layers are left out with their parameters.
///
/// # Panics
/// Never: what is built needs only what is built.
pub fn forward_behind(program: &CheckedProgram, mode: Mode, part: Option<&FrozenPart>) -> Forward {
    let model = &program.program().model;
    let left_out = match mode {
        Mode::Inference => model.only_for_heads(),
        Mode::Training { .. } => vec![false; model.layers.len()],
    };
    let Built { mut graph, layers, penalties } = build(program, mode, |at| match part {
        _ if left_out[at] => Source::None,
        Some(part) if part.inside[at] => part.place_of(at).map_or(Source::None, Source::Given),
        Some(_) | None => Source::Layer,
    });
    let mut scores_of = |layer: LayerId| {
        let output = value_of(&layers, layer);
        if program.gives_probabilities(layer) {
            scores_of(&mut graph, output, program.loss())
        } else {
            output
        }
    };
    let scores = scores_of(model.output);
    let heads: &[_] = if mode == Mode::Inference { &[] } else { &model.heads };
    let head_scores = heads.iter().map(|head| scores_of(head.output)).collect();
    let output = value_of(&layers, model.output);
    Forward { graph, output, scores, head_scores, layers, penalties }
}

/// The forward pass of a frozen part by itself: its outputs are what it hands over, [`OutputId::Value`] by
/// their places.
pub fn forward_of_part(program: &CheckedProgram, part: &FrozenPart) -> Graph {
    let within = |at: usize| if part.inside[at] { Source::Layer } else { Source::None };
    let Built { mut graph, layers, .. } = build(program, Mode::Inference, within);
    let handed = part.handed.iter().map(|&layer| value_of(&layers, layer)).enumerate();
    graph.outputs.extend(handed.map(|(place, value)| (OutputId::Value(place), value)));
    graph
}

/// Where a graph has the result of a layer from.
#[derive(Debug, Clone, Copy)]
enum Source {
    /// The layer is built.
    Layer,
    /// It is given, as the feature at this place.
    Given(u32),
    /// Nobody wants it.
    None,
}

/// Layers in a graph.
struct Built {
    graph: Graph,
    layers: Vec<Option<Value>>,
    penalties: Vec<(ParamId, Regularizer)>,
}

fn value_of(layers: &[Option<Value>], id: LayerId) -> Value {
    layers[id.index()].expect("an operand is built first")
}

/// Builds layers in their order, each as `source` says.
fn build(program: &CheckedProgram, mode: Mode, source: impl Fn(usize) -> Source) -> Built {
    let mut graph = Graph::default();
    let model = &program.program().model;
    let mut layers: Vec<Option<Value>> = Vec::with_capacity(model.layers.len());
    let mut penalties = Vec::new();
    for (index, node) in model.layers.iter().enumerate() {
        let shape = program.shape(LayerId(index as u32));
        let given = match source(index) {
            Source::None => {
                layers.push(None);
                continue;
            }
            Source::Given(place) => Some(InputRole::Features(place)),
            Source::Layer => node.inputs.is_empty().then_some(InputRole::Images),
        };
        if let Some(role) = given {
            let ty = TensorType::per_image(shape.clone());
            layers.push(Some(graph.push_value(Op::Input(role, ty), &[], &node.path)));
            continue;
        }
        let layer = node.layer.as_op();
        let inputs: Vec<Value> = node.inputs.iter().map(|&id| value_of(&layers, id)).collect();
        let shapes: Vec<Shape> = node.inputs.iter().map(|&id| program.shape(id).clone()).collect();
        let specs = layer.params(&shapes);
        let mut params: Vec<Value> = Vec::with_capacity(specs.len());
        for spec in specs {
            let regularizer = spec.regularizer;
            let (id, value) = declare(&mut graph, node, spec);
            let changes = graph.params[id.index()].role == ParamRole::Weight;
            penalties.extend(regularizer.filter(|_| changes).map(|regularizer| (id, regularizer)));
            params.push(value);
        }
        // what is frozen is as in use: it normalises by its own statistics, and drops nothing
        let mode = if node.frozen { Mode::Inference } else { mode };
        let value = layer.build(&mut GraphBuilder::new(&mut graph, &node.path, mode), &inputs, &params);
        debug_assert_eq!(shape, &graph.ty(value).shape, "`{}` builds what it infers", node.path);
        layers.push(Some(value));
    }
    Built { graph, layers, penalties }
}

/// A weight that is frozen is a state that nothing changes: no gradient is computed for it.
fn declare(graph: &mut Graph, node: &LayerNode, spec: ParamSpec) -> (ParamId, Value) {
    let role = if spec.trainable && !node.frozen { ParamRole::Weight } else { ParamRole::State };
    let name = format!("{}.{}", node.path, spec.name);
    let param =
        Param { name, layer: node.path.clone(), shape: spec.shape, initializer: spec.initializer, role };
    graph.add_param(param, &node.path)
}

/// A cross-entropy is computed from scores in one stable step. Where the model ends in the loss's own
/// activation, its operand is the scores. Where its probabilities come about in another way, the scores are
/// those that would give the same probabilities, clipped as Keras does it:
/// ```text
/// categorical:  q = p / Σ p over the classes, clipped to 1e-7 ..= 1 − 1e-7;  s = ln q
/// binary:       q = p, clipped alike;                                        s = ln q − ln(1 − q)
/// ```
fn scores_of(graph: &mut Graph, output: Value, loss: Option<Loss>) -> Value {
    let outputs = graph.ty(output).shape.elements();
    let Some(link) = loss.and_then(|loss| loss.link(outputs)) else { return output };
    if let Some(scores) = before_link(graph, output, link) {
        return scores;
    }
    match link {
        Link::Softmax => {
            // the softmax of logarithms divides by the sum
            let log = push_map(graph, output, |e, p| {
                let least = e.constant(LEAST_SHARE);
                let raised = e.max(least, p);
                e.push(ExprNode::Log(raised))
            });
            let layer = graph.node(output.node).layer.clone();
            let shares = graph.push_value(Op::Softmax(Softmax), &[log], &layer);
            push_map(graph, shares, |e, p| {
                let clipped = clipped(e, p);
                e.push(ExprNode::Log(clipped))
            })
        }
        Link::Sigmoid => push_map(graph, output, |e, p| {
            let (clipped, one) = (clipped(e, p), e.constant(1.0));
            let rest = e.sub(one, clipped);
            let (log, log_rest) = (e.push(ExprNode::Log(clipped)), e.push(ExprNode::Log(rest)));
            e.sub(log, log_rest)
        }),
    }
}

/// Below this a share is not told from 0 before all are divided by their sum.
const LEAST_SHARE: f32 = 1e-30;

/// What the loss's own activation is given, in the shape of the output, where the model ends in it.
fn before_link(graph: &mut Graph, output: Value, link: Link) -> Option<Value> {
    let outputs = graph.ty(output).shape.elements();
    let (mut value, mut shapes) = (output, Vec::new());
    while matches!(graph.node(value.node).op, Op::Reshape(_)) {
        shapes.push(graph.node(value.node).op.clone());
        value = *graph.node(value.node).inputs.first()?;
    }
    let is_link = match (&graph.node(value.node).op, link) {
        // of one pixel: else its shares are not those of all outputs
        (Op::Softmax(_), Link::Softmax) => graph.ty(value).shape.channels() == outputs,
        (Op::Activation(kind), Link::Sigmoid) => *kind == ActivationKind::Sigmoid,
        _ => false,
    };
    let mut scores = *graph.node(value.node).inputs.first().filter(|_| is_link)?;
    let layer = graph.node(output.node).layer.clone();
    for shape in shapes.into_iter().rev() {
        scores = graph.push_value(shape, &[scores], &layer);
    }
    Some(scores)
}

/// Within 1e-7 ..= 1 − 1e-7.
fn clipped(e: &mut Expr, p: ExprId) -> ExprId {
    let (least, most) = (e.constant(1e-7), e.constant(1.0 - 1e-7));
    let raised = e.max(least, p);
    e.min(most, raised)
}

/// A map of the output, on behalf of the layer that makes it.
fn push_map(graph: &mut Graph, of: Value, write: impl FnOnce(&mut Expr, ExprId) -> ExprId) -> Value {
    let map = Map::single(|e| {
        let operand = e.input(0);
        write(e, operand)
    });
    let layer = graph.node(of.node).layer.clone();
    graph.push_value(Op::Map(map), &[of], &layer)
}
