//! The `augment` section.

use super::Cx;
use super::section::Merged;
use crate::ast::Step;
use crate::diag::{Code, Diagnostic};
use crate::ir::{AugmentOp, AugmentSpec};
use crate::source::Spanned;
use crate::vocabulary::{AUGMENT, AugmentKind, Fill, Words};

/// What happens to training images.
pub(super) fn lower(cx: &mut Cx, section: &Merged) -> AugmentSpec {
    let mut section = section.clone();
    let settings = cx.settings(&mut section, &AUGMENT);
    let mut augment = AugmentSpec { samples: settings.int("samples"), ..AugmentSpec::default() };
    if let Some(expr) = section.take("fill") {
        augment.fill = cx.word_of::<Fill>("fill", &expr).map(|(fill, _)| fill).unwrap_or_default();
    }
    let (calls, unknown): (Vec<Step>, Vec<Step>) =
        section.calls.into_iter().partition(|call| AugmentKind::row(&call.callee.value).is_some());
    section.calls = unknown;
    for call in &calls {
        augment.ops.extend(operation(cx, call).map(|op| Spanned::new(op, call.span)));
    }
    section.finish(cx, &AUGMENT);
    augment
}

fn operation(cx: &mut Cx, call: &Step) -> Option<AugmentOp> {
    let (kind, attributes) =
        cx.call_of::<AugmentKind>("augment", &call.callee, &call.arguments, call.span)?;
    if let AugmentKind::Shift { .. } = kind
        && ["width", "height"].iter().all(|axis| attributes.written_at(axis).is_none())
    {
        let problem = Diagnostic::new(Code::E0013).arg("callee", &call.callee.value).arg("option", "width");
        cx.report(problem.at(call.span, "here"));
        return None;
    }
    Some(AugmentOp { kind, probability: attributes.float("p"), options: attributes.places().to_vec() })
}
