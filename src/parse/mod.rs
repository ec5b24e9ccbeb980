//! Text to syntax: the only room that sees pest.
//!
//! The file is cut into statements first (any text can be), then each statement is parsed by itself, so that
//! a mistake in one does not hide the next.

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the rules are made by pest, and a place takes few of them"
)]
mod build;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the rules are made by pest, and a place takes few of them"
)]
mod error;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the rules are made by pest, and a place takes few of them"
)]
mod habits;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the rules are made by pest, and a place takes few of them"
)]
mod outline;
mod places;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the rules are made by pest, and a place takes few of them"
)]
mod split;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the rules are made by pest, and a place takes few of them"
)]
mod value;

use pest::Parser as _;
use pest::iterators::Pair;

use crate::ast::{self, Expr};
use crate::diag::{Level, Problems};
use crate::source::Span;

pub(crate) use outline::{Outline, Word, WordKind, outline};
pub(crate) use split::{RawBlock, RawPart, RawStatement};

use grammar::{Grammar, Rule};
use places::Places;

/// The parser that pest makes of the grammar.
#[allow(unreachable_pub, reason = "made by a macro")]
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "../grammar/cnn.pest"]
    pub struct Grammar;
}

/// Parses a file. Whatever the text, there is a tree of the statements that could be read; the problems say
/// what could not.
pub fn parse(text: &str) -> (ast::File, Problems) {
    parse_at(text, 0)
}

/// Parses a file whose first byte has the offset `base` among all texts.
///
/// What cannot be read may be written as in another language. Then the file is read as if it were mended, so
/// that such a line hides nothing of the rest.
pub(crate) fn parse_at(text: &str, base: usize) -> (ast::File, Problems) {
    let (file, problems) = read(text, Places::from(base));
    if problems.is_empty() {
        return (file, problems);
    }
    let Some(amended) = habits::amend(text) else { return (file, problems) };
    let (mended, rest) = read(&amended.text, Places::of_edited(base, &amended.edits));
    if rest.count(Level::Error) >= problems.count(Level::Error) {
        return (file, problems);
    }
    let mut found = amended.problems(text).placed(|span| Places::from(base).global(span));
    found.extend(rest);
    (mended, found)
}

/// Parses a text as it is.
fn read(text: &str, places: Places) -> (ast::File, Problems) {
    let mut problems = Problems::new();
    let split = split::split(text, &mut problems);
    let problems = problems.placed(|span| places.global(span));
    let mut context = Context { text, places: &places, problems };
    let items =
        split.statements.iter().filter_map(|statement| build::item(&mut context, statement)).collect();
    let comments = split.comments.into_iter().map(|span| context.global(span)).collect();
    (ast::File { items, comments }, context.problems)
}

/// Parses one value that stands by itself (the right side of `--set`), whose first byte has the offset
/// `base`.
pub fn parse_value(text: &str, base: usize) -> (Option<Expr>, Problems) {
    let mut splitting = Problems::new();
    split::split(text, &mut splitting);
    let places = Places::from(base);
    let mut context = Context { text, places: &places, problems: Problems::new() };
    if !splitting.is_empty() {
        // its brackets do not match or it is nested too deep: the places are those of `text` alone
        context.problems.push(error::unexpected(
            &context,
            Span::new(0, text.len()),
            0,
            error::Expected::Value,
        ));
        return (None, context.problems);
    }
    let value = context.parse(Rule::value_line, Span::new(0, text.len())).and_then(|line| {
        let expr = line.into_inner().next()?;
        Some(value::expr(&context, expr))
    });
    (value, context.problems)
}

/// What building the tree needs.
struct Context<'t> {
    text: &'t str,
    places: &'t Places,
    problems: Problems,
}

impl<'t> Context<'t> {
    /// A place of the text among all texts.
    fn global(&self, span: Span) -> Span {
        self.places.global(span)
    }

    /// Parses the text of a span by a rule; a mistake is reported.
    fn parse(&mut self, rule: Rule, span: Span) -> Option<Located<'t>> {
        let text = self.text.get(span.start..span.end)?;
        match Grammar::parse(rule, text) {
            Ok(mut pairs) => {
                pairs.next().map(|pair| Located { pair, offset: span.start, places: self.places })
            }
            Err(found) => {
                let problem = error::from_pest(self, rule, span, &found);
                self.problems.push(problem);
                None
            }
        }
    }
}

/// A pair that knows where its text begins.
#[derive(Debug, Clone)]
struct Located<'t> {
    pair: Pair<'t, Rule>,
    /// Where the text begins that was parsed.
    offset: usize,
    places: &'t Places,
}

impl<'t> Located<'t> {
    fn rule(&self) -> Rule {
        self.pair.as_rule()
    }

    fn text(&self) -> &'t str {
        self.pair.as_str()
    }

    fn span(&self) -> Span {
        let span = self.pair.as_span();
        // a rule may have taken blanks behind it
        let end = span.start() + self.pair.as_str().trim_end().len();
        self.places.global(Span::new(self.offset + span.start(), self.offset + end))
    }

    fn into_inner(self) -> impl Iterator<Item = Located<'t>> {
        let (offset, places) = (self.offset, self.places);
        // words of the grammar say nothing more than the rule they stand in; `model` and `block` tell
        // definitions apart
        let says_nothing = |rule: Rule| {
            matches!(
                rule,
                Rule::EOI
                    | Rule::kw_language
                    | Rule::kw_use
                    | Rule::kw_as
                    | Rule::kw_let
                    | Rule::kw_allow
                    | Rule::kw_because
                    | Rule::kw_from
                    | Rule::kw_repeat
                    | Rule::kw_head
                    | Rule::kw_in
                    | Rule::kw_if
                    | Rule::kw_then
                    | Rule::kw_else
                    | Rule::kw_branch
                    | Rule::kw_of
                    | Rule::kw_by
                    | Rule::kw_onward
            )
        };
        self.pair.into_inner().filter(move |pair| !says_nothing(pair.as_rule())).map(move |pair| Located {
            pair,
            offset,
            places,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ast::print;

    /// The printed tree of a text without mistakes.
    fn canonical(text: &str) -> String {
        let (file, problems) = parse(text);
        assert!(problems.is_empty(), "{problems:?}");
        print(&file)
    }

    #[test]
    fn printing_and_parsing_again_gives_the_same() {
        let text = include_str!("../../tests/fixtures/parse/everything.cnn");
        let printed = canonical(text);
        assert_eq!(canonical(&printed), printed);
    }

    #[test]
    fn deep_nesting_is_a_problem_not_a_crash() {
        for open in ["(", "[", "{", "model m {", "-", "if 1 then ", "1 + ", "(1) * ", "1 .. "] {
            let (_, problems) = parse(&format!("let x = {}", open.repeat(20_000)));
            assert!(problems.has_errors());
        }
    }

    fn fragment() -> impl Strategy<Value = String> {
        let words = prop::sample::select(vec![
            "model", "A", "{", "}", "(", ")", "[", "]", "->", ",", ":", ";", "\n", "conv2d", "32", "3x3",
            "20%", "20deg", "\"text\"", "\"", "//", "let", "=", "if", "then", "else", "from", "train",
            "data", "1/255", "of", "repeat", "branch", "é", " ", "-", "..", "?",
        ]);
        prop::collection::vec(words, 0..60).prop_map(|words| words.join(" "))
    }

    proptest! {
        #[test]
        fn any_text_gives_a_tree_or_problems(text in ".{0,200}") {
            parse(&text);
        }

        #[test]
        fn any_words_give_a_tree_that_prints_and_parses(text in fragment()) {
            let (file, _) = parse(&text);
            let printed = print(&file);
            let (again, problems) = parse(&printed);
            prop_assert!(problems.is_empty(), "{printed}\n{problems:?}");
            prop_assert_eq!(print(&again), printed);
        }
    }
}
