//! `optimizer:`, and the settings around its step.

use crate::ast::{Argument, Expr, Name};
use crate::diag::{Code, Diagnostic};
use crate::ir::UpdateRules;
use crate::lower::Cx;
use crate::lower::constant::Value;
use crate::lower::section::Merged;
use crate::source::{Span, Spanned};
use crate::vocabulary::{Attributes, Optimizer, TRAIN, Words};

/// Settings of `train` that are options of an optimizer in Keras.
const BESIDE: &[&str] = &["clip_value", "clip_norm", "global_clip_norm", "ema"];

/// An optimizer as it is written.
pub(super) struct Written {
    pub(super) optimizer: Spanned<Optimizer>,
    /// Where its rate stands.
    pub(super) rate_span: Option<Span>,
    pub(super) updates: UpdateRules,
}

/// The optimizer with what stands around it; where nothing is written, Keras's default. `settings` are the
/// plain settings of the section.
pub(super) fn lower(cx: &mut Cx, section: &mut Merged, settings: &Attributes) -> Written {
    let default = TRAIN.default_of("optimizer");
    let mut written = Written {
        optimizer: Spanned::new(default, Span::default()),
        rate_span: None,
        updates: UpdateRules::default(),
    };
    let mut decay = None;
    if let Some(expr) = section.take("optimizer") {
        written.optimizer.span = expr.span;
        if let Some((optimizer, attributes)) = optimizer(cx, &expr) {
            written.optimizer.value = optimizer;
            written.rate_span = attributes.written_at("lr");
            written.updates.weight_decay = attributes.float("weight_decay");
            decay = attributes.written_at("weight_decay");
        }
    }
    if let Some(place) = settings.written_at("weight_decay") {
        if let Some(first) = decay {
            let problem = Diagnostic::new(Code::E0014).arg("what", "`weight_decay`");
            cx.report(problem.at(place, "second").also(first, "first"));
        } else {
            written.updates.weight_decay = settings.float("weight_decay");
        }
    }
    check_clipped_once(cx, settings);
    written.updates.clip_value = settings.optional_float("clip_value");
    written.updates.clip_norm = settings.optional_float("clip_norm");
    written.updates.global_clip_norm = settings.optional_float("global_clip_norm");
    written.updates.ema = settings.optional_float("ema");
    written
}

/// At most one way to clip: as in Keras, where a second is refused.
fn check_clipped_once(cx: &mut Cx, settings: &Attributes) {
    let mut first: Option<Span> = None;
    for place in
        ["clip_value", "clip_norm", "global_clip_norm"].into_iter().filter_map(|key| settings.written_at(key))
    {
        if let Some(first) = first {
            let problem = Diagnostic::new(Code::E0014).arg("what", "how gradients are clipped");
            cx.report(problem.at(place, "second").also(first, "first"));
            continue;
        }
        first = Some(place);
    }
}

/// The optimizer of an expression, with its attributes; `None` where it has a mistake, which has been
/// reported.
fn optimizer(cx: &mut Cx, expr: &Expr) -> Option<(Optimizer, Attributes)> {
    if let Value::Call(callee, arguments) = cx.value(expr)?
        && Optimizer::row(&callee.value).is_some()
    {
        check_beside(cx, &callee, &arguments)?;
    }
    cx.word_of::<Optimizer>("optimizer", expr)
}

/// E0116 for arguments that are settings of `train`.
fn check_beside(cx: &mut Cx, callee: &Name, arguments: &[Argument]) -> Option<()> {
    let misplaced = arguments.iter().filter_map(|argument| argument.name.as_ref());
    let misplaced: Vec<&Name> = misplaced.filter(|name| BESIDE.contains(&name.value.as_str())).collect();
    for name in &misplaced {
        let problem = Diagnostic::new(Code::E0116).arg("callee", &callee.value).arg("name", &name.value);
        cx.report(problem.at(name.span, "here").help("of-train"));
    }
    misplaced.is_empty().then_some(())
}
