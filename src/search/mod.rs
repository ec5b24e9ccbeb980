//! How a space is searched: which trial comes next, from the results so far. It computes nothing of the
//! trials themselves.
//!
//! A strategy is driven in one order, whoever computes the trials and however many at once:
//!
//! ```text
//! loop: as long as there is a unit to start: start it            (journaled)
//!       the unit that is awaited has come to its end: tell it     (journaled)
//! ```
//!
//! What is known when a unit is proposed follows from that order alone. Results that come earlier wait for
//! their turn. So the list of trials is the same for any number of jobs, and a search that was killed is the
//! same again when it is driven with the results that it had.

mod cholesky;
pub mod drive;
#[cfg(test)]
mod golden;
pub mod greedy;
pub mod importance;
mod lbfgs;
mod normal;
pub mod record;
pub mod sampler;
pub mod schedule;

use crate::space::Point;

/// What is known of the points of a space beyond their values.
pub trait Constraints {
    /// What a point with a value for each parameter is.
    fn look(&self, point: &Point) -> Standing;

    /// What an epoch of a trial takes, in any unit: strategies that promote in virtual time count in it.
    fn cost(&self, _point: &Point) -> f64 {
        1.0
    }
}

/// What a point is.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// A model that can be trained. For each parameter whether it counts there.
    Possible {
        /// As long as the space has parameters.
        counts: Vec<bool>,
    },
    /// Nothing that can be trained.
    Impossible {
        /// Why, in a sentence.
        why: String,
    },
}

/// A point that was proposed, and what came of it. A trial that went on may have one for each number of epochs
/// that it was judged after; samplers compare trials after the same number where they can.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The point; parameters that do not count there have no value.
    pub point: Point,
    /// What came of it so far, less is better.
    pub outcome: Outcome,
    /// Epochs that it was judged after. Strategies without rungs have the same everywhere.
    pub epochs: usize,
}

/// What came of a trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// It was judged; less is better.
    Value(f64),
    /// It has no value: the loss was no number, or it does not fit into memory.
    Failed,
    /// It is not told yet: it stands in as a constant liar.
    Pending,
}
