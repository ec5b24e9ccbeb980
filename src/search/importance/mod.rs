//! How much each parameter matters: functional analysis of variance.

mod forest;
#[cfg(test)]
mod tests;

use forest::{Columns, Tree};

use super::sampler::{Line, trials};
use super::{Observation, Outcome};
use crate::random::{Random, text_key};
use crate::space::{Space, Value};

/// Trees that are grown. As many as Optuna has.
const TREES: u64 = 64;

/// Fewer values than these say nothing.
const LEAST: usize = 4;

/// The share of the variance of the results over the whole space that each parameter makes by itself, in the
/// order of the space; what parameters make together is left out, so the shares add up to 1 at most. All are
/// 0 where fewer than four trials have a value, or all have the same.
///
/// A forest of regression trees is fitted to the trials (of a search with rungs, to those that were judged
/// alike); each tree says a value for every point. Averaged over all other parameters that is a function of
/// one, and its variance over the variance of all is the parameter's share; the mean over all trees is given.
/// All values of a parameter weigh the same: in a range in the log, all factors.
///
/// Where a parameter does not count it makes no difference: each tree draws a value for it, so that its share
/// is that in the whole space and not in the part where it counts.
///
/// Source: Hutter, Hoos and Leyton-Brown, "An efficient approach for assessing hyperparameter importance",
/// ICML 2014.
pub fn importance(space: &Space, observations: &[Observation]) -> Vec<f64> {
    let width = space.parameters.len();
    let lines: Vec<Option<Line<'_>>> =
        space.parameters.iter().map(|parameter| Line::of(&parameter.domain)).collect();
    let coordinate = |parameter: usize, value: Value| match (&lines[parameter], value) {
        (Some(line), Value::Number(number)) => line.place(number),
        (_, Value::Choice(index)) => index as f64,
        (None, Value::Number(_)) => 0.0,
    };
    let mut known = vec![Vec::new(); width];
    let mut values = Vec::new();
    for trial in trials(observations) {
        let Outcome::Value(value) = trial.outcome else { continue };
        values.push(value);
        for (parameter, column) in known.iter_mut().enumerate() {
            let value = trial.point.0.get(parameter).copied().flatten();
            column.push(value.map(|value| coordinate(parameter, value)));
        }
    }
    let words: Vec<Option<usize>> = space
        .parameters
        .iter()
        .zip(&lines)
        .map(|(parameter, line)| parameter.domain.count().filter(|_| line.is_none()))
        .collect();
    let mut sums = vec![0.0; width];
    let mut trees = 0;
    if values.len() >= LEAST {
        for tree in 0..TREES {
            let mut random = Random::keyed(&[text_key("importance"), tree]);
            let columns = Columns::of(&words, &known, &mut random);
            let Some(shares) = Tree::grown(&columns, &values, &mut random).shares(&words) else { continue };
            trees += 1;
            sums.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
        }
    }
    sums.into_iter().map(|sum| sum / f64::from(trees.max(1))).collect()
}
