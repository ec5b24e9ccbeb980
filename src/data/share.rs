//! Which pictures of a pass are made, where several processes divide them among themselves.

use std::ops::Range;

/// Which pictures of a pass are made. Labels, targets and weights are those of all, whichever
/// pictures are made: they are cheap, and everybody wants them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Share {
    /// All of them.
    #[default]
    All,
    /// Those at these places of each batch; those at the others are zeros. The end may lie behind
    /// that of a batch.
    Places(Range<usize>),
    /// Those of every so-manieth batch of the pass; the other batches have no pictures.
    Batches {
        /// The first of them.
        first: usize,
        /// From one to the next.
        step: usize,
    },
}

impl Share {
    /// The places of the pictures that are made of a batch of `count`, by its place in the pass.
    pub fn places(&self, batch: usize, count: usize) -> Range<usize> {
        match self {
            Self::All => 0..count,
            Self::Places(places) => places.start.min(count)..places.end.min(count),
            Self::Batches { .. } if self.has(batch) => 0..count,
            Self::Batches { .. } => 0..0,
        }
    }

    /// Whether a batch has pictures.
    pub fn has(&self, batch: usize) -> bool {
        match self {
            Self::All | Self::Places(_) => true,
            Self::Batches { first, step } => batch % step == *first,
        }
    }

    /// Batches from one that has pictures to the next.
    pub(super) fn step(&self) -> usize {
        match self {
            Self::All | Self::Places(_) => 1,
            Self::Batches { step, .. } => *step,
        }
    }
}
