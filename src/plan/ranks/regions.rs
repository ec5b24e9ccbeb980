//! Bytes of the arena that some tasks touch.

use std::ops::Range;

use crate::plan::launch::{Access, Region, Space};
use crate::plan::{Place, Plan};

/// The bytes that tasks `tasks` of a space touch by an argument, in order where tasks go on where the one
/// before ends; none where the argument lies in a worker's scratch memory.
pub(super) fn touched(plan: &Plan, space: Space, access: &Access, tasks: &Range<usize>) -> Vec<Range<usize>> {
    let buffer = plan.buffer(access.buffer);
    let Place::Arena(base) = buffer.place else { return Vec::new() };
    if tasks.is_empty() {
        return Vec::new();
    }
    let tasks = if access.stride == 0 { 0..1 } else { tasks.clone() };
    let end = base + buffer.bytes;
    let clipped = |start: usize, bytes: usize| start.min(end)..(start + bytes).min(end).max(start.min(end));
    let (rows, pitch, bytes) = as_rows(access.region);
    let (.., last) = as_rows(access.region_of(space, tasks.end - 1));
    let first = base + access.offset + tasks.start * access.stride;
    // tasks one behind the other touch one range of each row
    let joined = bytes >= access.stride;
    let runs = if joined { 1 } else { tasks.len() };
    let width = if joined { (tasks.len() - 1) * access.stride + last } else { bytes };
    let mut ranges = Vec::with_capacity(runs * rows);
    for run in 0..runs {
        for row in 0..rows {
            let start = first + run * access.stride + row * pitch;
            // what the last task of all touches besides its own columns belongs to the next row
            let width = if rows > 1 { width.min(pitch - (start - base) % pitch) } else { width };
            ranges.push(clipped(start, width));
        }
    }
    ranges.retain(|range| !range.is_empty());
    ranges
}

/// Rows, their pitch, and how many bytes of each.
fn as_rows(region: Region) -> (usize, usize, usize) {
    match region {
        Region::Block { bytes } => (1, 0, bytes),
        Region::Rows { rows, pitch, bytes } => (rows, pitch, bytes),
    }
}

/// Sorts ranges and makes those one that meet.
pub(super) fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            Some(_) | None => merged.push(range),
        }
    }
    merged
}
