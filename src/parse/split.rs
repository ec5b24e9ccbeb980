//! Cuts any text into statements and blocks.

use pest::Parser as _;

use super::{Grammar, Rule};
use crate::diag::{Code, Diagnostic, Problems};
use crate::source::Span;

/// Deepest nesting of brackets in a statement, of blocks, and most `if`s of a statement. Files written by
/// people have less than 10; the limit keeps the parsers' recursion far from the end of the stack.
const DEEPEST: usize = 32;

/// Most operators of one value: `1 + 1 + …` makes a tree as deep as it is long.
const MOST_OPERATORS: usize = 256;

/// Most points of a name: each word before a point names a part of the model.
const MOST_POINTS: usize = 64;

/// How many brackets back the partner of a closing one is looked for, and how many open ones are reported:
/// more are no slip of the pen, and looking through all of them again and again would take long.
const FARTHEST: usize = 64;
const MOST_UNCLOSED: usize = 20;

/// A file, cut.
pub(super) struct Split {
    pub(super) tokens: Vec<Token>,
    pub(super) statements: Vec<RawStatement>,
    pub(super) comments: Vec<Span>,
}

/// One statement: text and blocks by turns.
#[derive(Debug, Default)]
pub(crate) struct RawStatement {
    pub(crate) parts: Vec<RawPart>,
    /// A problem of this statement's text has been reported; its text need not be parsed.
    pub(super) broken: bool,
}

/// A part of a statement.
#[derive(Debug)]
pub(crate) enum RawPart {
    /// Without blanks at its ends.
    Text(Span),
    /// `{ … }`
    Block(RawBlock),
}

/// Statements between braces.
#[derive(Debug)]
pub(crate) struct RawBlock {
    pub(crate) span: Span,
    pub(crate) statements: Vec<RawStatement>,
}

/// A token of step 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) rule: Rule,
    pub(super) span: Span,
}

/// Cuts a text.
pub(super) fn split(text: &str, problems: &mut Problems) -> Split {
    let tokens = tokens(text);
    let comments = tokens.iter().filter(|t| t.rule == Rule::comment).map(|t| t.span).collect();
    let mut closers = match_brackets(text, &tokens, false);
    if unclosed_braces(text, &tokens, &closers) {
        closers = match_brackets(text, &tokens, true);
    }
    report_unclosed(text, &tokens, &closers, problems);
    let mut splitter =
        Splitter { text, tokens: &tokens, closers: &closers, problems, depth: 0, reported_depth: false };
    let statements = splitter.statements(0, tokens.len());
    Split { tokens, statements, comments }
}

/// E0003 for brackets that nothing closes.
fn report_unclosed(text: &str, tokens: &[Token], closers: &[Closer], problems: &mut Problems) {
    // a text that is not closed has swallowed the rest of its line, closing brackets too
    let mut swallowed = false;
    let mut unclosed = Vec::new();
    for (token, closer) in tokens.iter().zip(closers).rev() {
        match token.rule {
            Rule::newline => swallowed = false,
            Rule::open_text => swallowed = true,
            Rule::open if !swallowed && !matches!(closer, Closer::Token(_)) => unclosed.push(token.span),
            _ => {}
        }
    }
    for span in unclosed.into_iter().rev().take(MOST_UNCLOSED) {
        let open = &text[span.start..span.end];
        problems.push(
            Diagnostic::new(Code::E0003).arg("open", open).arg("close", closer_of(open)).at(span, "here"),
        );
    }
}

pub(super) fn tokens(text: &str) -> Vec<Token> {
    // the rule takes any text; should it not, there is nothing to build a tree of
    let pairs = Grammar::parse(Rule::tokens, text).into_iter().flatten().flat_map(|pair| pair.into_inner());
    pairs
        .filter(|pair| pair.as_rule() != Rule::EOI)
        .map(|pair| Token {
            rule: pair.as_rule(),
            span: Span::new(pair.as_span().start(), pair.as_span().end()),
        })
        .collect()
}

fn closer_of(open: &str) -> &'static str {
    match open {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

/// What closes a bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closer {
    /// The token of this index.
    Token(usize),
    /// Nothing: a brace is taken to end before the token of this index.
    Implied(usize),
    /// Nothing.
    Nothing,
}

/// For each token that opens: what closes it. With `at_sections`, a line that opens a section or definition
/// at its first column ends what is still open.
fn match_brackets(text: &str, tokens: &[Token], at_sections: bool) -> Vec<Closer> {
    let mut closers = vec![Closer::Nothing; tokens.len()];
    let mut open: Vec<usize> = Vec::new();
    let is = |index: usize, what: &str| &text[tokens[index].span.start..tokens[index].span.end] == what;
    for index in 0..tokens.len() {
        if at_sections && starts_section(text, tokens, index) {
            for brace in open.drain(..).filter(|&brace| is(brace, "{")) {
                closers[brace] = Closer::Implied(index);
            }
        }
        if tokens[index].rule == Rule::open {
            open.push(index);
        }
        if tokens[index].rule != Rule::close {
            continue;
        }
        // a closing bracket may end brackets of other kinds that are still open, but `)` and `]` end no block
        let wanted = ["(", "[", "{"].into_iter().find(|o| is(index, closer_of(o))).unwrap_or("{");
        let near = open.len().saturating_sub(FARTHEST);
        let is_end = |at: &usize| is(*at, wanted) || is(*at, "{");
        if let Some(back) =
            open[near..].iter().rposition(is_end).filter(|&back| is(open[near + back], wanted))
        {
            closers[open[near + back]] = Closer::Token(index);
            open.truncate(near + back);
        }
    }
    closers
}

fn unclosed_braces(text: &str, tokens: &[Token], closers: &[Closer]) -> bool {
    tokens
        .iter()
        .zip(closers)
        .any(|(t, c)| t.rule == Rule::open && *c == Closer::Nothing && text[t.span.start..].starts_with('{'))
}

/// Whether the token is the first of a line such as `train {` or `model A {`, in its first column.
fn starts_section(text: &str, tokens: &[Token], index: usize) -> bool {
    const WORDS: &[&str] = &["model", "block", "data", "prepare", "augment", "train"];
    let span = tokens[index].span;
    let first = || span.start == 0 || text[..span.start].ends_with('\n');
    let opens = || text[span.start..].lines().next().is_some_and(|line| line.contains('{'));
    tokens[index].rule == Rule::word && WORDS.contains(&&text[span.start..span.end]) && first() && opens()
}

struct Splitter<'a> {
    text: &'a str,
    tokens: &'a [Token],
    closers: &'a [Closer],
    problems: &'a mut Problems,
    depth: usize,
    /// Depth is reported once.
    reported_depth: bool,
}

impl Splitter<'_> {
    fn is(&self, index: usize, what: &str) -> bool {
        self.tokens.get(index).is_some_and(|t| &self.text[t.span.start..t.span.end] == what)
    }

    /// The statements of the tokens `from..to`.
    fn statements(&mut self, from: usize, to: usize) -> Vec<RawStatement> {
        let mut statements = Vec::new();
        let mut current = Current::default();
        let mut index = from;
        while index < to {
            let token = self.tokens[index];
            match token.rule {
                Rule::comment => index += 1,
                Rule::newline => {
                    if !current.goes_on() {
                        self.finish(&mut current, &mut statements);
                    }
                    index += 1;
                }
                Rule::semicolon => {
                    self.finish(&mut current, &mut statements);
                    index += 1;
                }
                Rule::open if self.is(index, "{") && !current.wants_value() => {
                    index = self.block(index, to, &mut current);
                    if !self.statement_goes_on(index, to) {
                        self.finish(&mut current, &mut statements);
                    }
                }
                Rule::open => {
                    let end = match self.closers[index] {
                        Closer::Token(closer) if closer < to => closer + 1,
                        Closer::Token(_) | Closer::Implied(_) | Closer::Nothing => {
                            current.statement.broken = true;
                            index + 1
                        }
                    };
                    for at in index..end {
                        self.take(at, &mut current);
                    }
                    index = end;
                }
                _ => {
                    self.take(index, &mut current);
                    index += 1;
                }
            }
        }
        self.finish(&mut current, &mut statements);
        statements
    }

    /// Takes a token into the text of a statement.
    fn take(&mut self, index: usize, current: &mut Current) {
        let token = self.tokens[index];
        match token.rule {
            Rule::newline | Rule::comment => return,
            Rule::open_text => {
                self.problems.push(Diagnostic::new(Code::E0004).at(token.span, "here"));
                current.statement.broken = true;
            }
            Rule::open => current.nesting += 1,
            Rule::close => current.nesting = current.nesting.saturating_sub(1),
            Rule::word if self.is(index, "if") => current.conditions += 1,
            Rule::word
                if self.text[token.span.start..token.span.end].matches('.').nth(MOST_POINTS).is_some() =>
            {
                self.too_many_points(token.span);
                current.statement.broken = true;
            }
            Rule::infix => current.operators += 1,
            Rule::comma | Rule::colon => current.operators = 0,
            _ => {}
        }
        if current.nesting > DEEPEST || current.conditions > DEEPEST {
            self.too_deep(token.span);
            current.statement.broken = true;
        }
        if current.operators > MOST_OPERATORS {
            self.too_long(token.span);
            current.statement.broken = true;
        }
        current.text = Some(current.text.map_or(token.span, |text| text.to(token.span)));
        current.last = Some(token.rule);
    }

    fn too_long(&mut self, span: Span) {
        if !self.reported_depth {
            self.reported_depth = true;
            let problem = Diagnostic::new(Code::E0002).saying("operators").arg("limit", MOST_OPERATORS);
            self.problems.push(problem.at(span, "operator"));
        }
    }

    fn too_many_points(&mut self, span: Span) {
        let problem = Diagnostic::new(Code::E0002).saying("path").arg("limit", MOST_POINTS);
        self.problems.push(problem.at(span, "here"));
    }

    fn too_deep(&mut self, span: Span) {
        if !self.reported_depth {
            self.reported_depth = true;
            self.problems.push(Diagnostic::new(Code::E0002).arg("limit", DEEPEST).at(span, "here"));
        }
    }

    /// Takes the block that begins at `open`; returns the index of the token after it.
    fn block(&mut self, open: usize, to: usize, current: &mut Current) -> usize {
        let (inner_end, after) = match self.closers[open] {
            Closer::Token(closer) if closer < to => (closer, closer + 1),
            Closer::Implied(index) if index <= to => (index, index),
            Closer::Token(_) | Closer::Implied(_) | Closer::Nothing => (to, to),
        };
        let end = self.tokens.get(after.max(1) - 1).map_or(self.text.len(), |last| last.span.end);
        current.flush();
        let span = self.tokens[open].span.to(Span::new(end, end));
        let statements = if self.depth < DEEPEST {
            self.depth += 1;
            let statements = self.statements(open + 1, inner_end);
            self.depth -= 1;
            statements
        } else {
            self.too_deep(self.tokens[open].span);
            current.statement.broken = true;
            Vec::new()
        };
        current.statement.parts.push(RawPart::Block(RawBlock { span, statements }));
        current.last = None;
        after
    }

    /// Whether what follows a block belongs to its statement: `->` on the same line, or `else`.
    fn statement_goes_on(&self, mut index: usize, to: usize) -> bool {
        if index < to && self.tokens[index].rule == Rule::arrow {
            return true;
        }
        while index < to && matches!(self.tokens[index].rule, Rule::newline | Rule::comment) {
            index += 1;
        }
        index < to && self.is(index, "else")
    }

    fn finish(&mut self, current: &mut Current, statements: &mut Vec<RawStatement>) {
        let mut done = std::mem::take(current);
        done.flush();
        if !done.statement.parts.is_empty() {
            statements.push(done.statement);
        }
    }
}

/// The statement that is being read.
#[derive(Default)]
struct Current {
    statement: RawStatement,
    text: Option<Span>,
    last: Option<Rule>,
    nesting: usize,
    conditions: usize,
    /// Operators of the value that is being read.
    operators: usize,
}

impl Current {
    /// Whether a line end does not count: after `->`, `,`, `:` or an operator, and between a block and its
    /// `else`.
    fn goes_on(&self) -> bool {
        let after_block = self.text.is_none() && !self.statement.parts.is_empty();
        after_block || matches!(self.last, Some(Rule::arrow | Rule::comma | Rule::colon | Rule::infix))
    }

    /// Whether a `{` here begins a value, not a block.
    fn wants_value(&self) -> bool {
        matches!(self.last, Some(Rule::colon | Rule::comma | Rule::infix))
    }

    fn flush(&mut self) {
        if let Some(text) = self.text.take() {
            self.statement.parts.push(RawPart::Text(text));
        }
    }
}
