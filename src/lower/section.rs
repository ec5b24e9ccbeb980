//! Sections: which there are, which belong to the model, and what overrides what.

use std::collections::{BTreeMap, BTreeSet};

use super::Cx;
use super::home::{Stray, Within};
use super::names::{list, nearest_of_many};
use crate::ast::{Entry, Expr, ExprKind, File, Let, Name, Section, Setting, Step};
use crate::diag::{Code, Diagnostic, Mention, Term};
use crate::source::Span;
use crate::vocabulary::{
    self, AugmentKind, Callback, Category, Drawing, Limit, NONE, OF_ALL_PHASES, OptionType, SECTIONS,
    SectionInfo, TRAIN, Words,
};

/// What stands in a section once all that is for the model has been put together.
#[derive(Debug, Clone, Default)]
pub(super) struct Merged {
    /// The section's name, or its first mention in an override.
    pub(super) span: Span,
    pub(super) settings: Vec<Setting>,
    pub(super) calls: Vec<Step>,
    /// Constants that are known in the section alone.
    pub(super) lets: Vec<Let>,
    /// `phase` sections.
    pub(super) phases: Vec<Section>,
    /// Settings that have been taken out.
    taken: Vec<Setting>,
}

/// The sections that can be built; others are reported.
pub(super) fn collect(cx: &mut Cx, file: &File) -> Vec<Section> {
    let models: Vec<&str> = file.models().map(|model| model.name.value.as_str()).collect();
    let known: BTreeSet<&str> = models.iter().copied().collect();
    let mut kept: Vec<Section> = Vec::new();
    let mut firsts: BTreeMap<(&str, Option<&str>), Span> = BTreeMap::new();
    for section in file.sections() {
        if !known_section(cx, &section.kind) {
            continue;
        }
        if let Some(target) = &section.target
            && section.kind.value != "ensemble"
            && !known.contains(target.value.as_str())
        {
            let near = nearest_of_many(&mut cx.problems, &target.value, models.iter().copied());
            let near = near.or(models.first().copied()).unwrap_or("");
            let problem = Diagnostic::new(Code::E0016)
                .saying("model")
                .arg("name", &target.value)
                .arg("near", near)
                .at(target.span, "model-here")
                .help("near");
            cx.report(problem);
            continue;
        }
        let target = section.target.as_ref().map(|name| name.value.as_str());
        let first = *firsts.entry((&section.kind.value, target)).or_insert(section.kind.span);
        if first != section.kind.span {
            let problem = Diagnostic::new(Code::E0014)
                .mention("what", Mention::Named(Term::Section, section.kind.value.clone()))
                .at(section.kind.span, "second")
                .also(first, "first");
            cx.report(problem);
            continue;
        }
        check_entries(cx, section);
        kept.push(section.clone());
    }
    kept
}

/// The sections of a kind in a file that is used by another: those of the other kinds are for the file by
/// itself.
pub(super) fn of_used_file(cx: &mut Cx, file: &File, kind: &str) -> Vec<Section> {
    let sections: Vec<Section> =
        file.sections().filter(|section| section.kind.value == kind).cloned().collect();
    sections.iter().for_each(|section| check_entries(cx, section));
    sections
}

fn section_names() -> impl Iterator<Item = &'static str> {
    SECTIONS.iter().map(|section| section.keyword)
}

/// Reports sections that there are not (E0007).
pub(super) fn known_section(cx: &mut Cx, kind: &Name) -> bool {
    let name = kind.value.as_str();
    if vocabulary::section(name).is_some() {
        return true;
    }
    let problem = Diagnostic::new(Code::E0007)
        .arg("name", name)
        .arg("sections", list(["model"].into_iter().chain(section_names())))
        .at(kind.span, "here");
    cx.section_unknown = true;
    let known = ["model", "block"].into_iter().chain(section_names());
    let near = nearest_of_many(&mut cx.problems, name, known);
    cx.report(match near {
        Some(near) => problem.arg("near", near).help("near").fix(kind.span, near),
        None => problem.help("list"),
    });
    false
}

/// Settings given twice, sections within, and warnings that cannot be allowed.
fn check_entries(cx: &mut Cx, section: &Section) {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for entry in &section.entries {
        match entry {
            Entry::Setting(setting) => {
                let place = setting.key.span;
                let first = *seen.entry(&setting.key.value).or_insert(place);
                if first != place {
                    let problem = Diagnostic::new(Code::E0014)
                        .arg("what", format!("`{}`", setting.key.value))
                        .at(place, "second")
                        .also(first, "first");
                    cx.report(problem);
                }
            }
            Entry::Allow(_) => {}
            Entry::Section(inner) => {
                let name = &inner.kind;
                if section.kind.value == "train" && name.value == "phase" {
                    check_entries(cx, inner);
                } else {
                    let problem = Diagnostic::new(Code::E0001).arg("found", "{").at(name.span, "end");
                    cx.report(problem);
                }
            }
            Entry::Let(_) | Entry::Call(_) => {}
        }
    }
}

/// What holds for the model: sections for all, overridden key by key by those for it, and these by the
/// command line's.
pub(super) fn merge(
    sections: &[Section],
    overridden: &[Section],
    kind: &str,
    model: Option<&str>,
) -> Option<Merged> {
    let of_kind = |section: &&Section| section.kind.value == kind;
    let for_all = sections.iter().filter(of_kind).filter(|section| section.target.is_none());
    let for_model = sections
        .iter()
        .filter(of_kind)
        .filter(|section| section.target.as_ref().is_some_and(|target| Some(target.value.as_str()) == model));
    let mut merged: Option<Merged> = None;
    for section in for_all.chain(for_model).chain(overridden.iter().filter(of_kind)) {
        let into = merged.get_or_insert_with(|| Merged { span: section.kind.span, ..Merged::default() });
        into.override_with(of_section(section));
    }
    if let Some(merged) = &mut merged {
        merged.settings.retain(|setting| !is_left_out(kind, setting));
    }
    merged
}

/// Whether a setting says `none`, as the reference calls what is not set; so an override can take one away.
fn is_left_out(kind: &str, setting: &Setting) -> bool {
    let spec = vocabulary::section(kind).and_then(|section| section.setting(&setting.key.value));
    let says_none = matches!(&setting.value.kind, ExprKind::Name(word) if word == NONE);
    // of some settings it is one of the choices
    let is_choice = |ty| matches!(ty, OptionType::Choice(words) if words.contains(&NONE));
    spec.is_some_and(|spec| says_none && spec.default == Some(NONE) && !is_choice(spec.ty))
}

/// What stands in one section.
pub(super) fn of_section(section: &Section) -> Merged {
    let mut merged = Merged { span: section.kind.span, ..Merged::default() };
    for entry in &section.entries {
        match entry {
            Entry::Setting(setting) => merged.settings.push(setting.clone()),
            Entry::Call(call) => merged.calls.push(call.clone()),
            Entry::Let(constant) => merged.lets.push(constant.clone()),
            Entry::Section(inner) => merged.phases.push(inner.clone()),
            Entry::Allow(_) => {}
        }
    }
    merged
}

impl Cx {
    /// Lowers a part of the file in which these constants are known as well.
    pub(super) fn with_constants<T>(&mut self, lets: &[Let], lower: impl FnOnce(&mut Cx) -> T) -> T {
        let outer = self.constants.mark();
        self.constants.define_all(lets.iter(), &mut self.problems);
        let lowered = lower(self);
        self.constants.return_to(outer);
        lowered
    }
}

/// Puts each of `nearer` in the place of the first of its name, or behind all.
fn replace_by_name<T>(all: &mut Vec<T>, nearer: Vec<T>, name: impl Fn(&T) -> &String) {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (at, one) in all.iter().enumerate() {
        places.entry(name(one).clone()).or_insert(at);
    }
    for one in nearer {
        let at = *places.entry(name(&one).clone()).or_insert(all.len());
        if at < all.len() {
            all[at] = one;
        } else {
            all.push(one);
        }
    }
}

impl Merged {
    /// Puts a nearer section over this one, key by key. `rotation(…)` of the nearer one replaces every
    /// `rotation(…)` of the one behind it, and its phases all phases.
    pub(super) fn override_with(&mut self, nearer: Merged) {
        let replaced: BTreeSet<&str> = nearer.calls.iter().map(|call| call.callee.value.as_str()).collect();
        self.calls.retain(|call| !replaced.contains(call.callee.value.as_str()));
        self.calls.extend(nearer.calls);
        replace_by_name(&mut self.settings, nearer.settings, |setting| &setting.key.value);
        replace_by_name(&mut self.lets, nearer.lets, |constant| &constant.name.value);
        if !nearer.phases.is_empty() {
            self.phases = nearer.phases;
        }
    }

    /// Takes the value of a setting out.
    pub(super) fn take(&mut self, key: &str) -> Option<Expr> {
        let at = self.settings.iter().position(|setting| setting.key.value == key)?;
        let setting = self.settings.remove(at);
        self.taken.push(setting.clone());
        Some(setting.value)
    }

    /// Reports settings that nobody has taken, and calls that stand where there are none.
    pub(super) fn finish(self, cx: &mut Cx, info: &SectionInfo) {
        self.report_unknown(cx, info.keyword, &info.setting_names(), &calls_of(info));
    }

    /// [`Merged::finish`] for a phase, which has no settings of all phases.
    pub(super) fn finish_phase(self, cx: &mut Cx) {
        let mut settings = TRAIN.setting_names();
        settings.retain(|setting| !OF_ALL_PHASES.contains(setting));
        self.report_unknown(cx, "phase", &settings, &calls_of(&TRAIN));
    }

    fn report_unknown(self, cx: &mut Cx, section: &str, settings: &[&str], calls: &[&str]) {
        let within = Within { section, settings, calls, written: &self.taken };
        for Setting { key, value } in &self.settings {
            cx.report_stray(&within, &Stray::Setting(key, value));
        }
        for call in &self.calls {
            cx.report_stray(&within, &Stray::Call(call));
        }
    }
}

/// The words that may stand as calls in a section.
pub fn calls_of(section: &SectionInfo) -> Vec<&'static str> {
    match section.calls {
        Some(Category::Augmentation) => AugmentKind::keywords().collect(),
        Some(Category::Callback) => Callback::keywords().collect(),
        Some(Category::Limit) => Limit::keywords().collect(),
        Some(Category::Drawing) => Drawing::keywords().collect(),
        Some(other) => unreachable!("no section holds calls of {}", other.name()),
        None => Vec::new(),
    }
}
