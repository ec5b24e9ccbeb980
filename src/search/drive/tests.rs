use std::collections::HashMap;

use serde_json::Value as Json;

use super::*;
use crate::search::golden::{list, number};
use crate::search::record::Rung;
use crate::search::schedule::{Asha, Hyperband, Sequential};
use crate::search::{Observation, Standing};
use crate::space::{Domain, Parameter, Value};

/// Everything is possible.
struct Free;

impl Constraints for Free {
    fn look(&self, point: &Point) -> Standing {
        Standing::Possible { counts: vec![true; point.0.len()] }
    }
}

/// Numbers one after the other, up to a last.
struct Counting(usize);

impl Sampler for Counting {
    fn propose(
        &self,
        _space: &Space,
        seen: &[Observation],
        _constraints: &dyn Constraints,
        _random: &mut Random,
    ) -> Option<Point> {
        let mut points: Vec<&Point> = seen.iter().map(|seen| &seen.point).collect();
        points.dedup();
        let mut known: Vec<f64> = points
            .iter()
            .filter_map(|point| match point.0[0] {
                Some(Value::Number(number)) => Some(number),
                Some(Value::Choice(_)) | None => None,
            })
            .collect();
        known.sort_by(f64::total_cmp);
        known.dedup();
        (known.len() < self.0).then(|| Point(vec![Some(Value::Number(known.len() as f64))]))
    }
}

fn space() -> Space {
    let domain = Domain::Steps { low: 0.0, step: 1.0, count: 1000 };
    Space { parameters: vec![Parameter { name: "x".to_owned(), domain }] }
}

/// What is started and told, in order; a trial's value is that of `value` after so many epochs.
fn driven(
    most: usize,
    schedule: Box<dyn Schedule>,
    patience: Option<usize>,
    value: impl Fn(usize, usize) -> Outcome,
) -> (Vec<String>, Why, Book) {
    let space = space();
    let mut search = Search::new(&space, &Free, Box::new(Counting(most)), schedule, 0).patient(patience);
    let mut lines = Vec::new();
    loop {
        match search.step() {
            Next::Start { unit, liars, .. } => {
                let unit = search.book().units[unit];
                lines.push(format!("{}>{} {liars:?}", unit.trial, unit.goal.epochs));
            }
            Next::Await(unit) => {
                let Unit { trial, goal, .. } = search.book().units[unit];
                lines.push(format!("{trial}={}", goal.epochs));
                search.tell(unit, value(trial, goal.epochs));
            }
            Next::End(why) => return (lines, why, search.book().clone()),
        }
    }
}

#[test]
fn proposals_know_the_results_up_to_parallel_before_them() {
    let by_number = |trial: usize, _| Outcome::Value(-(trial as f64));
    let (lines, why, _) = driven(100, Box::new(Sequential::new(Some(4), 5, 2)), None, by_number);
    assert_eq!(why, Why::Complete);
    assert_eq!(lines, ["0>5 []", "1>5 [0]", "0=5", "2>5 [1]", "1=5", "3>5 [2]", "2=5", "3=5"]);
    let (lines, why, _) = driven(3, Box::new(Sequential::new(None, 5, 1)), None, by_number);
    assert_eq!((lines.len(), why), (6, Why::Exhausted));
}

#[test]
fn patience_lets_those_that_run_come_to_their_ends() {
    let value = |trial: usize, _| Outcome::Value((trial as f64 - 3.0).abs());
    let (lines, why, book) = driven(100, Box::new(Sequential::new(None, 1, 3)), Some(4), value);
    assert_eq!(why, Why::EarlyStopping);
    // trial 3 is the best; 4, 5, 6 and 7 are not better, and 8 and 9 were begun meanwhile
    assert_eq!(book.trials.len(), 10);
    assert_eq!(lines.last().map(String::as_str), Some("9=1"));
    assert!(book.units.iter().all(|unit| unit.outcome != Outcome::Pending));
}

#[test]
fn hyperband_promotes_the_best_of_each_round() {
    let value = |trial: usize, epochs: usize| match trial {
        2 => Outcome::Failed,
        _ => Outcome::Value(((trial * 7) % 13) as f64 / epochs as f64),
    };
    let (lines, why, book) = driven(1000, Box::new(Hyperband::new(9, 3, 1)), None, value);
    assert_eq!(why, Why::Complete);
    let rounds = |bracket: usize, rung: usize| {
        let of = |unit: &&Unit| unit.goal.rung == Some(Rung { bracket, rung });
        book.units.iter().filter(of).map(|unit| unit.trial).collect::<Vec<_>>()
    };
    let schedule = Hyperband::new(9, 3, 1);
    for (bracket, plan) in schedule.plan().iter().enumerate() {
        for (rung, (size, epochs)) in plan.iter().enumerate() {
            let trials = rounds(bracket, rung);
            assert_eq!(trials.len(), *size, "{bracket} {rung} {epochs}");
            if rung > 0 {
                let key = |trial: &usize| (trial * 7) % 13;
                let mut before: Vec<usize> =
                    rounds(bracket, rung - 1).into_iter().filter(|trial| *trial != 2).collect();
                before.sort_by_key(|trial| (key(trial), *trial));
                assert_eq!(trials, before[..*size]);
            }
        }
    }
    // one at a time: nothing is begun before the unit before it is told
    assert!(lines.iter().step_by(2).all(|line| line.contains('>')));
}

/// Sizes, epochs and promotions, one unit after the other. `tests/golden/hyperband.py` makes the file.
#[test]
fn hyperband_runs_what_keras_tuner_runs() {
    let whole = |json: &Json| number(json) as usize;
    let golden: Json =
        serde_json::from_str(include_str!("../../../tests/golden/hyperband.json")).expect("JSON");
    for case in list(&golden) {
        let (max_epochs, factor) = (whole(&case["max_epochs"]), whole(&case["factor"]));
        let schedule = Hyperband::new(max_epochs, factor, 1);
        let round = |round: &Json| (whole(&round["trials"]), whole(&round["to"]));
        let plan: Vec<Vec<(usize, usize)>> =
            list(&case["brackets"]).iter().map(|rounds| list(rounds).iter().map(round).collect()).collect();
        assert_eq!(schedule.plan(), plan, "{max_epochs} {factor}");

        let sign = if case["direction"] == "min" { 1.0 } else { -1.0 };
        let units = list(&case["units"]);
        let values: HashMap<(usize, usize), f64> = units
            .iter()
            .map(|unit| ((whole(&unit[0]) - 1, whole(&unit[4])), sign * number(&unit[5])))
            .collect();
        let value = |trial: usize, epochs: usize| Outcome::Value(values[&(trial, epochs)]);
        let (_, why, book) = driven(10_000, Box::new(schedule), None, value);
        assert_eq!(why, Why::Complete);
        let ours: Vec<_> = book
            .units
            .iter()
            .map(|unit| (unit.trial + 1, unit.goal.rung.expect("it has rungs"), unit.goal.epochs))
            .collect();
        let rung = |unit: &Json| Rung { bracket: whole(&unit[1]), rung: whole(&unit[2]) };
        let theirs: Vec<_> =
            units.iter().map(|unit| (whole(&unit[0]), rung(unit), whole(&unit[4]))).collect();
        assert_eq!(ours, theirs, "{max_epochs} {factor}");
    }
}

#[test]
fn hyperband_begins_the_next_bracket_while_a_round_waits() {
    let value = |trial: usize, _| Outcome::Value(trial as f64);
    let (lines, _, book) = driven(1000, Box::new(Hyperband::new(9, 3, 4)), None, value);
    let outstanding = lines.iter().scan(0_usize, |running, line| {
        if line.contains('>') {
            *running += 1
        } else {
            *running -= 1
        }
        Some(*running)
    });
    let outstanding: Vec<usize> = outstanding.collect();
    assert!(outstanding.iter().all(|running| *running <= 4));
    let most_of_the_time = outstanding.iter().filter(|running| **running >= 3).count();
    assert!(most_of_the_time * 10 > outstanding.len() * 8, "{outstanding:?}");
    assert_eq!(book.units.len(), Hyperband::new(9, 3, 1).plan().iter().flatten().map(|r| r.0).sum::<usize>());
}

#[test]
fn asha_promotes_whoever_is_among_the_best_so_far() {
    let value = |trial: usize, epochs: usize| Outcome::Value(((trial * 5) % 11) as f64 / epochs as f64);
    let (lines, why, book) = driven(1000, Box::new(Asha::new(20, 9, 3, 2)), None, value);
    assert_eq!(why, Why::Complete);
    assert_eq!(book.trials.len(), 20);
    assert_eq!(Asha::new(20, 9, 3, 2).rungs(), [1, 3, 9]);
    // each promotion was of one among the best third of its rung at that time, by the order of the lines
    let mut judged: Vec<Vec<usize>> = vec![Vec::new(); 3];
    let rung_of = |epochs: usize| [1, 3, 9].iter().position(|known| *known == epochs).expect("a rung");
    let parse = |text: &str| text.split([' ', '>', '=']).next().and_then(|text| text.parse().ok());
    for line in &lines {
        let trial: usize = parse(line).expect("a number");
        let behind = line.split(['>', '=']).nth(1).expect("epochs");
        let epochs: usize = parse(behind).expect("a number");
        let rung = rung_of(epochs);
        if line.contains('=') {
            judged[rung].push(trial);
        } else if rung > 0 {
            let mut below = judged[rung - 1].clone();
            below.sort_by_key(|trial| (trial * 5) % 11);
            let place = below.iter().position(|known| *known == trial).expect("judged");
            assert!(place < below.len() / 3, "{line}: {place} of {}", below.len());
        }
    }
    assert!(book.units.iter().any(|unit| unit.goal.epochs == 9));
}
