//! The nodes that prepare pictures, for whoever finds them in a file again.

use std::collections::BTreeMap;

use super::opset::Opset;
use super::prepare::{channels_taken, prepared};
use super::proto::NodeProto;
use super::writer::{Data, GraphWriter};
use crate::ir::PrepareSpec;

/// What a graph that prepares pictures begins with.
#[derive(Debug)]
pub struct Preparation {
    /// In order; the first takes [`Preparation::PICTURES`].
    pub nodes: Vec<NodeProto>,
    /// What they take besides, by name: extents, and numbers.
    pub constants: BTreeMap<String, (Vec<i64>, Vec<Number>)>,
    /// What the model takes.
    pub result: String,
    /// Channels of the pictures that are taken.
    pub channels: usize,
}

/// A number of a constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Of floating point.
    Float(f32),
    /// Whole.
    Int(i64),
}

impl Preparation {
    /// The name of what the first node takes.
    pub const PICTURES: &'static str = "pictures";

    /// As an export for a model of these channels writes it. `elements` are those of a prepared picture;
    /// `None` where its size is open. `None` where it cannot be written.
    pub fn of(prepare: &PrepareSpec, channels: usize, elements: Option<usize>, opset: Opset) -> Option<Self> {
        let mut graph = GraphWriter::new(opset, [Self::PICTURES.to_owned()]);
        let result =
            graph.layer("input", Vec::new(), |w| prepared(Self::PICTURES, prepare, elements, w)).ok()?;
        let constants = graph.initializers.into_iter().map(|constant| {
            let numbers = match constant.data {
                Data::Parameter { values, .. } => values.iter().copied().map(Number::Float).collect(),
                Data::Floats(values) => values.into_iter().map(Number::Float).collect(),
                Data::Doubles(values) => {
                    values.into_iter().map(|value| Number::Float(value as f32)).collect()
                }
                Data::Ints(values) => values.into_iter().map(Number::Int).collect(),
            };
            (constant.name, (constant.dims, numbers))
        });
        let constants = constants.collect();
        Some(Self { nodes: graph.nodes, constants, result, channels: channels_taken(prepare, channels) })
    }
}
