//! Values taken to a place where other constants are in sight.

use super::{Constants, Value};
use crate::ast::{Argument, Expr, ExprKind, Unit};
use crate::diag::Problems;
use crate::source::Span;

impl Constants {
    /// The value with the constants in it replaced by what they are, so that it means the same where others
    /// are in sight.
    pub(in crate::lower) fn closed(&self, value: Value, span: Span, problems: &mut Problems) -> Value {
        // more than any list that people write; what is longer keeps its names
        const MOST: usize = 10_000;
        let mut budget = MOST;
        let closed = self.closed_within(value, &mut budget, problems);
        self.work.add(MOST - budget, span, problems);
        closed
    }

    fn closed_within(&self, value: Value, budget: &mut usize, problems: &mut Problems) -> Value {
        match value {
            Value::List(items) => {
                Value::List(items.iter().map(|item| self.closed_expr(item, budget, problems)).collect())
            }
            Value::Call(name, arguments) => {
                Value::Call(name, self.closed_arguments(&arguments, budget, problems))
            }
            Value::Int(_)
            | Value::Float(_)
            | Value::Bool(_)
            | Value::Percent(_)
            | Value::Angle(_)
            | Value::Epochs(_)
            | Value::Seconds(_)
            | Value::Size(_)
            | Value::Text(_)
            | Value::Word(_)
            | Value::Of(..)
            | Value::Other(_) => value,
        }
    }

    fn closed_arguments(
        &self,
        arguments: &[Argument],
        budget: &mut usize,
        problems: &mut Problems,
    ) -> Vec<Argument> {
        let close = |argument: &Argument| Argument {
            name: argument.name.clone(),
            value: self.closed_expr(&argument.value, budget, problems),
        };
        arguments.iter().map(close).collect()
    }

    fn closed_expr(&self, expr: &Expr, budget: &mut usize, problems: &mut Problems) -> Expr {
        *budget = budget.saturating_sub(1);
        if *budget == 0 {
            return expr.clone();
        }
        let mut inner = |part: &Expr| Box::new(self.closed_expr(part, budget, problems));
        let kind = match &expr.kind {
            ExprKind::Name(word) => match self.get(word) {
                Some(defined) => match self.read(&defined.worth, problems) {
                    Some(value) => literal(&value, expr.span).unwrap_or_else(|| expr.kind.clone()),
                    None => expr.kind.clone(),
                },
                None => expr.kind.clone(),
            },
            ExprKind::List(items) => ExprKind::List(items.iter().map(|item| *inner(item)).collect()),
            ExprKind::Map(pairs) => {
                ExprKind::Map(pairs.iter().map(|(key, value)| (key.clone(), *inner(value))).collect())
            }
            ExprKind::Call(name, arguments) => {
                ExprKind::Call(name.clone(), self.closed_arguments(arguments, budget, problems))
            }
            ExprKind::Negate(part) => ExprKind::Negate(inner(part)),
            ExprKind::Binary(op, left, right) => ExprKind::Binary(*op, inner(left), inner(right)),
            ExprKind::If(parts) => {
                ExprKind::If(Box::new([*inner(&parts[0]), *inner(&parts[1]), *inner(&parts[2])]))
            }
            ExprKind::Of(share, base) => ExprKind::Of(inner(share), base.clone()),
            ExprKind::Range { start, end, inclusive } => {
                ExprKind::Range { start: inner(start), end: inner(end), inclusive: *inclusive }
            }
            ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Quantity(..)
            | ExprKind::Size(_)
            | ExprKind::Text(_)
            | ExprKind::By(_)
            | ExprKind::Onward(_) => expr.kind.clone(),
        };
        Expr { kind, span: expr.span }
    }
}

/// A value as it would be written; `None` where there is no such expression.
fn literal(value: &Value, span: Span) -> Option<ExprKind> {
    let signed = |negative: bool, kind: ExprKind| {
        if negative { ExprKind::Negate(Box::new(Expr { kind, span })) } else { kind }
    };
    Some(match value {
        Value::Int(number) => signed(*number < 0, ExprKind::Int(number.unsigned_abs())),
        Value::Float(number) => signed(*number < 0.0, ExprKind::Float(number.abs())),
        Value::Bool(value) => ExprKind::Name(value.to_string()),
        Value::Percent(share) => signed(*share < 0.0, ExprKind::Quantity(share.abs() * 100.0, Unit::Percent)),
        Value::Angle(degrees) => signed(*degrees < 0.0, ExprKind::Quantity(degrees.abs(), Unit::Degrees)),
        Value::Epochs(epochs) => signed(*epochs < 0.0, ExprKind::Quantity(epochs.abs(), Unit::Epochs)),
        Value::Seconds(seconds) => {
            signed(*seconds < 0.0, ExprKind::Quantity(seconds.abs(), Unit::Other("s".to_owned())))
        }
        Value::Size(dims) => ExprKind::Size(dims.clone()),
        Value::Text(text) => ExprKind::Text(text.clone()),
        Value::Word(word) => ExprKind::Name(word.clone()),
        Value::List(items) => ExprKind::List(items.clone()),
        Value::Call(name, arguments) => ExprKind::Call(name.clone(), arguments.clone()),
        Value::Of(share, base) => {
            let share = Expr { kind: ExprKind::Quantity(share * 100.0, Unit::Percent), span };
            ExprKind::Of(Box::new(share), base.clone())
        }
        Value::Other(_) => return None,
    })
}
