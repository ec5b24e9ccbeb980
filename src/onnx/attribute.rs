//! Attributes of nodes.

use super::proto::{AttributeProto, AttributeType};

/// Whole numbers, one for each axis: `strides`.
pub(super) fn ints(name: &str, values: impl IntoIterator<Item = usize>) -> AttributeProto {
    AttributeProto { ints: values.into_iter().map(number).collect(), ..of_type(name, AttributeType::Ints) }
}

/// A whole number: `axis`.
pub(super) fn int(name: &str, value: usize) -> AttributeProto {
    AttributeProto { i: Some(number(value)), ..of_type(name, AttributeType::Int) }
}

/// A number: `epsilon`.
pub(super) fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto { f: Some(value), ..of_type(name, AttributeType::Float) }
}

/// A word: `mode`.
pub(super) fn word(name: &str, value: &str) -> AttributeProto {
    AttributeProto { s: Some(value.as_bytes().to_vec()), ..of_type(name, AttributeType::String) }
}

fn of_type(name: &str, kind: AttributeType) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: kind.into(), ..AttributeProto::default() }
}

/// An extent or an index as ONNX has them.
pub(super) fn number(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
