//! Which points of a space are checked.

use std::collections::BTreeSet;

use crate::random::Random;
use crate::space::{Domain, Point, Space, Value};

/// Values of each parameter that are checked: all, or of a range that is continuous or has very many its ends
/// and some between.
#[derive(Debug)]
pub(super) struct Candidates(pub(super) Vec<Vec<Value>>);

/// Values of a continuous range that are checked: its ends and its middle.
const OF_A_RANGE: usize = 3;

impl Candidates {
    /// Where at most this many points are checked.
    pub(super) fn of(space: &Space, most: usize) -> Self {
        let counts = space.parameters.iter().map(|parameter| count(&parameter.domain));
        let all = counts.fold(1_usize, |all, count| all.saturating_mul(count));
        // where not all are checked, both lines through a value of each parameter are to be among the points
        let share = (most / 2 / space.parameters.len().max(1)).max(OF_A_RANGE);
        let share = if all <= most { most } else { share };
        Self(space.parameters.iter().map(|parameter| values(&parameter.domain, share)).collect())
    }

    /// How many there are of each parameter.
    pub(super) fn sizes(&self) -> Vec<usize> {
        self.0.iter().map(Vec::len).collect()
    }

    /// The point with these values.
    pub(super) fn point(&self, indices: &[usize]) -> Point {
        let values = self.0.iter().zip(indices);
        Point(values.map(|(values, &index)| values.get(index).copied()).collect())
    }
}

/// How many values of a parameter may be checked.
fn count(domain: &Domain) -> usize {
    match domain {
        Domain::Range { .. } => OF_A_RANGE,
        Domain::Choices(_) | Domain::Steps { .. } => domain.count().unwrap_or(1),
    }
}

/// Values of a parameter, at most this many.
fn values(domain: &Domain, most: usize) -> Vec<Value> {
    match *domain {
        Domain::Range { low, high, log, whole } => {
            let middle = if log { (low * high).sqrt() } else { f64::midpoint(low, high) };
            let middle = if whole { middle.round() } else { middle };
            let mut values = vec![low, middle, high];
            values.dedup();
            values.into_iter().map(Value::Number).collect()
        }
        Domain::Choices(_) | Domain::Steps { .. } => {
            let count = domain.count().unwrap_or(1);
            let shown = count.min(most).max(2);
            // both ends, and others as far apart as they can be
            let index = |at: usize| at * (count - 1) / (shown - 1);
            (0..shown.min(count)).map(|at| domain.at(index(at))).collect()
        }
    }
}

/// Points of a large space that are drawn at random.
const AT_RANDOM: usize = 200;

/// The points that are checked, at most this many, by the index of a value for each parameter: all, or of a
/// large space those on all lines through its first and last corner, and some at random.
pub(super) fn points(sizes: &[usize], most: usize) -> Vec<Vec<usize>> {
    let all = sizes.iter().try_fold(1_usize, |all, size| all.checked_mul(*size));
    if let Some(count) = all.filter(|count| *count <= most) {
        let point = |mut index: usize| {
            let mut point = vec![0; sizes.len()];
            for (at, size) in sizes.iter().enumerate().rev() {
                point[at] = index % size;
                index /= size;
            }
            point
        };
        return (0..count).map(point).collect();
    }
    let (first, last): (Vec<usize>, Vec<usize>) =
        (vec![0; sizes.len()], sizes.iter().map(|size| size - 1).collect());
    let mut points: Vec<Vec<usize>> = Vec::new();
    let mut known: BTreeSet<Vec<usize>> = BTreeSet::new();
    for corner in [&first, &last] {
        for (at, size) in sizes.iter().enumerate() {
            for value in 0..*size {
                if points.len() == most {
                    return points;
                }
                let mut point = corner.clone();
                point[at] = value;
                if known.insert(point.clone()) {
                    points.push(point);
                }
            }
        }
    }
    let mut random = Random::seeded(0);
    for _ in 0..AT_RANDOM.min(most - points.len()) {
        let point: Vec<usize> = sizes.iter().map(|size| random.below(*size as u64) as usize).collect();
        if known.insert(point.clone()) {
            points.push(point);
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_spaces_are_checked_whole_and_large_ones_along_their_lines() {
        assert_eq!(points(&[2, 3], 1000), [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
        let large = points(&[20, 20, 20], 1000);
        assert!(large.len() <= 1000);
        assert!(large.contains(&vec![7, 0, 0]) && large.contains(&vec![19, 19, 3]));
    }

    #[test]
    fn long_ranges_are_thinned_and_keep_their_ends() {
        let steps = Domain::Steps { low: 1.0, step: 1.0, count: 10_000 };
        let values = values(&steps, 100);
        assert_eq!(values.len(), 100);
        assert_eq!((values[0], values[99]), (Value::Number(1.0), Value::Number(10_000.0)));
        let rates = Domain::Range { low: 1e-4, high: 1e-2, log: true, whole: false };
        assert_eq!(super::values(&rates, 100).len(), 3);
    }
}
