//! A graph while it is written: nodes, constants, and names that are given once.

use std::collections::BTreeSet;

use super::attribute::{int, ints, number};
use super::error::Unsupported;
use super::opset::Opset;
use super::proto::{AttributeProto, DataType, NodeProto};
use crate::tensor::{Shape, Turn, VectorOrder};

/// A constant of the graph.
#[derive(Debug)]
pub(super) struct Initializer<'v> {
    pub(super) name: String,
    pub(super) dims: Vec<i64>,
    pub(super) data: Data<'v>,
}

/// The values of a constant.
#[derive(Debug)]
pub(super) enum Data<'v> {
    /// A parameter, which is turned when it is written.
    Parameter {
        values: &'v [f32],
        extents: Vec<usize>,
        turn: Turn,
    },
    Floats(Vec<f32>),
    Doubles(Vec<f64>),
    Ints(Vec<i64>),
}

impl Data<'_> {
    pub(super) fn data_type(&self) -> DataType {
        match self {
            Data::Parameter { .. } | Data::Floats(_) => DataType::Float,
            Data::Doubles(_) => DataType::Double,
            Data::Ints(_) => DataType::Int64,
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        let (count, size) = match self {
            Data::Parameter { values, .. } => (values.len(), 4),
            Data::Floats(values) => (values.len(), 4),
            Data::Doubles(values) => (values.len(), 8),
            Data::Ints(values) => (values.len(), 8),
        };
        count as u64 * size
    }
}

/// A value of the graph, `[N, C, H, W]` or `[N, length]`.
#[derive(Debug, Clone)]
pub(super) struct Operand {
    pub(super) name: String,
    /// As the program has it, `[H, W, C]` or `[length]`; at one size where that is open.
    pub(super) shape: Shape,
    /// Whether height or width follow the picture's.
    pub(super) is_open: bool,
    /// How its elements lie, if it is a vector.
    pub(super) order: Option<VectorOrder>,
}

/// What has been written.
#[derive(Debug)]
pub(super) struct GraphWriter<'v> {
    pub(super) opset: Opset,
    pub(super) nodes: Vec<NodeProto>,
    pub(super) initializers: Vec<Initializer<'v>>,
    /// Names of values and nodes.
    taken: BTreeSet<String>,
}

impl<'v> GraphWriter<'v> {
    /// `reserved` are names that layers will give to their results.
    pub(super) fn new(opset: Opset, reserved: impl IntoIterator<Item = String>) -> Self {
        let taken = reserved.into_iter().collect();
        Self { opset, nodes: Vec::new(), initializers: Vec::new(), taken }
    }

    /// A name that nothing else has: the wanted one, or that with a number.
    pub(super) fn free(&mut self, wanted: &str) -> String {
        let numbered = (1..).map(|count| format!("{wanted}_{count}"));
        let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
        let name = names.find(|name| !self.taken.contains(name)).unwrap_or_default();
        self.taken.insert(name.clone());
        name
    }

    /// A value under another name, which nothing has yet.
    pub(super) fn renamed(&mut self, value: String, name: &str) -> String {
        self.nodes.push(NodeProto {
            input: vec![value],
            output: vec![name.to_owned()],
            name: name.to_owned(),
            op_type: "Identity".to_owned(),
            ..NodeProto::default()
        });
        name.to_owned()
    }

    /// Writes a layer: what `write` makes becomes its result, under its own name. `params` are the layer's
    /// parameters.
    pub(super) fn layer(
        &mut self,
        path: &str,
        params: Vec<Parameter<'v>>,
        write: impl FnOnce(&mut LayerWriter<'_, 'v>) -> Result<String, Unsupported>,
    ) -> Result<String, Unsupported> {
        let first = self.nodes.len();
        let mut layer = LayerWriter { graph: self, path, params, first };
        let result = write(&mut layer)?;
        let nodes = &mut self.nodes[first..];
        if !nodes.iter().any(|node| node.output.contains(&result)) {
            // the operand as it is
            return Ok(result);
        }
        for value in nodes.iter_mut().flat_map(|node| node.output.iter_mut().chain(&mut node.input)) {
            if *value == result {
                path.clone_into(value);
            }
        }
        Ok(path.to_owned())
    }
}

/// A parameter of a layer.
#[derive(Debug)]
pub(super) struct Parameter<'v> {
    /// `kernel`
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) values: &'v [f32],
}

/// Adds the nodes of one layer to a graph.
#[derive(Debug)]
pub(super) struct LayerWriter<'w, 'v> {
    graph: &'w mut GraphWriter<'v>,
    path: &'w str,
    params: Vec<Parameter<'v>>,
    /// Its first node.
    first: usize,
}

impl<'v> LayerWriter<'_, 'v> {
    pub(super) fn opset(&self) -> Opset {
        self.graph.opset
    }

    /// A node with one result, whose name comes back. An empty operand is left out.
    pub(super) fn node(&mut self, op: &str, inputs: &[&str], attribute: Vec<AttributeProto>) -> String {
        let is_first = self.graph.nodes.len() == self.first;
        let value = self.graph.free(&format!("{}/{}", self.path, op.to_lowercase()));
        let name = if is_first { self.path.to_owned() } else { value.clone() };
        self.graph.nodes.push(NodeProto {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![value.clone()],
            name,
            op_type: op.to_owned(),
            attribute,
            ..NodeProto::default()
        });
        value
    }

    /// A parameter under its own name, turned; `None` where the layer has none of this name.
    pub(super) fn parameter(&mut self, name: &str, turn: Turn) -> Option<String> {
        let param = self.params.iter().find(|param| param.name == name)?;
        let extents = param.shape.extents().to_vec();
        let dims = turn.extents(&extents);
        self.parameter_as(name, extents, turn, dims)
    }

    /// The same, taken as an array of other extents, and written as one of `dims`.
    pub(super) fn parameter_as(
        &mut self,
        name: &str,
        extents: Vec<usize>,
        turn: Turn,
        dims: Vec<usize>,
    ) -> Option<String> {
        let values = self.params.iter().find(|param| param.name == name)?.values;
        let name = self.graph.free(&format!("{}.{name}", self.path));
        self.constant(name.clone(), &dims, Data::Parameter { values, extents, turn });
        Some(name)
    }

    /// Numbers that are no parameter.
    pub(super) fn floats(&mut self, name: &str, dims: &[usize], values: Vec<f32>) -> String {
        self.named_constant(name, dims, Data::Floats(values))
    }

    /// A single number.
    pub(super) fn float(&mut self, name: &str, value: f32) -> String {
        self.floats(name, &[], vec![value])
    }

    /// A single number of 64 bits.
    pub(super) fn double(&mut self, name: &str, value: f64) -> String {
        self.named_constant(name, &[], Data::Doubles(vec![value]))
    }

    /// Whole numbers in a row.
    pub(super) fn ints(&mut self, name: &str, values: Vec<i64>) -> String {
        self.named_constant(name, &[values.len()], Data::Ints(values))
    }

    fn named_constant(&mut self, name: &str, dims: &[usize], data: Data<'v>) -> String {
        let name = self.graph.free(&format!("{}/{name}", self.path));
        self.constant(name.clone(), dims, data);
        name
    }

    fn constant(&mut self, name: String, dims: &[usize], data: Data<'v>) {
        let dims = dims.iter().copied().map(number).collect();
        self.graph.initializers.push(Initializer { name, dims, data });
    }

    /// The values as another type.
    pub(super) fn cast(&mut self, x: &str, to: DataType) -> String {
        let to = AttributeProto { i: Some(i64::from(i32::from(to))), ..int("to", 0) };
        self.node("Cast", &[x], vec![to])
    }

    /// The mean over axes, which stay with extent 1.
    pub(super) fn mean(&mut self, x: &str, axes: &[usize]) -> String {
        let keep = int("keepdims", 1);
        if self.opset().has(18) {
            let axes = self.ints("axes", axes.iter().copied().map(number).collect());
            return self.node("ReduceMean", &[x, &axes], vec![keep]);
        }
        self.node("ReduceMean", &[x], vec![ints("axes", axes.iter().copied()), keep])
    }

    /// The elements of a vector or a flattened map in our own order, or in any other: `places[i]` is where
    /// the element i of the result stands.
    pub(super) fn gathered(&mut self, vector: &str, places: &[usize]) -> String {
        if places.iter().enumerate().all(|(at, &place)| at == place) {
            return vector.to_owned();
        }
        let places = self.ints("order", places.iter().copied().map(number).collect());
        self.node("Gather", &[vector, &places], vec![int("axis", 1)])
    }

    /// A map as a vector.
    pub(super) fn flattened(&mut self, map: &str) -> String {
        self.node("Flatten", &[map], vec![int("axis", 1)])
    }

    /// An operand as a vector in our own order.
    pub(super) fn in_own_order(&mut self, vector: &Operand) -> String {
        match &vector.order {
            Some(order) if !order.is_own() => self.gathered(&vector.name, &order.places()),
            _ => vector.name.clone(),
        }
    }

    /// The layer's full name.
    pub(super) fn path(&self) -> String {
        self.path.to_owned()
    }
}
