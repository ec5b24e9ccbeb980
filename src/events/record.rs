//! Records of an event file, as TensorFlow's `RecordWriter` frames them.
//!
//! ```text
//! u64 length of the data     u32 masked CRC-32C of the length     the data     u32 masked CRC-32C of the data
//! ```
//! All numbers have their lowest byte first.

/// Bytes around the data.
#[cfg(test)]
const FRAME: usize = 16;

/// Adds a record to bytes.
pub(super) fn push(bytes: &mut Vec<u8>, data: &[u8]) {
    let length = (data.len() as u64).to_le_bytes();
    bytes.extend(length);
    bytes.extend(masked_crc(&length).to_le_bytes());
    bytes.extend(data);
    bytes.extend(masked_crc(data).to_le_bytes());
}

/// A checksum that is stored beside what it is of: turned and moved, so that the checksum of bytes that hold
/// checksums is no simple function of these.
fn masked_crc(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_tensorboard() {
        // of `tensorboard.compat.tensorflow_stub.pywrap_tensorflow.masked_crc32c`
        assert_eq!(masked_crc(b""), 0xa282_ead8);
        assert_eq!(masked_crc(b"123456789"), 0xc78a_b0e5);
        assert_eq!(masked_crc(&24_u64.to_le_bytes()), 0x224b_7fa3);
    }

    #[test]
    fn a_record_is_framed() {
        let mut bytes = vec![7];
        push(&mut bytes, b"data");
        assert_eq!(bytes.len(), 1 + FRAME + 4);
        assert_eq!(bytes[1..9], [4, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[9..13], masked_crc(&bytes[1..9]).to_le_bytes());
        assert_eq!(bytes[13..17], *b"data");
        assert_eq!(bytes[17..], masked_crc(b"data").to_le_bytes());
    }
}
