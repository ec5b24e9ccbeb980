//! What the families hand to `jit`: functions that are not machine code yet, and tiles.

use cranelift::codegen::ir;

use super::micro::Micro;

/// What a kernel is made of before it is code.
#[derive(Debug, Clone)]
pub struct KernelFunction {
    /// The function, with the signature that [`crate::desc`] states.
    pub func: ir::Function,
    /// Micro-kernels it calls, by external user name `{namespace: MICRO_NAMESPACE, index: place in this
    /// list}`.
    pub micros: Vec<Micro>,
    /// How much Cranelift does before it selects instructions.
    pub effort: Effort,
}

/// Namespace of the external names by which a kernel calls its micro-kernels.
pub const MICRO_NAMESPACE: u32 = 1;

/// How much Cranelift does before it selects instructions. A matter of speed only, chosen by each family by
/// measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effort {
    /// As written. Keeps long chains of multiply-adds where they are; with [`Effort::Speed`] they sink below
    /// their loads and spill (10–22 against 33 GFLOP/s for a tile of 128-bit vectors).
    None,
    /// Finds common values and moves what does not change out of loops.
    Speed,
}

/// Code of one micro-kernel.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "few exist, and none for long")]
pub enum MicroCode {
    /// Machine code: position independent, calls nothing, System V calling convention.
    Bytes(Vec<u8>),
    /// A Cranelift function that calls nothing, System V calling convention on x86-64. Compiled with
    /// [`Effort::None`].
    Function(ir::Function),
}

/// Why a description has no code: always a bug of ours or a machine that Cranelift does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// Cranelift cannot generate code for this machine.
    #[error("no code generator for this machine: {0}")]
    Host(String),
    /// The description contradicts its own documentation.
    #[error("bad description of a {family} kernel: {reason}")]
    Description {
        /// [`crate::desc::KernelDesc::family`].
        family: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}
