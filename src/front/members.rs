//! The members of an ensemble: each is checked as if it stood alone, then all together, and they become one
//! program.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Files, Surroundings, weights};
use crate::check::check_around;
use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::{
    Answers, CheckedProgram, Combine, Ensemble, EnsembleSpec, LayerId, Member, MemberName, MemberSpec,
};
use crate::lower::{LowerOptions, MOST_LAYERS, lower};
use crate::settings::Settings;

/// The program of an ensemble, and what is wrong with its members.
pub(super) fn together(
    files: Files<'_>,
    options: &LowerOptions,
    around: Surroundings<'_>,
    spec: EnsembleSpec,
) -> (Option<CheckedProgram>, Problems) {
    let mut problems = Problems::new();
    let mut entries: Vec<(&MemberSpec, Arc<CheckedProgram>)> = Vec::new();
    for member in &spec.members {
        let program = alone(files, options, around, member, &mut problems);
        entries.extend(program.map(|program| (member, Arc::new(program))));
    }
    if !problems.has_errors() {
        compare(&spec, &entries, &mut problems);
    }
    if problems.has_errors() {
        return (None, problems);
    }
    let member = |MemberName { name, entry, turn }| {
        let (spec, program) = &entries[entry];
        let seed = program.program().train.as_ref().map_or(0, |train| train.seed);
        let program = match turn {
            0 => Arc::clone(program),
            turn => Arc::new(program.seeded(seed.wrapping_add(turn as u64))),
        };
        Member { name, entry, program, weights: spec.weights.clone() }
    };
    let members = spec.each().into_iter().map(member).collect();
    (Some(CheckedProgram::together(Ensemble { spec, members })), problems)
}

/// The program of a member, as `--model` gives it.
fn alone(
    files: Files<'_>,
    options: &LowerOptions,
    around: Surroundings<'_>,
    member: &MemberSpec,
    problems: &mut Problems,
) -> Option<CheckedProgram> {
    let options = LowerOptions { model: Some(member.model.value.clone()), ..options.clone() };
    let mut sources = files.sources.clone();
    let lowered = lower(files.ast, files.imports, &mut sources, &options, around.card_of);
    let sound = !lowered.problems.has_errors();
    problems.extend(lowered.problems);
    let program = lowered.program.filter(|_| sound)?;
    let card = program.data.as_ref().and_then(around.card_of);
    let (checked, found) = check_around(program, card.as_ref(), &lowered.unknown);
    problems.extend(found);
    let checked = checked?;
    if member.weights.is_none() {
        weights::check(&checked, around.weights).into_iter().for_each(|problem| problems.push(problem));
        (around.memory)(&checked, card.as_ref()).into_iter().for_each(|problem| problems.push(problem));
    } else {
        let found = weights::check_member(&checked, member, around.weights);
        found.into_iter().for_each(|problem| problems.push(problem));
    }
    Some(checked)
}

/// What stands against one answer of all of them.
fn compare(spec: &EnsembleSpec, members: &[(&MemberSpec, Arc<CheckedProgram>)], problems: &mut Problems) {
    let Some(((first, model), rest)) = members.split_first() else { return };
    let mut layers = 0_usize;
    for (member, program) in members {
        layers = layers.saturating_add(member.count.saturating_mul(program.program().model.layers.len()));
        if layers > MOST_LAYERS {
            let problem = Diagnostic::new(Code::E0018).saying("layers").arg("limit", MOST_LAYERS);
            return problems.push(problem.at(member.model.span, "grows"));
        }
    }
    for (member, other) in rest {
        pair((first, model), (member, other)).into_iter().for_each(|problem| problems.push(problem));
    }
    let answers = Answers::of(model);
    let is_fit = match (spec.combine.value, answers) {
        (Combine::Mean, Answers::Scores) => Some("scores"),
        (Combine::Mean, _) => None,
        (_, Answers::Numbers | Answers::Map | Answers::Scores) => Some("classes"),
        (Combine::Vote | Combine::Weighted, Answers::OfClasses | Answers::OfEach) => None,
    };
    if let Some(sentence) = is_fit {
        let problem = Diagnostic::new(Code::E0540).saying(sentence);
        let problem = problem.arg("combine", spec.combine.value.name()).arg("a", &first.model.value);
        let problem = problem.at(spec.combine.span, "combine").also(first.model.span, words_of(answers));
        problems.push(problem.help(if sentence == "scores" { "scores-help" } else { "classes-help" }));
    }
    let data = model.program().data.as_ref();
    if let Some(data) =
        data.filter(|data| spec.combine.value == Combine::Weighted && data.validation.is_none())
    {
        let problem = Diagnostic::new(Code::E0541).at(spec.combine.span, "here");
        let problem = problem.also(data.source.span, "data").help("help");
        problems.push(problem.set("data", "validation", "10% of train"));
    }
    twins(members, problems);
}

type Entry<'m> = (&'m MemberSpec, &'m CheckedProgram);

/// What keeps two members from answering together, the first thing that does.
fn pair((first, model): Entry<'_>, (member, other): Entry<'_>) -> Option<Diagnostic> {
    let (a, b) = (&first.model.value, &member.model.value);
    let of_two = |code: Code, sentence: &'static str| {
        Diagnostic::new(code).saying(sentence).arg("a", a).arg("b", b).at(member.model.span, "member")
    };
    if other.output_shape() != model.output_shape() {
        let shown = |name: &str, program: &CheckedProgram| format!("`{name}` ({})", program.output_shape());
        let problem = Diagnostic::new(Code::E0018)
            .saying("members")
            .arg("a", shown(a, model))
            .arg("b", shown(b, other))
            .at(member.model.span, "member")
            .also(first.model.span, "first-member");
        return Some(problem);
    }
    let axes = |program: &CheckedProgram| program.open_sizes().map(|open| open.axes);
    if other.input_shape() != model.input_shape() || axes(other) != axes(model) {
        let shown = |program: &CheckedProgram| program.shape_text(LayerId(0));
        let problem = of_two(Code::E0540, "input").arg("theirs", shown(other)).arg("ours", shown(model));
        return Some(problem.also(first.model.span, "first").help("input-help"));
    }
    let (ours, theirs) = (settings(model), settings(other));
    let differs = |start: &str| {
        let keys = ours.keys().chain(theirs.keys()).filter(|key| key.starts_with(start));
        keys.into_iter().find(|key| ours.get(*key) != theirs.get(*key)).cloned()
    };
    for (start, sentence, help) in [("data.", "data", "data-help"), ("prepare.", "say", "help")] {
        if let Some(key) = differs(start) {
            let shown = |settings: &Map<String, Value>| match settings.get(&key) {
                None | Some(Value::Null) => "-".to_owned(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            let problem = of_two(Code::E0540, sentence).arg("setting", &key);
            let problem = problem.arg("theirs", shown(&theirs)).arg("ours", shown(&ours));
            return Some(problem.also(first.model.span, "first").note("setting").help(help));
        }
    }
    let (ours, theirs) = (Answers::of(model), Answers::of(other));
    (ours != theirs).then(|| {
        let problem = Diagnostic::new(Code::E0540).saying("answers").arg("a", a).arg("b", b);
        let problem = problem.at(member.model.span, words_of(theirs));
        problem.also(first.model.span, words_of(ours)).help("answers-help")
    })
}

/// The sentence that says what answers are.
fn words_of(answers: Answers) -> &'static str {
    match answers {
        Answers::OfClasses => "of-classes",
        Answers::OfEach => "of-each",
        Answers::Numbers => "numbers",
        Answers::Map => "map",
        Answers::Scores => "are-scores",
    }
}

/// W0520: members that would learn the same.
fn twins(members: &[(&MemberSpec, Arc<CheckedProgram>)], problems: &mut Problems) {
    let untrained: Vec<&(&MemberSpec, Arc<CheckedProgram>)> =
        members.iter().filter(|(member, _)| member.weights.is_none()).collect();
    let described: Vec<Map<String, Value>> = untrained
        .iter()
        .map(|(_, program)| {
            let mut settings = settings(program);
            settings.shift_remove("model");
            settings
        })
        .collect();
    for (at, (member, program)) in untrained.iter().enumerate() {
        let Some(twin) = described[..at].iter().position(|other| *other == described[at]) else { continue };
        let seed = program.program().train.as_ref().map_or(0, |train| train.seed);
        let (first, second) = (&untrained[twin].0.model, &member.model);
        let problem = Diagnostic::new(Code::W0520)
            .arg("first", &first.value)
            .arg("second", &second.value)
            .at(second.span, "here")
            .also(first.span, "first");
        problems.push(if first.value == second.value {
            problem.arg("written", format!("2 of {}", second.value)).help("seeds-help")
        } else {
            let written = format!("train {} {{ seed: {} }}", second.value, seed.wrapping_add(1));
            problem.arg("written", written).help("help")
        });
    }
}

/// Everything that decides what a member learns.
fn settings(program: &CheckedProgram) -> Map<String, Value> {
    match Settings::of(program).to_json() {
        Value::Object(entries) => entries,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}
