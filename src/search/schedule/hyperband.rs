//! Hyperband: Li et al., "Hyperband: a novel bandit-based approach to hyperparameter optimization",
//! arXiv:1603.06560. Sizes and epochs of the rounds are those of Keras Tuner:
//!
//! ```text
//! brackets       how often max_epochs can be divided by factor before it is below 1
//! size(b, r)     ⌈⌈1 + log_factor max_epochs⌉ / (b + 1) · factor^(b − r)⌉
//! epochs(b, r)   ⌈max_epochs / factor^(b − r)⌉
//! ```
//! b is the bracket's number, from the largest down to 0, r the round in it, from 0 to b. A round is judged
//! when all of its trials have come to their ends. Its best go on from where they are.

use super::super::record::Rung;
use super::{Book, Goal, Schedule, Step, divided, ranked};

/// The schedule.
#[derive(Debug, Clone)]
pub struct Hyperband {
    /// `(size, epochs)` of the rounds of each bracket, in the order in which they are run.
    plan: Vec<Vec<(usize, usize)>>,
    /// What was done of it.
    brackets: Vec<Bracket>,
    parallel: usize,
    exhausted: bool,
}

/// A bracket that was begun.
#[derive(Debug, Clone, Default)]
struct Bracket {
    /// Units of each round so far.
    rounds: Vec<Vec<usize>>,
    /// Trials that go on into the newest round, those that come next last.
    promoted: Vec<usize>,
}

impl Hyperband {
    /// Brackets of at most so many epochs, of which one in `factor` goes on.
    pub fn new(max_epochs: usize, factor: usize, parallel: usize) -> Self {
        Self {
            plan: plan(max_epochs, factor),
            brackets: Vec::new(),
            parallel: parallel.max(1),
            exhausted: false,
        }
    }

    /// `(size, epochs)` of the rounds of each bracket, in the order in which they are run.
    pub fn plan(&self) -> &[Vec<(usize, usize)>] {
        &self.plan
    }

    /// What a bracket does next, if it can do anything now.
    fn step_of(&mut self, at: usize, book: &Book) -> Option<Step> {
        let plan = &self.plan[at];
        let bracket = &mut self.brackets[at];
        loop {
            let round = bracket.rounds.len() - 1;
            let goal = Goal { epochs: plan[round].1, rung: Some(Rung { bracket: at, rung: round }) };
            if round == 0 && bracket.rounds[0].len() < plan[0].0 && !self.exhausted {
                return Some(Step::Propose(goal));
            }
            if let Some(trial) = bracket.promoted.pop() {
                return Some(Step::GoOn { trial, goal });
            }
            let judged = bracket.rounds[round].iter().all(|&unit| is_told(book, unit));
            if !judged || round + 1 == plan.len() {
                return None;
            }
            let best =
                ranked(book, bracket.rounds[round].iter().copied()).into_iter().take(plan[round + 1].0);
            bracket.promoted = best.map(|unit| book.units[unit].trial).collect();
            bracket.promoted.reverse();
            bracket.rounds.push(Vec::new());
        }
    }
}

fn is_told(book: &Book, unit: usize) -> bool {
    book.units[unit].outcome != super::Outcome::Pending
}

/// The bracket's number is how many times its trials are judged before the last round.
fn plan(max_epochs: usize, factor: usize) -> Vec<Vec<(usize, usize)>> {
    let (max_epochs, factor) = (max_epochs.max(1), factor.max(2));
    let mut largest = 0;
    while factor.checked_pow(largest + 1).is_some_and(|power| power <= max_epochs) {
        largest += 1;
    }
    let largest = largest as usize;
    let end_size = (1.0 + (max_epochs as f64).ln() / (factor as f64).ln()).ceil();
    let size = |bracket: usize, round: usize| {
        let factors = (factor as f64).powi(i32::try_from(bracket - round).unwrap_or(i32::MAX));
        (end_size / (bracket as f64 + 1.0) * factors).ceil() as usize
    };
    let rounds = |bracket: usize| {
        let round =
            |round: usize| (size(bracket, round).max(1), divided(max_epochs, factor, bracket - round));
        (0..=bracket).map(round).collect()
    };
    (0..=largest).rev().map(rounds).collect()
}

impl Schedule for Hyperband {
    fn next(&mut self, book: &Book) -> Step {
        let oldest = book.oldest_pending();
        if let Some(oldest) = oldest.filter(|oldest| book.units.len() - oldest >= self.parallel) {
            return Step::Await(oldest);
        }
        // where a round waits for its last trials, the next bracket begins
        let mut at = 0;
        loop {
            if at == self.brackets.len() {
                if at == self.plan.len() || self.exhausted {
                    return oldest.map_or(Step::End, Step::Await);
                }
                self.brackets.push(Bracket { rounds: vec![Vec::new()], promoted: Vec::new() });
            }
            if let Some(step) = self.step_of(at, book) {
                if let Step::GoOn { goal: Goal { rung: Some(rung), .. }, .. } = step {
                    self.brackets[at].rounds[rung.rung].push(book.units.len());
                }
                return step;
            }
            at += 1;
        }
    }

    fn proposed(&mut self, book: &Book, _cost: f64) {
        let unit = book.units.len() - 1;
        if let Some(rung) = book.units[unit].goal.rung {
            self.brackets[rung.bracket].rounds[rung.rung].push(unit);
        }
    }

    fn exhausted(&mut self) {
        self.exhausted = true;
    }

    fn is_over(&self, book: &Book, trial: usize) -> bool {
        let Some(last) = book.units.iter().rposition(|unit| unit.trial == trial) else { return false };
        let Some(rung) = book.units[last].goal.rung else { return true };
        let bracket = &self.brackets[rung.bracket];
        let is_last_round = rung.rung + 1 == self.plan[rung.bracket].len();
        let was_judged = bracket.rounds.len() > rung.rung + 1 && !bracket.promoted.contains(&trial);
        is_told(book, last) && (is_last_round || was_judged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_those_of_the_paper_and_of_keras_tuner() {
        // 81 epochs, factor 3: the table of the paper has other sizes, Keras Tuner's are those of its
        // formula
        let plan = plan(20, 3);
        assert_eq!(plan, [vec![(12, 3), (4, 7), (2, 20)], vec![(6, 7), (2, 20)], vec![(4, 20)]]);
        assert_eq!(super::plan(1, 3), [vec![(1, 1)]]);
    }
}
