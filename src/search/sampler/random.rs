//! Independent draws.

use super::Sampler;
use super::points::{Tried, draw, values_at};
use crate::random::Random;
use crate::search::{Constraints, Observation};
use crate::space::{Point, Space, Value};

/// Draws every parameter by itself: words and single numbers each as likely as every other, in ranges each
/// length, or each factor where the range is in the log.
#[derive(Debug, Clone, Copy, Default)]
pub struct Independent;

/// Draws of a point before the rest of the space is walked through.
const TRIES: usize = 100;

/// Draws where nothing can be walked through.
const MORE_TRIES: usize = 10_000;

/// Points that are walked through at most: a space of which so many points in a row are impossible, or were
/// tried, counts as exhausted.
const WALK: u64 = 100_000;

impl Sampler for Independent {
    fn propose(
        &self,
        space: &Space,
        seen: &[Observation],
        constraints: &dyn Constraints,
        random: &mut Random,
    ) -> Option<Point> {
        let tried = Tried::of(seen);
        let points = space.points();
        let tries = if points.is_some() { TRIES } else { MORE_TRIES };
        let drawn = (0..tries).find_map(|_| tried.fresh(&draw_all(space, random), constraints));
        drawn.or_else(|| {
            let all = points?;
            let start = random.below(all);
            let at = |i: u64| ((u128::from(start) + u128::from(i)) % u128::from(all)) as u64;
            (0..all.min(WALK)).find_map(|i| tried.fresh(&values_at(space, at(i)), constraints))
        })
    }
}

/// A value for each parameter.
fn draw_all(space: &Space, random: &mut Random) -> Vec<Value> {
    space.parameters.iter().map(|parameter| draw(&parameter.domain, random)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Outcome;
    use crate::search::golden::{Conditional, Free, space, words};
    use crate::space::Domain;

    /// All that is proposed until nothing is left.
    fn all(space: &Space, constraints: &dyn Constraints, seed: u64) -> Vec<Point> {
        let mut random = Random::seeded(seed);
        let mut seen: Vec<Observation> = Vec::new();
        while let Some(point) = Independent.propose(space, &seen, constraints, &mut random) {
            seen.push(Observation { point, outcome: Outcome::Pending, epochs: 1 });
        }
        seen.into_iter().map(|observation| observation.point).collect()
    }

    #[test]
    fn each_point_is_proposed_once() {
        let space = space([words(2), words(3), Domain::Steps { low: 1.0, step: 1.0, count: 4 }]);
        assert_eq!(all(&space, &Free, 1).len(), 24);
        // of the first word the second parameter does not count, and one of four numbers is impossible
        let points = all(&space, &Conditional, 1);
        assert_eq!(points.len(), (1 + 3) * 3);
        assert!(points.iter().all(|point| point.0[1].is_some() == (point.0[0] == Some(Value::Choice(1)))));
        assert_eq!(points, all(&space, &Conditional, 1));
        assert_ne!(points, all(&space, &Conditional, 2));
    }

    #[test]
    fn logs_are_even_in_the_log_and_whole_numbers_in_their_cells() {
        let rate = Domain::Range { low: 1e-4, high: 1e-2, log: true, whole: false };
        let units = Domain::Range { low: 1.0, high: 64.0, log: true, whole: true };
        let mut random = Random::seeded(1);
        let mut draws = |domain: &Domain, below: f64| {
            let is_below = |value| matches!(value, Value::Number(number) if number < below);
            (0..10_000).filter(|_| is_below(draw(domain, &mut random))).count() as f64 / 1e4
        };
        // four standard errors are 0.02
        assert!((draws(&rate, 1e-3) - 0.5).abs() < 0.02);
        let share = (8.5_f64 / 0.5).ln() / (64.5_f64 / 0.5).ln();
        assert!((draws(&units, 9.0) - share).abs() < 0.02);
    }
}
