//! What the page's script draws from. It stays small, whatever the search was: of many trials the best are
//! drawn, of long curves every so many epochs, and numbers have six digits.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{SearchPage, rungs};
use crate::printed::shown;
use crate::search::record::{Record, Trial};
use crate::space::{Domain, Space, tidy};

/// So many trials are drawn and listed.
pub(super) const MOST_SHOWN: usize = 1_500;
/// So many values all curves together have.
const MOST_OF_CURVES: usize = 60_000;
/// Up to so many values are written at an axis, each at its place.
const FEW: usize = 6;
/// So many results the history has.
const MOST_OF_HISTORY: usize = 4_000;

/// All of it.
pub(super) fn of(page: &SearchPage<'_>) -> Value {
    let record = page.record;
    let head = page.head();
    let axes = axes(page);
    let shown_trials = shown_trials(record);
    let values: usize = shown_trials.iter().map(|(trial, _)| trial.curve.len()).sum();
    let every = values.div_ceil(MOST_OF_CURVES).max(1);
    let trials: Vec<Value> = shown_trials
        .iter()
        .map(|(trial, rank)| {
            let values: Vec<Value> = axes.iter().map(|axis| axis.place(trial)).collect();
            let (value, epoch) = trial.best.unzip();
            json!([trial.number, rank, short(value), epoch, trial.epochs, values, curve(trial, every)])
        })
        .collect();
    let (history, steps) = history(record, head.is_none_or(|head| head.falls));
    json!({
        "objective": head.map_or(String::new(), |head| shown(&head.objective).into_owned()),
        "falls": head.is_none_or(|head| head.falls),
        "epochs": head.map_or(1, |head| head.epochs),
        "axes": axes.iter().map(Axis::told).collect::<Vec<_>>(),
        "trials": trials,
        "every": every,
        "history": history,
        "steps": steps,
        "brackets": rungs::data(record),
    })
}

/// The trials that are shown with their ranks, from 0: the best first, those without a value last.
pub(super) fn shown_trials(record: &Record) -> Vec<(&Trial, Option<usize>)> {
    let ranked = record.ranked().into_iter().enumerate().map(|(rank, trial)| (trial, Some(rank)));
    let others = record.trials.iter().filter(|trial| trial.best.is_none()).map(|trial| (trial, None));
    ranked.chain(others).take(MOST_SHOWN).collect()
}

/// A number with six digits; what is no number is `null`.
pub(super) fn short(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite()).and_then(|value| format!("{value:.5e}").parse().ok())
}

/// A trial's values, of every so many epochs and of the last.
fn curve(trial: &Trial, every: usize) -> Vec<Option<f64>> {
    let last = trial.curve.len().wrapping_sub(1);
    let is_drawn = |at: &usize| (at + 1).is_multiple_of(every) || *at == last;
    (0..trial.curve.len()).filter(is_drawn).map(|at| short(trial.curve[at])).collect()
}

/// The results in their order, `[epochs of all trials by then, value, trial]`; and where the best so far
/// became better, `[epochs, value]`.
fn history(record: &Record, falls: bool) -> (Vec<Value>, Vec<Value>) {
    let mut epochs_of: BTreeMap<usize, usize> = BTreeMap::new();
    let (mut all, mut best) = (0, None::<f64>);
    let (mut results, mut steps) = (Vec::new(), Vec::new());
    for ended in record.units.iter().filter_map(|(_, ended)| ended.as_ref()) {
        let before = epochs_of.insert(ended.trial, ended.epochs).unwrap_or(0);
        all += ended.epochs.saturating_sub(before);
        let value = ended.best.map(|(value, _)| value);
        if let Some(value) = value
            && best.is_none_or(|best| if falls { value < best } else { value > best })
        {
            best = Some(value);
            steps.push(json!([all, short(Some(value))]));
        }
        results.push(json!([all, short(value), ended.trial]));
    }
    let every = results.len().div_ceil(MOST_OF_HISTORY).max(1);
    let last = results.len().saturating_sub(1);
    let mut at = 0..;
    results.retain(|_| at.next().is_some_and(|at| at % every == 0 || at == last));
    (results, steps)
}

/// An axis: a parameter.
#[derive(Debug)]
struct Axis {
    name: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// In the order in which they stand.
    Words(Vec<String>),
    Numbers {
        low: f64,
        high: f64,
        log: bool,
        /// All of them, where they are few.
        few: Vec<f64>,
    },
}

/// The axes: of the space where that is known, of the trials' values otherwise.
fn axes(page: &SearchPage<'_>) -> Vec<Axis> {
    let Some(head) = page.head() else { return Vec::new() };
    let axis = |name: &String| Axis {
        name: name.clone(),
        kind: page.space.and_then(|space| of_space(space, name)).unwrap_or_else(|| {
            let log =
                head.space.get(name).and_then(Value::as_str).is_some_and(|text| text.contains("scale: log"));
            of_trials(&page.record.trials, name, log)
        }),
    };
    head.space.keys().map(axis).collect()
}

fn of_space(space: &Space, name: &str) -> Option<Kind> {
    let parameter = space.parameters.iter().find(|parameter| parameter.name == name)?;
    Some(match parameter.domain {
        Domain::Choices(ref choices) => Kind::Words(choices.clone()),
        Domain::Steps { low, step, count } => {
            let few = (0..count).take(FEW + 1).map(|at| tidy(low + step * at as f64)).collect();
            Kind::numbers(few, (low, tidy(low + step * count.saturating_sub(1) as f64)), false)
        }
        Domain::Range { low, high, log, .. } => Kind::numbers(Vec::new(), (low, high), log),
    })
}

fn of_trials(trials: &[Trial], name: &str, log: bool) -> Kind {
    let texts: Vec<&str> = trials.iter().filter_map(|trial| trial.point.get(name)?.as_str()).collect();
    let numbers: Option<Vec<f64>> = texts.iter().map(|text| text.parse().ok()).collect();
    match numbers {
        Some(mut numbers) => {
            numbers.retain(|number| number.is_finite());
            numbers.sort_by(f64::total_cmp);
            numbers.dedup();
            let ends = (numbers.first().copied().unwrap_or(0.0), numbers.last().copied().unwrap_or(1.0));
            Kind::numbers(numbers, ends, log)
        }
        None => {
            let mut seen = BTreeSet::new();
            let first = texts.into_iter().filter(|text| seen.insert(*text));
            Kind::Words(first.map(str::to_owned).collect())
        }
    }
}

impl Kind {
    /// Numbers from one end to the other; `few` are all of them, if they are few.
    fn numbers(few: Vec<f64>, (low, high): (f64, f64), log: bool) -> Self {
        let few = if few.len() > FEW { Vec::new() } else { few };
        Kind::Numbers { low, high, log, few }
    }
}

impl Axis {
    fn told(&self) -> Value {
        let name = shown(&self.name);
        match &self.kind {
            Kind::Words(words) => {
                let words: Vec<_> = words.iter().map(|word| shown(word)).collect();
                json!({ "name": name, "words": words })
            }
            Kind::Numbers { low, high, log, few } => {
                json!({ "name": name, "low": low, "high": high, "log": log, "few": few })
            }
        }
    }

    /// Where a trial stands: a number, or the place of a word; `null` where the parameter does not count.
    fn place(&self, trial: &Trial) -> Value {
        let point: &Map<String, Value> = &trial.point;
        let Some(text) = point.get(&self.name).and_then(Value::as_str) else { return Value::Null };
        match &self.kind {
            Kind::Words(words) => json!(words.iter().position(|word| word == text)),
            Kind::Numbers { .. } => json!(text.parse::<f64>().ok()),
        }
    }
}
