//! All points, in order.

use std::cell::Cell;

use super::Sampler;
use super::points::{Tried, values_at};
use crate::random::Random;
use crate::search::{Constraints, Observation};
use crate::space::{Point, Space};

/// Proposes the points of a space one after the other, in the order of the file, the last parameter changing
/// fastest. Impossible ones are skipped, and those that are as one before but for what does not count.
/// Nothing is drawn. A space with a continuous parameter has no such order: there is no point then.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    /// All before it are impossible or were tried when it was asked last; they still are.
    reached: Cell<u64>,
}

impl Sampler for Grid {
    fn propose(
        &self,
        space: &Space,
        seen: &[Observation],
        constraints: &dyn Constraints,
        _: &mut Random,
    ) -> Option<Point> {
        let all = space.points()?;
        let tried = Tried::of(seen);
        (self.reached.get()..all).find_map(|index| {
            self.reached.set(index);
            tried.fresh(&values_at(space, index), constraints)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Outcome;
    use crate::search::golden::{Conditional, space, words};
    use crate::space::{Domain, Value};

    #[test]
    fn points_come_in_the_order_of_the_file() {
        let space =
            space([words(2), words(2), Domain::Range { low: 1.0, high: 3.0, log: true, whole: true }]);
        let mut seen: Vec<Observation> = Vec::new();
        let grid = Grid::default();
        let mut random = Random::seeded(0);
        while let Some(point) = grid.propose(&space, &seen, &Conditional, &mut random) {
            assert_eq!(grid.propose(&space, &seen, &Conditional, &mut random), Some(point.clone()));
            seen.push(Observation { point, outcome: Outcome::Pending, epochs: 1 });
        }
        let word = |index| Some(Value::Choice(index));
        let number = |number| Some(Value::Number(number));
        let points: Vec<Point> = seen.into_iter().map(|observation| observation.point).collect();
        let wanted = [
            [word(0), None, number(1.0)],
            [word(0), None, number(3.0)],
            [word(1), word(0), number(1.0)],
            [word(1), word(0), number(3.0)],
            [word(1), word(1), number(1.0)],
            [word(1), word(1), number(3.0)],
        ];
        assert_eq!(points, wanted.map(|values| Point(values.into())));
    }

    #[test]
    fn ranges_have_no_points() {
        let space = space([Domain::Range { low: 0.0, high: 1.0, log: false, whole: false }]);
        assert_eq!(Grid::default().propose(&space, &[], &Conditional, &mut Random::seeded(0)), None);
    }
}
