//! Random changes to training pictures. They work on the arranged picture (after colour and resize, before
//! rescale and normalize), whose values lie in 0..=255; what changes colours clips to that.
//!
//! Operations happen in the order written. Affine ones that follow each other are composed into one matrix,
//! and the picture is sampled once. Random numbers of an operation come from `Random::keyed([seed, epoch,
//! item, operation])`: first whether it happens at all, then its own, in the order that its file states. So
//! they depend neither on other operations nor on threads.
//!
//! Operations that mix pictures come last, wherever they are written: they work on whole prepared batches
//! ([`mix`]).

mod affine;
mod mix;
mod tone;
mod warp;

use super::picture::PixelSlice;
use crate::ir::{AugmentKind, AugmentSpec, Fill};
use crate::random::Random;

use affine::Affine;
pub(super) use mix::{Mixable, largest_shares, mix, sources, spread};

/// Which image in which epoch: what its random numbers depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Occasion {
    pub(super) seed: u64,
    pub(super) epoch: u64,
    pub(super) item: u64,
    /// Whether horizontal flips may happen; not where the mirror image of a class is none.
    pub(super) flips: bool,
}

impl Occasion {
    /// The random numbers of an operation, if it happens.
    fn happens(self, spec: &AugmentSpec, index: usize) -> Option<Random> {
        let op = &spec.ops[index].value;
        if op.kind == AugmentKind::FlipHorizontal && !self.flips {
            return None;
        }
        let mut random = Random::keyed(&[self.seed, self.epoch, self.item, index as u64]);
        (random.unit() < f64::from(op.probability)).then_some(random)
    }
}

/// Whether the picture is mirrored left and right on this occasion.
pub(super) fn mirrors(spec: &AugmentSpec, occasion: Occasion) -> bool {
    let flips =
        (0..spec.ops.len()).filter(|&index| spec.ops[index].value.kind == AugmentKind::FlipHorizontal);
    flips.filter(|&index| occasion.happens(spec, index).is_some()).count() % 2 == 1
}

/// Augments one arranged picture `[height, width, channels]` into `out`, of the same size. `scratch` is room
/// that is used again.
pub(super) fn augment(
    spec: &AugmentSpec,
    occasion: Occasion,
    size: [usize; 3],
    pixels: PixelSlice<'_>,
    out: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    let mut change =
        Change { size, fill: spec.fill, original: Some(pixels), matrix: Affine::IDENTITY, out, scratch };
    for (index, op) in spec.ops.iter().enumerate().filter(|(_, op)| !op.value.kind.mixes_labels()) {
        let Some(mut random) = occasion.happens(spec, index) else { continue };
        match Affine::drawn(op.value.kind, size[0], size[1], &mut random) {
            Some(affine) => change.matrix = change.matrix.then_inner(affine),
            None => change.apply(op.value.kind, &mut random),
        }
    }
    change.settle();
}

/// A picture on its way through the operations.
struct Change<'a> {
    size: [usize; 3],
    fill: Fill,
    /// The picture, as long as it has not been brought to `out`.
    original: Option<PixelSlice<'a>>,
    /// Affine operations that are still to be applied.
    matrix: Affine,
    out: &'a mut [f32],
    scratch: &'a mut Vec<f32>,
}

impl Change<'_> {
    /// Brings the picture to `out`, with all affine operations so far applied.
    fn settle(&mut self) {
        let matrix = std::mem::replace(&mut self.matrix, Affine::IDENTITY);
        let still = matrix == Affine::IDENTITY;
        match self.original.take() {
            Some(PixelSlice::Bytes(bytes)) if still => {
                self.out.iter_mut().zip(bytes).for_each(|(value, &byte)| *value = f32::from(byte));
            }
            Some(PixelSlice::Floats(floats)) if still => self.out.copy_from_slice(floats),
            Some(PixelSlice::Bytes(bytes)) => affine::sample(self.size, bytes, matrix, self.fill, self.out),
            Some(PixelSlice::Floats(floats)) => {
                affine::sample(self.size, floats, matrix, self.fill, self.out)
            }
            None if still => {}
            None => {
                self.keep();
                affine::sample(self.size, self.scratch, matrix, self.fill, self.out);
            }
        }
    }

    /// Copies `out` to `scratch`.
    fn keep(&mut self) {
        self.scratch.clear();
        self.scratch.extend_from_slice(self.out);
    }

    /// Applies an operation that is not affine.
    fn apply(&mut self, kind: AugmentKind, random: &mut Random) {
        self.settle();
        if tone::apply(kind, self.size, self.out, random) {
            return;
        }
        self.keep();
        warp::apply(kind, self.size, self.scratch, self.fill, self.out, random);
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
