//! The `tune` section.

use super::Cx;
use super::section::Merged;
use crate::diag::{Code, Diagnostic};
use crate::ir::{TrainSpec, TuneSpec};
use crate::source::{Span, Spanned};
use crate::vocabulary::{Metric, Monitor, Strategy, TUNE};

/// The search; the dimensions are put in by the caller.
pub(super) fn lower(cx: &mut Cx, section: &Merged, train: Option<&TrainSpec>) -> TuneSpec {
    let mut section = section.clone();
    let span = section.span;
    let metrics = train.iter().flat_map(|train| &train.metrics).map(|metric| metric.value);
    cx.top_k = metrics.into_iter().find(|metric| matches!(metric, Metric::TopK(_)));
    let default = Spanned::new(Monitor { validation: true, metric: None }, span);
    let objective = section.take("objective").and_then(|expr| cx.monitor("objective", &expr));
    let strategy = section.take("strategy").and_then(|expr| {
        let (strategy, _) = cx.word_of::<Strategy>("strategy", &expr)?;
        Some(Spanned::new(strategy, expr.span))
    });
    section.finish(cx, &TUNE);
    TuneSpec {
        span,
        objective: objective.unwrap_or(default),
        strategy: strategy.unwrap_or(Spanned::new(TUNE.default_of("strategy"), span)),
        dimensions: Vec::new(),
    }
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
