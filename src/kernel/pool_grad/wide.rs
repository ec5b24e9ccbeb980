//! Rows of windows that do not overlap, by strips: a window a turn, some vectors of its channels at once.

use cranelift::prelude::Value;

use crate::desc::{Compare, PoolGradDesc};
use crate::kernel::Simd;
use crate::kernel::builder::KernelBuilder;
use crate::kernel::micro::{MemoryOperand, StripBuilder, StripDesc, StripOp, StripRun};
use crate::kernel::pool::Class;
use crate::tensor::Element;

/// Windows of more taps have too much code.
const MAX_TAPS: usize = 16;

/// Vectors of channels visited at once.
const VECTORS: usize = 4;

/// Lanes of the vectors, if strips can do it: windows share no taps, and where channels do not fill vectors
/// there are masks for the bytes of winners.
pub(super) fn lanes(desc: &PoolGradDesc, simd: Simd) -> Option<usize> {
    let window = &desc.window;
    let apart = window.y.stride >= window.y.kernel_size && window.x.stride >= window.x.kernel_size;
    let possible = match simd {
        Simd::Portable | Simd::Neon => false,
        Simd::Avx2 => desc.winners.is_none() || desc.grad.channels.is_multiple_of(simd.lanes()),
        Simd::Avx512 => true,
    };
    (possible && apart && window.area() <= MAX_TAPS).then_some(simd.lanes())
}

/// A row's windows of one class. `pointers` are those of the first window's `dy`, winners (where there are
/// any) and first tap in `dx`.
pub(super) fn emit_row(
    k: &mut KernelBuilder<'_>,
    desc: &PoolGradDesc,
    lanes: usize,
    classes: [&Class; 2],
    [grad, winners, dx]: [Value; 3],
) {
    let [row, column] = classes;
    if row.taps.is_empty() || column.taps.is_empty() {
        return;
    }
    let channels = desc.grad.channels;
    let (whole, rest) = (channels / lanes, channels % lanes);
    let (blocks, left) = (whole / VECTORS, whole % VECTORS);
    let emit = |k: &mut KernelBuilder<'_>, channel: Value, vectors: usize, used: usize| {
        let strip = strip(desc, classes, lanes, [vectors, used]);
        let pointers = [(Element::F32, grad), (Element::U8, winners), (Element::F32, dx)];
        let pointers = pointers.map(|(element, pointer)| k.at(element, pointer, channel));
        let windows = k.index(column.positions.len());
        k.call_strip_along(&strip, &pointers, windows);
    };
    k.fold_steps(0, blocks * VECTORS * lanes, VECTORS * lanes, &[], |k, channel, _| {
        emit(k, channel, VECTORS, lanes);
        Vec::new()
    });
    for (from, vectors, used) in [(blocks * VECTORS, left, lanes), (whole, usize::from(rest > 0), rest)] {
        if vectors > 0 {
            let channel = k.index(from * lanes);
            emit(k, channel, vectors, used);
        }
    }
}

/// Pointers: `dy`, winners, `dx`. Every tap gets `dy` where it won, else 0; or its share of `dy`.
fn strip(desc: &PoolGradDesc, classes: [&Class; 2], lanes: usize, [vectors, used]: [usize; 2]) -> StripDesc {
    let [rows, columns] = classes.map(|class| class.taps.clone());
    let mut b = StripBuilder::default();
    let zero = b.constant(0.0);
    for v in 0..vectors {
        let at = |offset: usize| (offset + v * lanes) as isize;
        let dy = b.load(MemoryOperand::new(0, at(0)));
        let winner = desc.winners.map(|_| b.push(StripOp::LoadBytes(MemoryOperand::new(1, at(0)))));
        let mut share = None;
        for (y, ky) in rows.clone().enumerate() {
            for (x, kx) in columns.clone().enumerate() {
                let value = match winner {
                    Some(winner) => {
                        let tap = b.constant((ky * desc.window.x.kernel_size + kx) as f32);
                        b.push(StripOp::Select(Compare::Equal, [winner, tap, dy, zero]))
                    }
                    None => *share.get_or_insert_with(|| {
                        let part = b.constant(1.0 / (rows.len() * columns.len()) as f32);
                        b.push(StripOp::Mul(dy, part))
                    }),
                };
                let to = at(y * desc.output.row_pitch + x * desc.output.pixel_pitch);
                b.store(Some(value), MemoryOperand::new(2, to));
            }
        }
    }
    let won = desc.winners.map_or(0, |layout| layout.pixel_pitch);
    let moves = [4 * desc.grad.pixel_pitch, won, 4 * desc.window.x.stride * desc.output.pixel_pitch];
    b.finish_run(
        &[4, 1, 4],
        StripRun::Turns { moves: moves.map(usize::cast_signed).to_vec(), lanes: used },
        &[],
    )
}
