//! The loss on top of a forward pass, and what follows from it.

use std::collections::HashMap;

use super::backward::backpropagate;
use super::clip::clip;
use super::metrics::{self, Judged};
use super::optimizer::update;
use super::penalty;
use crate::desc::LossKind;
use crate::ir::{
    CheckedProgram, Forward, FrozenPart, Graph, InputRole, LabelKind, Link, Loss as ProgramLoss, Mode,
    OutputId, ScalarInput, TrainSpec, Value, forward_behind,
};
use crate::ops::{Loss, Map, Op};
use crate::opt;
use crate::tensor::{Element, Shape, TensorType};

/// Forward pass with dropout and batch statistics, loss, gradients, and the update of every weight. Of what
/// stands behind a frozen part, where one is computed by itself: nothing in it has a gradient.
pub fn training_graph(
    (program, part): (&CheckedProgram, Option<&FrozenPart>),
    loss: ProgramLoss,
    train: &TrainSpec,
    random: bool,
) -> Graph {
    let judgement = Loss { grad: true, ..judgement(program, loss) };
    let Forward { mut graph, output, scores, head_scores, penalties, .. } =
        forward_behind(program, Mode::Training { random }, part);
    let labels = labels(&mut graph, program, program.program().augment.mixes_labels());
    let weights = weights(&mut graph, program);
    let heads = program
        .program()
        .model
        .heads
        .iter()
        .map(|head| head.weight.value)
        .zip(head_scores)
        .collect::<Vec<_>>();
    let seeds = add_losses(&mut graph, (scores, &heads), (labels, weights), judgement);
    metrics::add(&mut graph, program, Judged { output, scores, labels, loss });
    // the forward pass takes its final form before it is differentiated: what pooling has thrown away needs
    // no gradient. These passes rewrite in place, so scores and seeds stay what they are.
    opt::run(&mut graph, opt::BEFORE_GRADIENTS);
    penalty::add_output(&mut graph, &penalties);
    let mut gradients = backpropagate(&mut graph, &seeds);
    penalty::add_gradients(&mut graph, &penalties, &mut gradients);
    let layers = program.program().model.layers.iter().enumerate();
    let factors: HashMap<&str, f32> =
        layers.map(|(at, node)| (node.path.as_str(), train.rate_factor(at))).collect();
    for (weight, gradient) in clip(&mut graph, gradients, &train.updates) {
        let layer = graph.params[weight.index()].layer.as_str();
        let factor = factors.get(layer).copied().unwrap_or(1.0);
        update(&mut graph, &train.optimizer.value, &train.updates, (weight, gradient), factor);
    }
    graph
}

/// Forward pass without randomness: output, and where the loss is known also loss and metrics. Auxiliary
/// outputs are left out, and of the loss too. Of the whole model, or of what stands behind a frozen part.
pub fn evaluation_graph(program: &CheckedProgram, part: Option<&FrozenPart>) -> Graph {
    let Forward { mut graph, output, scores, penalties, .. } = forward_behind(program, Mode::Inference, part);
    graph.outputs.push((OutputId::Model, output));
    if let Some(loss) = program.loss() {
        let labels = labels(&mut graph, program, false);
        let value = judge(&mut graph, judgement(program, loss), [scores, labels], "loss");
        graph.outputs.push((OutputId::Loss, value));
        metrics::add(&mut graph, program, Judged { output, scores, labels, loss });
        penalty::add_output(&mut graph, &penalties);
    }
    graph
}

/// The input of the labels: a class index an image, or a number for each output; so too, as shares of
/// classes, where images are `mixed`.
fn labels(graph: &mut Graph, program: &CheckedProgram, mixed: bool) -> Value {
    let (element, shape) = match program.label_kind() {
        LabelKind::Single if !mixed => (Element::I32, Shape::vector(1)),
        LabelKind::Single | LabelKind::Multi | LabelKind::Regression => {
            (Element::F32, Shape::vector(program.output_shape().elements()))
        }
    };
    let ty = TensorType { element, shape, batched: true };
    graph.push_value(Op::Input(InputRole::Labels, ty), &[], "")
}

/// The input that says how much each image counts, where the program weighs its classes.
fn weights(graph: &mut Graph, program: &CheckedProgram) -> Option<Value> {
    program.program().data.as_ref()?.class_weight.as_ref()?;
    let ty = TensorType { element: Element::F32, shape: Shape::vector(1), batched: true };
    Some(graph.push_value(Op::Input(InputRole::Weights, ty), &[], ""))
}

/// Adds the losses of the model's output and of its auxiliary outputs (weight, scores), whose sum is what is
/// trained by; returns scores with the gradients by them.
/// ```text
/// loss = L(scores) + Σ weight · L(head's scores)      of an image with a weight of its own that many times as much
/// ```
fn add_losses(
    graph: &mut Graph,
    (scores, heads): (Value, &[(f32, Value)]),
    (labels, weights): (Value, Option<Value>),
    judgement: Loss,
) -> Vec<(Value, Value)> {
    let inverse_batch = graph.scalar(ScalarInput::InverseBatch);
    let loss = |graph: &mut Graph, scores: Value, scale: Value| {
        let operands: Vec<Value> = [scores, labels, scale].into_iter().chain(weights).collect();
        graph.push(Op::Loss(judgement), &operands, "loss")
    };
    let main = loss(graph, scores, inverse_batch);
    let mut total = Value { node: main, output: 0 };
    let mut seeds = vec![(scores, Value { node: main, output: 1 })];
    for &(weight, scores) in heads {
        let scale = Map::single(|e| {
            let (share, weight) = (e.input(0), e.constant(weight));
            e.mul(share, weight)
        });
        let scale = graph.push_value(Op::Map(scale), &[inverse_batch], "loss");
        let head = loss(graph, scores, scale);
        seeds.push((scores, Value { node: head, output: 1 }));
        let sum = Map::single(|e| {
            let (total, head, weight) = (e.input(0), e.input(1), e.constant(weight));
            e.mul_add(head, weight, total)
        });
        total = graph.push_value(Op::Map(sum), &[total, Value { node: head, output: 0 }], "loss");
    }
    graph.outputs.push((OutputId::Loss, total));
    seeds
}

/// How the program's loss is computed, without gradient.
fn judgement(program: &CheckedProgram, loss: ProgramLoss) -> Loss {
    let options = program.program().train.as_ref().map(|train| &train.loss_options);
    let smoothing = options.map_or(0.0, |options| options.label_smoothing).to_bits();
    Loss { kind: kind_of(loss, program.output_shape().elements()), smoothing, grad: false }
}

/// How a loss of this many outputs is computed.
fn kind_of(loss: ProgramLoss, outputs: usize) -> LossKind {
    match loss {
        ProgramLoss::CategoricalCrossentropy => LossKind::SoftmaxCrossEntropy,
        ProgramLoss::BinaryCrossentropy => LossKind::SigmoidCrossEntropy,
        ProgramLoss::Mse => LossKind::MeanSquaredError,
        ProgramLoss::Mae => LossKind::MeanAbsoluteError,
        ProgramLoss::Huber { delta } => LossKind::Huber { delta: delta.to_bits() },
        ProgramLoss::Focal { gamma, alpha } => {
            let (gamma, alpha) = (gamma.to_bits(), alpha.to_bits());
            match loss.link(outputs) {
                Some(Link::Sigmoid) | None => LossKind::SigmoidFocal { gamma, alpha },
                Some(Link::Softmax) => LossKind::SoftmaxFocal { gamma, alpha },
            }
        }
        ProgramLoss::Hinge if outputs == 1 => LossKind::Margin,
        ProgramLoss::Hinge => LossKind::LargestMargin,
    }
}

/// A loss or an error of each image, without gradient.
pub(super) fn judge(graph: &mut Graph, judgement: Loss, [scores, labels]: [Value; 2], layer: &str) -> Value {
    let inverse_batch = graph.scalar(ScalarInput::InverseBatch);
    graph.push_value(Op::Loss(judgement), &[scores, labels, inverse_batch], layer)
}
