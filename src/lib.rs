//! cnnc compiles `.cnn` files, descriptions of convolutional image models with their data and training schedule, and trains them.

pub mod ir;
pub mod kernel;
pub mod layers;
pub mod ops;
pub mod source;
pub mod tensor;
