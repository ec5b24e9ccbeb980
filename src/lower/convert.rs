//! Values to types: what an option takes, what it got, and the report where they differ.

use super::Cx;
use super::constant::{Later, Parameters, Value};
use super::names::{list_below, nearest_of_many};
use crate::ast::{Dim, Expr, ExprKind};
use crate::diag::{Code, Diagnostic, Mention};
use crate::source::{Span, Spanned};
use crate::vocabulary::{MOST, WIDEST};

/// Longest time limit: a year.
const LONGEST_SECONDS: f64 = 366.0 * 86_400.0;

/// Whether a text is written like a name.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
}

impl Cx {
    /// The value; `None` where it has none, which has been reported.
    pub(super) fn value(&mut self, expr: &Expr) -> Option<Value> {
        self.constants.evaluate(expr, &mut self.problems)
    }

    /// The value, for whoever reads it later.
    pub(super) fn later(&mut self, expr: &Expr) -> Later {
        self.constants.later(&mut self.problems, |constants, problems| constants.evaluate(expr, problems))
    }

    /// Runs something, and says which parameters of the search it has read.
    pub(super) fn reading<T>(&mut self, run: impl FnOnce(&mut Cx) -> T) -> (T, Parameters) {
        let before = self.constants.begin_reading();
        let made = run(self);
        (made, self.constants.end_reading(before))
    }

    /// E0011, or E0016 where a word was written that is no constant.
    pub(super) fn wrong_type(&mut self, what: impl Into<Mention>, expected: &str, found: &Value, span: Span) {
        if let Value::Word(word) = found {
            let needless = self.constants.classes_are_unknown(word) && !self.data_known;
            if !needless {
                let problem = self.constants.unresolved(word, span, &mut self.problems);
                let problem = problem.mention("what", what.into()).arg("expected", expected);
                self.report(if word == "classes" { problem } else { problem.note("takes") });
            }
            return;
        }
        if let Value::Text(text) = found {
            return self.quoted_value(what.into(), expected, (text, span));
        }
        let problem = Diagnostic::new(Code::E0011)
            .mention("what", what.into())
            .arg("expected", expected)
            .arg("found", found.describe())
            .at(span, "here");
        self.report(problem);
    }

    /// E0011 with what was probably meant, where that is known.
    pub(super) fn wrong_type_for(
        &mut self,
        (what, expected): (&str, &str),
        found: &Value,
        span: Span,
        meant: Option<String>,
    ) {
        let Some(written) = meant else { return self.wrong_type(what, expected, found, span) };
        let problem = Diagnostic::new(Code::E0011)
            .arg("what", what)
            .arg("expected", expected)
            .arg("found", found.describe())
            .arg("written", &written)
            .at(span, "here")
            .help("written");
        self.report(problem.fix(span, written));
    }

    pub(super) fn out_of_range(
        &mut self,
        what: impl Into<Mention>,
        expected: &str,
        value: impl ToString,
        span: Span,
    ) {
        let problem = Diagnostic::new(Code::E0018)
            .mention("what", what.into())
            .arg("expected", expected)
            .arg("value", value)
            .at(span, "here");
        self.report(problem);
    }

    /// A whole number in `least..=most`.
    pub(super) fn int(&mut self, what: &str, expr: &Expr, least: usize, most: usize) -> Option<usize> {
        let value = self.value(expr)?;
        let Value::Int(number) = value else {
            // what counts epochs anyway has no unit
            let meant = match value {
                Value::Epochs(epochs) if epochs.fract() == 0.0 => Some(format!("{epochs}")),
                _ => None,
            };
            self.wrong_type_for((what, "a whole number"), &value, expr.span, meant);
            return None;
        };
        match usize::try_from(number).ok().filter(|n| (least..=most).contains(n)) {
            Some(number) => Some(number),
            None => {
                let expected = if most == usize::MAX {
                    format!("a whole number from {least} on")
                } else {
                    format!("a whole number in {least}..{most}")
                };
                self.out_of_range(what, &expected, number, expr.span);
                None
            }
        }
    }

    /// Any number that the program can calculate with, which it does in 32 bits. There is one zero: a
    /// negative one would not come back from a text.
    pub(super) fn number(&mut self, what: &str, expr: &Expr) -> Option<f64> {
        let number = match self.value(expr)? {
            Value::Int(number) => number as f64,
            Value::Float(number) => number,
            other => {
                self.wrong_type(what, "a number", &other, expr.span);
                return None;
            }
        };
        if (number as f32).is_finite() {
            return Some(number + 0.0);
        }
        self.out_of_range(what, "in -3.4e38..3.4e38", format!("{number:e}"), expr.span);
        None
    }

    /// A number above 0 (E0508 for rates, E0018 else).
    pub(super) fn positive(&mut self, what: &str, expr: &Expr) -> Option<f32> {
        let number = self.number(what, expr)?;
        // a number so small that f32 holds 0 counts as 0
        if number as f32 > 0.0 && (number as f32).is_finite() {
            return Some(number as f32);
        }
        self.out_of_range(what, "a number above 0", number, expr.span);
        None
    }

    /// A learning rate.
    pub(super) fn learning_rate(&mut self, expr: &Expr) -> Option<f32> {
        let number = self.number("lr", expr)?;
        if number as f32 > 0.0 && (number as f32).is_finite() {
            return Some(number as f32);
        }
        let problem = Diagnostic::new(Code::E0508)
            .saying("lr")
            .arg("value", number)
            .at(expr.span, "here")
            .help("lr-help");
        self.report(problem);
        None
    }

    /// A number from 0 on.
    pub(super) fn non_negative(&mut self, what: &str, expr: &Expr) -> Option<f32> {
        let number = self.number(what, expr)?;
        if number >= 0.0 && (number as f32).is_finite() {
            return Some(number as f32);
        }
        self.out_of_range(what, "a number from 0 on", number, expr.span);
        None
    }

    /// A share in 0..=1 (below 1 with `below_one`), written `0.25` or `25%`; E0508 outside.
    pub(super) fn share(&mut self, what: &str, expr: &Expr, below_one: bool) -> Option<f32> {
        let value = match self.value(expr)? {
            Value::Int(number) => number as f64,
            Value::Float(number) | Value::Percent(number) => number,
            other => {
                self.wrong_type(what, "a share such as 25% or 0.25", &other, expr.span);
                return None;
            }
        };
        // what is nearly 1 may be 1 in 32 bits
        let rounded = value as f32 + 0.0;
        let fits = if below_one { (0.0..1.0).contains(&rounded) } else { (0.0..=1.0).contains(&rounded) };
        if fits {
            return Some(rounded);
        }
        let range = if below_one { "0..1, 1 itself left out" } else { "0..1" };
        let problem = Diagnostic::new(Code::E0508)
            .mention("what", what.into())
            .arg("value", value)
            .arg("range", range)
            .at(expr.span, "here");
        let problem = if (1.0..100.0).contains(&value) && value > 1.0 {
            problem
                .arg("percent", format!("{value}%"))
                .help("percent-help")
                .fix(expr.span, format!("{value}%"))
        } else {
            problem
        };
        self.report(problem);
        None
    }

    /// An angle in degrees; a bare number has no unit (E0405).
    pub(super) fn angle(&mut self, what: &str, expr: &Expr) -> Option<f32> {
        let degrees = match self.value(expr)? {
            Value::Angle(degrees) => degrees,
            number @ (Value::Int(_) | Value::Float(_)) => {
                let text = match number {
                    Value::Int(n) => n.to_string(),
                    _ => crate::ast::print_expr(expr),
                };
                let problem = Diagnostic::new(Code::E0405)
                    .mention("what", what.into())
                    .arg("number", &text)
                    .at(expr.span, "here")
                    .help("unit")
                    .fix(expr.span, format!("{text}deg"));
                self.report(problem);
                return None;
            }
            other => {
                self.wrong_type(what, "an angle such as 20deg", &other, expr.span);
                return None;
            }
        };
        if (0.0..=360.0).contains(&degrees) {
            return Some(degrees as f32 + 0.0);
        }
        self.out_of_range(what, "an angle in 0deg..360deg", format!("{degrees}deg"), expr.span);
        None
    }

    /// A duration in epochs, above 0; a bare number has no unit (E0405).
    pub(super) fn epochs(&mut self, what: &str, expr: &Expr) -> Option<Spanned<f64>> {
        let value = self.value(expr)?;
        let epochs = match value {
            Value::Epochs(epochs) => epochs,
            Value::Int(_) | Value::Float(_) => {
                let text = crate::ast::print_expr(expr);
                let problem = Diagnostic::new(Code::E0405)
                    .mention("what", what.into())
                    .arg("number", &text)
                    .at(expr.span, "epochs-here")
                    .help("epochs-unit")
                    .fix(expr.span, format!("{text} epochs"));
                self.report(problem);
                return None;
            }
            other => {
                self.wrong_type(what, "a number of epochs such as `5 epochs`", &other, expr.span);
                return None;
            }
        };
        if epochs > 0.0 && epochs <= MOST as f64 {
            return Some(Spanned::new(epochs, expr.span));
        }
        self.out_of_range(what, "above 0 epochs", format!("{epochs} epochs"), expr.span);
        None
    }

    /// A time in seconds, above 0; a bare number has no unit (E0405).
    pub(super) fn seconds(&mut self, what: &str, expr: &Expr) -> Option<f64> {
        let seconds = match self.value(expr)? {
            Value::Seconds(seconds) => seconds,
            Value::Int(_) | Value::Float(_) => {
                let text = crate::ast::print_expr(expr);
                let problem = Diagnostic::new(Code::E0405)
                    .mention("what", what.into())
                    .arg("number", &text)
                    .at(expr.span, "time-here")
                    .help("time-unit");
                self.report(problem);
                return None;
            }
            other => {
                self.wrong_type(what, "a time such as `2h` or `30min`", &other, expr.span);
                return None;
            }
        };
        if seconds > 0.0 && seconds <= LONGEST_SECONDS {
            return Some(seconds);
        }
        self.out_of_range(what, "above 0 and at most a year", format!("{seconds}s"), expr.span);
        None
    }

    /// `true` or `false`
    pub(super) fn bool(&mut self, what: &str, expr: &Expr) -> Option<bool> {
        match self.value(expr)? {
            Value::Bool(value) => Some(value),
            Value::Word(word) => {
                self.wrong_choice(what, &word, &["true", "false"], expr.span);
                None
            }
            Value::Text(text) => {
                self.quoted_word(what, "`true` or `false`", (&text, expr.span), &["true", "false"]);
                None
            }
            other => {
                let meant = match other {
                    Value::Int(1) => Some("true".to_owned()),
                    Value::Int(0) => Some("false".to_owned()),
                    _ => None,
                };
                self.wrong_type_for((what, "`true` or `false`"), &other, expr.span, meant);
                None
            }
        }
    }

    /// A text.
    pub(super) fn text(&mut self, what: &str, expr: &Expr) -> Option<Spanned<String>> {
        if self.reports_bare_text(what, expr) {
            return None;
        }
        match self.value(expr)? {
            Value::Text(text) => Some(Spanned::new(text, expr.span)),
            other => {
                let found = if let Value::Word(_) = other { Value::Other("a bare word") } else { other };
                self.wrong_type(what, "a text in quotes", &found, expr.span);
                None
            }
        }
    }

    /// E0009: a word that is none of the choices.
    pub(super) fn wrong_choice(&mut self, what: &str, found: &str, choices: &[&str], span: Span) {
        let problem = Diagnostic::new(Code::E0009)
            .mention("what", what.into())
            .arg("found", found)
            .arg("choices", list_below(choices.iter().copied()))
            .at(span, "here");
        let problem = match nearest_of_many(&mut self.problems, found, choices.iter().copied()) {
            Some(near) => problem.arg("near", near).help("near").fix(span, near),
            None => problem.help("choices"),
        };
        self.report(problem);
    }

    /// One of a closed set of words. Choices win over constants, so the word itself is asked first.
    pub(super) fn choice<T: Copy>(&mut self, what: &str, expr: &Expr, choices: &[(&str, T)]) -> Option<T> {
        let named = |word: &str| choices.iter().find(|(name, _)| *name == word).map(|(_, choice)| *choice);
        if let ExprKind::Name(word) = &expr.kind
            && let Some(choice) = named(word)
        {
            return Some(choice);
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let example = names.first().copied().unwrap_or("");
        if let ExprKind::Text(text) = &expr.kind {
            self.quoted_word(what, &format!("a word such as `{example}`"), (text, expr.span), &names);
            return None;
        }
        let word = self.word(what, expr, example)?;
        if let Some(choice) = named(&word) {
            return Some(choice);
        }
        self.wrong_choice(what, &word, &names, expr.span);
        None
    }

    /// A bare word; `example` is one that would be right.
    pub(super) fn word(&mut self, what: &str, expr: &Expr, example: &str) -> Option<String> {
        if let ExprKind::Name(word) = &expr.kind
            && !self.constants.has(word)
        {
            return Some(word.clone());
        }
        match self.value(expr)? {
            Value::Word(word) => Some(word),
            Value::Text(text) => {
                let words: &[&str] = if is_name(&text) { &[&text] } else { &[] };
                self.quoted_word(what, &format!("a word such as `{example}`"), (&text, expr.span), words);
                None
            }
            other => {
                self.wrong_type(what, &format!("a word such as `{example}`"), &other, expr.span);
                None
            }
        }
    }

    /// The items of a list; anything else counts as a list of one.
    pub(super) fn items(&mut self, expr: &Expr) -> Option<Vec<Expr>> {
        match &expr.kind {
            ExprKind::List(items) => Some(items.clone()),
            _ => match self.value(expr)? {
                Value::List(items) => Some(items),
                _ => Some(vec![expr.clone()]),
            },
        }
    }

    /// The extents of a size, all known and in 1..=65536.
    pub(super) fn size(&mut self, what: &str, dims: &[Dim], span: Span) -> Option<Vec<usize>> {
        self.size_from(1, what, dims, span)
    }

    /// The extents of a size, all known and in `least..=65536`.
    pub(super) fn size_from(
        &mut self,
        least: usize,
        what: &str,
        dims: &[Dim],
        span: Span,
    ) -> Option<Vec<usize>> {
        let mut extents = Vec::with_capacity(dims.len());
        for dim in dims {
            match dim {
                Dim::Open => {
                    // only a picture's height and width can be left open: `input(?x?x3)`
                    self.out_of_range(what, &format!("extents in 1..{WIDEST}"), "?", span);
                    return None;
                }
                Dim::Known(extent) => {
                    let fits =
                        usize::try_from(*extent).ok().filter(|extent| (least..=WIDEST).contains(extent));
                    let Some(extent) = fits else {
                        self.out_of_range(what, &format!("extents in {least}..{WIDEST}"), extent, span);
                        return None;
                    };
                    extents.push(extent);
                }
            }
        }
        Some(extents)
    }
}
