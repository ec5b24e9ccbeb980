//! Points as places of a Gaussian process, and places to look at.

use super::super::axis::Line;
use crate::random::Random;
use crate::space::{Domain, Point, Space, Value};

/// The parameters of a space, as coordinates.
#[derive(Debug)]
pub(super) struct Places<'a> {
    domains: Vec<&'a Domain>,
    lines: Vec<Option<Line<'a>>>,
}

impl<'a> Places<'a> {
    /// Of a space.
    pub(super) fn of(space: &'a Space) -> Self {
        let domains: Vec<&Domain> = space.parameters.iter().map(|parameter| &parameter.domain).collect();
        Self { lines: domains.iter().map(|domain| Line::of(domain)).collect(), domains }
    }

    /// For each parameter whether it is a word.
    pub(super) fn words(&self) -> Vec<bool> {
        self.lines.iter().map(Option::is_none).collect()
    }

    /// The coordinates of a point: from 0 to 1, or the number of a word. A number that does not count lies in
    /// the middle, and a word that does not count is one by itself.
    pub(super) fn point(&self, point: &Point) -> Vec<f64> {
        let of = |(line, value): (&Option<Line<'_>>, &Option<Value>)| match (line, value) {
            (Some(line), Some(value)) => coordinate(Some(line), *value),
            (None, Some(value)) => coordinate(None, *value),
            (Some(_), None) => 0.5,
            (None, None) => -1.0,
        };
        self.lines.iter().zip(&point.0).map(of).collect()
    }

    /// The coordinates of a value for each parameter.
    pub(super) fn values(&self, values: &[Value]) -> Vec<f64> {
        self.lines.iter().zip(values).map(|(line, value)| coordinate(line.as_ref(), *value)).collect()
    }

    /// Values of so many places that are spread evenly, more so than random ones: the first is random.
    ///
    /// ```text
    /// place i = fraction(start + i · (1/φ, 1/φ², …))       φ^(parameters + 1) = φ + 1
    /// ```
    /// Source: Roberts, "The unreasonable effectiveness of quasirandom sequences" (2018).
    pub(super) fn spread(&self, count: usize, random: &mut Random) -> Vec<Vec<Value>> {
        let width = self.domains.len();
        let golden = (0..64).fold(2.0_f64, |golden, _| (1.0 + golden).powf(1.0 / (width as f64 + 1.0)));
        let starts: Vec<f64> = (0..width).map(|_| random.unit()).collect();
        let place = |i: usize| {
            let at = |k: usize| (starts[k] + i as f64 * golden.powi(-(k as i32 + 1))).fract();
            (0..width).map(|k| self.value(k, at(k))).collect()
        };
        (0..count).map(place).collect()
    }

    /// A neighbour of some values: a few of them are others, numbers by about so much of their lines.
    pub(super) fn neighbour(&self, values: &[Value], reach: f64, random: &mut Random) -> Vec<Value> {
        let width = values.len();
        let sure = random.below(width as u64) as usize;
        let mut neighbour = values.to_vec();
        for (k, value) in neighbour.iter_mut().enumerate() {
            if k != sure && random.unit() >= 1.0 / width as f64 {
                continue;
            }
            *value = match (&self.lines[k], *value) {
                (Some(line), Value::Number(number)) => {
                    let place = line.place(number) + reach * random.normal();
                    self.value(k, place.clamp(0.0, 1.0))
                }
                (Some(_), Value::Choice(_)) | (None, _) => self.value(k, random.unit()),
            };
        }
        neighbour
    }

    /// The value of a parameter at a place between 0 and 1.
    fn value(&self, parameter: usize, place: f64) -> Value {
        match &self.lines[parameter] {
            Some(line) => {
                let (low, high) = line.ends();
                line.value(low + place * (high - low))
            }
            None => {
                let count = self.domains[parameter].count().unwrap_or(1);
                Value::Choice(((place * count as f64) as usize).min(count.saturating_sub(1)))
            }
        }
    }
}

fn coordinate(line: Option<&Line<'_>>, value: Value) -> f64 {
    match (line, value) {
        (Some(line), Value::Number(number)) => line.place(number),
        (None, Value::Choice(index)) => index as f64,
        (Some(_), Value::Choice(_)) | (None, Value::Number(_)) => 0.5,
    }
}
