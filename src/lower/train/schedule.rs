//! `schedule:`.

use crate::ast::{Argument, Expr, Name};
use crate::diag::{Code, Diagnostic};
use crate::ir::Schedule;
use crate::lower::arguments::Arguments;
use crate::lower::constant::Value;
use crate::lower::{Cx, later};
use crate::source::{Span, Spanned};

const SCHEDULES: &[&str] =
    &["constant", "step", "multistep", "exponential", "polynomial", "cosine", "one_cycle", "piecewise"];

/// `cosine`, `step(step_size: 10 epochs)`
pub(super) fn lower(cx: &mut Cx, expr: &Expr) -> Option<Schedule> {
    match cx.value(expr)? {
        Value::Call(callee, arguments) => called(cx, &callee, &arguments, expr.span),
        Value::Word(word) => called(cx, &Spanned::new(word, expr.span), &[], expr.span),
        other => {
            cx.wrong_type("schedule", "a schedule such as `cosine(warmup: 5 epochs)`", &other, expr.span);
            None
        }
    }
}

fn called(cx: &mut Cx, callee: &Name, arguments: &[Argument], span: Span) -> Option<Schedule> {
    let name = callee.value.as_str();
    let names: &[&'static str] = match name {
        "constant" => &[],
        "step" => &["step_size", "gamma"],
        "multistep" => &["milestones", "gamma"],
        "exponential" => &["decay_rate", "decay_steps", "staircase"],
        "polynomial" => &["decay_steps", "end_lr", "power"],
        "cosine" => &["warmup", "min_lr"],
        "one_cycle" => &["pct_start", "div_factor", "final_div_factor"],
        "piecewise" => &["boundaries", "values"],
        other => {
            cx.wrong_choice("schedule", other, SCHEDULES, callee.span);
            return None;
        }
    };
    let arguments = cx.bind(callee, arguments, span, names, later::OPTIONS);
    if arguments.too_many {
        return None;
    }
    let positive = |cx: &mut Cx, name: &str, default: f32| match arguments.get(name) {
        Some(expr) => cx.positive(name, expr),
        None => Some(default),
    };
    let amount = |cx: &mut Cx, name: &str, default: f32| match arguments.get(name) {
        Some(expr) => cx.non_negative(name, expr),
        None => Some(default),
    };
    let epochs = |cx: &mut Cx, name: &str| match arguments.get(name) {
        Some(expr) => cx.epochs(name, expr).map(Some),
        None => Some(None),
    };
    let at = |value: f64| Spanned::new(value, Span::default());
    Some(match name {
        "constant" => Schedule::Constant,
        "step" => {
            let Some(step_size) = epochs(cx, "step_size")? else {
                cx.missing(&arguments, "step_size");
                return None;
            };
            Schedule::Step { step_size, gamma: positive(cx, "gamma", 0.1)? }
        }
        "multistep" => Schedule::MultiStep {
            milestones: boundaries(cx, &arguments, "milestones")?,
            gamma: positive(cx, "gamma", 0.1)?,
        },
        "exponential" => {
            if arguments.get("decay_rate").is_none() {
                cx.missing(&arguments, "decay_rate");
                return None;
            }
            Schedule::Exponential {
                decay_rate: positive(cx, "decay_rate", 1.0)?,
                decay_steps: epochs(cx, "decay_steps")?.unwrap_or(at(1.0)),
                staircase: match arguments.get("staircase") {
                    Some(expr) => cx.bool("staircase", expr)?,
                    None => false,
                },
            }
        }
        "polynomial" => Schedule::Polynomial {
            decay_steps: epochs(cx, "decay_steps")?,
            end_lr: amount(cx, "end_lr", 1e-4)?,
            power: positive(cx, "power", 1.0)?,
        },
        "cosine" => {
            Schedule::Cosine { warmup: epochs(cx, "warmup")?.unwrap_or(at(0.0)), min_lr: amount(cx, "min_lr", 0.0)? }
        }
        "one_cycle" => Schedule::OneCycle {
            pct_start: match arguments.get("pct_start") {
                Some(expr) => cx.share("pct_start", expr, true)?,
                None => 0.3,
            },
            div_factor: positive(cx, "div_factor", 25.0)?,
            final_div_factor: positive(cx, "final_div_factor", 1e4)?,
        },
        _ => {
            let boundaries = boundaries(cx, &arguments, "boundaries")?;
            Schedule::Piecewise { values: values(cx, &arguments, boundaries.len())?, boundaries }
        }
    })
}

/// `[5 epochs, 10 epochs]`, rising.
fn boundaries(cx: &mut Cx, arguments: &Arguments, option: &str) -> Option<Vec<Spanned<f64>>> {
    let Some(expr) = arguments.get(option) else {
        cx.missing(arguments, option);
        return None;
    };
    let expr = expr.clone();
    let items = cx.items(&expr)?;
    let found: Option<Vec<Spanned<f64>>> = items.iter().map(|item| cx.epochs(option, item)).collect();
    let found = found?;
    if let Some(pair) = found.windows(2).find(|pair| pair[1].value <= pair[0].value) {
        let problem = Diagnostic::new(Code::E0018)
            .arg("what", option)
            .arg("expected", format!("later than {} epochs, the one before", pair[0].value))
            .arg("value", format!("{} epochs", pair[1].value))
            .at(pair[1].span, "here");
        cx.report(problem);
        return None;
    }
    Some(found)
}

/// The rates between boundaries: one more than there are boundaries.
fn values(cx: &mut Cx, arguments: &Arguments, boundaries: usize) -> Option<Vec<f32>> {
    let Some(expr) = arguments.get("values") else {
        cx.missing(arguments, "values");
        return None;
    };
    let expr = expr.clone();
    let items = cx.items(&expr)?;
    let found: Option<Vec<f32>> = items.iter().map(|item| cx.learning_rate(item)).collect();
    let found = found?;
    if found.len() != boundaries + 1 {
        let problem = Diagnostic::new(Code::E0018)
            .arg("what", "values")
            .arg("expected", format!("one more than the boundaries: {}", boundaries + 1))
            .arg("value", found.len())
            .at(expr.span, "here");
        cx.report(problem);
        return None;
    }
    Some(found)
}
