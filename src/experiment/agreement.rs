//! What the ranks of a run must have in common, and what rank 0 decides for all. Everything here is *of all
//! ranks*: each calls it, in the same order. A run of one process asks nobody.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::error::Error;
use super::job::StageProgram;
use super::tuning;
use crate::checksum::Summing;
use crate::data::DataDigest;
use crate::ir::TuneSpec;
use crate::kernel::Target;
use crate::plan::{self, Choices};
use crate::ranks::{Common, Communicator, RankError};
use crate::settings::Settings;
use crate::train::Pretrained;

/// All ranks are of one version, compute in one way, and have the same settings.
/// # Errors
/// [`RankError`]: the first rank that differs from rank 0.
pub(super) fn on_program(
    ranks: Option<&Communicator>,
    Target { simd, exact }: Target,
    settings: &Settings,
) -> Result<(), RankError> {
    let Some(ranks) = ranks else { return Ok(()) };
    let version = (Common::Version, env!("CARGO_PKG_VERSION").to_owned());
    let exactly = if exact { " --exact" } else { "" };
    let instructions = (Common::Instructions, format!("{simd}{exactly}"));
    let settings = settings.to_json();
    let settings = settings.as_object().into_iter().flatten();
    let settings = settings.map(|(key, value)| (Common::Settings, format!("`{key}` = {value}")));
    ranks.agree(&[version, instructions].into_iter().chain(settings).collect::<Vec<_>>())
}

/// All ranks have the same data.
/// # Errors
/// [`RankError`]: the first rank that differs from rank 0.
pub(super) fn on_data(ranks: &Communicator, digest: &DataDigest) -> Result<(), RankError> {
    ranks.agree(&[(Common::Data, digest.whole.as_ref().unwrap_or(&digest.sampled).clone())])
}

/// All ranks begin with the same weights, where these are not random.
/// # Errors
/// [`RankError`]: the first rank that differs from rank 0.
pub(super) fn on_weights(ranks: &Communicator, weights: &Pretrained) -> Result<(), RankError> {
    let mut summing = Summing::default();
    for (name, values) in weights {
        summing.add(name.as_bytes());
        summing.add_floats(values);
    }
    ranks.agree(&[(Common::Weights, summing.sum().to_string())])
}

/// All ranks search the same space in the same way; `space` has what each parameter may be.
/// # Errors
/// [`RankError`]: the first rank that differs from rank 0.
pub(super) fn on_search(
    ranks: &Communicator,
    space: &Map<String, Value>,
    tune: &TuneSpec,
) -> Result<(), RankError> {
    let objective = format!("`tune.objective` = {}", tune.objective.value.column());
    let seeds = format!("`tune.seeds` = {}", tune.seeds);
    let space = space.iter().map(|(name, domain)| format!("`{name}` = {domain}"));
    let facts = [objective, seeds].into_iter().chain(space);
    ranks.agree(&facts.map(|fact| (Common::Settings, fact)).collect::<Vec<_>>())
}

/// Each of so many ranks has a part of every batch.
/// # Errors
/// [`RankError::TooMany`].
pub(super) fn on_parts(ranks: usize, stages: &[StageProgram]) -> Result<(), RankError> {
    let shards = |batch| plan::shards(batch).1;
    for batch in stages.iter().map(|stage| stage.train.batch.value) {
        if shards(batch) < ranks {
            let (shards, fits) = (shards(batch), plan::batch_for(ranks));
            return Err(RankError::TooMany { ranks, batch, shards, fits });
        }
    }
    Ok(())
}

/// The ways of computing convolutions that rank 0 has found to be fast: other ways add in another order.
/// # Errors
/// Those of `time`, on rank 0; [`RankError`].
pub(super) fn on_choices(
    ranks: Option<&Communicator>,
    time: impl FnOnce() -> Result<Arc<Choices>, Error>,
) -> Result<Arc<Choices>, Error> {
    let Some(ranks) = ranks else { return time() };
    if ranks.is_first() {
        let choices = time()?;
        ranks.broadcast(|| tuning::to_json(&choices).to_string().into_bytes())?;
        return Ok(choices);
    }
    let told = ranks.broadcast(Vec::new)?;
    let choices = serde_json::from_slice(&told);
    let choices = choices.map_err(|error| RankError::Lost(error.to_string()))?;
    Ok(Arc::new(tuning::from_json(&choices)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ranks::threads;

    #[test]
    fn weights_are_compared_by_name_and_value() {
        let weights = |name: &str, value: f32| Pretrained::from([(name.to_owned(), vec![1.0, value])]);
        for (theirs, alike) in [
            (weights("a", 2.0), true),
            (weights("a", 3.0), false),
            (weights("b", 2.0), false),
            (Pretrained::new(), false),
        ] {
            let [first, second] = <[_; 2]>::try_from(threads(2, Duration::from_secs(30))).expect("two");
            let found = std::thread::scope(|scope| {
                let second = scope.spawn(|| on_weights(&second, &theirs));
                let first = on_weights(&first, &weights("a", 2.0));
                [first, second.join().expect("no panic")]
            });
            for found in found {
                let differs = matches!(found, Err(RankError::Differs { what: Common::Weights, rank: 1, .. }));
                assert_eq!(differs, !alike, "{found:?}");
                assert_eq!(found.is_ok(), alike, "{found:?}");
            }
        }
    }

    #[test]
    fn the_choices_of_rank_0_are_those_of_all() {
        let ranks = threads(2, Duration::from_secs(30));
        let choices: Vec<_> = std::thread::scope(|scope| {
            let ask = |rank: Communicator| {
                scope.spawn(move || {
                    let time = || {
                        assert!(rank.is_first(), "nobody else measures");
                        Ok(Arc::new(Choices::from_texts([("conv2d 3x3", "direct")].into_iter())))
                    };
                    on_choices(Some(&rank), time).expect("rank 0 tells").texts().count()
                })
            };
            let asked: Vec<_> = ranks.into_iter().map(ask).collect();
            asked.into_iter().map(|asked| asked.join().expect("no panic")).collect()
        });
        assert_eq!(choices[0], choices[1]);
    }
}
