//! Syntax trees, as canonical source; the layout of random files; and what becomes of any text at all.

mod cards;
#[cfg(feature = "engine")]
#[path = "fuzz/targets.rs"]
mod fuzz;
mod random_file;
mod random_text;

use std::time::{Duration, Instant};

use cnnc::diag::{Language, RenderStyle, render, render_all, render_json, render_json_rest, repair};
use cnnc::draw::Diagram;
use cnnc::format::format;
use cnnc::front::{Loaded, load};
use cnnc::internals::ast::print;
use cnnc::internals::lower::LowerOptions;
use cnnc::internals::parse::parse;
use cnnc::source::SourceFile;
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};

#[test]
fn trees() {
    insta::glob!("fixtures/parse/*.cnn", |path| {
        let text = std::fs::read_to_string(path).expect("a text");
        let (file, problems) = parse(&text);
        assert!(problems.is_empty(), "{problems:?}");
        insta::assert_snapshot!(print(&file));
    });
}

/// Comments of a text, without blanks at their ends.
fn comments(text: &str) -> Vec<&str> {
    parse(text).0.comments.iter().map(|span| text[span.start..span.end].trim_end()).collect()
}

/// The text with pieces put between its words, each where it leaves the syntax as it is.
fn disturbed(text: &str, pieces: &[(usize, &str)]) -> String {
    let wanted = print(&parse(text).0);
    let mut text = text.to_owned();
    for (n, (place, piece)) in pieces.iter().enumerate() {
        let boundaries: Vec<usize> = text
            .char_indices()
            .map(|(at, _)| at)
            .filter(|&at| {
                let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                !(word(text[..at].chars().next_back()) && word(text[at..].chars().next()))
            })
            .collect();
        let Some(&at) = boundaries.get(place % boundaries.len().max(1)) else { continue };
        let piece = piece.replace('#', &n.to_string());
        let with = format!("{}{piece}{}", &text[..at], &text[at..]);
        let (tree, problems) = parse(&with);
        if problems.is_empty() && print(&tree) == wanted {
            text = with;
        }
    }
    text
}

proptest! {
    #![proptest_config(random_file::config(48))]

    /// Laid out, a file says the same, with the same comments; laid out again, it does not change.
    #[test]
    fn layout_keeps_what_is_said(
        file in random_file::file(),
        pieces in prop::collection::vec(
            (any::<usize>(), prop::sample::select(vec![" // #\n", "// #\n", "\n// #\n", "  ", "\n", "\n\n\n", "\t", "\r\n"])),
            0..24,
        ),
    ) {
        // `by` and `in` are names in most places, and a brace begins a body in some: what cannot be written
        // is left out
        prop_assume!(parse(&print(&file)).1.is_empty());
        let text = disturbed(&print(&file), &pieces);
        let formatted = format(&text).map_err(|error| TestCaseError::fail(format!("{error:?}\n{text}")))?;
        prop_assert_eq!(print(&parse(&formatted).0), print(&parse(&text).0));
        prop_assert_eq!(comments(&formatted), comments(&text));
        prop_assert_eq!(format(&formatted), Ok(formatted.clone()), "not a fixed point, from\n{}", text);
        for line in formatted.lines() {
            prop_assert!(line.trim_end() == line, "`{}`", line);
        }
        prop_assert!(!formatted.contains("\n\n\n"), "{}", formatted);
    }
}

/// Longest that a text of these sizes may take, in a build with all checks on a machine that has other things
/// to do.
const PATIENCE: Duration = Duration::from_secs(20);

/// Everything that is done with a text before data are read. It gives a program or errors, never a crash.
fn judge(text: &str) -> Result<(), TestCaseError> {
    let begun = Instant::now();
    let loaded = load(SourceFile::new("a.cnn", text), &LowerOptions::default(), &cards::card_of);
    let Loaded { sources, program, problems, .. } = &loaded;
    prop_assert!(program.is_some() != problems.has_errors(), "{}", text);
    for problem in problems.iter() {
        for language in [Language::English, Language::Korean] {
            let drawn = render(problem, sources, RenderStyle { language, ..RenderStyle::plain() });
            prop_assert!(!drawn.contains("Failed to read"), "{}\n{}", drawn, text);
            render_json(problem, sources, language);
        }
    }
    repair(problems, sources, &|_| true);
    if let Ok(formatted) = format(text) {
        prop_assert_eq!(format(&formatted), Ok(formatted.clone()), "not a fixed point, from\n{}", text);
    }
    if let Some(program) = program {
        Diagram::of(program, None).to_svg();
    }
    prop_assert!(begun.elapsed() < PATIENCE, "{:?} for\n{}", begun.elapsed(), text);
    Ok(())
}

/// Texts of all kinds, judged. `CNNC_FUZZ_SECONDS=600` goes on for ten minutes.
#[test]
fn any_text_is_judged() {
    let seconds =
        std::env::var("CNNC_FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
    let (begun, limit) = (Instant::now(), Duration::from_secs(seconds));
    let sources = random_text::sources();
    let tried = std::cell::Cell::new(0_usize);
    loop {
        let config = ProptestConfig { cases: 60, ..random_file::config(60) };
        let found = TestRunner::new(config).run(&random_text::text(&sources), |text| {
            tried.set(tried.get() + 1);
            judge(&text)
        });
        match found {
            Ok(()) => {}
            Err(TestError::Fail(why, text)) => panic!("{why}\nafter {} texts:\n{text}", tried.get()),
            Err(TestError::Abort(why)) => panic!("{why}"),
        }
        if begun.elapsed() >= limit {
            break;
        }
    }
    println!("{} texts in {:.0} s", tried.get(), begun.elapsed().as_secs_f64());
}

/// Long texts of one kind of statement are judged and laid out, and none of them seems to hang.
#[test]
fn long_texts_come_to_an_end() {
    let pieces = [
        "    conv2d(8, 3x3, padding: same)\n",
        "    x = relu\n",
        "    a -> b -> c\n",
        "    unknwon(1, 2, 3)\n",
        "    add(x, y)\n",
        "    // a comment\n",
        "    if 1 < 2 { relu } else { }\n",
        "    ) ] }\n",
        "    ( [ {\n",
        "    let a = 1 + 2 * 3\n",
        "    repeat 2 { relu }\n",
    ];
    for piece in pieces {
        let text = format!("model A {{\n    input(28x28x1)\n{}}}\n", piece.repeat(600));
        let begun = Instant::now();
        drop(load(SourceFile::new("a.cnn", text.as_str()), &LowerOptions::default(), &cards::card_of));
        drop(format(&text));
        assert!(begun.elapsed() < PATIENCE, "{piece:?}: {:?}", begun.elapsed());
    }
}

/// What was found by fuzzing stays found: every file of the corpora goes through its target.
#[cfg(feature = "engine")]
#[test]
fn corpora_are_replayed() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    for (name, target) in fuzz::ALL {
        let files = std::fs::read_dir(root.join(name))
            .unwrap_or_else(|error| panic!("{name} has no corpus: {error}"));
        let mut count = 0;
        for file in files {
            let path = file.expect("a file").path();
            let bytes = std::fs::read(&path).expect("can be read");
            println!("{}", path.display());
            target(&bytes);
            count += 1;
        }
        assert!(count > 0, "{name} has an empty corpus");
    }
}

fn drawn(text: &str) -> String {
    let loaded = load(SourceFile::new("a.cnn", text), &LowerOptions::default(), &cards::card_of);
    render_all(&loaded.problems, &loaded.sources, RenderStyle::plain()).concat()
}

/// The library that draws breaks behind column 65,535, and draws whole lines: so it gets neither.
#[test]
fn places_of_any_shape_are_drawn() {
    let far = format!(
        "model M {{ input(8x8x1);{}conv2d(4, 3x3, actvation: relu); flatten; dense(2) }}",
        " ".repeat(70_000)
    );
    let text = drawn(&far);
    assert!(text.contains("[a.cnn:1:70039]"), "{text}");
    assert!(text.contains("actvation: relu") && text.len() < 2_000, "{text}");
    let wide = format!("let a = \"{}\" + 1\n", "한😀e\u{301}\t".repeat(30_000));
    let text = drawn(&(wide + "model M { input(8x8x1); flatten; dense(2) }"));
    assert!(text.contains("[a.cnn:1:9]") && text.len() < 4_000, "{text}");
    let control = "model M { input(8x8x1)\r\n\u{1b}[2J\u{0} relu \u{202e}\r\n flatten; dense(2) }";
    let text = drawn(control);
    assert!(text.contains("␛[2J␀ relu") && !text.contains(['\u{1b}', '\u{0}', '\u{202e}']), "{text}");
    let endless =
        format!("model M {{ input(8x8x1)\nrepeat 90000 {{\n{}}} }}", "relu // again\n".repeat(50_000));
    let text = drawn(&endless);
    assert!(text.contains("E0018") && text.lines().count() < 10, "{text}");
    let name = drawn(&format!("model M {{ input(8x8x1); {}(3) }}", "n".repeat(100_000)));
    assert!(name.contains("nnn…nnn") && name.len() < 5_000, "{name}");
    for text in [
        "\u{feff}model {",
        "model M {",
        "\n\n\t\u{1f600} x",
        "a\u{0}b",
        "\r",
        "model M { input(8x8x1) }\r\n\"open",
    ] {
        assert!(drawn(text).contains("error["), "{text:?}");
    }
}

#[test]
fn of_very_many_problems_a_hundred_are_drawn() {
    let statements = |count: usize| "    conv2d(4, 3x3, actvation: relu)\n".repeat(count);
    let text = format!(
        "let unused = 1\nmodel M {{\n    input(8x8x1)\n{}    flatten\n    dense(2)\n}}\n",
        statements(12_000)
    );
    let loaded = load(SourceFile::new("a.cnn", text), &LowerOptions::default(), &cards::card_of);
    let drawn = render_all(&loaded.problems, &loaded.sources, RenderStyle::plain());
    assert_eq!(drawn.len(), 101);
    assert_eq!(drawn[100], "and 11,900 more: 11,900x E0116");
    assert_eq!(
        render_json_rest(&loaded.problems).as_deref(),
        Some(r#"{"more":2000,"codes":{"E0116":2000}}"#)
    );
}
