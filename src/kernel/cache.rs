//! The model of the memory that decides about blocking: what caches hold, and how fast they deliver.

/// What a level holds, and the bytes a cycle that come from it: the first-level cache (loads that tiles make anyway), the second, a share of the third, memory. Rounded down from what current servers
/// do, so that a choice made here is not far off on any of them.
const LEVELS: [(usize, f64); 4] = [(24 << 10, 512.0), (768 << 10, 32.0), (12 << 20, 10.0), (usize::MAX, 4.0)];

/// Cycles to go through `bytes` that are visited again and again, once.
pub(super) fn streaming(bytes: usize) -> f64 {
    let rate = LEVELS.iter().find(|(size, _)| bytes <= *size).map_or(1.0, |(_, rate)| *rate);
    bytes as f64 / rate
}
