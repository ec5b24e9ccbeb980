//! Attributes of a node.

use super::refusal::{Refusal, refuse};
use crate::onnx::proto::{AttributeProto, NodeProto};

/// Reads the attributes of a node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attributes<'n>(pub(super) &'n NodeProto);

impl<'n> Attributes<'n> {
    pub(super) fn find(self, name: &str) -> Option<&'n AttributeProto> {
        self.0.attribute.iter().find(|attribute| attribute.name == name)
    }

    fn value<T>(
        self,
        name: &str,
        kind: &str,
        read: impl FnOnce(&'n AttributeProto) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        let Some(attribute) = self.find(name) else { return Ok(None) };
        match read(attribute) {
            Some(value) => Ok(Some(value)),
            None => Err(refuse(format!("its attribute `{name}` is no {kind}"))),
        }
    }

    pub(super) fn int(self, name: &str, default: i64) -> Result<i64, Refusal> {
        Ok(self.value(name, "whole number", |attribute| attribute.i)?.unwrap_or(default))
    }

    pub(super) fn flag(self, name: &str) -> Result<bool, Refusal> {
        Ok(self.int(name, 0)? != 0)
    }

    pub(super) fn float(self, name: &str, default: f32) -> Result<f32, Refusal> {
        let value = self.value(name, "number", |attribute| attribute.f)?.unwrap_or(default);
        if value.is_finite() { Ok(value) } else { Err(refuse(format!("its attribute `{name}` is {value}"))) }
    }

    pub(super) fn word(self, name: &str, default: &'static str) -> Result<&'n str, Refusal> {
        let read = |attribute: &'n AttributeProto| std::str::from_utf8(attribute.s.as_deref()?).ok();
        Ok(self.value(name, "word", read)?.unwrap_or(default))
    }

    /// A list; `None` where it is not there.
    pub(super) fn ints(self, name: &str) -> Option<&'n [i64]> {
        self.find(name).map(|attribute| attribute.ints.as_slice())
    }

    /// One number for each of two axes.
    pub(super) fn pair(self, name: &str, default: [usize; 2]) -> Result<[usize; 2], Refusal> {
        match self.ints(name) {
            None => Ok(default),
            Some(&[a, b]) => match (usize::try_from(a), usize::try_from(b)) {
                (Ok(a), Ok(b)) if a.max(b) <= crate::vocabulary::WIDEST => Ok([a, b]),
                _ => Err(refuse(format!("its `{name}` is {a}, {b}"))),
            },
            Some(other) => Err(refuse(format!("its `{name}` has {} numbers, not 2", other.len()))),
        }
    }
}
