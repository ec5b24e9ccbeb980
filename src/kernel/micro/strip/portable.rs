//! Strips in the code generator's own form, for any machine: four lanes at a time, then one.

use cranelift::codegen::ir;
use cranelift::prelude::Value;

use super::{MemoryOperand, StripDesc, StripOp, StripRun, StripValue};
use crate::desc::Compare;
use crate::kernel::builder::{KernelBuilder, Lanes};
use crate::kernel::code::BuildError;
use crate::tensor::Element;

/// Emits the function.
/// # Errors
/// [`BuildError::Host`] where the machine is unknown. [`BuildError::Description`] for what is asked for by
/// kernels that are written in this form otherwise (maps).
pub(in crate::kernel::micro) fn emit(strip: &StripDesc) -> Result<ir::Function, BuildError> {
    let StripRun::Elements(elements) = strip.run else {
        return Err(BuildError::Description { family: "strip", reason: "a run whose length is an argument" });
    };
    if !strip.carried.is_empty() || strip.ops.iter().any(has_another_form) {
        return Err(BuildError::Description {
            family: "strip",
            reason: "an operation of kernels that have this form without strips",
        });
    }
    KernelBuilder::build_tile(strip.element_bytes.len(), |k, pointers| {
        let whole = elements / 4 * 4;
        let runs = [(Lanes::Four, 0, whole), (Lanes::One, whole, elements)];
        for (lanes, from, end) in runs {
            k.fold_steps(from, end, lanes.count(), &[], |k, element, _| {
                let moved: Vec<Value> = pointers
                    .iter()
                    .zip(&strip.element_bytes)
                    .map(|(&pointer, &bytes)| match bytes {
                        0 => pointer,
                        1 => k.at(Element::U8, pointer, element),
                        _ => k.at(Element::F32, pointer, element),
                    })
                    .collect();
                turn(k, strip, lanes, &moved);
                Vec::new()
            });
        }
    })
}

fn has_another_form(op: &StripOp) -> bool {
    match op {
        StripOp::LoadBytes(_)
        | StripOp::Spread(_)
        | StripOp::Carried(_)
        | StripOp::Div(..)
        | StripOp::Unary(..)
        | StripOp::Integer(..)
        | StripOp::Mix(..)
        | StripOp::Select(..)
        | StripOp::Accumulate(..)
        | StripOp::Advance(..) => true,
        StripOp::Load(_)
        | StripOp::Constant(_)
        | StripOp::Add(..)
        | StripOp::Sub(..)
        | StripOp::Mul(..)
        | StripOp::MulAdd(..)
        | StripOp::NegMulAdd(..)
        | StripOp::Max(..)
        | StripOp::Min(..)
        | StripOp::Pool { .. }
        | StripOp::Store(..) => false,
    }
}

/// The operations on as many lanes.
fn turn(k: &mut KernelBuilder<'_>, strip: &StripDesc, lanes: Lanes, pointers: &[Value]) {
    let mut values: Vec<Value> = Vec::with_capacity(strip.ops.len());
    for op in &strip.ops {
        let of = |value: StripValue| values[value.index()];
        let value = match *op {
            StripOp::Load(from) => {
                let at = place(k, pointers, from);
                k.load(lanes, at, 0)
            }
            StripOp::LoadBytes(_)
            | StripOp::Spread(_)
            | StripOp::Carried(_)
            | StripOp::Div(..)
            | StripOp::Unary(..)
            | StripOp::Integer(..)
            | StripOp::Mix(..)
            | StripOp::Select(..)
            | StripOp::Accumulate(..)
            | StripOp::Advance(..) => unreachable!("refused before"),
            StripOp::Constant(bits) => k.f32(lanes, f32::from_bits(bits)),
            StripOp::Add(x, y) => k.add(of(x), of(y)),
            StripOp::Sub(x, y) => k.sub(of(x), of(y)),
            StripOp::Mul(x, y) => k.mul(of(x), of(y)),
            StripOp::MulAdd(x, y, z) => k.mul_add(of(x), of(y), of(z)),
            StripOp::NegMulAdd(x, y, z) => {
                let negative = k.neg(of(x));
                k.mul_add(negative, of(y), of(z))
            }
            StripOp::Max(x, y) => k.max(of(x), of(y)),
            StripOp::Min(x, y) => k.min(of(x), of(y)),
            StripOp::Pool { points, winners } => pool(k, lanes, points.map(of), winners, pointers),
            StripOp::Store(value, to) => {
                let at = place(k, pointers, to);
                k.store(of(value), at, 0);
                // it is no value: nothing asks for it
                of(value)
            }
        };
        values.push(value);
    }
}

/// Elements of four bytes; only winners are smaller.
fn place(k: &mut KernelBuilder<'_>, pointers: &[Value], place: MemoryOperand) -> Value {
    k.moved(pointers[usize::from(place.pointer)], place.at)
}

fn pool(
    k: &mut KernelBuilder<'_>,
    lanes: Lanes,
    points: [Value; 4],
    winners: Option<MemoryOperand>,
    pointers: &[Value],
) -> Value {
    let mut best = points[0];
    let mut index = k.i32(lanes, 0);
    for (candidate, number) in points.into_iter().zip(0..).skip(1) {
        if winners.is_some() {
            let larger = k.compare(Compare::Less, best, candidate);
            let number = k.i32(lanes, number);
            index = k.select(larger, number, index);
        }
        best = k.max(candidate, best);
    }
    if let Some(to) = winners {
        let at = k.index_shift(pointers[usize::from(to.pointer)], to.at as i64);
        k.store_u8(index, at, 0);
    }
    best
}
