//! How good searches are: on a table of all results of a space, beside Optuna's of the same name.
//!
//! `tests/golden/search/digits_table.py` trained every configuration, `regret.py` let Optuna search the table.
//! `cargo test --release --test search -- --ignored --nocapture` prints the comparison of all strategies.

use cnnc::internals::search::drive::{Next, Search};
use cnnc::internals::search::sampler::{GaussianProcess, Independent, Sampler, Tpe};
use cnnc::internals::search::schedule::{Asha, Book, Hyperband, Schedule, Sequential, Step};
use cnnc::internals::search::{Constraints, Outcome, Standing};
use cnnc::internals::space::{Domain, Parameter, Point, Space, Value};
use serde_json::Value as Json;

/// Whole trials, after whose epochs regrets are looked at.
const BUDGETS: [usize; 3] = [20, 40, 80];

/// All results of a space.
struct Table {
    space: Space,
    /// Losses after each epoch, in the order of a grid.
    losses: Vec<Vec<f64>>,
    least: f64,
}

impl Table {
    fn read() -> Self {
        let json: Json = serde_json::from_str(include_str!("golden/search/digits_table.json")).expect("JSON");
        let parameter = |(name, values): (&String, &Json)| {
            let count = values.as_array().expect("values").len();
            let domain = match name.as_str() {
                "kernel" => Domain::Choices((0..count).map(|i| format!("w{i}")).collect()),
                _ => Domain::Steps { low: 0.0, step: 1.0, count },
            };
            Parameter { name: name.clone(), domain }
        };
        let parameters = json["parameters"].as_object().expect("parameters");
        let losses = rows(&json["losses"]);
        Self {
            space: Space { parameters: parameters.iter().map(parameter).collect() },
            least: losses.iter().flatten().copied().fold(f64::INFINITY, f64::min),
            losses,
        }
    }

    /// The losses of a point.
    fn row(&self, point: &Point) -> &[f64] {
        let mut at = 0;
        for (value, parameter) in point.0.iter().zip(&self.space.parameters) {
            let index = match value {
                Some(Value::Choice(index)) => *index,
                Some(Value::Number(number)) => *number as usize,
                None => panic!("all parameters count"),
            };
            at = at * parameter.domain.count().expect("single values") + index;
        }
        &self.losses[at]
    }
}

impl Constraints for Table {
    fn look(&self, point: &Point) -> Standing {
        Standing::Possible { counts: vec![true; point.0.len()] }
    }
}

fn rows(json: &Json) -> Vec<Vec<f64>> {
    let row =
        |row: &Json| row.as_array().expect("a row").iter().map(|x| x.as_f64().expect("a number")).collect();
    json.as_array().expect("rows").iter().map(row).collect()
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// A strategy: its name, its sampler, its schedule for so many units side by side, and the number of seeds
/// that make a quick comparison.
struct Strategy {
    name: &'static str,
    sampler: fn() -> Box<dyn Sampler>,
    schedule: fn(usize) -> Box<dyn Schedule>,
    seeds: u64,
}

const STRATEGIES: [Strategy; 6] = [
    Strategy { name: "random", sampler: independent, schedule: whole, seeds: 50 },
    Strategy { name: "tpe", sampler: || Box::new(Tpe), schedule: whole, seeds: 20 },
    Strategy { name: "gaussian_process", sampler: || Box::new(GaussianProcess), schedule: whole, seeds: 10 },
    Strategy { name: "hyperband", sampler: independent, schedule: hyperband, seeds: 50 },
    Strategy { name: "hyperband_tpe", sampler: || Box::new(Tpe), schedule: hyperband, seeds: 20 },
    Strategy { name: "asha", sampler: independent, schedule: asha, seeds: 50 },
];

const EPOCHS: usize = 20;

fn independent() -> Box<dyn Sampler> {
    Box::new(Independent)
}

fn whole(parallel: usize) -> Box<dyn Schedule> {
    Box::new(Sequential::new(Some(BUDGETS[2]), EPOCHS, parallel))
}

fn hyperband(parallel: usize) -> Box<dyn Schedule> {
    Box::new(Again { now: Hyperband::new(EPOCHS, 3, parallel), parallel, exhausted: false })
}

fn asha(parallel: usize) -> Box<dyn Schedule> {
    Box::new(Asha::new(1000, EPOCHS, 3, parallel))
}

/// Hyperband again and again: once has 226 epochs.
#[derive(Debug)]
struct Again {
    now: Hyperband,
    parallel: usize,
    exhausted: bool,
}

impl Schedule for Again {
    fn next(&mut self, book: &Book) -> Step {
        match self.now.next(book) {
            Step::End if !self.exhausted => {
                self.now = Hyperband::new(EPOCHS, 3, self.parallel);
                self.now.next(book)
            }
            step @ (Step::Propose(_) | Step::GoOn { .. } | Step::Await(_) | Step::End) => step,
        }
    }

    fn proposed(&mut self, book: &Book, cost: f64) {
        self.now.proposed(book, cost);
    }

    fn exhausted(&mut self) {
        self.exhausted = true;
        self.now.exhausted();
    }

    fn is_over(&self, _: &Book, _: usize) -> bool {
        false
    }
}

/// The regrets of a search: the best loss so far less the least of all, after the epochs of so many trials.
fn regrets(table: &Table, strategy: &Strategy, parallel: usize, seed: u64) -> Vec<f64> {
    let schedule = (strategy.schedule)(parallel);
    let mut search = Search::new(&table.space, table, (strategy.sampler)(), schedule, seed);
    // epochs of each trial
    let mut done: Vec<usize> = Vec::new();
    let (mut best, mut spent, mut found) = (f64::INFINITY, 0, Vec::new());
    loop {
        match search.step() {
            Next::Start { is_new, .. } => done.extend(is_new.then_some(0)),
            Next::Await(unit) => {
                let entry = search.book().units[unit];
                let row = table.row(&search.book().trials[entry.trial]);
                for loss in &row[done[entry.trial]..entry.goal.epochs] {
                    best = best.min(*loss);
                    spent += 1;
                    if BUDGETS.get(found.len()).is_some_and(|budget| spent == budget * EPOCHS) {
                        found.push(best - table.least);
                    }
                }
                done[entry.trial] = entry.goal.epochs;
                search.tell(unit, Outcome::Value(least(&row[..entry.goal.epochs])));
            }
            // all points are tried
            Next::End(_) => found.resize(BUDGETS.len(), best - table.least),
        }
        if found.len() == BUDGETS.len() {
            return found;
        }
    }
}

/// How far means of two samples lie apart, and the half width of the interval around that (95%).
fn difference(ours: &[f64], theirs: &[f64]) -> (f64, f64) {
    let moments = |values: &[f64]| {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    };
    let ((our, our_error), (their, their_error)) = (moments(ours), moments(theirs));
    (our - their, 1.96 * (our_error + their_error).sqrt())
}

/// Ours beside Optuna's at each budget.
#[allow(clippy::print_stdout, reason = "it is what the comparison is for")]
fn compare(name: &str, parallel: usize, seeds: u64, run: &dyn Fn(u64) -> Vec<f64>) -> Vec<(f64, f64)> {
    let golden: Json = serde_json::from_str(include_str!("golden/search/regret.json")).expect("JSON");
    let theirs = rows(&golden["regrets"][name][parallel.to_string()]);
    let ours: Vec<Vec<f64>> = (0..seeds).map(run).collect();
    let at = |rows: &[Vec<f64>], budget: usize| rows.iter().map(|row| row[budget]).collect::<Vec<f64>>();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let compared = |budget: usize| {
        let (ours, theirs) = (at(&ours, budget), at(&theirs, budget));
        let (difference, interval) = difference(&ours, &theirs);
        let trials = BUDGETS[budget];
        println!(
            "{name:18} parallel {parallel} after {trials}: {:.4} theirs {:.4} difference {difference:+.4} ± {interval:.4}",
            mean(&ours),
            mean(&theirs)
        );
        (difference, interval)
    };
    (0..BUDGETS.len()).map(compared).collect()
}

#[test]
fn searches_are_no_worse_than_those_of_optuna() {
    let table = Table::read();
    for strategy in &STRATEGIES {
        for parallel in [1, 4] {
            let run = |seed| regrets(&table, strategy, parallel, seed);
            for (difference, interval) in compare(strategy.name, parallel, strategy.seeds, &run) {
                assert!(difference < 1.5 * interval + 1e-3, "{}: {difference} {interval}", strategy.name);
            }
        }
    }
}

#[test]
fn hyperband_with_a_model_is_better_than_random_draws() {
    let table = Table::read();
    let [random, modelled] = [&STRATEGIES[0], &STRATEGIES[4]];
    for parallel in [1, 4] {
        let all =
            |strategy| (0..20).map(|seed| regrets(&table, strategy, parallel, seed)).collect::<Vec<_>>();
        let (random, modelled) = (all(random), all(modelled));
        for budget in 0..BUDGETS.len() {
            let at = |rows: &[Vec<f64>]| rows.iter().map(|row| row[budget]).collect::<Vec<f64>>();
            let (difference, interval) = difference(&at(&modelled), &at(&random));
            println!("parallel {parallel} after {}: {difference:+.4} ± {interval:.4}", BUDGETS[budget]);
            assert!(difference + interval < 0.0, "{difference} {interval}");
        }
    }
}

#[test]
#[ignore = "minutes: it prints the comparison of all strategies, 50 seeds each"]
fn comparison_of_all_strategies() {
    let table = Table::read();
    for strategy in &STRATEGIES {
        for parallel in [1, 4] {
            compare(strategy.name, parallel, 50, &|seed| regrets(&table, strategy, parallel, seed));
        }
    }
}
