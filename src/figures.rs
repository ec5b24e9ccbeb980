//! What a model costs, layer by layer: parameters and work.

use crate::ir::{CheckedProgram, LayerId};
use crate::layers::ParamSpec;
use crate::tensor::Shape;

/// A layer and what it costs.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerFigures {
    /// Full name.
    pub path: String,
    /// Keyword.
    pub kind: &'static str,
    /// Shape of its result.
    pub output: Shape,
    /// Parameters that the optimizer changes.
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
}

/// The layers of a program, in the order of evaluation.
pub fn layers(program: &CheckedProgram) -> Vec<LayerFigures> {
    let nodes = program.program().model.layers.iter().enumerate();
    let figures = nodes.map(|(at, node)| {
        let layer = node.layer.as_op();
        let inputs: Vec<Shape> = node.inputs.iter().map(|&input| program.shape(input).clone()).collect();
        let params = layer.params(&inputs);
        let elements = |wanted: bool| {
            let of_kind = params.iter().filter(|param: &&ParamSpec| param.trainable == wanted);
            of_kind.map(|param| param.shape.elements() as u64).sum::<u64>()
        };
        LayerFigures {
            path: node.path.clone(),
            kind: layer.keyword(),
            output: program.shape(LayerId(u32::try_from(at).unwrap_or(u32::MAX))).clone(),
            trainable: elements(true),
            fixed: elements(false),
            flops: layer.flops(&inputs),
        }
    });
    figures.collect()
}
