//! What observations come to: one for each trial, all judged after the same number of epochs.

use std::collections::HashMap;

use super::STARTUP;
use super::points::key;
use crate::search::{Observation, Outcome};
use crate::space::Point;

/// A trial that a model learns from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Trial<'a> {
    /// Its point.
    pub(crate) point: &'a Point,
    /// A value that is a number, or why there is none.
    pub(crate) outcome: Outcome,
}

/// The trials of observations, in the order in which their points were first proposed.
///
/// Trials that were judged after different numbers of epochs are not compared. As in BOHB a model learns from
/// the largest number of epochs that at least [`STARTUP`] trials were judged after, or were trained beyond;
/// where there is none, from the smallest. A trial is judged by its value after that number; where it has
/// none there, by the next that it has. Those with fewer epochs alone are left out. Source: Falkner, Klein
/// and Hutter, "BOHB", ICML 2018, section 4.
///
/// A value that is no finite number counts as a failure.
pub(crate) fn trials(seen: &[Observation]) -> Vec<Trial<'_>> {
    let (points, of) = points(seen);
    let least = epochs(seen, &of, points.len());
    let mut found: Vec<Option<(usize, Outcome)>> = vec![None; points.len()];
    for (observation, &trial) in seen.iter().zip(&of) {
        let outcome = finite(observation.outcome);
        if matches!(outcome, Outcome::Value(_)) && observation.epochs < least {
            continue;
        }
        let new = (observation.epochs, outcome);
        let is_better = |old: &(usize, Outcome)| match (old.1, outcome) {
            (Outcome::Value(_), Outcome::Value(_)) => new.0 < old.0,
            (Outcome::Pending | Outcome::Failed, Outcome::Value(_)) => true,
            (Outcome::Failed, Outcome::Pending) => true,
            (_, Outcome::Failed) | (Outcome::Value(_) | Outcome::Pending, Outcome::Pending) => false,
        };
        if found[trial].as_ref().is_none_or(is_better) {
            found[trial] = Some(new);
        }
    }
    let known = points.into_iter().zip(found);
    known.filter_map(|(point, found)| Some(Trial { point, outcome: found?.1 })).collect()
}

/// Each point once, and for each observation which of them it is of.
fn points(seen: &[Observation]) -> (Vec<&Point>, Vec<usize>) {
    let mut points = Vec::new();
    let mut numbers = HashMap::new();
    let mut number = |observation: &'_ Observation| {
        let next = numbers.len();
        *numbers.entry(key(&observation.point)).or_insert(next)
    };
    let of: Vec<usize> = seen.iter().map(&mut number).collect();
    for (observation, &trial) in seen.iter().zip(&of) {
        if trial == points.len() {
            points.push(&observation.point);
        }
    }
    (points, of)
}

/// The epochs that a value must have been judged after, to be one that a model learns from.
fn epochs(seen: &[Observation], of: &[usize], trials: usize) -> usize {
    let mut most = vec![None; trials];
    for (observation, &trial) in seen.iter().zip(of) {
        if matches!(finite(observation.outcome), Outcome::Value(_)) {
            most[trial] = most[trial].max(Some(observation.epochs));
        }
    }
    let mut most: Vec<usize> = most.into_iter().flatten().collect();
    most.sort_unstable_by(|a, b| b.cmp(a));
    most.get(STARTUP - 1).copied().unwrap_or(0)
}

fn finite(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Value(value) if !value.is_finite() => Outcome::Failed,
        Outcome::Value(_) | Outcome::Failed | Outcome::Pending => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Value;

    fn observation(point: usize, epochs: usize, outcome: Outcome) -> Observation {
        Observation { point: Point(vec![Some(Value::Choice(point))]), outcome, epochs }
    }

    fn outcomes(seen: &[Observation]) -> Vec<Outcome> {
        trials(seen).into_iter().map(|trial| trial.outcome).collect()
    }

    #[test]
    fn the_most_epochs_that_enough_trials_have_decide() {
        // nine trials have 9 epochs, eleven 3; each has a line for each rung
        let mut seen: Vec<Observation> =
            (0..11).map(|i| observation(i, 3, Outcome::Value(i as f64))).collect();
        seen.push(observation(11, 1, Outcome::Value(50.0)));
        seen.extend((0..9).map(|i| observation(i, 9, Outcome::Value(-1.0))));
        let values = outcomes(&seen);
        assert_eq!(values.len(), 11);
        assert_eq!(values[8], Outcome::Value(8.0));
        // one more: nine epochs are enough now, and trials with fewer are left out
        seen.push(observation(10, 9, Outcome::Value(-2.0)));
        let values = outcomes(&seen);
        assert_eq!(values.len(), 10);
        assert_eq!((values[0], values[9]), (Outcome::Value(-1.0), Outcome::Value(-2.0)));
        // few trials: all of them
        assert_eq!(outcomes(&seen[10..12]).len(), 2);
    }

    #[test]
    fn a_trial_that_goes_on_has_the_value_that_it_has() {
        let seen = [
            observation(0, 3, Outcome::Value(1.0)),
            observation(1, 3, Outcome::Pending),
            observation(0, 9, Outcome::Pending),
            observation(2, 3, Outcome::Value(f64::NAN)),
        ];
        assert_eq!(outcomes(&seen), [Outcome::Value(1.0), Outcome::Pending, Outcome::Failed]);
    }
}
