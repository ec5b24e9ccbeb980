//! `freeze:` and `unfreeze:`: what they name, and what of the model that is.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use crate::ast::{Expr, ExprKind};
use crate::diag::{Code, Diagnostic};
use crate::ir::{FreezeChange, LayerId, Model, TrainSpec};
use crate::lower::Cx;
use crate::lower::names::nearest_of_many;
use crate::lower::section::Merged;
use crate::source::Spanned;

/// Settings of a section that freeze or unfreeze; more are repetitions.
const MOST_SETTINGS: usize = 64;

/// What a section freezes and unfreezes, in the order written.
pub(super) fn changes(cx: &mut Cx, section: &mut Merged) -> Vec<FreezeChange> {
    let keys: Vec<String> = section.settings.iter().map(|setting| setting.key.value.clone()).collect();
    let mut changes = Vec::new();
    // a key that is given twice has been reported
    for key in keys.iter().filter(|key| ["freeze", "unfreeze"].contains(&key.as_str())).take(MOST_SETTINGS) {
        let Some(expr) = section.take(key) else { continue };
        let items = match &expr.kind {
            ExprKind::List(items) => items.clone(),
            _ => vec![expr],
        };
        changes.extend(items.iter().filter_map(|item| change(cx, key, item)));
    }
    changes
}

fn change(cx: &mut Cx, key: &str, expr: &Expr) -> Option<FreezeChange> {
    let (target, onward) = target(cx, key, expr)?;
    Some(FreezeChange { freeze: key == "freeze", target, onward })
}

/// `backbone`, `backbone.block5_conv1 onward`: what is named, and whether all behind it is meant as well.
pub(super) fn target(cx: &mut Cx, key: &str, expr: &Expr) -> Option<(Spanned<String>, bool)> {
    let (named, onward) = match &expr.kind {
        ExprKind::Onward(inner) => (inner.as_ref(), true),
        _ => (expr, false),
    };
    let ExprKind::Name(path) = &named.kind else {
        let value = cx.value(named)?;
        cx.wrong_type(key, "the name of a layer, a block or a model in it", &value, named.span);
        return None;
    };
    Some((Spanned::new(path.clone(), named.span), onward))
}

/// The layers of every scope and layer of a model, by its path.
pub(super) fn places(model: &Model) -> HashMap<String, Range<usize>> {
    let layers = model.layers.iter().enumerate().rev().map(|(at, node)| (node.path.clone(), at..at + 1));
    let scopes = model.scopes.iter().rev().map(|scope| (scope.path.clone(), scope.layers.clone()));
    layers.chain(scopes).collect()
}

/// Gives every change its layers: those of the section hold from the start, those of a phase from its
/// beginning on. Names that there are not are reported unless some layers are not known.
pub(super) fn resolve(cx: &mut Cx, train: &mut TrainSpec, model: &mut Model, unknown: &BTreeSet<LayerId>) {
    let mut frozen: Vec<bool> = model.layers.iter().map(|node| node.frozen).collect();
    let silent = !unknown.is_empty();
    let phases = train.phases.iter().flat_map(|phase| &phase.spec.freezes);
    if train.freezes.iter().chain(phases).next().is_none() {
        train.phases.iter_mut().for_each(|phase| phase.frozen.clone_from(&frozen));
        return;
    }
    let places = places(model);
    for change in &train.freezes {
        apply(cx, change, (model, &places), &mut frozen, silent);
    }
    for (node, &frozen) in model.layers.iter_mut().zip(&frozen) {
        node.frozen = frozen;
    }
    for phase in &mut train.phases {
        for change in &phase.spec.freezes {
            apply(cx, change, (model, &places), &mut frozen, silent);
        }
        phase.frozen = frozen.clone();
    }
}

/// `places` are those of [`places`].
fn apply(
    cx: &mut Cx,
    change: &FreezeChange,
    (model, places): (&Model, &HashMap<String, Range<usize>>),
    frozen: &mut [bool],
    silent: bool,
) {
    let path = change.target.value.as_str();
    let Some(range) = places.get(path) else {
        if !silent {
            cx.unknown_layer_name(path, change.target.span, model);
        }
        return;
    };
    let end = if change.onward { model.layers.len() } else { range.end };
    frozen[range.start..end].fill(change.freeze);
}

impl Cx {
    /// E0117 for the path of a layer or scope that the model does not have.
    pub(in crate::lower) fn unknown_layer_name(
        &mut self,
        path: &str,
        span: crate::source::Span,
        model: &Model,
    ) {
        let names = || {
            let scopes = model.scopes.iter().map(|scope| scope.path.as_str());
            model.layers.iter().map(|node| node.path.as_str()).chain(scopes)
        };
        let problem = Diagnostic::new(Code::E0117)
            .saying("not-in-model")
            .arg("name", path)
            .arg("model", &model.name.value);
        let problem = problem.at(span, "unknown-here");
        // the scopes before a name are easily forgotten
        let looks = self.problems.comparisons_left() > 0;
        let full = names().filter(|_| looks).find(|name| name.rsplit('.').next() == Some(path));
        let near = full.or_else(|| nearest_of_many(&mut self.problems, path, names()));
        self.report(match near {
            Some(near) => problem.arg("near", near).help("near").fix(span, near),
            None => problem.help("list-layers"),
        });
    }
}
