//! Which points read what, along one axis of an image.

use std::collections::BTreeMap;

use crate::kernel::code::BuildError;
use crate::tensor::{Axis, Layout};

/// Points along one axis that have the same taps: everything going forward, every `stride`-th pixel of `dx` going back.
#[derive(Debug)]
pub(super) struct Points {
    /// How many.
    pub(super) count: usize,
    /// Where the first one lies in what is written.
    pub(super) first: usize,
    /// From a point to the next in what is written.
    pub(super) step: usize,
    /// From a point to the next in what is read.
    pub(super) read_step: usize,
    /// Taps, by the positions that they read for the first point. Those outside the image lie in the halo.
    taps: Vec<Tap>,
}

#[derive(Debug, Clone, Copy)]
struct Tap {
    index: usize,
    at: isize,
}

/// A position that is read, and what for.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) at: isize,
    /// Pairs of a point and the tap that it reads this position with.
    pub(super) products: Vec<(usize, usize)>,
}

impl Points {
    /// The results of a convolution: point `o` reads `o · stride + k · dilation − pad` with tap `k`.
    pub(super) fn of_results(axis: &Axis) -> Self {
        let at = |k: usize| (k * axis.dilation).cast_signed() - axis.pad_before.cast_signed();
        let taps = (0..axis.kernel_size).map(|index| Tap { index, at: at(index) }).collect();
        Self { count: axis.output, first: 0, step: 1, read_step: axis.stride, taps }
    }

    /// The pixels `phase, phase + stride, …` of `dx`: point `m` reads `dy` at `m + (phase + pad − k · dilation) / stride` with every tap `k` for which that
    /// divides.
    pub(super) fn of_phase(axis: &Axis, phase: usize) -> Self {
        let stride = axis.stride.cast_signed();
        let tap = |index: usize| {
            let distance = (phase + axis.pad_before).cast_signed() - (index * axis.dilation).cast_signed();
            (distance % stride == 0).then_some(Tap { index, at: distance / stride })
        };
        // later taps read earlier positions
        let taps = (0..axis.kernel_size).rev().filter_map(tap).collect();
        let count = axis.input.saturating_sub(phase).div_ceil(axis.stride);
        Self { count, first: phase, step: axis.stride, read_step: 1, taps }
    }

    /// What the first `count` points read, in the order of positions.
    pub(super) fn reads(&self, count: usize) -> Vec<Read> {
        let mut reads: BTreeMap<isize, Vec<(usize, usize)>> = BTreeMap::new();
        for point in 0..count {
            for tap in &self.taps {
                let at = tap.at + (point * self.read_step).cast_signed();
                reads.entry(at).or_default().push((point, tap.index));
            }
        }
        reads.into_iter().map(|(at, products)| Read { at, products }).collect()
    }

    /// Positions that so many points reach over.
    pub(super) fn reach(&self, count: usize) -> usize {
        let (Some(first), Some(last)) = (self.taps.first(), self.taps.last()) else { return 0 };
        last.at.abs_diff(first.at) + 1 + (count - 1) * self.read_step
    }

    fn earliest(&self) -> isize {
        self.taps.first().map_or(0, |tap| tap.at)
    }
}

/// Points of both axes.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) y: Points,
    pub(super) x: Points,
}

impl Grid {
    /// # Errors
    /// [`BuildError`] where the halo of what is read is too narrow.
    pub(super) fn new(y: Points, x: Points, read: &Layout) -> Result<Self, BuildError> {
        let first = y.earliest() * read.row_pitch.cast_signed() + x.earliest() * read.pixel_pitch.cast_signed();
        if read.origin.checked_add_signed(first).is_none() {
            let reason = "the halo is narrower than the window reaches";
            return Err(BuildError::Description { family: "depthwise", reason });
        }
        Ok(Self { y, x })
    }
}
