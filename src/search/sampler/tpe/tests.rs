//! Against Optuna: `tests/golden/search/tpe.py` makes the file.

use serde_json::Value as Json;

use super::super::Line;
use super::*;
use crate::search::golden::{Conditional, Free, list, numbers, observations_of, space_of};

fn cases() -> Vec<Json> {
    let golden: Json =
        serde_json::from_str(include_str!("../../../../tests/golden/search/tpe.json")).expect("JSON");
    list(&golden["cases"]).to_vec()
}

/// Proposals of a parameter, as counts of its values or as numbers.
#[derive(Debug)]
enum Drawn {
    Counts(Vec<f64>),
    Numbers(Vec<f64>),
}

fn drawn(domain: &Domain, values: &[Value]) -> Drawn {
    let number = |value: &Value| match *value {
        Value::Number(number) => number,
        Value::Choice(index) => index as f64,
    };
    let Some(count) = domain.count() else { return Drawn::Numbers(values.iter().map(number).collect()) };
    let counted = |at| values.iter().filter(|value| **value == domain.at(at)).count() as f64;
    Drawn::Counts((0..count).map(counted).collect())
}

/// The chance that two samples of one distribution lie at least as far apart. Source: Press and others,
/// "Numerical Recipes" (2007), 14.3.
fn kolmogorov_smirnov(distance: f64, count: f64) -> f64 {
    let root = (count / 2.0).sqrt();
    let lambda = (root + 0.12 + 0.11 / root) * distance;
    let term = |k: i32| {
        let k = f64::from(k);
        2.0 * (-1.0_f64).powf(k - 1.0) * (-2.0 * (k * lambda).powi(2)).exp()
    };
    (1..=50).map(term).sum()
}

/// How unlikely it is that counts of the same number of draws of one distribution differ as much, in standard
/// deviations of a normal number (Wilson and Hilferty's). Values that were drawn rarely are put together.
fn chi_squared(ours: &[f64], theirs: &[f64]) -> f64 {
    let (mut statistic, mut cells) = (0.0, 0.0);
    let (mut a, mut b) = (0.0, 0.0);
    for (at, (our, their)) in ours.iter().zip(theirs).enumerate() {
        (a, b) = (a + our, b + their);
        if a + b >= 20.0 || at + 1 == ours.len() && a + b > 0.0 {
            statistic += (a - b) * (a - b) / (a + b);
            cells += 1.0;
            (a, b) = (0.0, 0.0);
        }
    }
    if cells < 2.0 {
        return 0.0;
    }
    let part = 2.0 / (9.0 * (cells - 1.0));
    ((statistic / (cells - 1.0)).cbrt() - (1.0 - part)) / part.sqrt()
}

/// Of the counts of values in order: the largest distance of both distribution functions.
fn distance_of_counts(ours: &[f64], theirs: &[f64], all: f64) -> f64 {
    let (mut a, mut b, mut most) = (0.0, 0.0, 0.0_f64);
    for (our, their) in ours.iter().zip(theirs) {
        (a, b) = (a + our, b + their);
        most = most.max((a - b).abs() / all);
    }
    most
}

#[test]
fn proposals_are_distributed_as_those_of_optuna() {
    for case in cases() {
        let name = case["name"].as_str().expect("a name");
        let space = space_of(&case);
        let observations = observations_of(&case, &space);
        let trials = trials(&observations);
        let model = Model::of(&space, &trials);
        let mut random = Random::seeded(1);
        let proposals: Vec<Vec<Value>> = (0..10_000)
            .map(|_| {
                let ranked: Vec<_> = model.groups.iter().map(|group| group.ranked(&mut random)).collect();
                model.point(&ranked, &vec![0; ranked.len()])
            })
            .collect();
        for (at, (parameter, theirs)) in space.parameters.iter().zip(list(&case["drawn"])).enumerate() {
            let theirs = numbers(theirs);
            let values: Vec<Value> = proposals.iter().map(|proposal| proposal[at]).collect();
            match drawn(&parameter.domain, &values) {
                Drawn::Counts(ours) => {
                    let deviations = chi_squared(&ours, &theirs);
                    // a chance of 1 in 1000
                    assert!(deviations < 3.09, "{name} {at}: {deviations} {ours:?} {theirs:?}");
                    if Line::of(&parameter.domain).is_some() {
                        let chance = kolmogorov_smirnov(distance_of_counts(&ours, &theirs, 1e4), 1e4);
                        assert!(chance > 1e-3, "{name} {at}: {chance} {ours:?} {theirs:?}");
                    }
                }
                Drawn::Numbers(ours) => {
                    let distance = |(place, their): (usize, &f64)| {
                        let below = ours.iter().filter(|our| **our <= *their).count() as f64;
                        (below - (20 * place + 1) as f64).abs() / 1e4
                    };
                    let most = theirs.iter().enumerate().map(distance).fold(0.0, f64::max);
                    // between the twentieths that the file has it can be by 20 in 10,000 larger
                    let chance = kolmogorov_smirnov(most + 0.002, 1e4);
                    assert!(chance > 1e-3, "{name} {at}: {chance} {most}");
                }
            }
        }
    }
}

#[test]
fn a_point_is_possible_and_proposed_once() {
    let case = cases().into_iter().find(|case| case["name"] == "conditional").expect("it is there");
    let space = space_of(&case);
    let mut seen = observations_of(&case, &space);
    let mut random = Random::seeded(2);
    for _ in 0..40 {
        let point = Tpe.propose(&space, &seen, &Conditional, &mut random).expect("a rate is any number");
        assert_eq!(point.0[1].is_some(), point.0[0] == Some(Value::Choice(1)));
        assert!(seen.iter().all(|observation| observation.point != point));
        seen.push(Observation { point, outcome: Outcome::Pending, epochs: 1 });
    }
}

#[test]
fn the_same_trials_give_the_same_point() {
    let case = &cases()[3];
    let space = space_of(case);
    let seen = observations_of(case, &space);
    let propose = |seed| Tpe.propose(&space, &seen, &Free, &mut Random::seeded(seed));
    assert_eq!(propose(1), propose(1));
    assert_ne!(propose(1), propose(2));
    // few trials: as random draws
    assert_eq!(
        Tpe.propose(&space, &seen[..9], &Free, &mut Random::seeded(3)),
        Independent.propose(&space, &seen[..9], &Free, &mut Random::seeded(3))
    );
}

#[test]
fn failures_are_kept_away_from() {
    // one number from 0 to 1: all above 0.5 fail, the others are the better the larger they are
    let space =
        crate::search::golden::space([Domain::Range { low: 0.0, high: 1.0, log: false, whole: false }]);
    let observation = |i: usize| {
        let at = i as f64 / 40.0;
        let outcome = if at > 0.5 { Outcome::Failed } else { Outcome::Value(-at) };
        Observation { point: Point(vec![Some(Value::Number(at))]), outcome, epochs: 1 }
    };
    let seen: Vec<Observation> = (0..=40).map(observation).collect();
    let mut random = Random::seeded(4);
    let is_above = |_: &i32| {
        let point = Tpe.propose(&space, &seen, &Free, &mut random).expect("a point");
        matches!(point.0[0], Some(Value::Number(at)) if at > 0.55)
    };
    let above = (0..200).filter(is_above).count();
    assert!(above < 40, "{above} of 200");
}
