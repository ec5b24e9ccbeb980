//! Addresses, loads and stores.

use cranelift::codegen::ir::{MemFlagsData, StackSlotData, StackSlotKind, types};
use cranelift::prelude::{InstBuilder, IntCC, Value};

use super::arith::little;
use super::{KernelBuilder, Lanes};
use crate::tensor::Element;

/// Bytes of an f32 or i32.
const WORD: usize = 4;

/// Trusted: see [`KernelBuilder`].
fn flags() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

fn offset(bytes: usize) -> i32 {
    i32::try_from(bytes).expect("constant offsets are small: larger strides are added to the pointer")
}

impl KernelBuilder<'_> {
    /// An index or a length, in elements.
    pub(crate) fn index(&mut self, value: usize) -> Value {
        self.fb.ins().iconst(types::I64, i64::try_from(value).expect("sizes fit 63 bits"))
    }

    /// `a + b` of indices.
    pub(crate) fn index_add(&mut self, a: Value, b: Value) -> Value {
        self.fb.ins().iadd(a, b)
    }

    /// `a − b` of indices.
    pub(crate) fn index_sub(&mut self, a: Value, b: Value) -> Value {
        self.fb.ins().isub(a, b)
    }

    /// Whether an index equals a constant, for [`Self::either`].
    pub(crate) fn index_equals(&mut self, index: Value, constant: usize) -> Value {
        let constant = self.index(constant);
        self.fb.ins().icmp(IntCC::Equal, index, constant)
    }

    /// Whether `a < b`, for [`Self::when`].
    pub(crate) fn index_less(&mut self, a: Value, b: Value) -> Value {
        self.fb.ins().icmp(IntCC::SignedLessThan, a, b)
    }

    /// `index + constant`
    pub(crate) fn index_offset(&mut self, index: Value, constant: usize) -> Value {
        if constant == 0 {
            return index;
        }
        self.fb.ins().iadd_imm_s(index, i64::try_from(constant).expect("sizes fit 63 bits"))
    }

    /// `index + constant`, which may be negative.
    pub(crate) fn index_shift(&mut self, index: Value, constant: i64) -> Value {
        if constant == 0 {
            return index;
        }
        self.fb.ins().iadd_imm_s(index, constant)
    }

    /// A 32-bit number that is not negative as an index.
    pub(crate) fn index_from(&mut self, number: Value) -> Value {
        self.fb.ins().uextend(types::I64, number)
    }

    /// `index · factor`
    pub(crate) fn index_scale(&mut self, index: Value, factor: usize) -> Value {
        if factor == 1 {
            return index;
        }
        if factor.is_power_of_two() {
            return self.fb.ins().ishl_imm_u(index, i64::from(factor.trailing_zeros()));
        }
        self.fb.ins().imul_imm_s(index, i64::try_from(factor).expect("sizes fit 63 bits"))
    }

    /// The largest multiple of `step`, a power of two, that is not above `index`.
    pub(crate) fn index_round_down(&mut self, index: Value, step: usize) -> Value {
        debug_assert!(step.is_power_of_two());
        let mask = -i64::try_from(step).expect("steps are small");
        self.fb.ins().band_imm_s(index, mask)
    }

    /// The rest of `index / by`, of an index that is not negative and a power of two.
    pub(crate) fn index_modulo(&mut self, index: Value, by: usize) -> Value {
        debug_assert!(by.is_power_of_two());
        let mask = i64::try_from(by - 1).expect("divisors are small");
        self.fb.ins().band_imm_s(index, mask)
    }

    /// `index / by`, rounded down, of an index that is not negative and a power of two.
    pub(crate) fn index_divide(&mut self, index: Value, by: usize) -> Value {
        debug_assert!(by.is_power_of_two());
        let shift = self.fb.ins().iconst(types::I64, i64::from(by.trailing_zeros()));
        self.fb.ins().ushr(index, shift)
    }

    /// Address of element `index` from `pointer` on.
    pub(crate) fn at(&mut self, element: Element, pointer: Value, index: Value) -> Value {
        let bytes = self.index_scale(index, element.size_bytes());
        self.fb.ins().iadd(pointer, bytes)
    }

    /// Address `elements` f32 behind `pointer`, or before it.
    pub(crate) fn moved(&mut self, pointer: Value, elements: isize) -> Value {
        if elements == 0 {
            return pointer;
        }
        let bytes = i64::try_from(elements).expect("sizes fit 63 bits") * WORD as i64;
        self.fb.ins().iadd_imm_s(pointer, bytes)
    }

    /// Address `constant` elements behind `pointer`.
    pub(crate) fn at_offset(&mut self, element: Element, pointer: Value, constant: usize) -> Value {
        self.index_offset(pointer, constant * element.size_bytes())
    }

    pub(super) fn load_pointer(&mut self, table: Value, index: usize) -> Value {
        self.fb.ins().load(types::I64, flags(), table, offset(index * 8))
    }

    /// f32 values from element `at` behind `pointer` on.
    pub(crate) fn load(&mut self, lanes: Lanes, pointer: Value, at: usize) -> Value {
        self.fb.ins().load(lanes.float(), flags(), pointer, offset(at * WORD))
    }

    /// 32-bit integers from element `at` behind `pointer` on.
    pub(crate) fn load_i32(&mut self, lanes: Lanes, pointer: Value, at: usize) -> Value {
        self.fb.ins().load(lanes.int(), flags(), pointer, offset(at * WORD))
    }

    /// Bytes, widened to 32 bits, from element `at` behind `pointer` on.
    pub(crate) fn load_u8(&mut self, lanes: Lanes, pointer: Value, at: usize) -> Value {
        match lanes {
            Lanes::One => self.fb.ins().uload8(types::I32, flags(), pointer, offset(at)),
            Lanes::Four => {
                // exactly four bytes: eight would reach past the end
                let word = self.fb.ins().load(types::I32, flags(), pointer, offset(at));
                let vector = self.fb.ins().scalar_to_vector(types::I32X4, word);
                let bytes = self.fb.ins().bitcast(types::I8X16, little(), vector);
                let halves = self.fb.ins().uwiden_low(bytes);
                self.fb.ins().uwiden_low(halves)
            }
        }
    }

    /// Values of any element type, as f32.
    pub(crate) fn load_as_f32(&mut self, element: Element, lanes: Lanes, pointer: Value, at: usize) -> Value {
        let integers = match element {
            Element::F32 => return self.load(lanes, pointer, at),
            Element::I32 => self.load_i32(lanes, pointer, at),
            Element::U8 => self.load_u8(lanes, pointer, at),
        };
        self.int_to_float(integers)
    }

    /// Stores f32 or 32-bit integer values at element `at` behind `pointer`.
    pub(crate) fn store(&mut self, value: Value, pointer: Value, at: usize) {
        self.fb.ins().store(flags(), value, pointer, offset(at * WORD));
    }

    /// Stores the low bytes of 32-bit lanes (each 0..=255) at byte `at` behind `pointer`.
    pub(crate) fn store_u8(&mut self, value: Value, pointer: Value, at: usize) {
        match self.lanes_of(value) {
            Lanes::One => {
                self.fb.ins().istore8(flags(), value, pointer, offset(at));
            }
            Lanes::Four => {
                let halves = self.fb.ins().unarrow(value, value);
                let bytes = self.fb.ins().unarrow(halves, halves);
                let words = self.fb.ins().bitcast(types::I32X4, little(), bytes);
                let word = self.fb.ins().extractlane(words, 0u8);
                self.fb.ins().store(flags(), word, pointer, offset(at));
            }
        }
    }

    /// Writes a constant over `length` f32 from `pointer` on.
    pub(crate) fn fill(&mut self, pointer: Value, length: usize, value: f32) {
        self.for_channels(length, 4, &mut |k, lanes, vectors, at| {
            let to = k.at(Element::F32, pointer, at);
            let value = k.f32(lanes, value);
            for v in 0..vectors {
                k.store(value, to, v * lanes.count());
            }
        });
    }

    /// Address of `elements` f32 on the stack, 16-byte aligned, with any content.
    pub(crate) fn stack(&mut self, elements: usize) -> Value {
        let size = u32::try_from(elements * WORD).expect("stack buffers are small");
        let slot = self.fb.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, size, 4));
        self.fb.ins().stack_addr(types::I64, slot, 0)
    }
}
