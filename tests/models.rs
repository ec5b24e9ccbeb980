//! The files in `models/`, and those of the zoo, compile without a word, and print as themselves.

mod cards;

use std::path::{Path, PathBuf};

use cnnc::ast::print;
use cnnc::diag::{RenderStyle, render};
use cnnc::format::format;
use cnnc::front::{Loaded, Surroundings, load, load_within};
use cnnc::ir::{CheckedProgram, LayerId, ScopeKind};
use cnnc::lower::LowerOptions;
use cnnc::parse::parse;
use cnnc::show::show;
use cnnc::source::SourceFile;
use cnnc::train::Settings;

#[test]
fn models_are_silent() {
    let seen = each_silent("models", |loaded| {
        assert!(loaded.program.as_ref().is_some_and(|program| program.loss().is_some()));
    });
    assert!(seen >= 11, "only {seen} models");
}

#[test]
fn the_zoo_is_silent() {
    let seen = each_silent("models/zoo", |loaded| assert!(loaded.program.is_some()));
    assert_eq!(seen, 10);
}

/// Loads each file of a folder; how many there are.
fn each_silent(folder: &str, holds: fn(&Loaded)) -> usize {
    let mut seen = 0;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("a file").path();
        if path.extension().is_none_or(|extension| extension != "cnn") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a text");
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let loaded = load(SourceFile::new(name, text.clone()), &LowerOptions::default(), &cards::card_of);
        let problems: String = loaded
            .problems
            .iter()
            .filter(|problem| problem.level != cnnc::diag::Level::Hint)
            .map(|problem| render(problem, &loaded.sources, RenderStyle::plain()))
            .collect();
        assert!(problems.is_empty(), "{problems}");
        holds(&loaded);
        let printed = print(&loaded.ast);
        let (again, problems) = parse(&printed);
        assert!(problems.is_empty());
        assert_eq!(print(&again), printed);
        assert_eq!(format(&text).as_deref(), Ok(text.as_str()), "{} is not as `cnnc fmt` lays it out", path.display());
        seen += 1;
    }
    seen
}

/// Each model of the zoo compiles by itself without a word, and so does a file that uses it.
#[test]
fn the_zoo_is_silent_where_it_is_used() {
    for name in cnnc::zoo::names() {
        let own = cnnc::zoo::source(name).expect("its text");
        let used = format!("use zoo.{name} as other\nmodel Mine {{\n    input(224x224x3)\n    other(classes: 7)\n}}\n");
        for (text, model) in [(own.to_owned(), name), (used, "Mine")] {
            let options = LowerOptions { model: Some(model.to_owned()), overrides: Vec::new() };
            let loaded = load(SourceFile::new(name, text), &options, &cards::card_of);
            let problems = loaded.problems.iter().filter(|problem| problem.level != cnnc::diag::Level::Hint);
            let drawn: String =
                problems.map(|problem| render(problem, &loaded.sources, RenderStyle::plain())).collect();
            assert!(drawn.is_empty() && loaded.program.is_some(), "{name}: {drawn}");
        }
    }
}

/// Every `.cnn` file of a folder of the repository.
fn files(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("a file").path());
    paths.filter(|path| path.extension().is_some_and(|ending| ending == "cnn")).collect()
}

fn load_beside(path: &Path, text: &str, model: Option<String>) -> Loaded {
    let folder = path.parent().expect("a folder");
    let read = |path: &Path| std::fs::read_to_string(folder.join(path));
    let options = LowerOptions { model, overrides: Vec::new() };
    let around = Surroundings { card_of: &cards::card_of, read: &read, weights: &|_| None, machine: None };
    load_within(SourceFile::new(path.file_name().expect("a name").to_string_lossy(), text), &options, around)
}

/// What a program is, without where it is written.
fn meaning(program: &CheckedProgram) -> String {
    let model = &program.program().model;
    let path = |id: &LayerId| model.layers[id.index()].path.clone();
    let layers = model.layers.iter().enumerate().map(|(at, node)| {
        let inputs: Vec<String> = node.inputs.iter().map(path).collect();
        let shape = program.shape(LayerId(at as u32));
        format!("{} {:?} {inputs:?} {shape} {}", node.path, node.layer, node.frozen)
    });
    let heads =
        model.heads.iter().map(|head| format!("{} {} {}", head.name.value, head.weight.value, path(&head.output)));
    let scopes = model.scopes.iter().filter_map(|scope| match &scope.kind {
        ScopeKind::Model(backbone) if backbone.weights.is_some() || backbone.frozen.is_some() => {
            let weights = backbone.weights.as_ref().map(|weights| &weights.value);
            let frozen = backbone.frozen.as_ref().map(|frozen| frozen.value);
            Some(format!("{} {:?} {weights:?} {frozen:?} {}", scope.path, scope.layers, backbone.zoo))
        }
        ScopeKind::Model(_) | ScopeKind::Block(_) | ScopeKind::Turn | ScopeKind::Head => None,
    });
    let parts: Vec<String> = layers.chain(heads).chain(scopes).collect();
    let program_settings = Settings::of(program).to_json();
    let stages: Vec<Vec<bool>> =
        program.program().train.iter().flat_map(|train| &train.phases).map(|phase| phase.frozen.clone()).collect();
    format!("{}\n{}\n{:?}\n{program_settings:#}\n{stages:?}", parts.join("\n"), path(&model.output), program.loss())
}

/// Whole experiments, the zoo, every diagnostic's sound file, bodies, and every layer kind, optimizer and loss that is compared with other frameworks.
const FOLDERS: &[&str] = &[
    "models",
    "models/zoo",
    "tests/fixtures/check",
    "tests/fixtures/bodies",
    "tests/golden/layers",
    "tests/golden/optimizers",
];

/// The resolved program of each file here that has no mistakes is a file with the same meaning, and shows as itself.
#[test]
fn showing_keeps_the_meaning() {
    let mut seen = 0;
    for path in FOLDERS.iter().copied().flat_map(files) {
        let text = std::fs::read_to_string(&path).expect("a text");
        let models = text.matches("\nmodel Main ").count();
        let loaded = load_beside(&path, &text, (models > 0).then(|| "Main".to_owned()));
        let Some(program) = &loaded.program else { continue };
        if program.program().tune.is_some() {
            continue;
        }
        let shown = show(&[program], &loaded.ast);
        let again = load_beside(Path::new("/shown.cnn"), &shown, None);
        let problems = again.problems.iter().filter(|problem| problem.level == cnnc::diag::Level::Error);
        let drawn: String = problems.map(|problem| render(problem, &again.sources, RenderStyle::plain())).collect();
        let Some(same) = &again.program else { panic!("{}\n{drawn}\n{shown}", path.display()) };
        let (before, after) = (meaning(program), meaning(same));
        let differs = before.lines().zip(after.lines()).find(|(a, b)| a != b);
        assert!(before == after, "{}: {differs:?}\n{shown}", path.display());
        assert_eq!(show(&[same], &again.ast), shown, "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 150, "only {seen} files");
}

/// Large and small: blocks, models that are frozen, heads, phases.
#[test]
fn shown_programs() {
    for name in ["inception", "models", "everything"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/bodies/{name}.cnn"));
        let text = std::fs::read_to_string(&path).expect("a text");
        let loaded = load_beside(&path, &text, None);
        let problems = loaded.problems.iter();
        let drawn: String = problems.map(|problem| render(problem, &loaded.sources, RenderStyle::plain())).collect();
        let Some(program) = &loaded.program else { panic!("{drawn}") };
        insta::assert_snapshot!(format!("shown_{name}"), show(&[program], &loaded.ast));
    }
}
