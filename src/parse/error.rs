//! Mistakes of syntax, as problems.

use pest::error::{ErrorVariant, InputLocation};

use super::{Context, Rule};
use crate::diag::{Code, Diagnostic};
use crate::source::Span;

/// What should stand where something else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// A number, a word, …
    Value,
    /// A word that names something.
    Name,
    /// A layer's name.
    Layer,
    /// `,` or `)`
    Parenthesis,
    /// `,` or `]`
    Bracket,
    /// `,` or `}`
    Brace,
    /// A new line or `;`
    End,
    /// An item of the file's top.
    Item,
    /// `branch { … }`
    Branch,
}

impl Expected {
    /// Key of the label's sentence.
    fn sentence(self) -> &'static str {
        match self {
            Expected::Value => "value",
            Expected::Name => "name",
            Expected::Layer => "layer",
            Expected::Parenthesis => "parenthesis",
            Expected::Bracket => "bracket",
            Expected::Brace => "brace",
            Expected::End => "end",
            Expected::Item => "item",
            Expected::Branch => "branch",
        }
    }
}

/// E0001 from what pest says about the text of `span`.
pub(super) fn from_pest(
    context: &Context<'_>,
    rule: Rule,
    span: Span,
    error: &pest::error::Error<Rule>,
) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let wanted: &[Rule] = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives,
        ErrorVariant::CustomError { .. } => &[],
    };
    let before = &context.text[span.start..span.start + at];
    let expected = match rule {
        Rule::item_line | Rule::item_head if at == 0 => Expected::Item,
        _ => expected(wanted, before),
    };
    let problem = unexpected(context, span, span.start + at, expected);
    let is_colon = context.text[span.start + at..span.end].trim_start().starts_with(':');
    let is_word = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match rule {
        Rule::entry_line | Rule::body_line if closes_nothing(context, span.start + at) => {
            let place = problem.span();
            problem.help("closes-nothing").fix(place, "")
        }
        Rule::entry_line if is_colon && lacks_value(before) => {
            let end = span.start + before.find(':').map_or(0, |colon| colon + 1);
            let place = context.global(Span::new(end, end));
            Diagnostic::new(Code::E0001).saying("ends").at(place, Expected::Value.sentence())
        }
        Rule::body_line if is_colon && is_word(before.trim()) => problem.help("setting"),
        Rule::item_line if at == 0 => problem.help("outside"),
        _ => problem,
    }
}

/// Whether a text is `key:` and the key of the next line: the value between them is not there.
fn lacks_value(before: &str) -> bool {
    let is_word =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let Some((key, next)) = before.split_once(':') else { return false };
    is_word(key.trim()) && is_word(next.trim()) && next.contains('\n')
}

/// Whether a closing bracket stands there, which nothing before it has opened.
fn closes_nothing(context: &Context<'_>, at: usize) -> bool {
    context.text[at..].trim_start().starts_with([')', ']'])
}

/// What pest's rules at the place of the mistake mean to a person; literals are not among them, so the
/// innermost open bracket before it counts.
fn expected(wanted: &[Rule], before: &str) -> Expected {
    let any = |rules: &[Rule]| wanted.iter().any(|rule| rules.contains(rule));
    if any(&[Rule::product_op, Rule::sum_op, Rule::EOI, Rule::arguments]) {
        return match innermost_open(before) {
            Some('(') => Expected::Parenthesis,
            Some('[') => Expected::Bracket,
            Some('{') => Expected::Brace,
            _ => Expected::End,
        };
    }
    if any(&[Rule::definition, Rule::language, Rule::kw_language, Rule::kw_model, Rule::section_head]) {
        return Expected::Item;
    }
    if any(&[Rule::chain, Rule::step]) {
        return Expected::Layer;
    }
    if any(&[Rule::expr, Rule::quantity, Rule::unary, Rule::minus, Rule::argument, Rule::size, Rule::list]) {
        return Expected::Value;
    }
    Expected::Name
}

/// The innermost bracket that is open at the end of a text without texts in it that hold brackets.
fn innermost_open(text: &str) -> Option<char> {
    let mut open = Vec::new();
    let mut in_text = false;
    for c in text.chars() {
        match c {
            '"' => in_text = !in_text,
            '(' | '[' | '{' if !in_text => open.push(c),
            ')' | ']' | '}' if !in_text => drop(open.pop()),
            _ => {}
        }
    }
    open.pop()
}

/// E0001 at the word that begins at `at`, or after it; `span` is the statement.
pub(super) fn unexpected(context: &Context<'_>, span: Span, at: usize, expected: Expected) -> Diagnostic {
    let rest = context.text.get(at..span.end).unwrap_or("");
    let blanks = rest.len() - rest.trim_start().len();
    let start = at + blanks;
    let rest = rest.trim_start();
    let word =
        rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').map(char::len_utf8).sum::<usize>();
    let length = if rest.starts_with("->") {
        2
    } else if word > 0 {
        word
    } else {
        rest.chars().next().map_or(0, char::len_utf8)
    };
    let found = rest.get(..length).unwrap_or("");
    if found.is_empty() {
        let end = context.text[span.start..span.end].trim_end().len() + span.start;
        let place = context.global(Span::new(end, end));
        return Diagnostic::new(Code::E0001).saying("ends").at(place, expected.sentence());
    }
    let place = context.global(Span::new(start, start + length));
    let problem = Diagnostic::new(Code::E0001).arg("found", found).at(place, expected.sentence());
    if found == "->" && start == span.start { problem.help("arrow") } else { problem }
}
