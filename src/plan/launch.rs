//! A kernel launched over a space, and what its tasks touch.

use crate::desc::KernelDesc;

/// A buffer, by its place in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BufferId(pub u32);

impl BufferId {
    /// The place as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What the tasks of a launch divide among themselves. Two launches over the same space can run as one chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Space {
    /// The batch, in shards: task i has the images `i · shard ..` of it.
    Images {
        /// Images a shard.
        shard: usize,
        /// Shards of the nominal batch.
        shards: usize,
    },
    /// A run of elements: task i has the elements `i · part ..` of it.
    Flat {
        /// All elements.
        len: usize,
        /// Elements a part.
        part: usize,
    },
    /// One block of columns a task (products over the whole batch).
    Columns {
        /// All columns.
        len: usize,
        /// Columns a block.
        part: usize,
    },
    /// One task does all.
    Single,
}

impl Space {
    /// Number of tasks.
    pub fn tasks(self) -> usize {
        match self {
            Space::Images { shards, .. } => shards,
            Space::Flat { len, part } | Space::Columns { len, part } => len.div_ceil(part),
            Space::Single => 1,
        }
    }
}

/// Whether an argument is read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccessMode {
    /// Only read.
    Read,
    /// Written, whatever was there.
    Write,
}

/// What one task touches from its argument's pointer on, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Region {
    /// This many bytes.
    Block {
        /// Length.
        bytes: usize,
    },
    /// Rows of a matrix of which the task has some columns.
    Rows {
        /// Number of rows.
        rows: usize,
        /// Bytes from a row to the next.
        pitch: usize,
        /// Bytes of a row that are touched.
        bytes: usize,
    },
}

impl Region {
    /// Bytes that are touched.
    pub fn touched_bytes(self) -> usize {
        match self {
            Region::Block { bytes } => bytes,
            Region::Rows { rows, bytes, .. } => rows * bytes,
        }
    }
}

/// An argument: a buffer and which part of it each task touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The buffer.
    pub buffer: BufferId,
    /// Bytes from the buffer's start to task 0's pointer.
    pub offset: usize,
    /// Bytes from a task's pointer to the next one's; 0 where all tasks touch the same.
    pub stride: usize,
    /// What a task touches.
    pub region: Region,
    /// Read or written.
    pub mode: AccessMode,
}

impl Access {
    /// What a task of a space touches. The last part of a run, or block of columns, may be smaller than the
    /// others.
    pub fn region_of(&self, space: Space, task: usize) -> Region {
        let (Space::Flat { len, part } | Space::Columns { len, part }) = space else { return self.region };
        let rest = len.saturating_sub(task * part).min(part);
        let smaller = |bytes: usize| {
            // only where tasks touch their own elements and no neighbour's
            let is_own = bytes == self.stride && bytes.is_multiple_of(part);
            if is_own { bytes / part * rest } else { bytes }
        };
        match self.region {
            Region::Block { bytes } => Region::Block { bytes: smaller(bytes) },
            Region::Rows { rows, pitch, bytes } => Region::Rows { rows, pitch, bytes: smaller(bytes) },
        }
    }

    /// Whether what a task touches by this and by the other argument of the same buffer lies in one slot,
    /// `stride` bytes wide, and so apart from what any other task touches by either.
    pub fn shares_slots_with(&self, other: &Access) -> bool {
        let (Region::Block { bytes: a }, Region::Block { bytes: b }) = (self.region, other.region) else {
            return false;
        };
        let (first, end) = (self.offset.min(other.offset), (self.offset + a).max(other.offset + b));
        self.stride != 0 && self.stride == other.stride && end - first <= self.stride
    }

    /// Whether each task keeps to a slot of its own, `stride` bytes wide, counted from the buffer's
    /// beginning.
    pub fn is_own_slot(&self) -> bool {
        match self.region {
            Region::Block { bytes } => self.stride != 0 && self.offset % self.stride + bytes <= self.stride,
            Region::Rows { .. } => false,
        }
    }
}

/// What a call's `count` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// The images (or elements) of the task's part.
    Part,
    /// All images of the batch.
    Batch,
    /// This.
    Fixed(usize),
}

/// A kernel over a space.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    pub(super) kernel: KernelDesc,
    pub(super) tail: Option<KernelDesc>,
    pub(super) space: Space,
    pub(super) args: Vec<Access>,
    pub(super) count: Count,
    pub(super) layer: String,
    /// Runs once after parameters were written.
    pub(super) setup: bool,
}
