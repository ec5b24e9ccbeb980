//! Axes as ONNX counts them: from either end.

use super::refusal::{Refusal, refuse};

/// The place of an axis or index that may be counted from the end.
pub(super) fn place(axis: i64, rank: usize) -> Result<usize, Refusal> {
    let from_start = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    let found = usize::try_from(from_start).ok().filter(|&axis| axis < rank);
    found.ok_or_else(|| refuse(format!("{axis} is beyond its {rank} axes or elements")))
}

/// The axes that a `Squeeze` takes away: those named, else all of extent 1.
pub(super) fn squeezed(
    rank: usize,
    axes: Option<&[i64]>,
    is_one: impl Fn(usize) -> bool,
) -> Result<Vec<usize>, Refusal> {
    let Some(axes) = axes else { return Ok((0..rank).filter(|&axis| is_one(axis)).collect()) };
    let named: Result<Vec<usize>, Refusal> = axes.iter().map(|&axis| place(axis, rank)).collect();
    let named = named?;
    match named.iter().find(|&&axis| !is_one(axis)) {
        Some(axis) => Err(refuse(format!("axis {axis} has more than one element"))),
        None => Ok(named),
    }
}

/// The axes of a result that an `Unsqueeze` adds.
pub(super) fn unsqueezed(rank: usize, axes: &[i64]) -> Result<Vec<usize>, Refusal> {
    let mut added: Vec<usize> = Vec::with_capacity(axes.len());
    for &axis in axes {
        let axis = place(axis, rank + axes.len())?;
        if added.contains(&axis) {
            return Err(refuse(format!("axis {axis} is added twice")));
        }
        added.push(axis);
    }
    Ok(added)
}

/// The order of a `Transpose`; by default the axes the other way round.
pub(super) fn permutation(order: Option<&[i64]>, rank: usize) -> Result<Vec<usize>, Refusal> {
    let Some(order) = order else { return Ok((0..rank).rev().collect()) };
    let places: Result<Vec<usize>, Refusal> = order.iter().map(|&axis| place(axis, rank)).collect();
    let places = places?;
    let is_each_once = places.len() == rank && (0..rank).all(|axis| places.contains(&axis));
    if is_each_once { Ok(places) } else { Err(refuse(format!("{order:?} is no order of {rank} axes"))) }
}

/// A part of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) step: i64,
}

impl Part {
    /// What `Slice` takes of an axis.
    pub(super) fn of(extent: usize, start: i64, end: i64, step: i64) -> Result<Self, Refusal> {
        if step == 0 {
            return Err(refuse("it takes steps of 0"));
        }
        let length = extent as i64;
        let from_start = |value: i64| if value < 0 { value.saturating_add(length) } else { value };
        let (least, most) = if step > 0 { (0, length) } else { (-1, length - 1) };
        let start = from_start(start).clamp(least.max(0), most.max(0));
        let end = from_start(end).clamp(least, most);
        let span = if step > 0 { end - start } else { start - end };
        let count = if span <= 0 { 0 } else { (span - 1) / step.saturating_abs() + 1 };
        let first = usize::try_from(start).unwrap_or(0);
        Ok(Self { first, count: usize::try_from(count).unwrap_or(0), step })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_from_either_end() {
        let part = |start, end, step| Part::of(10, start, end, step).map(|part| (part.first, part.count));
        assert_eq!(part(0, i64::MAX, 1), Ok((0, 10)));
        assert_eq!(part(2, -2, 1), Ok((2, 6)));
        assert_eq!(part(-3, 100, 2), Ok((7, 2)));
        assert_eq!(part(5, 5, 1), Ok((5, 0)));
        assert_eq!(part(-1, i64::MIN, -1), Ok((9, 10)));
        assert!(part(0, 1, 0).is_err());
    }

    #[test]
    fn orders_have_each_axis_once() {
        assert_eq!(permutation(None, 3), Ok(vec![2, 1, 0]));
        assert_eq!(permutation(Some(&[0, -1, 1]), 3), Ok(vec![0, 2, 1]));
        assert!(permutation(Some(&[0, 0, 1]), 3).is_err() && permutation(Some(&[0, 1]), 3).is_err());
    }
}
