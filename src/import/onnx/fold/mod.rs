//! Nodes that take nothing but constants are computed while the file is read: arithmetic on shapes, and weights
//! that are turned or scaled before they are used.

mod arithmetic;
mod movement;

use super::attributes::Attributes;
use super::constant::{Constant, Int};
use super::refusal::{Refusal, refuse};
use crate::onnx::proto::{DataType, NodeProto};
use crate::onnx::tensor;

/// How many elements may still be computed.
#[derive(Debug)]
pub(super) struct Budget(usize);

/// Computed elements that any file may have.
const SMALL: usize = 1 << 20;

impl Budget {
    /// Of a file: its weights may each be turned a few times.
    pub(super) fn of(file_bytes: usize) -> Self {
        Self(file_bytes.saturating_add(SMALL))
    }

    /// Of what has been handed on.
    pub(super) fn none() -> Self {
        Self(0)
    }

    fn take(&mut self, elements: usize) -> Result<(), Refusal> {
        let left = self.0.checked_sub(elements);
        self.0 = left.ok_or_else(|| refuse("it makes more constants than the file has room for"))?;
        Ok(())
    }

    /// The elements of a tensor of these extents.
    fn elements(&mut self, dims: &[usize]) -> Result<usize, Refusal> {
        let elements = dims.iter().try_fold(1_usize, |all, &extent| all.checked_mul(extent));
        let elements = elements.unwrap_or(usize::MAX);
        self.take(elements)?;
        Ok(elements)
    }
}

/// A node whose operands are all constants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Folding<'n> {
    pub(super) node: &'n NodeProto,
    pub(super) operands: &'n [Option<&'n Constant>],
}

impl<'n> Folding<'n> {
    fn attributes(&self) -> Attributes<'n> {
        Attributes(self.node)
    }

    fn operand(&self, at: usize) -> Result<&'n Constant, Refusal> {
        self.optional(at).ok_or_else(|| refuse("an operand is missing"))
    }

    fn optional(&self, at: usize) -> Option<&'n Constant> {
        self.operands.get(at).copied().flatten()
    }

    /// Whole numbers that are known, of an operand or, in older operators, of an attribute.
    fn list(&self, at: usize, name: &str) -> Result<Option<Vec<i64>>, Refusal> {
        if let Some(found) = self.attributes().ints(name) {
            return Ok(Some(found.to_vec()));
        }
        match self.optional(at) {
            None => Ok(None),
            Some(constant) => match constant.known() {
                Some(known) => Ok(Some(known)),
                None => Err(refuse(format!("its `{name}` follows the size of the pictures"))),
            },
        }
    }
}

/// Its results; `None` for an operator that is not computed here.
/// # Errors
/// What is wrong with its operands or attributes.
pub(super) fn fold(folding: Folding<'_>, budget: &mut Budget) -> Result<Option<Vec<Constant>>, Refusal> {
    let one = match folding.node.op_type.as_str() {
        "Constant" => constant(folding)?,
        "ConstantOfShape" => constant_of_shape(folding, budget)?,
        "Range" => range(folding, budget)?,
        "Shape" => shape(folding)?,
        "Size" => Constant::of_ints(Vec::new(), vec![Int::Known(folding.operand(0)?.elements() as i64)]),
        "Cast" => arithmetic::cast(folding)?,
        "Identity" | "Dropout" => folding.operand(0)?.clone(),
        "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Min" | "Max" => arithmetic::binary(folding, budget)?,
        "Neg" | "Sqrt" | "Reciprocal" | "Abs" | "Exp" | "Log" | "Floor" | "Ceil" => {
            arithmetic::unary(folding, budget)?
        }
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => movement::reshape(folding)?,
        "Transpose" => movement::transpose(folding, budget)?,
        "Concat" => movement::concat(folding, budget)?,
        "Slice" => movement::slice(folding, budget)?,
        "Gather" => movement::gather(folding, budget)?,
        "Expand" => movement::expand(folding, budget)?,
        _ => return Ok(None),
    };
    Ok(Some(vec![one]))
}

fn constant(folding: Folding<'_>) -> Result<Constant, Refusal> {
    let attributes = folding.attributes();
    if let Some(tensor) = attributes.find("value").and_then(|attribute| attribute.t.as_ref()) {
        return Ok(Constant::of(tensor.clone())?);
    }
    if let Some(attribute) = attributes.find("value_int") {
        return Ok(Constant::of_ints(Vec::new(), vec![Int::Known(attribute.i.unwrap_or(0))]));
    }
    if let Some(attribute) = attributes.find("value_ints") {
        let values: Vec<Int> = attribute.ints.iter().copied().map(Int::Known).collect();
        return Ok(Constant::of_ints(vec![values.len()], values));
    }
    if let Some(attribute) = attributes.find("value_float") {
        return Ok(Constant::of_floats(Vec::new(), vec![attribute.f.unwrap_or(0.0)]));
    }
    if let Some(attribute) = attributes.find("value_floats") {
        return Ok(Constant::of_floats(vec![attribute.floats.len()], attribute.floats.clone()));
    }
    Err(refuse("its value is neither numbers nor a tensor of them"))
}

fn constant_of_shape(folding: Folding<'_>, budget: &mut Budget) -> Result<Constant, Refusal> {
    let known = folding.operand(0)?.known();
    let known = known.ok_or_else(|| refuse("its shape follows the size of the pictures"))?;
    let dims: Option<Vec<usize>> = known.iter().map(|&extent| usize::try_from(extent).ok()).collect();
    let dims = dims.ok_or_else(|| refuse(format!("its shape is {known:?}")))?;
    let elements = budget.elements(&dims)?;
    let value = folding.attributes().find("value").and_then(|attribute| attribute.t.as_ref());
    let value = match value {
        Some(tensor) => Constant::of(tensor.clone())?,
        None => Constant::of_floats(vec![1], vec![0.0]),
    };
    if value.elements() != 1 {
        return Err(refuse("its `value` is no single number"));
    }
    Ok(value.picked(dims, &vec![0; elements])?)
}

fn range(folding: Folding<'_>, budget: &mut Budget) -> Result<Constant, Refusal> {
    let number =
        |at: usize| folding.operand(at).map(|operand| operand.known().and_then(|all| all.first().copied()));
    let (Some(start), Some(limit), Some(delta)) = (number(0)?, number(1)?, number(2)?) else {
        return Err(refuse("its ends are no known whole numbers"));
    };
    let span = i128::from(limit) - i128::from(start);
    let count = if delta == 0 {
        0
    } else {
        (span + i128::from(delta) - i128::from(delta.signum())) / i128::from(delta)
    };
    let count = usize::try_from(count.max(0)).unwrap_or(usize::MAX);
    budget.take(count)?;
    let values = (0..count as i64).map(|at| Int::Known(start.wrapping_add(at.wrapping_mul(delta))));
    Ok(Constant::of_ints(vec![count], values.collect()))
}

fn shape(folding: Folding<'_>) -> Result<Constant, Refusal> {
    let dims = &folding.operand(0)?.dims;
    let extents: Vec<Int> = dims.iter().map(|&extent| Int::Known(extent as i64)).collect();
    shape_part(&extents, folding.attributes())
}

/// The extents that a `Shape` gives: from `start` to `end`.
pub(super) fn shape_part(extents: &[Int], attributes: Attributes<'_>) -> Result<Constant, Refusal> {
    let rank = extents.len() as i64;
    let place =
        |value: i64| (if value < 0 { value.saturating_add(rank) } else { value }).clamp(0, rank) as usize;
    let (start, end) = (place(attributes.int("start", 0)?), place(attributes.int("end", i64::MAX)?));
    let part = extents.get(start..end.max(start)).unwrap_or_default();
    Ok(Constant::of_ints(vec![part.len()], part.to_vec()))
}

/// Whether a `Cast` makes whole numbers; `None` for a kind that is not read.
pub(super) fn casts_to_whole(to: i64) -> Option<bool> {
    let kind = i32::try_from(to).ok().and_then(|to| DataType::try_from(to).ok())?;
    let tensor = crate::onnx::proto::TensorProto { data_type: kind.into(), ..Default::default() };
    if tensor::is_whole(&tensor) { Some(true) } else { tensor::is_floating(&tensor).then_some(false) }
}
