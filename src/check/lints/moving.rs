//! W0530: moving statistics of `batch_norm` that are still much like what they began with when the model is
//! judged by them.
//!
//! ```text
//! moving ← moving · momentum + batch · (1 − momentum)     after n steps, momentum^n of the beginning is left
//! ```
//! With Keras's momentum of 0.99 a tenth of it is left after 229 steps. A small data set makes fewer in all, or
//! fewer until `early_stopping` has lost its patience; then evaluation is of another network than training.

use super::{Network, StageView, backbones};
use crate::check::{View, edit};
use crate::diag::{Code, Diagnostic, Edit, Problems};
use crate::ir::Callback;
use crate::layers::Layer;
use crate::source::Span;

/// Of what the statistics begin with, no larger share should be left.
const LEFT: f64 = 0.1;
/// What can be written in place of a momentum that is too large, the most usual one first.
const SMALLER: [(f64, &str); 2] = [(0.9, "0.9"), (0.5, "0.5")];

/// A layer whose statistics move too slowly.
#[derive(Clone, Copy)]
struct Slow {
    at: usize,
    momentum: f64,
    /// Steps after which it is judged.
    steps: usize,
    /// Where that is written, and what waits there.
    when: Span,
    sentence: Option<&'static str>,
    epochs: usize,
}

pub(super) fn check(
    view: &View<'_>,
    network: &Network<'_>,
    stages: &[StageView<'_>],
    problems: &mut Problems,
) {
    let (Some(card), Some(data)) = (view.card, &view.program.data) else { return };
    let pictures = view.training_pictures(card, data);
    if pictures == 0 {
        return;
    }
    // trained weights bring statistics of their own
    let begins_trained = |at: &usize| {
        backbones(&view.program.model)
            .any(|(scope, used)| used.weights.is_some() && scope.layers.contains(at))
    };
    let norms = (0..network.layers.len()).filter(|at| !begins_trained(at));
    let slow: Vec<Slow> = norms.filter_map(|at| slow(network, at, stages, pictures)).collect();
    let Some(first) = slow.first() else { return };
    let left = first.momentum.powf(first.steps as f64);
    let problem = Diagnostic::new(Code::W0530)
        .arg("steps", first.steps)
        .arg("left", format!("{:.0}", left * 100.0))
        .arg("momentum", (first.momentum as f32).to_string())
        .arg("epochs", first.epochs)
        .at(network.layers[first.at].span, "here");
    let problem = match first.sentence {
        Some(sentence) => problem.saying(sentence),
        None => problem,
    };
    let problem = if first.when.is_empty() { problem } else { problem.also(first.when, "when") };
    let fewest = slow.iter().map(|slow| slow.steps).min().unwrap_or(0);
    let better = SMALLER.into_iter().find(|(momentum, _)| momentum.powf(fewest as f64) <= LEFT);
    let Some((_, better)) = better else {
        problems.push(problem.help("longer"));
        return;
    };
    let problem = problem.arg("better", better).help("help");
    problems.push(problem.fix_all(edits(view, network, &slow, better)));
}

/// The layer, where too much of the beginning is left in its statistics when the run ends, or when an
/// `early_stopping` may end it.
fn slow(network: &Network<'_>, at: usize, stages: &[StageView<'_>], pictures: usize) -> Option<Slow> {
    let Layer::BatchNorm(norm) = &network.layers[at].layer else { return None };
    // 0.99 as it is written: the nearest f32 differs after many steps
    let momentum: f64 = norm.momentum.to_string().parse().ok()?;
    let judged = |steps: usize| momentum.powf(steps as f64) > LEFT;
    let mut steps = 0;
    let mut stopping: Option<Slow> = None;
    let mut last = None;
    for stage in stages.iter().filter(|stage| !stage.frozen[at]) {
        let each = pictures.div_ceil(stage.train.batch.value.max(1));
        let epochs = stage.train.epochs.value;
        for callback in &stage.train.callbacks {
            let Callback::EarlyStopping { monitor, patience, .. } = &callback.value else { continue };
            let first_end = steps + each.saturating_mul(patience + 1);
            // of one that cannot act W0503 says so
            if monitor.value.validation && *patience < epochs && judged(first_end) {
                let sentence = Some("stopping");
                let (when, epochs) = (callback.span, patience + 1);
                stopping.get_or_insert(Slow { at, momentum, steps: first_end, when, sentence, epochs });
            }
        }
        steps += each.saturating_mul(epochs);
        last = Some((stage.train.epochs.span, epochs));
    }
    let (when, epochs) = last?;
    if judged(steps) { Some(Slow { at, momentum, steps, when, sentence: None, epochs }) } else { stopping }
}

/// A smaller momentum for each of the layers, as far as these are written in the file. A layer of a block
/// stands there once.
fn edits(view: &View<'_>, network: &Network<'_>, slow: &[Slow], better: &str) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for node in slow.iter().map(|slow| &network.layers[slow.at]) {
        let edit = edit::set_option(&view.program.source.text, node, "momentum", better);
        edits.extend(edit.filter(|edit| edits.iter().all(|known| known.span != edit.span)));
    }
    edits
}
