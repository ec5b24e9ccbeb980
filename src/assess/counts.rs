//! What is counted of a class.

use serde::{Deserialize, Serialize};

/// Of one class: pictures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Of the class, and taken for it.
    pub hits: u64,
    /// Taken for it.
    pub said: u64,
    /// Of the class: its support.
    pub wanted: u64,
}

impl Counts {
    /// Counts one more picture.
    pub fn add(&mut self, said: bool, wanted: bool) {
        self.hits += u64::from(said && wanted);
        self.said += u64::from(said);
        self.wanted += u64::from(wanted);
    }

    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            hits: self.hits + other.hits,
            said: self.said + other.said,
            wanted: self.wanted + other.wanted,
        }
    }

    /// Whether any picture is of the class or is taken for it.
    pub fn occurs(self) -> bool {
        self.said + self.wanted > 0
    }
}
