//! The numbers of a parameter on a line, where equal lengths are equally likely.

use crate::space::{Domain, Value};

/// A parameter that is a number.
///
/// Its coordinate is the number itself, or the logarithm where the range is in the log. Where there are
/// single values each has a cell that reaches half a step to both sides; so the line is longer than from the
/// first value to the last, and a place that is drawn evenly gives each value with the probability of its
/// cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line<'a> {
    domain: &'a Domain,
    first: f64,
    last: f64,
    step: Option<f64>,
    log: bool,
}

impl<'a> Line<'a> {
    /// The line of a parameter; `None` where it is a word.
    pub(crate) fn of(domain: &'a Domain) -> Option<Self> {
        match *domain {
            Domain::Choices(_) => None,
            Domain::Steps { low, step, count } => {
                let last = low + count.saturating_sub(1) as f64 * step;
                Some(Self { domain, first: low, last, step: Some(step), log: false })
            }
            Domain::Range { low, high, log, whole } => {
                Some(Self { domain, first: low, last: high, step: whole.then_some(1.0), log })
            }
        }
    }

    /// Where the line begins and ends, as coordinates.
    pub(crate) fn ends(&self) -> (f64, f64) {
        let half = self.step.unwrap_or(0.0) / 2.0;
        (self.scaled(self.first - half), self.scaled(self.last + half))
    }

    /// Where a number lies on the line, as a coordinate.
    pub(crate) fn coordinate(&self, number: f64) -> f64 {
        self.scaled(number)
    }

    /// Where a number lies on the line, from 0 to 1.
    pub(crate) fn place(&self, number: f64) -> f64 {
        let (low, high) = self.ends();
        (self.scaled(number) - low) / (high - low)
    }

    /// The cell of a value, as coordinates; `None` where any number may be.
    pub(crate) fn cell(&self, number: f64) -> Option<(f64, f64)> {
        let half = self.step? / 2.0;
        Some((self.scaled(number - half), self.scaled(number + half)))
    }

    /// The value whose cell a coordinate is in. Where any number may be: one with few digits.
    pub(crate) fn value(&self, coordinate: f64) -> Value {
        let number = if self.log { coordinate.exp() } else { coordinate };
        match self.step {
            Some(step) => {
                let index = ((number - self.first) / step).round();
                let last = self.domain.count().unwrap_or(1).saturating_sub(1);
                self.domain.at((index.max(0.0) as usize).min(last))
            }
            None => Value::Number(self.short(number).clamp(self.first, self.last)),
        }
    }

    /// A number with as many digits as tell apart a hundred thousand values of the range: people read it, and
    /// write it into other files.
    fn short(&self, number: f64) -> f64 {
        let digits = if self.log {
            format!("{number:.5e}")
        } else {
            let finest = (self.last - self.first) * 1e-5;
            format!("{number:.*}", (-finest.log10()).ceil().clamp(0.0, 340.0) as usize)
        };
        digits.parse().unwrap_or(number)
    }

    fn scaled(&self, number: f64) -> f64 {
        if self.log { number.ln() } else { number }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_cells() {
        let steps = Domain::Steps { low: 0.1, step: 0.1, count: 5 };
        let line = Line::of(&steps).expect("numbers");
        assert!((line.ends().0 - 0.05).abs() < 1e-12 && (line.ends().1 - 0.55).abs() < 1e-12);
        assert_eq!(line.value(0.26), Value::Number(0.3));
        assert_eq!([-1.0, 9.0].map(|x| line.value(x)), [0.1, 0.5].map(Value::Number));
        assert!((line.place(0.3) - 0.5).abs() < 1e-12);
        let whole = Domain::Range { low: 1.0, high: 100.0, log: true, whole: true };
        let line = Line::of(&whole).expect("numbers");
        assert_eq!(line.value(7.4_f64.ln()), Value::Number(7.0));
        assert_eq!(line.cell(7.0), Some((6.5_f64.ln(), 7.5_f64.ln())));
    }

    #[test]
    fn numbers_are_short_and_stay_inside() {
        let rate = Domain::Range { low: 1e-4, high: 1e-2, log: true, whole: false };
        let line = Line::of(&rate).expect("numbers");
        assert_eq!(line.value(0.001_234_567_89_f64.ln()), Value::Number(0.001_234_57));
        assert_eq!(line.value(1e-2_f64.ln() + 1e-9), Value::Number(1e-2));
        let share = Domain::Range { low: 0.0, high: 0.5, log: false, whole: false };
        let line = Line::of(&share).expect("numbers");
        assert_eq!(line.value(0.123_456_789), Value::Number(0.123_457));
        let narrow = Domain::Range { low: 1e6, high: 1e6 + 1e-3, log: false, whole: false };
        let line = Line::of(&narrow).expect("numbers");
        assert_eq!(line.value(1e6 + 0.000_123_456), Value::Number(1e6 + 0.000_123_46));
    }
}
