//! What a `search(…)` may be.

use std::collections::BTreeMap;

use super::found::Found;
use super::is_in;
use crate::ast::{Expr, ExprKind, print_expr};
use crate::diag::{Code, Diagnostic};
use crate::lower::Cx;
use crate::lower::constant::Value as Constant;
use crate::source::Span;
use crate::space::{Domain, Value};

/// Most steps of a range, and most values of a list.
const MOST_VALUES: usize = 100_000;

/// What stands for a `search(…)` in turn.
#[derive(Debug, Clone)]
pub(super) struct Values {
    pub(super) domain: Domain,
    /// Those of a list, as they are written; of numbers none.
    items: Vec<Expr>,
    /// Where the range or list stands.
    span: Span,
}

impl Values {
    /// A value as an expression; the first where there is none, or no such one.
    pub(super) fn written(&self, value: Option<Value>) -> Expr {
        let value = value.filter(|value| self.domain.contains(*value)).unwrap_or(self.domain.first());
        let number = |number: f64| Expr { kind: literal(number), span: self.span };
        match value {
            Value::Choice(index) => self.items.get(index).cloned().unwrap_or_else(|| number(0.0)),
            Value::Number(value) => number(value),
        }
    }
}

/// `search([3, 5])`, `search(32..=128, step: 32)`, `search(1e-4..=1e-2, scale: log)`; `None` where it is none
/// of these, which is reported.
pub(super) fn values(cx: &mut Cx, found: &Found) -> Option<Values> {
    let Found { callee, arguments, span, .. } = found;
    let arguments = cx.bind(callee, arguments, *span, &["values", "step", "scale"], &[]);
    if arguments.too_many {
        return None;
    }
    let Some(values) = arguments.get("values") else {
        cx.missing(&arguments, "values");
        return None;
    };
    let (values, step, scale) =
        (values.clone(), arguments.get("step").cloned(), arguments.get("scale").cloned());
    match &values.kind {
        ExprKind::List(items) => {
            for (option, written) in [("step", &step), ("scale", &scale)] {
                if let Some(written) = written {
                    let problem = Diagnostic::new(Code::E0116).saying("list").arg("name", option);
                    cx.report(problem.at(written.span, "list-here").help("list-help"));
                    return None;
                }
            }
            choices(cx, items, values.span)
        }
        ExprKind::Range { start, end, inclusive } if !is_in(&values) => {
            let scale = scale.as_ref();
            let range = Range { start, end, inclusive: *inclusive, span: values.span };
            Some(Values {
                domain: range.domain(cx, step.as_ref(), scale)?,
                items: Vec::new(),
                span: values.span,
            })
        }
        _ => {
            let problem = Diagnostic::new(Code::E0011)
                .arg("what", "search")
                .arg("expected", "a list such as `[3, 5]` or a range such as `32..=128, step: 32`")
                .arg("found", format!("`{}`", print_expr(&values)));
            cx.report(problem.at(values.span, "here"));
            None
        }
    }
}

/// One of a list.
fn choices(cx: &mut Cx, items: &[Expr], span: Span) -> Option<Values> {
    if !(2..=MOST_VALUES).contains(&items.len()) {
        cx.out_of_range("search", "at least two values", items.len(), span);
        return None;
    }
    let written: Vec<String> = items.iter().map(print_expr).collect();
    let mut firsts: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, value) in written.iter().enumerate() {
        let first = *firsts.entry(value).or_insert(at);
        if first == at {
            continue;
        }
        let problem = Diagnostic::new(Code::E0014).arg("what", format!("`{value}`"));
        cx.report(problem.at(items[at].span, "second").also(items[first].span, "first"));
        return None;
    }
    let domain = Domain::Choices(labels(items, written));
    Some(Values { domain, items: items.to_vec(), span })
}

/// What choices are called: as they are written, but for words that hold a search themselves. Their words
/// are enough, where no other one begins with it.
fn labels(items: &[Expr], written: Vec<String>) -> Vec<String> {
    let word = |item: &Expr| match &item.kind {
        ExprKind::Call(word, _) => Some(word.value.clone()),
        ExprKind::Name(word) => Some(word.clone()),
        _ => None,
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    items.iter().filter_map(word).for_each(|word| *counts.entry(word).or_default() += 1);
    let label = |(item, written): (&Expr, String)| {
        let word = word(item).filter(|word| is_in(item) && counts.get(word) == Some(&1));
        word.unwrap_or(written)
    };
    items.iter().zip(written).map(label).collect()
}

/// `32..=128`
struct Range<'e> {
    start: &'e Expr,
    end: &'e Expr,
    inclusive: bool,
    span: Span,
}

impl Range<'_> {
    /// Without a step, whole numbers go up by one; any other range, and one with `scale: log`, is
    /// continuous.
    fn domain(&self, cx: &mut Cx, step: Option<&Expr>, scale: Option<&Expr>) -> Option<Domain> {
        let log = match scale {
            Some(expr) => cx.choice("scale", expr, &[("linear", false), ("log", true)])?,
            None => false,
        };
        let ((low, low_is_whole), (high, high_is_whole)) = (end(cx, self.start)?, end(cx, self.end)?);
        let whole = low_is_whole && high_is_whole;
        match step {
            Some(step) if log => {
                let problem = Diagnostic::new(Code::E0116).saying("log").arg("name", "step");
                cx.report(problem.at(step.span, "list-here").help("log-help"));
                None
            }
            Some(step) => {
                let (size, _) = end(cx, step)?;
                if size > 0.0 {
                    return self.steps(cx, low, high, size);
                }
                cx.out_of_range("step", "a number above 0", print_expr(step), step.span);
                None
            }
            None if whole && !log => self.steps(cx, low, high, 1.0),
            None => {
                // the last of whole numbers that an open end leaves out is one less
                let high = if whole && !self.inclusive { high - 1.0 } else { high };
                if high <= low || (log && low <= 0.0) {
                    let expected = "a range that rises, above 0 for `scale: log`";
                    cx.out_of_range("search", expected, self.printed(), self.span);
                    return None;
                }
                Some(Domain::Range { low, high, log, whole })
            }
        }
    }

    fn steps(&self, cx: &mut Cx, low: f64, high: f64, step: f64) -> Option<Domain> {
        // 0.1 + 3 · 0.1 counts as 0.4
        let steps = (high - low) / step;
        let last = if self.inclusive { (steps + 1e-9).floor() } else { (steps - 1e-9).ceil() - 1.0 };
        if !(0.0..MOST_VALUES as f64).contains(&last) {
            let expected = format!("a rising range of at most {MOST_VALUES} values");
            cx.out_of_range("search", &expected, self.printed(), self.span);
            return None;
        }
        let count = last as usize + 1;
        if count < 2 {
            cx.out_of_range("search", "at least two values", count, self.span);
            return None;
        }
        Some(Domain::Steps { low, step, count })
    }

    fn printed(&self) -> String {
        format!("{} to {}", print_expr(self.start), print_expr(self.end))
    }
}

/// An end of a range, and whether it is a whole number. A share is a number too: 20% is 0.2.
fn end(cx: &mut Cx, expr: &Expr) -> Option<(f64, bool)> {
    let (number, whole) = match cx.value(expr)? {
        Constant::Int(number) => (number as f64, true),
        Constant::Float(number) | Constant::Percent(number) => (number, false),
        other => {
            cx.wrong_type("search", "a number", &other, expr.span);
            return None;
        }
    };
    // whole numbers up to 2^53 are exact in a float, and the program calculates in 32 bits
    let fits = if whole { number.abs() <= 9_007_199_254_740_992.0 } else { (number as f32).is_finite() };
    if !fits {
        cx.out_of_range("search", "in -3.4e38..3.4e38", format!("{number:e}"), expr.span);
        return None;
    }
    Some((number + 0.0, whole))
}

/// A number as it would be written.
fn literal(value: f64) -> ExprKind {
    if value < 0.0 {
        let inner = Expr { kind: literal(-value), span: Span::default() };
        return ExprKind::Negate(Box::new(inner));
    }
    if value.fract() == 0.0 && value <= 9_007_199_254_740_992.0 {
        return ExprKind::Int(value as u64);
    }
    ExprKind::Float(value)
}
