//! Arithmetic of expressions on the values of a strip.

use super::{IntegerOp, StripBuilder, StripOp, StripValue, UnaryOp};
use crate::desc::Compare;
use crate::kernel::arithmetic::Arithmetic;

impl StripBuilder {
    fn integer(&mut self, op: IntegerOp, a: StripValue, b: StripValue) -> StripValue {
        self.push(StripOp::Integer(op, a, b))
    }

    fn unary(&mut self, op: UnaryOp, a: StripValue) -> StripValue {
        self.push(StripOp::Unary(op, a))
    }

    /// A 32-bit constant in every lane.
    pub fn word(&mut self, bits: u32) -> StripValue {
        self.push(StripOp::Constant(bits))
    }
}

/// A value is bits: f32 or an integer, as the next operation takes it.
impl Arithmetic for StripBuilder {
    type Value = StripValue;

    fn number_like(&mut self, _: StripValue, value: f32) -> StripValue {
        self.constant(value)
    }

    fn word_like(&mut self, _: StripValue, value: u32) -> StripValue {
        self.word(value)
    }

    fn add(&mut self, a: StripValue, b: StripValue) -> StripValue {
        self.push(StripOp::Add(a, b))
    }

    fn sub(&mut self, a: StripValue, b: StripValue) -> StripValue {
        self.push(StripOp::Sub(a, b))
    }

    fn mul(&mut self, a: StripValue, b: StripValue) -> StripValue {
        self.push(StripOp::Mul(a, b))
    }

    fn div(&mut self, a: StripValue, b: StripValue) -> StripValue {
        self.push(StripOp::Div(a, b))
    }

    fn mul_add(&mut self, a: StripValue, b: StripValue, c: StripValue) -> StripValue {
        self.push(StripOp::MulAdd(a, b, c))
    }

    fn max(&mut self, a: StripValue, b: StripValue) -> StripValue {
        self.push(StripOp::Max(a, b))
    }

    fn min(&mut self, a: StripValue, b: StripValue) -> StripValue {
        self.push(StripOp::Min(a, b))
    }

    fn neg(&mut self, a: StripValue) -> StripValue {
        let sign = self.word(0x8000_0000);
        self.integer(IntegerOp::Xor, a, sign)
    }

    fn abs(&mut self, a: StripValue) -> StripValue {
        let rest = self.word(0x7FFF_FFFF);
        self.integer(IntegerOp::And, a, rest)
    }

    fn floor(&mut self, a: StripValue) -> StripValue {
        self.unary(UnaryOp::Floor, a)
    }

    fn sqrt(&mut self, a: StripValue) -> StripValue {
        self.unary(UnaryOp::Sqrt, a)
    }

    fn choose(&mut self, compare: Compare, [a, b]: [StripValue; 2], [c, d]: [StripValue; 2]) -> StripValue {
        self.push(StripOp::Select(compare, [a, b, c, d]))
    }

    fn bits(&mut self, a: StripValue) -> StripValue {
        a
    }

    fn float_of_bits(&mut self, a: StripValue) -> StripValue {
        a
    }

    fn int_to_float(&mut self, a: StripValue) -> StripValue {
        self.unary(UnaryOp::FromInteger, a)
    }

    fn add_i32(&mut self, a: StripValue, b: StripValue) -> StripValue {
        self.integer(IntegerOp::Add, a, b)
    }

    fn sub_i32(&mut self, a: StripValue, b: StripValue) -> StripValue {
        self.integer(IntegerOp::Sub, a, b)
    }

    fn mul_i32(&mut self, a: StripValue, b: StripValue) -> StripValue {
        self.integer(IntegerOp::Mul, a, b)
    }

    fn and_i32(&mut self, a: StripValue, b: StripValue) -> StripValue {
        self.integer(IntegerOp::And, a, b)
    }

    fn or_i32(&mut self, a: StripValue, b: StripValue) -> StripValue {
        self.integer(IntegerOp::Or, a, b)
    }

    fn xor_i32(&mut self, a: StripValue, b: StripValue) -> StripValue {
        self.integer(IntegerOp::Xor, a, b)
    }

    fn shift_left(&mut self, a: StripValue, by: u8) -> StripValue {
        self.unary(UnaryOp::ShiftLeft(by), a)
    }

    fn shift_right(&mut self, a: StripValue, by: u8) -> StripValue {
        self.unary(UnaryOp::ShiftRight(by), a)
    }

    fn shift_right_signed(&mut self, a: StripValue, by: u8) -> StripValue {
        self.unary(UnaryOp::ShiftRightSigned(by), a)
    }
}
