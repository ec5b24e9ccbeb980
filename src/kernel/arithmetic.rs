//! Arithmetic that expressions and functions need, whoever writes the code: four lanes at a time in the code
//! generator's form, or a strip.

use cranelift::prelude::Value;

use super::builder::KernelBuilder;
use crate::desc::Compare;

/// Writes operations on lanes. See the methods of [`KernelBuilder`] of the same names for what they compute.
pub(crate) trait Arithmetic {
    /// What operations take and give: the same number of lanes each.
    type Value: Copy;

    /// A constant in as many lanes as another value has.
    fn number_like(&mut self, like: Self::Value, value: f32) -> Self::Value;
    /// A 32-bit constant in as many lanes as another value has.
    fn word_like(&mut self, like: Self::Value, value: u32) -> Self::Value;
    /// `a + b`
    fn add(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// `a − b`
    fn sub(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// `a · b`
    fn mul(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// `a / b`
    fn div(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// `a · b + c`
    fn mul_add(&mut self, a: Self::Value, b: Self::Value, c: Self::Value) -> Self::Value;
    /// `a > b ? a : b`
    fn max(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// `a < b ? a : b`
    fn min(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// `−a`
    fn neg(&mut self, a: Self::Value) -> Self::Value;
    /// `|a|`
    fn abs(&mut self, a: Self::Value) -> Self::Value;
    /// The largest whole number that is not above `a`, for `a` within ±2³¹.
    fn floor(&mut self, a: Self::Value) -> Self::Value;
    /// `√a`
    fn sqrt(&mut self, a: Self::Value) -> Self::Value;
    /// `compare(a, b) ? c : d` of `[a, b]` and `[c, d]`.
    fn choose(
        &mut self,
        compare: Compare,
        compared: [Self::Value; 2],
        results: [Self::Value; 2],
    ) -> Self::Value;
    /// Bits of f32 as integers.
    fn bits(&mut self, a: Self::Value) -> Self::Value;
    /// f32 of integers' bits.
    fn float_of_bits(&mut self, a: Self::Value) -> Self::Value;
    /// Signed integers to the nearest f32.
    fn int_to_float(&mut self, a: Self::Value) -> Self::Value;
    /// `a + b` of integers.
    fn add_i32(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// `a − b` of integers.
    fn sub_i32(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// `a · b` of integers.
    fn mul_i32(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// `a & b`
    fn and_i32(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// `a | b`
    fn or_i32(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// `a ^ b`
    fn xor_i32(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
    /// Integers moved left.
    fn shift_left(&mut self, a: Self::Value, by: u8) -> Self::Value;
    /// Integers moved right, zeros from the left.
    fn shift_right(&mut self, a: Self::Value, by: u8) -> Self::Value;
    /// Integers moved right, their sign from the left.
    fn shift_right_signed(&mut self, a: Self::Value, by: u8) -> Self::Value;
}

/// Implements methods by those of the same name that the type has itself.
macro_rules! own {
    ($($name:ident($($argument:ident: $kind:ty),*);)*) => {
        $(fn $name(&mut self, $($argument: $kind),*) -> Value {
            KernelBuilder::$name(self, $($argument),*)
        })*
    };
}

impl Arithmetic for KernelBuilder<'_> {
    type Value = Value;

    fn number_like(&mut self, like: Value, value: f32) -> Value {
        let lanes = self.lanes_of(like);
        self.f32(lanes, value)
    }

    fn word_like(&mut self, like: Value, value: u32) -> Value {
        let lanes = self.lanes_of(like);
        self.i32(lanes, value)
    }

    fn choose(&mut self, compare: Compare, [a, b]: [Value; 2], [c, d]: [Value; 2]) -> Value {
        let mask = self.compare(compare, a, b);
        self.select(mask, c, d)
    }

    own! {
        add(a: Value, b: Value);
        sub(a: Value, b: Value);
        mul(a: Value, b: Value);
        div(a: Value, b: Value);
        mul_add(a: Value, b: Value, c: Value);
        max(a: Value, b: Value);
        min(a: Value, b: Value);
        neg(a: Value);
        abs(a: Value);
        floor(a: Value);
        sqrt(a: Value);
        bits(a: Value);
        float_of_bits(a: Value);
        int_to_float(a: Value);
        add_i32(a: Value, b: Value);
        sub_i32(a: Value, b: Value);
        mul_i32(a: Value, b: Value);
        and_i32(a: Value, b: Value);
        or_i32(a: Value, b: Value);
        xor_i32(a: Value, b: Value);
        shift_left(a: Value, by: u8);
        shift_right(a: Value, by: u8);
        shift_right_signed(a: Value, by: u8);
    }
}
