//! Spaces and trials for tests, and those of golden files.

use serde_json::Value as Json;

use super::{Constraints, Observation, Outcome, Standing};
use crate::space::{Domain, Parameter, Point, Space, Value};

/// All can be trained, and all parameters count.
pub(super) struct Free;

impl Constraints for Free {
    fn look(&self, point: &Point) -> Standing {
        Standing::Possible { counts: vec![true; point.0.len()] }
    }
}

/// The second parameter counts where the first is its last word; a third one that is 2 is impossible.
pub(super) struct Conditional;

impl Constraints for Conditional {
    fn look(&self, point: &Point) -> Standing {
        if point.0.get(2) == Some(&Some(Value::Number(2.0))) {
            return Standing::Impossible { why: "two is too few".to_owned() };
        }
        let mut counts = vec![true; point.0.len()];
        counts[1] = point.0[0] == Some(Value::Choice(1));
        Standing::Possible { counts }
    }
}

/// A number that has to be there.
pub(super) fn number(json: &Json) -> f64 {
    json.as_f64().expect("a number")
}

pub(super) fn numbers(json: &Json) -> Vec<f64> {
    list(json).iter().map(number).collect()
}

pub(super) fn list(json: &Json) -> &[Json] {
    json.as_array().expect("a list")
}

/// A space with parameters `a`, `b`, ….
pub(super) fn space(domains: impl IntoIterator<Item = Domain>) -> Space {
    let named = |(domain, name): (Domain, char)| Parameter { name: name.to_string(), domain };
    Space { parameters: domains.into_iter().zip('a'..).map(named).collect() }
}

/// So many words.
pub(super) fn words(count: usize) -> Domain {
    Domain::Choices((0..count).map(|i| format!("w{i}")).collect())
}

/// The space of a case.
pub(super) fn space_of(case: &Json) -> Space {
    let domain = |json: &Json| match (json["words"].as_u64(), json["step"].as_f64()) {
        (Some(count), _) => words(count as usize),
        (None, Some(step)) => {
            Domain::Steps { low: number(&json["low"]), step, count: number(&json["count"]) as usize }
        }
        (None, None) => Domain::Range {
            low: number(&json["low"]),
            high: number(&json["high"]),
            log: json["log"] == true,
            whole: json["whole"] == true,
        },
    };
    space(list(&case["space"]).iter().map(domain))
}

/// The trials of a case; those without a value are pending.
pub(super) fn observations_of(case: &Json, space: &Space) -> Vec<Observation> {
    let value = |(json, parameter): (&Json, &Parameter)| {
        let number = json.as_f64()?;
        let line = super::sampler::Line::of(&parameter.domain);
        Some(line.map_or(Value::Choice(number as usize), |line| match parameter.domain.count() {
            Some(_) => line.value(line.coordinate(number)),
            None => Value::Number(number),
        }))
    };
    let observation = |trial: &Json| Observation {
        point: Point(list(&trial["values"]).iter().zip(&space.parameters).map(value).collect()),
        outcome: trial["value"].as_f64().map_or(Outcome::Pending, Outcome::Value),
        epochs: 1,
    };
    list(&case["trials"]).iter().map(observation).collect()
}
