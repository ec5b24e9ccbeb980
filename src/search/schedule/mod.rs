//! In which order trials are begun and gone on with.
//!
//! A schedule sees the book of all units and says what comes next. It never looks at a clock, and what it
//! says depends on the results that it was told alone.

mod asha;
mod hyperband;
mod sequential;

pub use asha::Asha;
pub use hyperband::Hyperband;
pub use sequential::Sequential;

use super::record::Rung;
use super::{Observation, Outcome};
use crate::space::Point;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A new trial.
    Propose(Goal),
    /// A trial goes on.
    GoOn {
        /// From 0.
        trial: usize,
        /// Where to.
        goal: Goal,
    },
    /// Nothing before the end of this unit is told.
    Await(usize),
    /// Nothing any more.
    End,
}

/// How far a unit goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal {
    /// The epoch that it ends with, the trial's first being 1.
    pub epochs: usize,
    /// Where that is, for schedules with rungs.
    pub rung: Option<Rung>,
}

/// Says what comes next.
pub trait Schedule: std::fmt::Debug + Send {
    /// What comes next. It is done before this is asked again: a proposal is entered, or it is said that
    /// there is none; nothing is asked again before a unit that is awaited was told.
    fn next(&mut self, book: &Book) -> Step;

    /// The proposal that was asked for is entered in the book, as its newest unit. `cost` is what an epoch of
    /// it takes.
    fn proposed(&mut self, book: &Book, cost: f64) {
        let _ = (book, cost);
    }

    /// There is no point that was not tried: no proposal will come any more.
    fn exhausted(&mut self);

    /// The end of a unit was entered in the book.
    fn told(&mut self, book: &Book, unit: usize) {
        let _ = (book, unit);
    }

    /// Whether a trial cannot be gone on with any more, whatever the others come to.
    fn is_over(&self, book: &Book, trial: usize) -> bool;
}

/// All units of a search, in the order in which they were started.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Book {
    /// The point of each trial.
    pub trials: Vec<Point>,
    /// The units.
    pub units: Vec<Unit>,
}

/// Some epochs of a trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// From 0.
    pub trial: usize,
    /// How far it goes.
    pub goal: Goal,
    /// What came of the trial so far; pending until it is told.
    pub outcome: Outcome,
}

impl Book {
    /// The first unit that has no result.
    pub fn oldest_pending(&self) -> Option<usize> {
        self.units.iter().position(|unit| unit.outcome == Outcome::Pending)
    }

    /// What samplers see: each unit, in the order in which they were started.
    pub fn observations(&self) -> Vec<Observation> {
        let seen = |unit: &Unit| Observation {
            point: self.trials[unit.trial].clone(),
            outcome: unit.outcome,
            epochs: unit.goal.epochs,
        };
        self.units.iter().map(seen).collect()
    }

    /// Trials without a result, as liars.
    pub fn liars(&self) -> Vec<usize> {
        let pending = self.units.iter().filter(|unit| unit.outcome == Outcome::Pending);
        pending.map(|unit| unit.trial).collect()
    }
}

/// Units of these, the best first: those without a value do not count, of equal ones the earlier is better.
fn ranked(book: &Book, units: impl Iterator<Item = usize>) -> Vec<usize> {
    let value = |unit: usize| match book.units[unit].outcome {
        Outcome::Value(value) => Some((value, unit)),
        Outcome::Failed | Outcome::Pending => None,
    };
    let mut ranked: Vec<(f64, usize)> = units.filter_map(value).collect();
    ranked.sort_by(|(a, first), (b, second)| a.total_cmp(b).then(first.cmp(second)));
    ranked.into_iter().map(|(_, unit)| unit).collect()
}

/// `⌈epochs / factor^rounds⌉`
fn divided(epochs: usize, factor: usize, rounds: usize) -> usize {
    let divisor = u32::try_from(rounds).ok().and_then(|rounds| factor.checked_pow(rounds));
    divisor.map_or(1, |divisor| epochs.div_ceil(divisor))
}
