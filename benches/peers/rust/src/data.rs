//! Random pictures and labels, the same at each start. Their values do not matter to the time; that they are
//! no constant does, for max pools.

/// Numbers that look random enough (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 32
    }
}

/// As many numbers from 0 to 1.
pub fn pictures(values: usize) -> Vec<f32> {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    (0..values).map(|_| random.next() as f32 / u32::MAX as f32).collect()
}

/// A class for each picture of a batch.
pub fn labels(batch: usize, classes: usize) -> Vec<u32> {
    let mut random = Random(0xD1B5_4A32_D192_ED03);
    (0..batch).map(|_| (random.next() % classes as u64) as u32).collect()
}
