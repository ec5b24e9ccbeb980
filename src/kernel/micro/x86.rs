//! What the two x86-64 emitters share: the order of a tile's instructions. How each is encoded is a
//! [`VectorUnit`]'s.

use iced_x86::IcedError;
use iced_x86::code_asm::{
    AsmRegister32, AsmRegister64, CodeAssembler, CodeLabel, byte_ptr, r8, r9, r10d, r11d, rcx, rdi, rdx, rsi,
};

use super::strip::{Binary, UnaryOp};
use super::tile::{InnerLoop, ReductionLoop, TileDesc, TileInit, TileStep, Trips, Unrolled, offset};
use crate::desc::{Compare, TileActivation};

/// Bytes of one element.
const ELEMENT: isize = 4;

/// Steps that are written out one by one at most. Beyond, the innermost loop is a loop.
const UNROLL_LIMIT: usize = 30;

/// Steps of one iteration of the innermost loop: 8 were slower than 4 (124 against 133 GFLOP/s, 32x32x3 →
/// 32).
const UNROLL: usize = 4;

/// `a`, `b`, `c`, `bias`, `winners` or `residual`, `trips` or `ahead`: the System V argument registers in
/// order.
const A: AsmRegister64 = rdi;
const B: AsmRegister64 = rsi;
const C: AsmRegister64 = rdx;
const BIAS: AsmRegister64 = rcx;
const WINNERS: AsmRegister64 = r8;
const RESIDUAL: AsmRegister64 = r8;
const TRIPS: AsmRegister64 = r9;
const AHEAD: AsmRegister64 = r9;

/// Counters of the constant loops, inner to outer; all free for a callee to use.
const COUNTERS: [AsmRegister32; 3] = [iced_x86::code_asm::eax, r10d, r11d];

/// A place in memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Address {
    pub(super) base: AsmRegister64,
    pub(super) bytes: i32,
}

impl Address {
    /// `elements` after `base`.
    fn element(base: AsmRegister64, elements: isize) -> Self {
        Self { base, bytes: displacement(elements * ELEMENT) }
    }
}

/// How much of a vector is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All lanes.
    Full,
    /// The tile's tail.
    Tail,
}

/// One width of vectors. Registers are numbered from 0; `registers` of them are free for the tile's use.
pub(super) trait VectorUnit {
    /// Number of lanes.
    const LANES: usize;
    /// Whether a product can take a spread memory operand, which saves a register and an instruction.
    const SPREADS_OPERANDS: bool;

    /// The assembler.
    fn asm(&mut self) -> &mut CodeAssembler;
    /// Registers that the tile may use.
    fn registers(&self) -> usize;
    /// Sets up the mask of the tail.
    fn set_tail(&mut self, lanes: usize) -> Result<(), IcedError>;
    /// The same for a number of lanes that is known when the code runs: [`Self::set_tail_of`] comes before
    /// the tail is used.
    fn reserve_tail(&mut self);
    /// Sets up the mask of a tail that was reserved, for as many lanes (fewer than all) as a register says,
    /// which is lost.
    fn set_tail_of(&mut self, lanes: AsmRegister64) -> Result<(), IcedError>;
    /// Returns, with the state of the vector unit as the caller expects it.
    fn end(&mut self) -> Result<(), IcedError>;
    /// Loads a vector; lanes outside the part become 0 and are not read.
    fn load(&mut self, to: usize, from: Address, part: Part) -> Result<(), IcedError>;
    /// Stores the lanes of the part.
    fn store(&mut self, to: Address, from: usize, part: Part) -> Result<(), IcedError>;
    /// Loads bytes as f32, the same.
    fn load_bytes(&mut self, to: usize, from: Address, part: Part) -> Result<(), IcedError>;
    /// One number in all lanes.
    fn spread(&mut self, to: usize, from: Address) -> Result<(), IcedError>;
    /// All lanes 0.
    fn zero(&mut self, to: usize) -> Result<(), IcedError>;
    /// Copies a register.
    fn copy(&mut self, to: usize, from: usize) -> Result<(), IcedError>;
    /// `sum += x · y`
    fn multiply_add(&mut self, sum: usize, x: usize, y: usize) -> Result<(), IcedError>;
    /// `sum −= x · y`
    fn multiply_subtract(&mut self, sum: usize, x: usize, y: usize) -> Result<(), IcedError>;
    /// `x = z + x · y`, or `z − x · y` where negative.
    fn multiply_into(&mut self, negative: bool, x: usize, y: usize, z: usize) -> Result<(), IcedError>;
    /// `to = x op y`
    fn binary(&mut self, op: Binary, to: usize, x: usize, y: usize) -> Result<(), IcedError>;
    /// `to = op x`
    fn unary(&mut self, op: UnaryOp, to: usize, x: usize) -> Result<(), IcedError>;
    /// `to = compare(x, y) ? then : otherwise`, of `[x, y, then, otherwise]`; `to` is neither of the last
    /// two.
    fn select(&mut self, compare: Compare, to: usize, operands: [usize; 4]) -> Result<(), IcedError>;
    /// `sum += x · spread(y)`, where [`Self::SPREADS_OPERANDS`].
    fn multiply_add_spread(&mut self, sum: usize, x: usize, y: Address) -> Result<(), IcedError>;
    /// The largest of four registers goes into the first; changes the other three.
    fn pool(&mut self, points: [usize; 4]) -> Result<(), IcedError>;
    /// Fills three registers with what [`Self::pool_with_winners`] wants to find there.
    fn prepare_winners(&mut self, constants: [usize; 3]) -> Result<(), IcedError>;
    /// The same as [`Self::pool`], and stores one byte per lane of the part: the index of the first largest.
    fn pool_with_winners(
        &mut self,
        points: [usize; 4],
        constants: [usize; 3],
        to: Address,
        part: Part,
    ) -> Result<(), IcedError>;
    /// `x > 0 ? x : 0`
    fn relu(&mut self, x: usize, zero: usize) -> Result<(), IcedError>;
    /// Puts a constant in all lanes.
    fn constant(&mut self, to: usize, bits: u32) -> Result<(), IcedError>;
    /// `x < 0 ? slope · x : x`
    fn leaky_relu(&mut self, x: usize, slope: usize, temporary: usize) -> Result<(), IcedError>;
}

/// Where a tile keeps what.
struct Registers {
    /// First of the registers for vectors of `b`, behind the accumulators.
    b: usize,
    /// Registers that the numbers of `a` take turns in.
    spread: std::ops::Range<usize>,
    next: usize,
}

impl Registers {
    fn next_spread(&mut self) -> usize {
        let register = self.spread.start + self.next % self.spread.len();
        self.next += 1;
        register
    }
}

/// Emits the whole function.
pub(super) fn emit<U: VectorUnit>(unit: &mut U, tile: &TileDesc) -> Result<(), IcedError> {
    if tile.tail < U::LANES {
        unit.set_tail(tile.tail)?;
    }
    let b = tile.accumulators();
    let start = b + tile.vectors;
    let mut registers = Registers { b, spread: start..unit.registers().min(start + 4), next: 0 };
    start_accumulators(unit, tile)?;
    fetch_residual(unit, tile)?;
    let unrolled = tile.unrolled(UNROLL_LIMIT, UNROLL);
    emit_nest(unit, tile, &unrolled, &mut registers)?;
    finish(unit, tile, &registers)?;
    unit.end()
}

/// Which lanes vector `v` has.
fn part<U: VectorUnit>(tile: &TileDesc, v: usize) -> Part {
    if v + 1 == tile.vectors && tile.tail < U::LANES { Part::Tail } else { Part::Full }
}

fn start_accumulators<U: VectorUnit>(unit: &mut U, tile: &TileDesc) -> Result<(), IcedError> {
    for point in 0..tile.points() {
        for v in 0..tile.vectors {
            let to = tile.accumulator(point, v);
            let lane = (v * U::LANES) as isize;
            match tile.init {
                TileInit::Zero => unit.zero(to)?,
                TileInit::Bias if point == 0 => {
                    unit.load(to, Address::element(BIAS, lane), part::<U>(tile, v))?
                }
                TileInit::Bias => unit.copy(to, tile.accumulator(0, v))?,
                TileInit::Output => {
                    let at = tile.c_offset(point / tile.columns, point % tile.columns) + lane;
                    unit.load(to, Address::element(C, at), part::<U>(tile, v))?;
                }
            }
        }
    }
    Ok(())
}

/// Asks for what will be added: it is read once, and from afar, while the sums are made.
fn fetch_residual<U: VectorUnit>(unit: &mut U, tile: &TileDesc) -> Result<(), IcedError> {
    let Some(pitch) = tile.epilogue.residual else { return Ok(()) };
    for point in 0..tile.points() {
        for v in 0..tile.vectors {
            let lane = (v * U::LANES) as isize;
            let at =
                Address::element(RESIDUAL, offset(pitch, point / tile.columns, point % tile.columns) + lane);
            unit.asm().prefetcht0(byte_ptr(at.base + at.bytes))?;
        }
    }
    Ok(())
}

/// The loops around the written-out steps, outermost first; each moves the pointers by its own step when it
/// turns.
fn emit_nest<U: VectorUnit>(
    unit: &mut U,
    tile: &TileDesc,
    nest: &Unrolled<'_>,
    registers: &mut Registers,
) -> Result<(), IcedError> {
    if nest.outer.iter().any(|lp| lp.trips == Trips::Const(0)) {
        return Ok(());
    }
    let mut open: Vec<(CodeLabel, ReductionLoop, usize)> = Vec::new();
    let mut done = unit.asm().create_label();
    for (level, lp) in nest.outer.iter().enumerate().rev() {
        let counter = COUNTERS.get(level + usize::from(nest.inner.is_some())).copied();
        let asm = unit.asm();
        match lp.trips {
            Trips::Const(trips) => asm.mov(counter.expect("a nest has few loops"), count(trips))?,
            Trips::Argument => {
                debug_assert_eq!(
                    level + 1,
                    nest.outer.len(),
                    "only the outermost loop has a variable length"
                );
                asm.test(TRIPS, TRIPS)?;
                asm.je(done)?;
            }
        }
        let mut top = asm.create_label();
        asm.set_label(&mut top)?;
        open.push((top, *lp, level));
    }
    emit_steps(unit, tile, &nest.steps, registers)?;
    let mut moved = TileStep { a: 0, b: 0 };
    if let Some(inner) = &nest.inner {
        emit_inner_loop(unit, tile, inner, registers)?;
        let trips = inner.trips as isize;
        moved = TileStep { a: trips * inner.stride.a, b: trips * inner.stride.b };
    }
    let asm = unit.asm();
    while let Some((top, lp, level)) = open.pop() {
        advance(asm, tile, TileStep { a: lp.a_step - moved.a, b: lp.b_step - moved.b })?;
        match lp.trips {
            Trips::Const(trips) => {
                asm.dec(COUNTERS[level + usize::from(nest.inner.is_some())])?;
                moved = TileStep { a: trips as isize * lp.a_step, b: trips as isize * lp.b_step };
            }
            Trips::Argument => asm.dec(TRIPS)?,
        }
        asm.jne(top)?;
    }
    if nest.outer.iter().any(|lp| lp.trips == Trips::Argument) {
        asm.set_label(&mut done)?;
    }
    Ok(())
}

fn emit_inner_loop<U: VectorUnit>(
    unit: &mut U,
    tile: &TileDesc,
    inner: &InnerLoop,
    registers: &mut Registers,
) -> Result<(), IcedError> {
    let counter = COUNTERS[0];
    let asm = unit.asm();
    asm.mov(counter, count(inner.trips))?;
    let mut top = asm.create_label();
    asm.set_label(&mut top)?;
    emit_steps(unit, tile, &inner.steps, registers)?;
    let asm = unit.asm();
    advance(asm, tile, inner.stride)?;
    asm.dec(counter)?;
    asm.jne(top)?;
    emit_steps(unit, tile, &inner.rest, registers)
}

/// Written-out steps: the vectors of `b`, then for each point its number of `a` times each of them.
fn emit_steps<U: VectorUnit>(
    unit: &mut U,
    tile: &TileDesc,
    steps: &[TileStep],
    registers: &mut Registers,
) -> Result<(), IcedError> {
    for step in steps {
        for v in 0..tile.vectors {
            let at = step.b + (v * U::LANES) as isize;
            unit.load(registers.b + v, Address::element(B, at), part::<U>(tile, v))?;
        }
        if tile.ahead > 0 {
            let at = Address::element(AHEAD, step.b);
            unit.asm().prefetcht1(byte_ptr(at.base + at.bytes))?;
        }
        for point in 0..tile.points() {
            let from = Address::element(A, step.a + tile.a_offset(point));
            if U::SPREADS_OPERANDS && tile.vectors == 1 {
                unit.multiply_add_spread(tile.accumulator(point, 0), registers.b, from)?;
                continue;
            }
            let spread = registers.next_spread();
            unit.spread(spread, from)?;
            for v in 0..tile.vectors {
                unit.multiply_add(tile.accumulator(point, v), registers.b + v, spread)?;
            }
        }
    }
    Ok(())
}

/// Pool, residual, activation, store.
fn finish<U: VectorUnit>(unit: &mut U, tile: &TileDesc, registers: &Registers) -> Result<(), IcedError> {
    // The vectors of `b` and the spread numbers are no longer needed: at least two registers.
    let (constant, temporary) = (registers.b, registers.b + 1);
    let for_winners = [1, 2, 3].map(|next| registers.b + next);
    if tile.epilogue.pool.is_some_and(|pool| pool.winners.is_some()) {
        unit.prepare_winners(for_winners)?;
    }
    match tile.epilogue.activation {
        None => {}
        Some(TileActivation::Relu) => unit.zero(constant)?,
        Some(TileActivation::LeakyRelu(number) | TileActivation::ClippedRelu(number)) => {
            unit.constant(constant, number)?;
        }
    }
    let [rows, columns] = tile.stored();
    for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
        for v in 0..tile.vectors {
            let lane = v * U::LANES;
            let part = part::<U>(tile, v);
            let (x, temporary) = match tile.epilogue.pool {
                None => (tile.accumulator(row * tile.columns + column, v), temporary),
                Some(pool) => {
                    let points = tile.pooled(row, column, v);
                    match pool.winners {
                        None => unit.pool(points)?,
                        Some([row_pitch, column_pitch]) => {
                            let bytes = row * row_pitch + column * column_pitch + lane;
                            let to = Address { base: WINNERS, bytes: displacement(bytes as isize) };
                            unit.pool_with_winners(points, for_winners, to, part)?;
                        }
                    }
                    (points[0], points[1])
                }
            };
            if let Some(pitch) = tile.epilogue.residual {
                let from = Address::element(RESIDUAL, offset(pitch, row, column) + lane as isize);
                unit.load(temporary, from, part)?;
                unit.binary(Binary::Add, x, x, temporary)?;
            }
            match tile.epilogue.activation {
                None => {}
                Some(TileActivation::Relu) => unit.relu(x, constant)?,
                Some(TileActivation::LeakyRelu(_)) => unit.leaky_relu(x, constant, temporary)?,
                Some(TileActivation::ClippedRelu(_)) => {
                    unit.zero(temporary)?;
                    unit.relu(x, temporary)?;
                    unit.binary(Binary::Min, x, constant, x)?;
                }
            }
            unit.store(Address::element(C, tile.c_offset(row, column) + lane as isize), x, part)?;
        }
    }
    Ok(())
}

/// Moves `a` and `b` by elements, and what is prefetched with `b`.
fn advance(asm: &mut CodeAssembler, tile: &TileDesc, by: TileStep) -> Result<(), IcedError> {
    let ahead = if tile.ahead > 0 { by.b } else { 0 };
    for (pointer, elements) in [(A, by.a), (B, by.b), (AHEAD, ahead)] {
        if elements != 0 {
            asm.add(pointer, displacement(elements * ELEMENT))?;
        }
    }
    Ok(())
}

/// Predicate of a comparison: false for NaN, without an exception (`_CMP_LT_OQ`, `_CMP_LE_OQ`, `_CMP_EQ_OQ`).
pub(super) fn predicate(compare: Compare) -> u32 {
    match compare {
        Compare::Less => 0x11,
        Compare::LessEqual => 0x12,
        Compare::Equal => 0x00,
    }
}

/// Rounding down, without an exception.
pub(super) const FLOOR: u32 = 0x09;

pub(super) fn displacement(bytes: isize) -> i32 {
    i32::try_from(bytes).expect("a tile reaches less than 2 GiB")
}

fn count(trips: usize) -> u32 {
    u32::try_from(trips).expect("a loop runs less than 2³² times")
}
