//! Trials one after the other, each to its end.

use super::{Book, Goal, Schedule, Step};

/// Trials that are begun one after the other; so many of them run side by side.
#[derive(Debug, Clone)]
pub struct Sequential {
    /// Most trials; `None`: as many as there are points.
    trials: Option<usize>,
    epochs: usize,
    parallel: usize,
    exhausted: bool,
}

impl Sequential {
    /// So many trials of so many epochs; a proposal knows the results of those up to `parallel` before it.
    pub fn new(trials: Option<usize>, epochs: usize, parallel: usize) -> Self {
        Self { trials, epochs, parallel: parallel.max(1), exhausted: false }
    }
}

impl Schedule for Sequential {
    fn next(&mut self, book: &Book) -> Step {
        let has_more = !self.exhausted && self.trials.is_none_or(|trials| book.trials.len() < trials);
        match book.oldest_pending() {
            Some(oldest) if !has_more || book.units.len() - oldest >= self.parallel => Step::Await(oldest),
            None if !has_more => Step::End,
            Some(_) | None => Step::Propose(Goal { epochs: self.epochs, rung: None }),
        }
    }

    fn exhausted(&mut self) {
        self.exhausted = true;
    }

    fn is_over(&self, book: &Book, trial: usize) -> bool {
        book.trials.len() > trial
    }
}
