//! Charts: what was counted and measured, laid out as pictures. Each function gives a
//! [`Scene`](crate::draw::scene::Scene), which the command line writes into a file and a page can hold.

mod axes;
mod confusion;
mod curves;
mod memory_plan;
mod reliability;
mod ticks;

pub use confusion::confusion;
pub use curves::{Curves, curves};
pub use memory_plan::{Block, memory_plan};
pub use reliability::reliability;
