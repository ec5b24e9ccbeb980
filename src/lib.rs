//! cnnc compiles `.cnn` files, descriptions of convolutional image models with their data and training schedule, and trains them.

pub mod autodiff;
pub mod card;
pub mod data;
pub mod ir;
pub mod kernel;
pub mod layers;
pub mod ops;
pub mod opt;
pub mod plan;
pub mod runtime;
pub mod source;
pub mod tensor;
