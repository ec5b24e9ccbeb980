//! A program whose shapes, labels and schedule have been checked.

mod together;

pub use together::Answers;

use super::{LabelKind, LayerId, Loss, Phase, PrepareSpec, Program};
use crate::layers::{Input, Layer};
use crate::tensor::Shape;

/// A checked program. Only the checker makes one of a [`Program`] (`assume_checked` is its door, and a test
/// sees to it that nobody else takes it), so holding one means: every layer has a shape, the output fits the
/// labels and the loss is known where there is a schedule. [`Self::at`] and [`Self::stages`] make others of
/// one that is checked: of another size within what was checked, all shapes inferred again, and of a phase
/// whose settings were checked with it.
#[derive(Debug, Clone)]
pub struct CheckedProgram {
    program: Program,
    shapes: Vec<Shape>,
    loss: Option<Loss>,
    open: Option<OpenSizes>,
}

/// What is known of a program that leaves the size of its pictures open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSizes {
    /// Whether height and width are open.
    pub axes: [bool; 2],
    /// The smallest pictures it takes, `[height, width]`.
    pub least: [usize; 2],
    /// For each layer and each axis of its result whether the extent follows the picture's.
    pub varying: Vec<Vec<bool>>,
}

/// A program cannot take pictures of a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the model takes pictures from {}x{} on, not of {}x{}", least[0], least[1], size[0], size[1])]
pub struct SizeRefused {
    /// Their size, `[height, width]`.
    pub size: [usize; 2],
    /// The least it takes; on an axis that is not open the one it takes.
    pub least: [usize; 2],
}

impl CheckedProgram {
    /// For the checker alone: `shapes[i]` is the output shape of layer i; `loss` is `None` only where there
    /// are neither data nor schedule.
    pub(crate) fn assume_checked(program: Program, shapes: Vec<Shape>, loss: Option<Loss>) -> Self {
        Self { program, shapes, loss, open: None }
    }

    /// For the checker alone: the program leaves sizes open, and its shapes are those at one of them.
    pub(crate) fn leaving_open(self, open: OpenSizes) -> Self {
        Self { open: Some(open), ..self }
    }

    /// The program by itself, without the search that it is a point of: its values stand in the layers and
    /// settings.
    #[must_use]
    pub fn without_search(mut self) -> Self {
        self.program.tune = None;
        self
    }

    /// What is known where the program leaves the size of its pictures open; `None` where it takes one size.
    pub fn open_sizes(&self) -> Option<&OpenSizes> {
        self.open.as_ref()
    }

    /// The program for pictures of one size, `[height, width]`.
    /// # Errors
    /// [`SizeRefused`] if they are too small, or of another size where it is not open.
    pub fn at(&self, size: [usize; 2]) -> Result<Self, SizeRefused> {
        let (height, width, channels) = self.input_shape().as_pixels();
        let least = self.open.as_ref().map_or([height, width], |open| open.least);
        let axes = self.open.as_ref().map_or([false; 2], |open| open.axes);
        let present = [height, width];
        let fits = (0..2)
            .all(|axis| if axes[axis] { size[axis] >= least[axis] } else { size[axis] == present[axis] });
        let refused = SizeRefused { size, least };
        if !fits {
            return Err(refused);
        }
        let mut sized = Self { open: None, ..self.clone() };
        sized.shapes.clear();
        for node in &mut sized.program.model.layers {
            if let Layer::Input(input) = &mut node.layer {
                *input = Input::of(Shape::image(size[0], size[1], channels));
            }
            let operands: Vec<Shape> =
                node.inputs.iter().map(|input| sized.shapes[input.index()].clone()).collect();
            sized.shapes.push(node.layer.as_op().infer(&operands).map_err(|_| refused)?);
        }
        Ok(sized)
    }

    /// The same program for pictures that are prepared in another way; what they become must be what the
    /// model takes, which is for whoever prepares them to see.
    #[must_use]
    pub(crate) fn prepared_by(&self, prepare: PrepareSpec) -> Self {
        let mut prepared = self.clone();
        prepared.program.prepare = prepare;
        prepared
    }

    /// A layer's shape as text, `?` where it follows the picture's size: `?x?x64`.
    pub fn shape_text(&self, layer: LayerId) -> String {
        let shape = self.shape(layer);
        let Some(varying) = self.open.as_ref().and_then(|open| open.varying.get(layer.index())) else {
            return shape.to_string();
        };
        let extent = |(at, extent): (usize, &usize)| {
            if varying.get(at).copied().unwrap_or(false) { "?".to_owned() } else { extent.to_string() }
        };
        shape.extents().iter().enumerate().map(extent).collect::<Vec<_>>().join("x")
    }

    /// What is trained one after the other: for each phase the program with its settings and with what it
    /// freezes; the program itself where there are no phases.
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

    /// Whether the model's output, or that of a head, is probabilities: as the loss says it
    /// (`from_logits`), else as it follows from the layers.
    pub fn gives_probabilities(&self, output: LayerId) -> bool {
        let train = self.program.train.as_ref();
        match train.and_then(|train| train.loss_options.from_logits.as_ref()) {
            Some(are_scores) => !are_scores.value,
            None => {
                let of_layers = self.program.model.probabilities(|layer| Some(self.shape(layer)));
                of_layers[output.index()].is_certain()
            }
        }
    }

    /// The loss, written or inferred.
    pub fn loss(&self) -> Option<Loss> {
        self.loss
    }
}
