//! `lr_scale:`: which parts of the model have a learning rate of their own, and what it is multiplied by.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::freezing::{places, target};
use crate::ast::{Expr, ExprKind};
use crate::diag::{Code, Diagnostic};
use crate::ir::{Model, RateScale, TrainSpec};
use crate::lower::Cx;
use crate::lower::section::Merged;
use crate::source::Span;
use crate::vocabulary::OptionType;

/// The setting.
const KEY: &str = "lr_scale";

/// Parts that may be named; more are repetitions.
const MOST_PARTS: usize = 256;

/// What a section says of it, in the order written.
pub(super) fn scales(cx: &mut Cx, section: &mut Merged) -> Vec<RateScale> {
    let Some(expr) = section.take(KEY) else { return Vec::new() };
    let ExprKind::Map(pairs) = &expr.kind else {
        if let Some(value) = cx.value(&expr) {
            cx.wrong_type(KEY, OptionType::Factors.describe(), &value, expr.span);
        }
        return Vec::new();
    };
    if pairs.len() > MOST_PARTS {
        cx.out_of_range(KEY, &format!("for at most {MOST_PARTS} parts"), pairs.len(), expr.span);
    }
    pairs.iter().take(MOST_PARTS).filter_map(|(part, factor)| scale(cx, part, factor)).collect()
}

fn scale(cx: &mut Cx, part: &Expr, factor: &Expr) -> Option<RateScale> {
    let (target, onward) = target(cx, KEY, part)?;
    let number = cx.number(KEY, factor)?;
    let rounded = number as f32;
    if rounded > 0.0 && rounded.is_finite() {
        return Some(RateScale { target, onward, factor: rounded, layers: 0..0 });
    }
    let written = target.value + if onward { " onward" } else { "" };
    let problem = Diagnostic::new(Code::E0508).saying("scale").arg("value", number).at(factor.span, "here");
    let problem = if number == 0.0 { problem.arg("part", written).help("scale-help") } else { problem };
    cx.report(problem);
    None
}

/// Gives every part its layers, and every layer its factor. Names that there are not are reported, once for
/// all phases, unless some layers are not known.
pub(super) fn resolve(cx: &mut Cx, train: &mut TrainSpec, model: &Model, silent: bool) {
    let phases = train.phases.iter().map(|phase| &phase.spec);
    if std::iter::once(&*train).chain(phases).all(|spec| spec.rate_scales.is_empty()) {
        return;
    }
    let places = places(model);
    let mut said = BTreeSet::new();
    resolve_one(cx, train, (model, &places), &mut said, silent);
    for phase in &mut train.phases {
        resolve_one(cx, &mut phase.spec, (model, &places), &mut said, silent);
    }
}

fn resolve_one(
    cx: &mut Cx,
    spec: &mut TrainSpec,
    (model, places): (&Model, &HashMap<String, Range<usize>>),
    said: &mut BTreeSet<Span>,
    silent: bool,
) {
    if spec.rate_scales.is_empty() {
        return;
    }
    let mut factors = vec![1.0; model.layers.len()];
    for scale in &mut spec.rate_scales {
        let Some(range) = places.get(&scale.target.value) else {
            if !silent && said.insert(scale.target.span) {
                cx.unknown_layer_name(&scale.target.value, scale.target.span, model);
            }
            continue;
        };
        let end = if scale.onward { model.layers.len() } else { range.end };
        scale.layers = range.start..end;
        factors[scale.layers.clone()].fill(scale.factor);
    }
    spec.rate_factors = factors;
}
