//! Words in quotes, and texts without them.

use super::Cx;
use super::names::nearest_of_many;
use crate::ast::{BinaryOp, Expr, ExprKind};
use crate::diag::{Code, Diagnostic, Mention};
use crate::source::Span;

impl Cx {
    /// E0011 for a text where one of these words is wanted: `"relu"`.
    pub(super) fn quoted_word(
        &mut self,
        what: impl Into<Mention>,
        expected: &str,
        (text, span): (&str, Span),
        words: &[&str],
    ) {
        let near = nearest_of_many(&mut self.problems, text, words.iter().copied());
        let problem = quoted(what.into(), expected, span);
        self.report(match near {
            Some(near) => problem.arg("written", near).help("unquoted").fix(span, near),
            None => problem,
        });
    }

    /// E0011 for a text that would be right without its quotes: `"32"`, `"3x3"`.
    pub(super) fn quoted_value(
        &mut self,
        what: impl Into<Mention>,
        expected: &str,
        (text, span): (&str, Span),
    ) {
        let problem = quoted(what.into(), expected, span);
        self.report(if is_value(text) {
            problem.arg("written", text).help("unquoted").fix(span, text)
        } else {
            problem
        });
    }

    /// E0011 for words where a text is wanted: `folder(photos/train)`. False where something else was written.
    pub(super) fn reports_bare_text(&mut self, what: &str, expr: &Expr) -> bool {
        let Some(text) = self.bare_text(expr) else { return false };
        let problem = Diagnostic::new(Code::E0011).saying("text").arg("what", what).at(expr.span, "here");
        // quotes alone make no file of it
        if what == "weights" && !text.contains(['.', '/']) {
            self.report(problem.help("weights"));
            return true;
        }
        let written = format!("\"{text}\"");
        self.report(problem.arg("written", &written).help("written").fix(expr.span, written));
        true
    }

    /// What quotes were forgotten around: words that are no constants, with `/` or `-` between.
    pub(super) fn bare_text(&self, expr: &Expr) -> Option<String> {
        match &expr.kind {
            ExprKind::Name(word) if !self.constants.has(word) => Some(word.clone()),
            ExprKind::Int(number) => Some(number.to_string()),
            ExprKind::Binary(op, left, right) => {
                let sign = match op {
                    BinaryOp::Div => '/',
                    BinaryOp::Sub => '-',
                    _ => return None,
                };
                let (left, right) = (self.bare_text(left)?, self.bare_text(right)?);
                let joined = format!("{left}{sign}{right}");
                // `1/2` is a number
                joined.contains(|c: char| c.is_ascii_alphabetic()).then_some(joined)
            }
            _ => None,
        }
    }
}

/// A size as it is meant by a list of numbers, `[3, 3]`, or by their product, `28*28*1`.
pub(super) fn size_of(expr: &Expr) -> Option<String> {
    let mut extents = Vec::new();
    match &expr.kind {
        ExprKind::List(items) => items.iter().for_each(|item| extents.push(item)),
        ExprKind::Binary(BinaryOp::Mul, left, right) => {
            if let ExprKind::Binary(BinaryOp::Mul, first, second) = &left.kind {
                extents.extend([&**first, &**second]);
            } else {
                extents.push(left);
            }
            extents.push(right);
        }
        _ => return None,
    }
    let extent =
        |expr: &&Expr| if let ExprKind::Int(extent) = expr.kind { Some(extent.to_string()) } else { None };
    let extents: Vec<String> = extents.iter().map(extent).collect::<Option<_>>()?;
    (2..=3).contains(&extents.len()).then(|| extents.join("x"))
}

/// E0011 for a text.
fn quoted(what: Mention, expected: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::E0011)
        .mention("what", what)
        .arg("expected", expected)
        .arg("found", "a text")
        .at(span, "here")
}

/// Whether a text is written like a number, a percentage or a size.
fn is_value(text: &str) -> bool {
    let whole = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let number = text.strip_suffix('%').unwrap_or(text);
    let begins = number.starts_with(|c: char| c.is_ascii_digit());
    begins && (number.parse::<f64>().is_ok_and(f64::is_finite) || text.split('x').all(whole))
}
