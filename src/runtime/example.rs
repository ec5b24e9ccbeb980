//! What tests of whole networks share: programs from text, and numbers that are the same every time.

use crate::front::load;
use crate::ir::CheckedProgram;
use crate::lower::LowerOptions;
use crate::source::SourceFile;

/// The program of a file with this text.
pub(super) fn program(text: String) -> CheckedProgram {
    let loaded = load(SourceFile::new("m.cnn", text), &LowerOptions::default(), &|_| None);
    loaded.program.unwrap_or_else(|| panic!("{:?}", loaded.problems))
}

/// Numbers around 0 that follow from their place alone.
pub(super) fn numbers(seed: usize, count: usize) -> Vec<f32> {
    let number = |i: usize| ((i * 7 + seed * 13 + i * i % 11) % 23) as f32 / 23.0 - 0.5;
    (0..count).map(number).collect()
}

/// Weights of this shape that keep the size of what they multiply.
pub(super) fn weights(seed: usize, extents: &[usize]) -> Vec<f32> {
    let count: usize = extents.iter().product();
    let inputs = (count / extents[extents.len() - 1]).max(1) as f32;
    numbers(seed, count).into_iter().map(|value| 3.0 * value / inputs.sqrt()).collect()
}
