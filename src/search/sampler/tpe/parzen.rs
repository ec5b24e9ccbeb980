//! Densities of points: what good trials have in common, and what others have.

use std::collections::BTreeMap;

use super::super::axis::Line;
use crate::random::Random;
use crate::search::normal::{LN_SQRT_TAU, between};
use crate::space::{Domain, Value};

/// Newest observations that all count alike; older ones count less.
const NEWEST: usize = 25;

/// A density over some parameters: a mixture of products of one density for each parameter. There is a
/// product for each observation, and one that is wide for what is not known yet. These are the multivariate
/// Parzen estimators of Optuna 5, whose constants are taken over.
#[derive(Debug)]
pub(super) struct Parzen<'a> {
    /// Of each product: they add up to 1.
    weights: Vec<f64>,
    ln_weights: Vec<f64>,
    sides: Vec<Side<'a>>,
}

/// The densities of one parameter, one for each product.
#[derive(Debug)]
enum Side<'a> {
    Word(Words),
    Number(Numbers<'a>),
}

/// Probabilities of words. An observed one is likelier than each other by one observation; the last product
/// likes all the same.
#[derive(Debug)]
struct Words {
    count: usize,
    /// The observed word of each product, but for the last.
    observed: Vec<usize>,
    same: f64,
    other: f64,
}

/// Normal distributions cut off at the ends of a line, and made of cells where there are single values.
#[derive(Debug)]
struct Numbers<'a> {
    line: Line<'a>,
    /// Those that differ: many observations have the same value.
    kernels: Vec<Kernel>,
    /// For each product, which of them it has.
    of: Vec<usize>,
}

#[derive(Debug)]
struct Kernel {
    mean: f64,
    deviation: f64,
    /// What is taken from the logarithm of a probability: that of the whole line.
    ln_whole: f64,
    /// What is taken from the logarithm of a density: that, and the height of the normal distribution.
    ln_height: f64,
}

impl<'a> Parzen<'a> {
    /// Of observations in the order of their trials, each with a value for each of the parameters.
    pub(super) fn of(domains: &[&'a Domain], observations: &[Vec<Value>]) -> Self {
        let mut weights = ages(observations.len());
        weights.push(1.0);
        let all: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= all);
        let side = |(at, &domain): (usize, &&'a Domain)| {
            let values = observations.iter().map(|observation| observation[at]);
            match Line::of(domain) {
                Some(line) => Side::Number(Numbers::of(line, values)),
                None => Side::Word(Words::of(domain.count().unwrap_or(1), values)),
            }
        };
        Self {
            ln_weights: weights.iter().map(|weight| weight.ln()).collect(),
            weights,
            sides: domains.iter().enumerate().map(side).collect(),
        }
    }

    /// A value for each parameter.
    pub(super) fn draw(&self, random: &mut Random) -> Vec<Value> {
        let product = index_at(&self.weights, random.unit());
        let draw = |side: &Side<'_>| match side {
            Side::Word(words) => words.draw(product, random),
            Side::Number(numbers) => numbers.draw(product, random),
        };
        self.sides.iter().map(draw).collect()
    }

    /// The logarithm of the density of some values, one for each parameter: in coordinates of their lines.
    pub(super) fn ln_density(&self, values: &[Value]) -> f64 {
        let mut sums = self.ln_weights.clone();
        for (side, &value) in self.sides.iter().zip(values) {
            match (side, value) {
                (Side::Word(words), Value::Choice(index)) => words.add(index, &mut sums),
                (Side::Number(numbers), Value::Number(number)) => numbers.add(number, &mut sums),
                (Side::Word(_), Value::Number(_)) | (Side::Number(_), Value::Choice(_)) => {}
            }
        }
        let largest = sums.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        largest + sums.iter().map(|sum| (sum - largest).exp()).sum::<f64>().ln()
    }
}

/// What so many observations count: the newest 25 one each, older ones less, down to one n-th.
fn ages(count: usize) -> Vec<f64> {
    let older = count.saturating_sub(NEWEST);
    let least = 1.0 / count as f64;
    let age = |i: usize| match older {
        0 | 1 => least,
        _ => least + (1.0 - least) * i as f64 / (older - 1) as f64,
    };
    (0..count).map(|i| if i < older { age(i) } else { 1.0 }).collect()
}

/// Which of some probabilities a number between 0 and 1 falls into.
fn index_at(probabilities: &[f64], mut at: f64) -> usize {
    for (index, probability) in probabilities.iter().enumerate() {
        if at < *probability {
            return index;
        }
        at -= probability;
    }
    probabilities.len().saturating_sub(1)
}

impl Words {
    fn of(count: usize, values: impl Iterator<Item = Value>) -> Self {
        let index = |value| match value {
            Value::Choice(index) => index,
            Value::Number(_) => 0,
        };
        let observed: Vec<usize> = values.map(index).collect();
        let share = 1.0 / (observed.len() + 1) as f64;
        let all = 1.0 + count as f64 * share;
        Self { count, observed, same: (1.0 + share) / all, other: share / all }
    }

    fn draw(&self, product: usize, random: &mut Random) -> Value {
        let probability = |index| match self.observed.get(product) {
            Some(&observed) if observed == index => self.same,
            Some(_) => self.other,
            None => 1.0 / self.count as f64,
        };
        let probabilities: Vec<f64> = (0..self.count).map(probability).collect();
        Value::Choice(index_at(&probabilities, random.unit()))
    }

    fn add(&self, index: usize, sums: &mut [f64]) {
        let (same, other, any) = (self.same.ln(), self.other.ln(), -(self.count as f64).ln());
        for (product, sum) in sums.iter_mut().enumerate() {
            *sum += match self.observed.get(product) {
                Some(&observed) if observed == index => same,
                Some(_) => other,
                None => any,
            };
        }
    }
}

impl<'a> Numbers<'a> {
    fn of(line: Line<'a>, values: impl Iterator<Item = Value>) -> Self {
        let coordinate = |value| match value {
            Value::Number(number) => line.coordinate(number),
            Value::Choice(_) => line.ends().0,
        };
        let means: Vec<f64> = values.map(coordinate).collect();
        let (low, high) = line.ends();
        let mut pairs: Vec<(f64, f64)> = means.iter().copied().zip(deviations(&means, low, high)).collect();
        pairs.push((0.5 * (low + high), high - low));
        let mut kernels = Vec::new();
        let mut known = BTreeMap::new();
        let of = pairs.into_iter().map(|(mean, deviation)| {
            *known.entry((mean.to_bits(), deviation.to_bits())).or_insert_with(|| {
                let ln_whole = between((low - mean) / deviation, (high - mean) / deviation).ln();
                let ln_height = ln_whole + LN_SQRT_TAU + deviation.ln();
                kernels.push(Kernel { mean, deviation, ln_whole, ln_height });
                kernels.len() - 1
            })
        });
        let of = of.collect();
        Self { line, kernels, of }
    }

    fn draw(&self, product: usize, random: &mut Random) -> Value {
        let kernel = &self.kernels[self.of[product]];
        let (low, high) = self.line.ends();
        // the mean lies on the line, and the line is at least one deviation long: one in three draws is on it
        let draw = |_| kernel.mean + kernel.deviation * random.normal();
        let drawn = (0..1000).map(draw).find(|coordinate| (low..=high).contains(coordinate));
        self.line.value(drawn.unwrap_or(kernel.mean))
    }

    fn add(&self, number: f64, sums: &mut [f64]) {
        let cell = self.line.cell(number);
        let coordinate = self.line.coordinate(number);
        let density = |kernel: &Kernel| {
            let scaled = |x: f64| (x - kernel.mean) / kernel.deviation;
            match cell {
                Some((left, right)) => between(scaled(left), scaled(right)).ln() - kernel.ln_whole,
                None => -0.5 * scaled(coordinate).powi(2) - kernel.ln_height,
            }
        };
        let densities: Vec<f64> = self.kernels.iter().map(density).collect();
        for (sum, &kernel) in sums.iter_mut().zip(&self.of) {
            *sum += densities[kernel];
        }
    }
}

/// How wide the densities around some places on a line are: as far as the farther of both neighbours; the
/// outermost look inwards alone. Neither wider than the line nor narrower than a share of it that falls with
/// the number of observations, down to one hundredth.
fn deviations(means: &[f64], low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..means.len()).collect();
    order.sort_by(|&a, &b| means[a].total_cmp(&means[b]));
    let narrowest = (high - low) / (2.0 + means.len() as f64).min(100.0);
    let mut deviations = vec![0.0; means.len()];
    for (place, &index) in order.iter().enumerate() {
        let before = place.checked_sub(1).map(|place| means[index] - means[order[place]]);
        let after = order.get(place + 1).map(|&next| means[next] - means[index]);
        let farther = match (before, after) {
            (Some(before), Some(after)) => before.max(after),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => (means[index] - low).max(high - means[index]),
        };
        deviations[index] = farther.clamp(narrowest, high - low);
    }
    deviations
}
