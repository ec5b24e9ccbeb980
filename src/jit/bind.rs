//! Kernels with places for their arguments.

use std::ops::Range;
use std::sync::Arc;

use super::arena::ArenaRun;
use super::code::CompiledKernel;
use crate::ranks::Lent;

/// Most arguments of a kernel that can be bound: the addresses of a call stand on the stack.
const MAX_ARGUMENTS: usize = 64;

/// Where an argument of a kernel lies, for each task of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BoundArgument {
    /// In the arena.
    Arena {
        /// Offset of task 0's first byte.
        offset: usize,
        /// Bytes from a task's first byte to the next task's.
        stride: usize,
        /// Number of tasks.
        tasks: usize,
    },
    /// In the calling worker's scratch memory.
    Scratch {
        /// Offset of the first byte within it.
        offset: usize,
    },
}

/// Arguments that do not fit their memory: a bug in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// An argument begins outside of its memory.
    #[error("argument {argument} begins at byte {start} of {size}")]
    OutOfBounds {
        /// Its number.
        argument: usize,
        /// Where the last task's begins.
        start: usize,
        /// Size of the memory.
        size: usize,
    },
    /// More arguments than any kernel has.
    #[error("{0} arguments")]
    TooMany(usize),
}

/// A kernel whose arguments have places.
#[derive(Debug, Clone)]
pub(crate) struct BoundKernel {
    kernel: CompiledKernel,
    arguments: Box<[BoundArgument]>,
    /// Sizes that it was bound for: arenas and scratch memories are at least as large.
    arena_bytes: usize,
    scratch_bytes: usize,
}

impl BoundKernel {
    /// Gives a kernel's arguments their places, in the order of its description.
    /// # Errors
    /// [`BindError`] where one begins outside of the arena's first `arena_bytes`, or of `scratch_bytes` of
    /// scratch memory.
    pub(crate) fn new(
        kernel: CompiledKernel,
        arguments: &[BoundArgument],
        arena_bytes: usize,
        scratch_bytes: usize,
    ) -> Result<Self, BindError> {
        if arguments.len() > MAX_ARGUMENTS {
            return Err(BindError::TooMany(arguments.len()));
        }
        for (argument, place) in arguments.iter().enumerate() {
            let (start, size) = match *place {
                BoundArgument::Arena { offset, stride, tasks } => {
                    (offset + tasks.saturating_sub(1) * stride, arena_bytes)
                }
                BoundArgument::Scratch { offset } => (offset, scratch_bytes),
            };
            if start >= size {
                return Err(BindError::OutOfBounds { argument, start, size });
            }
        }
        Ok(Self { kernel, arguments: arguments.into(), arena_bytes, scratch_bytes })
    }

    /// Runs the kernel for one task. `scratch` is the offset in the arena of this worker's scratch memory.
    ///
    /// Checked here: that every argument begins inside its memory.
    /// # Safety
    /// There are as many arguments as the kernel's description says. What a call with this `count` and
    /// `first` touches of each lies inside its memory. No call at the same time writes what this one
    /// touches.
    /// # Panics
    /// If the arena is smaller than what was bound, or there are fewer tasks: a bug in the executor.
    pub(crate) unsafe fn call(
        &self,
        run: &ArenaRun,
        task: usize,
        count: usize,
        first: usize,
        scratch: usize,
    ) {
        let scratch_end = if self.scratch_bytes == 0 { 0 } else { scratch + self.scratch_bytes };
        assert!(
            run.size_bytes() >= self.arena_bytes.max(scratch_end),
            "a kernel is called with memory of the size it was bound for"
        );
        let mut addresses = [std::ptr::null_mut::<u8>(); MAX_ARGUMENTS];
        for (address, argument) in addresses.iter_mut().zip(&self.arguments) {
            *address = run.address(match *argument {
                BoundArgument::Arena { offset, stride, tasks } => {
                    assert!(task < tasks, "a task belongs to its group");
                    offset + task * stride
                }
                BoundArgument::Scratch { offset } => scratch + offset,
            });
        }
        // SAFETY:
        // * as many addresses as arguments, each inside its memory; the regions behind them are, too, as the
        //   caller says.
        // * the arena is lent to `run`, so no Rust reference points into it, but for those of
        //   `BoundValues::look`, which are of what nobody writes then.
        // * other kernels at the same time: as the caller says.
        unsafe { self.kernel.call(addresses.as_ptr(), count, first) };
    }
}

/// Bytes of the arena that travel to other ranks, or come from there, while kernels run.
#[derive(Debug, Clone)]
pub struct BoundBytes {
    ranges: Box<[Range<usize>]>,
    total: usize,
}

impl BoundBytes {
    /// These ranges, one after the other.
    /// # Errors
    /// [`BindError`] where one ends outside of the arena's first `arena_bytes`.
    pub fn new(ranges: &[Range<usize>], arena_bytes: usize) -> Result<Self, BindError> {
        if let Some(range) = ranges.iter().find(|range| range.start > range.end || range.end > arena_bytes) {
            return Err(BindError::OutOfBounds { argument: 0, start: range.end, size: arena_bytes });
        }
        Ok(Self { ranges: ranges.into(), total: ranges.iter().map(Range::len).sum() })
    }

    /// Writes them to the end of a message.
    ///
    /// Checked here: that they lie inside. Relied on, as in [`BoundKernel::call`]: that no call at the same
    /// time writes them. The executor sends bytes behind the stage that has made them, and before the one
    /// that reads them elsewhere: their buffer has this place until then.
    /// # Panics
    /// If the arena is smaller than what was bound: a bug in the executor.
    pub(crate) fn pack(&self, run: &ArenaRun, message: &mut Vec<u8>) {
        message.reserve(self.total);
        for range in &self.ranges {
            let start = run.bytes_address(range.start, range.len());
            // SAFETY: inside the arena, as `bytes_address` has checked; initialised; nobody writes it at the
            // same time, as said above, and the reference ends here.
            message.extend_from_slice(unsafe { std::slice::from_raw_parts(start, range.len()) });
        }
    }

    /// Lends them to a message, where they are one range.
    ///
    /// Checked here: that they lie inside. Relied on, while the message is on its way: that no call
    /// writes what is sent, as of [`Self::pack`], and that none touches what is received, as of
    /// [`Self::unpack`]. The executor waits for a message to have left before the first stage that
    /// writes where it is. Where a run fails because another rank has ended, messages are still on
    /// their way: then this rank ends, too, and nobody looks at the arena.
    /// # Panics
    /// As of [`Self::pack`].
    pub(crate) fn lend(&self, run: &ArenaRun) -> Option<Arc<dyn Lent>> {
        let [range] = &*self.ranges else { return None };
        Some(run.lend(range))
    }

    /// Puts a message in their place.
    ///
    /// Checked here: that they lie inside, and that it has as many bytes. Relied on: that no call at the same
    /// time touches them. The executor does this when it has come to the stage in which they are made
    /// elsewhere, where no other task touches them, and before the first one that reads them.
    /// # Panics
    /// If the arena is smaller than what was bound, or the message has other bytes: a bug in the executor.
    pub(crate) fn unpack(&self, run: &ArenaRun, message: &[u8]) {
        assert_eq!(message.len(), self.total, "both sides have the same plan");
        let mut rest = message;
        for range in &self.ranges {
            let (part, behind) = rest.split_at(range.len());
            rest = behind;
            let start = run.bytes_address(range.start, range.len());
            // SAFETY: inside the arena, as `bytes_address` has checked, and as long as `part`, which lies
            // elsewhere; nobody touches it at the same time, as said above.
            unsafe { std::ptr::copy_nonoverlapping(part.as_ptr(), start, part.len()) };
        }
    }
}

/// Numbers in the arena that are looked at between the stages of a run.
#[derive(Debug, Clone, Copy)]
pub struct BoundValues {
    offset: usize,
    elements: usize,
}

impl BoundValues {
    /// `elements` f32 from byte `offset` on.
    /// # Errors
    /// [`BindError`] where they end outside of the arena's first `arena_bytes`.
    pub fn new(offset: usize, elements: usize, arena_bytes: usize) -> Result<Self, BindError> {
        let end = offset + elements * size_of::<f32>();
        if end > arena_bytes {
            return Err(BindError::OutOfBounds { argument: 0, start: end, size: arena_bytes });
        }
        Ok(Self { offset, elements })
    }

    /// Shows the first `count` of them.
    ///
    /// Checked here: that they lie inside. Relied on, as in [`BoundKernel::call`]: that no call at the same
    /// time writes them. The executor binds a result that keeps its place for the whole run, and looks at it
    /// behind the last stage that writes it.
    /// # Panics
    /// If there are fewer, or the arena is smaller than what was bound: a bug in the executor.
    pub(crate) fn look<R>(&self, run: &ArenaRun, count: usize, at: impl FnOnce(&[f32]) -> R) -> R {
        assert!(count <= self.elements, "a batch is not larger than it was planned for");
        let start = run.f32_address(self.offset, count);
        // SAFETY: inside the arena and aligned, as `f32_address` has checked; initialised; every bit pattern
        // is an f32; kernels that run at the same time do not write it, as said above, and the reference ends
        // with `at`.
        at(unsafe { std::slice::from_raw_parts(start, count) })
    }
}
