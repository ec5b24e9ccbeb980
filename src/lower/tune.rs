//! The `tune` section.

use std::collections::BTreeMap;

use super::Cx;
use super::constant::Parameters;
use super::section::Merged;
use crate::ast::{Entry, Expr, ExprKind, Name, Setting, Step};
use crate::diag::{Code, Diagnostic};
use crate::ir::{TrainSpec, TuneSpec};
use crate::source::{Span, Spanned};
use crate::space::Space;
use crate::vocabulary::{Limit, Metric, Monitor, Strategy, TUNE, Words};

/// The strategy, as it is written.
pub(super) struct WrittenStrategy {
    strategy: Spanned<Strategy>,
    /// Whether it says itself how many epochs the longest trials have.
    says_epochs: bool,
}

/// The strategy of a search. Where it decides the epochs of trials, `train` gets them in place of its own:
/// schedules count them.
pub(super) fn strategy(
    cx: &mut Cx,
    section: &mut Merged,
    train: Option<&mut Merged>,
    places: &[Span],
) -> WrittenStrategy {
    let default = Spanned::new(TUNE.default_of("strategy"), section.span);
    let mut written = WrittenStrategy { strategy: default, says_epochs: false };
    if let Some(expr) = section.take("strategy") {
        let lets = std::mem::take(&mut section.lets);
        let (word, read) =
            cx.reading(|cx| cx.with_constants(&lets, |cx| cx.word_of::<Strategy>("strategy", &expr)));
        section.lets = lets;
        refuse(cx, places, &read, "tune");
        if let Some((strategy, attributes)) = word {
            written.strategy = Spanned::new(strategy, expr.span);
            written.says_epochs = attributes.written_at("max_epochs").is_some();
        }
    }
    let Some((epochs, train)) = written.strategy.value.max_epochs().zip(train) else { return written };
    let own = train.settings.iter().position(|setting| setting.key.value == "epochs");
    if let Some(own) = own {
        let read = searched_in(cx, train, &train.settings[own].value, places);
        refuse(cx, places, &read, "epochs");
    }
    if train.phases.is_empty() && (written.says_epochs || own.is_none()) {
        let place = written.strategy.span;
        let value = Expr { kind: ExprKind::Int(epochs as u64), span: place };
        let setting = Setting { key: Name::new("epochs".to_owned(), place), value };
        match own {
            Some(own) => train.settings[own] = setting,
            None => train.settings.push(setting),
        }
    }
    written
}

/// The search; its space is put in by the caller.
pub(super) fn lower(
    cx: &mut Cx,
    section: &Merged,
    strategy: WrittenStrategy,
    train: Option<&TrainSpec>,
) -> TuneSpec {
    let mut section = section.clone();
    let span = section.span;
    let metrics = train.iter().flat_map(|train| &train.metrics).map(|metric| metric.value);
    cx.top_k = metrics.into_iter().find(|metric| matches!(metric, Metric::TopK(_)));
    let settings = cx.settings(&mut section, &TUNE);
    let default = Spanned::new(Monitor { validation: true, metric: None }, span);
    let objective = section.take("objective").and_then(|expr| cx.monitor("objective", &expr));
    let (calls, unknown): (Vec<Step>, Vec<Step>) = section.calls.into_iter().partition(is_limit);
    section.calls = unknown;
    let limits = limits(cx, &calls);
    section.finish(cx, &TUNE);
    let mut tune = TuneSpec {
        span,
        objective: objective.unwrap_or(default),
        strategy: with_epochs_of(cx, strategy, train),
        seeds: settings.int("seeds"),
        parallel: settings.spanned_int("parallel"),
        impossible: settings.one_of("impossible"),
        time_limit: None,
        patience: None,
        space: Space::default(),
        places: Vec::new(),
    };
    for limit in limits {
        match limit {
            Limit::TimeLimit { seconds } => tune.time_limit = Some(seconds),
            Limit::EarlyStopping { patience } => tune.patience = Some(patience),
        }
    }
    tune
}

fn is_limit(call: &Step) -> bool {
    Limit::row(&call.callee.value).is_some()
}

/// The limits, one of each kind.
fn limits(cx: &mut Cx, calls: &[Step]) -> Vec<Limit> {
    let mut firsts: BTreeMap<&str, Span> = BTreeMap::new();
    let mut limits = Vec::new();
    for call in calls {
        let first = *firsts.entry(&call.callee.value).or_insert(call.span);
        if first != call.span {
            let problem = Diagnostic::new(Code::E0014).arg("what", format!("`{}`", call.callee.value));
            cx.report(problem.at(call.span, "second").also(first, "first"));
            continue;
        }
        let limit = cx.call_of::<Limit>("tune", &call.callee, &call.arguments, call.span);
        limits.extend(limit.map(|(limit, _)| limit));
    }
    limits
}

/// A strategy that decides the epochs of trials has those of `train`, unless it says so itself. Phases have
/// epochs of their own: E0533 where they are others.
fn with_epochs_of(cx: &mut Cx, written: WrittenStrategy, train: Option<&TrainSpec>) -> Spanned<Strategy> {
    let WrittenStrategy { mut strategy, says_epochs } = written;
    let Some((max_epochs, train)) = strategy.value.max_epochs().zip(train) else { return strategy };
    let epochs = train.epochs.value;
    if says_epochs && !train.phases.is_empty() && max_epochs != epochs {
        let problem = Diagnostic::new(Code::E0533)
            .arg("max", max_epochs)
            .arg("sum", epochs)
            .at(strategy.span, "here")
            .also(train.span, "phases");
        cx.report(problem.help("help"));
    }
    if !says_epochs {
        strategy.value = strategy.value.with_max_epochs(epochs);
    }
    strategy
}

/// A search without a space, and a space without a search.
pub(super) fn check_space(cx: &mut Cx, tune: Option<Span>, first: Option<Span>) {
    match (tune, first) {
        (Some(tune), None) => {
            let problem = Diagnostic::new(Code::W0506).saying("tune").at(tune, "tune-here");
            cx.report(problem.help("tune-help"));
        }
        (None, Some(first)) => {
            let problem = Diagnostic::new(Code::E0013).saying("search").at(first, "search-here");
            cx.report(problem.help("search-help"));
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
}

/// E0532 for what stands in `train` and cannot be part of a search: a seed or a loss that differs from trial
/// to trial, and a limit by the clock.
pub(super) fn check_train(cx: &mut Cx, tune: &TuneSpec, train: &Merged) {
    if tune.space.parameters.is_empty() {
        return;
    }
    let value_of = |key: &str| train.settings.iter().find(|setting| setting.key.value == key);
    if let Some(seed) = value_of("seed") {
        let read = searched_in(cx, train, &seed.value, &tune.places);
        refuse(cx, &tune.places, &read, "seed");
    }
    if let Some(loss) = value_of("loss").filter(|_| tune.objective.value.metric.is_none()) {
        let read = searched_in(cx, train, &loss.value, &tune.places);
        refuse(cx, &tune.places, &read, "loss");
    }
    let of_phases = train.phases.iter().flat_map(|phase| &phase.entries).filter_map(|entry| match entry {
        Entry::Call(call) => Some(call),
        Entry::Setting(_) | Entry::Let(_) | Entry::Allow(_) | Entry::Section(_) => None,
    });
    for call in train.calls.iter().chain(of_phases).filter(|call| call.callee.value == "time_limit") {
        let problem = Diagnostic::new(Code::E0532).saying("time-limit").at(call.span, "time-limit-here");
        cx.report(problem.help("time-limit-help"));
    }
}

/// The parameters of a search that a value of a section depends on, or holds.
fn searched_in(cx: &mut Cx, section: &Merged, expr: &Expr, places: &[Span]) -> Parameters {
    let value = |cx: &mut Cx| cx.with_constants(&section.lets, |cx| cx.value(expr));
    let (_, mut read) = cx.reading(value);
    let holds = |place: &Span| expr.span.start <= place.start && place.end <= expr.span.end;
    read.extend(places.iter().enumerate().filter(|(_, place)| holds(place)).map(|(at, _)| at));
    read
}

/// E0532 for parameters that something depends on which is the same for all trials.
pub(super) fn refuse(cx: &mut Cx, places: &[Span], read: &Parameters, what: &'static str) {
    for place in read.iter().filter_map(|&parameter| places.get(parameter)) {
        let problem = Diagnostic::new(Code::E0532).saying(what).at(*place, "here");
        cx.report(problem.note(note_of(what)));
    }
}

/// Why it is the same for all trials.
fn note_of(what: &'static str) -> &'static str {
    match what {
        "data" => "data-note",
        "seed" => "seed-note",
        "epochs" => "epochs-note",
        "loss" => "loss-note",
        _ => "tune-note",
    }
}
