//! Callbacks and what they watch.

use crate::ast::{Expr, Step};
use crate::diag::{Code, Diagnostic};
use crate::ir::{Callback, Metric, Monitor};
use crate::lower::convert::MOST;
use crate::lower::{Cx, later};
use crate::source::Spanned;

/// The callback of a call whose name is one.
pub(super) fn callback(cx: &mut Cx, call: &Step, metrics: &[Spanned<Metric>]) -> Option<Callback> {
    let names: &[&'static str] = match call.callee.value.as_str() {
        "early_stopping" => &["monitor", "patience", "min_delta", "restore_best_weights"],
        "reduce_lr_on_plateau" => &["monitor", "factor", "patience", "min_delta", "cooldown", "min_lr"],
        "csv_log" | "tensorboard" => &["path"],
        "time_limit" => &["duration"],
        "terminate_on_nan" => &[],
        _ => &["path", "monitor", "save_best_only"],
    };
    let arguments = cx.bind(&call.callee, &call.arguments, call.span, names, later::OPTIONS);
    if arguments.too_many {
        return None;
    }
    let monitor = match arguments.get("monitor") {
        Some(expr) => monitor(cx, "monitor", expr, metrics)?,
        None => Spanned::new(Monitor { validation: true, metric: None }, call.callee.span),
    };
    let epochs = |cx: &mut Cx, name: &str, default: usize| match arguments.get(name) {
        Some(expr) => cx.int(name, expr, 0, MOST),
        None => Some(default),
    };
    let amount = |cx: &mut Cx, name: &str, default: f32| match arguments.get(name) {
        Some(expr) => cx.non_negative(name, expr),
        None => Some(default),
    };
    let truth = |cx: &mut Cx, name: &str| match arguments.get(name) {
        Some(expr) => cx.bool(name, expr),
        None => Some(true),
    };
    let path = |cx: &mut Cx, default: Option<&str>| match (arguments.get("path"), default) {
        (Some(expr), _) => cx.text("path", expr),
        (None, Some(default)) => Some(Spanned::new(default.to_owned(), call.callee.span)),
        (None, None) => {
            cx.missing(&arguments, "path");
            None
        }
    };
    Some(match call.callee.value.as_str() {
        "early_stopping" => Callback::EarlyStopping {
            monitor,
            patience: epochs(cx, "patience", 0)?,
            min_delta: amount(cx, "min_delta", 0.0)?,
            restore_best_weights: truth(cx, "restore_best_weights")?,
        },
        "reduce_lr_on_plateau" => Callback::ReduceLrOnPlateau {
            monitor,
            factor: match arguments.get("factor") {
                Some(expr) => cx.share("factor", expr, true)?,
                None => 0.1,
            },
            patience: epochs(cx, "patience", 10)?,
            min_delta: amount(cx, "min_delta", 1e-4)?,
            cooldown: epochs(cx, "cooldown", 0)?,
            min_lr: amount(cx, "min_lr", 0.0)?,
        },
        "csv_log" => Callback::CsvLog { path: path(cx, None)? },
        "tensorboard" => Callback::TensorBoard { path: path(cx, Some("logs"))? },
        "time_limit" => {
            let Some(expr) = arguments.get("duration") else {
                cx.missing(&arguments, "duration");
                return None;
            };
            Callback::TimeLimit { seconds: cx.seconds("duration", expr)? }
        }
        "terminate_on_nan" => Callback::TerminateOnNan,
        _ => Callback::Checkpoint { path: path(cx, None)?, monitor, save_best_only: truth(cx, "save_best_only")? },
    })
}

/// `val_loss`, `accuracy`, `val_top_k` (with the k of the first `top_k` metric)
pub(in crate::lower) fn monitor(
    cx: &mut Cx,
    what: &str,
    expr: &Expr,
    metrics: &[Spanned<Metric>],
) -> Option<Spanned<Monitor>> {
    let top_k = metrics.iter().map(|metric| metric.value).find(|metric| matches!(metric, Metric::TopK(_)));
    let known_metrics = [
        ("loss", None),
        ("accuracy", Some(Metric::Accuracy)),
        ("top_k", Some(top_k.unwrap_or(Metric::TopK(5)))),
        ("mae", Some(Metric::Mae)),
        ("mse", Some(Metric::Mse)),
        ("precision", Some(Metric::Precision)),
        ("recall", Some(Metric::Recall)),
        ("f1", Some(Metric::F1)),
        ("auc", Some(Metric::Auc)),
    ];
    let word = cx.word(what, expr, "val_loss")?;
    let of_test = word.strip_prefix("test_").filter(|name| known_metrics.iter().any(|(known, _)| known == name));
    if let Some(name) = of_test {
        let problem = Diagnostic::new(Code::E0305)
            .arg("monitor", &word)
            .arg("instead", format!("val_{name}"))
            .at(expr.span, "here")
            .help("help");
        cx.report(problem.fix(expr.span, format!("val_{name}")));
        return None;
    }
    let (validation, name) = match word.strip_prefix("val_") {
        Some(rest) => (true, rest),
        None => (false, word.as_str()),
    };
    match known_metrics.iter().find(|(known, _)| *known == name) {
        Some((_, metric)) => Some(Spanned::new(Monitor { validation, metric: *metric }, expr.span)),
        None => {
            let names: Vec<String> = ["val_", ""]
                .iter()
                .flat_map(|prefix| known_metrics.iter().map(move |(name, _)| format!("{prefix}{name}")))
                .collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            cx.wrong_choice(what, &word, &names, expr.span);
            None
        }
    }
}
