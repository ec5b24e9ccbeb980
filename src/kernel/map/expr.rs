//! Evaluates an expression at one, four or a vector of elements.

use cranelift::prelude::Value;

use crate::desc::{Expr, ExprId, ExprNode};
use crate::kernel::arithmetic::Arithmetic;
use crate::kernel::builder::{KernelBuilder, Lanes};
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
pub(super) trait Operands<A: Arithmetic> {
    /// A constant, by its bits.
    fn constant(&mut self, k: &mut A, bits: u32) -> A::Value;
    /// Operand `index`, as f32.
    fn input(&mut self, k: &mut A, index: usize) -> A::Value;
    /// What the hash of random numbers begins with: `element · `[`SPREAD`]` + key`, the key being operand
    /// `index`. Integers.
    fn hash_start(&mut self, k: &mut A, index: usize) -> A::Value;
}

/// Factor of an element's index within the batch in the hash of its random number
/// ([`crate::desc::uniform_reference`]).
pub(super) const SPREAD: u32 = 0x9E37_79B9;

/// Values of the asked results, in their order.
pub(super) fn evaluate<A: Arithmetic>(
    k: &mut A,
    expr: &Expr,
    needed: &[bool],
    place: &mut dyn Operands<A>,
    results: &[ExprId],
) -> Vec<A::Value> {
    let mut values: Vec<Option<A::Value>> = vec![None; needed.len()];
    for (at, node) in expr.nodes().iter().enumerate() {
        if needed[at] {
            let value = emit_node(k, *node, place, &|id| {
                values[id.0 as usize].expect("operands stand before their users and are needed with them")
            });
            values[at] = Some(value);
        }
    }
    results.iter().map(|id| values[id.0 as usize].expect("results are needed")).collect()
}

fn emit_node<A: Arithmetic>(
    k: &mut A,
    node: ExprNode,
    place: &mut dyn Operands<A>,
    at: &dyn Fn(ExprId) -> A::Value,
) -> A::Value {
    match node {
        ExprNode::Input(index) => place.input(k, index as usize),
        ExprNode::Const(bits) => place.constant(k, bits),
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
        ExprNode::Select(compare, a, b, c, d) => k.choose(compare, [at(a), at(b)], [at(c), at(d)]),
        ExprNode::Uniform(index) => {
            let start = place.hash_start(k, index as usize);
            emit_uniform(k, start)
        }
    }
}

/// [`Operands::hash_start`] for the lanes from `element` on, a single i32 as the key is.
pub(super) fn hash_start(k: &mut KernelBuilder<'_>, lanes: Lanes, key: Value, element: Value) -> Value {
    let first = k.splat(lanes, element);
    let numbers = k.lane_numbers(lanes);
    let element = k.add_i32(first, numbers);
    let spread = k.i32(lanes, SPREAD);
    let key = k.splat(lanes, key);
    let spread = k.mul_i32(element, spread);
    k.add_i32(spread, key)
}

/// [`crate::desc::uniform_reference`] from what its hash begins with.
fn emit_uniform<A: Arithmetic>(k: &mut A, start: A::Value) -> A::Value {
    let h = xor_shifted(k, start, 16);
    let factor = k.word_like(h, 0x7FEB_352D);
    let h = k.mul_i32(h, factor);
    let h = xor_shifted(k, h, 15);
    let factor = k.word_like(h, 0x846C_A68B);
    let h = k.mul_i32(h, factor);
    let h = xor_shifted(k, h, 16);
    let h = k.shift_right(h, 8);
    let h = k.int_to_float(h);
    let unit = k.number_like(h, 1.0 / 16_777_216.0);
    k.mul(h, unit)
}

/// `h ^ (h >> by)`
fn xor_shifted<A: Arithmetic>(k: &mut A, h: A::Value, by: u8) -> A::Value {
    let shifted = k.shift_right(h, by);
    k.xor_i32(h, shifted)
}
