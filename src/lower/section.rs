//! Sections: which there are, which belong to the model, and what overrides what.

use super::Cx;
use super::later;
use super::names::{list, nearest};
use crate::ast::{DefinitionKind, Entry, Expr, File, Item, Name, Section, Setting, Step};
use crate::diag::{Code, Diagnostic};
use crate::source::Span;

/// Sections that this version builds.
const SECTIONS: &[&str] = &["data", "prepare", "augment", "train"];

/// What stands in a section once all that is for the model has been put together.
#[derive(Debug, Clone)]
pub(super) struct Merged {
    /// The section's name, or its first mention in an override.
    pub(super) span: Span,
    pub(super) settings: Vec<Setting>,
    pub(super) calls: Vec<Step>,
}

/// The sections that can be built; others are reported.
pub(super) fn collect(cx: &mut Cx, file: &File) -> Vec<Section> {
    let models: Vec<&str> = file
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Definition(d) if d.kind == DefinitionKind::Model => Some(d.name.value.as_str()),
            Item::Definition(_)
            | Item::Language(_)
            | Item::Use(_)
            | Item::Let(_)
            | Item::Allow(_)
            | Item::Section(_) => None,
        })
        .collect();
    let mut kept: Vec<Section> = Vec::new();
    for item in &file.items {
        let Item::Section(section) = item else { continue };
        if !known_section(cx, &section.kind) {
            continue;
        }
        if let Some(target) = &section.target
            && !models.contains(&target.value.as_str())
        {
            let near = nearest(&target.value, models.iter().copied()).or(models.first().copied()).unwrap_or("");
            let problem = Diagnostic::new(Code::E0016)
                .saying("model")
                .arg("name", &target.value)
                .arg("near", near)
                .at(target.span, "model-here")
                .help("near");
            cx.report(problem);
            continue;
        }
        let same = |other: &&Section| {
            let target = |s: &Section| s.target.as_ref().map(|name| name.value.clone());
            other.kind.value == section.kind.value && target(other) == target(section)
        };
        if let Some(first) = kept.iter().find(same) {
            let problem = Diagnostic::new(Code::E0014)
                .arg("what", format!("the section `{}`", section.kind.value))
                .at(section.kind.span, "second")
                .also(first.kind.span, "first");
            cx.report(problem);
            continue;
        }
        check_entries(cx, section);
        kept.push(section.clone());
    }
    kept
}

/// Reports sections that there are not (E0007) or not yet (E0010).
pub(super) fn known_section(cx: &mut Cx, kind: &Name) -> bool {
    let name = kind.value.as_str();
    if SECTIONS.contains(&name) {
        return true;
    }
    if later::SECTIONS.contains(&name) {
        cx.not_yet(&format!("the section `{name}`"), kind.span);
        return false;
    }
    let problem = Diagnostic::new(Code::E0007)
        .arg("name", name)
        .arg("sections", list(["model"].iter().chain(SECTIONS).copied()))
        .at(kind.span, "here");
    cx.report(match nearest(name, SECTIONS.iter().copied()) {
        Some(near) => problem.arg("near", near).help("near").fix(kind.span, near),
        None => problem.help("list"),
    });
    false
}

/// Settings given twice, sections within, and warnings that cannot be allowed.
fn check_entries(cx: &mut Cx, section: &Section) {
    let mut seen: Vec<&Name> = Vec::new();
    for entry in &section.entries {
        match entry {
            Entry::Setting(setting) => {
                if let Some(first) = seen.iter().find(|other| other.value == setting.key.value) {
                    let problem = Diagnostic::new(Code::E0014)
                        .arg("what", format!("`{}`", setting.key.value))
                        .at(setting.key.span, "second")
                        .also(first.span, "first");
                    cx.report(problem);
                }
                seen.push(&setting.key);
            }
            Entry::Allow(allow) => super::check_allow(cx, allow),
            Entry::Section(inner) => {
                let name = &inner.kind;
                if section.kind.value == "train" && name.value == "phase" {
                    cx.not_yet("`phase`", name.span);
                } else {
                    let problem = Diagnostic::new(Code::E0001).arg("found", "{").at(name.span, "end");
                    cx.report(problem);
                }
            }
            Entry::Let(constant) => cx.not_yet("`let` inside a section", constant.span),
            Entry::Call(_) => {}
        }
    }
}

/// What holds for the model: sections for all, overridden key by key by those for it, and these by the command line's.
pub(super) fn merge(sections: &[Section], overridden: &[Section], kind: &str, model: Option<&str>) -> Option<Merged> {
    let of_kind = |section: &&Section| section.kind.value == kind;
    let for_all = sections.iter().filter(of_kind).filter(|section| section.target.is_none());
    let for_model = sections
        .iter()
        .filter(of_kind)
        .filter(|section| section.target.as_ref().is_some_and(|target| Some(target.value.as_str()) == model));
    let mut merged: Option<Merged> = None;
    for section in for_all.chain(for_model).chain(overridden.iter().filter(of_kind)) {
        let into =
            merged.get_or_insert_with(|| Merged { span: section.kind.span, settings: Vec::new(), calls: Vec::new() });
        override_with(into, section);
    }
    merged
}

fn override_with(merged: &mut Merged, section: &Section) {
    let calls: Vec<&Step> =
        section.entries.iter().filter_map(|e| if let Entry::Call(call) = e { Some(call) } else { None }).collect();
    // `rotation(…)` of the nearer section replaces every `rotation(…)` of the one behind it
    let replaced: Vec<&str> = calls.iter().map(|call| call.callee.value.as_str()).collect();
    merged.calls.retain(|call| !replaced.contains(&call.callee.value.as_str()));
    merged.calls.extend(calls.into_iter().cloned());
    for entry in &section.entries {
        let Entry::Setting(setting) = entry else { continue };
        match merged.settings.iter_mut().find(|other| other.key.value == setting.key.value) {
            Some(other) => *other = setting.clone(),
            None => merged.settings.push(setting.clone()),
        }
    }
}

impl Merged {
    /// Takes the value of a setting out.
    pub(super) fn take(&mut self, key: &str) -> Option<Expr> {
        let at = self.settings.iter().position(|setting| setting.key.value == key)?;
        Some(self.settings.remove(at).value)
    }

    /// Reports settings that nobody has taken, and calls that stand where there are none.
    pub(super) fn finish(self, cx: &mut Cx, section: &str, settings: &[&str], calls: &[&str], later: &[&str]) {
        let known = || settings.iter().chain(calls).copied();
        let leftover =
            self.settings.iter().map(|setting| &setting.key).chain(self.calls.iter().map(|call| &call.callee));
        for name in leftover {
            let word = name.value.as_str();
            if later.contains(&word) {
                cx.not_yet(&format!("`{word}`"), name.span);
                continue;
            }
            let problem = Diagnostic::new(Code::E0008)
                .arg("section", section)
                .arg("name", word)
                .arg("settings", list(known()))
                .at(name.span, "here");
            // written as `name: value` instead of `name(value)`, or the other way round
            if calls.contains(&word) {
                cx.report(problem.saying("call").help("call-help"));
            } else if settings.contains(&word) {
                cx.report(problem.saying("setting").help("setting-help"));
            } else if let Some(near) = nearest(word, known()) {
                cx.report(problem.arg("near", near).help("near").fix(name.span, near));
            } else {
                cx.report(problem.help("list"));
            }
        }
    }
}
