//! Strips: straight-line arithmetic on vectors, repeated along a run of elements.
//!
//! Where a tile ([`super::TileDesc`]) is a matrix product, a strip is everything else that has to be as wide
//! as the machine: the transforms of Winograd's convolution, depthwise windows, element-wise maps. It is
//! written as values that depend on each other ([`StripBuilder`]); the emitters give them registers.

mod arithmetic;
mod portable;
mod registers;
mod x86;

pub(super) use portable::emit as emit_portable;
pub(super) use registers::Binary;
pub(super) use x86::emit as emit_x86;

use crate::desc::{Compare, TileActivation};

/// Pointers that a strip may have at most: the integer registers of a System V call, and those that a
/// function may use if it gives them back.
pub const MAX_POINTERS: usize = 12;

/// A value of a strip: the result of the operation at this place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StripValue(u16);

impl StripValue {
    fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A place in memory: elements (of the pointer's own size) behind one of the pointers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MemoryOperand {
    /// Which pointer.
    pub pointer: u8,
    /// Elements behind it, or before it.
    pub at: isize,
}

impl MemoryOperand {
    /// Elements behind a pointer.
    pub fn new(pointer: u8, at: isize) -> Self {
        Self { pointer, at }
    }
}

/// Operations on 32-bit integers in the lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntegerOp {
    /// `x + y` mod 2³²
    Add,
    /// `x − y` mod 2³²
    Sub,
    /// `x · y` mod 2³²
    Mul,
    /// `x & y`
    And,
    /// `x | y`
    Or,
    /// `x ^ y`
    Xor,
}

/// Operations of one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `√x`
    Sqrt,
    /// The largest whole number that is not above `x`.
    Floor,
    /// A signed 32-bit integer as the nearest f32.
    FromInteger,
    /// 32-bit integers, moved left.
    ShiftLeft(u8),
    /// 32-bit integers, moved right, zeros from the left.
    ShiftRight(u8),
    /// 32-bit integers, moved right, their sign from the left.
    ShiftRightSigned(u8),
}

/// Mixtures of the lanes of two vectors. A quarter is 128 bits, four lanes (of a 256-bit vector, there are
/// two).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mix {
    /// In each quarter `x₀ y₀ x₁ y₁`.
    LowWords,
    /// In each quarter `x₂ y₂ x₃ y₃`.
    HighWords,
    /// In each quarter `x₀ x₁ y₀ y₁`.
    LowPairs,
    /// In each quarter `x₂ x₃ y₂ y₃`.
    HighPairs,
    /// Quarters 0, 2, … of x, then of y.
    EvenQuarters,
    /// Quarters 1, 3, … of x, then of y.
    OddQuarters,
}

/// One operation on vectors of f32, or of 32-bit integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StripOp {
    /// A vector from memory.
    Load(MemoryOperand),
    /// A vector of bytes from memory, as f32.
    LoadBytes(MemoryOperand),
    /// A number from memory in all lanes.
    Spread(MemoryOperand),
    /// A number in all lanes, by its bits.
    Constant(u32),
    /// What a carried vector ([`StripDesc::carried`]) holds. Not used after an operation that changes it.
    Carried(u8),
    /// `x + y`
    Add(StripValue, StripValue),
    /// `x − y`
    Sub(StripValue, StripValue),
    /// `x · y`
    Mul(StripValue, StripValue),
    /// `x / y`
    Div(StripValue, StripValue),
    /// An operation of one operand.
    Unary(UnaryOp, StripValue),
    /// An operation on integers.
    Integer(IntegerOp, StripValue, StripValue),
    /// Lanes of both.
    Mix(Mix, StripValue, StripValue),
    /// `compare(x, y) ? then : otherwise`, of `[x, y, then, otherwise]`.
    Select(Compare, [StripValue; 4]),
    /// `x · y + z`, rounded once where the machine can.
    MulAdd(StripValue, StripValue, StripValue),
    /// `z − x · y`, the same.
    NegMulAdd(StripValue, StripValue, StripValue),
    /// `x > y ? x : y`: where one is NaN, `y`.
    Max(StripValue, StripValue),
    /// `x < y ? x : y`: where one is NaN, `y`.
    Min(StripValue, StripValue),
    /// The largest of four values that are used nowhere afterwards; its index, a byte, goes to `winners`. The
    /// first of several equal ones; a NaN is not larger.
    Pool {
        /// In the order of their indices.
        points: [StripValue; 4],
        /// Where bytes are wanted.
        winners: Option<MemoryOperand>,
    },
    /// Adds f32 to a carried vector.
    Accumulate(u8, StripValue),
    /// Adds integers to a carried vector.
    Advance(u8, StripValue),
    /// A vector to memory.
    Store(StripValue, MemoryOperand),
}

impl StripOp {
    /// The values it needs.
    pub(super) fn operands(&self) -> Vec<StripValue> {
        match *self {
            StripOp::Load(_)
            | StripOp::LoadBytes(_)
            | StripOp::Spread(_)
            | StripOp::Constant(_)
            | StripOp::Carried(_) => Vec::new(),
            StripOp::Add(x, y)
            | StripOp::Sub(x, y)
            | StripOp::Mul(x, y)
            | StripOp::Div(x, y)
            | StripOp::Integer(_, x, y)
            | StripOp::Mix(_, x, y)
            | StripOp::Max(x, y)
            | StripOp::Min(x, y) => vec![x, y],
            StripOp::Unary(_, x) | StripOp::Accumulate(_, x) | StripOp::Advance(_, x) => vec![x],
            StripOp::Select(_, operands) => operands.to_vec(),
            StripOp::MulAdd(x, y, z) | StripOp::NegMulAdd(x, y, z) => vec![x, y, z],
            StripOp::Pool { points, .. } => points.to_vec(),
            StripOp::Store(x, _) => vec![x],
        }
    }
}

/// How far a strip goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StripRun {
    /// Over this many elements. Pointers move along by a vector each time; of the last vector only this many
    /// lanes are read and written as are left.
    Elements(usize),
    /// The same over as many elements as the last argument says.
    Argument,
    /// As many turns as the last argument says.
    Turns {
        /// By how many bytes each pointer moves from turn to turn.
        moves: Vec<isize>,
        /// Lanes of each vector that are read and written.
        lanes: usize,
    },
}

/// Straight-line arithmetic along a run.
///
/// The operations run once for every vector of the run, in order. Arguments: the pointers; then, where the
/// run asks for it, its length.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StripDesc {
    /// What is done with each vector.
    pub ops: Vec<StripOp>,
    /// Bytes of an element behind each pointer: 4, 1 (winners), or 0 for memory that is the same for every
    /// vector.
    pub element_bytes: Vec<u8>,
    /// How far it goes.
    pub run: StripRun,
    /// Vectors that go from turn to turn: read from here before the first, written back after the last.
    /// Behind pointers that do not move.
    pub carried: Vec<MemoryOperand>,
}

impl StripDesc {
    /// Whether some pool tells its winners.
    pub(super) fn has_winners(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, StripOp::Pool { winners: Some(_), .. }))
    }

    /// Registers that hold all values as long as they are needed; constants are needed in every turn.
    pub fn registers(&self) -> usize {
        let mut last_use = vec![0; self.ops.len()];
        for (at, op) in self.ops.iter().enumerate() {
            op.operands().iter().for_each(|operand| last_use[operand.index()] = at);
        }
        let is_constant = |op: &StripOp| matches!(op, StripOp::Constant(_));
        let mut alive = self.ops.iter().filter(|op| is_constant(op)).count();
        let mut most = alive;
        for (at, op) in self.ops.iter().enumerate() {
            // a result may take the place of an operand that is not used again
            let mut operands = op.operands();
            operands.sort_unstable();
            operands.dedup();
            let ends = |operand: &&StripValue| {
                last_use[operand.index()] == at && !is_constant(&self.ops[operand.index()])
            };
            alive -= operands.iter().filter(ends).count();
            alive += usize::from(!is_constant(op) && !matches!(op, StripOp::Store(..)));
            most = most.max(alive);
        }
        most
    }

    /// Cycles of one turn by a model of the processor: two loads, two operations and a store at once.
    pub fn cycles_per_vector(&self) -> f64 {
        let (mut loads, mut stores, mut arithmetic) = (0_u32, 0_u32, 0_u32);
        for op in &self.ops {
            match op {
                StripOp::Load(_) | StripOp::LoadBytes(_) | StripOp::Spread(_) => loads += 1,
                StripOp::Constant(_) | StripOp::Carried(_) => {}
                StripOp::Store(..) => stores += 1,
                StripOp::Pool { winners, .. } => {
                    arithmetic += if winners.is_some() { 12 } else { 3 };
                    stores += u32::from(winners.is_some());
                }
                // as long as ten others
                StripOp::Div(..) | StripOp::Unary(UnaryOp::Sqrt, _) => arithmetic += 10,
                StripOp::Add(..)
                | StripOp::Sub(..)
                | StripOp::Mul(..)
                | StripOp::Unary(..)
                | StripOp::Integer(..)
                | StripOp::Mix(..)
                | StripOp::Select(..)
                | StripOp::Accumulate(..)
                | StripOp::Advance(..)
                | StripOp::MulAdd(..)
                | StripOp::NegMulAdd(..)
                | StripOp::Max(..)
                | StripOp::Min(..) => arithmetic += 1,
            }
        }
        let (loads, stores, arithmetic) = (f64::from(loads), f64::from(stores), f64::from(arithmetic));
        // what does not overlap, of what could
        (loads / 2.0).max(stores).max(arithmetic / 2.0) + (loads + stores + arithmetic) / 8.0
    }
}

/// Writes a strip. `None` stands for a value that is zero everywhere: no code is written for it.
#[derive(Debug, Default)]
pub struct StripBuilder {
    ops: Vec<StripOp>,
}

impl StripBuilder {
    /// An operation; equal constants are one value.
    pub fn push(&mut self, op: StripOp) -> StripValue {
        let is_constant = matches!(op, StripOp::Constant(_));
        let known = is_constant.then(|| self.ops.iter().position(|&other| other == op)).flatten();
        let index = known.unwrap_or_else(|| {
            self.ops.push(op);
            self.ops.len() - 1
        });
        StripValue(u16::try_from(index).expect("a strip has few operations"))
    }

    /// A vector from memory.
    pub fn load(&mut self, place: MemoryOperand) -> StripValue {
        self.push(StripOp::Load(place))
    }

    /// A vector from memory that the strip does not write: read once, however often it is asked for.
    pub fn load_once(&mut self, place: MemoryOperand) -> StripValue {
        self.once(StripOp::Load(place))
    }

    /// An operation whose result does not change: done once, however often it is asked for.
    pub fn once(&mut self, op: StripOp) -> StripValue {
        let known = self.ops.iter().position(|&other| other == op);
        known.and_then(|index| u16::try_from(index).ok()).map_or_else(|| self.push(op), StripValue)
    }

    /// A number in all lanes.
    pub fn constant(&mut self, value: f32) -> StripValue {
        self.push(StripOp::Constant(value.to_bits()))
    }

    /// `Σ factor · value`, in the order given. Factors of 0 and values that are zero are left out.
    pub fn combine(&mut self, terms: &[(f64, Option<StripValue>)]) -> Option<StripValue> {
        let mut terms: Vec<(f64, StripValue)> = terms
            .iter()
            .filter(|(factor, _)| *factor != 0.0)
            .filter_map(|&(f, value)| Some((f, value?)))
            .collect();
        // a sum that begins with a factor of one needs no product for it
        if let Some(plain) = terms.iter().position(|&(factor, _)| factor == 1.0) {
            terms.swap(0, plain);
        }
        let mut terms = terms.into_iter();
        let (factor, first) = terms.next()?;
        let mut sum = first;
        if factor != 1.0 {
            let factor = self.constant(factor as f32);
            sum = self.push(StripOp::Mul(first, factor));
        }
        for (factor, value) in terms {
            sum = if factor == 1.0 {
                self.push(StripOp::Add(sum, value))
            } else if factor == -1.0 {
                self.push(StripOp::Sub(sum, value))
            } else {
                let by = self.constant(factor.abs() as f32);
                self.push(if factor > 0.0 {
                    StripOp::MulAdd(value, by, sum)
                } else {
                    StripOp::NegMulAdd(value, by, sum)
                })
            };
        }
        Some(sum)
    }

    /// An activation of a value. NaN stays NaN.
    pub fn activate(&mut self, x: StripValue, activation: TileActivation) -> StripValue {
        let zero = self.constant(0.0);
        match activation {
            TileActivation::Relu => self.push(StripOp::Max(zero, x)),
            TileActivation::ClippedRelu(limit) => {
                let (limit, raised) =
                    (self.constant(f32::from_bits(limit)), self.push(StripOp::Max(zero, x)));
                self.push(StripOp::Min(limit, raised))
            }
            TileActivation::LeakyRelu(slope) => {
                // slope · min(x, 0) + max(x, 0): one of the two is zero, so nothing is rounded twice
                let slope = self.constant(f32::from_bits(slope));
                let (negative, positive) =
                    (self.push(StripOp::Min(zero, x)), self.push(StripOp::Max(zero, x)));
                self.push(StripOp::MulAdd(negative, slope, positive))
            }
        }
    }

    /// Stores a value, zero too.
    pub fn store(&mut self, value: Option<StripValue>, place: MemoryOperand) {
        let value = value.unwrap_or_else(|| self.constant(0.0));
        self.push(StripOp::Store(value, place));
    }

    /// The strip, over this many elements.
    pub fn finish(self, element_bytes: &[u8], elements: usize) -> StripDesc {
        self.finish_run(element_bytes, StripRun::Elements(elements), &[])
    }

    /// The strip with what it carries along.
    pub fn finish_run(self, element_bytes: &[u8], run: StripRun, carried: &[MemoryOperand]) -> StripDesc {
        debug_assert!(element_bytes.len() <= MAX_POINTERS, "a strip's pointers stay in registers");
        let strip = StripDesc {
            ops: self.ops,
            element_bytes: element_bytes.to_vec(),
            run,
            carried: carried.to_vec(),
        };
        debug_assert!(
            matches!(strip.run, StripRun::Elements(_)) || !strip.has_winners(),
            "winners are written for runs of a known length"
        );
        strip
    }
}
