//! ONNX, the format in which models go from one program to another.
//!
//! ```text
//! CheckedProgram ──[`Export`]──▶ graph of nodes ──[`OnnxFile`]──▶ file
//! ```
//! A model is written layer by layer ([`layers`]): each kind says in one place which operators it is. Inside
//! the graph maps are `[N, C, H, W]`, as ONNX's convolutions want them. Kernels are turned once, here, and so
//! are those of dense layers behind a flattened map: no value is transposed on its way from layer to layer.
//!
//! Names tell where a node comes from:
//!
//! | Name | What it is |
//! |---|---|
//! | `backbone.conv1` | the first node of the layer, and the value that the layer makes |
//! | `backbone.conv1/relu` | another node of it, and a value within it |
//! | `backbone.conv1.kernel` | a parameter of it |
//! | `backbone.conv1/axes` | a constant that is no parameter |

mod attribute;
mod error;
mod file;
mod layers;
mod model;
mod opset;
mod preparation;
mod prepare;
pub mod proto;
pub mod scan;
pub mod tensor;
mod writer;

pub use error::Unsupported;
pub use file::OnnxFile;
pub use model::{Export, MapLayout};
pub use opset::Opset;
pub use preparation::{Number, Preparation};
