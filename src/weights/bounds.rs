//! What is believed of a file before it has been read.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::error::FileError;
use crate::tensor::Shape;
use crate::zoo::Listed;

/// Most tensors of a file: the largest networks have some thousands.
const MOST_TENSORS: usize = 20_000;
/// Most values of a JSON text about tensors: each has a name, a type, extents and a place.
const MOST_VALUES: usize = 12 * MOST_TENSORS;
/// Weights hardly compress; what claims to be more than this many times the file is no file of weights.
const MOST_GROWTH: u64 = 64;
/// Held to be small in any case.
pub(super) const SMALL_BYTES: u64 = 16 << 20;

/// Refuses more entries than any network has.
pub(super) fn count(entries: usize) -> Result<(), FileError> {
    if entries <= MOST_TENSORS {
        return Ok(());
    }
    Err(FileError::format("a file of weights", format!("it has {entries} entries, more than {MOST_TENSORS}")))
}

/// Refuses a JSON text of more values than tell of any network, without keeping one.
/// # Errors
/// It has more, or is no JSON.
pub(super) fn values(text: &[u8]) -> Result<(), serde_json::Error> {
    let mut left = MOST_VALUES;
    Values(&mut left).deserialize(&mut serde_json::Deserializer::from_slice(text))
}

/// Counts values down.
struct Values<'l>(&'l mut usize);

impl Values<'_> {
    fn one<E: Error>(&mut self) -> Result<(), E> {
        let found = || E::custom(format_args!("of more than {MOST_VALUES} values"));
        *self.0 = self.0.checked_sub(1).ok_or_else(found)?;
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Values<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Values<'_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Values(self.0))?.is_some() {
            self.one()?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while map.next_key_seed(Values(self.0))?.is_some() {
            self.one()?;
            map.next_value_seed(Values(self.0))?;
        }
        Ok(())
    }
}

/// Most bytes that a file of this length may unpack to.
pub(super) fn most_bytes(file_bytes: u64) -> u64 {
    file_bytes.saturating_mul(MOST_GROWTH).max(SMALL_BYTES)
}

/// Refuses tensors that could not all be in the file, and shapes beyond counting.
pub(super) fn sizes(tensors: &[Listed], file_bytes: u64) -> Result<(), FileError> {
    count(tensors.len())?;
    let most = most_bytes(file_bytes);
    let mut all = 0_u64;
    for tensor in tensors {
        let bytes = u64::try_from(tensor.shape.elements()).unwrap_or(u64::MAX).saturating_mul(2);
        all = all.saturating_add(bytes);
        if all > most {
            let found = format!(
                "its tensors would be far larger than the file: `{}` is {}, and the file has {file_bytes} bytes",
                tensor.name, tensor.shape
            );
            return Err(FileError::format("a file of weights", found));
        }
    }
    Ok(())
}

/// A shape out of a file.
pub(super) fn shape(name: &str, extents: impl IntoIterator<Item = u64>) -> Result<Shape, FileError> {
    let extents: Option<Vec<usize>> =
        extents.into_iter().map(|extent| usize::try_from(extent).ok()).collect();
    let known = |extents: &Vec<usize>| {
        let elements = extents.iter().try_fold(1_usize, |all, extent| all.checked_mul(*extent));
        extents.len() <= 8 && elements.is_some_and(|elements| elements < 1 << 40)
    };
    extents.filter(known).map(Shape::new).ok_or_else(|| {
        FileError::format("a file of weights", format!("the shape of `{name}` is none of weights"))
    })
}
