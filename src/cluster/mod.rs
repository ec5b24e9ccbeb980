//! How long a step takes on several machines, from the plan and a measured step.
//!
//! The plan says what every rank runs and what travels ([`crate::plan::share`]); a measured step says how
//! long kernels take here. A simulation puts both together: ranks run their stages, messages leave when they
//! are made, lines carry one after the other, and a stage waits for what it needs.
//!
//! ```text
//! measured step ──Rates──▶ seconds of each stage and rank ─┐
//! divided plan ──Traffic─▶ bytes and messages by stage ────┴─simulate──▶ step, waiting, what is hidden
//! ```
//!
//! Nothing here measures or prints.

mod outlook;
mod simulate;
#[cfg(test)]
mod tests;
mod traffic;
mod work;

pub use outlook::{Asked, Outlook, outlook};
pub use simulate::{Costs, Simulation, Waited};
pub use traffic::{Load, Traffic};
pub use work::{Rates, TaskTimes};
