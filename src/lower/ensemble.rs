//! `ensemble` sections.

use std::collections::BTreeSet;

use super::Cx;
use super::names::{list, nearest_of_many};
use super::section::{Merged, of_section};
use crate::ast::{Definition, Expr, ExprKind, Name, Section};
use crate::diag::{Code, Diagnostic};
use crate::ir::{EnsembleSpec, MemberSpec, StartingWeights, WeightsOf};
use crate::source::Spanned;
use crate::vocabulary::{ENSEMBLE, Matching};

/// Most members of an ensemble: each is checked and trained by itself.
const MOST_MEMBERS: usize = 100;

/// The ensembles of a file with these models; those with mistakes are left out.
pub(super) fn lower_all(cx: &mut Cx, sections: &[Section], models: &[&Definition]) -> Vec<EnsembleSpec> {
    let ensembles = sections.iter().filter(|section| section.kind.value == "ensemble");
    ensembles.filter_map(|section| one(cx, section, models)).collect()
}

fn one(cx: &mut Cx, section: &Section, models: &[&Definition]) -> Option<EnsembleSpec> {
    let Some(name) = &section.target else {
        let problem = Diagnostic::new(Code::E0013).saying("ensemble").at(section.kind.span, "here");
        cx.report(problem.help("ensemble-help"));
        return None;
    };
    let namesake = models.iter().find(|model| model.name.value == name.value);
    if let Some(model) = namesake {
        let problem = Diagnostic::new(Code::E0014).arg("what", format!("`{}`", name.value));
        cx.report(problem.at(name.span, "second").also(model.name.span, "first"));
    }
    let mut merged: Merged = of_section(section);
    let members = match merged.take("members") {
        Some(expr) => members(cx, &expr, models),
        None => {
            let problem = Diagnostic::new(Code::E0013)
                .arg("callee", "ensemble")
                .arg("option", "members")
                .at(name.span, "here");
            cx.report(problem);
            None
        }
    };
    let written = merged.settings.iter().find(|setting| setting.key.value == "combine");
    let place = written.map_or(section.kind.span, |setting| setting.value.span);
    let combine = Spanned::new(cx.settings(&mut merged, &ENSEMBLE).one_of("combine"), place);
    let span = section.kind.span;
    merged.finish(cx, &ENSEMBLE);
    Some(EnsembleSpec { name: name.clone(), span, members: members.filter(|_| namesake.is_none())?, combine })
}

/// `[Basic, 2 of Deep]`, `5 of Basic`: at least two members.
fn members(cx: &mut Cx, expr: &Expr, models: &[&Definition]) -> Option<Vec<MemberSpec>> {
    let items = match &expr.kind {
        ExprKind::List(items) => &items[..],
        ExprKind::Of(..) => std::slice::from_ref(expr),
        // a list of one would be no ensemble either
        ExprKind::Name(_) | ExprKind::Call(..) => {
            cx.out_of_range("members", "at least two models", 1, expr.span);
            return None;
        }
        _ => {
            let value = cx.value(expr)?;
            cx.wrong_type("members", "a list of models", &value, expr.span);
            return None;
        }
    };
    if items.len() > MOST_MEMBERS {
        cx.out_of_range("members", &format!("at most {MOST_MEMBERS} models"), items.len(), expr.span);
        return None;
    }
    let mut members = Vec::new();
    for item in items {
        members.push(member(cx, item, models)?);
    }
    let count: usize = members.iter().map(|member| member.count).sum();
    if count < 2 {
        cx.out_of_range("members", "at least two models", count, expr.span);
        return None;
    }
    if count > MOST_MEMBERS {
        cx.out_of_range("members", &format!("at most {MOST_MEMBERS} models"), count, expr.span);
        return None;
    }
    Some(members)
}

/// `Basic`, `5 of Basic`, `Basic(weights: "basic.safetensors")`
fn member(cx: &mut Cx, item: &Expr, models: &[&Definition]) -> Option<MemberSpec> {
    match &item.kind {
        ExprKind::Name(name) => {
            let model = model(cx, &Spanned::new(name.clone(), item.span), models)?;
            Some(MemberSpec { model, count: 1, weights: None })
        }
        ExprKind::Of(count, name) => {
            let count = cx.int("members", count, 1, MOST_MEMBERS)?;
            Some(MemberSpec { model: model(cx, name, models)?, count, weights: None })
        }
        ExprKind::Call(name, arguments) => {
            let model = model(cx, name, models)?;
            let arguments = cx.bind(name, arguments, item.span, &["weights"], &[]);
            let Some(expr) = arguments.get("weights").cloned() else {
                cx.missing(&arguments, "weights");
                return None;
            };
            let from = WeightsOf::File(cx.text("weights", &expr)?.value);
            let (span, matching) = (expr.span, Matching::Names);
            let weights = Some(StartingWeights { from, span, partial: false, matching });
            Some(MemberSpec { model, count: 1, weights })
        }
        _ => {
            let value = cx.value(item)?;
            cx.wrong_type("members", "the names of models", &value, item.span);
            None
        }
    }
}

/// A name that must be that of a model of the file.
fn model(cx: &mut Cx, name: &Name, models: &[&Definition]) -> Option<Spanned<String>> {
    let names = || models.iter().map(|model| model.name.value.as_str());
    let known: BTreeSet<&str> = names().collect();
    if known.contains(name.value.as_str()) {
        return Some(name.clone());
    }
    let near = nearest_of_many(&mut cx.problems, &name.value, names());
    let problem =
        Diagnostic::new(Code::E0016).saying("model").arg("name", &name.value).at(name.span, "model-here");
    cx.report(match near {
        Some(near) => problem.arg("near", near).help("near").fix(name.span, near),
        None => problem.arg("models", list(names())).help("models-help"),
    });
    None
}

/// The ensemble that is meant where no model is: the one of this name, or the one of which all these models
/// are members.
pub(super) fn meant<'e>(
    cx: &mut Cx,
    ensembles: &'e [EnsembleSpec],
    (asked, models, whole): (Option<&str>, &[&Definition], &[&Definition]),
) -> Option<&'e EnsembleSpec> {
    if let Some(name) = asked {
        let is_model = models.iter().any(|model| model.name.value == name);
        return ensembles.iter().find(|ensemble| ensemble.name.value == name && !is_model);
    }
    let has_all = |ensemble: &&EnsembleSpec| {
        let members: BTreeSet<&str> =
            ensemble.members.iter().map(|member| member.model.value.as_str()).collect();
        whole.iter().all(|model| members.contains(model.name.value.as_str()))
    };
    if whole.is_empty() {
        return None;
    }
    let mut all = ensembles.iter().filter(has_all);
    let (first, second) = (all.next()?, all.next());
    if let Some(second) = second {
        let names = ensembles.iter().map(|ensemble| ensemble.name.value.as_str());
        let problem = Diagnostic::new(Code::E0021).saying("ensembles").arg("ensembles", list(names));
        cx.report(problem.at(first.name.span, "ensemble").also(second.name.span, "ensemble").help("choose"));
    }
    Some(first)
}
