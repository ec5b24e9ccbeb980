//! Generated code: descriptions ([`desc`]) and what makes machine code of them. Never sees the graph.

pub mod desc;
mod target;

pub use target::{Simd, Target};
