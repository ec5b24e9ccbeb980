//! From a checked program to the graph of its forward pass.

use super::{CheckedProgram, Graph, GraphBuilder, InputRole, LayerNode, Loss, Mode, Param, ParamId, ParamRole, Value};
use crate::kernel::desc::{Expr, ExprId, ExprNode};
use crate::layers::{ActivationKind, ParamSpec, Regularizer};
use crate::ops::{Map, Op};
use crate::tensor::{Shape, TensorType};

/// The forward pass of a model.
#[derive(Debug, Clone)]
pub struct Forward {
    /// Its graph, without outputs.
    pub graph: Graph,
    /// The model's output, after its last activation.
    pub output: Value,
    /// What the loss is computed from: for a cross-entropy the input of the last softmax or sigmoid, else the output.
    pub scores: Value,
    /// The result of each layer.
    pub layers: Vec<Value>,
    /// Weights whose size adds to the loss; not those that are frozen.
    pub penalties: Vec<(ParamId, Regularizer)>,
}

/// Builds the forward pass.
pub fn forward(program: &CheckedProgram, mode: Mode) -> Forward {
    let mut graph = Graph::default();
    let mut layers: Vec<Value> = Vec::new();
    let mut penalties = Vec::new();
    for (index, node) in program.program().model.layers.iter().enumerate() {
        let layer = node.layer.as_op();
        if node.inputs.is_empty() {
            let ty = TensorType::per_image(program.input_shape().clone());
            layers.push(graph.push_value(Op::Input(InputRole::Images, ty), &[], &node.path));
            continue;
        }
        let inputs: Vec<Value> = node.inputs.iter().map(|id| layers[id.index()]).collect();
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
        let (inferred, built) = (program.shape(super::LayerId(index as u32)), &graph.ty(value).shape);
        debug_assert_eq!(inferred, built, "`{}` builds what it infers", node.path);
        layers.push(value);
    }
    let output = layers[program.program().model.output.index()];
    let train = program.program().train.as_ref();
    let are_scores =
        train.and_then(|train| train.loss_options.from_logits.as_ref()).is_some_and(|written| written.value);
    let scores = if are_scores { output } else { scores_of(&mut graph, output, program.loss()) };
    Forward { graph, output, scores, layers, penalties }
}

/// A weight that is frozen is a state that nothing changes: no gradient is computed for it.
fn declare(graph: &mut Graph, node: &LayerNode, spec: ParamSpec) -> (ParamId, Value) {
    let role = if spec.trainable && !node.frozen { ParamRole::Weight } else { ParamRole::State };
    let name = format!("{}.{}", node.path, spec.name);
    graph.add_param(Param { name, shape: spec.shape, initializer: spec.initializer, role }, &node.path)
}

/// A cross-entropy is computed from scores in one stable step. Where the model ends in the loss's own activation, its operand is the scores. Where it ends in
/// another one that makes probabilities, the scores are those that would give the same probabilities, as Keras does (it clips them alike):
/// ```text
/// binary after softmax:      s = ln p − ln(1 − p)      categorical after sigmoid:  s = ln p, whose softmax is p / Σ p
/// ```
fn scores_of(graph: &mut Graph, output: Value, loss: Option<Loss>) -> Value {
    let last = graph.node(output.node);
    let is_softmax = matches!(last.op, Op::Softmax(_));
    let is_sigmoid = matches!(last.op, Op::Activation(ActivationKind::Sigmoid));
    let before = last.inputs.first().copied();
    match loss {
        Some(Loss::CategoricalCrossentropy) if is_softmax => before.unwrap_or(output),
        Some(Loss::BinaryCrossentropy) if is_sigmoid => before.unwrap_or(output),
        Some(Loss::CategoricalCrossentropy) if is_sigmoid => {
            of_probabilities(graph, output, |e, p| e.push(ExprNode::Log(p)))
        }
        Some(Loss::BinaryCrossentropy) if is_softmax => of_probabilities(graph, output, |e, p| {
            let one = e.constant(1.0);
            let rest = e.sub(one, p);
            let (log, log_rest) = (e.push(ExprNode::Log(p)), e.push(ExprNode::Log(rest)));
            e.sub(log, log_rest)
        }),
        Some(
            Loss::CategoricalCrossentropy | Loss::BinaryCrossentropy | Loss::Mse | Loss::Focal { .. } | Loss::Hinge,
        )
        | None => output,
    }
}

/// A map of probabilities clipped to 1e-7 ..= 1 − 1e-7.
fn of_probabilities(graph: &mut Graph, output: Value, write: impl FnOnce(&mut Expr, ExprId) -> ExprId) -> Value {
    let map = Map::single(|e| {
        let (p, least, most) = (e.input(0), e.constant(1e-7), e.constant(1.0 - 1e-7));
        let raised = e.max(least, p);
        let clipped = e.min(most, raised);
        write(e, clipped)
    });
    let layer = graph.node(output.node).layer.clone();
    graph.push_value(Op::Map(map), &[output], &layer)
}
