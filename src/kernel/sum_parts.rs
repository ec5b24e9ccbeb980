//! Sum of partial results. See [`SumPartsDesc`].

use cranelift::prelude::Value;

use super::builder::{KernelBuilder, Lanes};
use super::code::{BuildError, Effort, KernelFunction};
use super::micro::{MemoryOperand, StripBuilder, StripDesc, StripOp, StripRun, StripValue};
use super::moments::left_of_tree;
use super::target::{Simd, Target};
use crate::desc::SumPartsDesc;
use crate::tensor::Element;

/// Vectors of a strip's turn.
const VECTORS: usize = 2;

/// Code of the sum.
pub(super) fn build(desc: &SumPartsDesc, target: &Target) -> Result<KernelFunction, BuildError> {
    if desc.parts == 0 {
        return Err(BuildError::Description { family: "sum_parts", reason: "no parts" });
    }
    // a strip reaches as far as an instruction's displacement
    let near = i32::try_from(desc.parts * desc.pitch * Element::F32.size_bytes()).is_ok();
    if !matches!(target.simd, Simd::Portable | Simd::Neon) && near {
        return build_wide(desc, target.simd.lanes());
    }
    KernelBuilder::build(Effort::Speed, |k| {
        let (partials, out, count) = (k.arg(0), k.arg(1), k.count());
        let vectors_end = k.index_round_down(count, 4);
        let emit = |k: &mut KernelBuilder<'_>, lanes: Lanes, at: Value| {
            let (from, to) = (k.at(Element::F32, partials, at), k.at(Element::F32, out, at));
            let sum = emit_tree(k, desc, lanes, from, [0, desc.parts]);
            k.store(sum, to, 0);
            Vec::new()
        };
        k.fold_steps(0, vectors_end, 4, &[], |k, at, _| emit(k, Lanes::Four, at));
        k.fold_steps(vectors_end, count, 1, &[], |k, at, _| emit(k, Lanes::One, at));
        Ok(())
    })
}

/// Sum of `len` parts from `first` on.
fn emit_tree(
    k: &mut KernelBuilder<'_>,
    desc: &SumPartsDesc,
    lanes: Lanes,
    from: Value,
    range: [usize; 2],
) -> Value {
    let [first, len] = range;
    if len == 1 {
        let part = k.at_offset(Element::F32, from, first * desc.pitch);
        return k.load(lanes, part, 0);
    }
    let left = left_of_tree(len);
    let a = emit_tree(k, desc, lanes, from, [first, left]);
    let b = emit_tree(k, desc, lanes, from, [first + left, len - left]);
    k.add(a, b)
}

/// The same by strips.
fn build_wide(desc: &SumPartsDesc, lanes: usize) -> Result<KernelFunction, BuildError> {
    KernelBuilder::build(Effort::Speed, |k| {
        let (partials, out, count) = (k.arg(0), k.arg(1), k.count());
        let block = VECTORS * lanes;
        let (turns, whole) = (k.index_divide(count, block), k.index_round_down(count, block));
        let moves = vec![(block * Element::F32.size_bytes()).cast_signed(); 2];
        k.call_strip_along(
            &strip(desc, lanes, VECTORS, StripRun::Turns { moves, lanes }),
            &[partials, out],
            turns,
        );
        let rest = k.index_sub(count, whole);
        k.when(rest, |k| {
            let pointers = [k.at(Element::F32, partials, whole), k.at(Element::F32, out, whole)];
            k.call_strip_along(&strip(desc, lanes, 1, StripRun::Argument), &pointers, rest);
        });
        Ok(())
    })
}

fn strip(desc: &SumPartsDesc, lanes: usize, vectors: usize, run: StripRun) -> StripDesc {
    let mut b = StripBuilder::default();
    for v in 0..vectors {
        let sum = strip_tree(&mut b, desc, v * lanes, [0, desc.parts]);
        b.store(Some(sum), MemoryOperand::new(1, (v * lanes).cast_signed()));
    }
    b.finish_run(&[4, 4], run, &[])
}

/// Sum of `len` parts from `first` on, of the elements from `at` on.
fn strip_tree(b: &mut StripBuilder, desc: &SumPartsDesc, at: usize, [first, len]: [usize; 2]) -> StripValue {
    if len == 1 {
        return b.load(MemoryOperand::new(0, (first * desc.pitch + at).cast_signed()));
    }
    let left = left_of_tree(len);
    let sums = [[first, left], [first + left, len - left]].map(|range| strip_tree(b, desc, at, range));
    b.push(StripOp::Add(sums[0], sums[1]))
}
