//! The files in `models/`, and those of the zoo, compile without a word, and print as themselves.

mod cards;

use cnnc::ast::print;
use cnnc::diag::{RenderStyle, render};
use cnnc::format::format;
use cnnc::front::{Loaded, load};
use cnnc::lower::LowerOptions;
use cnnc::parse::parse;
use cnnc::source::SourceFile;

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
