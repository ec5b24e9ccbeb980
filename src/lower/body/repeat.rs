//! `repeat 3 { … }`: a body written several times.

use super::Lowering;
use super::scope::Named;
use crate::ast::{Expr, ExprKind, Repeat};
use crate::diag::Mention;
use crate::ir::{Scope, ScopeKind};
use crate::lower::constant::{Later, Value};
use crate::source::Span;

/// What is said to be wrong about the ends of a `repeat`: no word of the file.
const A_RANGE: Mention = Mention::Phrase("a range");

/// The turns of a repeat, with what the index is in each.
enum Turns {
    /// Numbers from the first up to the second, which is left out.
    Numbers(i64, i64),
    /// The items of a list.
    Items(Vec<Later>),
}

impl Turns {
    fn count(&self) -> usize {
        match self {
            Turns::Numbers(start, end) => usize::try_from(end.saturating_sub(*start)).unwrap_or(0),
            Turns::Items(items) => items.len(),
        }
    }

    /// The index of a turn.
    fn index(&self, turn: usize) -> Later {
        match self {
            Turns::Numbers(start, _) => {
                i64::try_from(turn).map(|turn| Later::from(Value::Int(start + turn))).unwrap_or_default()
            }
            Turns::Items(items) => items.get(turn).cloned().unwrap_or_default(),
        }
    }
}

impl<'f> Lowering<'_, 'f> {
    /// Evaluates the body once for each turn; with a name, each turn is a scope.
    pub(super) fn repeat(&mut self, repeat: &'f Repeat) {
        let turns =
            if repeat.index.is_some() { self.values(&repeat.count) } else { self.times(&repeat.count) };
        let Some(turns) = turns else { return self.give_up(repeat.span) };
        if let Some(index) = &repeat.index {
            self.cx.constants.check_name(index, &mut self.cx.problems);
        }
        let outer = self.cx.constants.mark();
        match &repeat.name {
            Some(_) => self.named(repeat, &turns),
            None => {
                self.repeats.push(Span::new(repeat.span.start, repeat.count.span.end));
                for turn in 0..turns.count() {
                    if self.net.stopped {
                        break;
                    }
                    self.turn(repeat, &turns, turn);
                }
                self.repeats.pop();
            }
        }
        self.cx.constants.return_to(outer);
    }

    fn turn(&mut self, repeat: &'f Repeat, turns: &Turns, turn: usize) {
        if let Some(index) = &repeat.index {
            self.cx.constants.bind(index, turns.index(turn));
        }
        // a turn without statements costs something too
        self.count(repeat.span);
        self.body(&repeat.body);
    }

    /// `stage = repeat 3 { … }`: paths are `stage.0.…`.
    fn named(&mut self, repeat: &'f Repeat, turns: &Turns) {
        let Some(name) = &repeat.name else { return };
        let prefix = self.scopes.path(self.scope, &format!("{}.", name.value));
        let all = self.scopes.open(prefix.clone(), None, None);
        let named = Named { value: self.current, place: name.span, scope: Some(all) };
        self.declare(Some(name), &name.value, name.span, named);
        let (around, repeats) = (self.scope, std::mem::take(&mut self.repeats));
        for turn in 0..turns.count() {
            let path = format!("{prefix}{turn}");
            self.scope = self.scopes.open(format!("{path}."), Some(around), Some(&repeat.body));
            let start = self.net.layers.len();
            let at = self.net.scopes.len();
            self.net.scopes.push(Scope {
                path,
                kind: ScopeKind::Turn,
                layers: start..start,
                span: repeat.span,
            });
            self.turn(repeat, turns, turn);
            if self.net.stopped {
                break;
            }
            self.net.scopes[at].layers.end = self.net.layers.len();
            let named = Named { value: self.current, place: name.span, scope: Some(self.scope) };
            self.scopes.insert(all, turn.to_string(), named);
        }
        self.scope = around;
        self.repeats = repeats;
        let named = Named { value: self.current, place: name.span, scope: Some(all) };
        self.scopes.complete(around, &name.value, named);
    }

    /// A number of turns.
    fn times(&mut self, expr: &Expr) -> Option<Turns> {
        if let ExprKind::Range { .. } = &expr.kind {
            self.cx.wrong_type(
                "repeat",
                "a number (a range with an index: `i in 0..3`)",
                &Value::Other("a range"),
                expr.span,
            );
            return None;
        }
        let count = self.cx.int("repeat", expr, 0, super::MOST_LAYERS)?;
        i64::try_from(count).ok().map(|count| Turns::Numbers(0, count))
    }

    /// What the index runs through: a range or a list.
    fn values(&mut self, expr: &Expr) -> Option<Turns> {
        if let ExprKind::Range { start, end, inclusive } = &expr.kind {
            let (first, last) = (self.bound(start), self.bound(end));
            let end = last?.checked_add(i64::from(*inclusive))?;
            return Some(Turns::Numbers(first?, end));
        }
        match self.cx.value(expr)? {
            Value::List(items) => Some(Turns::Items(items.iter().map(|item| self.cx.later(item)).collect())),
            other => {
                self.cx.wrong_type("in", "a range such as `0..3` or a list", &other, expr.span);
                None
            }
        }
    }

    /// An end of a range.
    fn bound(&mut self, expr: &Expr) -> Option<i64> {
        let value = self.cx.value(expr)?;
        if let Value::Int(number) = value {
            if number.unsigned_abs() <= super::MOST_LAYERS as u64 {
                return Some(number);
            }
            self.cx.out_of_range(
                A_RANGE,
                &format!("between -{0} and {0}", super::MOST_LAYERS),
                number,
                expr.span,
            );
            return None;
        }
        self.cx.wrong_type(A_RANGE, "whole numbers", &value, expr.span);
        None
    }
}
