//! ONNX, the format in which models go from one program to another.

pub mod proto;
pub mod tensor;
