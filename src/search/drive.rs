//! A search as it is driven: what to start, which end to wait for.

use super::record::Why;
use super::sampler::Sampler;
use super::schedule::{Book, Goal, Schedule, Step, Unit};
use super::{Constraints, Outcome};
use crate::random::{Random, text_key};
use crate::space::{Point, Space};

/// What comes next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// This unit, entered in the book, may be computed from now on.
    Start {
        /// Its place in the book.
        unit: usize,
        /// Trials that stood in as liars when its point was proposed; none where a trial goes on.
        liars: Vec<usize>,
        /// Whether it is the first of its trial.
        is_new: bool,
    },
    /// The end of this unit is the next to be told.
    Await(usize),
    /// There is nothing to be done any more.
    End(Why),
}

/// A search that goes on.
pub struct Search<'s> {
    space: &'s Space,
    constraints: &'s dyn Constraints,
    sampler: Box<dyn Sampler + 's>,
    schedule: Box<dyn Schedule>,
    seed: u64,
    /// Points that are tried before any is proposed.
    given: Vec<Point>,
    /// Trials without a better value that end the search.
    patience: Option<usize>,
    book: Book,
    exhausted: bool,
    /// The best value, and how many trials have come to their ends since.
    best: Option<f64>,
    wait: usize,
    stopped: bool,
}

impl<'s> Search<'s> {
    /// A search that begins. Proposal n is drawn from `seed` and n alone, beside what is known.
    pub fn new(
        space: &'s Space,
        constraints: &'s dyn Constraints,
        sampler: Box<dyn Sampler + 's>,
        schedule: Box<dyn Schedule>,
        seed: u64,
    ) -> Self {
        Self {
            space,
            constraints,
            sampler,
            schedule,
            seed,
            given: Vec::new(),
            patience: None,
            book: Book::default(),
            exhausted: false,
            best: None,
            wait: 0,
            stopped: false,
        }
    }

    /// Points that are tried first, in this order.
    #[must_use]
    pub fn given(mut self, points: Vec<Point>) -> Self {
        self.given = points;
        self
    }

    /// The search ends where so many trials after the best have not been better.
    #[must_use]
    pub fn patient(mut self, patience: Option<usize>) -> Self {
        self.patience = patience;
        self
    }

    /// All units so far.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// What comes next: what is awaited must be told before this is asked again.
    pub fn step(&mut self) -> Next {
        loop {
            if self.stopped {
                return self.book.oldest_pending().map_or(Next::End(Why::EarlyStopping), Next::Await);
            }
            match self.schedule.next(&self.book) {
                Step::Propose(goal) => {
                    if let Some(next) = self.propose(goal) {
                        return next;
                    }
                    self.exhausted = true;
                    self.schedule.exhausted();
                }
                Step::GoOn { trial, goal } => {
                    let unit = self.enter(trial, goal);
                    return Next::Start { unit, liars: Vec::new(), is_new: false };
                }
                Step::Await(unit) => return Next::Await(unit),
                Step::End => {
                    return Next::End(if self.exhausted { Why::Exhausted } else { Why::Complete });
                }
            }
        }
    }

    fn propose(&mut self, goal: Goal) -> Option<Next> {
        let number = self.book.trials.len();
        let liars = self.book.liars();
        let point = match self.given.get(number) {
            Some(point) => point.clone(),
            None => {
                let mut random = Random::keyed(&[self.seed, text_key("proposal"), number as u64]);
                let seen = self.book.observations();
                self.sampler.propose(self.space, &seen, self.constraints, &mut random)?
            }
        };
        let cost = self.constraints.cost(&point);
        self.book.trials.push(point);
        let unit = self.enter(number, goal);
        self.schedule.proposed(&self.book, cost);
        Some(Next::Start { unit, liars, is_new: true })
    }

    fn enter(&mut self, trial: usize, goal: Goal) -> usize {
        self.book.units.push(Unit { trial, goal, outcome: Outcome::Pending });
        self.book.units.len() - 1
    }

    /// The unit that is awaited has come to its end.
    pub fn tell(&mut self, unit: usize, outcome: Outcome) {
        self.book.units[unit].outcome = outcome;
        self.schedule.told(&self.book, unit);
        let better = match outcome {
            Outcome::Value(value) if self.best.is_none_or(|best| value < best) => Some(value),
            Outcome::Value(_) | Outcome::Failed | Outcome::Pending => None,
        };
        match better {
            Some(value) => (self.best, self.wait) = (Some(value), 0),
            None if self.is_first_of_its_trial(unit) => self.wait += 1,
            None => {}
        }
        self.stopped |= self.patience.is_some_and(|patience| self.wait >= patience);
    }

    fn is_first_of_its_trial(&self, unit: usize) -> bool {
        let trial = self.book.units[unit].trial;
        self.book.units[..unit].iter().all(|earlier| earlier.trial != trial)
    }

    /// Whether a trial cannot be gone on with any more.
    pub fn is_over(&self, trial: usize) -> bool {
        self.stopped || self.schedule.is_over(&self.book, trial)
    }
}

#[cfg(test)]
mod tests;
