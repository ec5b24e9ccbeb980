//! The `tune` section.

use super::constant::Value;
use super::convert::MOST;
use super::section::Merged;
use super::{Cx, train};
use crate::ast::{Argument, Expr, Name};
use crate::diag::{Code, Diagnostic};
use crate::ir::{Metric, Monitor, Strategy, TrainSpec, TuneSpec};
use crate::source::{Span, Spanned};

pub(super) const SETTINGS: &[&str] = &["objective", "strategy"];
const STRATEGIES: &[&str] = &["grid", "random", "tpe", "gaussian_process", "hyperband"];

/// The search; the dimensions are put in by the caller.
pub(super) fn lower(cx: &mut Cx, section: &Merged, train: Option<&TrainSpec>) -> TuneSpec {
    let mut section = section.clone();
    let span = section.span;
    let metrics: Vec<Spanned<Metric>> = train.map(|train| train.metrics.clone()).unwrap_or_default();
    let default = Spanned::new(Monitor { validation: true, metric: None }, span);
    let objective = section.take("objective").and_then(|expr| train::monitor(cx, "objective", &expr, &metrics));
    let strategy = section.take("strategy").and_then(|expr| {
        let found = strategy(cx, &expr)?;
        Some(Spanned::new(found, expr.span))
    });
    section.finish(cx, "tune", SETTINGS, &[], &[]);
    TuneSpec {
        span,
        objective: objective.unwrap_or(default),
        strategy: strategy.unwrap_or(Spanned::new(Strategy::Random { trials: 10 }, span)),
        dimensions: Vec::new(),
    }
}

fn strategy(cx: &mut Cx, expr: &Expr) -> Option<Strategy> {
    match cx.value(expr)? {
        Value::Call(callee, arguments) => called(cx, &callee, &arguments, expr.span),
        Value::Word(word) => called(cx, &Spanned::new(word, expr.span), &[], expr.span),
        other => {
            cx.wrong_type("strategy", "a strategy such as `random(trials: 20)`", &other, expr.span);
            None
        }
    }
}

fn called(cx: &mut Cx, callee: &Name, arguments: &[Argument], span: Span) -> Option<Strategy> {
    let names: &[&'static str] = match callee.value.as_str() {
        "grid" => &[],
        "random" | "tpe" | "gaussian_process" => &["trials"],
        "hyperband" => &["max_epochs", "factor"],
        other => {
            cx.wrong_choice("strategy", other, STRATEGIES, callee.span);
            return None;
        }
    };
    let arguments = cx.bind(callee, arguments, span, names, &[]);
    let count = |cx: &mut Cx, name: &str, least: usize, default: usize| match arguments.get(name) {
        Some(expr) => cx.int(name, expr, least, MOST),
        None => Some(default),
    };
    Some(match callee.value.as_str() {
        "grid" => Strategy::Grid,
        "random" => Strategy::Random { trials: count(cx, "trials", 1, 10)? },
        "tpe" => Strategy::Tpe { trials: count(cx, "trials", 1, 10)? },
        "gaussian_process" => Strategy::GaussianProcess { trials: count(cx, "trials", 1, 10)? },
        _ => Strategy::Hyperband { max_epochs: count(cx, "max_epochs", 1, 100)?, factor: count(cx, "factor", 2, 3)? },
    })
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
