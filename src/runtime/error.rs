//! Why there is no compiled model.

use crate::ir::SizeRefused;
use crate::jit::JitError;
use crate::ranks::RankError;

/// Why a model could not be compiled: always a bug of ours or a machine that refuses memory.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// Executable memory was refused, or generated code was rejected.
    #[error("could not compile the model's kernels: {0}")]
    Code(String),
    /// The model needs more memory than there is.
    #[error("out of memory: {bytes} bytes were wanted for the model's weights and activations")]
    Memory {
        /// What was asked for.
        bytes: usize,
    },
    /// The system gives no more threads.
    #[error("the system refuses {threads} threads: {why}")]
    Threads {
        /// As many were wanted.
        threads: usize,
        /// What it says.
        why: String,
    },
    /// The system gives no memory for code.
    #[error("out of memory: {0}")]
    CodeMemory(String),
    /// The program has no `train` section, or no loss follows from it.
    #[error("the program has no schedule to train by")]
    NoSchedule,
    /// The program does not take pictures of this size.
    #[error(transparent)]
    Size(#[from] SizeRefused),
    /// The ranks that train together have not the same plan, or one of them has ended.
    #[error(transparent)]
    Ranks(#[from] RankError),
}

impl CompileError {
    /// The page of `cnnc explain` on it.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            CompileError::Memory { .. } | CompileError::CodeMemory(_) => Some("E0630"),
            CompileError::Threads { .. } => Some("E0631"),
            CompileError::Code(_)
            | CompileError::NoSchedule
            | CompileError::Size(_)
            | CompileError::Ranks(_) => None,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            CompileError::Memory { .. } | CompileError::CodeMemory(_) => {
                Some("give the process more memory, or make the model, the batch or the pictures smaller")
            }
            CompileError::Threads { .. } => {
                Some("ask for fewer: `--threads 1` takes none beside the program's own")
            }
            CompileError::Code(_)
            | CompileError::NoSchedule
            | CompileError::Size(_)
            | CompileError::Ranks(_) => None,
        }
    }
}

impl From<JitError> for CompileError {
    fn from(error: JitError) -> Self {
        match error {
            JitError::Memory(why) => CompileError::CodeMemory(why),
            JitError::Bind(_) | JitError::Build(_) | JitError::Rejected { .. } => {
                CompileError::Code(error.to_string())
            }
        }
    }
}
