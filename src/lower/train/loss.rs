//! `loss:` and `metrics:`.

use crate::ast::Expr;
use crate::lower::Cx;
use crate::lower::constant::Value;
use crate::lower::section::Merged;
use crate::source::Spanned;
use crate::vocabulary::{Loss, LossOptions, Metric, Words};

/// The loss and its options, if it is written.
pub(super) fn lower(cx: &mut Cx, section: &mut Merged) -> (Option<Spanned<Loss>>, LossOptions) {
    let mut options = LossOptions::default();
    let Some(expr) = section.take("loss") else { return (None, options) };
    let Some((loss, attributes)) = cx.word_of::<Loss>("loss", &expr) else { return (None, options) };
    let takes = |name| Loss::row(loss.keyword()).is_some_and(|row| row.word.option(name).is_some());
    if takes("label_smoothing") {
        options.label_smoothing = attributes.float("label_smoothing");
        let at = attributes.written_at("from_logits");
        options.from_logits =
            attributes.optional_bool("from_logits").zip(at).map(|(value, at)| Spanned::new(value, at));
    }
    (Some(Spanned::new(loss, expr.span)), options)
}

/// A metric; `None` for `loss`, which every epoch has, and for a mistake.
pub(super) fn metric(cx: &mut Cx, expr: &Expr) -> Option<Spanned<Metric>> {
    const ALWAYS_THERE: &str = "loss";
    if let Value::Word(word) = cx.value(expr)? {
        if word == ALWAYS_THERE {
            return None;
        }
        if Metric::row(&word).is_none() {
            let known: Vec<&str> = Metric::keywords().chain([ALWAYS_THERE]).collect();
            cx.wrong_choice("metrics", &word, &known, expr.span);
            return None;
        }
    }
    let (metric, _) = cx.word_of::<Metric>("metrics", expr)?;
    Some(Spanned::new(metric, expr.span))
}
