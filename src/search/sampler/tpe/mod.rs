//! Points that look like good ones and unlike others: the tree-structured Parzen estimator.

mod parzen;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use parzen::Parzen;

use super::points::Tried;
use super::{Independent, STARTUP, Sampler, Trial, trials};
use crate::random::Random;
use crate::search::{Constraints, Observation, Outcome};
use crate::space::{Domain, Point, Space, Value};

/// Proposes what is likelier among the best trials than among the others.
///
/// ```text
/// good       the best ⌈n/10⌉ of n judged trials, 25 at most
/// candidates 24 draws of the density of the good ones; taken is the largest p(x | good) / p(x | others)
/// ```
/// The first ten points are drawn at random. Densities are those of all parameters together ([`parzen`]), as
/// in Optuna 5's `TPESampler(multivariate=True, group=True)` with its defaults. Trials that are not judged
/// yet stand among the others, so that nothing is proposed near them (constant liars); so do failed ones,
/// which Optuna leaves out. BOHB draws every third point at random; here, as in Optuna, the first ones alone
/// are.
///
/// Parameters that count in the same trials make a group, which has densities of its own, of the trials where
/// it counts; each group's candidates are compared by themselves. Points that cannot be trained, or were
/// tried, are left out, and the next best is taken; at last independent draws.
///
/// Sources: Bergstra and others, "Algorithms for hyper-parameter optimization", NIPS 2011; Falkner, Klein and
/// Hutter, "BOHB", ICML 2018; Watanabe, "Tree-structured Parzen estimator", arXiv:2304.11127.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tpe;

/// Draws that are compared.
const CANDIDATES: usize = 24;

/// Times that candidates are drawn anew where all of them are impossible, or were tried.
const ROUNDS: usize = 10;

impl Sampler for Tpe {
    fn propose(
        &self,
        space: &Space,
        seen: &[Observation],
        constraints: &dyn Constraints,
        random: &mut Random,
    ) -> Option<Point> {
        let trials = trials(seen);
        if judged(&trials) < STARTUP {
            return Independent.propose(space, seen, constraints, random);
        }
        let tried = Tried::of(seen);
        let model = Model::of(space, &trials);
        for _ in 0..ROUNDS {
            let ranked: Vec<Vec<Candidate>> = model.groups.iter().map(|group| group.ranked(random)).collect();
            let fresh = |values: Vec<Value>| tried.fresh(&values, constraints);
            if let Some(point) = model.points(&ranked).into_iter().find_map(fresh) {
                return Some(point);
            }
        }
        Independent.propose(space, seen, constraints, random)
    }
}

fn judged(trials: &[Trial<'_>]) -> usize {
    trials.iter().filter(|trial| matches!(trial.outcome, Outcome::Value(_))).count()
}

/// What the trials so far say of good and of other points.
struct Model<'a> {
    groups: Vec<Group<'a>>,
}

/// Parameters that count together.
struct Group<'a> {
    /// Their places in the space.
    parameters: Vec<usize>,
    good: Parzen<'a>,
    others: Parzen<'a>,
}

/// A value for each parameter of a group.
struct Candidate {
    values: Vec<Value>,
    /// `ln p(x | good) − ln p(x | others)`.
    promise: f64,
}

impl<'a> Model<'a> {
    fn of(space: &'a Space, trials: &[Trial<'_>]) -> Self {
        let good = good(trials);
        let group = |parameters: Vec<usize>| {
            let domains: Vec<&'a Domain> =
                parameters.iter().map(|&at| &space.parameters[at].domain).collect();
            let density = |wanted: bool| {
                let of = trials.iter().zip(&good).filter(|(_, good)| **good == wanted);
                let values = |(trial, _): (&Trial<'_>, _)| values(trial.point, &parameters);
                Parzen::of(&domains, &of.filter_map(values).collect::<Vec<_>>())
            };
            let (good, others) = (density(true), density(false));
            Group { parameters, good, others }
        };
        Self { groups: groups(space, trials).into_iter().map(group).collect() }
    }

    /// Points made of each group's candidates, the most promising first: the best of each group; those that
    /// differ from it in one group, the less they lose the earlier; and the second of each, the third, ….
    fn points(&self, ranked: &[Vec<Candidate>]) -> Vec<Vec<Value>> {
        let best = vec![0; ranked.len()];
        let lost = |choice: &[usize]| {
            let lost = |(&at, group): (&usize, &Vec<Candidate>)| group[0].promise - group[at].promise;
            choice.iter().zip(ranked).map(lost).sum::<f64>()
        };
        let mut others: Vec<Vec<usize>> = (0..ranked.len())
            .flat_map(|group| (1..CANDIDATES).map(move |at| (group, at)))
            .map(|(group, at)| {
                let mut choice = best.clone();
                choice[group] = at;
                choice
            })
            .collect();
        others.sort_by(|a, b| lost(a).partial_cmp(&lost(b)).unwrap_or(Ordering::Equal));
        let rest = (1..CANDIDATES).map(|at| vec![at; ranked.len()]);
        std::iter::once(best.clone())
            .chain(others)
            .chain(rest)
            .map(|choice| self.point(ranked, &choice))
            .collect()
    }

    fn point(&self, ranked: &[Vec<Candidate>], choice: &[usize]) -> Vec<Value> {
        let parameters = self.groups.iter().map(|group| group.parameters.len()).sum();
        let mut values = vec![Value::Choice(0); parameters];
        for ((group, candidates), &at) in self.groups.iter().zip(ranked).zip(choice) {
            for (&parameter, &value) in group.parameters.iter().zip(&candidates[at].values) {
                values[parameter] = value;
            }
        }
        values
    }
}

impl Group<'_> {
    /// Candidates, the most promising first; of equal ones that which was drawn first.
    fn ranked(&self, random: &mut Random) -> Vec<Candidate> {
        let candidate = |_| {
            let values = self.good.draw(random);
            let promise = self.good.ln_density(&values) - self.others.ln_density(&values);
            Candidate { values, promise }
        };
        let mut candidates: Vec<Candidate> = (0..CANDIDATES).map(candidate).collect();
        candidates.sort_by(|a, b| b.promise.total_cmp(&a.promise));
        candidates
    }
}

/// For each trial whether it is one of the best.
fn good(trials: &[Trial<'_>]) -> Vec<bool> {
    let value = |(at, trial): (usize, &Trial<'_>)| match trial.outcome {
        Outcome::Value(value) => Some((value, at)),
        Outcome::Failed | Outcome::Pending => None,
    };
    let mut values: Vec<(f64, usize)> = trials.iter().enumerate().filter_map(value).collect();
    values.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let count = ((0.1 * values.len() as f64).ceil() as usize).min(25);
    let mut good = vec![false; trials.len()];
    values.iter().take(count).for_each(|&(_, at)| good[at] = true);
    good
}

/// The parameters of a space in groups that count in the same judged trials.
fn groups(space: &Space, trials: &[Trial<'_>]) -> Vec<Vec<usize>> {
    let mut groups: Vec<(Vec<bool>, Vec<usize>)> = Vec::new();
    for parameter in 0..space.parameters.len() {
        let judged = trials.iter().filter(|trial| matches!(trial.outcome, Outcome::Value(_)));
        let counts: Vec<bool> = judged.map(|trial| counts(trial.point, parameter)).collect();
        match groups.iter_mut().find(|(other, _)| *other == counts) {
            Some((_, parameters)) => parameters.push(parameter),
            None => groups.push((counts, vec![parameter])),
        }
    }
    groups.into_iter().map(|(_, parameters)| parameters).collect()
}

fn counts(point: &Point, parameter: usize) -> bool {
    point.0.get(parameter).is_some_and(Option::is_some)
}

/// The values of some parameters at a point; `None` where one of them does not count.
fn values(point: &Point, parameters: &[usize]) -> Option<Vec<Value>> {
    parameters.iter().map(|&at| point.0.get(at).copied().flatten()).collect()
}
