//! What our parameters are called in a model of another framework, and how they lie there.
//!
//! A layer of a model of the zoo is called as in the implementation that its published weights come from, if
//! that is of the framework ([`NameTable`]). Every other layer has its own name there.

use super::names::{Layout, NameTable, torch_variable};
use crate::ir::{CheckedProgram, LayerId, LayerNode, ScopeKind};
use crate::layers::Layer;
use crate::tensor::{Shape, Turn, VectorOrder};

/// A parameter elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// `conv1.weight`, `conv1/kernel`.
    pub name: String,
    /// The extents by which ours are taken: those of a depthwise kernel with its channels in groups.
    pub extents: Vec<usize>,
    /// From our order to that one.
    pub turn: Turn,
}

impl Elsewhere {
    /// Its shape there.
    pub fn shape(&self) -> Shape {
        Shape::new(self.turn.extents(&self.extents))
    }
}

/// Names and places of the parameters of a program in a framework.
#[derive(Debug)]
pub struct Naming<'p> {
    layout: Layout,
    program: &'p CheckedProgram,
    /// For each network of the zoo: what stands before the names of its layers, and the table.
    tables: Vec<(String, NameTable)>,
    orders: Vec<Option<VectorOrder>>,
}

impl<'p> Naming<'p> {
    /// For a program.
    pub fn new(program: &'p CheckedProgram, layout: Layout) -> Self {
        let model = &program.program().model;
        let of_model = whole_table(program, layout).into_iter().map(|table| (String::new(), table));
        let of_backbones = model.scopes.iter().filter_map(|scope| match &scope.kind {
            ScopeKind::Model(backbone) if backbone.zoo => {
                Some((format!("{}.", scope.path), table_of(&backbone.model, layout)?))
            }
            ScopeKind::Model(_) | ScopeKind::Block(_) | ScopeKind::Turn | ScopeKind::Head => None,
        });
        let tables = of_backbones.chain(of_model).collect();
        Self { layout, program, tables, orders: program.vector_orders() }
    }

    /// Where the variable of a layer is.
    pub fn find(&self, layer: LayerId, variable: &str, shape: &Shape) -> Elsewhere {
        let node = &self.program.program().model.layers[layer.index()];
        let name = self.known(&node.path, variable, shape);
        let name = name.unwrap_or_else(|| match self.layout {
            Layout::Keras => format!("{}/{variable}", node.path.replace('.', "/")),
            Layout::Torch => format!("{}.{}", node.path, torch_part(node, variable)),
        });
        let ours = shape.extents().to_vec();
        let (extents, turn) = match self.layout {
            Layout::Keras => (ours, Turn::Same),
            Layout::Torch => self.turned(layer, variable, ours),
        };
        Elsewhere { name, extents, turn }
    }

    /// The name in a table.
    fn known(&self, path: &str, variable: &str, shape: &Shape) -> Option<String> {
        self.tables.iter().find_map(|(prefix, table)| {
            let (theirs, _) = table.reference(path.strip_prefix(prefix.as_str())?, variable, shape)?;
            let before = if self.layout == Layout::Keras { prefix.replace('.', "/") } else { prefix.clone() };
            Some(before + &theirs)
        })
    }

    /// How PyTorch has a variable: outputs before inputs, channels before pixels.
    fn turned(&self, layer: LayerId, variable: &str, ours: Vec<usize>) -> (Vec<usize>, Turn) {
        let node = &self.program.program().model.layers[layer.index()];
        let is_depthwise = matches!(node.layer, Layer::DepthwiseConv2d(_)) && variable == "kernel"
            || variable == "depthwise_kernel";
        match ours[..] {
            [height, width, channels, multiplier] if is_depthwise => {
                (vec![height, width, 1, channels * multiplier], Turn::Windows)
            }
            [_, _, _, _] => (ours, Turn::Windows),
            [inputs, _] => {
                let order = node.inputs.first().and_then(|&input| self.orders[input.index()].clone());
                (ours, Turn::Matrix(order.unwrap_or_else(|| VectorOrder::own(inputs))))
            }
            [length] => {
                // a number for each element of a vector: of a batch norm behind `flatten`
                let order = self.orders[layer.index()].clone().filter(|order| order.length() == length);
                let is_moved = order.as_ref().is_some_and(|order| !order.is_own());
                let turn = order.filter(|_| is_moved).map_or(Turn::Same, Turn::Rows);
                (ours, turn)
            }
            _ => (ours, Turn::Same),
        }
    }
}

/// The table of a model that is one of the zoo as a whole: it has its name, and every layer with weights is
/// known.
fn whole_table(program: &CheckedProgram, layout: Layout) -> Option<NameTable> {
    let model = &program.program().model;
    let table = table_of(&model.name.value, layout)?;
    let is_known = |node: &LayerNode| {
        let inputs: Vec<Shape> = node.inputs.iter().map(|&input| program.shape(input).clone()).collect();
        let params = node.layer.as_op().params(&inputs);
        params.iter().all(|param| table.reference(&node.path, param.name, &param.shape).is_some())
    };
    model.layers.iter().all(is_known).then_some(table)
}

fn table_of(model: &str, layout: Layout) -> Option<NameTable> {
    super::find(model)?.tables().into_iter().find(|table| table.layout() == layout)
}

/// What PyTorch calls a variable. It has no separable convolution; both parts have a name here.
fn torch_part(node: &LayerNode, variable: &str) -> String {
    match (&node.layer, variable) {
        (Layer::SeparableConv2d(_), "depthwise_kernel") => "depthwise.weight".to_owned(),
        (Layer::SeparableConv2d(_), "pointwise_kernel") => "pointwise.weight".to_owned(),
        (Layer::SeparableConv2d(_), other) => format!("pointwise.{other}"),
        (_, other) => torch_variable(other).to_owned(),
    }
}
