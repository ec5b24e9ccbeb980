//! `phase head { … }`.

use std::collections::{BTreeMap, BTreeSet};

use super::{is_callback, is_of_a_phase, spec};
use crate::ast::{Name, Section, Setting};
use crate::diag::{Code, Diagnostic, Mention, Term};
use crate::ir::Phase;
use crate::lower::Cx;
use crate::lower::section::{Merged, of_section};
use crate::source::Span;
use crate::vocabulary::OF_ALL_PHASES;

/// Most phases of a schedule.
const MOST_PHASES: usize = 100;

/// The phases of a section, each with the section's settings under its own.
pub(super) fn lower_all(cx: &mut Cx, section: &Merged, phases: &[Section]) -> Vec<Phase> {
    let mut lowered: Vec<Phase> = Vec::new();
    let mut firsts: BTreeMap<&str, Span> = BTreeMap::new();
    if let Some(next) = phases.get(MOST_PHASES) {
        let expected = format!("in at most {MOST_PHASES} phases");
        cx.out_of_range("train", &expected, phases.len(), next.kind.span);
    }
    for phase in phases.iter().take(MOST_PHASES) {
        let Some(name) = &phase.target else {
            cx.report(
                Diagnostic::new(Code::E0013).saying("phase").at(phase.kind.span, "here").help("phase-help"),
            );
            continue;
        };
        let first = *firsts.entry(&name.value).or_insert(name.span);
        if first != name.span {
            let problem = Diagnostic::new(Code::E0014)
                .mention("what", Mention::Named(Term::Phase, name.value.clone()))
                .at(name.span, "second")
                .also(first, "first");
            cx.report(problem);
            continue;
        }
        let mut next = one(cx, section, phase, name);
        // what one optimizer remembers is nothing to another
        let before = lowered.last().map(|phase| phase.spec.optimizer.value);
        next.resets_optimizer |= before.is_some_and(|before| before != next.spec.optimizer.value);
        lowered.push(next);
    }
    lowered
}

fn one(cx: &mut Cx, section: &Merged, phase: &Section, name: &Name) -> Phase {
    let mut own = of_section(phase);
    let resets_optimizer = own.settings.iter().any(|setting| setting.key.value == "optimizer");
    report_misplaced(cx, &mut own);
    // what a phase does not have is reported as such
    let mut rest = own.clone();
    rest.settings.retain(|setting| !is_of_a_phase(&setting.key.value));
    rest.calls.retain(|call| !is_callback(call));
    rest.finish_phase(cx);
    own.settings.retain(|setting| is_of_a_phase(&setting.key.value));
    own.calls.retain(is_callback);
    let mut merged = section.clone();
    merged.override_with(own.clone());
    merged.span = phase.kind.span;
    let spec = cx.with_constants(&own.lets, |cx| spec(cx, merged));
    Phase { name: name.clone(), spec, resets_optimizer, frozen: Vec::new() }
}

/// E0008 for what is the same in all phases.
fn report_misplaced(cx: &mut Cx, own: &mut Merged) {
    for key in OF_ALL_PHASES {
        let Some(at) = own.settings.iter().position(|setting| setting.key.value == *key) else { continue };
        let setting = own.settings.remove(at);
        let problem = Diagnostic::new(Code::E0008).saying("of-all-phases").arg("name", key);
        cx.report(problem.at(setting.key.span, "of-all-phases-here").help("of-all-phases-help"));
    }
}

/// W0506: what a section sets for its phases, where each phase sets it for itself.
pub(in crate::lower) fn unused(cx: &mut Cx, section: &Merged) {
    if section.phases.is_empty() {
        return;
    }
    let settings_of =
        |phase: &Merged| phase.settings.iter().map(|s| s.key.value.clone()).collect::<BTreeSet<String>>();
    let calls_of =
        |phase: &Merged| phase.calls.iter().map(|c| c.callee.value.clone()).collect::<BTreeSet<String>>();
    let phases = || section.phases.iter().map(of_section);
    let in_all = |all: BTreeSet<String>, phase: BTreeSet<String>| all.intersection(&phase).cloned().collect();
    let set = phases().map(|phase| settings_of(&phase)).fold(settings_of(section), in_all);
    let called = phases().map(|phase| calls_of(&phase)).fold(calls_of(section), in_all);
    let is_frozen = |setting: &&Setting| ["freeze", "unfreeze"].contains(&setting.key.value.as_str());
    let settings =
        section.settings.iter().filter(|setting| !is_frozen(setting) && set.contains(&setting.key.value));
    let calls = section.calls.iter().filter(|call| called.contains(&call.callee.value));
    let unused: Vec<&Name> =
        settings.map(|setting| &setting.key).chain(calls.map(|call| &call.callee)).collect();
    for name in unused {
        let problem = Diagnostic::new(Code::W0506).saying("overridden").arg("name", &name.value);
        cx.report(problem.at(name.span, "overridden-here").help("overridden-help"));
    }
}
