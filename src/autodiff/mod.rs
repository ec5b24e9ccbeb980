//! The training graph: forward pass, loss, backward pass, and the optimizer's update, as one graph.

mod backward;
mod clip;
mod metrics;
mod objective;
mod optimizer;
mod penalty;
mod probe;

pub use metrics::{answers_output, metric_output, metrics};
pub use objective::{averaged_weight, evaluation_graph, loss_output, penalty_output, training_graph};
pub use probe::{Differentiated, GRADIENT, NoProbe, OUTPUT, Probe, probe_graph, value_output};
