//! NumPy's .npy format: a header that says element, order and shape, then the elements.
//!
//! ```text
//! 0   93 'N' 'U' 'M' 'P' 'Y'
//! 6   major version, minor version
//! 8   header length: u16 (version 1) or u32 (2, 3), little-endian
//! …   {'descr': '|u1', 'fortran_order': False, 'shape': (60000, 28, 28), }
//! …   the elements, last axis fastest
//! ```

use std::io::Read;

use super::bounds::size_text;

/// Headers of real arrays have about 128 bytes.
const MAX_HEADER_BYTES: usize = 1 << 16;
/// Reserved before the first byte is read; beyond it memory grows with what really comes.
const RESERVE_BYTES: u64 = 64 << 20;
/// Nothing larger is read: 64 GiB.
const LIMIT_BYTES: u64 = 64 << 30;

/// Elements that can be read; little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NpyElement {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F16,
    F32,
    F64,
}

impl NpyElement {
    const NAMES: [(&'static str, NpyElement); 11] = [
        ("u1", NpyElement::U8),
        ("i1", NpyElement::I8),
        ("u2", NpyElement::U16),
        ("i2", NpyElement::I16),
        ("u4", NpyElement::U32),
        ("i4", NpyElement::I32),
        ("u8", NpyElement::U64),
        ("i8", NpyElement::I64),
        ("f2", NpyElement::F16),
        ("f4", NpyElement::F32),
        ("f8", NpyElement::F64),
    ];

    fn size_bytes(self) -> u64 {
        match self {
            NpyElement::U8 | NpyElement::I8 => 1,
            NpyElement::U16 | NpyElement::I16 | NpyElement::F16 => 2,
            NpyElement::U32 | NpyElement::I32 | NpyElement::F32 => 4,
            NpyElement::U64 | NpyElement::I64 | NpyElement::F64 => 8,
        }
    }
}

/// What the header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpyHeader {
    /// What its elements are.
    pub element: NpyElement,
    /// Its extents.
    pub shape: Vec<usize>,
    /// The first axis is the fastest.
    pub is_fortran: bool,
}

impl NpyHeader {
    /// Bytes of all elements; `None` where that is absurd.
    fn size_bytes(&self) -> Option<u64> {
        (self.shape.iter())
            .try_fold(self.element.size_bytes(), |product, &extent| product.checked_mul(extent as u64))
            .filter(|&bytes| bytes <= LIMIT_BYTES)
    }
}

/// Reads the header of an array whose last axis is the fastest, and leaves the stream at the first element.
/// # Errors
/// The reason, in words.
pub fn header(stream: &mut dyn Read) -> Result<NpyHeader, String> {
    let header = header_of_either_order(stream)?;
    if header.is_fortran {
        return Err("it is in Fortran order: save it with numpy.ascontiguousarray".to_owned());
    }
    Ok(header)
}

/// Reads a header and leaves the stream at the first element.
/// # Errors
/// The reason, in words.
pub fn header_of_either_order(stream: &mut dyn Read) -> Result<NpyHeader, String> {
    let broken = |error: std::io::Error| format!("it ends or breaks off in its header ({error})");
    let mut start = [0u8; 8];
    stream.read_exact(&mut start).map_err(broken)?;
    if &start[..6] != b"\x93NUMPY" {
        return Err("it is no NumPy array (.npy)".to_owned());
    }
    let mut length = [0u8; 4];
    let length_bytes = if start[6] == 1 { 2 } else { 4 };
    stream.read_exact(&mut length[..length_bytes]).map_err(broken)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_HEADER_BYTES {
        return Err(format!("its header claims {length} bytes"));
    }
    let mut text = vec![0u8; length];
    stream.read_exact(&mut text).map_err(broken)?;
    parse(&String::from_utf8_lossy(&text))
}

/// Parses the dictionary: three keys in any order.
fn parse(text: &str) -> Result<NpyHeader, String> {
    let after = |key: &str| {
        let quoted = [format!("'{key}'"), format!("\"{key}\"")];
        let rest = quoted.iter().find_map(|key| text.split_once(key.as_str()))?.1;
        Some(rest.trim_start().strip_prefix(':')?.trim_start())
    };
    let unknown = |what: &str| format!("its header has no {what} that can be read: {}", text.trim());
    let descr = after("descr")
        .and_then(|rest| rest.split(['\'', '"']).nth(1))
        .ok_or_else(|| unknown("element type"))?;
    let element = match descr.split_at_checked(1) {
        Some(("<" | "|" | "=", name)) => {
            NpyElement::NAMES.iter().find(|(known, _)| *known == name).map(|&(_, element)| element)
        }
        _ => None,
    };
    let element = element.ok_or_else(|| {
        format!("its elements are `{descr}`, which is not supported: save it as uint8 or float32")
    })?;
    let order = after("fortran_order").ok_or_else(|| unknown("order"))?;
    let shape = after("shape")
        .and_then(|rest| rest.strip_prefix('(')?.split_once(')'))
        .ok_or_else(|| unknown("shape"))?
        .0;
    let extents = shape.split(',').map(str::trim).filter(|extent| !extent.is_empty());
    let shape = extents
        .map(|extent| extent.parse().map_err(|_| unknown("shape")))
        .collect::<Result<Vec<usize>, _>>()?;
    Ok(NpyHeader { element, shape, is_fortran: !order.starts_with("False") })
}

/// Reads all elements as bytes; exactly as many as the header says, and no more than `most`.
/// # Errors
/// The reason, in words.
pub fn data(stream: &mut dyn Read, header: &NpyHeader, most: u64) -> Result<Vec<u8>, String> {
    let expected = header
        .size_bytes()
        .ok_or_else(|| format!("its shape {:?} is no size of a data set", header.shape))?;
    if expected > most {
        let (wanted, most) = (size_text(expected), size_text(most));
        return Err(format!(
            "its shape {:?} takes {wanted}, more than the memory allows ({most})",
            header.shape
        ));
    }
    let mut bytes = Vec::with_capacity(expected.min(RESERVE_BYTES) as usize);
    stream
        .take(expected + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("it breaks off in its data ({error})"))?;
    if bytes.len() as u64 != expected {
        let found = if bytes.len() as u64 > expected { "more".to_owned() } else { bytes.len().to_string() };
        return Err(format!("its header says {:?}, {expected} bytes, but there are {found}", header.shape));
    }
    Ok(bytes)
}

/// Integers as i64; `None` for floating point.
pub(super) fn integers(bytes: &[u8], element: NpyElement) -> Option<Vec<i64>> {
    fn each<const N: usize>(bytes: &[u8], convert: impl Fn([u8; N]) -> i64) -> Vec<i64> {
        bytes.as_chunks().0.iter().map(|&chunk| convert(chunk)).collect()
    }
    match element {
        NpyElement::U8 => Some(each(bytes, |[byte]| i64::from(byte))),
        NpyElement::I8 => Some(each(bytes, |chunk| i64::from(i8::from_le_bytes(chunk)))),
        NpyElement::U16 => Some(each(bytes, |chunk| i64::from(u16::from_le_bytes(chunk)))),
        NpyElement::I16 => Some(each(bytes, |chunk| i64::from(i16::from_le_bytes(chunk)))),
        NpyElement::U32 => Some(each(bytes, |chunk| i64::from(u32::from_le_bytes(chunk)))),
        NpyElement::I32 => Some(each(bytes, |chunk| i64::from(i32::from_le_bytes(chunk)))),
        // What does not fit is out of any range of classes, and so is the largest i64.
        NpyElement::U64 => {
            Some(each(bytes, |chunk| i64::try_from(u64::from_le_bytes(chunk)).unwrap_or(i64::MAX)))
        }
        NpyElement::I64 => Some(each(bytes, i64::from_le_bytes)),
        NpyElement::F16 | NpyElement::F32 | NpyElement::F64 => None,
    }
}

/// Values of any element as f32, each rounded once.
pub fn numbers(bytes: &[u8], element: NpyElement) -> Vec<f32> {
    match element {
        NpyElement::F16 => {
            bytes.as_chunks().0.iter().map(|&chunk| half::f16::from_le_bytes(chunk).to_f32()).collect()
        }
        NpyElement::F32 => floats(bytes),
        NpyElement::F64 => {
            bytes.as_chunks().0.iter().map(|&chunk| f64::from_le_bytes(chunk) as f32).collect()
        }
        NpyElement::U8
        | NpyElement::I8
        | NpyElement::U16
        | NpyElement::I16
        | NpyElement::U32
        | NpyElement::I32
        | NpyElement::U64
        | NpyElement::I64 => {
            integers(bytes, element).unwrap_or_default().into_iter().map(|value| value as f32).collect()
        }
    }
}

/// f32 values.
pub(super) fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&chunk| f32::from_le_bytes(chunk)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(dictionary: &str) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((dictionary.len() as u16).to_le_bytes());
        bytes.extend(dictionary.as_bytes());
        bytes
    }

    #[test]
    fn reads_headers() {
        let header_of = |dictionary: &str| header(&mut npy(dictionary).as_slice());
        assert_eq!(
            header_of("{'descr': '|u1', 'fortran_order': False, 'shape': (60000, 28, 28), }  \n").unwrap(),
            NpyHeader { element: NpyElement::U8, shape: vec![60000, 28, 28], is_fortran: false }
        );
        assert_eq!(
            header_of("{\"shape\": (5,), \"fortran_order\": False, \"descr\": \"<i8\"}").unwrap(),
            NpyHeader { element: NpyElement::I64, shape: vec![5], is_fortran: false }
        );
        for (dictionary, expected) in [
            ("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "not supported"),
            ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "not supported"),
            ("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", "Fortran"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1, x), }", "no shape"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,), }", "no shape"),
            ("{'descr': '", "not supported"),
            ("{'descr': 3", "element type"),
            ("", "element type"),
        ] {
            let error = header_of(dictionary).unwrap_err();
            assert!(error.contains(expected), "{dictionary}: {error}");
        }
    }

    #[test]
    fn refuses_what_is_no_array() {
        assert!(header(&mut &b"hello, world"[..]).unwrap_err().contains("no NumPy array"));
        assert!(header(&mut &b"\x93NUM"[..]).unwrap_err().contains("breaks off"));
        assert!(header(&mut &b"\x93NUMPY\x02\x00\xff\xff\xff\xff"[..]).unwrap_err().contains("claims"));
    }

    #[test]
    fn data_must_be_as_long_as_the_header_says() {
        let head = NpyHeader { element: NpyElement::U16, shape: vec![2], is_fortran: false };
        assert_eq!(
            integers(&data(&mut &[1u8, 0, 2, 1][..], &head, 4).unwrap(), head.element).unwrap(),
            [1, 258]
        );
        assert!(data(&mut &[1u8, 0, 2][..], &head, 4).unwrap_err().contains("4 bytes, but there are 3"));
        assert!(data(&mut &[0u8; 5][..], &head, 3).unwrap_err().contains("takes 4 bytes"));
        assert!(data(&mut &[0u8; 5][..], &head, 4).unwrap_err().contains("more"));
        let absurd = NpyHeader { element: NpyElement::F64, shape: vec![usize::MAX, 8], is_fortran: false };
        assert!(data(&mut &[0u8; 5][..], &absurd, u64::MAX).unwrap_err().contains("no size"));
    }
}
