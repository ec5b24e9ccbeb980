//! The space of a search: its parameters, their values, and points.
//!
//! A point has a value for each parameter that counts there: a parameter that a choice leaves out (it stands
//! in a block that another choice replaces) has none. Two points are the same trial exactly where they are
//! equal.

/// The parameters of a search, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Space {
    /// At least one, unless nothing is searched for.
    pub parameters: Vec<Parameter>,
}

/// One `search(…)` of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// What it is called: by its `let`, its option or its path. No two are the same.
    pub name: String,
    /// What it may be.
    pub domain: Domain,
}

/// What a parameter may be.
#[derive(Debug, Clone, PartialEq)]
pub enum Domain {
    /// One of these, as they are written; there is no order among them. At least two.
    Choices(Vec<String>),
    /// `low`, `low + step`, …: so many numbers. At least two.
    Steps {
        /// The first.
        low: f64,
        /// From one to the next, above 0.
        step: f64,
        /// How many there are.
        count: usize,
    },
    /// Any number from `low` to `high`, both among them.
    Range {
        /// The least; above 0 where `log` says so.
        low: f64,
        /// The largest, above `low`.
        high: f64,
        /// Each factor is as likely as every other: drawn evenly between the logarithms.
        log: bool,
        /// Whole numbers alone.
        whole: bool,
    },
}

/// What a parameter is at a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// One of [`Domain::Choices`], from 0.
    Choice(usize),
    /// A number of [`Domain::Steps`] or [`Domain::Range`].
    Number(f64),
}

/// A value for each parameter of a space; `None` for those that do not count there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Point(pub Vec<Option<Value>>);

impl Space {
    /// The first value of each parameter.
    pub fn first(&self) -> Point {
        Point(self.parameters.iter().map(|parameter| Some(parameter.domain.first())).collect())
    }

    /// How many points there are, those counted apart that differ in what does not count; `None` where a
    /// parameter is continuous, or there are more than a number can say.
    pub fn points(&self) -> Option<u64> {
        self.parameters
            .iter()
            .try_fold(1_u64, |all, parameter| all.checked_mul(u64::try_from(parameter.domain.count()?).ok()?))
    }
}

impl Domain {
    /// How many values there are; `None` where any number between two may be.
    pub fn count(&self) -> Option<usize> {
        match *self {
            Domain::Choices(ref choices) => Some(choices.len()),
            Domain::Steps { count, .. } => Some(count),
            Domain::Range { low, high, whole: true, .. } => Some((high - low) as usize + 1),
            Domain::Range { whole: false, .. } => None,
        }
    }

    /// The value at a place of those that can be counted.
    pub fn at(&self, index: usize) -> Value {
        match *self {
            Domain::Choices(_) => Value::Choice(index),
            // 0.1 + 2 · 0.1 is 0.3, as it would be written
            Domain::Steps { low, step, .. } => Value::Number(tidy(low + index as f64 * step)),
            Domain::Range { low, .. } => Value::Number(low + index as f64),
        }
    }

    /// The first value.
    pub fn first(&self) -> Value {
        self.at(0)
    }

    /// Whether a value is one of these.
    pub fn contains(&self, value: Value) -> bool {
        match (self, value) {
            (Domain::Choices(choices), Value::Choice(index)) => index < choices.len(),
            (&Domain::Steps { low, step, count }, Value::Number(number)) => {
                let index = ((number - low) / step).round();
                (0.0..count as f64).contains(&index) && self.at(index as usize) == value
            }
            (&Domain::Range { low, high, whole, .. }, Value::Number(number)) => {
                (low..=high).contains(&number) && (!whole || number.fract() == 0.0)
            }
            (Domain::Choices(_), Value::Number(_))
            | (Domain::Steps { .. } | Domain::Range { .. }, Value::Choice(_)) => false,
        }
    }

    /// The value that is written so, where it is one of these.
    pub fn read(&self, text: &str) -> Option<Value> {
        let value = match self {
            Domain::Choices(choices) => Value::Choice(choices.iter().position(|choice| choice == text)?),
            Domain::Steps { .. } | Domain::Range { .. } => Value::Number(text.parse().ok()?),
        };
        self.contains(value).then_some(value)
    }

    /// A value as it would be written in a file.
    pub fn written(&self, value: Value) -> String {
        match (self, value) {
            (Domain::Choices(choices), Value::Choice(index)) => {
                choices.get(index).cloned().unwrap_or_default()
            }
            (_, Value::Number(number)) => written(number),
            (_, Value::Choice(index)) => index.to_string(),
        }
    }
}

/// A number with at most ten digits: as one would write it.
pub fn tidy(number: f64) -> f64 {
    format!("{number:.9e}").parse().unwrap_or(number)
}

/// A number as it would be written in a file: reading it gives the same number.
pub fn written(number: f64) -> String {
    let plain = format!("{number}");
    if number != 0.0 && (number.abs() < 1e-3 || number.abs() >= 1e7) && number.fract() != 0.0 {
        let short = format!("{number:e}");
        if short.len() < plain.len() { short } else { plain }
    } else {
        plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_and_written() {
        let steps = Domain::Steps { low: 0.1, step: 0.1, count: 5 };
        assert_eq!(steps.at(2), Value::Number(0.3));
        assert!(steps.contains(Value::Number(0.3)) && !steps.contains(Value::Number(0.35)));
        let range = Domain::Range { low: 1e-4, high: 1e-2, log: true, whole: false };
        assert_eq!(range.count(), None);
        assert!(range.contains(Value::Number(1e-4)) && !range.contains(Value::Number(0.1)));
        assert_eq!(range.written(Value::Number(0.000_123)), "1.23e-4");
        assert_eq!(steps.written(Value::Number(32.0)), "32");
        let words = Domain::Choices(vec!["relu".to_owned(), "gelu".to_owned()]);
        assert_eq!(words.written(Value::Choice(1)), "gelu");
        assert!(!words.contains(Value::Choice(2)) && !words.contains(Value::Number(0.0)));
        let space = Space {
            parameters: [("a", steps), ("b", words)]
                .map(|(name, domain)| Parameter { name: name.to_owned(), domain })
                .into(),
        };
        assert_eq!(space.points(), Some(10));
        assert_eq!(space.first(), Point(vec![Some(Value::Number(0.1)), Some(Value::Choice(0))]));
    }
}
