//! E0518: points of the space that a file's `search(…)` values span are checked before the first trial
//! starts, and what is found out there.

use std::collections::BTreeMap;

use super::SpaceView;
use super::candidates::{Candidates, points};
use crate::diag::{Code, Diagnostic};
use crate::figures;
use crate::ir::CheckedProgram;
use crate::printed::thousands;
use crate::source::Span;
use crate::space::Point;
use crate::vocabulary::Impossible;

/// Most points that are checked.
const MOST_POINTS: usize = 1000;

/// Most layers that are looked at for all points together, but for a few points in any case: of a very large
/// model some points are checked.
const MOST_LAYERS: usize = 1_000_000;

/// Points that are checked of any model.
const LEAST_POINTS: usize = 16;

/// What is known of a space before its first trial.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SpaceFacts {
    /// The names of the parameters.
    pub names: Vec<String>,
    /// Number of points, those counted apart that differ in what does not count; `None` where a parameter is
    /// continuous, or there are more than a number can say.
    pub points: Option<u64>,
    /// How many of them were checked.
    pub checked: usize,
    /// Those among the checked ones that are no programs, by the reason.
    pub reasons: Vec<Reason>,
    /// Least and most multiplications and additions of one picture's forward pass.
    pub flops: Option<[u64; 2]>,
    /// Least and most weights and statistics.
    pub weights: Option<[u64; 2]>,
    /// The checked point whose program holds most results of layers and weights.
    pub largest: Option<Point>,
}

/// Why points are no programs.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// The first error at the first of these points, in a sentence that begins with its code.
    pub why: String,
    /// How many of the checked points have it.
    pub points: usize,
    /// The fewest values that are at fault: each checked point that has them is no program. Name and value of
    /// the parameters, as they are written.
    pub values: Vec<(String, String)>,
}

impl SpaceFacts {
    /// How many of the checked points are no programs.
    pub fn impossible(&self) -> usize {
        self.reasons.iter().map(|reason| reason.points).sum()
    }

    /// Whether every point was checked.
    pub fn is_whole(&self) -> bool {
        self.points == u64::try_from(self.checked).ok()
    }

    /// For people: how large the space is, what of it is impossible and why, and how large its models are.
    pub fn lines(&self) -> Vec<String> {
        let names = self.names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let checked = thousands(self.checked as u64);
        let mut lines = vec![match self.points.map(thousands) {
            Some(points) if self.is_whole() => format!("search over {names}: {points} points, all checked"),
            Some(points) => format!("search over {names}: {points} points, {checked} of them checked"),
            None => format!("search over {names}: a continuous space, {checked} points of it checked"),
        }];
        for Reason { why, points, values } in &self.reasons {
            let values: Vec<String> =
                values.iter().map(|(name, value)| format!("`{name}`: {value}")).collect();
            let (values, points) = (values.join(", "), thousands(*points as u64));
            lines.push(format!("{points} of {checked} points cannot be trained ({values}): {why}"));
        }
        if let (Some(flops), Some(weights)) = (self.flops, self.weights) {
            let ([least, most], [few, many]) = (flops.map(thousands), weights.map(thousands));
            lines.push(format!(
                "its models have {few} to {many} parameters, and {least} to {most} FLOPs a picture"
            ));
        }
        lines
    }

    fn add(&mut self, point: &Point, program: &CheckedProgram, largest: &mut u64) {
        let widen = |range: &mut Option<[u64; 2]>, value: u64| {
            let [least, most] = range.unwrap_or([value; 2]);
            *range = Some([least.min(value), most.max(value)]);
        };
        let size = figures::size(program);
        widen(&mut self.flops, size.flops);
        widen(&mut self.weights, size.parameters);
        let batch = program.program().train.as_ref().map_or(1, |train| train.batch.value as u64);
        let held = size.outputs.saturating_mul(batch).saturating_add(size.parameters.saturating_mul(3));
        if self.largest.is_none() || held > *largest {
            *largest = held;
            self.largest = Some(point.clone());
        }
    }
}

/// Looks at points of a space; the model has this many layers at the first. The problem says which points
/// cannot work, where that is not allowed; or that none can.
pub(super) fn check(view: &SpaceView, layers: usize) -> (SpaceFacts, Option<Diagnostic>) {
    let most = (MOST_LAYERS / layers.max(1)).clamp(LEAST_POINTS, MOST_POINTS);
    let space = view.space();
    let candidates = Candidates::of(space, most);
    let points = points(&candidates.sizes(), most);
    let mut facts = SpaceFacts {
        names: space.parameters.iter().map(|parameter| parameter.name.clone()).collect(),
        points: space.points(),
        checked: points.len(),
        ..SpaceFacts::default()
    };
    let mut failing: BTreeMap<usize, Failure> = BTreeMap::new();
    let mut largest = 0;
    for (at, indices) in points.iter().enumerate() {
        let point = candidates.point(indices);
        match view.at(&point, &[]).program {
            Ok(program) => facts.add(&point, &program, &mut largest),
            Err(why) => {
                let place = why.error().map(|error| (error.code, error.span()));
                failing.insert(at, Failure { place, why: why.why() });
            }
        }
    }
    let found = Found { view, candidates: &candidates, points: &points, failing: &failing };
    facts.reasons = found.reasons();
    let problem = match view.tune().impossible {
        _ if failing.len() == points.len() => found.nothing_left(),
        Impossible::Error => found.problem(),
        Impossible::Skip => None,
    };
    (facts, problem)
}

/// A point that is no program.
struct Failure {
    /// What is wrong, and where.
    place: Option<(Code, Span)>,
    why: String,
}

/// What was found out about points.
struct Found<'a> {
    view: &'a SpaceView,
    candidates: &'a Candidates,
    points: &'a [Vec<usize>],
    failing: &'a BTreeMap<usize, Failure>,
}

impl Found<'_> {
    /// The reasons, in the order in which they are met first.
    fn reasons(&self) -> Vec<Reason> {
        let mut reasons: Vec<(Option<(Code, Span)>, Reason)> = Vec::new();
        for (&at, Failure { place, why }) in self.failing {
            if let Some((_, reason)) = reasons.iter_mut().find(|(known, _)| known == place) {
                reason.points += 1;
                continue;
            }
            let values = self.at_fault(at).into_iter().map(|parameter| {
                (self.view.space().parameters[parameter].name.clone(), self.value(at, parameter))
            });
            reasons.push((*place, Reason { why: why.clone(), points: 1, values: values.collect() }));
        }
        reasons.into_iter().map(|(_, reason)| reason).collect()
    }

    /// The parameters whose values at a failing point are at fault.
    fn at_fault(&self, at: usize) -> Vec<usize> {
        let sizes = self.candidates.sizes();
        smallest(&sizes, self.points, at, &|at| self.failing.contains_key(&at))
            .unwrap_or((0..sizes.len()).collect())
    }

    /// A parameter's value at a point, as it is written.
    fn value(&self, at: usize, parameter: usize) -> String {
        let value = self.candidates.0[parameter][self.points[at][parameter]];
        self.view.space().parameters[parameter].domain.written(value)
    }

    /// E0518 for the first of the points that cannot work; `None` where all can.
    fn problem(&self) -> Option<Diagnostic> {
        let (&first, failure) = self.failing.first_key_value()?;
        let places = &self.view.tune().places;
        let mut at_fault = self.at_fault(first).into_iter();
        let main = at_fault.next()?;
        let mut problem = Diagnostic::new(Code::E0518)
            .arg("value", self.value(first, main))
            .arg("why", &failure.why)
            .arg("failing", self.failing.len())
            .arg("points", self.points.len())
            .at(*places.get(main)?, "here");
        let mut alone = true;
        for parameter in at_fault {
            alone = false;
            problem =
                problem.also_with(*places.get(parameter)?, "also", "value", self.value(first, parameter));
        }
        let problem = if alone { problem.saying("one") } else { problem };
        Some(problem.note("why").note("count").help("help").help("skip-help"))
    }

    /// E0518 where there is no point that works.
    fn nothing_left(&self) -> Option<Diagnostic> {
        let (_, failure) = self.failing.first_key_value()?;
        let problem = Diagnostic::new(Code::E0518)
            .saying("none")
            .arg("why", &failure.why)
            .arg("points", self.points.len())
            .at(self.view.tune().span, "none-here");
        Some(problem.note("why").help("none-help"))
    }
}

/// The fewest parameters whose values at a failing point are at fault: all points with these values fail.
fn smallest(
    sizes: &[usize],
    points: &[Vec<usize>],
    at: usize,
    fails: &dyn Fn(usize) -> bool,
) -> Option<Vec<usize>> {
    let point = &points[at];
    let at_fault = |parameters: &[usize]| {
        let alike = |other: &Vec<usize>| parameters.iter().all(|&at| other[at] == point[at]);
        points.iter().enumerate().filter(|(_, other)| alike(other)).all(|(at, _)| fails(at))
    };
    let singles = (0..sizes.len()).map(|at| vec![at]);
    // of very many parameters there are too many of these to go through
    let few = |most: usize| if sizes.len() <= most { 0..sizes.len() } else { 0..0 };
    let pairs = few(200).flat_map(|a| (a + 1..sizes.len()).map(move |b| vec![a, b]));
    let triples = few(40).flat_map(|a| {
        (a + 1..sizes.len()).flat_map(move |b| (b + 1..sizes.len()).map(move |c| vec![a, b, c]))
    });
    singles.chain(pairs).chain(triples).find(|parameters| at_fault(parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_combination_is_named() {
        let points = points(&[2, 3, 2], MOST_POINTS);
        let found = |wrong: &dyn Fn(&[usize]) -> bool| {
            let fails = |at: usize| wrong(&points[at]);
            let first = (0..points.len()).find(|&at| fails(at)).expect("some fail");
            smallest(&[2, 3, 2], &points, first, &fails)
        };
        assert_eq!(found(&|point| point[1] == 2), Some(vec![1]));
        assert_eq!(found(&|point| point[0] == 1 && point[2] == 1), Some(vec![0, 2]));
    }
}
