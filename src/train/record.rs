//! What a run must have in common with the one it goes on with, besides its settings: how it
//! computes, and its data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::data::DataDigest;

/// What decides the last digits of a run's numbers, besides its settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arithmetic {
    /// The version of cnnc: others may add in another order.
    pub version: String,
    /// Vector instructions.
    pub simd: String,
    /// Every product is summed up directly.
    pub exact: bool,
    /// Ways of computing convolutions that were timed for the run.
    pub kernels: BTreeMap<String, String>,
}

/// What a state remembers of its run, from the beginning to the end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// How it computes.
    pub arithmetic: Arithmetic,
    /// The data it has been trained on so far.
    pub data: DataDigest,
    /// Steps after which it went on with other data, because the user said so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_changed_at: Vec<u64>,
}
