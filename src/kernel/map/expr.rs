//! Evaluates an expression at one or four elements.

use cranelift::prelude::Value;

use crate::kernel::builder::{KernelBuilder, Lanes};
use crate::kernel::desc::{Expr, ExprId, ExprNode};
use crate::kernel::math;

/// Which nodes the results need.
pub(super) fn needed(expr: &Expr, results: impl Iterator<Item = ExprId>) -> Vec<bool> {
    let mut needed = vec![false; expr.nodes().len()];
    for id in results {
        needed[id.0 as usize] = true;
    }
    for (at, node) in expr.nodes().iter().enumerate().rev() {
        if needed[at] {
            for operand in node.operands() {
                needed[operand.0 as usize] = true;
            }
        }
    }
    needed
}

/// About how many instructions one evaluation takes: decides how far loops are unrolled.
pub(super) fn weight(expr: &Expr, needed: &[bool]) -> usize {
    let weigh = |node: &ExprNode| match node {
        ExprNode::Const(_) => 0,
        ExprNode::Input(_)
        | ExprNode::Add(..)
        | ExprNode::Sub(..)
        | ExprNode::Mul(..)
        | ExprNode::MulAdd(..)
        | ExprNode::Max(..)
        | ExprNode::Min(..)
        | ExprNode::Neg(_)
        | ExprNode::Abs(_) => 1,
        ExprNode::Select(..) => 2,
        ExprNode::Div(..) | ExprNode::Sqrt(_) | ExprNode::Floor(_) => 4,
        ExprNode::Uniform(_) => 14,
        ExprNode::Exp(_) | ExprNode::Log(_) => 24,
        ExprNode::Tanh(_) | ExprNode::Erf(_) => 45,
    };
    expr.nodes().iter().zip(needed).filter(|(_, needed)| **needed).map(|(node, _)| weigh(node)).sum()
}

/// Where an expression's operands come from, at one place of the domain.
pub(super) trait Place {
    /// Operand `index`, as f32.
    fn input(&mut self, k: &mut KernelBuilder<'_>, index: usize, lanes: Lanes) -> Value;
    /// Key of the random numbers in operand `index`, a single i32.
    fn key(&mut self, index: usize) -> Value;
    /// Index of the first lane's element within the batch, a single i32.
    fn element(&mut self, k: &mut KernelBuilder<'_>) -> Value;
}

/// Values of the asked results, in their order.
pub(super) fn evaluate(
    k: &mut KernelBuilder<'_>,
    expr: &Expr,
    needed: &[bool],
    lanes: Lanes,
    place: &mut dyn Place,
    results: &[ExprId],
) -> Vec<Value> {
    let mut values: Vec<Option<Value>> = vec![None; needed.len()];
    for (at, node) in expr.nodes().iter().enumerate() {
        if needed[at] {
            let value = emit_node(k, *node, lanes, place, &|id| {
                values[id.0 as usize].expect("operands stand before their users and are needed with them")
            });
            values[at] = Some(value);
        }
    }
    results.iter().map(|id| values[id.0 as usize].expect("results are needed")).collect()
}

fn emit_node(
    k: &mut KernelBuilder<'_>,
    node: ExprNode,
    lanes: Lanes,
    place: &mut dyn Place,
    at: &dyn Fn(ExprId) -> Value,
) -> Value {
    match node {
        ExprNode::Input(index) => place.input(k, index as usize, lanes),
        ExprNode::Const(bits) => k.f32(lanes, f32::from_bits(bits)),
        ExprNode::Add(a, b) => k.add(at(a), at(b)),
        ExprNode::Sub(a, b) => k.sub(at(a), at(b)),
        ExprNode::Mul(a, b) => k.mul(at(a), at(b)),
        ExprNode::Div(a, b) => k.div(at(a), at(b)),
        ExprNode::MulAdd(a, b, c) => k.mul_add(at(a), at(b), at(c)),
        ExprNode::Max(a, b) => k.max(at(a), at(b)),
        ExprNode::Min(a, b) => k.min(at(a), at(b)),
        ExprNode::Neg(a) => k.neg(at(a)),
        ExprNode::Abs(a) => k.abs(at(a)),
        ExprNode::Floor(a) => k.floor(at(a)),
        ExprNode::Sqrt(a) => k.sqrt(at(a)),
        ExprNode::Exp(a) => math::exp(k, at(a)),
        ExprNode::Log(a) => math::log(k, at(a)),
        ExprNode::Tanh(a) => math::tanh(k, at(a)),
        ExprNode::Erf(a) => math::erf(k, at(a)),
        ExprNode::Select(compare, a, b, c, d) => {
            let mask = k.compare(compare, at(a), at(b));
            k.select(mask, at(c), at(d))
        }
        ExprNode::Uniform(index) => {
            let (key, element) = (place.key(index as usize), place.element(k));
            emit_uniform(k, lanes, key, element)
        }
    }
}

/// [`crate::kernel::desc::uniform_reference`] for the lanes from `element` on.
fn emit_uniform(k: &mut KernelBuilder<'_>, lanes: Lanes, key: Value, element: Value) -> Value {
    let first = k.splat(lanes, element);
    let numbers = k.lane_numbers(lanes);
    let element = k.add_i32(first, numbers);
    let spread = k.i32(lanes, 0x9E37_79B9);
    let key = k.splat(lanes, key);
    let h = k.mul_i32(element, spread);
    let h = k.add_i32(h, key);
    let h = xor_shifted(k, h, 16);
    let factor = k.i32(lanes, 0x7FEB_352D);
    let h = k.mul_i32(h, factor);
    let h = xor_shifted(k, h, 15);
    let factor = k.i32(lanes, 0x846C_A68B);
    let h = k.mul_i32(h, factor);
    let h = xor_shifted(k, h, 16);
    let h = k.shift_right(h, 8);
    let h = k.int_to_float(h);
    let unit = k.f32(lanes, 1.0 / 16_777_216.0);
    k.mul(h, unit)
}

/// `h ^ (h >> by)`
fn xor_shifted(k: &mut KernelBuilder<'_>, h: Value, by: u8) -> Value {
    let shifted = k.shift_right(h, by);
    k.xor_i32(h, shifted)
}
