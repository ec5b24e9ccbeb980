//! The `train` section.

mod freezing;
mod loss;
mod optimizer;
mod phase;
mod rate_scales;
mod schedule;

use std::collections::BTreeSet;

use super::Cx;
use super::section::Merged;
use crate::ast::Step;
use crate::diag::{Code, Diagnostic};
use crate::ir::{LayerId, Model, TrainSpec};
use crate::source::{Span, Spanned};
use crate::vocabulary::{Callback, Metric, OF_ALL_PHASES, Schedule, SectionInfo, TRAIN, Words};

pub(super) use phase::unused as unused_in_phases;

/// Finds the layers that the section and its phases name, once the model is known; those in `unknown` are not.
pub(super) fn resolve_layers(
    cx: &mut Cx,
    train: &mut TrainSpec,
    model: &mut Model,
    unknown: &BTreeSet<LayerId>,
) {
    freezing::resolve(cx, train, model, unknown);
    rate_scales::resolve(cx, train, model, !unknown.is_empty());
}

/// What is known of the section.
const SECTION: &SectionInfo = &TRAIN;

/// Whether a phase may set it for itself.
fn is_of_a_phase(name: &str) -> bool {
    SECTION.setting(name).is_some() && !OF_ALL_PHASES.contains(&name)
}

fn is_callback(call: &Step) -> bool {
    Callback::row(&call.callee.value).is_some()
}

/// The schedule; settings with mistakes have their defaults. Layers stand there by name until
/// [`resolve_layers`] has seen the model.
pub(super) fn lower(cx: &mut Cx, section: &Merged) -> TrainSpec {
    let mut own = section.clone();
    let phases = std::mem::take(&mut own.phases);
    let mut train = spec(cx, own.clone());
    // what a phase inherits; mistakes in it have been reported
    own.settings.retain(|setting| SECTION.setting(&setting.key.value).is_some());
    own.settings.retain(|setting| !["freeze", "unfreeze"].contains(&setting.key.value.as_str()));
    own.calls.retain(is_callback);
    train.phases = phase::lower_all(cx, &own, &phases);
    if !train.phases.is_empty() {
        train.epochs.value = train.phases.iter().map(|phase| phase.spec.epochs.value).sum();
    }
    train
}

/// One schedule without phases.
fn spec(cx: &mut Cx, mut section: Merged) -> TrainSpec {
    let span = section.span;
    let settings = cx.settings(&mut section, SECTION);
    let written = optimizer::lower(cx, &mut section, &settings);
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
    let top_k = metrics.iter().map(|metric| metric.value).find(|metric| matches!(metric, Metric::TopK(_)));
    cx.top_k = top_k;
    let freezes = freezing::changes(cx, &mut section);
    let rate_scales = rate_scales::scales(cx, &mut section);
    let (calls, unknown): (Vec<Step>, Vec<Step>) = section.calls.into_iter().partition(is_callback);
    section.calls = unknown;
    let mut callbacks: Vec<Spanned<Callback>> = Vec::new();
    for call in &calls {
        let callback = cx.call_of::<Callback>("train", &call.callee, &call.arguments, call.span);
        callbacks.extend(callback.map(|(callback, _)| Spanned::new(callback, call.span)));
    }
    section.finish(cx, SECTION);
    let spec = TrainSpec {
        span,
        epochs: settings.spanned_int("epochs"),
        batch: settings.spanned_int("batch"),
        optimizer: written.optimizer,
        rate_span: written.rate_span,
        updates: written.updates,
        schedule,
        loss,
        loss_options,
        metrics,
        callbacks,
        seed: settings.int("seed") as u64,
        freezes,
        rate_scales,
        rate_factors: Vec::new(),
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
    let plateau =
        spec.callbacks.iter().find(|callback| matches!(callback.value, Callback::ReduceLrOnPlateau { .. }));
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
