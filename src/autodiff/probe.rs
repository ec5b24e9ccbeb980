//! A forward pass that shows more than the model's output: results of layers, and the gradient of the output
//! by one.

use super::backward::gradients_by;
use crate::ir::{CheckedProgram, Forward, Graph, InputRole, LayerId, Mode, OutputId, Value, forward};
use crate::ops::Op;
use crate::tensor::{Element, Shape, TensorType};
use crate::vocabulary::ActivationKind;

/// What is to be seen besides the model's output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Probe {
    /// Results of these layers: [`OutputId::Value`] by their places.
    pub values: Vec<LayerId>,
    /// A gradient by the result of a layer.
    pub gradient: Option<(Differentiated, LayerId)>,
}

/// What is differentiated: a sum over the outputs, or the values of a layer, each times a number of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Differentiated {
    /// Scores: what the last softmax or sigmoid is given; the output itself where the model ends in neither.
    #[default]
    Scores,
    /// The output, after its last activation.
    Output,
    /// The result of a layer, after its own activation.
    Layer(LayerId),
}

/// Why there is no graph of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoProbe {
    /// Inference leaves the layer out.
    LeftOut(LayerId),
    /// The output does not depend on the layer.
    Independent(LayerId),
}

/// The inference graph of a probe. With a gradient it has an input in the place of labels, `[N, outputs]`
/// (or values of the layer): how much each counts in the sum that is differentiated.
/// # Errors
/// [`NoProbe`].
pub fn probe_graph(program: &CheckedProgram, probe: &Probe) -> Result<Graph, NoProbe> {
    let Forward { mut graph, output, layers, .. } = forward(program, Mode::Inference);
    let value_of = |layer: LayerId| layers[layer.index()].ok_or(NoProbe::LeftOut(layer));
    graph.outputs.push((OutputId::Model, output));
    for (at, &layer) in probe.values.iter().enumerate() {
        graph.outputs.push((OutputId::Value(at), value_of(layer)?));
    }
    if let Some((of, layer)) = probe.gradient {
        let by = value_of(layer)?;
        let of = match of {
            Differentiated::Scores => scores(&graph, output),
            Differentiated::Output => output,
            Differentiated::Layer(layer) => value_of(layer)?,
        };
        let counts = counts(&mut graph, of);
        let gradient = gradients_by(&mut graph, (of, counts), by).ok_or(NoProbe::Independent(layer))?;
        graph.outputs.push((OutputId::Gradient, gradient));
    }
    graph.updates.clear();
    Ok(graph)
}

/// What the last softmax or sigmoid is given.
fn scores(graph: &Graph, output: Value) -> Value {
    let last = graph.node(output.node);
    let ends_in_link = matches!(last.op, Op::Softmax(_) | Op::Activation(ActivationKind::Sigmoid));
    if ends_in_link { last.inputs[0] } else { output }
}

/// The input that says how much each element of a value counts.
fn counts(graph: &mut Graph, of: Value) -> Value {
    let shape = graph.ty(of).shape.clone();
    let flat = Shape::vector(shape.elements());
    let ty = TensorType { element: Element::F32, shape: flat.clone(), batched: true };
    let counts = graph.push_value(Op::Input(InputRole::Labels, ty), &[], "");
    if shape == flat { counts } else { graph.push_value(Op::Reshape(shape), &[counts], "") }
}
