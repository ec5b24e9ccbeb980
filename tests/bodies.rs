//! Bodies written out: `fixtures/bodies/*.cnn` → every layer with its inputs and shape, scopes, heads, and
//! what was found.

mod cards;

use std::fmt::Write;
use std::path::Path;

use cnnc::diag::{Level, RenderStyle, render};
use cnnc::front::{Loaded, Surroundings, load_within};
use cnnc::internals::ir::{CheckedProgram, LayerId, ScopeKind};
use cnnc::internals::lower::LowerOptions;
use cnnc::source::SourceFile;

fn load_text(name: &str, text: &str, model: Option<&str>) -> Loaded {
    let options = LowerOptions { model: model.map(str::to_owned), overrides: Vec::new() };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bodies");
    let read = |path: &Path| std::fs::read_to_string(folder.join(path));
    load_within(
        SourceFile::new(name, text),
        &options,
        Surroundings {
            card_of: &cards::card_of,
            missing: &|_| None,
            read: &read,
            weights: &|_| cnnc::front::WeightsFile::Unknown,
            memory: &|_, _| None,
        },
    )
}

/// What there is to see of a file: the model `Main` where it has several.
fn drawn(path: &Path) -> String {
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).expect("a text");
    let several = text.matches("\nmodel ").count() > 1;
    let loaded = load_text(&name, &text, several.then_some("Main"));
    let problems = loaded.problems.iter().filter(|problem| problem.level != Level::Hint);
    let problems = problems.map(|problem| render(problem, &loaded.sources, RenderStyle::plain()));
    let problems: Vec<String> = problems.collect();
    let network = loaded.program.as_ref().map_or(String::new(), network);
    format!("{network}{}", problems.join("\n"))
}

fn network(program: &CheckedProgram) -> String {
    let model = &program.program().model;
    let path = |id: &LayerId| model.layers[id.index()].path.as_str();
    let mut text = String::new();
    for (index, node) in model.layers.iter().enumerate() {
        let inputs: Vec<&str> = node.inputs.iter().map(path).collect();
        let shape = program.shape(LayerId(index as u32));
        let frozen = if node.frozen { " frozen" } else { "" };
        let _ = writeln!(
            text,
            "{index:>3} {} = {}({}) {shape}{frozen}",
            node.path,
            node.layer.as_op().keyword(),
            inputs.join(", ")
        );
    }
    for scope in &model.scopes {
        let kind = match &scope.kind {
            ScopeKind::Block(name) => format!("block {name}"),
            ScopeKind::Turn => "turn".to_owned(),
            ScopeKind::Head => "head".to_owned(),
            ScopeKind::Model(backbone) => format!(
                "{}model {} weights {:?} frozen {:?} prepare {:?}",
                if backbone.zoo { "zoo " } else { "" },
                backbone.model,
                backbone.weights.as_ref().map(|weights| weights.from.name()),
                backbone.frozen.as_ref().map(|frozen| frozen.value),
                backbone.prepare.as_ref().map(|prepare| prepare.rescale.as_ref().map(|scale| scale.value)),
            ),
        };
        let _ = writeln!(text, "scope {} {:?}: {kind}", scope.path, scope.layers);
    }
    for head in &model.heads {
        let _ =
            writeln!(text, "head {} weight {}: {}", head.name.value, head.weight.value, path(&head.output));
    }
    let _ = writeln!(text, "output {}", path(&model.output));
    text
}

#[test]
fn bodies() {
    insta::glob!("fixtures/bodies/*.cnn", |path| insta::assert_snapshot!(drawn(path)));
}

/// A block that is used twice has its mistake once, with the statement that uses it first.
#[test]
fn mistakes_in_blocks_say_where_they_are_used() {
    let text = "block b { conv(3) }\nmodel M {\n input(8x8x1)\n b\n b\n}\n";
    let loaded = load_text("b.cnn", text, None);
    let found: Vec<_> = loaded.problems.iter().collect();
    assert_eq!(found.len(), 1, "{found:?}");
    let uses: Vec<&str> = found[0].used_at.iter().map(|span| loaded.sources.slice(*span)).collect();
    assert_eq!(uses, ["b"]);
    let line = cnnc::diag::render_json(found[0], &loaded.sources, cnnc::diag::Language::English);
    assert!(line.contains("used here"), "{line}");
}

/// The recursion stays far from the end of a small thread's stack: 2 MiB, without optimization.
#[test]
fn deep_bodies_are_a_problem_not_a_crash() {
    let mut text = String::from("block b0 { relu }\n");
    for depth in 1..500 {
        let _ = writeln!(
            text,
            "block b{depth} {{ if true {{ add {{ branch {{ b{} }}; branch {{ }} }} }} }}",
            depth - 1
        );
    }
    text.push_str("model M { input(8x8x1); b499 }\n");
    let text = &text;
    let codes = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(2 << 20);
        let judged = thread.spawn_scoped(scope, move || {
            let loaded = load_text("deep.cnn", text, None);
            loaded.problems.iter().map(|problem| problem.code.as_str()).collect::<Vec<_>>()
        });
        judged.expect("a thread").join().expect("no crash")
    });
    assert_eq!(codes, ["E0002"]);
}

const FULL: &str = include_str!("fixtures/bodies/choices.cnn");

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    /// Bodies with some of their text replaced give a network or problems, never a crash; every problem can
    /// be drawn, and every network shown.
    #[test]
    fn damaged_bodies_are_judged(
        start in 0..FULL.len(),
        length in 0_usize..40,
        piece in proptest::sample::select(vec![
            "", "unit(8)", "x = unit(8)", "repeat 3 { ", "repeat i in 0..3 { ", "s = repeat 2 { relu }", "}", "{ branch { } }", "from x",
            "from unit.add", "if top {", "else", "act: relu", "filters", "-1", "1e9", "block unit(a) { unit(a) }", "branch if act == 3 { relu }",
            "head h { dense(3) }", "input(8x8x3)", "until: add", "a.b.c = relu", "[1, 2, unit]", "use zoo.lenet5\n", "lenet5(until: c1)",
        ]),
    ) {
        let end = (start + length).min(FULL.len());
        let text = format!("{}{piece}{}", &FULL[..start], &FULL[end..]);
        let loaded = load_text("damaged.cnn", &text, None);
        proptest::prop_assert!(loaded.program.is_some() != loaded.problems.has_errors(), "{text}");
        for problem in loaded.problems.iter() {
            let drawn = render(problem, &loaded.sources, RenderStyle::plain());
            proptest::prop_assert!(!drawn.contains("Failed to read"), "{text}");
        }
        if let Some(program) = &loaded.program {
            let shown = cnnc::show::show(&[program], &loaded.ast);
            proptest::prop_assert!(load_text("shown.cnn", &shown, None).program.is_some(), "{text}\n{shown}");
        }
    }
}
