//! Points drawn, counted and told apart.

use std::collections::HashSet;

use super::axis::Line;
use crate::random::Random;
use crate::search::{Constraints, Observation, Standing};
use crate::space::{Domain, Point, Space, Value};

/// One value, each as likely as every other: words and single numbers; in a range each length, of the
/// logarithm where the range is in the log.
pub(super) fn draw(domain: &Domain, random: &mut Random) -> Value {
    match Line::of(domain) {
        Some(line) => {
            let (low, high) = line.ends();
            line.value(random.uniform(low, high))
        }
        None => Value::Choice(random.below(domain.count().unwrap_or(1) as u64) as usize),
    }
}

/// The values at a place of all points, in the order of the file, the last parameter changing fastest. The
/// space can be counted.
pub(super) fn values_at(space: &Space, mut index: u64) -> Vec<Value> {
    let mut values = vec![Value::Choice(0); space.parameters.len()];
    for (value, parameter) in values.iter_mut().zip(&space.parameters).rev() {
        let count = parameter.domain.count().unwrap_or(1).max(1) as u64;
        *value = parameter.domain.at((index % count) as usize);
        index /= count;
    }
    values
}

/// Points that are known already.
pub(super) struct Tried(HashSet<Key>);

/// What tells points apart: the bits of their values.
type Key = Vec<Option<u64>>;

/// What tells a point apart from others.
pub(super) fn key(point: &Point) -> Key {
    let bits = |value: Value| match value {
        Value::Choice(index) => index as u64,
        // 0 and -0 are equal
        Value::Number(number) => (number + 0.0).to_bits(),
    };
    point.0.iter().map(|value| value.map(bits)).collect()
}

impl Tried {
    /// All points that were proposed.
    pub(super) fn of(seen: &[Observation]) -> Self {
        Self(seen.iter().map(|observation| key(&observation.point)).collect())
    }

    /// The point of a value for each parameter: without those that do not count. `None` where it cannot be
    /// trained, or was tried.
    pub(super) fn fresh(&self, values: &[Value], constraints: &dyn Constraints) -> Option<Point> {
        let mut point = Point(values.iter().copied().map(Some).collect());
        let Standing::Possible { counts } = constraints.look(&point) else { return None };
        for (value, counts) in point.0.iter_mut().zip(counts) {
            *value = value.filter(|_| counts);
        }
        (!self.0.contains(&key(&point))).then_some(point)
    }
}
