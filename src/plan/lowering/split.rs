//! Single images, divided among threads.
//!
//! A batch is divided into shards of images. A plan for one image has one shard: its large convolutions and
//! maps are divided by rows of the result, or, where weights are what takes time, by output channels, as
//! pools are; dense layers by rows of their weights. The division depends on the plan alone, as everything in
//! it: not on the number of threads.

use super::Lowerer;
use super::storage::Storage;
use crate::plan::launch::{Access, AccessMode, Region, Space};
use crate::tensor::Layout;

/// Operations below which a launch is not divided: some two microseconds of one thread, several times what it
/// takes threads that are awake to meet. Half and twice as many differ by less than a twentieth of a step of
/// any model in `models`.
const WORTH_DIVIDING: usize = 200_000;

/// Elements below which a map is not divided: they are read and written in about as long.
const WORTH_DIVIDING_ELEMENTS: usize = 8 * 1024;

/// Tasks that something is divided into at most.
const TASKS: usize = 8;

/// `len` things in parts of `part`; the last may be smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) len: usize,
    pub(super) part: usize,
}

impl Parts {
    /// The most even division into multiples of `unit`, for two, four and eight threads, with as few tasks as
    /// that takes. `None`: it cannot be divided.
    pub(super) fn of(len: usize, unit: usize) -> Option<Self> {
        let score = |part: usize| {
            let tasks = len.div_ceil(part);
            let evenness = |threads: usize| len as f64 / (threads * tasks.div_ceil(threads) * part) as f64;
            // a task more reads shared operands once more, and its tiles are smaller
            0.75 * evenness(2) + 0.2 * evenness(4) + 0.05 * evenness(8) - 0.03 * tasks as f64
        };
        let parts =
            (2..=TASKS).map(|tasks| len.div_ceil(tasks).next_multiple_of(unit)).filter(|&part| part < len);
        parts.max_by(|&a, &b| score(a).total_cmp(&score(b))).map(|part| Self { len, part })
    }

    pub(super) fn space(self) -> Space {
        Space::Flat { len: self.len, part: self.part }
    }

    /// The size of the last part, where it is smaller.
    pub(super) fn tail(self) -> Option<usize> {
        let rest = self.len % self.part;
        (rest > 0).then_some(rest)
    }
}

impl Lowerer<'_> {
    /// Whether a launch of this many operations is divided within its only image.
    pub(super) fn divides_image(&self, operations: usize) -> bool {
        self.images() == 1 && operations >= WORTH_DIVIDING
    }

    /// Whether a map over images of this many elements is divided within its only image.
    pub(super) fn divides_map(&self, elements: usize) -> bool {
        self.images() == 1 && elements >= WORTH_DIVIDING_ELEMENTS
    }

    /// Rows of a feature map: the argument of each part, and the layout of its pixels behind that pointer. A
    /// part begins `step` rows after the one before, `above` rows above its first pixel, and touches `rows`
    /// rows.
    pub(super) fn rows(
        &self,
        storage: &Storage,
        [step, above, rows]: [usize; 3],
        mode: AccessMode,
    ) -> (Access, Layout) {
        let layout = storage.layout;
        let row_bytes = layout.row_pitch * storage.element_bytes;
        // rows of the halo above those that are touched, and what is left of the first pixel
        let top = layout.origin / layout.row_pitch;
        let first = top - above;
        let access = Access {
            buffer: storage.buffer,
            offset: first * row_bytes,
            stride: step * row_bytes,
            region: Region::Block { bytes: rows * row_bytes },
            mode,
        };
        (access, Layout { origin: layout.origin - first * layout.row_pitch, height: step, ..layout })
    }

    /// Channels of a feature map, `part` a task, of all images.
    pub(super) fn channels(&self, storage: &Storage, part: usize, mode: AccessMode) -> (Access, Layout) {
        let layout = storage.layout;
        let pitch = layout.pixel_pitch * storage.element_bytes;
        let bytes = part * storage.element_bytes;
        let rows = self.images() * layout.image_pitch / layout.pixel_pitch;
        let region = Region::Rows { rows, pitch, bytes };
        // of a slice of a wider buffer, the first channel
        let first = layout.origin % layout.pixel_pitch;
        let offset = first * storage.element_bytes;
        let layout = Layout { channels: part, origin: layout.origin - first, ..layout };
        (Access { buffer: storage.buffer, offset, stride: bytes, region, mode }, layout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_even() {
        let part = |len, unit| Parts::of(len, unit).map(|parts| parts.part);
        assert_eq!(part(32, 1), Some(8));
        assert_eq!(part(14, 1), Some(7));
        assert_eq!(part(7, 1), Some(2));
        assert_eq!(part(14, 4), Some(4));
        assert_eq!(part(56, 4), Some(28));
        assert_eq!(part(1, 1), None);
        assert_eq!(part(4, 4), None);
    }
}
