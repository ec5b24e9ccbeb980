//! Tiles: the innermost loops, as machine code or as Cranelift functions.

use super::code::TileCode;
use super::target::Simd;

/// A tile, described. Equal descriptions give equal code.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TileDesc {}

/// Code of a tile for the given instructions.
pub fn emit_tile(desc: &TileDesc, _simd: Simd) -> TileCode {
    match *desc {}
}
