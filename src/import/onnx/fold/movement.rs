//! Constants in another shape or order.

use super::super::constant::{Constant, broadcast, broadcast_places, places, strides};
use super::super::refusal::{Refusal, refuse};
use super::super::view;
use super::{Budget, Folding};

/// `Reshape`, `Flatten`, `Squeeze` and `Unsqueeze`: the same elements under other extents.
pub(super) fn reshape(folding: Folding<'_>) -> Result<Constant, Refusal> {
    let operand = folding.operand(0)?;
    let own = &operand.dims;
    let dims = match folding.node.op_type.as_str() {
        "Reshape" => {
            let wanted = folding.list(1, "shape")?.ok_or_else(|| refuse("its `shape` is missing"))?;
            resolved(own, &wanted, folding.attributes().flag("allowzero")?)?
        }
        "Flatten" => {
            let axis = folding.attributes().int("axis", 1)?;
            let axis = view::place(axis, own.len() + 1)?;
            vec![own[..axis].iter().product(), own[axis..].iter().product()]
        }
        "Squeeze" => {
            let axes = folding.list(1, "axes")?;
            let taken = view::squeezed(own.len(), axes.as_deref(), |axis| own[axis] == 1)?;
            (0..own.len()).filter(|axis| !taken.contains(axis)).map(|axis| own[axis]).collect()
        }
        _ => {
            let axes = folding.list(1, "axes")?.ok_or_else(|| refuse("its `axes` are missing"))?;
            let added = view::unsqueezed(own.len(), &axes)?;
            let mut rest = own.iter().copied();
            let rank = own.len() + added.len();
            (0..rank).map(|axis| if added.contains(&axis) { 1 } else { rest.next().unwrap_or(1) }).collect()
        }
    };
    let elements = dims.iter().try_fold(1_usize, |all, &extent| all.checked_mul(extent));
    if elements == Some(operand.elements()) {
        return Ok(operand.with_dims(dims));
    }
    Err(refuse(format!("{own:?} cannot become {dims:?}")))
}

/// Extents with what `0` and `-1` stand for.
fn resolved(own: &[usize], wanted: &[i64], zero_is_zero: bool) -> Result<Vec<usize>, Refusal> {
    let wrong = || refuse(format!("{own:?} cannot become {wanted:?}"));
    let mut dims = Vec::with_capacity(wanted.len());
    for (axis, &extent) in wanted.iter().enumerate() {
        dims.push(match extent {
            0 if !zero_is_zero => *own.get(axis).ok_or_else(wrong)?,
            -1 => 1,
            _ => usize::try_from(extent).map_err(|_| wrong())?,
        });
    }
    let product = |dims: &[usize]| dims.iter().try_fold(1_usize, |all, &extent| all.checked_mul(extent));
    if let Some(open) = wanted.iter().position(|&extent| extent == -1) {
        let known = product(&dims).filter(|&known| known > 0).ok_or_else(wrong)?;
        dims[open] = product(own).ok_or_else(wrong)? / known;
    }
    Ok(dims)
}

pub(super) fn transpose(folding: Folding<'_>, budget: &mut Budget) -> Result<Constant, Refusal> {
    let operand = folding.operand(0)?;
    let order = view::permutation(folding.attributes().ints("perm"), operand.dims.len())?;
    budget.elements(&operand.dims)?;
    let steps = strides(&operand.dims);
    let dims: Vec<usize> = order.iter().map(|&axis| operand.dims[axis]).collect();
    let distances: Vec<usize> = order.iter().map(|&axis| steps[axis]).collect();
    Ok(operand.picked(dims.clone(), &places(&dims, &distances, 0))?)
}

pub(super) fn concat(folding: Folding<'_>, budget: &mut Budget) -> Result<Constant, Refusal> {
    let operands: Option<Vec<&Constant>> = folding.operands.iter().copied().collect();
    let operands = operands.filter(|all| !all.is_empty()).ok_or_else(|| refuse("an operand is missing"))?;
    let rank = operands[0].dims.len();
    let axis = view::place(folding.attributes().int("axis", 1)?, rank)?;
    let mut dims = operands[0].dims.clone();
    let fits = |other: &Constant| {
        other.dims.len() == rank && (0..rank).all(|at| at == axis || other.dims[at] == operands[0].dims[at])
    };
    if !operands.iter().all(|other| fits(other)) {
        return Err(refuse("its operands have extents that do not fit together"));
    }
    dims[axis] = operands.iter().map(|operand| operand.dims[axis]).sum();
    budget.elements(&dims)?;
    let outer: usize = dims[..axis].iter().product();
    let inner: usize = dims[axis + 1..].iter().product();
    // all elements one operand behind the other, picked row by row
    let mut first = 0;
    let mut firsts = Vec::new();
    for operand in &operands {
        firsts.push(first);
        first += operand.elements();
    }
    let mut picked = Vec::new();
    for row in 0..outer {
        for (operand, &first) in operands.iter().zip(&firsts) {
            let length = operand.dims[axis] * inner;
            picked.extend((0..length).map(|at| first + row * length + at));
        }
    }
    let all = if operands.iter().all(|operand| operand.ints().is_some()) {
        let values: Vec<_> =
            operands.iter().filter_map(|operand| operand.ints()).flatten().copied().collect();
        Constant::of_ints(vec![values.len()], values)
    } else {
        let mut values = Vec::new();
        for operand in &operands {
            values.extend_from_slice(&operand.floats()?);
        }
        Constant::of_floats(vec![values.len()], values)
    };
    Ok(all.picked(dims, &picked)?)
}

pub(super) fn slice(folding: Folding<'_>, budget: &mut Budget) -> Result<Constant, Refusal> {
    let operand = folding.operand(0)?;
    let rank = operand.dims.len();
    let missing = |name: &str| refuse(format!("its `{name}` are missing"));
    let starts = folding.list(1, "starts")?.ok_or_else(|| missing("starts"))?;
    let ends = folding.list(2, "ends")?.ok_or_else(|| missing("ends"))?;
    let axes = folding.list(3, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = folding.list(4, "steps")?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
        return Err(refuse("its operands have different lengths"));
    }
    let mut dims = operand.dims.clone();
    let own = strides(&operand.dims);
    let mut distances = own.clone();
    let mut first = 0;
    for at in 0..starts.len() {
        let axis = view::place(axes[at], rank)?;
        let part = view::Part::of(operand.dims[axis], starts[at], ends[at], steps[at])?;
        if part.step < 1 {
            return Err(refuse("it goes backwards"));
        }
        first += part.first * own[axis];
        dims[axis] = part.count;
        distances[axis] = own[axis] * usize::try_from(part.step).unwrap_or(0);
    }
    budget.elements(&dims)?;
    if dims.contains(&0) {
        return Ok(operand.picked(dims, &[])?);
    }
    Ok(operand.picked(dims.clone(), &places(&dims, &distances, first))?)
}

pub(super) fn gather(folding: Folding<'_>, budget: &mut Budget) -> Result<Constant, Refusal> {
    let (operand, indices) = (folding.operand(0)?, folding.operand(1)?);
    let rank = operand.dims.len();
    let axis = view::place(folding.attributes().int("axis", 0)?, rank)?;
    let known = indices.known().ok_or_else(|| refuse("its indices follow the size of the pictures"))?;
    let chosen: Result<Vec<usize>, Refusal> =
        known.iter().map(|&index| view::place(index, operand.dims[axis])).collect();
    let chosen = chosen?;
    let (before, after) = (&operand.dims[..axis], &operand.dims[axis + 1..]);
    let dims = [before, &indices.dims, after].concat();
    budget.elements(&dims)?;
    let (outer, inner): (usize, usize) = (before.iter().product(), after.iter().product());
    let mut picked = Vec::new();
    for row in 0..outer {
        for index in &chosen {
            let first = (row * operand.dims[axis] + index) * inner;
            picked.extend(first..first + inner);
        }
    }
    Ok(operand.picked(dims, &picked)?)
}

pub(super) fn expand(folding: Folding<'_>, budget: &mut Budget) -> Result<Constant, Refusal> {
    let operand = folding.operand(0)?;
    let wanted = folding.list(1, "shape")?.ok_or_else(|| refuse("its `shape` is missing"))?;
    let wanted: Option<Vec<usize>> = wanted.iter().map(|&extent| usize::try_from(extent).ok()).collect();
    let wanted = wanted.ok_or_else(|| refuse("its `shape` has a negative extent"))?;
    let dims = broadcast(&operand.dims, &wanted)?;
    budget.elements(&dims)?;
    Ok(operand.picked(dims.clone(), &broadcast_places(&operand.dims, &dims))?)
}
