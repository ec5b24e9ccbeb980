//! What a file of weights holds for a network: the variables of its layers, in the order of the layers.

use super::{CheckedProgram, LayerId, Model};
use crate::layers::{Axes, Layer, Purpose};
use crate::tensor::Shape;

/// A variable of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Index of its layer.
    pub at: usize,
    /// Path of its layer: `backbone.conv1`.
    pub layer: String,
    /// Its name in the layer: `kernel`.
    pub name: &'static str,
    /// Its place among the layer's variables, in the order of Keras's `weights`.
    pub position: usize,
    /// Its shape, in Keras's layout.
    pub shape: Shape,
    /// What its axes are.
    pub axes: Axes,
    /// Channels of the map that the layer's input was, if that has been flattened from more than one pixel.
    /// Programs with channels first have its elements in another order.
    pub flattened: Option<usize>,
    /// The layer's kind: `conv2d`.
    pub kind: &'static str,
}

impl Variable {
    /// `backbone.conv1.kernel`
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.layer, self.name)
    }
}

/// The variables of a network's layers, without those that only auxiliary outputs need where `with_heads` is
/// not asked for.
pub fn variables(program: &CheckedProgram, with_heads: bool) -> Vec<Variable> {
    let model = &program.program().model;
    let for_heads = model.only_for_heads();
    let wanted = (0..model.layers.len()).filter(|&at| with_heads || !for_heads[at]);
    wanted.flat_map(|at| of_layer(program, at)).collect()
}

fn of_layer(program: &CheckedProgram, at: usize) -> Vec<Variable> {
    let model = &program.program().model;
    let node = &model.layers[at];
    let inputs: Vec<Shape> = node.inputs.iter().map(|&id: &LayerId| program.shape(id).clone()).collect();
    if inputs.is_empty() {
        return Vec::new();
    }
    let specs = node.layer.as_op().params(&inputs);
    if specs.is_empty() {
        return Vec::new();
    }
    let flattened = flattened(program, model, node.inputs[0]);
    let op = node.layer.as_op();
    // a normalisation has a number for each element of its input, other layers for each of their outputs
    let of_inputs = |axes| axes == Axes::Matrix || op.purpose() == Purpose::Normalize;
    let made = specs.into_iter().enumerate().map(|(position, spec)| Variable {
        at,
        layer: node.path.clone(),
        name: spec.name,
        position,
        shape: spec.shape,
        axes: spec.axes,
        flattened: flattened.filter(|_| of_inputs(spec.axes)),
        kind: op.keyword(),
    });
    made.collect()
}

/// Channels of the map of several pixels whose elements a layer's result is, in their order.
fn flattened(program: &CheckedProgram, model: &Model, mut layer: LayerId) -> Option<usize> {
    loop {
        let node = &model.layers[layer.index()];
        let &input = node.inputs.first()?;
        if matches!(node.layer, Layer::Flatten(_)) {
            let shape = program.shape(input);
            let channels = shape.channels();
            return (shape.rank() == 3 && shape.elements() > channels).then_some(channels);
        }
        let op = node.layer.as_op();
        let keeps_order =
            matches!(op.purpose(), Purpose::Drop | Purpose::Activate | Purpose::Disturb | Purpose::Normalize);
        if !keeps_order || node.inputs.len() > 1 {
            return None;
        }
        layer = input;
    }
}
