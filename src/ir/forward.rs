//! From a checked program to the graph of its forward pass.

use super::{CheckedProgram, Graph, GraphBuilder, InputRole, Loss, Mode, Param, ParamRole, Value};
use crate::layers::{ActivationKind, ParamSpec};
use crate::ops::Op;
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
}

/// Builds the forward pass.
pub fn forward(program: &CheckedProgram, mode: Mode) -> Forward {
    let mut graph = Graph::default();
    let mut layers: Vec<Value> = Vec::new();
    for (index, node) in program.program().model.layers.iter().enumerate() {
        let layer = node.layer.as_op();
        if node.inputs.is_empty() {
            let ty = TensorType::per_image(program.input_shape().clone());
            layers.push(graph.push_value(Op::Input(InputRole::Images, ty), &[], &node.path));
            continue;
        }
        let inputs: Vec<Value> = node.inputs.iter().map(|id| layers[id.index()]).collect();
        let shapes: Vec<Shape> = node.inputs.iter().map(|&id| program.shape(id).clone()).collect();
        let params: Vec<Value> =
            layer.params(&shapes).into_iter().map(|spec| declare(&mut graph, &node.path, spec)).collect();
        let value = layer.build(&mut GraphBuilder::new(&mut graph, &node.path, mode), &inputs, &params);
        let (inferred, built) = (program.shape(super::LayerId(index as u32)), &graph.ty(value).shape);
        debug_assert_eq!(inferred, built, "`{}` builds what it infers", node.path);
        layers.push(value);
    }
    let output = *layers.last().expect("a model has layers");
    let scores = scores_of(&graph, output, program.loss());
    Forward { graph, output, scores, layers }
}

fn declare(graph: &mut Graph, path: &str, spec: ParamSpec) -> Value {
    let role = if spec.trainable { ParamRole::Weight } else { ParamRole::State };
    let name = format!("{path}.{}", spec.name);
    graph.add_param(Param { name, shape: spec.shape, initializer: spec.initializer, role }, path).1
}

fn scores_of(graph: &Graph, output: Value, loss: Option<Loss>) -> Value {
    let last = graph.node(output.node);
    let is_part_of_loss = match loss {
        Some(Loss::CategoricalCrossentropy) => matches!(last.op, Op::Softmax(_)),
        Some(Loss::BinaryCrossentropy) => matches!(last.op, Op::Activation(ActivationKind::Sigmoid)),
        Some(Loss::Mse) | None => false,
    };
    if is_part_of_loss { last.inputs[0] } else { output }
}
