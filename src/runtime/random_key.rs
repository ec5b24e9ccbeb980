//! Keys of random numbers.

use crate::random::{GOLDEN, mix, text_key};

/// The 32-bit key of a layer's random numbers in one step: a hash of (seed, step, path), so that no layer's
/// numbers depend on what other layers there are.
/// ```text
/// m(x) = mix(x + 0x9E3779B97F4A7C15)      key = high half of m(m(m(seed) + step) + text_key(path))
/// ```
/// `mix` and `text_key` as in [`crate::random`].
pub fn random_key(seed: u64, step: u64, path: &str) -> u32 {
    let next = |x: u64| mix(x.wrapping_add(GOLDEN));
    let mixed = next(next(next(seed).wrapping_add(step)).wrapping_add(text_key(path)));
    (mixed >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::random_key;

    #[test]
    fn seed_step_and_path_all_count() {
        let key = random_key(7, 3, "dropout");
        assert_eq!(key, random_key(7, 3, "dropout"));
        for other in [random_key(8, 3, "dropout"), random_key(7, 4, "dropout"), random_key(7, 3, "dropout_1")]
        {
            assert_ne!(key, other);
        }
    }
}
