//! The `train` section.

use super::constant::Value;
use super::convert::MOST;
use super::section::Merged;
use super::{Cx, later};
use crate::ast::{Argument, Expr, Name, Step};
use crate::ir::{Callback, Loss, Metric, Monitor, Optimizer, TrainSpec};
use crate::source::{Span, Spanned};

const SETTINGS: &[&str] = &["epochs", "batch", "optimizer", "loss", "metrics", "seed"];
const CALLBACKS: &[&str] = &["checkpoint", "early_stopping", "reduce_lr_on_plateau"];
const OPTIMIZERS: &[&str] = &["sgd", "rmsprop", "adam", "adamw"];

/// The schedule; settings with mistakes have their defaults.
pub(super) fn lower(cx: &mut Cx, section: &Merged) -> TrainSpec {
    let mut section = section.clone();
    let span = section.span;
    let mut count = |cx: &mut Cx, key: &str, default: usize| match section.take(key) {
        Some(expr) => Spanned::new(cx.int(key, &expr, 1, MOST).unwrap_or(default), expr.span),
        None => Spanned::new(default, Span::default()),
    };
    let (epochs, batch) = (count(cx, "epochs", 1), count(cx, "batch", 32));
    let default = Optimizer::RmsProp { lr: 0.001, rho: 0.9, momentum: 0.0, epsilon: 1e-7 };
    let optimizer = match section.take("optimizer") {
        Some(expr) => Spanned::new(optimizer(cx, &expr).unwrap_or(default), expr.span),
        None => Spanned::new(default, Span::default()),
    };
    let loss = section.take("loss").and_then(|expr| {
        let choices = [
            ("categorical_crossentropy", Loss::CategoricalCrossentropy),
            ("sparse_categorical_crossentropy", Loss::CategoricalCrossentropy),
            ("binary_crossentropy", Loss::BinaryCrossentropy),
            ("mse", Loss::Mse),
        ];
        cx.choice("loss", &expr, &choices, later::LOSSES).map(|loss| Spanned::new(loss, expr.span))
    });
    let metrics: Vec<Spanned<Metric>> = match section.take("metrics") {
        Some(expr) => {
            let items = cx.items(&expr).unwrap_or_default();
            items.iter().filter_map(|item| metric(cx, item)).collect()
        }
        None => vec![Spanned::new(Metric::Accuracy, Span::default())],
    };
    let seed = section.take("seed").and_then(|expr| cx.int("seed", &expr, 0, usize::MAX)).unwrap_or(0) as u64;
    let (calls, unknown): (Vec<Step>, Vec<Step>) =
        section.calls.into_iter().partition(|call| CALLBACKS.contains(&call.callee.value.as_str()));
    section.calls = unknown;
    let callbacks =
        calls.iter().filter_map(|call| callback(cx, call, &metrics).map(|c| Spanned::new(c, call.span))).collect();
    section.finish(cx, "train", SETTINGS, CALLBACKS, later::TRAIN);
    TrainSpec { span, epochs, batch, optimizer, loss, metrics, callbacks, seed }
}

fn optimizer(cx: &mut Cx, expr: &Expr) -> Option<Optimizer> {
    match cx.value(expr)? {
        Value::Call(callee, arguments) => optimizer_called(cx, &callee, &arguments, expr.span),
        Value::Word(word) => optimizer_called(cx, &Spanned::new(word, expr.span), &[], expr.span),
        other => {
            cx.wrong_type("optimizer", "an optimizer such as `adam(lr: 0.001)`", &other, expr.span);
            None
        }
    }
}

fn optimizer_called(cx: &mut Cx, callee: &Name, arguments: &[Argument], span: Span) -> Option<Optimizer> {
    let names: &[&'static str] = match callee.value.as_str() {
        "sgd" => &["lr", "momentum", "nesterov"],
        "rmsprop" => &["lr", "rho", "momentum", "epsilon"],
        "adam" | "adamw" => &["lr", "beta_1", "beta_2", "epsilon", "weight_decay"],
        other => {
            if later::OPTIMIZERS.contains(&other) {
                cx.not_yet(&format!("the optimizer `{other}`"), callee.span);
            } else {
                cx.wrong_choice("optimizer", other, OPTIMIZERS, callee.span);
            }
            return None;
        }
    };
    let arguments = cx.bind(callee, arguments, span, names, later::OPTIONS);
    let lr = match arguments.get("lr") {
        Some(expr) => cx.learning_rate(expr)?,
        None if callee.value == "sgd" => 0.01,
        None => 0.001,
    };
    // the decays of running means must stay below 1: at 1 they never learn
    let share = |cx: &mut Cx, name: &str, default: f32| match arguments.get(name) {
        Some(expr) => cx.share(name, expr, true),
        None => Some(default),
    };
    let epsilon = |cx: &mut Cx| match arguments.get("epsilon") {
        Some(expr) => cx.positive("epsilon", expr),
        None => Some(1e-7),
    };
    Some(match callee.value.as_str() {
        "sgd" => {
            let momentum = share(cx, "momentum", 0.0)?;
            let nesterov = match arguments.get("nesterov") {
                Some(expr) => cx.bool("nesterov", expr)?,
                None => false,
            };
            Optimizer::Sgd { lr, momentum, nesterov }
        }
        "rmsprop" => Optimizer::RmsProp {
            lr,
            rho: share(cx, "rho", 0.9)?,
            momentum: share(cx, "momentum", 0.0)?,
            epsilon: epsilon(cx)?,
        },
        name => {
            let usual = if name == "adamw" { 0.004 } else { 0.0 };
            let weight_decay = match arguments.get("weight_decay") {
                Some(expr) => cx.non_negative("weight_decay", expr)?,
                None => usual,
            };
            Optimizer::Adam {
                lr,
                beta_1: share(cx, "beta_1", 0.9)?,
                beta_2: share(cx, "beta_2", 0.999)?,
                epsilon: epsilon(cx)?,
                weight_decay,
            }
        }
    })
}

fn metric(cx: &mut Cx, expr: &Expr) -> Option<Spanned<Metric>> {
    let metric = match cx.value(expr)? {
        Value::Call(callee, arguments) if callee.value == "top_k" => {
            let arguments = cx.bind(&callee, &arguments, expr.span, &["k"], &[]);
            match arguments.get("k") {
                Some(k) => Metric::TopK(cx.int("k", k, 1, MOST)?),
                // as Keras's TopKCategoricalAccuracy
                None => Metric::TopK(5),
            }
        }
        _ => {
            cx.choice("metrics", expr, &[("accuracy", Metric::Accuracy), ("top_k", Metric::TopK(5))], later::METRICS)?
        }
    };
    Some(Spanned::new(metric, expr.span))
}

fn callback(cx: &mut Cx, call: &Step, metrics: &[Spanned<Metric>]) -> Option<Callback> {
    let names: &[&'static str] = match call.callee.value.as_str() {
        "early_stopping" => &["monitor", "patience", "min_delta", "restore_best_weights"],
        "reduce_lr_on_plateau" => &["monitor", "factor", "patience", "min_delta", "cooldown", "min_lr"],
        _ => &["path", "monitor", "save_best_only"],
    };
    let arguments = cx.bind(&call.callee, &call.arguments, call.span, names, later::OPTIONS);
    let monitor = match arguments.get("monitor") {
        Some(expr) => monitor(cx, expr, metrics)?,
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
        _ => {
            let Some(path) = arguments.get("path") else {
                cx.missing(&arguments, "path");
                return None;
            };
            Callback::Checkpoint { path: cx.text("path", path)?, monitor, save_best_only: truth(cx, "save_best_only")? }
        }
    })
}

/// `val_loss`, `accuracy`, `val_top_k` (with the k of the first `top_k` metric)
fn monitor(cx: &mut Cx, expr: &Expr, metrics: &[Spanned<Metric>]) -> Option<Spanned<Monitor>> {
    let top_k = metrics.iter().map(|metric| metric.value).find(|metric| matches!(metric, Metric::TopK(_)));
    let known_metrics =
        [("loss", None), ("accuracy", Some(Metric::Accuracy)), ("top_k", Some(top_k.unwrap_or(Metric::TopK(5))))];
    let word = cx.word("monitor", expr, "val_loss")?;
    let (validation, name) = match word.strip_prefix("val_") {
        Some(rest) => (true, rest),
        None => (false, word.as_str()),
    };
    match known_metrics.iter().find(|(known, _)| *known == name) {
        Some((_, metric)) => Some(Spanned::new(Monitor { validation, metric: *metric }, expr.span)),
        None => {
            let names = ["val_loss", "val_accuracy", "val_top_k", "loss", "accuracy", "top_k"];
            cx.wrong_choice("monitor", &word, &names, expr.span);
            None
        }
    }
}
