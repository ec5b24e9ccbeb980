//! The strategy that a file names, as it is driven.

use super::points::Points;
use crate::ir::TuneSpec;
use crate::search::drive::Search;
use crate::search::sampler::{GaussianProcess, Grid, Independent, Sampler, Tpe};
use crate::search::schedule::{Asha, Hyperband, Schedule, Sequential};
use crate::space::Space;
use crate::vocabulary::{Sampling, Strategy};

/// A search that begins, as the file says.
pub(super) fn search<'s>(points: &'s Points<'s>, tune: &TuneSpec, epochs: usize, seed: u64) -> Search<'s> {
    let (strategy, parallel) = (tune.strategy.value, tune.parallel.value);
    let sampler: Box<dyn Sampler> = match strategy {
        Strategy::Grid => Box::new(Grid::default()),
        Strategy::Random { .. } | Strategy::Asha { .. } => Box::new(Independent),
        Strategy::Hyperband { sampler: Sampling::Random, .. } => Box::new(Independent),
        Strategy::Tpe { .. } | Strategy::Hyperband { sampler: Sampling::Tpe, .. } => Box::new(Tpe),
        Strategy::GaussianProcess { .. } => Box::new(GaussianProcess),
    };
    let schedule: Box<dyn Schedule> = match strategy {
        Strategy::Grid => Box::new(Sequential::new(None, epochs, parallel)),
        Strategy::Random { trials } | Strategy::Tpe { trials } | Strategy::GaussianProcess { trials } => {
            Box::new(Sequential::new(Some(trials), epochs, parallel))
        }
        Strategy::Hyperband { max_epochs, factor, .. } => {
            Box::new(Hyperband::new(max_epochs, factor, parallel))
        }
        Strategy::Asha { trials, max_epochs, factor } => {
            Box::new(Asha::new(trials, max_epochs, factor, parallel))
        }
    };
    Search::new(points.space(), points, sampler, schedule, seed).patient(tune.patience)
}

/// Epochs that are computed at most, if no trial is ended by a callback; `None` where results decide.
pub(super) fn epochs_at_most(tune: &TuneSpec, space: &Space, epochs: usize) -> Option<usize> {
    let all = |trials: usize| trials.saturating_mul(epochs);
    let of_a_trial = match tune.strategy.value {
        Strategy::Grid => all(usize::try_from(space.points()?).ok()?),
        Strategy::Random { trials } | Strategy::Tpe { trials } | Strategy::GaussianProcess { trials } => {
            let points = space.points().and_then(|points| usize::try_from(points).ok());
            all(trials.min(points.unwrap_or(usize::MAX)))
        }
        Strategy::Hyperband { max_epochs, factor, .. } => {
            let hyperband = Hyperband::new(max_epochs, factor, 1);
            let of_bracket = |rounds: &Vec<(usize, usize)>| {
                let before = std::iter::once(0).chain(rounds.iter().map(|(_, epochs)| *epochs));
                rounds
                    .iter()
                    .zip(before)
                    .map(|((size, epochs), before)| size * (epochs - before))
                    .sum::<usize>()
            };
            hyperband.plan().iter().map(of_bracket).sum()
        }
        Strategy::Asha { .. } => return None,
    };
    Some(of_a_trial)
}
