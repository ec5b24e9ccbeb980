//! A kernel by itself, to be timed.

use super::arena::Arena;
use super::bind::{BoundArgument, BoundKernel};
use super::compile::{JitError, KernelSet, compile};
use crate::kernel::desc::KernelDesc;
use crate::kernel::{Target, scratch_bytes};

const PAGE: usize = 4096;

/// A kernel with arguments in memory of their own: numbers between −1 and 1, read as whatever the kernel takes them for.
#[derive(Debug)]
pub struct LoneKernel {
    set: KernelSet,
    kernel: BoundKernel,
    arena: Arena,
    scratch_at: usize,
    count: usize,
}

impl LoneKernel {
    /// Compiles a kernel for calls with `count`. `argument_bytes`: the size of each argument, scratch memory not among them.
    /// # Errors
    /// [`JitError`], also where there is too little memory for the arguments.
    pub fn new(target: &Target, desc: &KernelDesc, argument_bytes: &[usize], count: usize) -> Result<Self, JitError> {
        let set = compile(target, std::slice::from_ref(desc))?;
        let mut places = Vec::with_capacity(argument_bytes.len() + 1);
        let mut end = 0_usize;
        for &bytes in argument_bytes {
            places.push(BoundArgument::Arena { offset: end, stride: 0, tasks: 1 });
            // no two begin at the same place of a page: they would push each other out of the first-level cache
            end = (end + bytes).next_multiple_of(PAGE) + 256;
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
        Ok(Self { set, kernel, arena, scratch_at, count })
    }

    /// Calls it once.
    pub fn call(&mut self) {
        self.kernel.call(&self.arena.run(), 0, self.count, 0, self.scratch_at);
    }

    /// Its code, and that of the micro-kernels it calls.
    pub fn set(&self) -> &KernelSet {
        &self.set
    }
}
