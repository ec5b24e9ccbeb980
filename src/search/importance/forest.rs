//! Regression trees, and the variance that each parameter makes in what they say.

use crate::random::Random;

/// Splits from the root to a leaf at most.
const DEPTH: usize = 64;

/// Trials as coordinates, without holes.
pub(super) struct Columns {
    /// For each parameter the number of its words; `None` where it is a number, from 0 to 1.
    words: Vec<Option<usize>>,
    /// `[parameters][trials]`.
    values: Vec<Vec<f64>>,
}

/// A part of the space where a tree says one value.
struct Leaf {
    region: Vec<Part>,
    value: f64,
}

/// What a region has of a parameter.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    /// From one coordinate to another.
    Span(f64, f64),
    /// Those words for which this is true.
    Words(Vec<bool>),
}

/// A tree: its leaves, which fill the space.
pub(super) struct Tree {
    leaves: Vec<Leaf>,
}

/// What divides trials: numbers up to one, or one word, from others.
#[derive(Debug, Clone, Copy)]
struct Split {
    parameter: usize,
    at: f64,
}

impl Columns {
    /// Of coordinates with holes, which are filled evenly.
    pub(super) fn of(words: &[Option<usize>], known: &[Vec<Option<f64>>], random: &mut Random) -> Self {
        let mut filled = |value: &Option<f64>, words: &Option<usize>| match (value, words) {
            (Some(value), _) => *value,
            (None, Some(words)) => random.below(*words as u64) as f64,
            (None, None) => random.unit(),
        };
        let values = known.iter().zip(words);
        let values = values.map(|(column, words)| column.iter().map(|value| filled(value, words)).collect());
        Self { words: words.to_vec(), values: values.collect() }
    }

    fn is_first(&self, split: Split, trial: usize) -> bool {
        let value = self.values[split.parameter][trial];
        if self.words[split.parameter].is_some() { value == split.at } else { value <= split.at }
    }

    /// The split after which values differ least from the means of both sides; of equal ones one of a random
    /// parameter. `None` where all have the same coordinates.
    fn best(&self, values: &[f64], trials: &[usize], random: &mut Random) -> Option<Split> {
        let mut parameters: Vec<usize> = (0..self.values.len()).collect();
        random.shuffle(&mut parameters);
        let all: f64 = trials.iter().map(|&trial| values[trial]).sum();
        let mut best: Option<(f64, Split)> = None;
        for parameter in parameters {
            let column = &self.values[parameter];
            let mut sorted: Vec<(f64, f64)> =
                trials.iter().map(|&trial| (column[trial], values[trial])).collect();
            sorted.sort_by(|(a, _), (b, _)| a.total_cmp(b));
            let (mut sum, mut count) = (0.0, 0_usize);
            for run in sorted.chunk_by(|(a, _), (b, _)| a == b) {
                let added: f64 = run.iter().map(|(_, value)| value).sum();
                let is_word = self.words[parameter].is_some();
                (sum, count) = if is_word { (added, run.len()) } else { (sum + added, count + run.len()) };
                let others = trials.len() - count;
                if others == 0 {
                    break;
                }
                let here = run[0].0;
                let next = if is_word { here } else { middle(here, sorted[count].0) };
                // the sum of squares that both means explain
                let explained = sum * sum / count as f64 + (all - sum).powi(2) / others as f64;
                if best.is_none_or(|(most, _)| explained > most) {
                    best = Some((explained, Split { parameter, at: next }));
                }
            }
        }
        best.map(|(_, split)| split)
    }
}

/// A number from `low` on and below `high`, which is above it.
fn middle(low: f64, high: f64) -> f64 {
    let middle = 0.5 * (low + high);
    if middle < high { middle } else { low }
}

impl Tree {
    /// Grown from as many trials as there are, drawn with replacement, until all in a leaf have the same
    /// value.
    pub(super) fn grown(columns: &Columns, values: &[f64], random: &mut Random) -> Self {
        let count = values.len() as u64;
        let trials: Vec<usize> = (0..count).map(|_| random.below(count) as usize).collect();
        let part = |words: &Option<usize>| match words {
            Some(words) => Part::Words(vec![true; *words]),
            None => Part::Span(0.0, 1.0),
        };
        let mut waiting = vec![(trials, columns.words.iter().map(part).collect::<Vec<Part>>(), 0)];
        let mut leaves = Vec::new();
        while let Some((trials, region, depth)) = waiting.pop() {
            let first = values[trials[0]];
            let is_pure = trials.iter().all(|&trial| values[trial] == first);
            let split = (!is_pure && depth < DEPTH).then(|| columns.best(values, &trials, random)).flatten();
            let Some(split) = split else {
                let sum: f64 = trials.iter().map(|&trial| values[trial]).sum();
                leaves.push(Leaf { region, value: sum / trials.len() as f64 });
                continue;
            };
            let (first, second): (Vec<usize>, Vec<usize>) =
                trials.into_iter().partition(|&trial| columns.is_first(split, trial));
            let (mut one, mut other) = (region.clone(), region);
            (one[split.parameter], other[split.parameter]) = one[split.parameter].divided(split.at);
            waiting.push((second, other, depth + 1));
            waiting.push((first, one, depth + 1));
        }
        Self { leaves }
    }

    /// The share of the tree's variance over the space that each parameter makes by itself; `None` where it
    /// says the same everywhere.
    pub(super) fn shares(&self, words: &[Option<usize>]) -> Option<Vec<f64>> {
        let volume = |leaf: &Leaf| leaf.region.iter().map(Part::size).product::<f64>();
        let volumes: Vec<f64> = self.leaves.iter().map(volume).collect();
        let mean: f64 = self.leaves.iter().zip(&volumes).map(|(leaf, volume)| volume * leaf.value).sum();
        let square = |(leaf, volume): (&Leaf, &f64)| volume * (leaf.value - mean).powi(2);
        let variance: f64 = self.leaves.iter().zip(&volumes).map(square).sum();
        if variance.is_nan() || variance <= 0.0 {
            return None;
        }
        let share = |(parameter, words): (usize, &Option<usize>)| {
            let made = match *words {
                Some(words) => self.variance_of_words(parameter, words, &volumes, mean),
                None => self.variance_of_number(parameter, &volumes, mean),
            };
            made / variance
        };
        Some(words.iter().enumerate().map(share).collect())
    }

    fn variance_of_words(&self, parameter: usize, words: usize, volumes: &[f64], mean: f64) -> f64 {
        let mut means = vec![0.0; words];
        for (leaf, volume) in self.leaves.iter().zip(volumes) {
            let part = &leaf.region[parameter];
            let Part::Words(has) = part else { continue };
            for (sum, _) in means.iter_mut().zip(has).filter(|(_, has)| **has) {
                *sum += (leaf.value - mean) * volume / part.size();
            }
        }
        means.iter().map(|other| other * other).sum::<f64>() / words as f64
    }

    fn variance_of_number(&self, parameter: usize, volumes: &[f64], mean: f64) -> f64 {
        // what a leaf adds from its beginning on, and takes away from its end on
        let mut changes = Vec::with_capacity(2 * self.leaves.len());
        for (leaf, volume) in self.leaves.iter().zip(volumes) {
            let part = &leaf.region[parameter];
            let Part::Span(low, high) = *part else { continue };
            let height = (leaf.value - mean) * volume / part.size();
            changes.extend([(low, height), (high, -height)]);
        }
        changes.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let (mut height, mut from, mut variance) = (0.0, 0.0, 0.0);
        for (at, change) in changes {
            variance += (at - from) * height * height;
            (from, height) = (at, height + change);
        }
        variance
    }
}

impl Part {
    /// Its share of the parameter.
    fn size(&self) -> f64 {
        match self {
            Part::Span(low, high) => high - low,
            Part::Words(has) => has.iter().filter(|has| **has).count() as f64 / has.len() as f64,
        }
    }

    /// The part up to a coordinate and the rest; or one word and the rest.
    fn divided(&self, at: f64) -> (Self, Self) {
        match self {
            Part::Span(low, high) => (Part::Span(*low, at), Part::Span(at, *high)),
            Part::Words(has) => {
                let word = at as usize;
                let one = has.iter().enumerate().map(|(index, has)| *has && index == word);
                let rest = has.iter().enumerate().map(|(index, has)| *has && index != word);
                (Part::Words(one.collect()), Part::Words(rest.collect()))
            }
        }
    }
}
