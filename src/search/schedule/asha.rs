//! ASHA: Li et al., "A system for massively parallel hyperparameter tuning", arXiv:1810.05934. A worker that
//! is free goes on with a trial that is among the best of its rung so far, or begins a new one; nobody waits
//! for a rung to be full.
//!
//! Who is free when would depend on the machine. Here time is virtual: there are `parallel` workers, and an
//! epoch takes what its plan says it computes. So the list of promotions is the same on every machine.

use super::super::record::Rung;
use super::{Book, Goal, Outcome, Schedule, Step, divided, ranked};

/// The schedule.
#[derive(Debug, Clone)]
pub struct Asha {
    trials: usize,
    /// Epochs of the rungs.
    rungs: Vec<usize>,
    factor: usize,
    workers: usize,
    exhausted: bool,
    /// Virtual time.
    now: f64,
    /// Ends of units that run, in virtual time.
    running: Vec<(f64, usize)>,
    /// What an epoch of each trial takes.
    costs: Vec<f64>,
    /// Units that have come to their ends, of each rung.
    judged: Vec<Vec<usize>>,
    /// The rung that each trial has got to.
    reached: Vec<usize>,
}

impl Asha {
    /// So many trials of at most so many epochs; of a rung one in `factor` goes on.
    pub fn new(trials: usize, max_epochs: usize, factor: usize, parallel: usize) -> Self {
        let (max_epochs, factor) = (max_epochs.max(1), factor.max(2));
        let mut top = 0;
        while u32::try_from(top + 1)
            .ok()
            .and_then(|power| factor.checked_pow(power))
            .is_some_and(|power| power <= max_epochs)
        {
            top += 1;
        }
        let rungs: Vec<usize> = (0..=top).map(|rung| divided(max_epochs, factor, top - rung)).collect();
        Self {
            trials,
            judged: vec![Vec::new(); rungs.len()],
            rungs,
            factor,
            workers: parallel.max(1),
            exhausted: false,
            now: 0.0,
            running: Vec::new(),
            costs: Vec::new(),
            reached: Vec::new(),
        }
    }

    /// Epochs of the rungs, the lowest first.
    #[cfg(test)]
    pub fn rungs(&self) -> &[usize] {
        &self.rungs
    }

    fn goal(&self, rung: usize) -> Goal {
        Goal { epochs: self.rungs[rung], rung: Some(Rung { bracket: 0, rung }) }
    }

    /// The best trial that may go on, of the highest rung that has one.
    fn promotable(&self, book: &Book) -> Option<(usize, usize)> {
        (0..self.rungs.len() - 1).rev().find_map(|rung| {
            let judged = &self.judged[rung];
            let best = ranked(book, judged.iter().copied()).into_iter().take(judged.len() / self.factor);
            let trial = best.map(|unit| book.units[unit].trial).find(|&trial| self.reached[trial] == rung)?;
            Some((trial, rung + 1))
        })
    }

    /// The unit that comes to its end first.
    fn first_end(&self) -> Option<usize> {
        let first =
            self.running.iter().min_by(|(a, first), (b, second)| a.total_cmp(b).then(first.cmp(second)));
        first.map(|(_, unit)| *unit)
    }

    fn run(&mut self, unit: usize, trial: usize, epochs: usize) {
        self.running.push((self.now + self.costs[trial] * epochs as f64, unit));
    }
}

impl Schedule for Asha {
    fn next(&mut self, book: &Book) -> Step {
        if self.running.len() < self.workers {
            if let Some((trial, rung)) = self.promotable(book) {
                let goal = self.goal(rung);
                self.reached[trial] = rung;
                self.run(book.units.len(), trial, goal.epochs - self.rungs[rung - 1]);
                return Step::GoOn { trial, goal };
            }
            if book.trials.len() < self.trials && !self.exhausted {
                return Step::Propose(self.goal(0));
            }
        }
        self.first_end().map_or(Step::End, Step::Await)
    }

    fn proposed(&mut self, book: &Book, cost: f64) {
        self.costs.push(cost);
        self.reached.push(0);
        self.run(book.units.len() - 1, book.trials.len() - 1, self.rungs[0]);
    }

    fn exhausted(&mut self) {
        self.exhausted = true;
    }

    fn told(&mut self, book: &Book, unit: usize) {
        if let Some(at) = self.running.iter().position(|(_, running)| *running == unit) {
            self.now = self.running.swap_remove(at).0;
        }
        if let Some(rung) = book.units[unit].goal.rung {
            self.judged[rung.rung].push(unit);
        }
    }

    fn is_over(&self, book: &Book, trial: usize) -> bool {
        let last = book.units.iter().rev().find(|unit| unit.trial == trial);
        let told = last.is_some_and(|unit| unit.outcome != Outcome::Pending);
        told && (self.reached[trial] + 1 == self.rungs.len()
            || last.is_some_and(|unit| unit.outcome == Outcome::Failed))
    }
}
