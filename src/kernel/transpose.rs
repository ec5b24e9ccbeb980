//! Transposition of a stack of matrices. See [`TransposeDesc`].

use super::builder::{KernelBuilder, Trips};
use super::code::{BuildError, Effort, KernelFunction};
use super::target::Target;
use super::turn::Turn;
use crate::desc::TransposeDesc;
use crate::tensor::Element;

/// Code of a transposition.
pub(super) fn build(desc: &TransposeDesc, target: &Target) -> Result<KernelFunction, BuildError> {
    let TransposeDesc { stack, rows, columns } = *desc;
    KernelBuilder::build(Effort::Speed, |k| {
        let (source, destination) = (k.arg(0), k.arg(1));
        k.for_range(stack, |k, s| {
            let offset = k.index_scale(s, rows * columns);
            let pointers = [k.at(Element::F32, source, offset), k.at(Element::F32, destination, offset)];
            let size = [Trips::Constant(rows), Trips::Constant(columns)];
            Turn { size, pointers, pitches: [columns, rows] }.emit(k, target.simd);
        });
        Ok(())
    })
}
