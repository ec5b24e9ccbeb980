//! Losses against Keras's: soft targets, smoothed ones, and a weight for each picture
//! (`tests/golden/losses.py`).

use serde_json::Value;

use super::harness::{Data, assert_close, run};
use crate::desc::{KernelDesc, LossDesc, LossKind, Targets};

/// Numbers of a list, or of a list of lists.
fn numbers(value: &Value) -> Vec<f64> {
    match value.as_array() {
        Some(values) => values.iter().flat_map(numbers).collect(),
        None => vec![value.as_f64().expect("a number")],
    }
}

fn desc(case: &Value, classes: usize) -> LossDesc {
    let bits = |key: &str| (case[key].as_f64().unwrap_or(0.0) as f32).to_bits();
    let (gamma, alpha) = (bits("gamma"), bits("alpha"));
    let kind = match (case["loss"].as_str().expect("a name"), classes) {
        ("categorical_crossentropy", _) => LossKind::SoftmaxCrossEntropy,
        ("binary_crossentropy", _) => LossKind::SigmoidCrossEntropy,
        ("focal", 1) => LossKind::SigmoidFocal { gamma, alpha },
        ("focal", _) => LossKind::SoftmaxFocal { gamma, alpha },
        ("hinge", 1) => LossKind::Margin,
        ("hinge", _) => LossKind::LargestMargin,
        ("mse", _) => LossKind::MeanSquaredError,
        (other, _) => panic!("the loss {other}"),
    };
    LossDesc {
        kind,
        targets: Targets::Numbers,
        smoothing: bits("label_smoothing"),
        classes,
        weighted: true,
        grad: true,
    }
}

#[test]
fn keras_computes_the_same_losses_and_gradients() {
    let golden: Vec<Value> = serde_json::from_str(include_str!("../../../tests/golden/losses.json"))
        .expect("the golden file is JSON");
    assert!(golden.len() >= 15, "the golden file has cases");
    for (at, case) in golden.iter().enumerate() {
        let of =
            |key: &str| -> Vec<f32> { numbers(&case[key]).into_iter().map(|number| number as f32).collect() };
        let (scores, count) = (of("scores"), of("weights").len());
        let args = [
            Data::F32(scores.clone()),
            Data::F32(of("targets")),
            Data::F32(vec![1.0 / count as f32]),
            Data::F32(of("weights")),
            Data::F32(vec![7.0; count]),
            Data::F32(vec![7.0; scores.len()]),
        ];
        let got = run(&KernelDesc::Loss(desc(case, scores.len() / count)), &args, count, 0);
        for (key, got) in [("losses", got[4].f32()), ("gradient", got[5].f32())] {
            for (n, (&got, want)) in got.iter().zip(numbers(&case[key])).enumerate() {
                assert_close(got, want, 2e-6, (at, &case["loss"], key, n));
            }
        }
    }
}
