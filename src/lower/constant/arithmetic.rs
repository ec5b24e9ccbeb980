//! Operators and functions of numbers.

use super::{Constants, Value};
use crate::ast::{Argument, BinaryOp, Dim, Expr, Name};
use crate::diag::{Code, Diagnostic, Problems};
use crate::source::Span;

/// Functions that expressions may call.
pub(in crate::lower) const FUNCTIONS: &[&str] = &["floor", "ceil", "round", "mod", "min", "max", "size"];

impl Constants {
    /// The value of `left op right`. Long: what is refused has its message where it is found.
    pub(super) fn binary(
        &self,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        span: Span,
        problems: &mut Problems,
    ) -> Option<Value> {
        let (a, b) = (self.evaluate(left, problems), self.evaluate(right, problems));
        let (a, b) = (a?, b?);
        if let (Value::Word(word), Value::Word(_)) = (&a, &b)
            && ![left, right].iter().any(|side| self.is_constant(side))
        {
            // two bare words: neither of them can be meant as it is written
            let problem = self.unresolved(word, left.span, problems);
            problems.push(problem);
            return None;
        }
        let comparable = matches!(
            (&a, &b),
            (Value::Word(_) | Value::Call(..), Value::Word(_))
                | (Value::Word(_), Value::Call(..))
                | (Value::Bool(_), Value::Bool(_))
                | (Value::Text(_), Value::Text(_))
                | (Value::Size(_), Value::Size(_))
        );
        if comparable {
            match op {
                BinaryOp::Equal => return Some(Value::Bool(a == b)),
                BinaryOp::NotEqual => return Some(Value::Bool(a != b)),
                BinaryOp::Add
                | BinaryOp::Sub
                | BinaryOp::Mul
                | BinaryOp::Div
                | BinaryOp::Less
                | BinaryOp::LessEqual
                | BinaryOp::Greater
                | BinaryOp::GreaterEqual => {}
            }
        }
        let Some(x) = a.number() else { return self.no_number(&a, left.span, problems) };
        let Some(y) = b.number() else { return self.no_number(&b, right.span, problems) };
        let value = match op {
            BinaryOp::Equal => return Some(Value::Bool(x == y)),
            BinaryOp::NotEqual => return Some(Value::Bool(x != y)),
            BinaryOp::Less => return Some(Value::Bool(x < y)),
            BinaryOp::LessEqual => return Some(Value::Bool(x <= y)),
            BinaryOp::Greater => return Some(Value::Bool(x > y)),
            BinaryOp::GreaterEqual => return Some(Value::Bool(x >= y)),
            BinaryOp::Add => whole(&a, &b, i64::checked_add).unwrap_or(Value::Float(x + y)),
            BinaryOp::Sub => whole(&a, &b, i64::checked_sub).unwrap_or(Value::Float(x - y)),
            BinaryOp::Mul => whole(&a, &b, i64::checked_mul).unwrap_or(Value::Float(x * y)),
            BinaryOp::Div => {
                let exact = |a: i64, b: i64| {
                    a.checked_rem(b).filter(|rest| *rest == 0).and_then(|_| a.checked_div(b))
                };
                whole(&a, &b, exact).unwrap_or(Value::Float(x / y))
            }
        };
        finite(value, span, problems)
    }

    pub(super) fn function(
        &self,
        name: &Name,
        arguments: &[Argument],
        span: Span,
        problems: &mut Problems,
    ) -> Option<Value> {
        let mut values = Vec::new();
        for argument in arguments {
            let value = self.evaluate(&argument.value, problems)?;
            let Some(number) = value.number() else {
                return self.no_number(&value, argument.value.span, problems);
            };
            values.push((value, number));
        }
        let value = match (name.value.as_str(), &values[..]) {
            ("floor", [(_, x)]) => from_float(x.floor()),
            ("ceil", [(_, x)]) => from_float(x.ceil()),
            ("round", [(_, x)]) => from_float((x + 0.5).floor()),
            ("mod", [(a, x), (b, y)]) => {
                whole(a, b, i64::checked_rem_euclid).unwrap_or(Value::Float(x.rem_euclid(*y)))
            }
            ("min", [(a, x), (b, y)]) => {
                if x <= y {
                    a.clone()
                } else {
                    b.clone()
                }
            }
            ("max", [(a, x), (b, y)]) => {
                if x >= y {
                    a.clone()
                } else {
                    b.clone()
                }
            }
            ("size", [_, _, ..]) => {
                let dims = values.iter().map(|(value, _)| match value {
                    Value::Int(extent) => u64::try_from(*extent).ok().map(Dim::Known),
                    _ => None,
                });
                match dims.collect::<Option<Vec<Dim>>>() {
                    Some(dims) => Value::Size(dims),
                    None => Value::Float(f64::NAN),
                }
            }
            _ => {
                problems.push(
                    Diagnostic::new(Code::E0017)
                        .saying("arguments")
                        .arg("name", &name.value)
                        .at(span, "here"),
                );
                return None;
            }
        };
        finite(value, span, problems)
    }
}

fn whole(a: &Value, b: &Value, op: impl Fn(i64, i64) -> Option<i64>) -> Option<Value> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => op(*a, *b).map(Value::Int),
        _ => None,
    }
}

fn from_float(value: f64) -> Value {
    // whole numbers up to 2^53 are exact in a float
    if value.abs() <= 9_007_199_254_740_992.0 { Value::Int(value as i64) } else { Value::Float(value) }
}

/// E0017 for a result that is no number.
fn finite(value: Value, span: Span, problems: &mut Problems) -> Option<Value> {
    if matches!(value, Value::Float(number) if !number.is_finite()) {
        problems.push(Diagnostic::new(Code::E0017).at(span, "here"));
        return None;
    }
    Some(value)
}
