//! Features of a phase: what the frozen part of a model makes of pictures, made once before the first epoch
//! that learns from them.

use std::sync::Arc;
use std::time::Instant;

use super::engine::TrainEngine;
use super::error::RunError;
use super::interrupt::Interrupt;
use crate::data::{Dataset, FeaturePlace, FeaturePlan, Features, Split};
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

impl KeptFeatures {
    /// Makes what is to be kept; `None` if `interrupt` was raised meanwhile. `told` gets pictures that are done and
    /// all of them.
    /// # Errors
    /// [`RunError::Data`]: pictures that cannot be delivered, a disk that is full; [`RunError::Compile`].
    pub(super) fn make(
        engine: &mut impl TrainEngine,
        (data, plan): (&Dataset, FeaturePlan),
        phase: Option<&str>,
        interrupt: &Interrupt,
        told: &mut dyn FnMut(usize, usize),
    ) -> Result<Option<Self>, RunError> {
        let begun = Instant::now();
        let validation = data.validation.as_ref().map_or(0, |split| split.len());
        let splits =
            [(Split::Train, data.train.len(), plan.train), (Split::Validation, validation, plan.validation)];
        let kept = splits.into_iter().filter_map(|(split, count, kept)| Some((split, count, kept.ok()?)));
        let kept: Vec<_> = kept.filter(|(_, count, _)| *count > 0).collect();
        let Some(&(_, _, place)) = kept.first() else { return Ok(None) };
        let all: usize = kept.iter().map(|(_, count, _)| count).sum();
        let (mut made, mut rows) = (None, Vec::new());
        let mut done = 0;
        for (split, ..) in kept {
            let mut batches = data.batches(split, FEATURES_AT_ONCE);
            let items = batches.items().to_vec();
            let mut first = 0;
            while let Some(batch) = batches.next_unless(interrupt.flag()) {
                let batch = batch?;
                engine.features(&batch.images, batch.size, &mut rows)?;
                let count = batch.labels.len();
                let features = match &mut made {
                    Some(features) => features,
                    None => {
                        let width = rows.len() / count;
                        made.insert(Features::new(place, data.pictures(), (all, width))?)
                    }
                };
                features.add(&items[first..first + count], &rows)?;
                first += count;
                done += count;
                told(done, all);
            }
            if interrupt.is_raised() {
                return Ok(None);
            }
        }
        let seconds = begun.elapsed().as_secs_f64();
        let used = FeatureUse { phase: phase.map(str::to_owned), place, pictures: all, seconds, epochs: 0 };
        Ok(made.map(|rows| Self { plan, rows: Arc::new(rows), used }))
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
