//! W0516: changes of the learning rate that never come.

use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::{Schedule, TrainSpec};
use crate::source::Spanned;

/// Characters of a drawn timeline.
const WIDTH: usize = 40;

pub(super) fn check(train: &TrainSpec, problems: &mut Problems) {
    for stage in train.stages() {
        let (late, sentence): (Vec<&Spanned<f64>>, &'static str) = match &stage.schedule.value {
            Schedule::Step { step_size, .. } => (vec![step_size], "say"),
            Schedule::MultiStep { milestones: boundaries, .. } | Schedule::Piecewise { boundaries, .. } => {
                (boundaries.iter().collect(), "say")
            }
            Schedule::Exponential { decay_steps, staircase: true, .. } => (vec![decay_steps], "say"),
            Schedule::Cosine { warmup, .. } => (vec![warmup], "warmup"),
            Schedule::Constant
            | Schedule::Exponential { .. }
            | Schedule::Polynomial { .. }
            | Schedule::OneCycle { .. } => (Vec::new(), "say"),
        };
        let epochs = stage.epochs.value as f64;
        for boundary in
            late.into_iter().filter(|boundary| boundary.value >= epochs && !boundary.span.is_empty())
        {
            let problem = Diagnostic::new(Code::W0516)
                .saying(sentence)
                .arg("at", boundary.value)
                .arg("epochs", stage.epochs.value)
                .arg("timeline", drawn(epochs, boundary.value))
                .at(boundary.span, "here");
            let problem = if stage.epochs.span.is_empty() {
                problem
            } else {
                problem.also(stage.epochs.span, "epochs")
            };
            problems.push(problem.note("timeline").help("help"));
        }
    }
}

/// `0 ├──────────┤ 10 · · · · ▲ 30`: the epochs of the phase, and where the change would be.
fn drawn(epochs: f64, at: f64) -> String {
    let trained = ((epochs / at * WIDTH as f64) as usize).clamp(1, WIDTH);
    let rest = (WIDTH - trained) / 2;
    format!("0 ├{}┤ {epochs} {}▲ {at}", "─".repeat(trained), "· ".repeat(rest))
}
