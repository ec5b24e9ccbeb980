//! The `prepare` section.

use super::Cx;
use super::constant::Value;
use super::section::Merged;
use crate::ast::{Argument, Expr, Name};
use crate::ir::PrepareSpec;
use crate::source::{Span, Spanned};
use crate::vocabulary::{Normalize, PREPARE, Resize, Words};

/// How a picture becomes the model's input.
pub(super) fn lower(cx: &mut Cx, section: &Merged) -> PrepareSpec {
    let mut section = section.clone();
    let mut prepare = PrepareSpec::default();
    if let Some(at) = section.calls.iter().position(|call| Resize::row(&call.callee.value).is_some()) {
        let call = section.calls.remove(at);
        prepare.resize = resize(cx, &call.callee, &call.arguments, call.span);
    }
    if let Some(expr) = section.take("resize") {
        prepare.resize = written_resize(cx, &expr);
    }
    let settings = cx.settings(&mut section, &PREPARE);
    prepare.color = settings.optional_one_of("color");
    prepare.rescale = settings.optional_spanned_float("rescale");
    if let Some(expr) = section.take("normalize") {
        prepare.normalize = normalize(cx, &expr).map(|normalize| Spanned::new(normalize, expr.span));
    }
    section.finish(cx, &PREPARE);
    prepare
}

/// `resize: 150x150`, `resize: resize(150x150, method: area)`
fn written_resize(cx: &mut Cx, expr: &Expr) -> Option<Spanned<Resize>> {
    if let Value::Call(callee, arguments) = cx.value(expr)?
        && Resize::row(&callee.value).is_some()
    {
        return resize(cx, &callee, &arguments, expr.span);
    }
    let callee = Spanned::new("resize".to_owned(), expr.span);
    let size = Argument { name: None, value: expr.clone() };
    resize(cx, &callee, &[size], expr.span)
}

/// `resize(150x150, method: area, fit: crop)`
fn resize(cx: &mut Cx, callee: &Name, arguments: &[Argument], span: Span) -> Option<Spanned<Resize>> {
    let (resize, _) = cx.call_of::<Resize>("resize", callee, arguments, span)?;
    Some(Spanned::new(resize, span))
}

fn normalize(cx: &mut Cx, expr: &Expr) -> Option<Normalize> {
    let (normalize, attributes) = cx.word_of::<Normalize>("normalize", expr)?;
    if let Normalize::Standard { mean, std, bgr: false } = &normalize
        && mean.len() != std.len()
    {
        let expected = format!("as many values as `mean` ({})", mean.len());
        cx.out_of_range("std", &expected, std.len(), attributes.written_at("std").unwrap_or(expr.span));
        return None;
    }
    Some(normalize)
}
