//! Arithmetic on one or four lanes.

use cranelift::codegen::ir::{ConstantData, MemFlagsData, Type, types};
use cranelift::prelude::{FloatCC, InstBuilder, IntCC, Value};

use super::KernelBuilder;
use crate::desc::Compare;

/// How many values an operation works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lanes {
    /// A scalar.
    One,
    /// A 128-bit vector.
    Four,
}

impl Lanes {
    /// How many.
    pub(crate) fn count(self) -> usize {
        match self {
            Lanes::One => 1,
            Lanes::Four => 4,
        }
    }

    pub(super) fn float(self) -> Type {
        match self {
            Lanes::One => types::F32,
            Lanes::Four => types::F32X4,
        }
    }

    pub(super) fn int(self) -> Type {
        match self {
            Lanes::One => types::I32,
            Lanes::Four => types::I32X4,
        }
    }
}

/// How many numbers become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reduction {
    /// Their sum.
    Sum,
    /// The largest; NaN is passed over unless it comes first.
    Max,
}

impl Reduction {
    /// What changes no result: 0, or −∞.
    pub(crate) fn start(self, k: &mut KernelBuilder<'_>, lanes: Lanes) -> Value {
        match self {
            Reduction::Sum => k.f32(lanes, 0.0),
            Reduction::Max => k.f32(lanes, f32::NEG_INFINITY),
        }
    }

    /// One more number.
    pub(crate) fn join(self, k: &mut KernelBuilder<'_>, total: Value, more: Value) -> Value {
        match self {
            Reduction::Sum => k.add(total, more),
            Reduction::Max => k.max(more, total),
        }
    }

    /// All lanes: `(l0, l2), (l1, l3)`.
    pub(crate) fn join_lanes(self, k: &mut KernelBuilder<'_>, value: Value) -> Value {
        let [a, b, c, d] = [0, 1, 2, 3].map(|lane| k.lane(value, lane));
        let (even, odd) = (self.join(k, a, c), self.join(k, b, d));
        self.join(k, even, odd)
    }
}

impl KernelBuilder<'_> {
    pub(crate) fn lanes_of(&self, value: Value) -> Lanes {
        if self.fb.func.dfg.value_type(value).is_vector() { Lanes::Four } else { Lanes::One }
    }

    /// A constant in every lane.
    pub(crate) fn f32(&mut self, lanes: Lanes, value: f32) -> Value {
        match lanes {
            Lanes::One => self.fb.ins().f32const(value),
            Lanes::Four => self.vector_constant(types::F32X4, [value.to_bits(); 4]),
        }
    }

    /// A 32-bit constant in every lane.
    pub(crate) fn i32(&mut self, lanes: Lanes, value: u32) -> Value {
        match lanes {
            Lanes::One => self.fb.ins().iconst(types::I32, i64::from(value)),
            Lanes::Four => self.vector_constant(types::I32X4, [value; 4]),
        }
    }

    /// `[0, 1, 2, 3]`, or 0 in a single lane.
    pub(crate) fn lane_numbers(&mut self, lanes: Lanes) -> Value {
        match lanes {
            Lanes::One => self.i32(lanes, 0),
            Lanes::Four => self.vector_constant(types::I32X4, [0, 1, 2, 3]),
        }
    }

    fn vector_constant(&mut self, ty: Type, lanes: [u32; 4]) -> Value {
        let bytes: Vec<u8> = lanes.iter().flat_map(|lane| lane.to_le_bytes()).collect();
        let constant = self.fb.func.dfg.constants.insert(ConstantData::from(bytes));
        self.fb.ins().vconst(ty, constant)
    }

    /// The same scalar (f32 or i32) in every lane.
    pub(crate) fn splat(&mut self, lanes: Lanes, scalar: Value) -> Value {
        match lanes {
            Lanes::One => scalar,
            Lanes::Four => {
                let float = self.fb.func.dfg.value_type(scalar) == types::F32;
                let ty = if float { types::F32X4 } else { types::I32X4 };
                self.fb.ins().splat(ty, scalar)
            }
        }
    }

    /// One lane of a vector.
    pub(crate) fn lane(&mut self, vector: Value, lane: usize) -> Value {
        self.fb.ins().extractlane(vector, u8::try_from(lane).expect("four lanes"))
    }

    /// `vector` with one lane replaced.
    pub(crate) fn with_lane(&mut self, vector: Value, lane: usize, scalar: Value) -> Value {
        self.fb.ins().insertlane(vector, scalar, u8::try_from(lane).expect("four lanes"))
    }

    /// `a + b`
    pub(crate) fn add(&mut self, a: Value, b: Value) -> Value {
        self.fb.ins().fadd(a, b)
    }

    /// `a − b`
    pub(crate) fn sub(&mut self, a: Value, b: Value) -> Value {
        self.fb.ins().fsub(a, b)
    }

    /// `a · b`
    pub(crate) fn mul(&mut self, a: Value, b: Value) -> Value {
        self.fb.ins().fmul(a, b)
    }

    /// `a / b`
    pub(crate) fn div(&mut self, a: Value, b: Value) -> Value {
        self.fb.ins().fdiv(a, b)
    }

    /// `a · b + c`, rounded once where that is an instruction.
    pub(crate) fn mul_add(&mut self, a: Value, b: Value, c: Value) -> Value {
        if self.fma {
            return self.fb.ins().fma(a, b, c);
        }
        let product = self.fb.ins().fmul(a, b);
        self.fb.ins().fadd(product, c)
    }

    /// `a > b ? a : b`: `b` where either is NaN. One instruction on x86-64, unlike `fmax` with its rules for
    /// NaN.
    pub(crate) fn max(&mut self, a: Value, b: Value) -> Value {
        let mask = self.fb.ins().fcmp(FloatCC::LessThan, b, a);
        self.select(mask, a, b)
    }

    /// `a < b ? a : b`: `b` where either is NaN.
    pub(crate) fn min(&mut self, a: Value, b: Value) -> Value {
        let mask = self.fb.ins().fcmp(FloatCC::LessThan, a, b);
        self.select(mask, a, b)
    }

    /// `−a`
    pub(crate) fn neg(&mut self, a: Value) -> Value {
        self.fb.ins().fneg(a)
    }

    /// `|a|`
    pub(crate) fn abs(&mut self, a: Value) -> Value {
        self.fb.ins().fabs(a)
    }

    /// The largest whole number that is not above `a`, for `a` within ±2³¹. (An instruction for it is not on
    /// every machine.)
    pub(crate) fn floor(&mut self, a: Value) -> Value {
        let whole = self.truncated(a);
        let whole = self.int_to_float(whole);
        let one = self.f32(self.lanes_of(a), 1.0);
        let below = self.fb.ins().fsub(whole, one);
        let above = self.fb.ins().fcmp(FloatCC::LessThan, a, whole);
        self.select(above, below, whole)
    }

    /// f32 to 32-bit integers, towards 0; saturated, 0 for NaN.
    pub(crate) fn truncated(&mut self, a: Value) -> Value {
        let ty = self.lanes_of(a).int();
        self.fb.ins().fcvt_to_sint_sat(ty, a)
    }

    /// `√a`
    pub(crate) fn sqrt(&mut self, a: Value) -> Value {
        self.fb.ins().sqrt(a)
    }

    /// Mask of a comparison, false where either is NaN; for [`Self::select`] only.
    pub(crate) fn compare(&mut self, compare: Compare, a: Value, b: Value) -> Value {
        let condition = match compare {
            Compare::Less => FloatCC::LessThan,
            Compare::LessEqual => FloatCC::LessThanOrEqual,
            Compare::Equal => FloatCC::Equal,
        };
        self.fb.ins().fcmp(condition, a, b)
    }

    /// Four words of two vectors, 0..4 from `a` and 4..8 from `b`.
    pub(crate) fn shuffle(&mut self, a: Value, b: Value, words: [u8; 4]) -> Value {
        let bytes: Vec<u8> = words.iter().flat_map(|word| (0..4).map(move |byte| word * 4 + byte)).collect();
        let mask = self.fb.func.dfg.immediates.push(ConstantData::from(bytes));
        let (a, b) = (
            self.fb.ins().bitcast(types::I8X16, little(), a),
            self.fb.ins().bitcast(types::I8X16, little(), b),
        );
        let mixed = self.fb.ins().shuffle(a, b, mask);
        self.fb.ins().bitcast(types::F32X4, little(), mixed)
    }

    /// Mask of 32-bit integers `a < b`, signed.
    pub(crate) fn less_i32(&mut self, a: Value, b: Value) -> Value {
        self.fb.ins().icmp(IntCC::SignedLessThan, a, b)
    }

    /// The smaller of two 32-bit integers, unsigned.
    pub(crate) fn min_u32(&mut self, a: Value, b: Value) -> Value {
        self.fb.ins().umin(a, b)
    }

    /// Mask of equal 32-bit integers.
    pub(crate) fn equal_i32(&mut self, a: Value, b: Value) -> Value {
        self.fb.ins().icmp(IntCC::Equal, a, b)
    }

    /// `mask ? a : b`, lane by lane; f32 or 32-bit integers.
    pub(crate) fn select(&mut self, mask: Value, a: Value, b: Value) -> Value {
        match self.lanes_of(a) {
            Lanes::One => self.fb.ins().select(mask, a, b),
            Lanes::Four => {
                let ty = self.fb.func.dfg.value_type(a);
                let mask = self.fb.ins().bitcast(ty, little(), mask);
                self.fb.ins().bitselect(mask, a, b)
            }
        }
    }

    /// Bits of f32 as 32-bit integers.
    pub(crate) fn bits(&mut self, a: Value) -> Value {
        let ty = self.lanes_of(a).int();
        self.fb.ins().bitcast(ty, little(), a)
    }

    /// f32 of 32-bit integers' bits.
    pub(crate) fn float_of_bits(&mut self, a: Value) -> Value {
        let ty = self.lanes_of(a).float();
        self.fb.ins().bitcast(ty, little(), a)
    }

    /// Signed 32-bit integers to the nearest f32.
    pub(crate) fn int_to_float(&mut self, a: Value) -> Value {
        let ty = self.lanes_of(a).float();
        self.fb.ins().fcvt_from_sint(ty, a)
    }

    /// `a + b` mod 2³²
    pub(crate) fn add_i32(&mut self, a: Value, b: Value) -> Value {
        self.fb.ins().iadd(a, b)
    }

    /// `a − b` mod 2³²
    pub(crate) fn sub_i32(&mut self, a: Value, b: Value) -> Value {
        self.fb.ins().isub(a, b)
    }

    /// `a · b` mod 2³²
    pub(crate) fn mul_i32(&mut self, a: Value, b: Value) -> Value {
        self.fb.ins().imul(a, b)
    }

    /// `a ^ b`
    pub(crate) fn xor_i32(&mut self, a: Value, b: Value) -> Value {
        self.fb.ins().bxor(a, b)
    }

    /// `a & b`
    pub(crate) fn and_i32(&mut self, a: Value, b: Value) -> Value {
        self.fb.ins().band(a, b)
    }

    /// `a | b`
    pub(crate) fn or_i32(&mut self, a: Value, b: Value) -> Value {
        self.fb.ins().bor(a, b)
    }

    /// Each lane moved left by a constant.
    pub(crate) fn shift_left(&mut self, a: Value, by: u8) -> Value {
        let by = self.fb.ins().iconst(types::I32, i64::from(by));
        self.fb.ins().ishl(a, by)
    }

    /// Each lane moved right by a constant, zeros from the left.
    pub(crate) fn shift_right(&mut self, a: Value, by: u8) -> Value {
        let by = self.fb.ins().iconst(types::I32, i64::from(by));
        self.fb.ins().ushr(a, by)
    }

    /// Each lane moved right by a constant, its sign from the left.
    pub(crate) fn shift_right_signed(&mut self, a: Value, by: u8) -> Value {
        let by = self.fb.ins().iconst(types::I32, i64::from(by));
        self.fb.ins().sshr(a, by)
    }

    /// The low 32 bits of an index.
    pub(crate) fn low_bits(&mut self, index: Value) -> Value {
        self.fb.ins().ireduce(types::I32, index)
    }
}

/// A reinterpretation of lanes: their order is that of little-endian memory on every machine we generate for.
pub(super) fn little() -> MemFlagsData {
    MemFlagsData::new().with_endianness(cranelift::codegen::ir::Endianness::Little)
}
