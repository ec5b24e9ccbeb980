//! Element types, shapes, memory layouts and the arithmetic of windows: the one place for each of these
//! facts.

mod layout;
mod shape;
mod turn;
mod window;

pub use layout::Layout;
pub use shape::{Element, Shape, TensorType};
pub use turn::{Turn, VectorOrder};
pub use window::{Axis, Padding, Window, WindowTooLarge};
