//! Whether a run fits into memory (E0515).

use std::collections::HashMap;

use super::{KERNEL_BYTES, Machine, PROGRAM_BYTES, PhasePlans, batch, features, pictures};
use crate::card::DataCard;
use crate::diag::{Code, Diagnostic};
use crate::ir::{CheckedProgram, LayerId, LayerNode};
use crate::plan::{Place, Plan};
use crate::runtime::FEATURES_AT_ONCE;
use crate::source::Span;

/// Layers that are planned in the search for a batch that fits, those of all plans together.
const MOST_PLANNED: usize = 100_000;

/// E0515: the run does not fit into the machine's memory.
pub fn check(program: &CheckedProgram, card: Option<&DataCard>, machine: &Machine) -> Option<Diagnostic> {
    let limit = usize::try_from(machine.memory_bytes).unwrap_or(usize::MAX);
    if program.open_sizes().is_some() || fits_surely(program, card, limit) {
        return None;
    }
    let stages = program.stages();
    let planned = stages.iter().filter_map(|program| {
        let stage = PhasePlans::of(program, card, machine)?;
        let (memory, steps) = stage.at(stage.train.batch.value);
        Some((stage, memory, steps))
    });
    let (stage, memory, steps) = planned.max_by_key(|(_, memory, _)| memory.peak())?;
    if memory.peak() <= limit {
        return None;
    }
    let train = stage.train;
    let problem = Diagnostic::new(Code::E0515)
        .arg("peak", text(memory.peak()))
        .arg("limit", text(limit))
        .arg("batch", train.batch.value);
    let place = if train.batch.span == Span::default() { train.span } else { train.batch.span };
    let problem = problem.at(place, "here");
    let problem = match costliest(stage.program, &steps) {
        Some((node, bytes)) => problem.arg("bytes", text(bytes)).also(node.span, "layer"),
        None => problem,
    };
    let ends = [stage.without_pictures().peak(), memory.peak()];
    let plans = (MOST_PLANNED / program.program().model.layers.len().max(1)).max(1);
    Some(match batch::largest(train.batch.value, ends, limit, plans, |batch| stage.at(batch).0.peak()) {
        Some((batch, needs)) => {
            let problem = problem.arg("fits", batch).arg("needs", text(needs)).help("batch");
            if train.batch.span == Span::default() { problem } else { problem.fix(place, batch.to_string()) }
        }
        None => problem.help("smaller"),
    })
}

/// Whether a bound from above, which takes no planning, is within the limit: no result of a layer, its
/// gradient and two copies of each are ever more than all there are.
fn fits_surely(program: &CheckedProgram, card: Option<&DataCard>, limit: usize) -> bool {
    let Some(train) = program.program().train.as_ref() else { return true };
    let layers = &program.program().model.layers;
    let batch = train.stages().map(|stage| stage.batch.value).max().unwrap_or(train.batch.value);
    let (mut results, mut parameters) = (0_usize, 0_usize);
    for (at, node) in layers.iter().enumerate() {
        let shape = program.shape(LayerId(u32::try_from(at).unwrap_or(u32::MAX)));
        results = results.saturating_add(shape.elements());
        let operands: Vec<_> = node.inputs.iter().map(|&input| program.shape(input).clone()).collect();
        let params = node.layer.as_op().params(&operands);
        parameters = params.iter().fold(parameters, |sum, param| sum.saturating_add(param.shape.elements()));
    }
    let pictures::Held { pictures, files, .. } = pictures::held(program, card, limit as u64);
    let stages = program.stages();
    let features = stages.iter().filter_map(|stage| features::planned(stage, card));
    let features = features.map(|plan| plan.memory_bytes()).max();
    // a frozen part takes so many at once
    let batch = if features.is_some() { batch.max(FEATURES_AT_ONCE) } else { batch };
    let held = pictures.saturating_add(files).saturating_add(pictures::answers(program, train, card));
    let held = held.saturating_add(features.unwrap_or(0));
    // no layer has as many kernels
    let program_bytes = 2 * PROGRAM_BYTES + layers.len() * 32 * KERNEL_BYTES;
    // weights, gradients by shards, three slots, evaluation, best weights
    let bound =
        results.saturating_mul(8 * 4).saturating_mul(batch).saturating_add(parameters.saturating_mul(4 * 16));
    bound.saturating_add(held).saturating_add(program_bytes) <= limit
}

/// The layer whose buffers take most, with their bytes.
fn costliest<'p>(program: &'p CheckedProgram, steps: &[Plan]) -> Option<(&'p LayerNode, usize)> {
    let buffers = steps.iter().flat_map(|plan| &plan.buffers);
    let arena = buffers.filter(|buffer| matches!(buffer.place, Place::Arena(_)));
    let layers = &program.program().model.layers;
    let mut bytes_of: HashMap<&str, usize> = layers.iter().map(|node| (node.path.as_str(), 0)).collect();
    for buffer in arena {
        if let Some(bytes) = bytes_of.get_mut(buffer.layer.as_str()) {
            *bytes += buffer.bytes;
        }
    }
    let with_bytes = layers.iter().map(|node| (node, bytes_of[node.path.as_str()]));
    with_bytes.max_by_key(|(_, bytes)| *bytes).filter(|(_, bytes)| *bytes > 0)
}

/// `1.5 GiB`
fn text(bytes: usize) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    if mib < 1024.0 { format!("{mib:.0} MiB") } else { format!("{:.1} GiB", mib / 1024.0) }
}
