//! A model on its way to a file.
//!
//! The nodes are encoded as messages. Tensors are written behind them, one at a time: each is turned into the
//! order that it has there, written and forgotten, so that a model is never in memory twice.

use std::io::{self, Write};

use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

use super::proto::{GraphProto, ModelProto, TensorProto};
use super::writer::{Data, Initializer};
use crate::checksum::in_bytes;

/// Fields of the messages that are put together here.
const GRAPH: u32 = 7;
const INITIALIZER: u32 = 5;
const RAW_DATA: u32 = 9;

/// A model that is ready to be written.
#[derive(Debug)]
pub struct OnnxFile<'v> {
    /// Everything but the graph.
    model: Vec<u8>,
    /// Everything but the initializers.
    graph: Vec<u8>,
    initializers: Vec<Initializer<'v>>,
    /// What it takes, and what it gives.
    pub(super) signature: [String; 2],
}

impl<'v> OnnxFile<'v> {
    /// The largest file that protocol buffers can have.
    pub const MOST_BYTES: u64 = i32::MAX as u64;

    pub(super) fn new(
        model: &ModelProto,
        graph: &GraphProto,
        initializers: Vec<Initializer<'v>>,
        signature: [String; 2],
    ) -> Self {
        Self { model: model.encode_to_vec(), graph: graph.encode_to_vec(), initializers, signature }
    }

    /// What it takes: `pictures`, uint8 [N, 3, 224, 224].
    pub fn takes(&self) -> &str {
        &self.signature[0]
    }

    /// What it gives.
    pub fn gives(&self) -> &str {
        &self.signature[1]
    }

    /// Size of the file.
    pub fn bytes(&self) -> u64 {
        self.model.len() as u64 + field_bytes(GRAPH, self.graph_bytes())
    }

    fn graph_bytes(&self) -> u64 {
        let tensors = self.initializers.iter().map(|tensor| field_bytes(INITIALIZER, tensor_bytes(tensor)));
        self.graph.len() as u64 + tensors.sum::<u64>()
    }

    /// Writes it.
    /// # Errors
    /// The system's.
    pub fn write(&self, file: &mut dyn Write) -> io::Result<()> {
        file.write_all(&self.model)?;
        begin(file, GRAPH, self.graph_bytes())?;
        file.write_all(&self.graph)?;
        for tensor in &self.initializers {
            begin(file, INITIALIZER, tensor_bytes(tensor))?;
            file.write_all(&about(tensor).encode_to_vec())?;
            begin(file, RAW_DATA, tensor.data.bytes())?;
            write_data(file, &tensor.data)?;
        }
        Ok(())
    }
}

/// A tensor without its values.
fn about(tensor: &Initializer<'_>) -> TensorProto {
    TensorProto {
        dims: tensor.dims.clone(),
        data_type: tensor.data.data_type().into(),
        name: tensor.name.clone(),
        ..TensorProto::default()
    }
}

fn tensor_bytes(tensor: &Initializer<'_>) -> u64 {
    about(tensor).encoded_len() as u64 + field_bytes(RAW_DATA, tensor.data.bytes())
}

/// A field with so many bytes in it.
fn field_bytes(tag: u32, bytes: u64) -> u64 {
    (key_len(tag) + encoded_len_varint(bytes)) as u64 + bytes
}

fn begin(file: &mut dyn Write, tag: u32, bytes: u64) -> io::Result<()> {
    let mut head = Vec::new();
    encode_key(tag, WireType::LengthDelimited, &mut head);
    encode_varint(bytes, &mut head);
    file.write_all(&head)
}

fn write_data(file: &mut dyn Write, data: &Data<'_>) -> io::Result<()> {
    match data {
        Data::Parameter { values, extents, turn } => {
            in_bytes(&turn.apply(extents, values), |bytes| file.write_all(bytes))
        }
        Data::Floats(values) => in_bytes(values, |bytes| file.write_all(bytes)),
        Data::Doubles(values) => values.iter().try_for_each(|value| file.write_all(&value.to_le_bytes())),
        Data::Ints(values) => values.iter().try_for_each(|value| file.write_all(&value.to_le_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::proto::DataType;
    use crate::tensor::Turn;

    #[test]
    fn what_is_written_piece_by_piece_is_a_message() {
        let values = [1.0, 2.0, 3.0, 4.0];
        let turned = Data::Parameter { values: &values, extents: vec![2, 1, 1, 2], turn: Turn::Windows };
        let initializers = vec![
            Initializer { name: "w".to_owned(), dims: vec![2, 1, 2, 1], data: turned },
            Initializer { name: "axes".to_owned(), dims: vec![1], data: Data::Ints(vec![-2]) },
        ];
        let model = ModelProto { ir_version: 8, ..ModelProto::default() };
        let graph = GraphProto { name: "g".to_owned(), ..GraphProto::default() };
        let file = OnnxFile::new(&model, &graph, initializers, [String::new(), String::new()]);
        let mut bytes = Vec::new();
        file.write(&mut bytes).expect("written");
        assert_eq!(bytes.len() as u64, file.bytes());
        let read = ModelProto::decode(&bytes[..]).expect("a model");
        let graph = read.graph.expect("a graph");
        assert_eq!((read.ir_version, graph.name.as_str()), (8, "g"));
        let [w, axes] = &graph.initializer[..] else { panic!("{graph:?}") };
        let floats: Vec<u8> = [1.0_f32, 3.0, 2.0, 4.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!((w.dims.as_slice(), w.raw_data.as_deref()), (&[2, 1, 2, 1][..], Some(&floats[..])));
        assert_eq!(
            (axes.data_type(), axes.raw_data.as_deref()),
            (DataType::Int64, Some(&(-2_i64).to_le_bytes()[..]))
        );
    }
}
