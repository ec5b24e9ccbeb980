//! 256-bit vectors with FMA: 16 registers, tails by a mask in the last of them.

use iced_x86::IcedError;
use iced_x86::code_asm::*;

use super::strip::{self, Binary, IntegerOp, Mix, StripDesc, UnaryOp};
use super::tile::TileDesc;
use super::x86::{self, Address, FLOOR, Part, VectorUnit, predicate};
use crate::desc::Compare;

const YMM: [AsmRegisterYmm; 16] =
    [ymm0, ymm1, ymm2, ymm3, ymm4, ymm5, ymm6, ymm7, ymm8, ymm9, ymm10, ymm11, ymm12, ymm13, ymm14, ymm15];
const XMM: [AsmRegisterXmm; 16] =
    [xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15];

/// The mask of the tail, where a tile has one.
const TAIL: usize = 15;

/// `a > b`, false for NaN, without an exception (`_CMP_GT_OQ`).
const GREATER: u32 = 0x1E;

/// Room for the vectors of `b`, one register for numbers of `a` and the mask.
pub(super) fn max_accumulators(vectors: usize, has_tail: bool) -> usize {
    YMM.len() - 1 - vectors - usize::from(has_tail)
}

pub(super) fn emit(tile: &TileDesc) -> Vec<u8> {
    let mut unit = Avx2::new();
    x86::emit(&mut unit, tile).expect("every instruction has an encoding");
    unit.asm.assemble(0).expect("all labels are set and near")
}

pub(super) fn emit_strip(strip: &StripDesc) -> Vec<u8> {
    let mut unit = Avx2::new();
    strip::emit_x86(&mut unit, strip).expect("every instruction has an encoding");
    unit.asm.assemble(0).expect("all labels are set and near")
}

struct Avx2 {
    asm: CodeAssembler,
    tail: Option<Tail>,
}

/// What is known of the tail.
#[derive(Clone, Copy)]
enum Tail {
    /// Its lanes, and where its mask will lie.
    Known(usize, CodeLabel),
    /// Where as many lanes with all bits set as a vector has will lie, and as many zeros behind them.
    Argument(CodeLabel),
}

impl Avx2 {
    fn new() -> Self {
        Self { asm: CodeAssembler::new(64).expect("64 is a valid width"), tail: None }
    }
}

impl VectorUnit for Avx2 {
    const LANES: usize = 8;
    const SPREADS_OPERANDS: bool = false;

    fn asm(&mut self) -> &mut CodeAssembler {
        &mut self.asm
    }

    fn registers(&self) -> usize {
        YMM.len() - usize::from(self.tail.is_some())
    }

    fn set_tail(&mut self, lanes: usize) -> Result<(), IcedError> {
        let mask = self.asm.create_label();
        self.asm.vmovups(YMM[TAIL], ymmword_ptr(mask))?;
        self.tail = Some(Tail::Known(lanes, mask));
        Ok(())
    }

    fn reserve_tail(&mut self) {
        self.tail = Some(Tail::Argument(self.asm.create_label()));
    }

    /// The mask is a window on the table that ends with as many zeros as lanes are missing.
    fn set_tail_of(&mut self, lanes: AsmRegister64) -> Result<(), IcedError> {
        let Some(Tail::Argument(table)) = self.tail else { unreachable!("the tail was reserved") };
        self.asm.neg(lanes)?;
        self.asm.lea(rax, qword_ptr(table))?;
        self.asm.vmovups(YMM[TAIL], ymmword_ptr(rax + lanes * 4 + 4 * Self::LANES as i32))
    }

    /// The mask lies behind the code.
    fn end(&mut self) -> Result<(), IcedError> {
        self.asm.vzeroupper()?;
        self.asm.ret()?;
        let (set, all, mut table) = match self.tail {
            None => return Ok(()),
            Some(Tail::Known(lanes, mask)) => (lanes, Self::LANES, mask),
            Some(Tail::Argument(table)) => (Self::LANES, 2 * Self::LANES, table),
        };
        let bits: Vec<u32> = (0..all).map(|lane| if lane < set { u32::MAX } else { 0 }).collect();
        self.asm.set_label(&mut table)?;
        self.asm.dd(&bits)
    }

    fn load(&mut self, to: usize, from: Address, part: Part) -> Result<(), IcedError> {
        let from = ymmword_ptr(from.base + from.bytes);
        match part {
            Part::Full => self.asm.vmovups(YMM[to], from),
            Part::Tail => self.asm.vmaskmovps(YMM[to], YMM[TAIL], from),
        }
    }

    fn store(&mut self, to: Address, from: usize, part: Part) -> Result<(), IcedError> {
        let to = ymmword_ptr(to.base + to.bytes);
        match part {
            Part::Full => self.asm.vmovups(to, YMM[from]),
            Part::Tail => self.asm.vmaskmovps(to, YMM[TAIL], YMM[from]),
        }
    }

    fn load_bytes(&mut self, to: usize, from: Address, part: Part) -> Result<(), IcedError> {
        debug_assert_eq!(part, Part::Full, "there are no masks for bytes");
        self.asm.vpmovzxbd(YMM[to], qword_ptr(from.base + from.bytes))?;
        self.asm.vcvtdq2ps(YMM[to], YMM[to])
    }

    fn spread(&mut self, to: usize, from: Address) -> Result<(), IcedError> {
        self.asm.vbroadcastss(YMM[to], dword_ptr(from.base + from.bytes))
    }

    fn zero(&mut self, to: usize) -> Result<(), IcedError> {
        self.asm.vxorps(YMM[to], YMM[to], YMM[to])
    }

    fn copy(&mut self, to: usize, from: usize) -> Result<(), IcedError> {
        self.asm.vmovaps(YMM[to], YMM[from])
    }

    fn multiply_add(&mut self, sum: usize, x: usize, y: usize) -> Result<(), IcedError> {
        self.asm.vfmadd231ps(YMM[sum], YMM[x], YMM[y])
    }

    fn multiply_subtract(&mut self, sum: usize, x: usize, y: usize) -> Result<(), IcedError> {
        self.asm.vfnmadd231ps(YMM[sum], YMM[x], YMM[y])
    }

    fn multiply_into(&mut self, negative: bool, x: usize, y: usize, z: usize) -> Result<(), IcedError> {
        if negative {
            self.asm.vfnmadd213ps(YMM[x], YMM[y], YMM[z])
        } else {
            self.asm.vfmadd213ps(YMM[x], YMM[y], YMM[z])
        }
    }

    fn binary(&mut self, op: Binary, to: usize, x: usize, y: usize) -> Result<(), IcedError> {
        let (to, x, y) = (YMM[to], YMM[x], YMM[y]);
        match op {
            Binary::Add => self.asm.vaddps(to, x, y),
            Binary::Sub => self.asm.vsubps(to, x, y),
            Binary::Mul => self.asm.vmulps(to, x, y),
            Binary::Div => self.asm.vdivps(to, x, y),
            Binary::Max => self.asm.vmaxps(to, x, y),
            Binary::Min => self.asm.vminps(to, x, y),
            Binary::Integer(IntegerOp::Add) => self.asm.vpaddd(to, x, y),
            Binary::Integer(IntegerOp::Sub) => self.asm.vpsubd(to, x, y),
            Binary::Integer(IntegerOp::Mul) => self.asm.vpmulld(to, x, y),
            Binary::Integer(IntegerOp::And) => self.asm.vandps(to, x, y),
            Binary::Integer(IntegerOp::Or) => self.asm.vorps(to, x, y),
            Binary::Integer(IntegerOp::Xor) => self.asm.vxorps(to, x, y),
            Binary::Mix(Mix::LowWords) => self.asm.vunpcklps(to, x, y),
            Binary::Mix(Mix::HighWords) => self.asm.vunpckhps(to, x, y),
            Binary::Mix(Mix::LowPairs) => self.asm.vunpcklpd(to, x, y),
            Binary::Mix(Mix::HighPairs) => self.asm.vunpckhpd(to, x, y),
            Binary::Mix(Mix::EvenQuarters) => self.asm.vperm2f128(to, x, y, 0x20u32),
            Binary::Mix(Mix::OddQuarters) => self.asm.vperm2f128(to, x, y, 0x31u32),
        }
    }

    fn unary(&mut self, op: UnaryOp, to: usize, x: usize) -> Result<(), IcedError> {
        let (to, x) = (YMM[to], YMM[x]);
        match op {
            UnaryOp::Sqrt => self.asm.vsqrtps(to, x),
            UnaryOp::Floor => self.asm.vroundps(to, x, FLOOR),
            UnaryOp::FromInteger => self.asm.vcvtdq2ps(to, x),
            UnaryOp::ShiftLeft(by) => self.asm.vpslld(to, x, u32::from(by)),
            UnaryOp::ShiftRight(by) => self.asm.vpsrld(to, x, u32::from(by)),
            UnaryOp::ShiftRightSigned(by) => self.asm.vpsrad(to, x, u32::from(by)),
        }
    }

    fn select(&mut self, compare: Compare, to: usize, operands: [usize; 4]) -> Result<(), IcedError> {
        let [x, y, then, otherwise] = operands.map(|operand| YMM[operand]);
        self.asm.vcmpps(YMM[to], x, y, predicate(compare))?;
        self.asm.vblendvps(YMM[to], otherwise, then, YMM[to])
    }

    fn multiply_add_spread(&mut self, _: usize, _: usize, _: Address) -> Result<(), IcedError> {
        unreachable!("this unit has no spread memory operands")
    }

    fn pool(&mut self, points: [usize; 4]) -> Result<(), IcedError> {
        let [best, candidates @ ..] = points;
        for candidate in candidates {
            self.asm.vmaxps(YMM[best], YMM[candidate], YMM[best])?;
        }
        Ok(())
    }

    fn prepare_winners(&mut self, _: [usize; 3]) -> Result<(), IcedError> {
        Ok(())
    }

    /// With masks `w1..w3` "candidate 1..3 was larger than the best before it", the index of the last that
    /// was has bits `w3 | w2` and `w3 | (w1 & !w2)`.
    fn pool_with_winners(
        &mut self,
        points: [usize; 4],
        [temporary, ..]: [usize; 3],
        to: Address,
        part: Part,
    ) -> Result<(), IcedError> {
        let [best, candidates @ ..] = points;
        // A candidate's register is free after its turn, and takes the mask of the next.
        let masks = [temporary, candidates[0], candidates[1]];
        let asm = &mut self.asm;
        for (candidate, mask) in candidates.into_iter().zip(masks) {
            asm.vcmpps(YMM[mask], YMM[candidate], YMM[best], GREATER)?;
            asm.vmaxps(YMM[best], YMM[candidate], YMM[best])?;
        }
        let [low, high, third] = masks.map(|mask| YMM[mask]);
        asm.vandnps(low, high, low)?;
        asm.vorps(low, low, third)?;
        asm.vorps(high, high, third)?;
        // −1 where a bit is set: |low + 2 · high| is the index.
        asm.vpaddd(high, high, high)?;
        asm.vpaddd(low, low, high)?;
        asm.vpabsd(low, low)?;
        let [low, upper] = [masks[0], masks[1]].map(|mask| XMM[mask]);
        asm.vextracti128(upper, YMM[masks[0]], 1)?;
        asm.vpackssdw(low, low, upper)?;
        asm.vpacksswb(low, low, low)?;
        match (part, self.tail) {
            (Part::Tail, Some(Tail::Known(lanes, _))) => {
                for lane in 0..lanes {
                    let bytes = to.bytes + i32::try_from(lane).expect("a vector has few lanes");
                    asm.vpextrb(byte_ptr(to.base + bytes), low, lane as u32)?;
                }
                Ok(())
            }
            (Part::Full, _) | (Part::Tail, None | Some(Tail::Argument(_))) => {
                asm.vmovq(qword_ptr(to.base + to.bytes), low)
            }
        }
    }

    fn relu(&mut self, x: usize, zero: usize) -> Result<(), IcedError> {
        self.asm.vmaxps(YMM[x], YMM[zero], YMM[x])
    }

    fn constant(&mut self, to: usize, bits: u32) -> Result<(), IcedError> {
        self.asm.mov(eax, bits)?;
        self.asm.vmovd(XMM[to], eax)?;
        self.asm.vbroadcastss(YMM[to], XMM[to])
    }

    /// The blend asks only for the sign bit: −0 becomes `slope · −0`, an equal number, and NaN stays NaN.
    fn leaky_relu(&mut self, x: usize, slope: usize, temporary: usize) -> Result<(), IcedError> {
        self.asm.vmulps(YMM[temporary], YMM[x], YMM[slope])?;
        self.asm.vblendvps(YMM[x], YMM[x], YMM[temporary], YMM[x])
    }
}
