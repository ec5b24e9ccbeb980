//! Transposition, in blocks of 4x4. See [`TransposeDesc`].

use cranelift::prelude::Value;

use super::builder::{KernelBuilder, Lanes};
use super::code::{BuildError, Effort, KernelFunction};
use super::desc::TransposeDesc;
use crate::tensor::Element;

/// Code of a transposition.
pub(super) fn build(desc: &TransposeDesc) -> Result<KernelFunction, BuildError> {
    let TransposeDesc { stack, rows, columns } = *desc;
    KernelBuilder::build(Effort::Speed, |k| {
        let (source, destination) = (k.arg(0), k.arg(1));
        let (row_blocks, column_blocks) = (rows / 4 * 4, columns / 4 * 4);
        k.for_range(stack, |k, s| {
            let offset = k.index_scale(s, rows * columns);
            let (from, to) = (k.at(Element::F32, source, offset), k.at(Element::F32, destination, offset));
            k.fold_steps(0, row_blocks, 4, &[], |k, r, _| {
                k.fold_steps(0, column_blocks, 4, &[], |k, c, _| {
                    let (from, to) = (element(k, from, [r, c], columns), element(k, to, [c, r], rows));
                    emit_block(k, desc, from, to);
                    Vec::new()
                });
                Vec::new()
            });
            // what is left: columns beside the blocks, then whole rows below them
            let single = |k: &mut KernelBuilder<'_>, r: Value, c: Value| {
                let (from, to) = (element(k, from, [r, c], columns), element(k, to, [c, r], rows));
                let value = k.load(Lanes::One, from, 0);
                k.store(value, to, 0);
                Vec::new()
            };
            k.fold_steps(0, row_blocks, 1, &[], |k, r, _| {
                k.fold_steps(column_blocks, columns, 1, &[], |k, c, _| single(k, r, c))
            });
            k.fold_steps(row_blocks, rows, 1, &[], |k, r, _| {
                k.fold_steps(0, columns, 1, &[], |k, c, _| single(k, r, c))
            });
        });
        Ok(())
    })
}

/// Address of element `(row, column)`.
fn element(k: &mut KernelBuilder<'_>, pointer: Value, at: [Value; 2], pitch: usize) -> Value {
    let [row, column] = at;
    let offset = k.index_scale(row, pitch);
    let offset = k.index_add(offset, column);
    k.at(Element::F32, pointer, offset)
}

/// Four rows of four, as four columns.
fn emit_block(k: &mut KernelBuilder<'_>, desc: &TransposeDesc, from: Value, to: Value) {
    let [a, b, c, d] = [0, 1, 2, 3].map(|row| k.load(Lanes::Four, from, row * desc.columns));
    let (ab_low, ab_high) = (k.shuffle(a, b, [0, 4, 1, 5]), k.shuffle(a, b, [2, 6, 3, 7]));
    let (cd_low, cd_high) = (k.shuffle(c, d, [0, 4, 1, 5]), k.shuffle(c, d, [2, 6, 3, 7]));
    let halves = [(ab_low, cd_low), (ab_high, cd_high)];
    for (pair, (ab, cd)) in halves.into_iter().enumerate() {
        for (half, words) in [[0, 1, 4, 5], [2, 3, 6, 7]].into_iter().enumerate() {
            let column = k.shuffle(ab, cd, words);
            k.store(column, to, (2 * pair + half) * desc.rows);
        }
    }
}
