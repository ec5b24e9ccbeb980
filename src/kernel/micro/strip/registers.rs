//! Gives the values of a strip registers.
//!
//! The code is straight, so every value's uses are known: a register is free after the last of them, and
//! where there are too few, the value that is needed furthest in the future goes to memory (Belady, 1966). A
//! value is stored there at most once.

use super::{IntegerOp, MemoryOperand, Mix, StripOp, StripValue, UnaryOp};
use crate::desc::Compare;

/// An instruction on numbered registers and slots of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instruction {
    /// Register to slot.
    Spill { from: usize, slot: usize },
    /// Slot to register.
    Reload { to: usize, slot: usize },
    /// Register to register.
    Copy { to: usize, from: usize },
    /// Memory to register.
    Load { to: usize, from: MemoryOperand },
    /// Bytes in memory to f32 in a register.
    LoadBytes { to: usize, from: MemoryOperand },
    /// One number in memory to all lanes.
    Spread { to: usize, from: MemoryOperand },
    /// `to = op x`
    Unary { op: UnaryOp, to: usize, x: usize },
    /// `to = compare(x, y) ? then : otherwise`; `to` is neither of these two.
    Select { compare: Compare, to: usize, x: usize, y: usize, then: usize, otherwise: usize },
    /// `to = x op y`
    Binary { op: Binary, to: usize, x: usize, y: usize },
    /// `sum = sum ± x · y`
    Accumulate { negative: bool, sum: usize, x: usize, y: usize },
    /// `x = z ± x · y`
    MultiplyInto { negative: bool, x: usize, y: usize, z: usize },
    /// The largest goes into the first; the others are lost.
    Pool { points: [usize; 4], winners: Option<MemoryOperand> },
    /// Register to memory.
    Store { from: usize, to: MemoryOperand },
}

/// Operations of two operands and a result of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::kernel::micro) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Max,
    Min,
    Integer(IntegerOp),
    Mix(Mix),
}

/// A strip with registers.
#[derive(Debug)]
pub(super) struct Allocation {
    /// Registers of the carried vectors, which nothing else uses.
    pub(super) carried: Vec<usize>,
    /// Constants by their bits: where they stay, a register that nothing else uses, or a slot.
    pub(super) constants: Vec<(u32, Home)>,
    /// What one turn does.
    pub(super) steps: Vec<Instruction>,
    /// Slots on the stack.
    pub(super) slots: usize,
}

/// Where a constant stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    Register(usize),
    Slot(usize),
}

/// Never used again.
const NEVER: usize = usize::MAX;

struct Allocator {
    /// For each value, where it is used, last first.
    uses: Vec<Vec<usize>>,
    register: Vec<Option<usize>>,
    slot: Vec<Option<usize>>,
    /// Of each register: the value in it.
    holds: Vec<Option<usize>>,
    /// Registers that are never given away.
    pinned: Vec<bool>,
    /// Those of the carried vectors.
    carried: Vec<usize>,
    slots: usize,
    steps: Vec<Instruction>,
}

/// Registers `0..registers` for a strip's operations and this many carried vectors.
pub(super) fn allocate(ops: &[StripOp], registers: usize, carried: usize) -> Allocation {
    let mut uses = vec![Vec::new(); ops.len()];
    for (at, op) in ops.iter().enumerate().rev() {
        for operand in op.operands() {
            uses[operand.index()].push(at);
        }
    }
    let mut allocator = Allocator {
        uses,
        register: vec![None; ops.len()],
        slot: vec![None; ops.len()],
        holds: vec![None; registers],
        pinned: vec![false; registers],
        carried: (registers - carried..registers).collect(),
        slots: 0,
        steps: Vec::new(),
    };
    allocator.pinned[registers - carried..].fill(true);
    let constants = allocator.settle_constants(ops, registers - carried);
    for (at, op) in ops.iter().enumerate() {
        allocator.operation(at, op);
    }
    Allocation { carried: allocator.carried, constants, steps: allocator.steps, slots: allocator.slots }
}

impl Allocator {
    /// The constants that are used most keep a quarter of the registers; the others wait in slots.
    fn settle_constants(&mut self, ops: &[StripOp], registers: usize) -> Vec<(u32, Home)> {
        let bits = |at: &usize| if let StripOp::Constant(bits) = ops[*at] { Some(bits) } else { None };
        let mut constants: Vec<usize> = (0..ops.len()).filter(|at| bits(at).is_some()).collect();
        constants.sort_by_key(|&at| (std::cmp::Reverse(self.uses[at].len()), at));
        let mut homes = Vec::with_capacity(constants.len());
        for (rank, at) in constants.into_iter().enumerate() {
            let home = if rank < registers / 4 {
                let register = registers - 1 - rank;
                self.pinned[register] = true;
                self.holds[register] = Some(at);
                self.register[at] = Some(register);
                Home::Register(register)
            } else {
                self.slot[at] = Some(self.new_slot());
                Home::Slot(self.slots - 1)
            };
            homes.extend(bits(&at).map(|bits| (bits, home)));
        }
        homes
    }

    fn new_slot(&mut self) -> usize {
        self.slots += 1;
        self.slots - 1
    }

    fn next_use(&self, value: usize) -> usize {
        self.uses[value].last().copied().unwrap_or(NEVER)
    }

    /// A register that is free now; none of the `kept` values loses its own.
    fn free_register(&mut self, kept: &[StripValue]) -> usize {
        let usable = || self.holds.iter().enumerate().filter(|&(register, _)| !self.pinned[register]);
        if let Some((free, _)) = usable().find(|(_, value)| value.is_none()) {
            return free;
        }
        let candidates = usable().filter_map(|(register, value)| {
            let value = (*value)?;
            let is_kept = kept.iter().any(|operand| operand.index() == value);
            (!is_kept).then_some((self.next_use(value), register, value))
        });
        let (_, register, value) = candidates.max().expect("there are more registers than operands");
        if self.slot[value].is_none() {
            let slot = self.new_slot();
            self.slot[value] = Some(slot);
            self.steps.push(Instruction::Spill { from: register, slot });
        }
        self.register[value] = None;
        self.holds[register] = None;
        register
    }

    fn put(&mut self, value: usize, register: usize) {
        self.register[value] = Some(register);
        self.holds[register] = Some(value);
    }

    /// The operand's register, loaded where it had to give it up.
    fn bring(&mut self, operand: StripValue, kept: &[StripValue]) -> usize {
        let value = operand.index();
        if let Some(register) = self.register[value] {
            return register;
        }
        let to = self.free_register(kept);
        let slot = self.slot[value].expect("a value that has no register has a slot");
        self.steps.push(Instruction::Reload { to, slot });
        self.put(value, to);
        to
    }

    /// Forgets this use, and the value where it was the last one.
    fn release(&mut self, value: usize) {
        if self.next_use(value) != NEVER {
            return;
        }
        if let Some(register) = self.register[value].filter(|&register| !self.pinned[register]) {
            self.holds[register] = None;
            self.register[value] = None;
        }
    }

    /// Whether the value's register may be written over: it is not used after this operation.
    fn dies(&self, operand: StripValue) -> bool {
        let value = operand.index();
        self.next_use(value) == NEVER && self.register[value].is_some_and(|register| !self.pinned[register])
    }

    /// A value from memory.
    fn read(&mut self, at: usize, step: impl FnOnce(usize) -> Instruction) {
        let to = self.free_register(&[]);
        self.steps.push(step(to));
        self.put(at, to);
    }

    fn operation(&mut self, at: usize, op: &StripOp) {
        let operands = op.operands();
        let registers: Vec<usize> = operands.iter().map(|&operand| self.bring(operand, &operands)).collect();
        for operand in &operands {
            self.uses[operand.index()].retain(|&place| place != at);
        }
        let given = Given { at, operands: &operands, registers: &registers };
        match *op {
            // it has its place already, and keeps it
            StripOp::Constant(_) => return,
            StripOp::Carried(which) => self.register[at] = Some(self.carried[usize::from(which)]),
            StripOp::Load(from) => self.read(at, |to| Instruction::Load { to, from }),
            StripOp::LoadBytes(from) => self.read(at, |to| Instruction::LoadBytes { to, from }),
            StripOp::Spread(from) => self.read(at, |to| Instruction::Spread { to, from }),
            StripOp::Add(..) => self.binary(given, Binary::Add),
            StripOp::Sub(..) => self.binary(given, Binary::Sub),
            StripOp::Mul(..) => self.binary(given, Binary::Mul),
            StripOp::Div(..) => self.binary(given, Binary::Div),
            StripOp::Max(..) => self.binary(given, Binary::Max),
            StripOp::Min(..) => self.binary(given, Binary::Min),
            StripOp::Integer(op, ..) => self.binary(given, Binary::Integer(op)),
            StripOp::Mix(mix, ..) => self.binary(given, Binary::Mix(mix)),
            StripOp::Accumulate(which, _) => self.add_to_carried(given, which, Binary::Add),
            StripOp::Advance(which, _) => self.add_to_carried(given, which, Binary::Integer(IntegerOp::Add)),
            StripOp::Unary(op, _) => self.in_place(given, |to, [x]| Instruction::Unary { op, to, x }),
            StripOp::Select(compare, _) => self.select(given, compare),
            StripOp::MulAdd(..) => self.multiply_add(given, Sign::Plus),
            StripOp::NegMulAdd(..) => self.multiply_add(given, Sign::Minus),
            StripOp::Pool { winners, .. } => self.pool(given, winners),
            StripOp::Store(_, to) => {
                self.steps.push(Instruction::Store { from: registers[0], to });
                self.release_all(&operands);
            }
        }
        // a result that nobody asks for
        self.release(at);
    }

    fn release_all(&mut self, operands: &[StripValue]) {
        operands.iter().for_each(|operand| self.release(operand.index()));
    }

    /// The result may take an operand's place: all are read before it is written.
    fn in_place<const N: usize>(
        &mut self,
        given: Given<'_>,
        step: impl FnOnce(usize, [usize; N]) -> Instruction,
    ) {
        self.release_all(given.operands);
        let to = self.free_register(given.operands);
        self.steps.push(step(to, given.registers()));
        self.put(given.at, to);
    }

    fn binary(&mut self, given: Given<'_>, op: Binary) {
        self.in_place(given, |to, [x, y]| Instruction::Binary { op, to, x, y });
    }

    fn add_to_carried(&mut self, given: Given<'_>, which: u8, op: Binary) {
        let ([y], sum) = (given.registers(), self.carried[usize::from(which)]);
        self.steps.push(Instruction::Binary { op, to: sum, x: sum, y });
        self.release_all(given.operands);
    }

    /// The result is written before the last two operands are read.
    fn select(&mut self, given: Given<'_>, compare: Compare) {
        let (compared, chosen) = given.operands.split_at(2);
        for operand in compared.iter().filter(|operand| !chosen.contains(operand)) {
            self.release(operand.index());
        }
        let to = self.free_register(given.operands);
        let [x, y, then, otherwise] = given.registers();
        self.steps.push(Instruction::Select { compare, to, x, y, then, otherwise });
        self.put(given.at, to);
        self.release_all(chosen);
    }

    /// Into the register of an operand that is not used afterwards, where there is one.
    fn multiply_add(&mut self, given: Given<'_>, sign: Sign) {
        let negative = sign == Sign::Minus;
        let ([x, y, z], [rx, ry, rz]) = (given.operands(), given.registers());
        let result = if self.dies(z) && z != x && z != y {
            self.steps.push(Instruction::Accumulate { negative, sum: rz, x: rx, y: ry });
            rz
        } else if self.dies(x) && x != y && x != z {
            self.steps.push(Instruction::MultiplyInto { negative, x: rx, y: ry, z: rz });
            rx
        } else if self.dies(y) && y != x && y != z {
            self.steps.push(Instruction::MultiplyInto { negative, x: ry, y: rx, z: rz });
            ry
        } else {
            let to = self.free_register(given.operands);
            self.steps.push(Instruction::Copy { to, from: rz });
            self.steps.push(Instruction::Accumulate { negative, sum: to, x: rx, y: ry });
            to
        };
        self.release_all(given.operands);
        self.put(given.at, result);
    }

    /// The points' registers are lost, but for the first, which holds the largest.
    fn pool(&mut self, given: Given<'_>, winners: Option<MemoryOperand>) {
        let points = given.registers();
        self.steps.push(Instruction::Pool { points, winners });
        self.release_all(given.operands);
        self.put(given.at, points[0]);
    }
}

/// An operation whose operands are in registers.
#[derive(Clone, Copy)]
struct Given<'a> {
    /// Its own number.
    at: usize,
    operands: &'a [StripValue],
    /// Of each operand.
    registers: &'a [usize],
}

impl Given<'_> {
    fn operands<const N: usize>(&self) -> [StripValue; N] {
        std::array::from_fn(|operand| self.operands[operand])
    }

    fn registers<const N: usize>(&self) -> [usize; N] {
        std::array::from_fn(|operand| self.registers[operand])
    }
}

/// Of a product that is added.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plus,
    Minus,
}

#[cfg(test)]
mod tests {
    use super::super::StripBuilder;
    use super::*;

    /// Runs the steps on numbers, one lane.
    fn run(allocation: &Allocation, registers: usize, memory: &mut [f32]) {
        let mut register = vec![f32::NAN; registers];
        let mut slots = vec![f32::NAN; allocation.slots];
        // sums begin with 1
        allocation.carried.iter().for_each(|&at| register[at] = 1.0);
        for &(bits, home) in &allocation.constants {
            match home {
                Home::Register(at) => register[at] = f32::from_bits(bits),
                Home::Slot(at) => slots[at] = f32::from_bits(bits),
            }
        }
        let at = |place: MemoryOperand| usize::try_from(place.at).expect("behind the pointer");
        for step in &allocation.steps {
            match *step {
                Instruction::Spill { from, slot } => slots[slot] = register[from],
                Instruction::Reload { to, slot } => register[to] = slots[slot],
                Instruction::Copy { to, from } => register[to] = register[from],
                Instruction::Load { to, from } => register[to] = memory[at(from)],
                Instruction::Binary { op, to, x, y } => {
                    let (x, y) = (register[x], register[y]);
                    register[to] = match op {
                        Binary::Add => x + y,
                        Binary::Sub => x - y,
                        Binary::Mul => x * y,
                        Binary::Div => x / y,
                        Binary::Integer(_) | Binary::Mix(_) => unreachable!("not in this test"),
                        Binary::Max => x.max(y),
                        Binary::Min => x.min(y),
                    };
                }
                Instruction::Spread { to, from } => register[to] = memory[at(from)],
                Instruction::LoadBytes { .. } | Instruction::Unary { .. } => unreachable!("not in this test"),
                Instruction::Select { compare, to, x, y, then, otherwise } => {
                    assert!(compare == Compare::Less && to != then && to != otherwise);
                    register[to] =
                        if register[x] < register[y] { register[then] } else { register[otherwise] };
                }
                Instruction::Accumulate { negative, sum, x, y } => {
                    let product = register[x] * register[y];
                    register[sum] += if negative { -product } else { product };
                }
                Instruction::MultiplyInto { negative, x, y, z } => {
                    let product = register[x] * register[y];
                    register[x] = register[z] + if negative { -product } else { product };
                }
                Instruction::Pool { points, .. } => {
                    register[points[0]] = points.iter().map(|&p| register[p]).fold(f32::MIN, f32::max);
                }
                Instruction::Store { from, to } => memory[at(to)] = register[from],
            }
        }
    }

    /// All pairs of many values: most of them have to wait in memory, whatever the number of registers.
    #[test]
    fn values_that_find_no_register_wait_in_memory() {
        const VALUES: usize = 40;
        let mut b = StripBuilder::default();
        let values: Vec<StripValue> =
            (0..VALUES).map(|i| b.load(MemoryOperand::new(0, i as isize))).collect();
        let numbers: Vec<StripValue> = (0..8).map(|i| b.constant(i as f32)).collect();
        let mut want = Vec::new();
        for i in 0..VALUES {
            let (x, y) = (values[i], values[VALUES - 1 - i]);
            let (a, c) = (i as f32, (VALUES - 1 - i) as f32);
            let factor = numbers[i % 8];
            let sum = b.push(StripOp::MulAdd(x, factor, y));
            let rest = b.push(StripOp::NegMulAdd(sum, sum, x));
            let largest = b.push(StripOp::Max(rest, y));
            let chosen = b.push(StripOp::Select(Compare::Less, [sum, x, largest, factor]));
            b.store(Some(chosen), MemoryOperand::new(0, (VALUES + i) as isize));
            b.push(StripOp::Accumulate(1, chosen));
            let sum = a * (i % 8) as f32 + c;
            want.push(if sum < a { (a - sum * sum).max(c) } else { (i % 8) as f32 });
        }
        let total = b.push(StripOp::Carried(1));
        b.store(Some(total), MemoryOperand::new(0, 2 * VALUES as isize));
        want.push(want.iter().fold(1.0, |sum, value| sum + value));
        let strip = b.finish(&[4], 16);
        for registers in [10, 12, 16, 29] {
            let allocation = allocate(&strip.ops, registers, 2);
            assert!(allocation.slots > 0);
            let mut memory: Vec<f32> = (0..=2 * VALUES).map(|i| i as f32).collect();
            run(&allocation, registers, &mut memory);
            assert_eq!(memory[VALUES..], want, "{registers} registers");
        }
    }
}
