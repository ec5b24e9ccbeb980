//! Maps by strips, as wide as the machine.
//!
//! A strip takes the map's arguments in their order. In place of a key of random numbers stands what their
//! hash begins with for each lane, which goes along with the elements.

mod flat;
mod pixels;

use cranelift::prelude::Value;

use super::Map;
use super::expr::{self, Operands, SPREAD};
use crate::desc::{ExprNode, MapDesc, MapOutput, OperandKind};
use crate::kernel::Simd;
use crate::kernel::builder::{KernelBuilder, Lanes};
use crate::kernel::micro::{
    IntegerOp, MAX_POINTERS, MemoryOperand, StripBuilder, StripDesc, StripOp, StripRun, StripValue, UnaryOp,
};
use crate::tensor::Element;

pub(super) use flat::emit_run;
pub(super) use pixels::{emit_pixels, fills_vectors};

/// Whether strips can do a map. Not those with more arguments than there are registers for pointers, or more
/// sums than for vectors; not bytes where there are no masks for them, or where they are no images; not with
/// a key that is read as a number too. The portable strips have 128-bit vectors as the other walks have,
/// which need no calls.
pub(super) fn can_do(desc: &MapDesc, simd: Simd) -> bool {
    let (bytes, carried) = match simd {
        Simd::Portable | Simd::Neon => return false,
        Simd::Avx2 => (false, 4),
        Simd::Avx512 => (true, 8),
    };
    let is_key = |at: usize| desc.expr.nodes().contains(&ExprNode::Uniform(at as u32));
    let is_input = |at: usize| desc.expr.nodes().contains(&ExprNode::Input(at as u32));
    let keys = (0..desc.operands.len()).filter(|&at| is_key(at)).count();
    let sums = desc.outputs.iter().filter(|(_, output)| output.is_sum()).count();
    let operands_fit = desc.operands.iter().enumerate().all(|(at, operand)| {
        let element = match operand.element {
            Element::F32 | Element::I32 => true,
            Element::U8 => bytes && matches!(operand.kind, OperandKind::Flat | OperandKind::Image(_)),
        };
        element && !(is_key(at) && is_input(at))
    });
    operands_fit && keys + sums <= carried && desc.operands.len() + desc.outputs.len() <= MAX_POINTERS
}

/// A vector of elements that a turn of a strip visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Unit {
    /// Pixels behind the first of the turn; 0 in flat runs.
    pixel: usize,
    /// Elements behind the first of the pixel, or of the turn in flat runs: channels.
    start: usize,
}

/// The strip of a map for some vectors a turn. `channels` is the number of a pixel's elements, `elements` how
/// many a turn moves on by.
fn strip(
    map: &Map<'_>,
    lanes: usize,
    units: &[Unit],
    [channels, elements]: [usize; 2],
    run: StripRun,
) -> StripDesc {
    let mut b = StripBuilder::default();
    let operands = map.desc.operands.len();
    let keys = keys(map);
    let mut carried: Vec<MemoryOperand> = keys.iter().map(|&at| MemoryOperand::new(pointer(at), 0)).collect();
    for &unit in units {
        let mut place = At { map, keys: &keys, unit, channels };
        let values = expr::evaluate(&mut b, &map.desc.expr, &map.needed, &mut place, &map.results());
        for (j, value) in values.into_iter().enumerate() {
            match map.desc.outputs[j].1 {
                MapOutput::ChannelSum | MapOutput::PixelSum(_) => {
                    let sum = MemoryOperand::new(pointer(operands + j), unit.start as isize);
                    let which = carried.iter().position(|&known| known == sum).unwrap_or_else(|| {
                        carried.push(sum);
                        carried.len() - 1
                    });
                    b.push(StripOp::Accumulate(pointer(which), value));
                }
                MapOutput::Image(_) | MapOutput::Flat => {
                    let to = place.streamed(operands + j);
                    b.store(Some(value), to);
                }
            }
        }
    }
    for which in 0..keys.len() {
        let step = b.word(SPREAD.wrapping_mul(elements as u32));
        b.push(StripOp::Advance(pointer(which), step));
    }
    debug_assert!(units.iter().all(|unit| unit.start.is_multiple_of(lanes)));
    let element_bytes: Vec<u8> = (0..map.pointers.len())
        .map(|at| {
            let layout = map.layout(at).or(map.pixel_layout(at));
            let bytes = map.element(at).size_bytes() as u8;
            if map.is_streamed(at) || (bytes == 1 && layout.is_some()) { bytes } else { 0 }
        })
        .collect();
    b.finish_run(&element_bytes, run, &carried)
}

fn pointer(at: usize) -> u8 {
    u8::try_from(at).expect("a strip has few pointers")
}

/// Operands that are keys of random numbers.
fn keys(map: &Map<'_>) -> Vec<usize> {
    (0..map.keys.len()).filter(|&at| map.keys[at].is_some()).collect()
}

/// What the hashes of random numbers begin with, by key, for the lanes from the one of index `element` within
/// the batch on: on the stack.
fn hash_starts(k: &mut KernelBuilder<'_>, map: &Map<'_>, lanes: usize, memory: &[Value], element: Value) {
    for (&to, at) in memory.iter().zip(keys(map)) {
        for lane in (0..lanes).step_by(4) {
            let element = k.index_offset(element, lane);
            let element = k.low_bits(element);
            let start = expr::hash_start(k, Lanes::Four, map.key(at), element);
            k.store(start, to, lane);
        }
    }
}

/// Room for [`hash_starts`].
fn room_for_hashes(k: &mut KernelBuilder<'_>, map: &Map<'_>, lanes: usize) -> Vec<Value> {
    keys(map).iter().map(|_| k.stack(lanes)).collect()
}

/// The strip's pointers: the map's, with the beginnings of hashes in place of keys.
fn with_hashes(map: &Map<'_>, pointers: &[Value], memory: &[Value]) -> Vec<Value> {
    let mut pointers = pointers.to_vec();
    for (at, &hash) in keys(map).into_iter().zip(memory) {
        pointers[at] = hash;
    }
    pointers
}

/// A unit as a place of expressions.
struct At<'m, 'd> {
    map: &'m Map<'d>,
    keys: &'m [usize],
    unit: Unit,
    channels: usize,
}

impl At<'_, '_> {
    /// The unit's place in an argument with one element per place of the domain.
    fn streamed(&self, at: usize) -> MemoryOperand {
        let pitch = self.map.layout(at).map_or(0, |layout| layout.pixel_pitch);
        MemoryOperand::new(pointer(at), (self.unit.pixel * pitch + self.unit.start) as isize)
    }
}

impl Operands<StripBuilder> for At<'_, '_> {
    fn constant(&mut self, b: &mut StripBuilder, bits: u32) -> StripValue {
        b.word(bits)
    }

    fn input(&mut self, b: &mut StripBuilder, index: usize) -> StripValue {
        let element = self.map.element(index);
        if self.map.is_streamed(index) {
            let from = self.streamed(index);
            return match element {
                Element::F32 => b.load(from),
                Element::U8 => b.push(StripOp::LoadBytes(from)),
                Element::I32 => {
                    let integers = b.load(from);
                    b.push(StripOp::Unary(UnaryOp::FromInteger, integers))
                }
            };
        }
        // the same for all pixels of the turn
        let scalar = self.map.desc.operands[index].kind == OperandKind::Scalar;
        let from = MemoryOperand::new(pointer(index), if scalar { 0 } else { self.unit.start as isize });
        let load = if scalar { StripOp::Spread(from) } else { StripOp::Load(from) };
        match element {
            Element::F32 => b.once(load),
            Element::U8 => b.once(StripOp::LoadBytes(from)),
            Element::I32 => {
                let integers = b.once(load);
                b.once(StripOp::Unary(UnaryOp::FromInteger, integers))
            }
        }
    }

    fn hash_start(&mut self, b: &mut StripBuilder, index: usize) -> StripValue {
        let which = self.keys.iter().position(|&key| key == index).expect("the operand is a key");
        let first = b.once(StripOp::Carried(pointer(which)));
        let ahead = self.unit.pixel * self.channels + self.unit.start;
        if ahead == 0 {
            return first;
        }
        let ahead = b.word(SPREAD.wrapping_mul(ahead as u32));
        b.push(StripOp::Integer(IntegerOp::Add, first, ahead))
    }
}
