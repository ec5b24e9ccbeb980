//! From a checked program to the graph of its forward pass.

use super::{
    CheckedProgram, Graph, GraphBuilder, InputRole, LayerId, LayerNode, Link, Loss, Mode, Param, ParamId,
    ParamRole, Value,
};
use crate::desc::{Expr, ExprId, ExprNode};
use crate::layers::ParamSpec;
use crate::ops::{Map, Op};
use crate::tensor::{Shape, TensorType};
use crate::vocabulary::{ActivationKind, Regularizer};

/// The forward pass of a model.
#[derive(Debug, Clone)]
pub struct Forward {
    /// Its graph, without outputs.
    pub graph: Graph,
    /// The model's output, after its last activation.
    pub output: Value,
    /// What the loss is computed from: for a cross-entropy the input of the last softmax or sigmoid, else the
    /// output.
    pub scores: Value,
    /// What the losses of auxiliary outputs are computed from, in their order; none in an inference graph.
    pub head_scores: Vec<Value>,
    /// The result of each layer; `None` for those that inference leaves out.
    pub layers: Vec<Option<Value>>,
    /// Weights whose size adds to the loss; not those that are frozen.
    pub penalties: Vec<(ParamId, Regularizer)>,
}

/// Builds the forward pass. For inference, layers that only auxiliary outputs need are left out, and their
/// parameters with them.
///
/// # Panics
/// Never: what is built needs only what is built.
pub fn forward(program: &CheckedProgram, mode: Mode) -> Forward {
    let mut graph = Graph::default();
    let model = &program.program().model;
    let left_out = match mode {
        Mode::Inference => model.only_for_heads(),
        Mode::Training { .. } => vec![false; model.layers.len()],
    };
    let mut layers: Vec<Option<Value>> = Vec::with_capacity(model.layers.len());
    let mut penalties = Vec::new();
    let value_of =
        |layers: &[Option<Value>], id: LayerId| layers[id.index()].expect("an operand is built first");
    for (index, node) in model.layers.iter().enumerate() {
        if left_out[index] {
            layers.push(None);
            continue;
        }
        let layer = node.layer.as_op();
        if node.inputs.is_empty() {
            let ty = TensorType::per_image(program.input_shape().clone());
            layers.push(Some(graph.push_value(Op::Input(InputRole::Images, ty), &[], &node.path)));
            continue;
        }
        let inputs: Vec<Value> = node.inputs.iter().map(|&id| value_of(&layers, id)).collect();
        let shapes: Vec<Shape> = node.inputs.iter().map(|&id| program.shape(id).clone()).collect();
        let specs = layer.params(&shapes);
        let tracks = specs.iter().any(|spec| !spec.trainable);
        let mut params: Vec<Value> = Vec::with_capacity(specs.len());
        for spec in specs {
            let regularizer = spec.regularizer;
            let (id, value) = declare(&mut graph, node, spec);
            let changes = graph.params[id.index()].role == ParamRole::Weight;
            penalties.extend(regularizer.filter(|_| changes).map(|regularizer| (id, regularizer)));
            params.push(value);
        }
        // what is frozen keeps its statistics too, and is normalised by them
        let mode = if node.frozen && tracks { Mode::Inference } else { mode };
        let value = layer.build(&mut GraphBuilder::new(&mut graph, &node.path, mode), &inputs, &params);
        let (inferred, built) = (program.shape(LayerId(index as u32)), &graph.ty(value).shape);
        debug_assert_eq!(inferred, built, "`{}` builds what it infers", node.path);
        layers.push(Some(value));
    }
    let output = value_of(&layers, model.output);
    let train = program.program().train.as_ref();
    let are_scores =
        train.and_then(|train| train.loss_options.from_logits.as_ref()).is_some_and(|written| written.value);
    let mut scores_of =
        |output: Value| if are_scores { output } else { scores_of(&mut graph, output, program.loss()) };
    let scores = scores_of(output);
    let heads: &[_] = if mode == Mode::Inference { &[] } else { &model.heads };
    let head_scores = heads.iter().map(|head| scores_of(value_of(&layers, head.output))).collect();
    Forward { graph, output, scores, head_scores, layers, penalties }
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
/// activation, its operand is the scores. Where it ends in another one that makes probabilities, the scores
/// are those that would give the same probabilities, as Keras does (it clips them alike):
/// ```text
/// binary after softmax:      s = ln p − ln(1 − p)      categorical after sigmoid:  s = ln p, whose softmax is p / Σ p
/// ```
fn scores_of(graph: &mut Graph, output: Value, loss: Option<Loss>) -> Value {
    let last = graph.node(output.node);
    let is_softmax = matches!(last.op, Op::Softmax(_));
    let is_sigmoid = matches!(last.op, Op::Activation(ActivationKind::Sigmoid));
    let before = last.inputs.first().copied();
    let outputs = graph.ty(output).shape.elements();
    match loss.and_then(|loss| loss.link(outputs)) {
        Some(Link::Softmax) if is_softmax => before.unwrap_or(output),
        Some(Link::Sigmoid) if is_sigmoid => before.unwrap_or(output),
        Some(Link::Softmax) if is_sigmoid => of_probabilities(graph, output, |e, p| e.push(ExprNode::Log(p))),
        Some(Link::Sigmoid) if is_softmax => of_probabilities(graph, output, |e, p| {
            let one = e.constant(1.0);
            let rest = e.sub(one, p);
            let (log, log_rest) = (e.push(ExprNode::Log(p)), e.push(ExprNode::Log(rest)));
            e.sub(log, log_rest)
        }),
        Some(Link::Softmax | Link::Sigmoid) | None => output,
    }
}

/// A map of probabilities clipped to 1e-7 ..= 1 − 1e-7.
fn of_probabilities(
    graph: &mut Graph,
    output: Value,
    write: impl FnOnce(&mut Expr, ExprId) -> ExprId,
) -> Value {
    let map = Map::single(|e| {
        let (p, least, most) = (e.input(0), e.constant(1e-7), e.constant(1.0 - 1e-7));
        let raised = e.max(least, p);
        let clipped = e.min(most, raised);
        write(e, clipped)
    });
    let layer = graph.node(output.node).layer.clone();
    graph.push_value(Op::Map(map), &[output], &layer)
}
