//! The members of an ensemble: each is checked as if it stood alone, then all together.

use serde_json::Value;

use super::Files;
use crate::card::DataCard;
use crate::check::check_around;
use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::{CheckedProgram, DataSpec, EnsembleSpec};
use crate::lower::{LowerOptions, lower};
use crate::settings::Settings;
use crate::source::Spanned;

/// What is wrong with the members of an ensemble.
pub(super) fn check(
    files: Files<'_>,
    options: &LowerOptions,
    card_of: &dyn Fn(&DataSpec) -> Option<DataCard>,
    ensemble: &EnsembleSpec,
) -> Problems {
    let mut problems = Problems::new();
    let mut members: Vec<(&Spanned<String>, CheckedProgram)> = Vec::new();
    for member in &ensemble.members {
        let options = LowerOptions { model: Some(member.value.clone()), ..options.clone() };
        let mut sources = files.sources.clone();
        let lowered = lower(files.ast, files.imports, &mut sources, &options, card_of);
        let sound = !lowered.problems.has_errors();
        problems.extend(lowered.problems);
        let Some(program) = lowered.program.filter(|_| sound) else { continue };
        let card = program.data.as_ref().and_then(card_of);
        let (checked, found) = check_around(program, card.as_ref(), &lowered.unknown);
        problems.extend(found);
        members.extend(checked.map(|checked| (member, checked)));
    }
    if !problems.has_errors() {
        compare(&members, &mut problems);
    }
    problems
}

fn compare(members: &[(&Spanned<String>, CheckedProgram)], problems: &mut Problems) {
    let Some(((first, model), rest)) = members.split_first() else { return };
    for (member, other) in rest {
        if other.output_shape() != model.output_shape() {
            let shown =
                |name: &str, program: &CheckedProgram| format!("`{name}` ({})", program.output_shape());
            let problem = Diagnostic::new(Code::E0018)
                .saying("members")
                .arg("a", shown(&first.value, model))
                .arg("b", shown(&member.value, other))
                .at(member.span, "member")
                .also(first.span, "first-member");
            problems.push(problem);
        }
    }
    let described: Vec<Value> = members.iter().map(|(_, program)| description(program)).collect();
    for (at, (member, _)) in members.iter().enumerate() {
        let Some(twin) = described[..at].iter().position(|other| *other == described[at]) else { continue };
        let seed = members[at].1.program().train.as_ref().map_or(0, |train| train.seed);
        let problem = Diagnostic::new(Code::W0520)
            .arg("first", &members[twin].0.value)
            .arg("second", &member.value)
            .arg("written", format!("train {} {{ seed: {} }}", member.value, seed + 1))
            .at(member.span, "here")
            .also(members[twin].0.span, "first");
        problems.push(problem.help("help"));
    }
}

/// Everything that decides what a member learns, without its name.
fn description(program: &CheckedProgram) -> Value {
    let mut settings = Settings::of(program).to_json();
    if let Value::Object(entries) = &mut settings {
        entries.shift_remove("model");
    }
    settings
}
