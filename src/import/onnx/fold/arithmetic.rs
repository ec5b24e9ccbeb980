//! Arithmetic on constants.

use super::super::constant::{Constant, Int, Values, broadcast, broadcast_places};
use super::super::refusal::{Refusal, refuse};
use super::{Budget, Folding, casts_to_whole};

pub(super) fn cast(folding: Folding<'_>) -> Result<Constant, Refusal> {
    let operand = folding.operand(0)?;
    let to = folding.attributes().int("to", 0)?;
    let is_whole = casts_to_whole(to).ok_or_else(|| refuse("it makes values of a kind that is not read"))?;
    match (&operand.values, is_whole) {
        (Values::Ints(_), true) | (Values::File(_) | Values::Floats(_), false) => Ok(operand.clone()),
        (Values::Ints(_), false) => {
            Ok(Constant::of_floats(operand.dims.clone(), operand.floats()?.into_owned()))
        }
        // towards 0, as a conversion of `as` does
        (_, true) => {
            let values = operand.floats()?.iter().map(|&value| Int::Known(value as i64)).collect();
            Ok(Constant::of_ints(operand.dims.clone(), values))
        }
    }
}

pub(super) fn binary(folding: Folding<'_>, budget: &mut Budget) -> Result<Constant, Refusal> {
    let (a, b) = (folding.operand(0)?, folding.operand(1)?);
    if folding.node.input.len() != 2 {
        return Err(refuse("it has more than two operands"));
    }
    let dims = broadcast(&a.dims, &b.dims)?;
    budget.elements(&dims)?;
    let (from_a, from_b) = (broadcast_places(&a.dims, &dims), broadcast_places(&b.dims, &dims));
    let pairs = from_a.into_iter().zip(from_b);
    let op = folding.node.op_type.as_str();
    if let (Some(a), Some(b)) = (a.ints(), b.ints()) {
        let values = pairs.map(|(x, y)| whole(op, a[x], b[y])).collect();
        return Ok(Constant::of_ints(dims, values));
    }
    let (a, b) = (a.floats()?, b.floats()?);
    let compute: fn(f32, f32) -> f32 = match op {
        "Add" => |x, y| x + y,
        "Sub" => |x, y| x - y,
        "Mul" => |x, y| x * y,
        "Div" => |x, y| x / y,
        "Pow" => f32::powf,
        "Min" => f32::min,
        _ => f32::max,
    };
    Ok(Constant::of_floats(dims, pairs.map(|(x, y)| compute(a[x], b[y])).collect()))
}

/// Of whole numbers; what is not a number of a file follows where nothing changes it.
fn whole(op: &str, a: Int, b: Int) -> Int {
    let (Int::Known(x), Int::Known(y)) = (a, b) else {
        return match (op, a, b) {
            ("Mul" | "Div", same, Int::Known(1)) | ("Add" | "Sub", same, Int::Known(0)) => same,
            ("Mul", Int::Known(1), same) | ("Add", Int::Known(0), same) => same,
            _ => Int::Open,
        };
    };
    let value = match op {
        "Add" => x.checked_add(y),
        "Sub" => x.checked_sub(y),
        "Mul" => x.checked_mul(y),
        "Div" => x.checked_div(y),
        "Pow" => u32::try_from(y).ok().and_then(|y| x.checked_pow(y)),
        "Min" => Some(x.min(y)),
        _ => Some(x.max(y)),
    };
    value.map_or(Int::Open, Int::Known)
}

pub(super) fn unary(folding: Folding<'_>, budget: &mut Budget) -> Result<Constant, Refusal> {
    let operand = folding.operand(0)?;
    budget.elements(&operand.dims)?;
    let op = folding.node.op_type.as_str();
    if let Some(ints) = operand.ints() {
        let values = ints.iter().map(|value| match (op, value) {
            ("Neg", Int::Known(value)) => value.checked_neg().map_or(Int::Open, Int::Known),
            ("Abs", Int::Known(value)) => value.checked_abs().map_or(Int::Open, Int::Known),
            _ => Int::Open,
        });
        return Ok(Constant::of_ints(operand.dims.clone(), values.collect()));
    }
    let compute: fn(f32) -> f32 = match op {
        "Neg" => |x| -x,
        "Sqrt" => f32::sqrt,
        "Reciprocal" => |x| 1.0 / x,
        "Abs" => f32::abs,
        "Exp" => f32::exp,
        "Log" => f32::ln,
        "Floor" => f32::floor,
        _ => f32::ceil,
    };
    let values = operand.floats()?.iter().map(|&value| compute(value)).collect();
    Ok(Constant::of_floats(operand.dims.clone(), values))
}
