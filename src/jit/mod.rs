//! Callable code and the memory it works on. All `unsafe` of the crate is here.
//!
//! [`compile`] makes a [`KernelSet`] of descriptions. A kernel is called through a [`BoundKernel`]: a kernel whose arguments
//! have been given places in an [`Arena`], checked once. What cannot be checked here is stated where it is relied on: that a kernel
//! touches only what its description says, and that calls which run at the same time do not conflict (`plan::verify_plan` proves it).

mod arena;
mod bind;
mod code;
mod compile;
mod denormals;
mod disassemble;
#[cfg(all(test, target_os = "linux"))]
mod fence;
#[cfg(test)]
mod foreign;
mod lone;
mod page;

pub use arena::{Arena, ArenaRun, OutOfMemory};
pub use bind::{BindError, BoundArgument, BoundKernel, BoundValues};
pub use code::CompiledKernel;
pub use compile::{JitError, KernelSet, compile};
pub use denormals::FlushDenormals;
#[cfg(all(test, target_os = "linux"))]
pub(crate) use fence::FencedArena;
#[cfg(test)]
pub(crate) use foreign::aarch64;
pub use lone::LoneKernel;
#[cfg(all(test, target_os = "linux"))]
pub(crate) use page::page_bytes;
