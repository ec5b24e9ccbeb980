//! How much memory a file would take as messages, before it becomes any.
//!
//! A message of two bytes can become a structure of hundreds: a file of a megabyte of empty nodes is half a
//! gigabyte of them. The file is walked here once, by lengths alone, and nothing is kept.

use std::mem::size_of;

use prost::Message;
use prost::bytes::Bytes;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::proto::{
    AttributeProto, Dimension, ElementType, FunctionProto, GraphProto, MapType, ModelProto, NodeProto,
    OperatorSetIdProto, SparseTensorProto, StringStringEntryProto, TensorAnnotation, TensorProto,
    TensorShapeProto, TensorType, TypeProto, ValueInfoProto,
};

/// Most bytes of structures, names and numbers in lists. What lies in the file as bytes is not counted: it is
/// not copied.
const MOST_BYTES: usize = 64 << 20;
/// Bytes of numbers in lists that any file may have, beside four times its own: weights of 16 bits are such
/// lists in a few files, of two or three bytes each.
const SMALL_BYTES: usize = 16 << 20;
/// Bytes of a whole number.
const INT_BYTES: usize = size_of::<i64>();
/// Messages within messages, as prost counts them.
const MOST_DEPTH: usize = 100;

/// What a field holds.
#[derive(Debug, Clone, Copy)]
enum Field {
    /// A message of this kind.
    Message(Kind),
    /// Floating-point numbers of so many bytes each.
    Floats(usize),
    /// Whole numbers, which have a byte or more each in the file, and eight in memory.
    Ints,
    /// A text or bytes that are copied.
    Text,
    /// Bytes that stay where they are.
    Bytes,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Model,
    OperatorSet,
    Entry,
    Function,
    Graph,
    Node,
    Attribute,
    Tensor,
    SparseTensor,
    Annotation,
    ValueInfo,
    Type,
    TensorType,
    ElementType,
    MapType,
    Shape,
    Dimension,
}

impl Kind {
    /// Bytes of the structure.
    fn size(self) -> usize {
        match self {
            Kind::Model => 0,
            Kind::OperatorSet => size_of::<OperatorSetIdProto>(),
            Kind::Entry => size_of::<StringStringEntryProto>(),
            Kind::Function => size_of::<FunctionProto>(),
            Kind::Graph => size_of::<GraphProto>(),
            Kind::Node => size_of::<NodeProto>(),
            Kind::Attribute => size_of::<AttributeProto>(),
            Kind::Tensor => size_of::<TensorProto>(),
            Kind::SparseTensor => size_of::<SparseTensorProto>(),
            Kind::Annotation => size_of::<TensorAnnotation>(),
            Kind::ValueInfo => size_of::<ValueInfoProto>(),
            Kind::Type => size_of::<TypeProto>(),
            Kind::TensorType => size_of::<TensorType>(),
            Kind::ElementType => size_of::<ElementType>(),
            Kind::MapType => size_of::<MapType>(),
            Kind::Shape => size_of::<TensorShapeProto>(),
            Kind::Dimension => size_of::<Dimension>(),
        }
    }

    /// The field of a tag, by the tables in [`super::proto`].
    fn field(self, tag: u32) -> Field {
        use Field::{Bytes, Floats, Ints, Message, Text};
        match (self, tag) {
            (Kind::Model, 7) => Message(Kind::Graph),
            (Kind::Model, 8) | (Kind::Function, 9) => Message(Kind::OperatorSet),
            (Kind::Model, 25) => Message(Kind::Function),
            (Kind::Function, 7) | (Kind::Graph, 1) => Message(Kind::Node),
            (Kind::Function, 11) | (Kind::Node, 5) => Message(Kind::Attribute),
            (Kind::Function, 12) | (Kind::Graph, 11..=13) => Message(Kind::ValueInfo),
            (Kind::Graph, 5) | (Kind::Attribute, 5 | 10) | (Kind::SparseTensor, 1 | 2) => {
                Message(Kind::Tensor)
            }
            (Kind::Graph, 14) => Message(Kind::Annotation),
            (Kind::Graph, 15) | (Kind::Attribute, 22 | 23) => Message(Kind::SparseTensor),
            (Kind::Attribute, 6 | 11) => Message(Kind::Graph),
            (Kind::Attribute, 14 | 15)
            | (Kind::ValueInfo, 2)
            | (Kind::ElementType, 1)
            | (Kind::MapType, 2) => Message(Kind::Type),
            (Kind::Type, 1 | 8) => Message(Kind::TensorType),
            (Kind::Type, 4 | 9) => Message(Kind::ElementType),
            (Kind::Type, 5) => Message(Kind::MapType),
            (Kind::TensorType, 2) => Message(Kind::Shape),
            (Kind::Shape, 1) => Message(Kind::Dimension),
            (Kind::Model | Kind::Function, 14)
            | (Kind::Graph | Kind::Tensor, 16)
            | (Kind::Node, 9)
            | (Kind::ValueInfo, 4)
            | (Kind::Annotation, 2)
            | (Kind::Tensor, 13) => Message(Kind::Entry),
            (Kind::Tensor, 4) | (Kind::Attribute, 7) => Floats(4),
            (Kind::Tensor, 10) => Floats(8),
            (Kind::Tensor, 1 | 5 | 7 | 11) | (Kind::Attribute, 8) | (Kind::SparseTensor, 3) => Ints,
            (Kind::Tensor, 9) => Bytes,
            _ => Text,
        }
    }
}

/// The model in a file.
/// # Errors
/// In words: it is no model, or would become far larger than the file is.
pub fn decoded(file: Bytes) -> Result<ModelProto, String> {
    bounded(&file)?;
    ModelProto::decode(file).map_err(|error| error.to_string())
}

/// Refuses a file that would become far larger than it is.
fn bounded(file: &Bytes) -> Result<(), String> {
    let mut walk =
        Walk { bytes: 0, numbers: 0, most: file.len().saturating_mul(4).saturating_add(SMALL_BYTES) };
    walk.message(file.clone(), Kind::Model, 0)
}

struct Walk {
    bytes: usize,
    /// Bytes of numbers that are decoded out of lists.
    numbers: usize,
    most: usize,
}

impl Walk {
    fn message(&mut self, mut rest: Bytes, kind: Kind, depth: usize) -> Result<(), String> {
        if depth > MOST_DEPTH {
            return Err(format!("messages stand in each other more than {MOST_DEPTH} deep"));
        }
        let broken = |error: prost::DecodeError| error.to_string();
        while !rest.is_empty() {
            let (tag, wire) = decode_key(&mut rest).map_err(broken)?;
            let field = kind.field(tag);
            if wire != WireType::LengthDelimited {
                match field {
                    Field::Floats(size) => self.numbers += size,
                    Field::Ints => self.numbers += INT_BYTES,
                    Field::Message(_) | Field::Text | Field::Bytes => {}
                }
                skip_field(wire, tag, &mut rest, DecodeContext::default()).map_err(broken)?;
                self.check()?;
                continue;
            }
            let length = usize::try_from(decode_varint(&mut rest).map_err(broken)?).unwrap_or(usize::MAX);
            if length > rest.len() {
                return Err("it ends in the middle".to_owned());
            }
            let inside = rest.split_to(length);
            match field {
                Field::Message(inner) => {
                    self.bytes += inner.size();
                    self.check()?;
                    self.message(inside, inner, depth + 1)?;
                }
                // packed
                Field::Floats(_) => self.numbers += length,
                Field::Ints => self.numbers += length.saturating_mul(INT_BYTES),
                Field::Text => self.bytes += size_of::<String>() + length,
                Field::Bytes => {}
            }
            self.check()?;
        }
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        if self.bytes <= MOST_BYTES && self.numbers <= self.most {
            return Ok(());
        }
        Err("it would be far larger in memory than any network is".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::super::proto::ModelProto;
    use super::*;

    #[test]
    fn a_million_empty_nodes_are_refused_before_they_are_made() {
        let graph = [0x0a, 0x00].repeat(1_000_000);
        let mut file = vec![0x3a];
        prost::encode_length_delimiter(graph.len(), &mut file).expect("there is room");
        file.extend(graph);
        assert!(bounded(&file.into()).is_err());
    }

    #[test]
    fn a_file_of_usual_size_passes() {
        let tensor = TensorProto { dims: vec![2], float_data: vec![1.0, 2.0], ..TensorProto::default() };
        let node = NodeProto { op_type: "Relu".to_owned(), ..NodeProto::default() };
        let graph = GraphProto { initializer: vec![tensor], node: vec![node], ..GraphProto::default() };
        let model = ModelProto { graph: Some(graph), ..ModelProto::default() };
        assert_eq!(bounded(&model.encode_to_vec().into()), Ok(()));
        assert!(bounded(&Bytes::from_static(b"\x3a\x7f")).is_err());
        assert!(bounded(&Bytes::from_static(b"not protocol buffers")).is_err());
    }
}
