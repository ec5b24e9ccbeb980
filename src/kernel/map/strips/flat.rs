//! Runs of elements that follow each other: turns of several vectors, then what is left.

use cranelift::prelude::Value;

use super::{Unit, hash_starts, room_for_hashes, strip, with_hashes};
use crate::kernel::builder::{KernelBuilder, Trips};
use crate::kernel::map::Map;
use crate::kernel::micro::StripRun;

/// One run of `length` elements. `element` is the index within the batch of its first.
pub(in crate::kernel::map) fn emit_run(
    k: &mut KernelBuilder<'_>,
    map: &Map<'_>,
    lanes: usize,
    pointers: &[Value],
    length: Trips,
    element: Value,
) {
    let vectors = match map.weight {
        0..=12 => 4,
        13..=40 => 2,
        _ => 1,
    };
    let block = vectors * lanes;
    let (turns, rest) = match length {
        Trips::Constant(n) => (Trips::Constant(n / block), Trips::Constant(n % block)),
        Trips::Runtime(n) => {
            let whole = k.index_round_down(n, block);
            let rest = k.index_sub(n, whole);
            (Trips::Runtime(k.index_divide(n, block)), Trips::Runtime(rest))
        }
    };
    let memory = room_for_hashes(k, map, lanes);
    hash_starts(k, map, lanes, &memory, element);
    let mut pointers = with_hashes(map, pointers, &memory);
    let bytes = |at: usize| if map.is_streamed(at) { map.element(at).size_bytes() } else { 0 };
    if !matches!(turns, Trips::Constant(0)) {
        let moves = (0..pointers.len()).map(|at| (block * bytes(at)) as isize).collect();
        let units: Vec<Unit> = (0..vectors).map(|v| Unit { pixel: 0, start: v * lanes }).collect();
        let strip = strip(map, lanes, &units, [0, block], StripRun::Turns { moves, lanes });
        let turns = match turns {
            Trips::Constant(turns) => k.index(turns),
            Trips::Runtime(turns) => turns,
        };
        k.call_strip_along(&strip, &pointers, turns);
        let elements = k.index_scale(turns, block);
        for (at, pointer) in pointers.iter_mut().enumerate() {
            if map.is_streamed(at) {
                *pointer = k.at(map.element(at), *pointer, elements);
            }
        }
    }
    let strip = |run| strip(map, lanes, &[Unit { pixel: 0, start: 0 }], [0, lanes], run);
    match rest {
        Trips::Constant(0) => {}
        Trips::Constant(rest) => k.call_strip(&strip(StripRun::Elements(rest)), &pointers),
        Trips::Runtime(rest) => {
            k.when(rest, |k| k.call_strip_along(&strip(StripRun::Argument), &pointers, rest))
        }
    }
}
