//! The model of the memory that decides about blocking: what caches hold, and how fast they deliver.

/// What a level holds, and the bytes a cycle that come from it: the first-level cache (loads that tiles make
/// anyway), the second, a share of the third, memory. Rounded down from what current servers do, so that a
/// choice made here is not far off on any of them.
const LEVELS: [(usize, f64); 4] = [(24 << 10, 512.0), (768 << 10, 32.0), (12 << 20, 10.0), (usize::MAX, 4.0)];

/// Weights that no cache holds from one batch to the next, or one shard to the next: all of a model's
/// together have to fit.
pub(crate) fn stay_in_cache(weights: usize) -> bool {
    weights <= LEVELS[LEVELS.len() - 2].0
}

/// Cycles to read or write `bytes` in memory.
pub(crate) fn from_memory(bytes: usize) -> f64 {
    bytes as f64 / LEVELS[LEVELS.len() - 1].1
}

/// Cycles to go through `bytes` that are visited again and again, once.
pub(crate) fn streaming(bytes: usize) -> f64 {
    let rate = LEVELS.iter().find(|(size, _)| bytes <= *size).map_or(1.0, |(_, rate)| *rate);
    bytes as f64 / rate
}

/// A core's share of the third level where all cores work, each on data of its own.
const SHARE_OF_THIRD: usize = 4 << 20;

/// The same where so much else is visited in between that the third level is the best that `bytes` can stay
/// in, and the other cores' data are there as well.
pub(crate) fn streaming_among_others(bytes: usize) -> f64 {
    let [.., (_, third), (_, memory)] = LEVELS;
    bytes as f64 / if bytes <= SHARE_OF_THIRD { third } else { memory }
}
