//! The files in `models/` compile without a word, and print as themselves.

mod cards;

use cnnc::ast::print;
use cnnc::diag::{RenderStyle, render};
use cnnc::front::load;
use cnnc::lower::LowerOptions;
use cnnc::parse::parse;
use cnnc::source::SourceFile;

#[test]
fn models_are_silent() {
    let mut seen = 0;
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/models")).expect("the folder is there") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
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
        assert!(loaded.program.is_some_and(|program| program.loss().is_some()));
        let printed = print(&loaded.ast);
        let (again, problems) = parse(&printed);
        assert!(problems.is_empty());
        assert_eq!(print(&again), printed);
        seen += 1;
    }
    assert!(seen >= 11, "only {seen} models");
}

/// Each model of the zoo compiles by itself without a word, and so does a file that uses it.
#[test]
fn the_zoo_is_silent() {
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
