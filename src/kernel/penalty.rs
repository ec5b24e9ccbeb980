//! What the size of weights adds to the loss. See [`PenaltyDesc`].

use cranelift::prelude::Value;

use super::builder::{KernelBuilder, Lanes, Reduction};
use super::code::{BuildError, Effort, KernelFunction};
use crate::desc::PenaltyDesc;
use crate::tensor::Element;

/// Code of a penalty.
pub(super) fn build(desc: &PenaltyDesc) -> Result<KernelFunction, BuildError> {
    KernelBuilder::build(Effort::Speed, |k| {
        let (weights, to, count) = (k.arg(0), k.arg(1), k.count());
        let whole = k.index_round_down(count, 16);
        let zeros = vec![k.f32(Lanes::Four, 0.0); 4];
        // four vectors, so that the additions are independent chains
        let sums = k.fold_steps(0, whole, 16, &zeros, |k, at, sums| {
            let from = k.at(Element::F32, weights, at);
            (0..4).map(|v| add_term(k, desc, Lanes::Four, from, 4 * v, sums[v])).collect()
        });
        let (low, high) = (k.add(sums[0], sums[1]), k.add(sums[2], sums[3]));
        let lanes = k.add(low, high);
        let lanes = Reduction::Sum.join_lanes(k, lanes);
        let rest = k.fold_steps(whole, count, 1, &[lanes], |k, at, sum| {
            let from = k.at(Element::F32, weights, at);
            vec![add_term(k, desc, Lanes::One, from, 0, sum[0])]
        });
        k.store(rest[0], to, 0);
        Ok(())
    })
}

/// `sum + |w| (l1 + l2 |w|)` for the weights at `from + at`.
fn add_term(
    k: &mut KernelBuilder<'_>,
    desc: &PenaltyDesc,
    lanes: Lanes,
    from: Value,
    at: usize,
    sum: Value,
) -> Value {
    let [l1, l2] = desc.factors.map(|bits| k.f32(lanes, f32::from_bits(bits)));
    let weight = k.load(lanes, from, at);
    let size = k.abs(weight);
    let inner = k.mul_add(size, l2, l1);
    k.mul_add(size, inner, sum)
}
