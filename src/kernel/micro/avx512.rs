//! 512-bit vectors: 32 registers, tails by mask registers, spread memory operands.

use iced_x86::IcedError;
use iced_x86::code_asm::*;

use super::strip::{self, Binary, IntegerOp, Mix, StripDesc, UnaryOp};
use super::tile::TileDesc;
use super::x86::{self, Address, FLOOR, Part, VectorUnit, predicate};
use crate::desc::Compare;

/// Registers of the unit.
pub(super) const REGISTERS: usize = 32;

const ZMM: [AsmRegisterZmm; REGISTERS] = [
    zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15,
    zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30,
    zmm31,
];
const XMM: [AsmRegisterXmm; 32] = [
    xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15,
    xmm16, xmm17, xmm18, xmm19, xmm20, xmm21, xmm22, xmm23, xmm24, xmm25, xmm26, xmm27, xmm28, xmm29, xmm30,
    xmm31,
];

/// `a > b`, false for NaN, without an exception (`_CMP_GT_OQ`).
const GREATER: u32 = 0x1E;
/// `a < b`, the same (`_CMP_LT_OQ`).
const LESS: u32 = 0x11;

/// Room for the vectors of `b` and two registers for numbers of `a`, which need none where there is only one
/// vector; the epilogue wants two registers besides the accumulators, and four with winners (a pool's points
/// come in fours: never more than 28).
pub(super) fn max_accumulators(vectors: usize) -> usize {
    if vectors == 1 { 30 } else { 30 - vectors }
}

pub(super) fn emit(tile: &TileDesc) -> Vec<u8> {
    let mut unit = Avx512::new();
    x86::emit(&mut unit, tile).expect("every instruction has an encoding");
    unit.asm.assemble(0).expect("all labels are set and near")
}

pub(super) fn emit_strip(strip: &StripDesc) -> Vec<u8> {
    let mut unit = Avx512::new();
    strip::emit_x86(&mut unit, strip).expect("every instruction has an encoding");
    unit.asm.assemble(0).expect("all labels are set and near")
}

/// The tail's mask is `k1`.
struct Avx512 {
    asm: CodeAssembler,
}

impl Avx512 {
    fn new() -> Self {
        let mut asm = CodeAssembler::new(64).expect("64 is a valid width");
        // The older encoding of the byte instructions does not reach registers 16 to 31.
        asm.set_prefer_vex(false);
        Self { asm }
    }
}

impl VectorUnit for Avx512 {
    const LANES: usize = 16;
    const SPREADS_OPERANDS: bool = true;

    fn asm(&mut self) -> &mut CodeAssembler {
        &mut self.asm
    }

    fn registers(&self) -> usize {
        ZMM.len()
    }

    fn set_tail(&mut self, lanes: usize) -> Result<(), IcedError> {
        self.asm.mov(eax, (1u32 << lanes) - 1)?;
        self.asm.kmovw(k1, eax)
    }

    fn reserve_tail(&mut self) {}

    fn set_tail_of(&mut self, lanes: AsmRegister64) -> Result<(), IcedError> {
        self.asm.mov(eax, -1)?;
        self.asm.bzhi(rax, rax, lanes)?;
        self.asm.kmovw(k1, eax)
    }

    fn end(&mut self) -> Result<(), IcedError> {
        self.asm.vzeroupper()?;
        self.asm.ret()
    }

    fn load(&mut self, to: usize, from: Address, part: Part) -> Result<(), IcedError> {
        let to = ZMM[to];
        let from = zmmword_ptr(from.base + from.bytes);
        match part {
            Part::Full => self.asm.vmovups(to, from),
            Part::Tail => self.asm.vmovups(to.k1().z(), from),
        }
    }

    fn store(&mut self, to: Address, from: usize, part: Part) -> Result<(), IcedError> {
        let to = zmmword_ptr(to.base + to.bytes);
        match part {
            Part::Full => self.asm.vmovups(to, ZMM[from]),
            Part::Tail => self.asm.vmovups(to.k1(), ZMM[from]),
        }
    }

    fn load_bytes(&mut self, to: usize, from: Address, part: Part) -> Result<(), IcedError> {
        let from = xmmword_ptr(from.base + from.bytes);
        match part {
            Part::Full => self.asm.vpmovzxbd(ZMM[to], from)?,
            Part::Tail => self.asm.vpmovzxbd(ZMM[to].k1().z(), from)?,
        }
        self.asm.vcvtdq2ps(ZMM[to], ZMM[to])
    }

    fn spread(&mut self, to: usize, from: Address) -> Result<(), IcedError> {
        self.asm.vbroadcastss(ZMM[to], dword_ptr(from.base + from.bytes))
    }

    fn zero(&mut self, to: usize) -> Result<(), IcedError> {
        self.asm.vpxord(ZMM[to], ZMM[to], ZMM[to])
    }

    fn copy(&mut self, to: usize, from: usize) -> Result<(), IcedError> {
        self.asm.vmovaps(ZMM[to], ZMM[from])
    }

    fn multiply_add(&mut self, sum: usize, x: usize, y: usize) -> Result<(), IcedError> {
        self.asm.vfmadd231ps(ZMM[sum], ZMM[x], ZMM[y])
    }

    fn multiply_subtract(&mut self, sum: usize, x: usize, y: usize) -> Result<(), IcedError> {
        self.asm.vfnmadd231ps(ZMM[sum], ZMM[x], ZMM[y])
    }

    fn multiply_into(&mut self, negative: bool, x: usize, y: usize, z: usize) -> Result<(), IcedError> {
        if negative {
            self.asm.vfnmadd213ps(ZMM[x], ZMM[y], ZMM[z])
        } else {
            self.asm.vfmadd213ps(ZMM[x], ZMM[y], ZMM[z])
        }
    }

    fn binary(&mut self, op: Binary, to: usize, x: usize, y: usize) -> Result<(), IcedError> {
        let (to, x, y) = (ZMM[to], ZMM[x], ZMM[y]);
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
            Binary::Integer(IntegerOp::And) => self.asm.vpandd(to, x, y),
            Binary::Integer(IntegerOp::Or) => self.asm.vpord(to, x, y),
            Binary::Integer(IntegerOp::Xor) => self.asm.vpxord(to, x, y),
            Binary::Mix(Mix::LowWords) => self.asm.vunpcklps(to, x, y),
            Binary::Mix(Mix::HighWords) => self.asm.vunpckhps(to, x, y),
            Binary::Mix(Mix::LowPairs) => self.asm.vunpcklpd(to, x, y),
            Binary::Mix(Mix::HighPairs) => self.asm.vunpckhpd(to, x, y),
            Binary::Mix(Mix::EvenQuarters) => self.asm.vshuff32x4(to, x, y, 0b10_00_10_00u32),
            Binary::Mix(Mix::OddQuarters) => self.asm.vshuff32x4(to, x, y, 0b11_01_11_01u32),
        }
    }

    fn unary(&mut self, op: UnaryOp, to: usize, x: usize) -> Result<(), IcedError> {
        let (to, x) = (ZMM[to], ZMM[x]);
        match op {
            UnaryOp::Sqrt => self.asm.vsqrtps(to, x),
            UnaryOp::Floor => self.asm.vrndscaleps(to, x, FLOOR),
            UnaryOp::FromInteger => self.asm.vcvtdq2ps(to, x),
            UnaryOp::ShiftLeft(by) => self.asm.vpslld(to, x, u32::from(by)),
            UnaryOp::ShiftRight(by) => self.asm.vpsrld(to, x, u32::from(by)),
            UnaryOp::ShiftRightSigned(by) => self.asm.vpsrad(to, x, u32::from(by)),
        }
    }

    fn select(&mut self, compare: Compare, to: usize, operands: [usize; 4]) -> Result<(), IcedError> {
        let [x, y, then, otherwise] = operands.map(|operand| ZMM[operand]);
        self.asm.vcmpps(k2, x, y, predicate(compare))?;
        self.asm.vblendmps(ZMM[to].k2(), otherwise, then)
    }

    fn multiply_add_spread(&mut self, sum: usize, x: usize, y: Address) -> Result<(), IcedError> {
        self.asm.vfmadd231ps(ZMM[sum], ZMM[x], dword_bcst(y.base + y.bytes))
    }

    fn pool(&mut self, points: [usize; 4]) -> Result<(), IcedError> {
        let [best, candidates @ ..] = points;
        for candidate in candidates {
            self.asm.vmaxps(ZMM[best], ZMM[candidate], ZMM[best])?;
        }
        Ok(())
    }

    /// Bytes of 1, 2 and 3.
    fn prepare_winners(&mut self, constants: [usize; 3]) -> Result<(), IcedError> {
        for (to, number) in constants.into_iter().zip(1..) {
            self.asm.mov(eax, 0x0101_0101 * number)?;
            self.asm.vpbroadcastd(XMM[to], eax)?;
        }
        Ok(())
    }

    /// Each candidate that is larger than the best before it puts its number over the byte.
    fn pool_with_winners(
        &mut self,
        points: [usize; 4],
        constants: [usize; 3],
        to: Address,
        part: Part,
    ) -> Result<(), IcedError> {
        let [best, candidates @ ..] = points;
        let winner = XMM[candidates[0]];
        let asm = &mut self.asm;
        for (candidate, larger) in candidates.into_iter().zip([k2, k3, k4]) {
            asm.vcmpps(larger, ZMM[candidate], ZMM[best], GREATER)?;
            asm.vmaxps(ZMM[best], ZMM[candidate], ZMM[best])?;
        }
        let [one, two, three] = constants.map(|constant| XMM[constant]);
        asm.vmovdqu8(winner.k2().z(), one)?;
        asm.vmovdqu8(winner.k3(), two)?;
        asm.vmovdqu8(winner.k4(), three)?;
        let to = xmmword_ptr(to.base + to.bytes);
        match part {
            Part::Full => asm.vmovdqu8(to, winner),
            Part::Tail => asm.vmovdqu8(to.k1(), winner),
        }
    }

    fn relu(&mut self, x: usize, zero: usize) -> Result<(), IcedError> {
        self.asm.vmaxps(ZMM[x], ZMM[zero], ZMM[x])
    }

    fn constant(&mut self, to: usize, bits: u32) -> Result<(), IcedError> {
        self.asm.mov(eax, bits)?;
        self.asm.vpbroadcastd(ZMM[to], eax)
    }

    fn leaky_relu(&mut self, x: usize, slope: usize, temporary: usize) -> Result<(), IcedError> {
        let (x, temporary) = (ZMM[x], ZMM[temporary]);
        self.asm.vpxord(temporary, temporary, temporary)?;
        self.asm.vcmpps(k2, x, temporary, LESS)?;
        self.asm.vmulps(x.k2(), x, ZMM[slope])
    }
}
