//! Pooling of whole feature maps, and the gradient of the largest. See [`GlobalPoolDesc`].

use cranelift::prelude::Value;

use super::builder::{KernelBuilder, Lanes, Reduction};
use super::code::{BuildError, Effort, KernelFunction};
use super::pool::pixel;
use crate::desc::{Compare, GlobalPoolDesc, PoolKind};
use crate::tensor::{Element, Layout};

/// Vectors of channels visited together: one cache line, and enough chains of additions to hide their
/// latency.
const VECTORS: usize = 4;

/// Code of a global pool.
pub(super) fn build(desc: &GlobalPoolDesc) -> Result<KernelFunction, BuildError> {
    if desc.grad.is_some() && desc.kind == PoolKind::Average {
        let reason = "the mean's gradient is a map";
        return Err(BuildError::Description { family: "global_pool", reason });
    }
    KernelBuilder::build(Effort::Speed, |k| {
        match desc.grad {
            None => emit_forward(k, desc),
            Some(dx) => emit_max_gradient(k, desc, &dx),
        }
        Ok(())
    })
}

/// Visits the pixels of image `n` from channel `c` on, handing values on; the values of each row start anew
/// from `init` and are joined with those of the rows before, so that errors of long sums stay small.
pub(super) fn fold_pixels(
    k: &mut KernelBuilder<'_>,
    from: Value,
    layout: &Layout,
    init: &[Value],
    reduction: Reduction,
    mut body: impl FnMut(&mut KernelBuilder<'_>, Value, &[Value]) -> Vec<Value>,
) -> Vec<Value> {
    k.fold_range(layout.height, init, |k, y, total| {
        let offset = k.index_scale(y, layout.row_pitch);
        let row = k.at(Element::F32, from, offset);
        let of_row = k.fold_range(layout.width, init, |k, x, values| {
            let offset = k.index_scale(x, layout.pixel_pitch);
            let at = k.at(Element::F32, row, offset);
            body(k, at, values)
        });
        total.iter().zip(of_row).map(|(&total, row)| reduction.join(k, total, row)).collect()
    })
}

fn emit_forward(k: &mut KernelBuilder<'_>, desc: &GlobalPoolDesc) {
    let (input, output) = (k.arg(0), k.arg(1));
    let (count, zero) = (k.count(), k.index(0));
    let pixels = desc.input.height * desc.input.width;
    k.for_range(count, |k, n| {
        let from = pixel(k, Element::F32, input, &desc.input, [n, zero, zero]);
        let to = pixel(k, Element::F32, output, &desc.output, [n, zero, zero]);
        k.for_channels(desc.input.channels, VECTORS, &mut |k, lanes, vectors, c| {
            let (from, to) = (k.at(Element::F32, from, c), k.at(Element::F32, to, c));
            let reduction = match desc.kind {
                PoolKind::Max => Reduction::Max,
                PoolKind::Average => Reduction::Sum,
            };
            let init = vec![reduction.start(k, lanes); vectors];
            let values = fold_pixels(k, from, &desc.input, &init, reduction, |k, at, values| {
                let mut next = Vec::with_capacity(values.len());
                for (v, &value) in values.iter().enumerate() {
                    let x = k.load(lanes, at, v * lanes.count());
                    next.push(reduction.join(k, value, x));
                }
                next
            });
            let share = k.f32(lanes, 1.0 / pixels as f32);
            for (v, value) in values.into_iter().enumerate() {
                let value = match desc.kind {
                    PoolKind::Max => value,
                    PoolKind::Average => k.mul(value, share),
                };
                k.store(value, to, v * lanes.count());
            }
        });
    });
}

/// Counts the elements that equal the maximum, then gives each its share.
fn emit_max_gradient(k: &mut KernelBuilder<'_>, desc: &GlobalPoolDesc, grad: &Layout) {
    let [x, y, dy, dx] = [0, 1, 2, 3].map(|i| k.arg(i));
    let (count, zero) = (k.count(), k.index(0));
    k.for_range(count, |k, n| {
        let from = pixel(k, Element::F32, x, &desc.input, [n, zero, zero]);
        let best = pixel(k, Element::F32, y, &desc.output, [n, zero, zero]);
        let given = pixel(k, Element::F32, dy, &desc.output, [n, zero, zero]);
        let to = pixel(k, Element::F32, dx, grad, [n, zero, zero]);
        k.for_channels(desc.input.channels, 1, &mut |k, lanes, _, c| {
            let [from, best, given, to] =
                [from, best, given, to].map(|pointer| k.at(Element::F32, pointer, c));
            let (best, given) = (k.load(lanes, best, 0), k.load(lanes, given, 0));
            emit_shares(k, desc, grad, lanes, [from, to], [best, given]);
        });
    });
}

fn emit_shares(
    k: &mut KernelBuilder<'_>,
    desc: &GlobalPoolDesc,
    grad: &Layout,
    lanes: Lanes,
    pointers: [Value; 2],
    values: [Value; 2],
) {
    let ([from, to], [best, given]) = (pointers, values);
    let (zero, one) = (k.f32(lanes, 0.0), k.f32(lanes, 1.0));
    let ties = fold_pixels(k, from, &desc.input, &[zero], Reduction::Sum, |k, at, ties| {
        let x = k.load(lanes, at, 0);
        let equal = k.compare(Compare::Equal, x, best);
        let more = k.select(equal, one, zero);
        vec![k.add(ties[0], more)]
    });
    let share = k.div(given, ties[0]);
    k.for_range(grad.height, |k, y| {
        let (read, written) = (k.index_scale(y, desc.input.row_pitch), k.index_scale(y, grad.row_pitch));
        let (from, to) = (k.at(Element::F32, from, read), k.at(Element::F32, to, written));
        k.for_range(grad.width, |k, x| {
            let (read, written) =
                (k.index_scale(x, desc.input.pixel_pitch), k.index_scale(x, grad.pixel_pitch));
            let (from, to) = (k.at(Element::F32, from, read), k.at(Element::F32, to, written));
            let x = k.load(lanes, from, 0);
            let equal = k.compare(Compare::Equal, x, best);
            let dx = k.select(equal, share, zero);
            k.store(dx, to, 0);
        });
    });
}
