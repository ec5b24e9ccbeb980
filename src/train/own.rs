//! The pictures of a batch that are a rank's own.

use super::engine::TrainEngine;
use super::together::{Together, not_understood};
use super::wire::{Packed, Unpacked};
use crate::data::{Batch, Share};
use crate::ranks::RankError;
use crate::runtime::CompileError;

/// Writes what the frozen part of a model makes of the pictures of a batch that are there: a row
/// for each, and rows of zeros for the others. `false`: there is no frozen part.
/// # Errors
/// [`CompileError`].
pub(super) fn features(
    engine: &mut impl TrainEngine,
    batch: &Batch,
    share: &Share,
    rows: &mut Vec<f32>,
) -> Result<bool, CompileError> {
    let count = batch.labels.len();
    let places = share.places(0, count);
    if places.len() == count {
        return engine.features(&batch.images, batch.size, rows);
    }
    let elements = batch.images.len() / count;
    // where none is there, one of zeros tells how long a row is
    let computed = if places.is_empty() { 0..1 } else { places.clone() };
    let mut own = Vec::new();
    let images = &batch.images[computed.start * elements..computed.end * elements];
    if !engine.features(images, batch.size, &mut own)? {
        return Ok(false);
    }
    let width = own.len() / computed.len();
    rows.clear();
    rows.resize(count * width, 0.0);
    if !places.is_empty() {
        rows[places.start * width..places.end * width].copy_from_slice(&own);
    }
    Ok(true)
}

/// Of all ranks: the pictures of a batch of `count`, or their rows of features, of which each rank
/// has those of its share.
/// # Errors
/// [`RankError`].
pub(super) fn of_all(
    ranks: Together<'_>,
    values: &[f32],
    (share, count): (&Share, usize),
) -> Result<Vec<f32>, RankError> {
    let (places, elements) = (share.places(0, count), values.len() / count);
    let mut packed = Packed::default();
    packed.push_floats(&values[places.start * elements..places.end * elements]);
    let mut all = Vec::with_capacity(values.len());
    for (rank, given) in ranks.gather(&packed.take())?.iter().enumerate() {
        all.extend(Unpacked::of(given).floats().ok_or_else(|| not_understood(rank))?);
    }
    Ok(all)
}
