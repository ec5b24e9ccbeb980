//! The `prepare` section.

use super::Cx;
use super::constant::Value;
use super::section::Merged;
use crate::ast::{Argument, Expr, Name};
use crate::diag::{Code, Diagnostic};
use crate::ir::{Color, Fit, Normalize, PrepareSpec, Resize, ResizeMethod};
use crate::source::{Span, Spanned};

use super::convert::WIDEST;

pub(super) const SETTINGS: &[&str] = &["resize", "color", "rescale", "normalize"];

/// Means and deviations of ImageNet's training images, for values in 0..1.
/// Source: the constants that torchvision's and Keras's (mode "torch") preprocessing use.
const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);

/// Means of ImageNet's training images in the order blue, green, red, for values in 0..255.
/// Source: the constants that Keras's preprocessing (mode "caffe") uses.
const CAFFE: [f32; 3] = [103.939, 116.779, 123.68];

/// How a picture becomes the model's input.
pub(super) fn lower(cx: &mut Cx, section: &Merged) -> PrepareSpec {
    let mut section = section.clone();
    let mut prepare = PrepareSpec::default();
    if let Some(at) = section.calls.iter().position(|call| call.callee.value == "resize") {
        let call = section.calls.remove(at);
        prepare.resize = resize(cx, &call.callee, &call.arguments, call.span);
    }
    if let Some(expr) = section.take("resize") {
        let argument = Argument { name: None, value: expr.clone() };
        prepare.resize = match cx.value(&expr) {
            Some(Value::Call(callee, arguments)) if callee.value == "resize" => {
                resize(cx, &callee, &arguments, expr.span)
            }
            Some(_) => resize(cx, &Spanned::new("resize".to_owned(), expr.span), &[argument], expr.span),
            None => None,
        };
    }
    if let Some(expr) = section.take("color") {
        let choices = [("rgb", Color::Rgb), ("gray", Color::Gray), ("lab_l", Color::LabL)];
        prepare.color = cx.choice("color", &expr, &choices, &[]).map(|color| Spanned::new(color, expr.span));
    }
    if let Some(expr) = section.take("rescale") {
        prepare.rescale = cx.positive("rescale", &expr).map(|factor| Spanned::new(factor, expr.span));
    }
    if let Some(expr) = section.take("normalize") {
        prepare.normalize = normalize(cx, &expr).map(|normalize| Spanned::new(normalize, expr.span));
    }
    section.finish(cx, "prepare", SETTINGS, &[], &[]);
    prepare
}

/// `resize: 150x150`, `resize(150x150, method: area, fit: crop)`
fn resize(cx: &mut Cx, callee: &Name, arguments: &[Argument], span: Span) -> Option<Spanned<Resize>> {
    let arguments = cx.bind(callee, arguments, span, &["size", "method", "fit"], &[]);
    let Some(size) = arguments.get("size") else {
        cx.missing(&arguments, "size");
        return None;
    };
    let [height, width] = match cx.value(size)? {
        Value::Int(_) => [cx.int("resize", size, 1, WIDEST)?; 2],
        Value::Size(dims) if dims.len() == 2 => cx.size("resize", &dims, size.span)?.try_into().ok()?,
        other => {
            cx.wrong_type("resize", "height and width such as 150x150", &other, size.span);
            return None;
        }
    };
    let methods = [
        ("bilinear", ResizeMethod::Bilinear),
        ("nearest", ResizeMethod::Nearest),
        ("area", ResizeMethod::Area),
        ("lanczos3", ResizeMethod::Lanczos3),
    ];
    let method = match arguments.get("method") {
        Some(expr) => cx.choice("method", expr, &methods, &[])?,
        None => ResizeMethod::Bilinear,
    };
    let fits = [("stretch", Fit::Stretch), ("crop", Fit::Crop), ("letterbox", Fit::Letterbox)];
    let fit = match arguments.get("fit") {
        Some(expr) => cx.choice("fit", expr, &fits, &[])?,
        None => Fit::Stretch,
    };
    Some(Spanned::new(Resize { height, width, method, fit }, span))
}

fn normalize(cx: &mut Cx, expr: &Expr) -> Option<Normalize> {
    if let Value::Call(callee, arguments) = cx.value(expr)? {
        if callee.value != "standard" {
            cx.wrong_choice("normalize", &callee.value, &["standard"], callee.span);
            return None;
        }
        let arguments = cx.bind(&callee, &arguments, expr.span, &["mean", "std"], &[]);
        for required in ["mean", "std"] {
            if arguments.get(required).is_none() {
                cx.missing(&arguments, required);
            }
        }
        let (mean_expr, std_expr) = (arguments.get("mean")?, arguments.get("std")?);
        let mean = channels(cx, mean_expr, |cx, item| cx.number("mean", item).map(|mean| mean as f32))?;
        let std = channels(cx, std_expr, |cx, item| cx.positive("std", item))?;
        if mean.len() != std.len() {
            let problem = Diagnostic::new(Code::E0018)
                .arg("what", "std")
                .arg("expected", format!("as many values as `mean` ({})", mean.len()))
                .arg("value", std.len())
                .at(std_expr.span, "here");
            cx.report(problem);
            return None;
        }
        return Some(Normalize::Standard { mean, std, bgr: false });
    }
    let choices =
        [("per_image", "per_image"), ("featurewise", "featurewise"), ("imagenet", "imagenet"), ("caffe", "caffe")];
    Some(match cx.choice("normalize", expr, &choices, &[])? {
        "per_image" => Normalize::PerImage,
        "featurewise" => Normalize::Featurewise,
        "imagenet" => Normalize::Standard { mean: IMAGENET.0.to_vec(), std: IMAGENET.1.to_vec(), bgr: false },
        _ => Normalize::Standard { mean: CAFFE.to_vec(), std: vec![1.0; 3], bgr: true },
    })
}

/// One value for each channel, 1 or 3.
fn channels(cx: &mut Cx, expr: &Expr, read: impl Fn(&mut Cx, &Expr) -> Option<f32>) -> Option<Vec<f32>> {
    let items = cx.items(expr)?;
    if items.len() != 1 && items.len() != 3 {
        let problem = Diagnostic::new(Code::E0018)
            .arg("what", "normalize")
            .arg("expected", "one value, or one for each of three channels")
            .arg("value", items.len())
            .at(expr.span, "here");
        cx.report(problem);
        return None;
    }
    items.iter().map(|item| read(cx, item)).collect()
}
