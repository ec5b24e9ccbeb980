//! `loss:` and `metrics:`.

use crate::ast::{Argument, Expr, Name};
use crate::ir::{Loss, LossOptions, Metric};
use crate::lower::Cx;
use crate::lower::constant::Value;
use crate::lower::convert::MOST;
use crate::lower::section::Merged;
use crate::source::{Span, Spanned};

const CHOICES: &[(&str, Loss)] = &[
    ("categorical_crossentropy", Loss::CategoricalCrossentropy),
    ("sparse_categorical_crossentropy", Loss::CategoricalCrossentropy),
    ("binary_crossentropy", Loss::BinaryCrossentropy),
    ("mse", Loss::Mse),
    ("mae", Loss::Mae),
    ("huber", Loss::Huber { delta: 1.0 }),
    ("focal", Loss::Focal { gamma: 2.0, alpha: 0.25 }),
    ("hinge", Loss::Hinge),
];

const METRICS: &[(&str, Option<Metric>)] = &[
    ("accuracy", Some(Metric::Accuracy)),
    ("top_k", Some(Metric::TopK(5))),
    ("mae", Some(Metric::Mae)),
    ("mse", Some(Metric::Mse)),
    ("precision", Some(Metric::Precision)),
    ("recall", Some(Metric::Recall)),
    ("f1", Some(Metric::F1)),
    ("auc", Some(Metric::Auc)),
    // always there
    ("loss", None),
];

/// The loss and its options, if it is written.
pub(super) fn lower(cx: &mut Cx, section: &mut Merged) -> (Option<Spanned<Loss>>, LossOptions) {
    let mut options = LossOptions::default();
    let Some(expr) = section.take("loss") else { return (None, options) };
    let loss = match cx.value(&expr) {
        Some(Value::Call(callee, arguments)) => called(cx, &callee, &arguments, expr.span, &mut options),
        Some(_) => cx.choice("loss", &expr, CHOICES, &[]),
        None => None,
    };
    (loss.map(|loss| Spanned::new(loss, expr.span)), options)
}

/// `categorical_crossentropy(label_smoothing: 0.1)`
fn called(cx: &mut Cx, callee: &Name, arguments: &[Argument], span: Span, options: &mut LossOptions) -> Option<Loss> {
    let Some((_, loss)) = CHOICES.iter().find(|(name, _)| *name == callee.value) else {
        let names: Vec<&str> = CHOICES.iter().map(|(name, _)| *name).collect();
        cx.wrong_choice("loss", &callee.value, &names, callee.span);
        return None;
    };
    let names: &[&'static str] = match loss {
        Loss::CategoricalCrossentropy | Loss::BinaryCrossentropy => &["label_smoothing", "from_logits"],
        Loss::Focal { .. } => &["gamma", "alpha", "label_smoothing", "from_logits"],
        Loss::Huber { .. } => &["delta"],
        Loss::Mse | Loss::Mae | Loss::Hinge => &[],
    };
    let arguments = cx.bind(callee, arguments, span, names, &[]);
    if let Some(expr) = arguments.get("label_smoothing") {
        options.label_smoothing = cx.share("label_smoothing", expr, false)?;
    }
    if let Some(expr) = arguments.get("from_logits") {
        options.from_logits = Some(Spanned::new(cx.bool("from_logits", expr)?, expr.span));
    }
    Some(match *loss {
        Loss::Focal { gamma, alpha } => Loss::Focal {
            gamma: match arguments.get("gamma") {
                Some(expr) => cx.non_negative("gamma", expr)?,
                None => gamma,
            },
            alpha: match arguments.get("alpha") {
                Some(expr) => cx.share("alpha", expr, false)?,
                None => alpha,
            },
        },
        Loss::Huber { delta } => Loss::Huber {
            delta: match arguments.get("delta") {
                Some(expr) => cx.positive("delta", expr)?,
                None => delta,
            },
        },
        plain @ (Loss::CategoricalCrossentropy | Loss::BinaryCrossentropy | Loss::Mse | Loss::Mae | Loss::Hinge) => {
            plain
        }
    })
}

/// A metric; `None` for `loss`, which every epoch has, and for a mistake.
pub(super) fn metric(cx: &mut Cx, expr: &Expr) -> Option<Spanned<Metric>> {
    let metric = match cx.value(expr)? {
        Value::Call(callee, arguments) if callee.value == "top_k" => {
            let arguments = cx.bind(&callee, &arguments, expr.span, &["k"], &[]);
            match arguments.get("k") {
                Some(k) => Metric::TopK(cx.int("k", k, 1, MOST)?),
                // as Keras's TopKCategoricalAccuracy
                None => Metric::TopK(5),
            }
        }
        _ => cx.choice("metrics", expr, METRICS, &[])??,
    };
    Some(Spanned::new(metric, expr.span))
}
