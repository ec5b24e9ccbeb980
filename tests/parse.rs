//! Syntax trees, as canonical source; and the layout of random files.

mod random_file;

use cnnc::ast::print;
use cnnc::format::format;
use cnnc::parse::parse;
use proptest::prelude::*;

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
        // `by` and `in` are names in most places, and a brace begins a body in some: what cannot be written is left out
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
