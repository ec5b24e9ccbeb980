//! The training graph: forward pass, loss, backward pass, and the optimizer's update, as one graph.

mod backward;
mod clip;
mod metrics;
mod objective;
mod optimizer;
mod penalty;
mod probe;

pub use metrics::metrics;
pub use objective::{evaluation_graph, training_graph};
pub use probe::{Differentiated, NoProbe, Probe, probe_graph};
