//! Sums over neighbouring channels. See [`NeighbourSumDesc`].
//!
//! Channels are divided into runs by the ends of their sums that are cut off by the first or last channel, so
//! that nothing is asked about bounds while the kernel runs. Where neither is, four channels are summed at
//! once.

use std::ops::Range;

use cranelift::prelude::Value;

use super::builder::{KernelBuilder, Lanes, Trips};
use super::code::{BuildError, Effort, KernelFunction};
use super::pool::pixel;
use crate::desc::NeighbourSumDesc;
use crate::tensor::Element;

/// Sums of more terms are looped over instead of unrolled.
const MAX_UNROLLED_TERMS: usize = 16;

/// Channels that follow each other and whose sums are cut off at the same ends.
struct ChannelRun {
    channels: Range<usize>,
    /// The sum begins with the first channel.
    from_first: bool,
    /// The sum ends with the last channel.
    to_last: bool,
}

fn runs(desc: &NeighbourSumDesc) -> Vec<ChannelRun> {
    let channels = desc.input.channels;
    let (low, high) = (desc.before.min(channels), channels.saturating_sub(desc.after));
    let mut bounds = [0, low.min(high), low.max(high), channels];
    bounds.sort_unstable();
    let run = |pair: &[usize]| {
        let channels = pair[0]..pair[1];
        ChannelRun { from_first: channels.start < low, to_last: channels.start >= high, channels }
    };
    bounds.windows(2).filter(|pair| pair[0] < pair[1]).map(run).collect()
}

/// Code of a sum over neighbours.
pub(super) fn build(desc: &NeighbourSumDesc) -> Result<KernelFunction, BuildError> {
    KernelBuilder::build(Effort::Speed, |k| {
        let (input, output, count) = (k.arg(0), k.arg(1), k.count());
        k.for_range(count, |k, n| {
            k.for_range(desc.input.height, |k, y| {
                k.for_range(desc.input.width, |k, x| {
                    let from = pixel(k, Element::F32, input, &desc.input, [n, y, x]);
                    let to = pixel(k, Element::F32, output, &desc.output, [n, y, x]);
                    for run in runs(desc) {
                        emit_run(k, desc, &run, from, to);
                    }
                });
            });
        });
        Ok(())
    })
}

fn emit_run(k: &mut KernelBuilder<'_>, desc: &NeighbourSumDesc, run: &ChannelRun, from: Value, to: Value) {
    let Range { start, end } = run.channels;
    let vectors_end = if run.from_first || run.to_last { start } else { start + (end - start) / 4 * 4 };
    k.fold_steps(start, vectors_end, 4, &[], |k, c, _| {
        let sum = emit_whole_sum(k, desc, Lanes::Four, from, c);
        let to = k.at(Element::F32, to, c);
        k.store(sum, to, 0);
        Vec::new()
    });
    k.fold_steps(vectors_end, end, 1, &[], |k, c, _| {
        let sum = if run.from_first || run.to_last {
            emit_cut_sum(k, desc, run, from, c)
        } else {
            emit_whole_sum(k, desc, Lanes::One, from, c)
        };
        let to = k.at(Element::F32, to, c);
        k.store(sum, to, 0);
        Vec::new()
    });
}

/// Sums of the channels from `c` on, all of whose terms are there.
fn emit_whole_sum(
    k: &mut KernelBuilder<'_>,
    desc: &NeighbourSumDesc,
    lanes: Lanes,
    from: Value,
    c: Value,
) -> Value {
    let terms = desc.before + 1 + desc.after;
    let before = i64::try_from(desc.before).expect("sizes fit 63 bits");
    let first = k.index_shift(c, -before);
    let first = k.at(Element::F32, from, first);
    let mut sum = k.load(lanes, first, 0);
    if terms <= MAX_UNROLLED_TERMS {
        for term in 1..terms {
            let next = k.load(lanes, first, term);
            sum = k.add(sum, next);
        }
        return sum;
    }
    let sums = k.fold_steps(1, terms, 1, &[sum], |k, term, sum| {
        let at = k.at(Element::F32, first, term);
        let next = k.load(lanes, at, 0);
        vec![k.add(sum[0], next)]
    });
    sums[0]
}

/// The sum of channel `c`, from the first or to the last channel.
fn emit_cut_sum(
    k: &mut KernelBuilder<'_>,
    desc: &NeighbourSumDesc,
    run: &ChannelRun,
    from: Value,
    c: Value,
) -> Value {
    let before = i64::try_from(desc.before).expect("sizes fit 63 bits");
    let first = if run.from_first { Trips::Constant(0) } else { Trips::Runtime(k.index_shift(c, -before)) };
    let end = if run.to_last {
        Trips::Constant(desc.input.channels)
    } else {
        Trips::Runtime(k.index_offset(c, desc.after + 1))
    };
    let zero = k.f32(Lanes::One, 0.0);
    let sums = k.fold_steps(first, end, 1, &[zero], |k, channel, sum| {
        let at = k.at(Element::F32, from, channel);
        let next = k.load(Lanes::One, at, 0);
        vec![k.add(sum[0], next)]
    });
    sums[0]
}
