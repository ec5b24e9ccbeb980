//! Keys of random numbers.

/// The 32-bit key of a layer's random numbers in one step: a hash of (seed, step, path), so that no layer's numbers depend on what other layers there are.
/// ```text
/// path: FNV-1a, 64 bits      key = high half of mix(mix(mix(seed) + step) + path), mix = SplitMix64's finalizer
/// ```
/// Sources: Fowler, Noll & Vo, FNV-1a; Steele, Lea & Flood (2014), "Fast splittable pseudorandom number generators".
pub fn random_key(seed: u64, step: u64, path: &str) -> u32 {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    let path = path.bytes().fold(0xCBF2_9CE4_8422_2325, fnv);
    let mixed = mix(mix(mix(seed).wrapping_add(step)).wrapping_add(path));
    (mixed >> 32) as u32
}

fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
