//! Callable code and the memory it works on. All `unsafe` of the crate is here.
//!
//! [`compile`] makes a [`KernelSet`] of descriptions, for looking at them. Kernels are called as part of a
//! [`BoundPlan`]: of a plan that was proved, with places in an [`Arena`] for their arguments. What cannot be
//! checked here is stated where it is relied on: that a kernel touches only what its description says, and
//! that stages are run one after the other.

mod arena;
mod bind;
mod bound_plan;
mod code;
mod compile;
mod denormals;
mod disassemble;
#[cfg(all(test, target_os = "linux"))]
mod fence;
#[cfg(test)]
mod foreign;
mod library;
mod lone;
mod page;

pub use arena::{Arena, ArenaRun};
#[cfg(test)]
pub(crate) use bind::{BoundArgument, BoundKernel};
pub use bind::{BoundBytes, BoundValues};
pub(crate) use bound_plan::TaskPart;
pub use bound_plan::{BoundGroup, BoundPlan};
#[cfg(test)]
pub(crate) use compile::KernelSet;
pub use compile::{JitError, compile};
pub use denormals::FlushDenormals;
#[cfg(all(test, target_os = "linux"))]
pub(crate) use fence::FencedArena;
#[cfg(test)]
pub(crate) use foreign::aarch64;
pub use library::CodeLibrary;
pub use lone::LoneKernel;
#[cfg(all(test, target_os = "linux"))]
pub(crate) use page::page_bytes;
