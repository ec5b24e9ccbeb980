//! Kernels with places for their arguments.

use super::arena::ArenaRun;
use super::code::CompiledKernel;

/// Most arguments of a kernel that can be bound: the addresses of a call stand on the stack.
const MAX_ARGUMENTS: usize = 64;

/// Where an argument of a kernel begins. All in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundArgument {
    /// In the arena, each task at its own place.
    Arena {
        /// Offset for task 0.
        offset: usize,
        /// From a task to the next; 0 where all share it.
        stride: usize,
        /// Number of tasks.
        tasks: usize,
    },
    /// In the scratch memory of the calling thread.
    Scratch {
        /// Offset within that memory.
        offset: usize,
    },
}

/// Arguments that do not fit: a bug in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// An argument does not begin inside its memory.
    #[error("argument {argument} begins at byte {offset} of {size}")]
    OutOfBounds {
        /// Its number.
        argument: usize,
        /// Where it begins, for the last task.
        offset: usize,
        /// Size of the arena or of a thread's scratch memory.
        size: usize,
    },
    /// More arguments than any kernel has.
    #[error("a kernel with {0} arguments")]
    TooMany(usize),
}

/// A kernel whose arguments have places in an arena and in scratch memory of certain sizes.
#[derive(Debug, Clone)]
pub struct BoundKernel {
    kernel: CompiledKernel,
    arguments: Box<[BoundArgument]>,
    /// Arenas it is called with are at least this large.
    arena_bytes: usize,
    scratch_bytes: usize,
    /// No argument has a place for this task or a later one.
    tasks: usize,
}

impl BoundKernel {
    /// Gives a kernel's arguments their places, in the order of its description.
    /// # Errors
    /// [`BindError`] where one does not begin inside an arena of `arena_bytes` or a scratch memory of `scratch_bytes`.
    pub fn new(
        kernel: CompiledKernel,
        arguments: &[BoundArgument],
        arena_bytes: usize,
        scratch_bytes: usize,
    ) -> Result<Self, BindError> {
        if arguments.len() > MAX_ARGUMENTS {
            return Err(BindError::TooMany(arguments.len()));
        }
        let mut least_tasks = usize::MAX;
        for (argument, place) in arguments.iter().enumerate() {
            let (offset, size) = match *place {
                BoundArgument::Arena { offset, stride, tasks } => {
                    least_tasks = least_tasks.min(tasks);
                    let moved = stride.checked_mul(tasks.saturating_sub(1));
                    (moved.and_then(|moved| moved.checked_add(offset)).unwrap_or(usize::MAX), arena_bytes)
                }
                BoundArgument::Scratch { offset } => (offset, scratch_bytes),
            };
            if offset >= size {
                return Err(BindError::OutOfBounds { argument, offset, size });
            }
        }
        Ok(Self { kernel, arguments: arguments.into(), arena_bytes, scratch_bytes, tasks: least_tasks })
    }

    /// Runs the kernel for one task, on `count` images (or elements) of which `first` is the index of the first. `scratch` is the offset in
    /// the arena of this thread's scratch memory.
    ///
    /// Checked here: that all arguments begin inside their memory. Relied on: that they end there too, and that no call at the same time
    /// writes what this one touches. `plan::verify_plan` proves both, from the descriptions, for every stage before its
    /// kernels are bound; the executor starts a stage only when the one before has ended, and gives each thread its own scratch memory.
    /// # Panics
    /// If the task, the arena or the scratch memory is not what was bound: a bug in the executor.
    pub fn call(&self, run: &ArenaRun<'_>, task: usize, count: usize, first: usize, scratch: usize) {
        assert!(run.size_bytes() >= self.arena_bytes, "a kernel is called with the arena it was bound for");
        assert!(task < self.tasks, "task {task} has no place in the bound arguments");
        assert!(
            scratch <= run.size_bytes() && self.scratch_bytes <= run.size_bytes() - scratch,
            "scratch memory lies in the arena"
        );
        let mut addresses = [std::ptr::null_mut::<u8>(); MAX_ARGUMENTS];
        for (address, argument) in addresses.iter_mut().zip(&self.arguments) {
            *address = match *argument {
                BoundArgument::Arena { offset, stride, .. } => run.address(offset + task * stride),
                BoundArgument::Scratch { offset } => run.address(scratch + offset),
            };
        }
        // SAFETY:
        // * as many addresses as arguments, each inside the arena: checked above and in `new`.
        // * ends of arguments, and other kernels at the same time: by the proof that this function's documentation names.
        // * the arena is borrowed exclusively by `run`, so no Rust reference points into it.
        unsafe { self.kernel.call(addresses.as_ptr(), count, first) };
    }
}
