//! Where the time of a training step goes, as `run.json` has it.

use serde_json::{Value, json};

use crate::train::StepSample;

/// Calls that are listed by themselves; the shorter ones are added up.
const MOST: usize = 60;

/// Thread time of the kernel calls of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepTime {
    /// The layer; empty for what belongs to none, as do all calls that are not listed by themselves.
    pub layer: String,
    /// The kernels' family; `others` for calls that are not listed by themselves.
    pub kernel: String,
    /// Milliseconds of thread time a step.
    pub ms: f64,
}

/// The longest calls of a step, with the mean of the steps that were measured.
pub(super) fn to_json(sample: &StepSample) -> Value {
    let steps = f64::from(sample.steps);
    let ms = |ms: f64| (ms / steps * 1e4).round() / 1e4;
    let (listed, others) = sample.calls.split_at(sample.calls.len().min(MOST));
    let mut calls: Vec<Value> = listed
        .iter()
        .map(|row| json!({ "layer": row.layer, "kernel": row.family, "ms": ms(row.ms) }))
        .collect();
    if !others.is_empty() {
        let sum = others.iter().map(|row| row.ms).sum();
        calls.push(json!({ "layer": "", "kernel": "others", "ms": ms(sum) }));
    }
    json!({ "measured": sample.steps, "calls": calls })
}

/// What [`to_json`] made.
pub(super) fn from_json(step: &Value) -> Vec<StepTime> {
    let calls = step["calls"].as_array().map_or(&[][..], Vec::as_slice);
    let call = |call: &Value| {
        Some(StepTime {
            layer: call["layer"].as_str()?.to_owned(),
            kernel: call["kernel"].as_str()?.to_owned(),
            ms: call["ms"].as_f64()?,
        })
    };
    calls.iter().filter_map(call).collect()
}
