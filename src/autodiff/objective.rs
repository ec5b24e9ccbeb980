//! Loss and metrics on top of a forward pass.

use super::backward::backpropagate;
use super::clip::clip;
use super::optimizer::{AVERAGE, update};
use super::penalty;
use crate::ir::{
    CheckedProgram, Forward, Graph, InputRole, Loss as ProgramLoss, Metric, Mode, ScalarInput, TrainSpec, Value,
    forward,
};
use crate::kernel::desc::LossKind;
use crate::ops::{Loss, Op, TopK};
use crate::opt;
use crate::tensor::{Element, Shape, TensorType};

/// Names of the outputs: per-image loss, and per-image hits of each metric (`metric0`, `metric1`, …).
const LOSS: &str = "loss";
/// One number for the batch: what the size of weights adds to the loss.
const PENALTY: &str = "penalty";

/// Forward pass with dropout and batch statistics, loss, gradients, and the update of every weight. `None` where this version cannot compute the loss
/// ([`crate::ir::Program::not_run_yet`]).
pub fn training_graph(program: &CheckedProgram, loss: ProgramLoss, train: &TrainSpec, random: bool) -> Option<Graph> {
    let kind = kind_of(loss)?;
    let Forward { mut graph, scores, penalties, .. } = forward(program, Mode::Training { random });
    let labels = labels(&mut graph);
    let seed = add_loss(&mut graph, scores, labels, kind, true);
    add_metrics(&mut graph, program, scores, labels, loss);
    // the forward pass takes its final form before it is differentiated: what pooling has thrown away needs no gradient.
    // These passes rewrite in place, so `scores` and `seed` stay what they are.
    opt::run(&mut graph, opt::BEFORE_GRADIENTS);
    penalty::add_output(&mut graph, &penalties, PENALTY);
    let mut gradients = backpropagate(&mut graph, scores, seed);
    penalty::add_gradients(&mut graph, &penalties, &mut gradients);
    for (weight, gradient) in clip(&mut graph, gradients, &train.updates) {
        update(&mut graph, &train.optimizer.value, &train.updates, weight, gradient);
    }
    Some(graph)
}

/// Forward pass without randomness: output, and where the loss is known also loss and metrics.
pub fn evaluation_graph(program: &CheckedProgram) -> Graph {
    let Forward { mut graph, output, scores, penalties, .. } = forward(program, Mode::Inference);
    graph.outputs.push(("output".to_owned(), output));
    if let Some(loss) = program.loss()
        && let Some(kind) = kind_of(loss)
    {
        let labels = labels(&mut graph);
        add_loss(&mut graph, scores, labels, kind, false);
        add_metrics(&mut graph, program, scores, labels, loss);
        penalty::add_output(&mut graph, &penalties, PENALTY);
    }
    graph
}

/// Of a slot that follows a weight (`ema`), the name of the weight.
pub fn averaged_weight(slot: &str) -> Option<&str> {
    slot.strip_suffix(AVERAGE)?.strip_suffix('.')
}

/// The name of the output that holds each image's loss.
pub fn loss_output() -> &'static str {
    LOSS
}

/// The name of the output that holds what the size of weights adds to the loss; there is none where no layer asks for it.
pub fn penalty_output() -> &'static str {
    PENALTY
}

/// The name of the output that holds each image's hit of the metric with this index.
pub fn metric_output(index: usize) -> String {
    format!("metric{index}")
}

fn labels(graph: &mut Graph) -> Value {
    let ty = TensorType { element: Element::I32, shape: Shape::vector(1), batched: true };
    graph.push_value(Op::Input(InputRole::Labels, ty), &[], "")
}

/// How a loss is computed, where this version does.
fn kind_of(loss: ProgramLoss) -> Option<LossKind> {
    match loss {
        ProgramLoss::CategoricalCrossentropy => Some(LossKind::SoftmaxCrossEntropy),
        ProgramLoss::BinaryCrossentropy => Some(LossKind::SigmoidCrossEntropy),
        ProgramLoss::Mse => Some(LossKind::MeanSquaredError),
        ProgramLoss::Focal { .. } | ProgramLoss::Hinge => None,
    }
}

/// Adds the loss; returns its gradient by the scores (the loss itself where none is asked for).
fn add_loss(graph: &mut Graph, scores: Value, labels: Value, kind: LossKind, grad: bool) -> Value {
    let inverse_batch = graph.scalar(ScalarInput::InverseBatch);
    let node = graph.push(Op::Loss(Loss { kind, grad }), &[scores, labels, inverse_batch], "loss");
    graph.outputs.push((LOSS.to_owned(), Value { node, output: 0 }));
    Value { node, output: u16::from(grad) }
}

fn add_metrics(graph: &mut Graph, program: &CheckedProgram, scores: Value, labels: Value, loss: ProgramLoss) {
    // a score of a cross-entropy decides at 0, a probability at 1/2
    let threshold: f32 = match loss {
        ProgramLoss::CategoricalCrossentropy
        | ProgramLoss::BinaryCrossentropy
        | ProgramLoss::Focal { .. }
        | ProgramLoss::Hinge => 0.0,
        ProgramLoss::Mse => 0.5,
    };
    for (index, metric) in metrics(program).into_iter().enumerate() {
        let k = match metric {
            Metric::Accuracy => 1,
            Metric::TopK(k) => k,
            // not run yet
            Metric::Precision | Metric::Recall | Metric::F1 | Metric::Auc => continue,
        };
        let op = Op::TopK(TopK { k, threshold: threshold.to_bits() });
        let hits = graph.push_value(op, &[scores, labels], "metrics");
        graph.outputs.push((metric_output(index), hits));
    }
}

/// The metrics of a program, accuracy where it has no schedule.
pub fn metrics(program: &CheckedProgram) -> Vec<Metric> {
    match &program.program().train {
        Some(train) => train.metrics.iter().map(|metric| metric.value).collect(),
        None => vec![Metric::Accuracy],
    }
}
