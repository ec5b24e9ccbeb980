//! What a model costs, layer by layer: parameters and work.

use crate::ir::{CheckedProgram, LayerId, LayerNode};
use crate::layers::ParamSpec;
use crate::tensor::Shape;

/// The layers of a model with what they cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The model's name.
    pub model: String,
    /// The layers, in the order of evaluation.
    pub layers: Vec<LayerFigures>,
    /// Where the model leaves height and width open, the smallest pictures it takes, `[height, width]`.
    /// Figures that depend on them are then those of one size.
    pub open_from: Option<[usize; 2]>,
    /// The phases of training by their names, with the parameters that each changes; none where training has
    /// no phases.
    pub phases: Vec<(String, u64)>,
}

/// A layer and what it costs.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerFigures {
    /// Full name.
    pub path: String,
    /// Keyword.
    pub kind: &'static str,
    /// Shape of its result.
    pub output: Shape,
    /// The same as text, `?` where it follows the size of a picture that is left open: `?x?x64`.
    pub shape: String,
    /// Whether its weights and statistics stay as they are.
    pub frozen: bool,
    /// Parameters that the optimizer changes: none where it is frozen.
    pub trainable: u64,
    /// Parameters that it does not.
    pub fixed: u64,
    /// Multiplications and additions of one picture's forward pass.
    pub flops: u64,
}

impl LayerFigures {
    /// All parameters.
    pub fn parameters(&self) -> u64 {
        self.trainable + self.fixed
    }

    /// Memory of its result for one picture.
    pub fn output_bytes(&self) -> usize {
        size_of::<f32>() * self.output.elements()
    }
}

impl Summary {
    /// Of a program.
    pub fn of(program: &CheckedProgram) -> Self {
        let model = &program.program().model;
        let phases = program.program().train.as_ref().map_or(&[][..], |train| &train.phases);
        let changed = program.stages().into_iter().map(|stage| sum_of_trainable(&layers_of(&stage)));
        Self {
            model: model.name.value.clone(),
            layers: layers_of(program),
            open_from: program.open_sizes().map(|open| open.least),
            phases: phases.iter().map(|phase| phase.name.value.clone()).zip(changed).collect(),
        }
    }

    /// Parameters that the optimizer changes.
    pub fn trainable(&self) -> u64 {
        sum_of_trainable(&self.layers)
    }

    /// Parameters that it does not.
    pub fn fixed(&self) -> u64 {
        self.layers.iter().map(|layer| layer.fixed).sum()
    }

    /// Multiplications and additions of one picture's forward pass.
    pub fn flops(&self) -> u64 {
        self.layers.iter().map(|layer| layer.flops).sum()
    }
}

fn sum_of_trainable(layers: &[LayerFigures]) -> u64 {
    layers.iter().map(|layer| layer.trainable).sum()
}

fn layers_of(program: &CheckedProgram) -> Vec<LayerFigures> {
    let layer = |(at, node): (usize, &LayerNode)| {
        let layer = node.layer.as_op();
        let inputs: Vec<Shape> = node.inputs.iter().map(|&input| program.shape(input).clone()).collect();
        let params = layer.params(&inputs);
        let elements = |wanted: bool| {
            let is_wanted = |param: &&ParamSpec| (param.trainable && !node.frozen) == wanted;
            params.iter().filter(is_wanted).map(|param| param.shape.elements() as u64).sum::<u64>()
        };
        let id = LayerId(u32::try_from(at).unwrap_or(u32::MAX));
        LayerFigures {
            path: node.path.clone(),
            kind: layer.keyword(),
            output: program.shape(id).clone(),
            shape: program.shape_text(id),
            frozen: node.frozen && !params.is_empty(),
            trainable: elements(true),
            fixed: elements(false),
            flops: layer.flops(&inputs),
        }
    };
    program.program().model.layers.iter().enumerate().map(layer).collect()
}
