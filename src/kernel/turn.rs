//! Rows of a matrix become columns: in blocks as wide as a vector, then in blocks of 4x4, then one by one.

use cranelift::prelude::Value;

use super::Simd;
use super::builder::{KernelBuilder, Lanes, Trips};
use super::micro::{MemoryOperand, Mix, StripBuilder, StripDesc, StripOp, StripRun, StripValue};
use crate::tensor::Element;

/// A matrix and where its transpose goes: `to[c · to_pitch + r] = from[r · from_pitch + c]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    /// Rows and columns of `from`.
    pub(super) size: [Trips; 2],
    /// `from` and `to`.
    pub(super) pointers: [Value; 2],
    /// Elements from a row to the next.
    pub(super) pitches: [usize; 2],
}

impl Turn {
    /// Writes all of it.
    pub(super) fn emit(&self, k: &mut KernelBuilder<'_>, simd: Simd) {
        let [rows, columns] = self.size;
        let (zero, lanes) = (Trips::Constant(0), simd.lanes());
        let wide = match (simd, columns) {
            (Simd::Avx2 | Simd::Avx512, Trips::Constant(columns)) => columns / lanes,
            (Simd::Portable | Simd::Neon, _) | (_, Trips::Runtime(_)) => 0,
        };
        if wide == 0 {
            return self.emit_fours(k, [zero, rows], [zero, columns]);
        }
        let above = whole(k, rows, lanes);
        let strip = block(lanes, self.pitches);
        k.fold_steps(zero, above, lanes, &[], |k, row, _| {
            let column = k.index(0);
            let (pointers, turns) = (self.at(k, row, column), k.index(wide));
            k.call_strip_along(&strip, &pointers, turns);
            Vec::new()
        });
        self.emit_fours(k, [zero, above], [Trips::Constant(wide * lanes), columns]);
        self.emit_fours(k, [above, rows], [zero, columns]);
    }

    /// Some rows and columns, from a multiple of four on each: in blocks of 4x4 and what is left beside and
    /// below them.
    fn emit_fours(&self, k: &mut KernelBuilder<'_>, [top, bottom]: [Trips; 2], [left, right]: [Trips; 2]) {
        let (rows, columns) = (whole(k, bottom, 4), whole(k, right, 4));
        k.fold_steps(top, rows, 4, &[], |k, r, _| {
            k.fold_steps(left, columns, 4, &[], |k, c, _| {
                let pointers = self.at(k, r, c);
                four(k, pointers, self.pitches);
                Vec::new()
            })
        });
        for (rows, columns) in [([top, rows], [columns, right]), ([rows, bottom], [left, right])] {
            k.fold_steps(rows[0], rows[1], 1, &[], |k, r, _| {
                k.fold_steps(columns[0], columns[1], 1, &[], |k, c, _| {
                    let [from, to] = self.at(k, r, c);
                    let value = k.load(Lanes::One, from, 0);
                    k.store(value, to, 0);
                    Vec::new()
                })
            });
        }
    }

    /// Where element `(row, column)` is, and where it goes.
    fn at(&self, k: &mut KernelBuilder<'_>, row: Value, column: Value) -> [Value; 2] {
        let ([from, to], [from_pitch, to_pitch]) = (self.pointers, self.pitches);
        let (source, target) = (k.index_scale(row, from_pitch), k.index_scale(column, to_pitch));
        let (source, target) = (k.index_add(source, column), k.index_add(target, row));
        [k.at(Element::F32, from, source), k.at(Element::F32, to, target)]
    }
}

/// The largest multiple of a power of two that is not above a number.
fn whole(k: &mut KernelBuilder<'_>, number: Trips, step: usize) -> Trips {
    match number {
        Trips::Constant(number) => Trips::Constant(number / step * step),
        Trips::Runtime(number) => Trips::Runtime(k.index_round_down(number, step)),
    }
}

/// Four rows of four, as four columns.
fn four(k: &mut KernelBuilder<'_>, [from, to]: [Value; 2], [from_pitch, to_pitch]: [usize; 2]) {
    let [a, b, c, d] = [0, 1, 2, 3].map(|row| k.load(Lanes::Four, from, row * from_pitch));
    let (ab_low, ab_high) = (k.shuffle(a, b, [0, 4, 1, 5]), k.shuffle(a, b, [2, 6, 3, 7]));
    let (cd_low, cd_high) = (k.shuffle(c, d, [0, 4, 1, 5]), k.shuffle(c, d, [2, 6, 3, 7]));
    let halves = [(ab_low, cd_low), (ab_high, cd_high)];
    for (pair, (ab, cd)) in halves.into_iter().enumerate() {
        for (half, words) in [[0, 1, 4, 5], [2, 3, 6, 7]].into_iter().enumerate() {
            let column = k.shuffle(ab, cd, words);
            k.store(column, to, (2 * pair + half) * to_pitch);
        }
    }
}

/// Turns a square block, then the one to the right of it. Pointers: `from`, `to`.
///
/// With vectors of n quarters (128 bits): within quarters, pairs of rows are mixed, then pairs of pairs,
/// which leaves vector `4g + j` with rows `4g..4g + 4` of columns `j`, `j + 4`, … in its quarters; what is
/// left is to turn the n x n quarters of the vectors `j`, `4 + j`, ….
fn block(lanes: usize, [from_pitch, to_pitch]: [usize; 2]) -> StripDesc {
    let mut b = StripBuilder::default();
    let mut rows: Vec<StripValue> =
        (0..lanes).map(|row| b.load(MemoryOperand::new(0, (row * from_pitch) as isize))).collect();
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
            b.store(Some(value), MemoryOperand::new(1, ((4 * quarter + j) * to_pitch) as isize));
        }
    }
    let moves = [4 * lanes, 4 * lanes * to_pitch].map(usize::cast_signed).to_vec();
    b.finish_run(&[4, 4], StripRun::Turns { moves, lanes }, &[])
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
