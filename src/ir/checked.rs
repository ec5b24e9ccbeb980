//! A program whose shapes, labels and schedule have been checked.

use super::{LabelKind, LayerId, Loss, Phase, Program};
use crate::tensor::Shape;

/// A checked program. Only the checker (`assume_checked` is its door) makes one, so holding one means: every layer has a
/// shape, the output fits the labels and the loss is known where there is a schedule.
#[derive(Debug, Clone)]
pub struct CheckedProgram {
    program: Program,
    shapes: Vec<Shape>,
    loss: Option<Loss>,
}

impl CheckedProgram {
    /// For the checker alone: `shapes[i]` is the output shape of layer i; `loss` is `None` only where there are neither data nor schedule.
    pub(crate) fn assume_checked(program: Program, shapes: Vec<Shape>, loss: Option<Loss>) -> Self {
        Self { program, shapes, loss }
    }

    /// What is trained one after the other: for each phase the program with its settings and with what it freezes; the program itself where there are
    /// no phases.
    pub fn stages(&self) -> Vec<CheckedProgram> {
        let phases = self.program.train.as_ref().map_or(&[][..], |train| &train.phases);
        let of_phase = |phase: &Phase| {
            let mut stage = self.clone();
            stage.program.train = Some(phase.spec.clone());
            for (node, &frozen) in stage.program.model.layers.iter_mut().zip(&phase.frozen) {
                node.frozen = frozen;
            }
            stage
        };
        if phases.is_empty() { vec![self.clone()] } else { phases.iter().map(of_phase).collect() }
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Output shape of a layer.
    pub fn shape(&self, layer: LayerId) -> &Shape {
        &self.shapes[layer.index()]
    }

    /// Shape of a prepared image.
    pub fn input_shape(&self) -> &Shape {
        &self.shapes[0]
    }

    /// Shape of the model's output.
    pub fn output_shape(&self) -> &Shape {
        self.shape(self.program.model.output)
    }

    /// What a picture's label is.
    pub fn label_kind(&self) -> LabelKind {
        self.program.label_kind()
    }

    /// The loss, written or inferred.
    pub fn loss(&self) -> Option<Loss> {
        self.loss
    }
}
