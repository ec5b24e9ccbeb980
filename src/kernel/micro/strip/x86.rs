//! Strips on x86-64: the loop along the run, and the steps as instructions of a [`VectorUnit`].

use iced_x86::IcedError;
use iced_x86::code_asm::{
    AsmRegister32, AsmRegister64, CodeAssembler, eax, qword_ptr, r8, r9, r10, r10d, r11, r12, r13, r14, r15,
    rbp, rbx, rcx, rdi, rdx, rsi, rsp,
};

use super::registers::{Allocation, Home, Instruction, allocate};
use super::{MemoryOperand, StripDesc, StripRun};
use crate::kernel::micro::x86::{Address, Part, VectorUnit, displacement};

/// Where the pointers are: first the System V argument registers in order, then registers that belong to the
/// caller.
const POINTERS: [AsmRegister64; super::MAX_POINTERS] =
    [rdi, rsi, rdx, rcx, r8, r9, rbx, rbp, r12, r13, r14, r15];

/// How many arguments come in registers; the others lie on the stack.
const IN_REGISTERS: usize = 6;

/// What is left of the run.
const LEFT: AsmRegister64 = r10;
/// Its lower half; writing it clears the upper.
const LEFT_32: AsmRegister32 = r10d;

/// The stack pointer, where there are slots.
const OLD_STACK: AsmRegister64 = r11;

/// Registers that a pool with winners wants for itself.
const FOR_WINNERS: usize = 3;

/// Emits the whole function.
pub(in crate::kernel::micro) fn emit<U: VectorUnit>(
    unit: &mut U,
    strip: &StripDesc,
) -> Result<(), IcedError> {
    take_arguments(unit.asm(), strip)?;
    match strip.run {
        StripRun::Elements(elements) if !elements.is_multiple_of(U::LANES) => {
            unit.set_tail(elements % U::LANES)?
        }
        StripRun::Turns { lanes, .. } if lanes < U::LANES => unit.set_tail(lanes)?,
        StripRun::Argument => unit.reserve_tail(),
        StripRun::Elements(_) | StripRun::Turns { .. } => {}
    }
    let free = unit.registers() - if strip.has_winners() { FOR_WINNERS } else { 0 };
    let allocation = allocate(&strip.ops, free, strip.carried.len());
    let code = Code { strip, allocation: &allocation, for_winners: [free, free + 1, free + 2] };
    let vector_bytes = U::LANES * 4;
    if allocation.slots > 0 {
        let asm = unit.asm();
        asm.mov(OLD_STACK, rsp)?;
        asm.sub(rsp, displacement((allocation.slots * vector_bytes) as isize))?;
        asm.and(rsp, -displacement(vector_bytes as isize))?;
    }
    if strip.has_winners() {
        unit.prepare_winners(code.for_winners)?;
    }
    code.settle_constants(unit)?;
    let of_carried = match strip.run {
        StripRun::Turns { lanes, .. } if lanes < U::LANES => Part::Tail,
        StripRun::Turns { .. } | StripRun::Elements(_) | StripRun::Argument => Part::Full,
    };
    for (&register, &place) in allocation.carried.iter().zip(&strip.carried) {
        unit.load(register, code.address(place), of_carried)?;
    }
    match strip.run {
        StripRun::Elements(elements) => code.constant_run(unit, elements)?,
        StripRun::Argument => code.run_of_argument(unit)?,
        StripRun::Turns { ref moves, .. } => code.turns(unit, moves, of_carried)?,
    }
    for (&register, &place) in allocation.carried.iter().zip(&strip.carried) {
        unit.store(code.address(place), register, of_carried)?;
    }
    let asm = unit.asm();
    if allocation.slots > 0 {
        asm.mov(rsp, OLD_STACK)?;
    }
    for &register in callers(strip).iter().rev() {
        asm.pop(register)?;
    }
    unit.end()
}

/// The caller's registers that are used.
fn callers(strip: &StripDesc) -> &'static [AsmRegister64] {
    &POINTERS[IN_REGISTERS..strip.element_bytes.len().max(IN_REGISTERS)]
}

/// Saves the caller's registers and reads what comes on the stack.
fn take_arguments(asm: &mut CodeAssembler, strip: &StripDesc) -> Result<(), IcedError> {
    let saved = callers(strip);
    for &register in saved {
        asm.push(register)?;
    }
    // above the saved registers is the return address, above that the arguments
    let on_stack = |argument: usize| qword_ptr(rsp + 8 * (saved.len() + 1 + argument - IN_REGISTERS));
    for (argument, &register) in (IN_REGISTERS..).zip(saved) {
        asm.mov(register, on_stack(argument))?;
    }
    let length = strip.element_bytes.len();
    match strip.run {
        StripRun::Elements(_) => Ok(()),
        StripRun::Argument | StripRun::Turns { .. } if length < IN_REGISTERS => {
            asm.mov(LEFT, POINTERS[length])
        }
        StripRun::Argument | StripRun::Turns { .. } => asm.mov(LEFT, on_stack(length)),
    }
}

fn slot_address<U: VectorUnit>(slot: usize) -> Address {
    Address { base: rsp, bytes: displacement((slot * U::LANES * 4) as isize) }
}

/// What is written out.
struct Code<'s> {
    strip: &'s StripDesc,
    allocation: &'s Allocation,
    for_winners: [usize; 3],
}

impl Code<'_> {
    fn settle_constants<U: VectorUnit>(&self, unit: &mut U) -> Result<(), IcedError> {
        // those in slots first: they pass through a register
        for &(bits, home) in &self.allocation.constants {
            if let Home::Slot(slot) = home {
                unit.constant(0, bits)?;
                unit.store(slot_address::<U>(slot), 0, Part::Full)?;
            }
        }
        for &(bits, home) in &self.allocation.constants {
            if let Home::Register(register) = home {
                unit.constant(register, bits)?;
            }
        }
        Ok(())
    }

    fn constant_run<U: VectorUnit>(&self, unit: &mut U, elements: usize) -> Result<(), IcedError> {
        let (turns, tail) = (elements / U::LANES, elements % U::LANES);
        if turns > 1 {
            let asm = unit.asm();
            asm.mov(LEFT_32, u32::try_from(turns).expect("a run is shorter than 2³² vectors"))?;
            let mut top = asm.create_label();
            asm.set_label(&mut top)?;
            self.body(unit, Part::Full)?;
            self.advance(unit)?;
            let asm = unit.asm();
            asm.dec(LEFT)?;
            asm.jne(top)?;
        } else if turns == 1 {
            self.body(unit, Part::Full)?;
            if tail > 0 {
                self.advance(unit)?;
            }
        }
        if tail > 0 {
            self.body(unit, Part::Tail)?;
        }
        Ok(())
    }

    fn run_of_argument<U: VectorUnit>(&self, unit: &mut U) -> Result<(), IcedError> {
        let lanes = displacement(U::LANES as isize);
        let asm = unit.asm();
        let (mut top, mut rest, mut done) = (asm.create_label(), asm.create_label(), asm.create_label());
        asm.sub(LEFT, lanes)?;
        asm.jl(rest)?;
        asm.set_label(&mut top)?;
        self.body(unit, Part::Full)?;
        self.advance(unit)?;
        let asm = unit.asm();
        asm.sub(LEFT, lanes)?;
        asm.jge(top)?;
        asm.set_label(&mut rest)?;
        asm.add(LEFT, lanes)?;
        asm.je(done)?;
        unit.set_tail_of(LEFT)?;
        self.body(unit, Part::Tail)?;
        // something has to follow the label
        let asm = unit.asm();
        asm.set_label(&mut done)?;
        asm.xor(eax, eax)
    }

    fn turns<U: VectorUnit>(&self, unit: &mut U, moves: &[isize], part: Part) -> Result<(), IcedError> {
        let asm = unit.asm();
        let (mut top, mut done) = (asm.create_label(), asm.create_label());
        asm.test(LEFT, LEFT)?;
        asm.je(done)?;
        asm.set_label(&mut top)?;
        self.body(unit, part)?;
        let asm = unit.asm();
        for (pointer, &bytes) in POINTERS.into_iter().zip(moves) {
            if bytes != 0 {
                asm.add(pointer, displacement(bytes))?;
            }
        }
        asm.dec(LEFT)?;
        asm.jne(top)?;
        asm.set_label(&mut done)?;
        asm.xor(eax, eax)
    }

    /// Moves the pointers by a vector.
    fn advance<U: VectorUnit>(&self, unit: &mut U) -> Result<(), IcedError> {
        for (pointer, &bytes) in POINTERS.into_iter().zip(&self.strip.element_bytes) {
            if bytes > 0 {
                unit.asm().add(pointer, displacement((usize::from(bytes) * U::LANES) as isize))?;
            }
        }
        Ok(())
    }

    fn address(&self, place: MemoryOperand) -> Address {
        // memory that is the same for every vector is full of them
        let bytes = self.strip.element_bytes[usize::from(place.pointer)];
        let size = if bytes == 1 { 1 } else { 4 };
        Address { base: POINTERS[usize::from(place.pointer)], bytes: displacement(place.at * size) }
    }

    /// One turn.
    fn body<U: VectorUnit>(&self, unit: &mut U, part: Part) -> Result<(), IcedError> {
        for step in &self.allocation.steps {
            match *step {
                Instruction::Spill { from, slot } => unit.store(slot_address::<U>(slot), from, Part::Full)?,
                Instruction::Reload { to, slot } => unit.load(to, slot_address::<U>(slot), Part::Full)?,
                Instruction::Copy { to, from } => unit.copy(to, from)?,
                Instruction::Load { to, from } => unit.load(to, self.address(from), part)?,
                Instruction::LoadBytes { to, from } => unit.load_bytes(to, self.address(from), part)?,
                Instruction::Spread { to, from } => unit.spread(to, self.address(from))?,
                Instruction::Unary { op, to, x } => unit.unary(op, to, x)?,
                Instruction::Binary { op, to, x, y } => unit.binary(op, to, x, y)?,
                Instruction::Select { compare, to, x, y, then, otherwise } => {
                    unit.select(compare, to, [x, y, then, otherwise])?;
                }
                Instruction::Accumulate { negative: false, sum, x, y } => unit.multiply_add(sum, x, y)?,
                Instruction::Accumulate { negative: true, sum, x, y } => unit.multiply_subtract(sum, x, y)?,
                Instruction::MultiplyInto { negative, x, y, z } => unit.multiply_into(negative, x, y, z)?,
                Instruction::Pool { points, winners: None } => unit.pool(points)?,
                Instruction::Pool { points, winners: Some(to) } => {
                    unit.pool_with_winners(points, self.for_winners, self.address(to), part)?;
                }
                Instruction::Store { from, to } => unit.store(self.address(to), from, part)?,
            }
        }
        Ok(())
    }
}
