//! cnnc compiles `.cnn` files, descriptions of convolutional image models with their data and training schedule, and trains them.

pub mod ast;
pub mod card;
pub mod check;
pub mod diag;
pub mod front;
pub mod ir;
pub mod kernel;
pub mod layers;
pub mod lower;
pub mod ops;
pub mod parse;
pub mod runtime;
pub mod source;
pub mod tensor;
