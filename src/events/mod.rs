//! Event files, as TensorBoard reads them: what a run logs for it.
//!
//! An event file is a sequence of records ([`record`]), each of which holds one message of protocol buffers
//! ([`message`]): a time, a step, and what happened. TensorBoard takes each folder with such files for a run,
//! and reads on while files grow.
//!
//! Values are written as the messages that TensorBoard 1 had for them (`simple_value`, `image`, `histo`):
//! TensorBoard 2 turns them into its tensors as it reads them, and whatever else reads event files knows
//! them, too.

mod file;
mod graph;
mod histogram;
mod message;
mod record;

pub use file::EventFile;
pub use graph::{graph_of, scoped};
pub use histogram::histogram_of;
pub use message::{GraphDef, Summary};
