//! pest's pairs to values.

use super::{Context, Located, Rule};
use crate::ast::{Argument, BinaryOp, Dim, Expr, ExprKind, Name, Unit};
use crate::source::{Span, Spanned};

/// A word with its place.
pub(super) fn name(pair: &Located<'_>) -> Name {
    Spanned::new(pair.text().to_owned(), pair.span())
}

/// A text without its quotes.
pub(super) fn text(pair: &Located<'_>) -> Spanned<String> {
    Spanned::new(pair.text().trim_matches('"').to_owned(), pair.span())
}

/// The arguments of a call.
pub(super) fn arguments(context: &Context<'_>, pair: Located<'_>) -> Vec<Argument> {
    pair.into_inner().filter_map(|argument| argument_of(context, argument)).collect()
}

fn argument_of(context: &Context<'_>, pair: Located<'_>) -> Option<Argument> {
    let mut inner = pair.into_inner();
    let first = inner.next()?;
    if first.rule() != Rule::ident {
        return Some(Argument { name: None, value: expr(context, first) });
    }
    let value = inner.next()?;
    Some(Argument { name: Some(name(&first)), value: expr(context, value) })
}

/// Any value.
pub(super) fn expr(context: &Context<'_>, pair: Located<'_>) -> Expr {
    let span = pair.span();
    match pair.rule() {
        Rule::expr => {
            let inner = pair.into_inner().next();
            inner.map_or_else(|| nothing(span), |inner| expr(context, inner))
        }
        Rule::choice => {
            let parts: Vec<Expr> = pair.into_inner().map(|part| expr(context, part)).collect();
            match <[Expr; 3]>::try_from(parts) {
                Ok(parts) => Expr { kind: ExprKind::If(Box::new(parts)), span },
                Err(_) => nothing(span),
            }
        }
        Rule::range => range(context, pair),
        Rule::by => {
            let word = pair.into_inner().next();
            word.map_or_else(|| nothing(span), |word| Expr { kind: ExprKind::By(name(&word)), span })
        }
        Rule::comparison | Rule::sum | Rule::product => binary(context, pair),
        Rule::unary => unary(context, pair),
        Rule::size => Expr { kind: ExprKind::Size(size(pair.text())), span },
        Rule::quantity => Expr { kind: quantity(pair), span },
        Rule::text => Expr { kind: ExprKind::Text(text(&pair).value), span },
        Rule::path => Expr { kind: ExprKind::Name(pair.text().to_owned()), span },
        Rule::list => {
            Expr { kind: ExprKind::List(pair.into_inner().map(|item| expr(context, item)).collect()), span }
        }
        Rule::map => {
            let pairs = pair.into_inner().filter_map(|pair| {
                let mut sides = pair.into_inner().map(|side| expr(context, side));
                Some((sides.next()?, sides.next()?))
            });
            Expr { kind: ExprKind::Map(pairs.collect()), span }
        }
        Rule::call => {
            let mut inner = pair.into_inner();
            match (inner.next(), inner.next()) {
                (Some(callee), Some(list)) => {
                    Expr { kind: ExprKind::Call(name(&callee), arguments(context, list)), span }
                }
                _ => nothing(span),
            }
        }
        _ => nothing(span),
    }
}

/// Stands where the grammar promises a value that is not there.
fn nothing(span: Span) -> Expr {
    Expr { kind: ExprKind::List(Vec::new()), span }
}

fn range(context: &Context<'_>, pair: Located<'_>) -> Expr {
    let span = pair.span();
    let mut inner = pair.into_inner();
    let Some(first) = inner.next() else { return nothing(span) };
    let first = expr(context, first);
    let Some(second) = inner.next() else { return first };
    let kind = match second.rule() {
        Rule::of => match second.into_inner().next() {
            Some(base) => ExprKind::Of(Box::new(first), name(&base)),
            None => return first,
        },
        Rule::range_op => {
            let inclusive = second.text() == "..=";
            let Some(end) = inner.next() else { return first };
            ExprKind::Range { start: Box::new(first), end: Box::new(expr(context, end)), inclusive }
        }
        _ => ExprKind::Onward(Box::new(first)),
    };
    Expr { kind, span }
}

fn binary(context: &Context<'_>, pair: Located<'_>) -> Expr {
    let span = pair.span();
    let mut inner = pair.into_inner();
    let Some(first) = inner.next() else { return nothing(span) };
    let mut left = expr(context, first);
    while let (Some(op), Some(right)) = (inner.next(), inner.next()) {
        let right = expr(context, right);
        let span = left.span.to(right.span);
        left = Expr { kind: ExprKind::Binary(operator(op.text()), Box::new(left), Box::new(right)), span };
    }
    left
}

fn operator(text: &str) -> BinaryOp {
    match text.trim() {
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "/" => BinaryOp::Div,
        "==" => BinaryOp::Equal,
        "!=" => BinaryOp::NotEqual,
        "<" => BinaryOp::Less,
        "<=" => BinaryOp::LessEqual,
        ">" => BinaryOp::Greater,
        _ => BinaryOp::GreaterEqual,
    }
}

/// `-x`; two minus signs cancel out (so that a thousand of them make no deep tree).
fn unary(context: &Context<'_>, pair: Located<'_>) -> Expr {
    let span = pair.span();
    let mut negative = false;
    for part in pair.into_inner() {
        if part.rule() == Rule::minus {
            negative = !negative;
            continue;
        }
        let value = expr(context, part);
        return if negative { Expr { kind: ExprKind::Negate(Box::new(value)), span } } else { value };
    }
    nothing(span)
}

fn size(text: &str) -> Vec<Dim> {
    // an extent that does not fit is larger than any that is allowed: `lower` says so
    let extent =
        |part: &str| if part == "?" { Dim::Open } else { Dim::Known(part.parse().unwrap_or(u64::MAX)) };
    text.split('x').map(extent).collect()
}

fn quantity(pair: Located<'_>) -> ExprKind {
    let mut inner = pair.into_inner();
    let digits = inner.next().map_or("", |number| number.text());
    let value = digits.parse::<f64>().unwrap_or(f64::INFINITY);
    match inner.next() {
        Some(unit) => ExprKind::Quantity(value, Unit::from_word(unit.text())),
        None => digits.parse().map_or(ExprKind::Float(value), ExprKind::Int),
    }
}
