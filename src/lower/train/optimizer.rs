//! `optimizer:`, and the settings around its step.

use crate::ast::{Argument, Expr, Name};
use crate::diag::{Code, Diagnostic};
use crate::ir::{Optimizer, UpdateRules};
use crate::lower::constant::Value;
use crate::lower::section::Merged;
use crate::lower::{Cx, later};
use crate::source::{Span, Spanned};

const OPTIMIZERS: &[&str] = &["sgd", "rmsprop", "adam", "adamw", "nadam", "adagrad", "adadelta"];

/// Settings of `train` that are options of an optimizer in Keras.
const BESIDE: &[&str] = &["clip_value", "clip_norm", "global_clip_norm", "ema"];

/// An optimizer as it is written.
pub(super) struct Written {
    pub(super) optimizer: Spanned<Optimizer>,
    /// Where its rate stands.
    pub(super) rate_span: Option<Span>,
    pub(super) updates: UpdateRules,
}

/// The optimizer with what stands around it; where nothing is written, Keras's default.
pub(super) fn lower(cx: &mut Cx, section: &mut Merged) -> Written {
    let default = Optimizer::RmsProp { lr: 0.001, rho: 0.9, momentum: 0.0, epsilon: 1e-7 };
    let mut written =
        Written { optimizer: Spanned::new(default, Span::default()), rate_span: None, updates: UpdateRules::default() };
    let mut decay = None;
    if let Some(expr) = section.take("optimizer") {
        written.optimizer.span = expr.span;
        if let Some(called) = optimizer(cx, &expr) {
            written.optimizer.value = called.optimizer;
            written.rate_span = called.rate_span;
            written.updates.weight_decay = called.weight_decay;
            decay = called.decay_span;
        }
    }
    if let Some(expr) = section.take("weight_decay") {
        if let Some(first) = decay {
            let problem = Diagnostic::new(Code::E0014).arg("what", "`weight_decay`");
            cx.report(problem.at(expr.span, "second").also(first, "first"));
        } else if let Some(amount) = cx.non_negative("weight_decay", &expr) {
            written.updates.weight_decay = amount;
        }
    }
    clipping(cx, section, &mut written.updates);
    if let Some(expr) = section.take("ema") {
        written.updates.ema = cx.share("ema", &expr, true);
    }
    written
}

/// At most one way to clip: as in Keras, where a second is refused.
fn clipping(cx: &mut Cx, section: &mut Merged, updates: &mut UpdateRules) {
    let mut first: Option<Span> = None;
    for key in ["clip_value", "clip_norm", "global_clip_norm"] {
        let Some(expr) = section.take(key) else { continue };
        if let Some(first) = first {
            let problem = Diagnostic::new(Code::E0014).arg("what", "how gradients are clipped");
            cx.report(problem.at(expr.span, "second").also(first, "first"));
            continue;
        }
        first = Some(expr.span);
        let limit = cx.positive(key, &expr);
        match key {
            "clip_value" => updates.clip_value = limit,
            "clip_norm" => updates.clip_norm = limit,
            _ => updates.global_clip_norm = limit,
        }
    }
}

/// What `adam(…)` says.
struct Called {
    optimizer: Optimizer,
    rate_span: Option<Span>,
    weight_decay: f32,
    decay_span: Option<Span>,
}

fn optimizer(cx: &mut Cx, expr: &Expr) -> Option<Called> {
    match cx.value(expr)? {
        Value::Call(callee, arguments) => called(cx, &callee, &arguments, expr.span),
        Value::Word(word) => called(cx, &Spanned::new(word, expr.span), &[], expr.span),
        other => {
            cx.wrong_type("optimizer", "an optimizer such as `adam(lr: 0.001)`", &other, expr.span);
            None
        }
    }
}

fn called(cx: &mut Cx, callee: &Name, arguments: &[Argument], span: Span) -> Option<Called> {
    let name = callee.value.as_str();
    let names: &[&'static str] = match name {
        "sgd" => &["lr", "momentum", "nesterov", "weight_decay"],
        "rmsprop" => &["lr", "rho", "momentum", "epsilon", "weight_decay"],
        "adam" | "adamw" | "nadam" => &["lr", "beta_1", "beta_2", "epsilon", "weight_decay"],
        "adagrad" => &["lr", "initial_accumulator_value", "epsilon", "weight_decay"],
        "adadelta" => &["lr", "rho", "epsilon", "weight_decay"],
        other => {
            cx.wrong_choice("optimizer", other, OPTIMIZERS, callee.span);
            return None;
        }
    };
    let arguments = beside(cx, callee, arguments)?;
    let arguments = cx.bind(callee, &arguments, span, names, later::OPTIONS);
    let rate = arguments.get("lr");
    let lr = match rate {
        Some(expr) => cx.learning_rate(expr)?,
        None if name == "sgd" => 0.01,
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
    let optimizer = match name {
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
        "adagrad" => Optimizer::Adagrad {
            lr,
            initial_accumulator_value: match arguments.get("initial_accumulator_value") {
                Some(expr) => cx.non_negative("initial_accumulator_value", expr)?,
                None => 0.1,
            },
            epsilon: epsilon(cx)?,
        },
        "adadelta" => Optimizer::Adadelta { lr, rho: share(cx, "rho", 0.95)?, epsilon: epsilon(cx)? },
        name => {
            let (beta_1, beta_2) = (share(cx, "beta_1", 0.9)?, share(cx, "beta_2", 0.999)?);
            let epsilon = epsilon(cx)?;
            if name == "nadam" {
                Optimizer::Nadam { lr, beta_1, beta_2, epsilon }
            } else {
                Optimizer::Adam { lr, beta_1, beta_2, epsilon }
            }
        }
    };
    let decay = arguments.get("weight_decay");
    let weight_decay = match decay {
        Some(expr) => cx.non_negative("weight_decay", expr)?,
        None if name == "adamw" => 0.004,
        None => 0.0,
    };
    Some(Called {
        optimizer,
        rate_span: rate.map(|expr| expr.span),
        weight_decay,
        decay_span: decay.map(|expr| expr.span),
    })
}

/// The arguments, if none of them is a setting of `train` (E0116).
fn beside(cx: &mut Cx, callee: &Name, arguments: &[Argument]) -> Option<Vec<Argument>> {
    let misplaced = arguments.iter().filter_map(|argument| argument.name.as_ref());
    let misplaced: Vec<&Name> = misplaced.filter(|name| BESIDE.contains(&name.value.as_str())).collect();
    for name in &misplaced {
        let problem = Diagnostic::new(Code::E0116).arg("callee", &callee.value).arg("name", &name.value);
        cx.report(problem.at(name.span, "here").help("of-train"));
    }
    misplaced.is_empty().then(|| arguments.to_vec())
}
