//! Metrics on top of a forward pass.

use super::objective::judge;
use crate::desc::LossKind;
use crate::ir::{CheckedProgram, Graph, LabelKind, Link, Loss, Metric, OutputId, Value};
use crate::ops::{self, Map, Op, Softmax, TopK};

/// What metrics look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    pub(super) output: Value,
    pub(super) scores: Value,
    pub(super) labels: Value,
    pub(super) loss: Loss,
}

/// Adds an output for each metric that is a mean over images, and one with the answers where other metrics
/// want them.
pub(super) fn add(graph: &mut Graph, program: &CheckedProgram, judged: Judged) {
    let Judged { output, scores, labels, loss } = judged;
    let threshold = threshold(program, loss).to_bits();
    let has_classes = program.label_kind() == LabelKind::Single;
    for (index, metric) in metrics(program).into_iter().enumerate() {
        let mut error = |kind, of| judge(graph, ops::Loss::metric(kind), [of, labels], "metrics");
        let values = match metric {
            Metric::Mae => error(LossKind::MeanAbsoluteError, output),
            Metric::Mse => error(LossKind::MeanSquaredError, output),
            Metric::Accuracy if !has_classes => error(LossKind::Decisions { threshold }, scores),
            Metric::Precision | Metric::Recall | Metric::F1 | Metric::Auc => continue,
            Metric::Accuracy | Metric::TopK(_) => {
                let k = if let Metric::TopK(k) = metric { k } else { 1 };
                graph.push_value(Op::TopK(TopK { k, threshold }), &[scores, labels], "metrics")
            }
        };
        graph.outputs.push((OutputId::Metric(index), values));
    }
    if metrics(program).into_iter().any(Metric::counts_answers) {
        let answers = answers(graph, judged, has_classes, f32::from_bits(threshold));
        graph.outputs.push((OutputId::Answers, answers));
    }
}

/// What is counted: probabilities of exclusive classes, which can be compared between images; else scores
/// that say yes above 0.
fn answers(graph: &mut Graph, judged: Judged, has_classes: bool, threshold: f32) -> Value {
    let Judged { output, scores, loss, .. } = judged;
    let outputs = graph.ty(output).shape.elements();
    if has_classes && outputs > 1 {
        let ends_in_scores = output == scores && loss.link(outputs) == Some(Link::Softmax);
        return if ends_in_scores {
            graph.push_value(Op::Softmax(Softmax), &[scores], "metrics")
        } else {
            output
        };
    }
    if threshold == 0.0 {
        return scores;
    }
    let above = Map::single(|e| {
        let (score, threshold) = (e.input(0), e.constant(threshold));
        e.sub(score, threshold)
    });
    graph.push_value(Op::Map(above), &[scores], "metrics")
}

/// From where on an output says yes: a score from 0, a probability from 1/2.
fn threshold(program: &CheckedProgram, loss: Loss) -> f32 {
    let gives_probabilities = program.gives_probabilities(program.program().model.output);
    match loss {
        Loss::CategoricalCrossentropy | Loss::BinaryCrossentropy | Loss::Focal { .. } => 0.0,
        Loss::Hinge if !gives_probabilities => 0.0,
        Loss::Hinge | Loss::Mse | Loss::Mae | Loss::Huber { .. } => 0.5,
    }
}

/// The metrics of a program; accuracy where it has no schedule, the absolute error where its labels are
/// numbers.
pub fn metrics(program: &CheckedProgram) -> Vec<Metric> {
    match &program.program().train {
        Some(train) => train.metrics.iter().map(|metric| metric.value).collect(),
        None => vec![Metric::default_for(program.label_kind())],
    }
}
