//! Constants and their arithmetic, done while compiling.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::ast::{Argument, BinaryOp, Dim, Expr, ExprKind, Let, Name, Unit};
use crate::diag::{Code, Diagnostic, Mention, Problems, Term};
use crate::source::Span;

use super::names;
use super::reserved::is_reserved;
use super::search::SearchSpace;

/// A value, computed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Int(i64),
    Float(f64),
    Bool(bool),
    /// As a fraction: 20% is 0.2.
    Percent(f64),
    /// In degrees.
    Angle(f64),
    /// A number of epochs.
    Epochs(f64),
    /// A time in seconds.
    Seconds(f64),
    Size(Vec<Dim>),
    Text(String),
    /// A bare word that is no constant: a choice or a name, as its use says.
    Word(String),
    List(Vec<Expr>),
    /// `adam(…)`
    Call(Name, Vec<Argument>),
    /// `20% of train`
    Of(f64, Name),
    /// A form that only one use knows: its name in messages.
    Other(&'static str),
}

impl Value {
    /// What it is, in words.
    pub(super) fn describe(&self) -> String {
        match self {
            Value::Int(value) => format!("the number {value}"),
            Value::Float(value) => format!("the number {value}"),
            Value::Bool(value) => format!("`{value}`"),
            Value::Percent(_) => "a percentage".to_owned(),
            Value::Angle(_) => "an angle".to_owned(),
            Value::Epochs(_) => "a number of epochs".to_owned(),
            Value::Seconds(_) => "a time".to_owned(),
            Value::Size(_) => "a size".to_owned(),
            Value::Text(_) => "a text".to_owned(),
            Value::Word(word) => format!("`{word}`"),
            Value::List(_) => "a list".to_owned(),
            Value::Call(name, _) => format!("`{}(…)`", name.value),
            Value::Of(..) => "a share of a split".to_owned(),
            Value::Other(what) => (*what).to_owned(),
        }
    }

    /// How many parts are copied with it.
    fn parts(&self) -> usize {
        match self {
            Value::Text(text) | Value::Word(text) => 1 + text.len() / 16,
            Value::Size(dims) => 1 + dims.len(),
            Value::List(items) => 1 + items.len(),
            Value::Call(_, arguments) => 1 + arguments.len(),
            Value::Int(_)
            | Value::Float(_)
            | Value::Bool(_)
            | Value::Percent(_)
            | Value::Angle(_)
            | Value::Epochs(_)
            | Value::Seconds(_)
            | Value::Of(..)
            | Value::Other(_) => 1,
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Value::Int(value) => Some(*value as f64),
            Value::Float(value) => Some(*value),
            Value::Percent(value) => Some(*value),
            Value::Bool(_)
            | Value::Angle(_)
            | Value::Epochs(_)
            | Value::Seconds(_)
            | Value::Size(_)
            | Value::Text(_)
            | Value::Word(_)
            | Value::List(_)
            | Value::Call(..)
            | Value::Of(..)
            | Value::Other(_) => None,
        }
    }
}

/// The constants in sight.
#[derive(Debug, Clone, Default)]
pub(super) struct Constants {
    /// Those at the top of a file, which all its bodies share.
    of_file: Rc<Values>,
    /// Those of the bodies around this place.
    values: Values,
    /// What `values` held before each change, so that the end of a body can take back what was defined in it.
    changes: Vec<(String, Option<Defined>)>,
    classes: Option<usize>,
    /// What stands for each `search(…)`.
    search: Rc<SearchSpace>,
    work: Work,
}

/// A constant's value, if it has one, and where its name is given.
type Defined = (Option<Value>, Span);

type Values = BTreeMap<String, Defined>;

/// How many constants were defined at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark(usize);

/// What evaluating values has cost, in the parts of values that were looked at. A list that a constant stands for can be used again and again, and each time
/// it is gone through.
#[derive(Debug, Clone, Default)]
struct Work(Rc<Cell<usize>>);

/// Most parts of values that are looked at for a program.
const MOST_WORK: usize = 20_000_000;

impl Work {
    /// Adds to it; false where there has been too much, which is reported once.
    fn add(&self, parts: usize, span: Span, problems: &mut Problems) -> bool {
        let before = self.0.get();
        let after = before.saturating_add(parts);
        self.0.set(after);
        if before <= MOST_WORK && after > MOST_WORK {
            let problem = Diagnostic::new(Code::E0018).saying("work").arg("limit", MOST_WORK);
            problems.push(problem.at(span, "work-here"));
        }
        after <= MOST_WORK
    }
}

const FUNCTIONS: &[&str] = &["floor", "ceil", "round", "mod", "min", "max", "size"];

impl Constants {
    /// Tells how many classes the data have, if that is known.
    pub(super) fn set_classes(&mut self, classes: Option<usize>) {
        self.classes = classes;
    }

    /// Says what stands for each `search(…)`.
    pub(super) fn set_search(&mut self, search: SearchSpace) {
        self.search = Rc::new(search);
    }

    /// What is defined so far is what all bodies of the file share.
    pub(super) fn settle(&mut self) {
        let own = std::mem::take(&mut self.values);
        Rc::make_mut(&mut self.of_file).extend(own);
        self.changes.clear();
    }

    /// Constants of another file are used at a place where these are known: the classes are the same, and so is the work that may be done.
    pub(super) fn go_on_from(&mut self, here: &Constants) {
        self.classes = here.classes;
        self.work = here.work.clone();
    }

    /// What is defined now.
    pub(super) fn mark(&self) -> Mark {
        Mark(self.changes.len())
    }

    /// Takes back what was defined since a mark.
    pub(super) fn return_to(&mut self, mark: Mark) {
        for (name, before) in self.changes.drain(mark.0..).rev() {
            match before {
                Some(before) => drop(self.values.insert(name, before)),
                None => drop(self.values.remove(&name)),
            }
        }
    }

    fn get(&self, name: &str) -> Option<&Defined> {
        self.values.get(name).or_else(|| self.of_file.get(name))
    }

    fn insert(&mut self, name: &Name, value: Option<Value>) {
        let before = self.values.insert(name.value.clone(), (value, name.span));
        self.changes.push((name.value.clone(), before));
    }

    /// Whether there is a constant, parameter or index of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Defines constants in the order given; each may use those before it.
    pub(super) fn define_all<'l>(&mut self, lets: impl Iterator<Item = &'l Let>, problems: &mut Problems) {
        for constant in lets {
            self.define(constant, problems);
        }
    }

    /// Defines one constant. Choices win over constants, so a constant named like one could never be used.
    pub(super) fn define(&mut self, constant: &Let, problems: &mut Problems) {
        let name = &constant.name;
        if is_reserved(&name.value) {
            problems.push(Diagnostic::new(Code::E0020).arg("name", &name.value).at(name.span, "here"));
            return;
        }
        if let Some((_, first)) = self.get(&name.value) {
            let problem = Diagnostic::new(Code::E0014)
                .mention("what", Mention::Named(Term::Constant, name.value.clone()))
                .at(name.span, "second")
                .also(*first, "first");
            problems.push(problem);
            return;
        }
        let value = self.evaluate(&constant.value, problems);
        self.insert(name, value);
    }

    /// Whether a name can be one of a constant, parameter or index; E0020 where options take the word.
    pub(super) fn check_name(&self, name: &Name, problems: &mut Problems) -> bool {
        // a parameter may take the place of the data's count
        let taken = is_reserved(&name.value) && name.value != "classes";
        if taken {
            problems.push(Diagnostic::new(Code::E0020).arg("name", &name.value).at(name.span, "here"));
        }
        !taken
    }

    /// Gives a parameter or index its value, whatever the name stood for outside; `None` where it has none, which has been reported.
    pub(super) fn bind(&mut self, name: &Name, value: Option<Value>) {
        self.insert(name, value);
    }

    /// The value with the constants in it replaced by what they are, so that it means the same where others are in sight.
    pub(super) fn closed(&self, value: Value, span: Span, problems: &mut Problems) -> Value {
        // more than any list that people write; what is longer keeps its names
        const MOST: usize = 10_000;
        let mut budget = MOST;
        let closed = self.closed_within(value, &mut budget);
        self.work.add(MOST - budget, span, problems);
        closed
    }

    fn closed_within(&self, value: Value, budget: &mut usize) -> Value {
        match value {
            Value::List(items) => Value::List(items.iter().map(|item| self.closed_expr(item, budget)).collect()),
            Value::Call(name, arguments) => Value::Call(name, self.closed_arguments(&arguments, budget)),
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

    fn closed_arguments(&self, arguments: &[Argument], budget: &mut usize) -> Vec<Argument> {
        let close = |argument: &Argument, budget: &mut usize| Argument {
            name: argument.name.clone(),
            value: self.closed_expr(&argument.value, budget),
        };
        arguments.iter().map(|argument| close(argument, budget)).collect()
    }

    fn closed_expr(&self, expr: &Expr, budget: &mut usize) -> Expr {
        *budget = budget.saturating_sub(1);
        if *budget == 0 {
            return expr.clone();
        }
        let mut inner = |part: &Expr| Box::new(self.closed_expr(part, budget));
        let kind = match &expr.kind {
            ExprKind::Name(word) => match self.get(word) {
                Some((Some(value), _)) => literal(value, expr.span).unwrap_or_else(|| expr.kind.clone()),
                _ => expr.kind.clone(),
            },
            ExprKind::List(items) => ExprKind::List(items.iter().map(|item| *inner(item)).collect()),
            ExprKind::Map(pairs) => {
                ExprKind::Map(pairs.iter().map(|(key, value)| (key.clone(), *inner(value))).collect())
            }
            ExprKind::Call(name, arguments) => ExprKind::Call(name.clone(), self.closed_arguments(arguments, budget)),
            ExprKind::Negate(part) => ExprKind::Negate(inner(part)),
            ExprKind::Binary(op, left, right) => ExprKind::Binary(*op, inner(left), inner(right)),
            ExprKind::If(parts) => ExprKind::If(Box::new([*inner(&parts[0]), *inner(&parts[1]), *inner(&parts[2])])),
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

    /// The names of all constants.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().chain(self.of_file.keys()).map(String::as_str)
    }

    /// Whether the word is `classes` and the count is not known.
    pub(super) fn classes_are_unknown(&self, word: &str) -> bool {
        word == "classes" && self.classes.is_none()
    }

    /// The value of an expression; `None` where it has none, which has been reported.
    pub(super) fn evaluate(&self, expr: &Expr, problems: &mut Problems) -> Option<Value> {
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
            ExprKind::Name(word) => return self.word(word),
            ExprKind::List(items) => Value::List(items.clone()),
            ExprKind::Map(_) => Value::Other("a map"),
            ExprKind::Call(name, arguments) if FUNCTIONS.contains(&name.value.as_str()) => {
                return self.function(name, arguments, expr.span, problems);
            }
            ExprKind::Call(name, _) if name.value == "search" => {
                if let Some(value) = self.search.value_at(expr.span) {
                    return self.evaluate(value, problems);
                }
                if !self.search.is_broken(expr.span) {
                    let what = "`search` in a file that is used by another";
                    problems.push(Diagnostic::new(Code::E0010).arg("what", what).at(name.span, "here"));
                }
                return None;
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
            ExprKind::If(parts) => {
                let holds = match self.evaluate(&parts[0], problems)? {
                    Value::Bool(holds) => holds,
                    Value::Word(word) => {
                        let problem = self.unresolved(&word, parts[0].span, problems);
                        problems.push(problem);
                        return None;
                    }
                    other => {
                        problems.push(
                            Diagnostic::new(Code::E0011)
                                .arg("what", "if")
                                .arg("expected", "a condition")
                                .arg("found", other.describe())
                                .at(parts[0].span, "here"),
                        );
                        return None;
                    }
                };
                return self.evaluate(&parts[if holds { 1 } else { 2 }], problems);
            }
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

    fn word(&self, word: &str) -> Option<Value> {
        match word {
            _ if self.has(word) => {}
            "true" => return Some(Value::Bool(true)),
            "false" => return Some(Value::Bool(false)),
            "classes" => {
                let known = self.classes.and_then(|classes| i64::try_from(classes).ok());
                return Some(known.map_or_else(|| Value::Word(word.to_owned()), Value::Int));
            }
            _ => {}
        }
        match self.get(word) {
            Some((value, _)) => value.clone(),
            None => Some(Value::Word(word.to_owned())),
        }
    }

    /// Whether it is the name of a constant, parameter or index.
    fn is_constant(&self, expr: &Expr) -> bool {
        matches!(&expr.kind, ExprKind::Name(word) if self.has(word))
    }

    fn no_number<T>(&self, value: &Value, span: Span, problems: &mut Problems) -> Option<T> {
        if let Value::Word(word) = value {
            let problem = self.unresolved(word, span, problems);
            problems.push(problem);
        } else {
            let problem =
                Diagnostic::new(Code::E0011).saying("arithmetic").arg("found", value.describe()).at(span, "here");
            problems.push(problem);
        }
        None
    }

    /// E0016 for a word that should be a constant.
    pub(super) fn unresolved(&self, word: &str, span: Span, problems: &mut Problems) -> Diagnostic {
        if word == "classes" {
            return Diagnostic::new(Code::E0016).saying("classes").at(span, "classes-here").help("classes-help");
        }
        let problem = Diagnostic::new(Code::E0016).arg("name", word).at(span, "here");
        match names::nearest_of_many(problems, word, self.names()) {
            Some(near) => problem.arg("near", near).help("near").fix(span, near),
            None => problem.help("let"),
        }
    }

    fn binary(&self, op: BinaryOp, left: &Expr, right: &Expr, span: Span, problems: &mut Problems) -> Option<Value> {
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
                let exact = |a: i64, b: i64| a.checked_rem(b).filter(|rest| *rest == 0).and_then(|_| a.checked_div(b));
                whole(&a, &b, exact).unwrap_or(Value::Float(x / y))
            }
        };
        finite(value, span, problems)
    }

    fn function(&self, name: &Name, arguments: &[Argument], span: Span, problems: &mut Problems) -> Option<Value> {
        let mut values = Vec::new();
        for argument in arguments {
            let value = self.evaluate(&argument.value, problems)?;
            let Some(number) = value.number() else { return self.no_number(&value, argument.value.span, problems) };
            values.push((value, number));
        }
        let value = match (name.value.as_str(), &values[..]) {
            ("floor", [(_, x)]) => from_float(x.floor()),
            ("ceil", [(_, x)]) => from_float(x.ceil()),
            ("round", [(_, x)]) => from_float((x + 0.5).floor()),
            ("mod", [(a, x), (b, y)]) => whole(a, b, i64::checked_rem_euclid).unwrap_or(Value::Float(x.rem_euclid(*y))),
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
                problems
                    .push(Diagnostic::new(Code::E0017).saying("arguments").arg("name", &name.value).at(span, "here"));
                return None;
            }
        };
        finite(value, span, problems)
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
            problems.push(Diagnostic::new(Code::E0012).arg("unit", word).at(span, "here").help("units"));
            return None;
        }
    })
}
