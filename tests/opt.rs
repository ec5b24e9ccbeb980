//! What each pass does to a graph: `fixtures/opt/<pass>/<what>.cnn` is rewritten as the snapshot shows,
//! `fixtures/opt/<pass>/keeps_<what>.cnn` is left as it is.
//!
//! A file with a `train` section stands for its training graph, one without for its inference graph. The
//! passes that come earlier in that list have run before.

mod cards;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cnnc::front::load;
use cnnc::internals::autodiff::{evaluation_graph, training_graph};
use cnnc::internals::ir::{CheckedProgram, Graph};
use cnnc::internals::lower::LowerOptions;
use cnnc::internals::opt::{self, Pass};
use cnnc::source::SourceFile;

/// A graph before and after one pass.
struct Rewritten {
    before: String,
    after: String,
    rewrites: usize,
}

fn program(path: &Path) -> CheckedProgram {
    let text = std::fs::read_to_string(path).expect("the fixture is there");
    let loaded =
        load(SourceFile::new(path.display().to_string(), text), &LowerOptions::default(), &cards::card_of);
    loaded.program.unwrap_or_else(|| panic!("{}: {:?}", path.display(), loaded.problems))
}

/// The graph that the passes of the returned list work on.
fn graph_of(program: &CheckedProgram) -> (Graph, &'static [Pass]) {
    match (&program.program().train, program.loss()) {
        (Some(train), Some(loss)) => (training_graph((program, None), loss, train, true), opt::TRAINING),
        _ => (evaluation_graph(program, None), opt::INFERENCE),
    }
}

fn rewrite(path: &Path, pass: &str) -> Rewritten {
    let (mut graph, passes) = graph_of(&program(path));
    let at = passes.iter().position(|known| known.name == pass);
    let at = at
        .unwrap_or_else(|| panic!("{}: `{pass}` is not in the list for this kind of graph", path.display()));
    opt::run(&mut graph, &passes[..at]);
    let before = graph.to_string();
    let applied = opt::run(&mut graph, &passes[at..=at]);
    Rewritten { before, after: graph.to_string(), rewrites: applied[0].rewrites }
}

/// The names of all passes.
fn passes() -> BTreeSet<&'static str> {
    [opt::BEFORE_GRADIENTS, opt::TRAINING, opt::INFERENCE, opt::DIAGNOSIS]
        .concat()
        .iter()
        .map(|pass| pass.name)
        .collect()
}

/// Fixtures of a pass, sorted: (is a near miss, name, path).
fn fixtures(pass: &str) -> Vec<(bool, String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/opt").join(pass);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found: Vec<_> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name.starts_with("keeps_"), name, path)
        })
        .collect();
    found.sort();
    found
}

#[test]
fn rewrites() {
    for pass in passes() {
        for (_, name, path) in fixtures(pass).into_iter().filter(|(near_miss, ..)| !near_miss) {
            let Rewritten { before, after, rewrites } = rewrite(&path, pass);
            assert!(rewrites > 0, "{pass} does nothing to {name}\n{before}");
            insta::assert_snapshot!(
                format!("{pass}__{name}"),
                format!("{before}\n{pass}: {rewrites}\n\n{after}")
            );
        }
    }
}

#[test]
fn near_misses_stay() {
    for pass in passes() {
        for (_, name, path) in fixtures(pass).into_iter().filter(|(near_miss, ..)| *near_miss) {
            let Rewritten { before, after, rewrites } = rewrite(&path, pass);
            assert_eq!((rewrites, &after), (0, &before), "{pass} rewrites {name}");
        }
    }
}

#[test]
fn every_pass_has_both_kinds_of_fixtures() {
    for pass in passes() {
        let kinds: BTreeSet<bool> = fixtures(pass).into_iter().map(|(near_miss, ..)| near_miss).collect();
        assert_eq!(
            kinds.len(),
            2,
            "{pass} wants a fixture that it rewrites and a `keeps_…` that it does not"
        );
    }
}
