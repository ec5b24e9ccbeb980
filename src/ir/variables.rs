//! What a file of weights holds for a network: the variables of its layers, in the order of the layers.

use super::{CheckedProgram, LayerId};
use crate::layers::{Axes, ParamSpec};
use crate::tensor::{Shape, Turn, VectorOrder};

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
    /// How its rows lie in programs that keep channels before pixels: it has one for each element of a vector
    /// which a map has been flattened into.
    pub rows: Option<VectorOrder>,
    /// The layer's kind: `conv2d`.
    pub kind: &'static str,
}

impl Variable {
    /// `backbone.conv1.kernel`
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.layer, self.name)
    }

    /// How PyTorch has it: outputs before inputs, channels before pixels.
    pub fn turn(&self) -> Turn {
        match (self.axes, self.shape.extents(), &self.rows) {
            (Axes::Windows, _, _) => Turn::Windows,
            (Axes::Depthwise, _, _) => Turn::Depthwise,
            (Axes::Matrix, _, Some(rows)) => Turn::Matrix(rows.clone()),
            (Axes::Matrix, extents, None) => {
                Turn::Matrix(VectorOrder::own(extents.first().copied().unwrap_or(0)))
            }
            (Axes::Features, _, Some(rows)) => Turn::Rows(rows.clone()),
            (Axes::Features, _, None) => Turn::Same,
        }
    }
}

/// The variables of a network's layers, without those that only auxiliary outputs need where `with_heads` is
/// not asked for.
pub fn variables(program: &CheckedProgram, with_heads: bool) -> Vec<Variable> {
    let model = &program.program().model;
    let for_heads = model.only_for_heads();
    let orders = program.vector_orders();
    let wanted = (0..model.layers.len()).filter(|&at| with_heads || !for_heads[at]);
    wanted.flat_map(|at| of_layer(program, at, &orders)).collect()
}

fn of_layer(program: &CheckedProgram, at: usize, orders: &[Option<VectorOrder>]) -> Vec<Variable> {
    let node = &program.program().model.layers[at];
    let inputs: Vec<Shape> = node.inputs.iter().map(|&id: &LayerId| program.shape(id).clone()).collect();
    let Some(first) = node.inputs.first() else { return Vec::new() };
    let op = node.layer.as_op();
    // a matrix has a row for each element of what the layer takes; other parameters have a number for each of
    // what it gives
    let rows = |spec: &ParamSpec| {
        let of = if spec.axes == Axes::Matrix { first.index() } else { at };
        let length = spec.shape.extents().first().copied();
        orders[of].clone().filter(|order| !order.is_own() && length == Some(order.length()))
    };
    let made = op.params(&inputs).into_iter().enumerate().map(|(position, spec)| Variable {
        at,
        layer: node.path.clone(),
        name: spec.name,
        position,
        rows: rows(&spec),
        shape: spec.shape,
        axes: spec.axes,
        kind: op.keyword(),
    });
    made.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::load;
    use crate::lower::LowerOptions;
    use crate::source::SourceFile;

    /// A matrix has rows in the order of the vector before it, a normalisation numbers in that of its own; a
    /// bias has a number for each unit, whatever the vector was.
    #[test]
    fn rows_lie_as_the_vector_does() {
        let text = "model M {\n    input(2x3x4)\n    conv2d(5, 1)\n    flatten\n    batch_norm\n    \
                    dense(30)\n    dense(2)\n}\n";
        let file = SourceFile::new("m.cnn".to_owned(), text.to_owned());
        let program = load(file, &LowerOptions::default(), &|_| None).program.expect("sound");
        let map = VectorOrder::flattened(6, 5);
        for variable in variables(&program, true) {
            let expected = match variable.full_name().as_str() {
                "conv2d.kernel" => Turn::Windows,
                "conv2d.bias" | "dense.bias" | "dense_1.bias" => Turn::Same,
                "dense.kernel" => Turn::Matrix(map.clone()),
                "dense_1.kernel" => Turn::Matrix(VectorOrder::own(30)),
                _ => Turn::Rows(map.clone()),
            };
            assert_eq!(variable.turn(), expected, "{}", variable.full_name());
        }
    }
}
