//! Checksums over all that this program writes and reads back: they find damage, not forgery.
//!
//! The function is XXH3 with 128 bits: any change of a byte is found (all but one in 2¹²⁸), and it
//! reads faster than memory delivers.

use std::fmt;

use twox_hash::xxhash3_128::Hasher;

/// Floats that are turned into bytes at a time.
const FLOATS: usize = 4096;

/// The checksum of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Checksum(u128);

impl Checksum {
    /// Characters of the text of a checksum.
    pub const TEXT_LEN: usize = 32;

    /// The checksum of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Hasher::oneshot(bytes))
    }

    /// Half of its bits: enough to tell the pictures of a data set apart.
    pub fn short(self) -> u64 {
        self.0 as u64
    }
}

/// 32 lower-case hexadecimal digits.
impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A checksum that is being made, piece by piece.
pub struct Summing(Hasher);

impl Default for Summing {
    fn default() -> Self {
        Self(Hasher::new())
    }
}

impl Summing {
    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    /// Adds numbers, as the bytes that a file holds for them.
    pub fn add_floats(&mut self, values: &[f32]) {
        in_bytes(values, |bytes| {
            self.add(bytes);
            Ok::<(), std::convert::Infallible>(())
        })
        .unwrap_or_else(|never| match never {});
    }

    /// The checksum of all that was added.
    pub fn sum(&self) -> Checksum {
        Checksum(self.0.finish_128())
    }
}

/// Gives numbers as little-endian bytes, some thousands at a time.
/// # Errors
/// What `take` says.
pub fn in_bytes<E>(values: &[f32], mut take: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
    let mut bytes = [0; 4 * FLOATS];
    for values in values.chunks(FLOATS) {
        let bytes = &mut bytes[..4 * values.len()];
        for (four, value) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(values) {
            *four = value.to_le_bytes();
        }
        take(bytes)?;
    }
    Ok(())
}

/// A text with its checksum in a line before it.
pub fn sealed(text: &str) -> String {
    format!("{SEAL}{}\n{text}", Checksum::of(text.as_bytes()))
}

/// The text that was [`sealed`]; `None` where a single byte is another.
pub fn unsealed(bytes: &[u8]) -> Option<&str> {
    let rest = bytes.strip_prefix(SEAL.as_bytes())?;
    let (sum, text) = rest.split_at_checked(Checksum::TEXT_LEN)?;
    let text = text.strip_prefix(b"\n")?;
    (Checksum::of(text).to_string().as_bytes() == sum).then(|| std::str::from_utf8(text).ok())?
}

/// How a sealed text begins.
const SEAL: &str = "xxh3 ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_sum_up_to_the_whole() {
        let values: Vec<f32> = (0..10_000).map(|n| n as f32 / 7.0).collect();
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let mut sum = Summing::default();
        sum.add(&bytes[..400]);
        sum.add_floats(&values[100..]);
        assert_eq!(sum.sum(), Checksum::of(&bytes));
        assert_eq!(Checksum::of(b"").to_string().len(), Checksum::TEXT_LEN);
    }

    #[test]
    fn every_byte_of_a_sealed_text_counts() {
        let whole = sealed("one\ntwo\n").into_bytes();
        assert_eq!(unsealed(&whole), Some("one\ntwo\n"));
        for at in 0..whole.len() {
            for flipped in [1, 0x20, 0x80] {
                let mut damaged = whole.clone();
                damaged[at] ^= flipped;
                assert_eq!(unsealed(&damaged), None, "byte {at}");
            }
            assert_eq!(unsealed(&whole[..at]), None);
        }
    }
}
