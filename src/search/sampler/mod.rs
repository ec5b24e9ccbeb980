//! Where the next point comes from.
//!
//! A sampler is a function of what it is given: whoever asks it the same again, with the same random numbers,
//! gets the same point.

mod axis;
mod gaussian_process;
mod grid;
mod history;
mod points;
mod random;
mod tpe;

pub(super) use axis::Line;
pub use gaussian_process::GaussianProcess;
pub use grid::Grid;
pub(super) use history::{Trial, trials};
pub use random::Independent;
pub use tpe::Tpe;

use super::{Constraints, Observation};
use crate::random::Random;
use crate::space::{Point, Space};

/// Proposes points.
pub trait Sampler {
    /// A point that can be trained, with values for the parameters that count there, as the observations so
    /// far suggest; all randomness comes from `random`. `None` where no point can be found that is possible
    /// and was not tried.
    fn propose(
        &self,
        space: &Space,
        seen: &[Observation],
        constraints: &dyn Constraints,
        random: &mut Random,
    ) -> Option<Point>;
}

/// Points that are drawn at random before a model of the results is made, and the observations that a model
/// needs at least. As Optuna's samplers have it.
const STARTUP: usize = 10;
