//! Points where most improvement is to be expected: a Gaussian process over the space.

mod fit;
mod model;
mod places;
#[cfg(test)]
mod tests;

use fit::{Prior, fit};
use model::{Data, Posterior};
use places::Places;

use super::points::{Tried, values_at};
use super::{Independent, STARTUP, Sampler, Trial, trials};
use crate::random::Random;
use crate::search::normal::ln_improvement;
use crate::search::{Constraints, Observation, Outcome};
use crate::space::{Point, Space, Value};

/// Proposes the point with the largest expected improvement over the best value that was seen, under a
/// Gaussian process with Matérn's kernel (ν = 5/2) and a length for each parameter.
///
/// The first ten points are drawn at random. Values are scaled to mean 0 and deviation 1; far outliers count
/// as the last that is none, and failed trials as the worst. The kernel is fitted to what was seen
/// ([`fit::fit`]). A trial that is not judged yet counts as if it had come out as it is expected to (a kriging
/// believer): its surroundings become certain, and promise no improvement.
///
/// The logarithm of the improvement is looked up at all points of a small space; else at places that are
/// spread evenly, and then around the best of them, ever nearer. Points that cannot be trained, or were
/// tried, are left out, and the next best is taken.
///
/// Sources: Jones, Schonlau and Welch, "Efficient global optimization", 1998; Ginsbourger, Le Riche and
/// Carraro, "Kriging is well-suited to parallelize optimization", 2010; Ament and others, arXiv:2310.20708.
#[derive(Debug, Clone, Copy, Default)]
pub struct GaussianProcess;

/// Points of a space that are all looked at.
const ALL: u64 = 2048;

/// Places that are looked at where there are more.
const SPREAD: usize = 1024;

/// How far around the best places others are looked at, in shares of the lines: one round each.
const REACHES: [f64; 8] = [0.2, 0.1, 0.05, 0.025, 0.012, 0.006, 0.003, 0.0015];

/// Of so many of the best, in each round …
const BEST: usize = 5;

/// … so many neighbours.
const NEIGHBOURS: usize = 12;

/// Points with parameters that do not count which are looked at once more, without these.
const LOOKS: usize = 16;

/// Trials that the model is made of at most; the work grows with the cube of their number.
const TRIALS: usize = 300;

impl Sampler for GaussianProcess {
    fn propose(
        &self,
        space: &Space,
        seen: &[Observation],
        constraints: &dyn Constraints,
        random: &mut Random,
    ) -> Option<Point> {
        let trials = selected(trials(seen));
        let values = scaled(&trials);
        if values.len() < STARTUP {
            return Independent.propose(space, seen, constraints, random);
        }
        let places = Places::of(space);
        let tried = Tried::of(seen);
        let found = model(&places, &trials, values, |posterior, best| {
            let promise = |place: &[f64]| promise(posterior, best, place);
            let candidates = candidates(space, &places, &promise, random);
            let fresh = |values: &[Value]| tried.fresh(values, constraints);
            chosen(candidates, fresh, |point| promise(&places.point(point)))
        });
        found.or_else(|| Independent.propose(space, seen, constraints, random))
    }
}

/// A value for each parameter, and the logarithm of the improvement that is to be expected there.
struct Candidate {
    values: Vec<Value>,
    promise: f64,
}

/// The trials that a model is made of: all, or the best and the newest of them, in their order.
fn selected(trials: Vec<Trial<'_>>) -> Vec<Trial<'_>> {
    if trials.len() <= TRIALS {
        return trials;
    }
    let value = |at: &usize| match trials[*at].outcome {
        Outcome::Value(value) => value,
        Outcome::Failed | Outcome::Pending => f64::INFINITY,
    };
    let mut order: Vec<usize> = (0..trials.len()).collect();
    order.sort_by(|a, b| value(a).total_cmp(&value(b)));
    let newest = trials.len() - TRIALS / 2;
    let mut taken: Vec<usize> = order.into_iter().take(TRIALS / 2).chain(newest..trials.len()).collect();
    taken.sort_unstable();
    taken.dedup();
    taken.into_iter().map(|at| trials[at]).collect()
}

/// The values of all trials but pending ones, with mean 0 and deviation 1. Empty where none was judged.
///
/// What is worse than the median by more than five times as much as the best is better counts as so much
/// worse: one diverged loss would make all others the same.
fn scaled(trials: &[Trial<'_>]) -> Vec<f64> {
    let judged = trials.iter().filter_map(|trial| match trial.outcome {
        Outcome::Value(value) => Some(value),
        Outcome::Failed | Outcome::Pending => None,
    });
    let mut sorted: Vec<f64> = judged.collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(&best), Some(&worst)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    let median = sorted[sorted.len() / 2];
    let worst = if median > best { worst.min(median + 5.0 * (median - best)) } else { worst };
    let values = trials.iter().filter_map(|trial| match trial.outcome {
        Outcome::Value(value) => Some(value.min(worst)),
        Outcome::Failed => Some(worst),
        Outcome::Pending => None,
    });
    let values: Vec<f64> = values.collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
    let deviation = if variance > 0.0 { variance.sqrt() } else { 1.0 };
    values.into_iter().map(|value| (value - mean) / deviation).collect()
}

/// Makes the model of trials, pending ones as they are expected to come out, and hands it on with the best
/// value that was seen or is expected. `None` where there is no such model.
fn model<T>(
    places: &Places<'_>,
    trials: &[Trial<'_>],
    values: Vec<f64>,
    then: impl FnOnce(&Posterior<'_>, f64) -> Option<T>,
) -> Option<T> {
    let best = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
    let (pending, known): (Vec<&Trial<'_>>, Vec<&Trial<'_>>) =
        trials.iter().partition(|trial| trial.outcome == Outcome::Pending);
    let place = |trial: &&Trial<'_>| places.point(trial.point);
    let data = Data { words: places.words(), places: known.iter().flat_map(place).collect(), values };
    let kernel = fit(&data, Prior::Usual);
    let posterior = Posterior::of(&data, &kernel)?;
    if pending.is_empty() {
        return then(&posterior, best(&data.values));
    }
    let mut believed = data.clone();
    for place in pending.iter().map(place) {
        believed.values.push(posterior.at(&place).0);
        believed.places.extend(place);
    }
    then(&Posterior::of(&believed, &kernel)?, best(&believed.values))
}

/// The logarithm of the improvement that is to be expected at a place.
fn promise(posterior: &Posterior<'_>, best: f64, place: &[f64]) -> f64 {
    let (mean, variance) = posterior.at(place);
    let deviation = (variance + 1e-12).sqrt();
    deviation.ln() + ln_improvement((best - mean) / deviation)
}

/// Values to choose from, the most promising first.
fn candidates(
    space: &Space,
    places: &Places<'_>,
    promise: &dyn Fn(&[f64]) -> f64,
    random: &mut Random,
) -> Vec<Candidate> {
    let candidate = |values: Vec<Value>| Candidate { promise: promise(&places.values(&values)), values };
    let all = space.points().filter(|&all| all <= ALL);
    let mut candidates: Vec<Candidate> = match all {
        Some(all) => (0..all).map(|index| candidate(values_at(space, index))).collect(),
        None => places.spread(SPREAD, random).into_iter().map(candidate).collect(),
    };
    sort(&mut candidates);
    if all.is_none() {
        for reach in REACHES {
            let best = candidates.iter().take(BEST);
            let around: Vec<Vec<Value>> = best
                .flat_map(|best| std::iter::repeat_n(best, NEIGHBOURS))
                .map(|best| places.neighbour(&best.values, reach, random))
                .collect();
            candidates.extend(around.into_iter().map(candidate));
            sort(&mut candidates);
        }
    }
    candidates
}

/// The most promising first; of equal ones the earlier.
fn sort(candidates: &mut [Candidate]) {
    candidates.sort_by(|a, b| b.promise.total_cmp(&a.promise));
}

/// The most promising of the points that candidates come to. Candidates have values for parameters that do
/// not count, too; without these they can promise something else, so more than one is looked at.
fn chosen(
    candidates: Vec<Candidate>,
    fresh: impl Fn(&[Value]) -> Option<Point>,
    promise: impl Fn(&Point) -> f64,
) -> Option<Point> {
    let mut found: Vec<(f64, Point)> = Vec::new();
    for candidate in candidates {
        let Some(point) = fresh(&candidate.values) else { continue };
        if found.is_empty() && point.0.iter().all(Option::is_some) {
            return Some(point);
        }
        if found.iter().all(|(_, other)| *other != point) {
            found.push((promise(&point), point));
        }
        if found.len() == LOOKS {
            break;
        }
    }
    let mut best: Option<(f64, Point)> = None;
    for (promise, point) in found {
        if best.as_ref().is_none_or(|(other, _)| promise > *other) {
            best = Some((promise, point));
        }
    }
    best.map(|(_, point)| point)
}
