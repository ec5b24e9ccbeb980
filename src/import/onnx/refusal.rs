//! What has no words here.

/// Why a node is no layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) why: String,
    pub(super) nearest: String,
}

impl Refusal {
    /// With the nearest thing that there is.
    pub(super) fn near(self, nearest: impl Into<String>) -> Self {
        Self { nearest: nearest.into(), ..self }
    }
}

/// A refusal, with nothing near.
pub(super) fn refuse(why: impl Into<String>) -> Refusal {
    Refusal { why: why.into(), nearest: String::new() }
}

/// What is wrong with a constant.
impl From<String> for Refusal {
    fn from(why: String) -> Self {
        refuse(why)
    }
}
