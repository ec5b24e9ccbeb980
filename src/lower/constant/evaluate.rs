//! Expressions to their values.

use super::arithmetic::FUNCTIONS;
use super::{Classes, Constants, Value};
use crate::ast::{Expr, ExprKind, Name, Unit};
use crate::diag::{Code, Diagnostic, Problems};
use crate::lower::names;
use crate::source::Span;

impl Constants {
    /// The value of an expression; `None` where it has none, which has been reported.
    pub(in crate::lower) fn evaluate(&self, expr: &Expr, problems: &mut Problems) -> Option<Value> {
        if !self.work.add(1, expr.span, problems) {
            return None;
        }
        let value = self.evaluate_one(expr, problems)?;
        self.work.add(value.parts() - 1, expr.span, problems).then_some(value)
    }

    fn evaluate_one(&self, expr: &Expr, problems: &mut Problems) -> Option<Value> {
        Some(match &expr.kind {
            ExprKind::Int(value) => match i64::try_from(*value) {
                Ok(value) => Value::Int(value),
                Err(_) => Value::Float(*value as f64),
            },
            ExprKind::Float(value) => return not_too_large(Value::Float(*value), expr.span, problems),
            ExprKind::Quantity(value, unit) => {
                let value = quantity(*value, unit, expr.span, problems)?;
                return not_too_large(value, expr.span, problems);
            }
            ExprKind::Size(dims) => Value::Size(dims.clone()),
            ExprKind::Text(text) => Value::Text(text.clone()),
            ExprKind::Name(word) => return self.word(word, problems),
            ExprKind::List(items) => Value::List(items.clone()),
            ExprKind::Map(_) => Value::Other("a map"),
            ExprKind::Call(name, arguments) if FUNCTIONS.contains(&name.value.as_str()) => {
                return self.function(name, arguments, expr.span, problems);
            }
            ExprKind::Call(name, _) if name.value == "search" => {
                return self.searched(name, expr.span, problems);
            }
            ExprKind::Call(name, arguments) => Value::Call(name.clone(), arguments.clone()),
            ExprKind::Negate(inner) => match self.evaluate(inner, problems)? {
                Value::Int(value) => value.checked_neg().map_or(Value::Float(-(value as f64)), Value::Int),
                Value::Float(value) => Value::Float(-value),
                Value::Percent(value) => Value::Percent(-value),
                Value::Angle(value) => Value::Angle(-value),
                other => return self.no_number(&other, inner.span, problems),
            },
            ExprKind::Binary(op, left, right) => return self.binary(*op, left, right, expr.span, problems),
            ExprKind::If(parts) => return self.branch(parts, problems),
            ExprKind::Of(share, base) => {
                let value = self.evaluate(share, problems)?;
                match value.number() {
                    Some(share) => Value::Of(share, base.clone()),
                    None => return self.no_number(&value, share.span, problems),
                }
            }
            ExprKind::By(_) => Value::Other("a grouping"),
            ExprKind::Onward(_) => Value::Other("a range of layers"),
            ExprKind::Range { .. } => Value::Other("a range"),
        })
    }

    /// What stands for a `search(…)` at the point of the search.
    fn searched(&self, name: &Name, span: Span, problems: &mut Problems) -> Option<Value> {
        if let Some(stand) = self.search.value_at(span) {
            self.reads.add(stand.parameter);
            return self.evaluate(&stand.value, problems);
        }
        if !self.search.is_broken(span) {
            let what = "`search` in a file that is used by another";
            problems.push(Diagnostic::new(Code::E0010).arg("what", what).at(name.span, "here"));
        }
        None
    }

    /// The value of a condition's branch.
    fn branch(&self, [condition, then, otherwise]: &[Expr; 3], problems: &mut Problems) -> Option<Value> {
        let problem = match self.evaluate(condition, problems)? {
            Value::Bool(true) => return self.evaluate(then, problems),
            Value::Bool(false) => return self.evaluate(otherwise, problems),
            Value::Word(word) => self.unresolved(&word, condition.span, problems),
            other => Diagnostic::new(Code::E0011)
                .arg("what", "if")
                .arg("expected", "a condition")
                .arg("found", other.describe())
                .at(condition.span, "here"),
        };
        problems.push(problem);
        None
    }

    fn word(&self, word: &str, problems: &mut Problems) -> Option<Value> {
        match word {
            _ if self.has(word) => {}
            "true" => return Some(Value::Bool(true)),
            "false" => return Some(Value::Bool(false)),
            "classes" => {
                let known = match self.classes {
                    Classes::Known(classes) => i64::try_from(classes).ok(),
                    Classes::NoData | Classes::Unknown(_) | Classes::Numbers => None,
                };
                return Some(known.map_or_else(|| Value::Word(word.to_owned()), Value::Int));
            }
            _ => {}
        }
        match self.get(word) {
            Some(defined) => self.read(&defined.worth, problems),
            None => Some(Value::Word(word.to_owned())),
        }
    }

    /// Whether it is the name of a constant, parameter or index.
    pub(super) fn is_constant(&self, expr: &Expr) -> bool {
        matches!(&expr.kind, ExprKind::Name(word) if self.has(word))
    }

    pub(super) fn no_number<T>(&self, value: &Value, span: Span, problems: &mut Problems) -> Option<T> {
        if let Value::Word(word) = value {
            let problem = self.unresolved(word, span, problems);
            problems.push(problem);
        } else {
            let problem = Diagnostic::new(Code::E0011)
                .saying("arithmetic")
                .arg("found", value.describe())
                .at(span, "here");
            problems.push(problem);
        }
        None
    }

    /// E0016 for a word that should be a constant.
    pub(in crate::lower) fn unresolved(&self, word: &str, span: Span, problems: &mut Problems) -> Diagnostic {
        if word == "classes" {
            let problem = Diagnostic::new(Code::E0016).at(span, "classes-here");
            return match &self.classes {
                Classes::Unknown(data) => {
                    problem.saying("classes-absent").arg("data", data).help("classes-list")
                }
                Classes::Numbers => problem.saying("classes-numbers").help("classes-count"),
                Classes::NoData | Classes::Known(_) => problem.saying("classes").help("classes-help"),
            };
        }
        let problem = Diagnostic::new(Code::E0016).arg("name", word).at(span, "here");
        let known = self.names().chain(matches!(self.classes, Classes::Known(_)).then_some("classes"));
        match names::nearest_of_many(problems, word, known) {
            Some(near) => problem.arg("near", near).help("near").fix(span, near),
            None => problem.help("let"),
        }
    }
}

/// Units as they may be called elsewhere, and here.
const OTHER_UNITS: &[(&[&str], &str)] = &[
    (&["pct", "percent", "pc"], "%"),
    (&["d", "degree", "degrees", "Deg", "DEG"], "deg"),
    (&["turns"], "turn"),
    (&["rads", "radian", "radians"], "rad"),
    (&["sec", "secs", "second", "seconds"], "s"),
    (&["m", "mins", "minute", "minutes"], "min"),
    (&["H", "hr", "hrs", "hour", "hours"], "h"),
    (&["ep", "eps"], " epochs"),
];

/// E0017 for a number that is written, and larger than any that can be.
fn not_too_large(value: Value, span: Span, problems: &mut Problems) -> Option<Value> {
    let number = match &value {
        Value::Float(number)
        | Value::Percent(number)
        | Value::Angle(number)
        | Value::Epochs(number)
        | Value::Seconds(number) => *number,
        Value::Int(_)
        | Value::Bool(_)
        | Value::Size(_)
        | Value::Text(_)
        | Value::Word(_)
        | Value::List(_)
        | Value::Call(..)
        | Value::Of(..)
        | Value::Other(_) => return Some(value),
    };
    if number.is_finite() {
        return Some(value);
    }
    problems.push(Diagnostic::new(Code::E0017).saying("large").at(span, "large-here"));
    None
}

fn quantity(value: f64, unit: &Unit, span: Span, problems: &mut Problems) -> Option<Value> {
    Some(match unit {
        Unit::Percent => Value::Percent(value / 100.0),
        Unit::Degrees => Value::Angle(value),
        Unit::Turns => Value::Angle(value * 360.0),
        Unit::Radians => Value::Angle(value.to_degrees()),
        Unit::Epochs => Value::Epochs(value),
        Unit::Other(word) if word == "s" => Value::Seconds(value),
        Unit::Other(word) if word == "min" => Value::Seconds(value * 60.0),
        Unit::Other(word) if word == "h" => Value::Seconds(value * 3600.0),
        Unit::Other(word) => {
            let problem = Diagnostic::new(Code::E0012).arg("unit", word).at(span, "here");
            let meant = OTHER_UNITS.iter().find(|(others, _)| others.contains(&word.as_str()));
            problems.push(match meant {
                Some((_, unit)) => {
                    let written = format!("{value}{unit}");
                    problem.arg("written", &written).help("written").fix(span, written)
                }
                None => problem.help("units"),
            });
            return None;
        }
    })
}
