//! The training graph: forward pass, loss, backward pass, and the optimizer's update, as one graph.

mod backward;
mod clip;
mod objective;
mod optimizer;
mod penalty;

pub use objective::{
    averaged_weight, evaluation_graph, loss_output, metric_output, metrics, penalty_output, training_graph,
};
