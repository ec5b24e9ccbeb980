//! Rows of a matrix become columns.

use cranelift::prelude::Value;

use crate::kernel::Simd;
use crate::kernel::builder::{KernelBuilder, Lanes};
use crate::kernel::micro::{Mix, Place, Run, StripBuilder, StripDesc, StripOp, StripValue};
use crate::tensor::Element;

/// Writes `count` rows (a number known when the kernel runs) of so many columns as columns: `to[c · to_pitch + r] = from[r · from_pitch + c]`.
/// Blocks as wide as they are high are turned in registers.
pub(super) fn turn_rows(
    k: &mut KernelBuilder<'_>,
    simd: Simd,
    count: Value,
    columns: usize,
    [from, to]: [Value; 2],
    [from_pitch, to_pitch]: [usize; 2],
) {
    let lanes = simd.lanes();
    let whole_columns = match simd {
        Simd::Portable | Simd::Neon => 0,
        Simd::Avx2 | Simd::Avx512 => columns / lanes * lanes,
    };
    let whole_rows = k.index_round_down(count, lanes);
    let place = |k: &mut KernelBuilder<'_>, row: Value, column: usize| {
        let (source, target) = (k.index_scale(row, from_pitch), k.index_offset(row, column * to_pitch));
        let source = k.index_offset(source, column);
        [k.at(Element::F32, from, source), k.at(Element::F32, to, target)]
    };
    if whole_columns > 0 {
        let strip = block(lanes, from_pitch, to_pitch);
        k.fold_steps(0, whole_rows, lanes, &[], |k, row, _| {
            let pointers = place(k, row, 0);
            let turns = k.index(whole_columns / lanes);
            k.call_strip_along(&strip, &pointers, turns);
            Vec::new()
        });
    }
    for (start, end, column) in [(k.index(0), whole_rows, whole_columns), (whole_rows, count, 0)] {
        k.fold_steps(start, end, 1, &[], |k, row, _| {
            let [source, target] = place(k, row, column);
            turn(k, columns - column, [source, target], [1, to_pitch]);
            Vec::new()
        });
    }
}

/// Turns a square block, then the one to the right of it. Pointers: `from`, `to`.
///
/// With vectors of n quarters (128 bits): within quarters, pairs of rows are mixed, then pairs of pairs, which leaves vector `4g + j` with rows
/// `4g..4g + 4` of columns `j`, `j + 4`, … in its quarters; what is left is to turn the n x n quarters of the vectors `j`, `4 + j`, ….
fn block(lanes: usize, from_pitch: usize, to_pitch: usize) -> StripDesc {
    let mut b = StripBuilder::default();
    let mut rows: Vec<StripValue> = (0..lanes).map(|row| b.load(Place::new(0, (row * from_pitch) as isize))).collect();
    for four in rows.chunks_mut(4) {
        let [first, second] = [[0, 1], [2, 3]]
            .map(|pair| pair.map(|row| four[row]))
            .map(|[x, y]| [Mix::LowWords, Mix::HighWords].map(|mix| b.push(StripOp::Mix(mix, x, y))));
        for half in 0..2 {
            for (j, mix) in [Mix::LowPairs, Mix::HighPairs].into_iter().enumerate() {
                four[2 * half + j] = b.push(StripOp::Mix(mix, first[half], second[half]));
            }
        }
    }
    for j in 0..4 {
        let quarters: Vec<StripValue> = rows.iter().skip(j).step_by(4).copied().collect();
        for (quarter, value) in turned_quarters(&mut b, &quarters).into_iter().enumerate() {
            b.store(Some(value), Place::new(1, ((4 * quarter + j) * to_pitch) as isize));
        }
    }
    let moves = [4 * lanes, 4 * lanes * to_pitch].map(usize::cast_signed).to_vec();
    b.finish_run(&[4, 4], Run::Turns { moves, lanes }, &[])
}

/// As many vectors as each has quarters: result q has the quarters q of all.
fn turned_quarters(b: &mut StripBuilder, vectors: &[StripValue]) -> Vec<StripValue> {
    if let [only] = vectors {
        return vec![*only];
    }
    // the even quarters of all vectors, then the odd ones, each in half as many vectors
    let [even, odd] = [Mix::EvenQuarters, Mix::OddQuarters].map(|mix| {
        let half: Vec<StripValue> =
            vectors.chunks_exact(2).map(|pair| b.push(StripOp::Mix(mix, pair[0], pair[1]))).collect();
        turned_quarters(b, &half)
    });
    even.into_iter().zip(odd).flat_map(|(even, odd)| [even, odd]).collect()
}

/// Copies `elements` numbers from one pitch to another.
pub(super) fn turn(
    k: &mut KernelBuilder<'_>,
    elements: usize,
    [from, to]: [Value; 2],
    [from_pitch, to_pitch]: [usize; 2],
) {
    const AT_ONCE: usize = 8;
    for (start, size, times) in
        [(0, AT_ONCE, elements / AT_ONCE), (elements / AT_ONCE * AT_ONCE, 1, elements % AT_ONCE)]
    {
        k.for_range(times, |k, i| {
            let first = k.index_scale(i, size);
            let first = k.index_offset(first, start);
            let (source, target) = (k.index_scale(first, from_pitch), k.index_scale(first, to_pitch));
            let (source, target) = (k.at(Element::F32, from, source), k.at(Element::F32, to, target));
            for element in 0..size {
                let value = k.load(Lanes::One, source, element * from_pitch);
                k.store(value, target, element * to_pitch);
            }
        });
    }
}
