//! A kernel by itself, to be timed.

use super::arena::Arena;
use super::bind::{BoundArgument, BoundKernel};
use super::compile::{JitError, KernelSet, compile};
use crate::desc::KernelDesc;
use crate::kernel::{Target, scratch_bytes};
use crate::plan::TimedCall;

const PAGE: usize = 4096;

/// More than the last cache of a processor holds.
const UNCACHED_BYTES: usize = 64 << 20;

/// A kernel with arguments in memory of their own: numbers between −1 and 1, read as whatever the kernel
/// takes them for.
#[derive(Debug)]
pub struct LoneKernel {
    set: KernelSet,
    kernel: BoundKernel,
    arena: Arena,
    scratch_at: usize,
    count: usize,
    /// Copies of the argument that is read from memory, else 1, and which one is next.
    copies: usize,
    next: usize,
}

impl LoneKernel {
    /// Compiles a kernel that a plan would have. Where one of its arguments is to be found in memory, and in
    /// no cache, there are many copies of it, and they take turns.
    /// # Errors
    /// [`JitError`], also where there is too little memory for the arguments.
    pub fn of(target: &Target, call: &TimedCall) -> Result<Self, JitError> {
        Self::with_uncached(target, call.kernel(), call.arguments(), call.count(), call.uncached())
    }

    /// Compiles a kernel for calls with `count`. `argument_bytes`: the size of each argument, scratch memory
    /// not among them.
    /// # Errors
    /// [`JitError`], also where there is too little memory for the arguments.
    /// # Safety
    /// There are as many arguments as the description says, and none is smaller than what a call with `count`
    /// touches of it.
    pub unsafe fn new(
        target: &Target,
        desc: &KernelDesc,
        argument_bytes: &[usize],
        count: usize,
    ) -> Result<Self, JitError> {
        Self::with_uncached(target, desc, argument_bytes, count, None)
    }

    fn with_uncached(
        target: &Target,
        desc: &KernelDesc,
        argument_bytes: &[usize],
        count: usize,
        uncached: Option<usize>,
    ) -> Result<Self, JitError> {
        let set = compile(target, std::slice::from_ref(desc))?;
        let copies_of = |bytes: usize| UNCACHED_BYTES.div_ceil(bytes.max(PAGE));
        let copies = uncached.map_or(1, |argument| copies_of(argument_bytes[argument]));
        let mut places = Vec::with_capacity(argument_bytes.len() + 1);
        let mut end = 0_usize;
        for (argument, &bytes) in argument_bytes.iter().enumerate() {
            // no two begin at the same place of a page: they would push each other out of the first-level
            // cache
            let next = (end + bytes).next_multiple_of(PAGE) + 256;
            let stride = if uncached == Some(argument) { next - end } else { 0 };
            places.push(BoundArgument::Arena { offset: end, stride, tasks: copies });
            end = next + (copies - 1) * stride;
        }
        let scratch = scratch_bytes(desc, target);
        places.extend((scratch > 0).then_some(BoundArgument::Scratch { offset: 0 }));
        let scratch_at = end.next_multiple_of(PAGE);
        let size = scratch_at + scratch + PAGE;
        let mut arena = Arena::new(size).map_err(|error| JitError::Memory(error.to_string()))?;
        for (at, value) in arena.f32_mut(0, end / size_of::<f32>()).iter_mut().enumerate() {
            *value = (at * 7919 % 1024) as f32 / 512.0 - 1.0;
        }
        let bound = BoundKernel::new(set.entry(0), &places, size, scratch);
        let kernel = bound.map_err(|error| JitError::Memory(error.to_string()))?;
        Ok(Self { set, kernel, arena, scratch_at, count, copies, next: 0 })
    }

    /// Calls it once.
    pub fn call(&mut self) {
        // SAFETY: each argument is as large as a call with `count` needs: a plan's call says so, or who
        // called `new`. The arena is this kernel's own and lent mutably: no other call is made meanwhile.
        unsafe { self.kernel.call(&self.arena.run(), self.next, self.count, 0, self.scratch_at) };
        self.next = (self.next + 1) % self.copies;
    }

    /// Its code, and that of the micro-kernels it calls.
    pub fn set(&self) -> &KernelSet {
        &self.set
    }
}
