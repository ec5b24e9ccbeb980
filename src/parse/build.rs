//! Statements to syntax trees.

use super::error::{Expected, unexpected};
use super::split::{RawBlock, RawPart, RawStatement};
use super::value::{arguments, expr, name, text};
use super::{Context, Located, Rule};
use crate::ast::{
    Allow, Body, Branch, Chain, Definition, DefinitionKind, Entry, Expr, Head, If, Item, Let, Name,
    Parameter, Repeat, Section, Setting, Statement, Step, Use,
};
use crate::diag::{Code, Diagnostic};
use crate::source::{Span, Spanned};

/// An item of the file's top; `None` where it could not be read.
pub(super) fn item(context: &mut Context<'_>, statement: &RawStatement) -> Option<Item> {
    match &statement.parts[..] {
        [RawPart::Text(span)] => {
            let pair = line(context, statement, Rule::item_line, *span)?;
            match pair.rule() {
                Rule::language => {
                    let version = pair.into_inner().next()?;
                    Some(Item::Language(Spanned::new(
                        version.text().parse().unwrap_or(u64::MAX),
                        version.span(),
                    )))
                }
                Rule::use_item => use_item(pair).map(Item::Use),
                Rule::let_item => let_item(context, pair).map(Item::Let),
                _ => allow(pair).map(Item::Allow),
            }
        }
        [RawPart::Text(head), RawPart::Block(block)] => {
            let Some(pair) = line(context, statement, Rule::item_head, *head) else {
                // what stands inside may have mistakes of its own; a model is the likeliest
                body(context, block);
                return None;
            };
            if pair.rule() == Rule::definition {
                return definition(context, pair, block).map(Item::Definition);
            }
            if is_definition_in_capitals(&pair) {
                let problem = unexpected(context, *head, head.start, Expected::Item);
                context.problems.push(problem);
                return None;
            }
            section(context, pair, block).map(Item::Section)
        }
        parts => {
            misplaced(context, parts, Expected::Item);
            None
        }
    }
}

/// `Model A { … }` is no section of that name.
fn is_definition_in_capitals(head: &Located<'_>) -> bool {
    let word = head.text().split_whitespace().next().unwrap_or("");
    ["model", "block"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}

/// Parses a text and gives what stands in the rule for the whole line.
fn line<'t>(
    context: &mut Context<'t>,
    statement: &RawStatement,
    rule: Rule,
    span: Span,
) -> Option<Located<'t>> {
    if statement.broken {
        return None;
    }
    context.parse(rule, span)?.into_inner().next()
}

/// Reports the first block, or the text after it, of a statement that has no such thing.
fn misplaced(context: &mut Context<'_>, parts: &[RawPart], expected: Expected) {
    let after_head = parts.get(usize::from(matches!(parts[0], RawPart::Text(_))) + 1);
    let place = match after_head.or(parts.first()) {
        Some(RawPart::Text(span)) => *span,
        Some(RawPart::Block(block)) => block.span,
        None => return,
    };
    let problem = unexpected(context, place, place.start, expected);
    context.problems.push(problem);
}

fn use_item(pair: Located<'_>) -> Option<Use> {
    let span = pair.span();
    let mut inner = pair.into_inner();
    let target = inner.next()?;
    let kind = if target.rule() == Rule::text {
        crate::ast::ExprKind::Text(text(&target).value)
    } else {
        crate::ast::ExprKind::Name(target.text().to_owned())
    };
    let target = Expr { kind, span: target.span() };
    Some(Use { target, alias: inner.next().map(|alias| name(&alias)), span })
}

fn let_item(context: &Context<'_>, pair: Located<'_>) -> Option<Let> {
    let span = pair.span();
    let mut inner = pair.into_inner();
    let (word, value) = (inner.next()?, inner.next()?);
    Some(Let { name: name(&word), value: expr(context, value), span })
}

fn allow(pair: Located<'_>) -> Option<Allow> {
    let span = pair.span();
    let mut inner = pair.into_inner();
    let (code, reason) = (inner.next()?, inner.next()?);
    Some(Allow { code: name(&code), reason: text(&reason), span })
}

fn definition(context: &mut Context<'_>, head: Located<'_>, block: &RawBlock) -> Option<Definition> {
    let span = head.span().to(context.global(block.span));
    let mut inner = head.into_inner();
    let keyword = inner.next()?;
    let kind = if keyword.rule() == Rule::kw_model { DefinitionKind::Model } else { DefinitionKind::Block };
    let word = inner.next()?;
    let parameters = inner.next().into_iter().flat_map(|list| list.into_inner()).filter_map(|parameter| {
        let mut inner = parameter.into_inner();
        let word = inner.next()?;
        Some(Parameter { name: name(&word), default: inner.next().map(|value| expr(context, value)) })
    });
    let parameters = parameters.collect();
    Some(Definition { kind, name: name(&word), parameters, body: body(context, block), span })
}

fn section(context: &mut Context<'_>, head: Located<'_>, block: &RawBlock) -> Option<Section> {
    let span = head.span().to(context.global(block.span));
    let mut words = head.into_inner();
    let kind = name(&words.next()?);
    let target = words.next().map(|word| name(&word));
    let entries = block.statements.iter().filter_map(|statement| entry(context, statement)).collect();
    Some(Section { kind, target, entries, span })
}

fn entry(context: &mut Context<'_>, statement: &RawStatement) -> Option<Entry> {
    match &statement.parts[..] {
        [RawPart::Text(span)] => {
            let pair = line(context, statement, Rule::entry_line, *span)?;
            match pair.rule() {
                Rule::let_item => let_item(context, pair).map(Entry::Let),
                Rule::allow => allow(pair).map(Entry::Allow),
                Rule::setting => {
                    let mut inner = pair.into_inner();
                    let (key, value) = (inner.next()?, inner.next()?);
                    Some(Entry::Setting(Setting { key: name(&key), value: expr(context, value) }))
                }
                _ => step(context, pair).map(Entry::Call),
            }
        }
        [RawPart::Text(head), RawPart::Block(block)] => {
            let pair = line(context, statement, Rule::entry_head, *head)?;
            section(context, pair, block).map(Entry::Section)
        }
        parts => {
            misplaced(context, parts, Expected::Name);
            None
        }
    }
}

fn step(context: &Context<'_>, pair: Located<'_>) -> Option<Step> {
    let span = pair.span();
    let mut inner = pair.into_inner();
    let callee = name(&inner.next()?);
    let arguments = inner.next().map_or_else(Vec::new, |list| arguments(context, list));
    Some(Step { callee, arguments, branches: None, span })
}

fn body(context: &mut Context<'_>, block: &RawBlock) -> Body {
    let statements = block.statements.iter().filter_map(|raw| statement(context, raw)).collect();
    Body { statements, span: context.global(block.span) }
}

fn statement(context: &mut Context<'_>, raw: &RawStatement) -> Option<Statement> {
    match &raw.parts[..] {
        [RawPart::Text(span)] => {
            let pair = line(context, raw, Rule::body_line, *span)?;
            match pair.rule() {
                Rule::let_item => let_item(context, pair).map(Statement::Let),
                Rule::allow => allow(pair).map(Statement::Allow),
                Rule::from => {
                    let span = pair.span();
                    let word = name(&pair.into_inner().next()?);
                    Some(Statement::From(Spanned::new(word, span)))
                }
                _ => {
                    let mut reading = chain(context, pair)?;
                    reading.check_name(context);
                    Some(Statement::Chain(reading.chain))
                }
            }
        }
        [RawPart::Text(head), RawPart::Block(block), rest @ ..] => {
            let Some(pair) = line(context, raw, Rule::body_head, *head) else {
                body(context, block);
                return None;
            };
            match pair.rule() {
                Rule::repeat_head => repeat(context, pair, block, rest).map(Statement::Repeat),
                Rule::if_head => choice(context, pair, block, rest).map(Statement::If),
                Rule::head_head => auxiliary(context, pair, block, rest).map(Statement::Head),
                _ => branching(context, pair, block, rest).map(Statement::Chain),
            }
        }
        parts => {
            misplaced(context, parts, Expected::Layer);
            None
        }
    }
}

/// A chain while it is read.
struct ChainReading {
    chain: Chain,
}

impl ChainReading {
    /// A name belongs to one layer: before a chain it would be unclear which.
    fn check_name(&mut self, context: &mut Context<'_>) {
        let (Some(name), [first, .., last]) = (&self.chain.name, &self.chain.steps[..]) else { return };
        let problem = Diagnostic::new(Code::E0005)
            .arg("name", &name.value)
            .arg("first", &first.callee.value)
            .arg("last", &last.callee.value)
            .at(name.span, "here")
            .also(first.span.to(last.span), "chain")
            .help("help");
        context.problems.push(problem);
        self.chain.name = None;
    }
}

fn chain(context: &Context<'_>, pair: Located<'_>) -> Option<ChainReading> {
    let span = pair.span();
    let mut chain = Chain { name: None, steps: Vec::new(), span };
    for part in pair.into_inner() {
        if part.rule() == Rule::path {
            chain.name = Some(name(&part));
        } else {
            chain.steps.push(step(context, part)?);
        }
    }
    (!chain.steps.is_empty()).then_some(ChainReading { chain })
}

/// `a -> add { … } -> relu`
fn branching(
    context: &mut Context<'_>,
    head: Located<'_>,
    block: &RawBlock,
    rest: &[RawPart],
) -> Option<Chain> {
    let mut reading = chain(context, head)?;
    attach(context, &mut reading.chain, block);
    for part in rest {
        match part {
            RawPart::Block(block) => attach(context, &mut reading.chain, block),
            RawPart::Text(span) => {
                let tail = context.parse(Rule::chain_tail, *span)?;
                for part in tail.into_inner() {
                    reading.chain.steps.push(step(context, part)?);
                }
                reading.chain.span = reading.chain.span.to(context.global(*span));
            }
        }
    }
    reading.check_name(context);
    Some(reading.chain)
}

/// Gives the braces to the last layer of the chain.
fn attach(context: &mut Context<'_>, chain: &mut Chain, block: &RawBlock) {
    let branches = block.statements.iter().filter_map(|statement| branch(context, statement)).collect();
    if let Some(last) = chain.steps.last_mut() {
        last.branches = Some(branches);
        last.span = last.span.to(context.global(block.span));
    }
    chain.span = chain.span.to(context.global(block.span));
}

fn branch(context: &mut Context<'_>, raw: &RawStatement) -> Option<Branch> {
    let [RawPart::Text(head), RawPart::Block(block), rest @ ..] = &raw.parts[..] else {
        misplaced(context, &raw.parts[..1], Expected::Branch);
        return None;
    };
    if raw.broken {
        return None;
    }
    let pair = context.parse(Rule::branch_head, *head)?;
    let span = pair.span().to(context.global(block.span));
    let condition = pair.into_inner().next().and_then(|head| condition(context, head));
    let body = body(context, block);
    if condition.is_none() {
        // what is not chosen has no `else`
        nothing_after(context, rest);
        return Some(Branch { condition, body, otherwise: None, span });
    }
    let otherwise = otherwise(context, rest);
    Some(Branch { condition, body, otherwise, span })
}

/// Reports what follows a block that ends its statement.
fn nothing_after(context: &mut Context<'_>, rest: &[RawPart]) {
    let place = match rest.first() {
        Some(RawPart::Text(span)) => *span,
        Some(RawPart::Block(block)) => block.span,
        None => return,
    };
    let problem = unexpected(context, place, place.start, Expected::End);
    context.problems.push(problem);
}

/// `head aux(weight: 0.3) { … }`
fn auxiliary(
    context: &mut Context<'_>,
    pair: Located<'_>,
    block: &RawBlock,
    rest: &[RawPart],
) -> Option<Head> {
    nothing_after(context, rest);
    let span = pair.span().to(context.global(block.span));
    let mut inner = pair.into_inner();
    let word = name(&inner.next()?);
    let arguments = inner.next().map_or_else(Vec::new, |list| arguments(context, list));
    Some(Head { name: word, arguments, body: body(context, block), span })
}

/// The value behind `if`.
fn condition(context: &Context<'_>, if_head: Located<'_>) -> Option<Expr> {
    if_head.into_inner().next().map(|value| expr(context, value))
}

fn choice(context: &mut Context<'_>, head: Located<'_>, block: &RawBlock, rest: &[RawPart]) -> Option<If> {
    let span = head.span().to(context.global(block.span));
    let condition = condition(context, head)?;
    let then = body(context, block);
    let otherwise = otherwise(context, rest);
    let span = otherwise.as_ref().map_or(span, |body: &Body| span.to(body.span));
    Some(If { condition, then, otherwise, span })
}

/// `else { … }`, `else if … { … } else { … }`
fn otherwise(context: &mut Context<'_>, rest: &[RawPart]) -> Option<Body> {
    let [RawPart::Text(head), RawPart::Block(block), rest @ ..] = rest else {
        if let Some(RawPart::Text(span)) = rest.first() {
            let problem = unexpected(context, *span, span.start, Expected::End);
            context.problems.push(problem);
        }
        return None;
    };
    let pair = context.parse(Rule::else_head, *head)?;
    let Some(if_head) = pair.into_inner().next() else {
        if let Some(RawPart::Text(span)) = rest.first() {
            let problem = unexpected(context, *span, span.start, Expected::End);
            context.problems.push(problem);
        }
        return Some(body(context, block));
    };
    let inner = choice(context, if_head, block, rest)?;
    let span = inner.span;
    Some(Body { statements: vec![Statement::If(inner)], span })
}

fn repeat(
    context: &mut Context<'_>,
    head: Located<'_>,
    block: &RawBlock,
    rest: &[RawPart],
) -> Option<Repeat> {
    nothing_after(context, rest);
    let span = head.span().to(context.global(block.span));
    let head_start = head.text();
    let named = head_start.split("repeat").next().is_some_and(|before| before.contains('='));
    let (mut words, mut count): (Vec<Name>, Option<Expr>) = (Vec::new(), None);
    for part in head.into_inner() {
        if part.rule() == Rule::ident {
            words.push(name(&part));
        } else {
            count = Some(expr(context, part));
        }
    }
    let mut words = words.into_iter();
    let name = if named { words.next() } else { None };
    let index = words.next();
    Some(Repeat { name, index, count: count?, body: body(context, block), span })
}
