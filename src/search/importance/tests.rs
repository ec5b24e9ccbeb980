//! Against Optuna: `tests/golden/search/importance.py` makes the file.

use serde_json::Value as Json;

use super::*;
use crate::search::golden::{list, numbers, observations_of, space, space_of, words};
use crate::space::{Domain, Point};

/// Ranks, from 0; there are no ties.
fn ranks(values: &[f64]) -> Vec<f64> {
    values.iter().map(|value| values.iter().filter(|other| *other < value).count() as f64).collect()
}

/// Spearman's correlation of ranks.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let squares: f64 = ranks(a).iter().zip(ranks(b)).map(|(a, b)| (a - b).powi(2)).sum();
    1.0 - 6.0 * squares / (n * (n * n - 1.0))
}

#[test]
fn parameters_matter_as_much_as_optuna_says() {
    let golden: Json =
        serde_json::from_str(include_str!("../../../tests/golden/search/importance.json")).expect("JSON");
    for case in list(&golden["cases"]) {
        let space = space_of(case);
        let ours = importance(&space, &observations_of(case, &space));
        let theirs = numbers(&case["shares"]);
        assert!(correlation(&ours, &theirs) >= 0.9, "{ours:?} {theirs:?}");
        assert!(ours.iter().all(|share| *share >= 0.0) && ours.iter().sum::<f64>() <= 1.0, "{ours:?}");
    }
}

#[test]
fn a_tree_that_knows_everything_gives_the_shares_of_the_function() {
    // 2 a + b over all points of 4 by 4: variances are as 4 to 1
    let steps = || Domain::Steps { low: 0.0, step: 1.0, count: 4 };
    let space = space([steps(), steps(), words(2)]);
    let observations: Vec<Observation> = (0..4 * 4 * 2)
        .map(|i| {
            let (a, b, word) = ((i % 4) as f64, (i / 4 % 4) as f64, i / 16 % 2);
            // what does not matter tells copies apart
            let point =
                Point(vec![Some(Value::Number(a)), Some(Value::Number(b)), Some(Value::Choice(word))]);
            Observation { point, outcome: Outcome::Value(2.0 * a + b), epochs: 1 }
        })
        .collect();
    let shares = importance(&space, &observations);
    // 32 points, of which each tree has seen two thirds
    assert!((shares[0] - 0.8).abs() < 0.06 && (shares[1] - 0.2).abs() < 0.06, "{shares:?}");
    assert!(shares[2] < 0.01, "{shares:?}");
}

#[test]
fn what_counts_rarely_matters_less() {
    // the second parameter counts, and matters, for one of four words
    let share = || Domain::Range { low: 0.0, high: 1.0, log: false, whole: false };
    let space = space([words(4), share(), words(2), share()]);
    let observation = |i: usize| {
        let (word, at) = (i % 4, (i * 37 % 100) as f64 / 100.0);
        let point = [
            Some(Value::Choice(word)),
            (word == 3).then_some(Value::Number(at)),
            Some(Value::Choice(i / 4 % 2)),
            Some(Value::Number((i * 59 % 200) as f64 / 200.0)),
        ];
        let value = (i / 4 % 2) as f64 + if word == 3 { 2.0 * at } else { 1.0 };
        Observation { point: Point(point.into()), outcome: Outcome::Value(value), epochs: 1 }
    };
    let observations: Vec<Observation> = (0..200).map(observation).collect();
    let shares = importance(&space, &observations);
    assert!(shares[2] > 0.6 && shares[1] < 0.2 && shares[1] > 0.005, "{shares:?}");
    assert_eq!(shares, importance(&space, &observations));
}

#[test]
fn few_or_equal_results_say_nothing() {
    let space = space([words(3)]);
    let observation = |i: usize, value: f64| Observation {
        point: Point(vec![Some(Value::Choice(i))]),
        outcome: Outcome::Value(value),
        epochs: 1,
    };
    assert_eq!(importance(&space, &[observation(0, 1.0), observation(1, 2.0)]), [0.0]);
    let same: Vec<Observation> = (0..3).map(|i| observation(i, 1.0)).collect();
    assert_eq!(importance(&space, &same), [0.0]);
    assert_eq!(importance(&Space::default(), &[]), [0.0; 0]);
}
