//! `phase head { … }`.

use super::{CALLBACKS, OF_A_PHASE, OF_ALL_PHASES, spec};
use crate::ast::{Name, Section};
use crate::diag::{Code, Diagnostic};
use crate::ir::Phase;
use crate::lower::Cx;
use crate::lower::section::{Merged, of_section};

/// The phases of a section, each with the section's settings under its own.
pub(super) fn lower_all(cx: &mut Cx, section: &Merged, phases: &[Section]) -> Vec<Phase> {
    let mut lowered: Vec<Phase> = Vec::new();
    for phase in phases {
        let Some(name) = &phase.target else {
            cx.report(Diagnostic::new(Code::E0013).saying("phase").at(phase.kind.span, "here").help("phase-help"));
            continue;
        };
        if let Some(first) = lowered.iter().find(|other| other.name.value == name.value) {
            let problem = Diagnostic::new(Code::E0014)
                .arg("what", format!("the phase `{}`", name.value))
                .at(name.span, "second")
                .also(first.name.span, "first");
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
    let known = |name: &str| OF_A_PHASE.contains(&name) || CALLBACKS.contains(&name);
    let mut rest = own.clone();
    rest.settings.retain(|setting| !OF_A_PHASE.contains(&setting.key.value.as_str()));
    rest.calls.retain(|call| !CALLBACKS.contains(&call.callee.value.as_str()));
    rest.finish(cx, "phase", OF_A_PHASE, CALLBACKS, &[]);
    own.settings.retain(|setting| OF_A_PHASE.contains(&setting.key.value.as_str()));
    own.calls.retain(|call| known(&call.callee.value));
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
    let phases: Vec<Merged> = section.phases.iter().map(of_section).collect();
    let settings = section.settings.iter().filter(|setting| {
        let overrides = |phase: &Merged| phase.settings.iter().any(|other| other.key.value == setting.key.value);
        !["freeze", "unfreeze"].contains(&setting.key.value.as_str()) && phases.iter().all(overrides)
    });
    let calls = section.calls.iter().filter(|call| {
        let overrides = |phase: &Merged| phase.calls.iter().any(|other| other.callee.value == call.callee.value);
        phases.iter().all(overrides)
    });
    let unused: Vec<&Name> = settings.map(|setting| &setting.key).chain(calls.map(|call| &call.callee)).collect();
    for name in unused {
        let problem = Diagnostic::new(Code::W0506).saying("overridden").arg("name", &name.value);
        cx.report(problem.at(name.span, "overridden-here").help("overridden-help"));
    }
}
