//! The `augment` section.

use super::constant::Value;
use super::section::Merged;
use super::{Cx, later};
use crate::ast::{Expr, Step};
use crate::diag::{Code, Diagnostic};
use crate::ir::{AugmentKind, AugmentOp, AugmentSpec, Fill};
use crate::source::Spanned;

const CALLS: &[&str] = &["rotation", "shift", "shear", "zoom", "flip"];

/// What happens to training images.
pub(super) fn lower(cx: &mut Cx, section: &Merged) -> AugmentSpec {
    let mut section = section.clone();
    let mut augment = AugmentSpec::default();
    if let Some(expr) = section.take("fill") {
        augment.fill = fill(cx, &expr).unwrap_or_default();
    }
    let (calls, unknown) = section.calls.into_iter().partition(|call| CALLS.contains(&call.callee.value.as_str()));
    section.calls = unknown;
    let calls: Vec<Step> = calls;
    for call in &calls {
        if let Some(op) = operation(cx, call) {
            augment.ops.push(Spanned::new(op, call.span));
        }
    }
    section.finish(cx, "augment", &["fill"], CALLS, later::AUGMENT);
    augment
}

fn operation(cx: &mut Cx, call: &Step) -> Option<AugmentOp> {
    let names: &[&'static str] = match call.callee.value.as_str() {
        "rotation" | "shear" => &["angle", "p"],
        "shift" => &["width", "height", "p"],
        "zoom" => &["amount", "p"],
        _ => &["direction", "p"],
    };
    let arguments = cx.bind(&call.callee, &call.arguments, call.span, names, &[]);
    let required = |cx: &mut Cx, name: &str| -> Option<Expr> {
        let found = arguments.get(name).cloned();
        if found.is_none() {
            cx.missing(&arguments, name);
        }
        found
    };
    let mut usual = 1.0;
    let kind = match call.callee.value.as_str() {
        "rotation" => {
            let angle = required(cx, "angle")?;
            AugmentKind::Rotation { degrees: cx.angle("rotation", &angle)? }
        }
        "shear" => {
            let angle = required(cx, "angle")?;
            AugmentKind::Shear { degrees: cx.angle("shear", &angle)? }
        }
        "shift" => {
            let mut share = |name: &str| match arguments.get(name) {
                Some(expr) => cx.share(name, expr, false),
                None => Some(0.0),
            };
            let (width, height) = (share("width"), share("height"));
            if arguments.get("width").or(arguments.get("height")).is_none() {
                cx.missing(&arguments, "width");
                return None;
            }
            AugmentKind::Shift { width: width?, height: height? }
        }
        "zoom" => {
            let amount = required(cx, "amount")?;
            AugmentKind::Zoom { amount: cx.share("zoom", &amount, true)? }
        }
        _ => {
            usual = 0.5;
            let direction = required(cx, "direction")?;
            let choices = [("horizontal", AugmentKind::FlipHorizontal), ("vertical", AugmentKind::FlipVertical)];
            cx.choice("flip", &direction, &choices, &[])?
        }
    };
    let probability = match arguments.get("p") {
        Some(expr) => cx.share("p", expr, false)?,
        None => usual,
    };
    Some(AugmentOp { kind, probability })
}

/// `nearest`, `reflect`, `wrap`, `constant(0)`
fn fill(cx: &mut Cx, expr: &Expr) -> Option<Fill> {
    match cx.value(expr)? {
        Value::Call(callee, arguments) if callee.value == "constant" => {
            let arguments = cx.bind(&callee, &arguments, expr.span, &["value"], &[]);
            match arguments.get("value") {
                Some(value) => cx.number("fill", value).map(|value| Fill::Constant(value as f32)),
                None => {
                    cx.missing(&arguments, "value");
                    None
                }
            }
        }
        Value::Word(word) if word == "constant" => {
            let problem =
                Diagnostic::new(Code::E0013).arg("callee", "constant").arg("option", "value").at(expr.span, "here");
            cx.report(problem);
            None
        }
        _ => {
            let choices = [("nearest", Fill::Nearest), ("reflect", Fill::Reflect), ("wrap", Fill::Wrap)];
            cx.choice("fill", expr, &choices, &[])
        }
    }
}
