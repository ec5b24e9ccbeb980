//! How a model is compiled.

use std::sync::Arc;

use super::error::Error;
use crate::kernel::{Simd, Target};
use crate::memory::{Machine, memory_bytes};
use crate::runtime::CompileOptions;

/// How a model is compiled. Results do not depend on the number of threads; their last digits depend on
/// everything else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compute {
    /// Worker threads; 0: one for each core.
    pub threads: usize,
    /// Vector instructions to use instead of the widest there are.
    pub simd: Option<Simd>,
    /// Sum every product up directly: slower, and nearer to the last digit.
    pub exact: bool,
    /// Time the ways of computing each convolution on this machine, instead of asking a model of it.
    pub tune_kernels: bool,
}

/// Most worker threads: each takes a stack and scratch memory of its own, and no result comes sooner from
/// more threads than cores.
pub(crate) const MOST_THREADS: usize = 1024;

impl Compute {
    /// What code is generated for.
    pub fn target(&self) -> Target {
        Target { exact: self.exact, ..self.simd.map_or_else(Target::host, Target::of) }
    }

    /// The number of worker threads that are used.
    pub fn thread_count(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS),
            threads => threads,
        }
    }

    /// This machine, computing so. Where it does not tell its memory there is no end of it.
    pub fn machine(&self) -> Machine {
        let memory_bytes = memory_bytes().unwrap_or(u64::MAX);
        Machine { target: self.target(), threads: self.thread_count(), memory_bytes }
    }

    /// The options of a session.
    pub(crate) fn options(&self, batch: usize, random: bool) -> CompileOptions {
        CompileOptions {
            target: self.target(),
            threads: self.thread_count(),
            batch,
            random,
            choices: Arc::default(),
            library: None,
            ranks: None,
        }
    }

    /// Whether this machine can.
    /// # Errors
    /// [`Error::NoVectors`], [`Error::ManyThreads`].
    pub(crate) fn check(&self) -> Result<(), Error> {
        if let Some(asked) = self.simd.filter(|simd| !simd.is_available()) {
            return Err(Error::NoVectors { asked, widest: Simd::detect() });
        }
        if self.threads > MOST_THREADS {
            return Err(Error::ManyThreads { asked: self.threads, most: MOST_THREADS });
        }
        Ok(())
    }
}
