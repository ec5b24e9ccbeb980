//! E0518: every point of the space that a file's `search(…)` values span is checked before the first trial
//! starts.

use std::collections::{BTreeMap, BTreeSet};

use super::Files;
use crate::card::DataCard;
use crate::check::check_around;
use crate::diag::{Code, Diagnostic, Language, Level};
use crate::ir::TuneSpec;
use crate::lower::{LowerOptions, lower_at};

/// Of a larger space each value of each dimension is checked, with the first and with the last values of the
/// others.
const MOST_POINTS: usize = 1000;

/// Most layers that are looked at for all points together, but for a few points in any case: of a very large
/// model some points are checked.
const MOST_LAYERS: usize = 1_000_000;

/// Points that are checked of any model.
const LEAST_POINTS: usize = 16;

/// Looks for points that cannot work; the first point, which has this many layers, has been checked. `None`
/// where all can.
pub(super) fn check(
    files: Files<'_>,
    options: &LowerOptions,
    card: Option<&DataCard>,
    (tune, layers): (&TuneSpec, usize),
) -> Option<Diagnostic> {
    let sizes: Vec<usize> = tune.dimensions.iter().map(|dimension| dimension.values.len()).collect();
    let points = points(&sizes, (MOST_LAYERS / layers.max(1)).clamp(LEAST_POINTS, MOST_POINTS));
    let mut failing: BTreeMap<usize, String> = BTreeMap::new();
    for (at, point) in points.iter().enumerate() {
        let mut sources = files.sources.clone();
        let lowered = lower_at(files.ast, files.imports, &mut sources, options, &|_| card.cloned(), point);
        let mut problems = lowered.problems;
        if let Some(program) = lowered.program {
            problems.extend(check_around(program, card, &lowered.unknown).1);
        }
        if let Some(error) = problems.iter().find(|problem| problem.level == Level::Error) {
            failing.insert(at, format!("{}: {}", error.code, error.message(Language::English)));
        }
    }
    let (&first, why) = failing.first_key_value()?;
    let dimensions = smallest(&sizes, &points, &failing).unwrap_or((0..sizes.len()).collect());
    let value = |dimension: usize| &tune.dimensions[dimension].values[points[first][dimension]];
    let mut dimensions = dimensions.into_iter();
    let main = dimensions.next()?;
    let mut problem = Diagnostic::new(Code::E0518)
        .arg("value", value(main))
        .arg("why", why)
        .arg("failing", failing.len())
        .arg("points", points.len())
        .at(tune.dimensions[main].span, "here");
    let mut alone = true;
    for dimension in dimensions {
        alone = false;
        problem = problem.also_with(tune.dimensions[dimension].span, "also", "value", value(dimension));
    }
    let problem = if alone { problem.saying("one") } else { problem };
    Some(problem.note("why").note("count").help("help"))
}

/// The points that are checked, at most this many: all, or of a large space the ends of every line through its
/// first and last corner.
fn points(sizes: &[usize], most: usize) -> Vec<Vec<usize>> {
    let all = sizes.iter().try_fold(1_usize, |all, size| all.checked_mul(*size));
    if let Some(count) = all.filter(|count| *count <= most) {
        let point = |mut index: usize| {
            let mut point = vec![0; sizes.len()];
            for (at, size) in sizes.iter().enumerate().rev() {
                point[at] = index % size;
                index /= size;
            }
            point
        };
        return (0..count).map(point).collect();
    }
    let (first, last): (Vec<usize>, Vec<usize>) =
        (vec![0; sizes.len()], sizes.iter().map(|size| size - 1).collect());
    let mut points: Vec<Vec<usize>> = Vec::new();
    let mut known: BTreeSet<Vec<usize>> = BTreeSet::new();
    for corner in [&first, &last] {
        for (at, size) in sizes.iter().enumerate() {
            for value in 0..*size {
                if points.len() == most {
                    return points;
                }
                let mut point = corner.clone();
                point[at] = value;
                if known.insert(point.clone()) {
                    points.push(point);
                }
            }
        }
    }
    points
}

/// The fewest dimensions whose values at the first failing point are at fault: all checked points with these
/// values fail.
fn smallest(sizes: &[usize], points: &[Vec<usize>], failing: &BTreeMap<usize, String>) -> Option<Vec<usize>> {
    let (&first, _) = failing.first_key_value()?;
    let point = &points[first];
    let at_fault = |dimensions: &[usize]| {
        let alike = |other: &Vec<usize>| dimensions.iter().all(|&at| other[at] == point[at]);
        points.iter().enumerate().filter(|(_, other)| alike(other)).all(|(at, _)| failing.contains_key(&at))
    };
    let singles = (0..sizes.len()).map(|at| vec![at]);
    // of very many dimensions there are too many of these to go through
    let few = |most: usize| if sizes.len() <= most { 0..sizes.len() } else { 0..0 };
    let pairs = few(200).flat_map(|a| (a + 1..sizes.len()).map(move |b| vec![a, b]));
    let triples = few(40).flat_map(|a| {
        (a + 1..sizes.len()).flat_map(move |b| (b + 1..sizes.len()).map(move |c| vec![a, b, c]))
    });
    singles.chain(pairs).chain(triples).find(|dimensions| at_fault(dimensions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_spaces_are_checked_whole_and_large_ones_along_their_lines() {
        assert_eq!(points(&[2, 3], MOST_POINTS), [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
        let large = points(&[20, 20, 20], MOST_POINTS);
        assert!(large.len() <= MOST_POINTS);
        assert!(large.contains(&vec![7, 0, 0]) && large.contains(&vec![19, 19, 3]));
    }

    #[test]
    fn the_smallest_combination_is_named() {
        let points = points(&[2, 3, 2], MOST_POINTS);
        let fails = |wrong: &dyn Fn(&[usize]) -> bool| {
            let failing = points.iter().enumerate().filter(|(_, point)| wrong(point));
            failing.map(|(at, _)| (at, String::new())).collect::<BTreeMap<_, _>>()
        };
        assert_eq!(smallest(&[2, 3, 2], &points, &fails(&|point| point[1] == 2)), Some(vec![1]));
        assert_eq!(
            smallest(&[2, 3, 2], &points, &fails(&|point| point[0] == 1 && point[2] == 1)),
            Some(vec![0, 2])
        );
    }
}
