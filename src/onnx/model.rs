//! A checked program as a graph of ONNX.

use super::attribute::{ints, number};
use super::error::Unsupported;
use super::file::OnnxFile;
use super::layers::{self, Site};
use super::opset::Opset;
use super::prepare::{channels_taken, prepared};
use super::proto::{
    DataType, Dimension, Extent, GraphProto, ModelProto, OfType, OperatorSetIdProto, StringStringEntryProto,
    TensorShapeProto, TensorType, TypeProto, ValueInfoProto,
};
use super::writer::{GraphWriter, LayerWriter, Operand, Parameter};
use crate::ir::{CheckedProgram, LayerId};
use crate::layers::Layer;
use crate::tensor::{Shape, VectorOrder};

/// The name of what a graph takes.
const PICTURES: &str = "pictures";
/// The batch axis.
const BATCH: &str = "N";

/// How maps lie where they come into the graph and leave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapLayout {
    /// `[N, C, H, W]`
    Nchw,
    /// `[N, H, W, C]`
    Nhwc,
}

/// A model that is to be written, and how.
pub struct Export<'p, 'v> {
    /// The model.
    pub program: &'p CheckedProgram,
    /// Values of its parameters, by their full names.
    pub values: &'p dyn Fn(&str) -> &'v [f32],
    /// The operators it is written in.
    pub opset: Opset,
    /// How pictures lie, and answers that are maps.
    pub layout: MapLayout,
    /// Whether the graph prepares pictures, which are bytes then.
    pub prepares: bool,
    /// Whether auxiliary outputs are written, too.
    pub heads: bool,
    /// What the file says about itself: keys and texts.
    pub metadata: Vec<(&'static str, String)>,
}

impl<'v> Export<'_, 'v> {
    /// The model as a file.
    /// # Errors
    /// [`Unsupported`]: a layer that cannot be written in that way.
    pub fn file(self) -> Result<OnnxFile<'v>, Unsupported> {
        let model = &self.program.program().model;
        let mut graph = GraphWriter::new(self.opset, model.layers.iter().map(|node| node.path.clone()));
        let pictures = graph.free(PICTURES);
        let mut writing = Writing { graph, values: Vec::new(), orders: self.program.vector_orders() };
        let left_out = if self.heads { vec![false; model.layers.len()] } else { model.only_for_heads() };
        for (at, is_left_out) in left_out.into_iter().enumerate() {
            let id = LayerId(at as u32);
            let value = if is_left_out { None } else { Some(self.layer(id, &pictures, &mut writing)?) };
            writing.values.push(value);
        }
        let mut outputs = Vec::new();
        for id in self.outputs() {
            outputs.push(self.output(id, &mut writing));
        }
        Ok(self.finished(writing.graph, self.input(pictures), outputs))
    }

    /// The main output, then the auxiliary ones that are asked for.
    fn outputs(&self) -> Vec<LayerId> {
        let model = &self.program.program().model;
        let heads = model.heads.iter().filter(|_| self.heads).map(|head| head.output);
        std::iter::once(model.output).chain(heads).collect()
    }

    fn layer(&self, id: LayerId, pictures: &str, writing: &mut Writing<'v>) -> Result<Operand, Unsupported> {
        let model = &self.program.program().model;
        let node = &model.layers[id.index()];
        let order = writing.orders[id.index()].clone();
        let inputs: Vec<Operand> = node.inputs.iter().map(|input| writing.value(*input).clone()).collect();
        let shapes: Vec<Shape> = inputs.iter().map(|input| input.shape.clone()).collect();
        let output = self.program.shape(id);
        let specs = node.layer.as_op().params(&shapes);
        let params = specs.into_iter().map(|spec| Parameter {
            name: spec.name,
            shape: spec.shape,
            values: (self.values)(&format!("{}.{}", node.path, spec.name)),
        });
        // where nothing else takes it, it may lie as the caller wants it
        let is_end =
            self.outputs().contains(&id) && !model.layers.iter().any(|node| node.inputs.contains(&id));
        let site = Site { inputs: &inputs, output, order: order.as_ref() };
        let name = writing.graph.layer(&node.path, params.collect(), |w| {
            let is_input = matches!(node.layer, Layer::Input(_));
            let value =
                if is_input { self.prepare(pictures, w) } else { layers::write(&node.layer, site, w) }?;
            Ok(if is_end { self.outgoing(value, output, order.as_ref(), w) } else { value })
        })?;
        let name = if is_end && name != node.path { writing.graph.renamed(name, &node.path) } else { name };
        let order = order.map(|order| if is_end { VectorOrder::own(order.length()) } else { order });
        Ok(Operand { name, shape: output.clone(), is_open: self.open_axes(id) != [false; 2], order })
    }

    /// From the graph's input to the model's.
    fn prepare(&self, pictures: &str, w: &mut LayerWriter<'_, 'v>) -> Result<String, Unsupported> {
        let pictures = match self.layout {
            MapLayout::Nchw => pictures.to_owned(),
            MapLayout::Nhwc => w.node("Transpose", &[pictures], vec![ints("perm", [0, 3, 1, 2])]),
        };
        if !self.prepares {
            return Ok(pictures);
        }
        let is_open = self.program.open_sizes().is_some();
        let elements = (!is_open).then(|| self.program.input_shape().elements());
        prepared(&pictures, &self.program.program().prepare, elements, w)
    }

    /// A value as the caller wants it.
    fn outgoing(
        &self,
        value: String,
        shape: &Shape,
        order: Option<&VectorOrder>,
        w: &mut LayerWriter<'_, 'v>,
    ) -> String {
        match order {
            Some(order) => w.gathered(&value, &order.places()),
            None if self.layout == MapLayout::Nhwc && shape.rank() == 3 => {
                w.node("Transpose", &[&value], vec![ints("perm", [0, 2, 3, 1])])
            }
            None => value,
        }
    }

    /// An output of the graph, from the value of its layer.
    fn output(&self, id: LayerId, writing: &mut Writing<'v>) -> ValueInfoProto {
        let model = &self.program.program().model;
        let value = writing.value(id).clone();
        let is_used = model.layers.iter().any(|node| node.inputs.contains(&id));
        let name = if is_used {
            let path = writing.graph.free(&format!("{}/output", value.name));
            let done = writing.graph.layer(&path, Vec::new(), |w| {
                Ok(self.outgoing(value.name.clone(), &value.shape, value.order.as_ref(), w))
            });
            done.unwrap_or(value.name)
        } else {
            value.name
        };
        let shape = self.program.shape(id);
        let open = self.open_axes(id);
        let extents = (0..shape.rank()).map(|axis| {
            let is_open = open.get(axis).copied().unwrap_or(false);
            (!is_open).then(|| Extent::Value(number(shape.extents()[axis])))
        });
        typed(name, DataType::Float, self.arranged(extents.collect()))
    }

    /// What the graph takes.
    fn input(&self, name: String) -> ValueInfoProto {
        let (height, width, channels) = self.program.input_shape().as_pixels();
        let open = self.open_axes(LayerId(0));
        let side = |axis: usize, extent: usize, name: &str| {
            Some(if open[axis] { Extent::Named(name.to_owned()) } else { Extent::Value(number(extent)) })
        };
        let prepare = &self.program.program().prepare;
        let channels = if self.prepares { channels_taken(prepare, channels) } else { channels };
        let extents = vec![side(0, height, "H"), side(1, width, "W"), Some(Extent::Value(number(channels)))];
        let element = if self.prepares { DataType::Uint8 } else { DataType::Float };
        typed(name, element, self.arranged(extents))
    }

    /// The extents of a value in the caller's order.
    fn arranged(&self, mut extents: Vec<Option<Extent>>) -> Vec<Option<Extent>> {
        if self.layout == MapLayout::Nchw && extents.len() == 3 {
            extents.rotate_right(1);
        }
        extents
    }

    /// Whether height and width of a layer's result follow the picture's.
    fn open_axes(&self, id: LayerId) -> [bool; 2] {
        let varying = self.program.open_sizes().and_then(|open| open.varying.get(id.index()));
        [0, 1].map(|axis| varying.and_then(|axes| axes.get(axis)).copied().unwrap_or(false))
    }

    fn finished(
        &self,
        graph: GraphWriter<'v>,
        input: ValueInfoProto,
        output: Vec<ValueInfoProto>,
    ) -> OnnxFile<'v> {
        let signature = [said(std::slice::from_ref(&input)), said(&output)];
        let entry = |(key, value): &(&str, String)| StringStringEntryProto {
            key: (*key).to_owned(),
            value: value.clone(),
        };
        let model = ModelProto {
            ir_version: self.opset.ir_version(),
            producer_name: env!("CARGO_PKG_NAME").to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: self.opset.version() }],
            metadata_props: self.metadata.iter().map(entry).collect(),
            ..ModelProto::default()
        };
        let name = self.program.program().model.name.value.clone();
        let proto =
            GraphProto { name, node: graph.nodes, input: vec![input], output, ..GraphProto::default() };
        OnnxFile::new(&model, &proto, graph.initializers, signature)
    }
}

/// What has been written so far.
struct Writing<'v> {
    graph: GraphWriter<'v>,
    /// Of each layer; `None` for those that are left out.
    values: Vec<Option<Operand>>,
    orders: Vec<Option<VectorOrder>>,
}

impl Writing<'_> {
    fn value(&self, id: LayerId) -> &Operand {
        self.values[id.index()].as_ref().expect("an operand is written first")
    }
}

/// A value with its type; `extents` without the batch axis, `None` where they have no name.
fn typed(name: String, element: DataType, extents: Vec<Option<Extent>>) -> ValueInfoProto {
    let extents = std::iter::once(Some(Extent::Named(BATCH.to_owned()))).chain(extents);
    let dim = extents.map(|value| Dimension { value, denotation: String::new() }).collect();
    let tensor = TensorType { elem_type: element.into(), shape: Some(TensorShapeProto { dim }) };
    let r#type = TypeProto { value: Some(OfType::Tensor(tensor)), denotation: String::new() };
    ValueInfoProto { name, r#type: Some(r#type), ..ValueInfoProto::default() }
}

/// Values as they are said: `pictures`, uint8 [N, 3, 224, 224].
fn said(values: &[ValueInfoProto]) -> String {
    let one = |value: &ValueInfoProto| {
        let Some(OfType::Tensor(tensor)) = value.r#type.as_ref().and_then(|found| found.value.as_ref())
        else {
            return format!("`{}`", value.name);
        };
        let dims = tensor.shape.iter().flat_map(|shape| &shape.dim).map(|dim| match &dim.value {
            Some(Extent::Value(extent)) => extent.to_string(),
            Some(Extent::Named(name)) => name.clone(),
            None => "?".to_owned(),
        });
        let element = if tensor.elem_type() == DataType::Uint8 { "uint8" } else { "float32" };
        format!("`{}` {element} [{}]", value.name, dims.collect::<Vec<_>>().join(", "))
    };
    values.iter().map(one).collect::<Vec<_>>().join(", ")
}
