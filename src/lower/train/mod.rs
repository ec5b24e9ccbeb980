//! The `train` section.

mod callbacks;
mod freezing;
mod loss;
mod optimizer;
mod phase;
mod schedule;

use super::Cx;
use super::convert::MOST;
use super::section::Merged;
use crate::ast::Step;
use crate::diag::{Code, Diagnostic};
use crate::ir::{Callback, Metric, Schedule, TrainSpec};
use crate::source::{Span, Spanned};

pub(super) use callbacks::monitor;
pub(super) use freezing::resolve as resolve_freezing;
pub(super) use phase::unused as unused_in_phases;

/// What a phase may set for itself.
const OF_A_PHASE: &[&str] = &[
    "epochs",
    "batch",
    "optimizer",
    "weight_decay",
    "clip_value",
    "clip_norm",
    "global_clip_norm",
    "ema",
    "schedule",
    "freeze",
    "unfreeze",
];
/// What is the same in all phases.
const OF_ALL_PHASES: &[&str] = &["loss", "metrics", "seed"];
pub(super) const CALLBACKS: &[&str] = &[
    "checkpoint",
    "early_stopping",
    "reduce_lr_on_plateau",
    "csv_log",
    "tensorboard",
    "time_limit",
    "terminate_on_nan",
];

pub(super) fn settings() -> Vec<&'static str> {
    OF_A_PHASE.iter().chain(OF_ALL_PHASES).copied().collect()
}

/// The schedule; settings with mistakes have their defaults. What is frozen stands there by name until [`resolve_freezing`] has seen the model.
pub(super) fn lower(cx: &mut Cx, section: &Merged) -> TrainSpec {
    let mut own = section.clone();
    let phases = std::mem::take(&mut own.phases);
    let mut train = spec(cx, own.clone());
    // what a phase inherits; mistakes in it have been reported
    own.settings.retain(|setting| settings().contains(&setting.key.value.as_str()));
    own.settings.retain(|setting| !["freeze", "unfreeze"].contains(&setting.key.value.as_str()));
    own.calls.retain(|call| CALLBACKS.contains(&call.callee.value.as_str()));
    train.phases = phase::lower_all(cx, &own, &phases);
    if !train.phases.is_empty() {
        train.epochs.value = train.phases.iter().map(|phase| phase.spec.epochs.value).sum();
    }
    train
}

/// One schedule without phases.
fn spec(cx: &mut Cx, mut section: Merged) -> TrainSpec {
    let span = section.span;
    let mut count = |cx: &mut Cx, key: &str, default: usize| match section.take(key) {
        Some(expr) => Spanned::new(cx.int(key, &expr, 1, MOST).unwrap_or(default), expr.span),
        None => Spanned::new(default, Span::default()),
    };
    let (epochs, batch) = (count(cx, "epochs", 1), count(cx, "batch", 32));
    let written = optimizer::lower(cx, &mut section);
    let schedule = match section.take("schedule") {
        Some(expr) => Spanned::new(schedule::lower(cx, &expr).unwrap_or(Schedule::Constant), expr.span),
        None => Spanned::new(Schedule::Constant, Span::default()),
    };
    let (loss, loss_options) = loss::lower(cx, &mut section);
    let metrics: Vec<Spanned<Metric>> = match section.take("metrics") {
        Some(expr) => {
            let items = cx.items(&expr).unwrap_or_default();
            items.iter().filter_map(|item| loss::metric(cx, item)).collect()
        }
        None => vec![Spanned::new(Metric::default_for(cx.labels), Span::default())],
    };
    let seed = section.take("seed").and_then(|expr| cx.int("seed", &expr, 0, usize::MAX)).unwrap_or(0) as u64;
    let freezes = freezing::changes(cx, &mut section);
    let (calls, unknown): (Vec<Step>, Vec<Step>) =
        section.calls.into_iter().partition(|call| CALLBACKS.contains(&call.callee.value.as_str()));
    section.calls = unknown;
    let callbacks: Vec<Spanned<Callback>> = calls
        .iter()
        .filter_map(|call| callbacks::callback(cx, call, &metrics).map(|c| Spanned::new(c, call.span)))
        .collect();
    section.finish(cx, "train", &settings(), CALLBACKS, &[]);
    let spec = TrainSpec {
        span,
        epochs,
        batch,
        optimizer: written.optimizer,
        rate_span: written.rate_span,
        updates: written.updates,
        schedule,
        loss,
        loss_options,
        metrics,
        callbacks,
        seed,
        freezes,
        phases: Vec::new(),
    };
    check_rate_given_once(cx, &spec);
    spec
}

/// E0014: two places that say how the learning rate moves.
fn check_rate_given_once(cx: &mut Cx, spec: &TrainSpec) {
    if spec.schedule.value == Schedule::Constant {
        return;
    }
    let plateau = spec.callbacks.iter().find(|callback| matches!(callback.value, Callback::ReduceLrOnPlateau { .. }));
    let piecewise = matches!(spec.schedule.value, Schedule::Piecewise { .. });
    let other = match (plateau, spec.rate_span) {
        (Some(plateau), _) => Some((plateau.span, "what lowers the learning rate")),
        (None, Some(rate)) if piecewise => Some((rate, "the learning rate")),
        (None, _) => None,
    };
    if let Some((other, what)) = other {
        let (first, second) = if other.start < spec.schedule.span.start {
            (other, spec.schedule.span)
        } else {
            (spec.schedule.span, other)
        };
        cx.report(Diagnostic::new(Code::E0014).arg("what", what).at(second, "second").also(first, "first"));
    }
}
