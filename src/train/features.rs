//! Features of a phase: what the frozen part of a model makes of pictures, made once before the first epoch
//! that learns from them.

use std::sync::Arc;
use std::time::Instant;

use super::engine::TrainEngine;
use super::error::RunError;
use super::interrupt::Interrupt;
use super::together::{Together, not_understood};
use super::wire::{Packed, Unpacked};
use crate::data::{Batches, Dataset, FeaturePlace, FeaturePlan, Features, Split};
use crate::runtime::FEATURES_AT_ONCE;

/// Features that were made once, and used in several epochs.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureUse {
    /// The phase, where there are phases.
    pub phase: Option<String>,
    /// Where they were kept.
    pub place: FeaturePlace,
    /// Pictures.
    pub pictures: usize,
    /// Wall time of making them, in seconds.
    pub seconds: f64,
    /// Complete epochs that used them.
    pub epochs: usize,
}

/// Features that are kept.
#[derive(Debug)]
pub(super) struct KeptFeatures {
    plan: FeaturePlan,
    rows: Arc<Features>,
    pub(super) used: FeatureUse,
}

/// What has become of features that were to be made.
#[derive(Debug)]
pub(super) enum Making {
    /// They are there.
    Done(KeptFeatures),
    /// None are kept.
    Nothing,
    /// The interrupt was raised meanwhile: those that were made are lost.
    Interrupted,
}

impl KeptFeatures {
    /// Of all ranks: makes what is to be kept, each rank some of it, so that all have all. `told`
    /// gets pictures that are done and all of them.
    /// # Errors
    /// [`RunError::Data`]: pictures that cannot be delivered, a disk that is full;
    /// [`RunError::Compile`], [`RunError::Ranks`].
    pub(super) fn make(
        engine: &mut impl TrainEngine,
        (data, plan): (&Dataset, FeaturePlan),
        phase: Option<&str>,
        (ranks, interrupt): (Together<'_>, &Interrupt),
        told: &mut dyn FnMut(usize, usize),
    ) -> Result<Making, RunError> {
        let begun = Instant::now();
        let validation = data.validation.as_ref().map_or(0, |split| split.len());
        let splits =
            [(Split::Train, data.train.len(), plan.train), (Split::Validation, validation, plan.validation)];
        let kept = splits.into_iter().filter_map(|(split, count, kept)| Some((split, count, kept.ok()?)));
        let kept: Vec<_> = kept.filter(|(_, count, _)| *count > 0).collect();
        let Some(&(_, _, place)) = kept.first() else { return Ok(Making::Nothing) };
        let all: usize = kept.iter().map(|(_, count, _)| count).sum();
        let mut made = None;
        let mut done = 0;
        for (split, ..) in kept {
            let batches = data.batches(split, FEATURES_AT_ONCE);
            let mut keep = |items: &[u32], rows: &[f32]| {
                let features = match &mut made {
                    Some(features) => features,
                    None => {
                        let width = rows.len() / items.len();
                        made.insert(Features::new(place, data.pictures(), (all, width))?)
                    }
                };
                features.add(items, rows)?;
                done += items.len();
                told(done, all);
                Ok(())
            };
            if !make_of_split(engine, batches, (ranks, interrupt), &mut keep)? {
                return Ok(Making::Interrupted);
            }
        }
        let seconds = begun.elapsed().as_secs_f64();
        let used = FeatureUse { phase: phase.map(str::to_owned), place, pictures: all, seconds, epochs: 0 };
        Ok(made.map_or(Making::Nothing, |rows| Making::Done(Self { plan, rows: Arc::new(rows), used })))
    }

    /// Those of a split, where they are kept.
    pub(super) fn of(&self, split: Split) -> Option<&Arc<Features>> {
        let kept = match split {
            Split::Train => self.plan.train,
            Split::Validation => self.plan.validation,
            Split::Test => return None,
        };
        kept.ok().map(|_| &self.rows)
    }
}

/// Takes pictures and their rows.
type Keep<'k> = &'k mut (dyn FnMut(&[u32], &[f32]) -> Result<(), RunError> + 'k);

/// Of all ranks: makes the features of a split, each rank those of its batches; `keep` gets
/// pictures and their rows, batch by batch, on all ranks. `false`: the interrupt of one of them was
/// raised.
fn make_of_split(
    engine: &mut impl TrainEngine,
    batches: Batches,
    (ranks, interrupt): (Together<'_>, &Interrupt),
    keep: Keep<'_>,
) -> Result<bool, RunError> {
    let share = ranks.own_batches();
    let mut batches = batches.shared(share.clone());
    let items = batches.items().to_vec();
    let mut rest = &items[..];
    let (mut rows, mut counts) = (Vec::new(), Vec::new());
    let mut packed = Packed::default();
    let mut at = 0;
    while let Some(batch) = batches.next_unless(ranks.flag(interrupt)) {
        let batch = batch?;
        if share.has(at) {
            engine.features(&batch.images, batch.size, &mut rows)?;
        }
        at += 1;
        counts.push(batch.labels.len());
        if ranks.is_alone() {
            let (items, others) = rest.split_at(counts.drain(..).sum());
            keep(items, &rows)?;
            rest = others;
            continue;
        }
        if counts.len() < ranks.size() && batches.len() > 0 {
            continue;
        }
        packed.push_flag(interrupt.is_raised());
        packed.push_floats(&rows);
        rows.clear();
        let mut is_raised = false;
        // the last batches may be fewer than ranks
        let mut counts = counts.drain(..);
        for (rank, given) in ranks.gather(&packed.take())?.iter().enumerate() {
            let mut given = Unpacked::of(given);
            is_raised |= given.flag().ok_or_else(|| not_understood(rank))?;
            let rows = given.floats().ok_or_else(|| not_understood(rank))?;
            let (items, others) = rest.split_at(counts.next().unwrap_or(0));
            if !items.is_empty() {
                keep(items, &rows)?;
            }
            rest = others;
        }
        if is_raised {
            return Ok(false);
        }
    }
    Ok(!(ranks.is_alone() && interrupt.is_raised()))
}
