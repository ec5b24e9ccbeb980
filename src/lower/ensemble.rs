//! `ensemble` sections.

use std::collections::BTreeSet;

use super::Cx;
use super::names::{list, nearest_of_many};
use super::section::{Merged, of_section};
use crate::ast::{Definition, Expr, ExprKind, Section};
use crate::diag::{Code, Diagnostic};
use crate::ir::EnsembleSpec;
use crate::source::Spanned;
use crate::vocabulary::ENSEMBLE;

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
    let combine = cx.settings(&mut merged, &ENSEMBLE).one_of("combine");
    let span = section.kind.span;
    merged.finish(cx, &ENSEMBLE);
    Some(EnsembleSpec { name: name.clone(), span, members: members?, combine })
}

/// `[Basic, Deep]`: at least two models of the file.
fn members(cx: &mut Cx, expr: &Expr, models: &[&Definition]) -> Option<Vec<Spanned<String>>> {
    let ExprKind::List(items) = &expr.kind else {
        let value = cx.value(expr)?;
        cx.wrong_type("members", "a list of models", &value, expr.span);
        return None;
    };
    let names = || models.iter().map(|model| model.name.value.as_str());
    let known: BTreeSet<&str> = names().collect();
    if items.len() > MOST_MEMBERS {
        cx.out_of_range("members", &format!("at most {MOST_MEMBERS} models"), items.len(), expr.span);
        return None;
    }
    let mut members = Vec::new();
    for item in items {
        let ExprKind::Name(name) = &item.kind else {
            let value = cx.value(item)?;
            cx.wrong_type("members", "the names of models", &value, item.span);
            return None;
        };
        if !known.contains(name.as_str()) {
            let near = nearest_of_many(&mut cx.problems, name, names());
            let problem =
                Diagnostic::new(Code::E0016).saying("model").arg("name", name).at(item.span, "model-here");
            cx.report(match near {
                Some(near) => problem.arg("near", near).help("near").fix(item.span, near),
                None => problem.arg("models", list(names())).help("models-help"),
            });
            return None;
        }
        members.push(Spanned::new(name.clone(), item.span));
    }
    if members.len() < 2 {
        cx.out_of_range("members", "at least two models", members.len(), expr.span);
        return None;
    }
    Some(members)
}
