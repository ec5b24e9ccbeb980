//! The `augment` section.

use super::Cx;
use super::arguments::Arguments;
use super::constant::Value;
use super::convert::{MOST, WIDEST};
use super::section::Merged;
use crate::ast::{Expr, Step};
use crate::diag::{Code, Diagnostic};
use crate::ir::{AUGMENTATIONS, AugmentInfo, AugmentKind, AugmentOp, AugmentSpec, Fill};
use crate::source::Spanned;

/// What happens to training images.
pub(super) fn lower(cx: &mut Cx, section: &Merged) -> AugmentSpec {
    let mut section = section.clone();
    let mut augment = AugmentSpec::default();
    if let Some(expr) = section.take("fill") {
        augment.fill = fill(cx, &expr).unwrap_or_default();
    }
    if let Some(expr) = section.take("samples") {
        augment.samples = cx.int("samples", &expr, 1, 10_000).unwrap_or(augment.samples);
    }
    let known = |call: &Step| AUGMENTATIONS.iter().find(|info| info.keyword == call.callee.value);
    let (calls, unknown): (Vec<Step>, Vec<Step>) = section.calls.into_iter().partition(|call| known(call).is_some());
    section.calls = unknown;
    for call in &calls {
        let op = known(call).and_then(|info| operation(cx, info, call));
        augment.ops.extend(op.map(|op| Spanned::new(op, call.span)));
    }
    let names: Vec<&str> = AUGMENTATIONS.iter().map(|info| info.keyword).collect();
    section.finish(cx, "augment", &["fill", "samples"], &names, &[]);
    augment
}

fn operation(cx: &mut Cx, info: &AugmentInfo, call: &Step) -> Option<AugmentOp> {
    let names: Vec<&'static str> = info.options.iter().map(|[name, ..]| *name).chain(["p"]).collect();
    let arguments = cx.bind(&call.callee, &call.arguments, call.span, &names, &[]);
    let needed = info.options.iter().filter(|[_, _, default]| default.is_empty());
    for [name, ..] in needed {
        if arguments.get(name).is_none() {
            cx.missing(&arguments, name);
            return None;
        }
    }
    let kind = kind(cx, info.keyword, &arguments);
    let probability = match arguments.get("p") {
        Some(expr) => cx.share("p", expr, false)?,
        None => info.usual,
    };
    let options = names.iter().filter_map(|name| arguments.get(name).map(|expr| (*name, expr.span))).collect();
    Some(AugmentOp { kind: kind?, probability, options })
}

/// What is written, or the default.
fn given<T>(arguments: &Arguments, name: &str, default: T, read: impl FnOnce(&Expr) -> Option<T>) -> Option<T> {
    arguments.get(name).map_or(Some(default), read)
}

/// The operation; whatever must be written is there.
fn kind(cx: &mut Cx, keyword: &str, arguments: &Arguments) -> Option<AugmentKind> {
    let first = ["angle", "amount", "direction", "size", "deviation", "sigma"];
    let first = first.iter().find_map(|name| arguments.get(name));
    let share = |cx: &mut Cx| first.and_then(|expr| cx.share(keyword, expr, false));
    let angle = |cx: &mut Cx| first.and_then(|expr| cx.angle(keyword, expr));
    Some(match keyword {
        "rotation" => AugmentKind::Rotation { degrees: angle(cx)? },
        "shear" => AugmentKind::Shear { degrees: angle(cx)? },
        "hue" => AugmentKind::Hue { degrees: angle(cx)? },
        "shift" => {
            let width = given(arguments, "width", 0.0, |expr| cx.share("width", expr, false));
            let height = given(arguments, "height", 0.0, |expr| cx.share("height", expr, false));
            if arguments.get("width").or(arguments.get("height")).is_none() {
                cx.missing(arguments, "width");
                return None;
            }
            AugmentKind::Shift { width: width?, height: height? }
        }
        "zoom" => AugmentKind::Zoom { amount: cx.share("zoom", first?, true)? },
        "flip" => {
            let choices = [("horizontal", AugmentKind::FlipHorizontal), ("vertical", AugmentKind::FlipVertical)];
            cx.choice("flip", first?, &choices, &[])?
        }
        "crop" => {
            let size = extents(cx, "crop", first?);
            let pad = given(arguments, "pad", 0, |expr| cx.int("pad", expr, 0, WIDEST));
            AugmentKind::Crop { size: size?, pad: pad? }
        }
        "resized_crop" => {
            let area = given(arguments, "area", 0.08, |expr| cx.share("area", expr, false));
            let ratio = given(arguments, "ratio", 4.0 / 3.0, |expr| at_least_one(cx, "ratio", expr));
            AugmentKind::ResizedCrop { area: area?, ratio: ratio? }
        }
        "brightness" => AugmentKind::Brightness { amount: share(cx)? },
        "contrast" => AugmentKind::Contrast { amount: share(cx)? },
        "saturation" => AugmentKind::Saturation { amount: share(cx)? },
        "channel_shift" => AugmentKind::ChannelShift { amount: share(cx)? },
        "skew_corner" => AugmentKind::SkewCorner { amount: share(cx)? },
        "skew" => AugmentKind::Skew { amount: share(cx)? },
        "grayscale" => AugmentKind::Grayscale,
        "invert" => AugmentKind::Invert,
        "noise" => AugmentKind::Noise { deviation: share(cx)? },
        "blur" => AugmentKind::Blur { sigma: cx.non_negative("blur", first?)? },
        "cutout" => {
            let size = extents(cx, "cutout", first?);
            let holes = given(arguments, "holes", 1, |expr| cx.int("holes", expr, 1, MOST));
            let value = given(arguments, "value", 0.0, |expr| cx.number("value", expr).map(|value| value as f32));
            AugmentKind::Cutout { size: size?, holes: holes?, value: value? }
        }
        "elastic" => {
            let alpha = given(arguments, "alpha", 34.0, |expr| cx.non_negative("alpha", expr));
            let sigma = given(arguments, "sigma", 4.0, |expr| cx.positive("sigma", expr));
            AugmentKind::Elastic { alpha: alpha?, sigma: sigma? }
        }
        "random_distortion" => {
            let grid = given(arguments, "grid", [4, 4], |expr| extents(cx, "grid", expr));
            let magnitude = given(arguments, "magnitude", 0.0, |expr| cx.non_negative("magnitude", expr));
            AugmentKind::RandomDistortion { grid: grid?, magnitude: magnitude? }
        }
        "mixup" => AugmentKind::Mixup { alpha: given(arguments, "alpha", 0.2, |expr| cx.positive("alpha", expr))? },
        _ => AugmentKind::Cutmix { alpha: given(arguments, "alpha", 1.0, |expr| cx.positive("alpha", expr))? },
    })
}

/// `28` or `28x28`
fn extents(cx: &mut Cx, what: &str, expr: &Expr) -> Option<[usize; 2]> {
    match cx.value(expr)? {
        Value::Int(_) => cx.int(what, expr, 1, WIDEST).map(|extent| [extent; 2]),
        Value::Size(dims) if dims.len() == 2 => cx.size(what, &dims, expr.span)?.try_into().ok(),
        other => {
            cx.wrong_type(what, "height and width such as 28x28", &other, expr.span);
            None
        }
    }
}

/// A ratio, 1 or more.
fn at_least_one(cx: &mut Cx, what: &str, expr: &Expr) -> Option<f32> {
    let number = cx.positive(what, expr)?;
    if number >= 1.0 {
        return Some(number);
    }
    let problem = Diagnostic::new(Code::E0018)
        .arg("what", what)
        .arg("expected", "a number from 1 on")
        .arg("value", number)
        .at(expr.span, "here");
    cx.report(problem);
    None
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
