//! Strips on x86-64: the loop along the run, and the steps as instructions of a [`VectorUnit`].

use iced_x86::IcedError;
use iced_x86::code_asm::{AsmRegister64, r8, r9, r10d, r11, rcx, rdi, rdx, rsi, rsp};

use super::registers::{Allocation, Home, Step, allocate};
use super::{Place, StripDesc};
use crate::kernel::micro::x86::{Address, Part, VectorUnit, displacement};

/// The System V argument registers in order.
const POINTERS: [AsmRegister64; super::MAX_POINTERS] = [rdi, rsi, rdx, rcx, r8, r9];

/// Registers that a pool with winners wants for itself.
const FOR_WINNERS: usize = 3;

/// Emits the whole function.
pub(in crate::kernel::micro) fn emit<U: VectorUnit>(unit: &mut U, strip: &StripDesc) -> Result<(), IcedError> {
    let (turns, tail) = (strip.elements / U::LANES, strip.elements % U::LANES);
    if tail > 0 {
        unit.set_tail(tail)?;
    }
    let free = unit.registers() - if strip.has_winners() { FOR_WINNERS } else { 0 };
    let for_winners = [free, free + 1, free + 2];
    let allocation = allocate(&strip.ops, free);
    let vector_bytes = U::LANES * 4;
    if allocation.slots > 0 {
        let asm = unit.asm();
        asm.mov(r11, rsp)?;
        asm.sub(rsp, displacement((allocation.slots * vector_bytes) as isize))?;
        asm.and(rsp, -displacement(vector_bytes as isize))?;
    }
    if strip.has_winners() {
        unit.prepare_winners(for_winners)?;
    }
    // those in slots first: they pass through a register
    for &(bits, home) in &allocation.constants {
        if let Home::Slot(slot) = home {
            unit.constant(0, bits)?;
            unit.store(slot_address::<U>(slot), 0, Part::Full)?;
        }
    }
    for &(bits, home) in &allocation.constants {
        if let Home::Register(register) = home {
            unit.constant(register, bits)?;
        }
    }
    if turns > 1 {
        let asm = unit.asm();
        asm.mov(r10d, u32::try_from(turns).expect("a run is shorter than 2³² vectors"))?;
        let mut top = asm.create_label();
        asm.set_label(&mut top)?;
        body(unit, strip, &allocation, for_winners, Part::Full)?;
        advance(unit, strip)?;
        let asm = unit.asm();
        asm.dec(r10d)?;
        asm.jne(top)?;
    } else if turns == 1 {
        body(unit, strip, &allocation, for_winners, Part::Full)?;
        if tail > 0 {
            advance(unit, strip)?;
        }
    }
    if tail > 0 {
        body(unit, strip, &allocation, for_winners, Part::Tail)?;
    }
    if allocation.slots > 0 {
        unit.asm().mov(rsp, r11)?;
    }
    unit.end()
}

fn advance<U: VectorUnit>(unit: &mut U, strip: &StripDesc) -> Result<(), IcedError> {
    for (pointer, &bytes) in POINTERS.into_iter().zip(&strip.element_bytes) {
        if bytes > 0 {
            unit.asm().add(pointer, displacement((usize::from(bytes) * U::LANES) as isize))?;
        }
    }
    Ok(())
}

fn slot_address<U: VectorUnit>(slot: usize) -> Address {
    Address { base: rsp, bytes: displacement((slot * U::LANES * 4) as isize) }
}

/// One turn.
fn body<U: VectorUnit>(
    unit: &mut U,
    strip: &StripDesc,
    allocation: &Allocation,
    for_winners: [usize; 3],
    part: Part,
) -> Result<(), IcedError> {
    // memory that is the same for every vector is full of them
    let address = |place: Place| {
        let bytes = strip.element_bytes[usize::from(place.pointer)];
        let size = if bytes == 1 { 1 } else { 4 };
        Address { base: POINTERS[usize::from(place.pointer)], bytes: displacement(place.at * size) }
    };
    for step in &allocation.steps {
        match *step {
            Step::Spill { from, slot } => unit.store(slot_address::<U>(slot), from, Part::Full)?,
            Step::Reload { to, slot } => unit.load(to, slot_address::<U>(slot), Part::Full)?,
            Step::Copy { to, from } => unit.copy(to, from)?,
            Step::Load { to, from } => unit.load(to, address(from), part)?,
            Step::Binary { op, to, x, y } => unit.binary(op, to, x, y)?,
            Step::Accumulate { negative: false, sum, x, y } => unit.multiply_add(sum, x, y)?,
            Step::Accumulate { negative: true, sum, x, y } => unit.multiply_subtract(sum, x, y)?,
            Step::MultiplyInto { negative, x, y, z } => unit.multiply_into(negative, x, y, z)?,
            Step::Pool { points, winners: None } => unit.pool(points)?,
            Step::Pool { points, winners: Some(to) } => {
                unit.pool_with_winners(points, for_winners, address(to), part)?;
            }
            Step::Store { from, to } => unit.store(address(to), from, part)?,
        }
    }
    Ok(())
}
