//! Sum of partial results. See [`SumPartsDesc`].

use cranelift::prelude::Value;

use super::builder::{KernelBuilder, Lanes};
use super::code::{BuildError, Effort, KernelFunction};
use super::desc::SumPartsDesc;
use super::moments::left_of_tree;
use crate::tensor::Element;

/// Code of the sum.
pub(super) fn build(desc: &SumPartsDesc) -> Result<KernelFunction, BuildError> {
    if desc.parts == 0 {
        return Err(BuildError::Description { family: "sum_parts", reason: "no parts" });
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
fn emit_tree(k: &mut KernelBuilder<'_>, desc: &SumPartsDesc, lanes: Lanes, from: Value, range: [usize; 2]) -> Value {
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
