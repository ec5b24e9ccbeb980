//! The golden files, read.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

use crate::engine::{Labels, Tensor, Weights, read_weights};
use crate::formula::{Formula, hashed};

/// A case whose tensors are stored whole.
pub(crate) struct SmallCase {
    tensors: Weights,
    losses: BTreeMap<String, Vec<f64>>,
    /// Class indices; none where labels are numbers.
    labels: Vec<i64>,
}

impl SmallCase {
    /// Reads `NAME.safetensors`. Golden files are our own: a broken one is a broken test.
    pub(crate) fn read(folder: &Path, name: &str) -> Self {
        let path = folder.join(format!("{name}.safetensors"));
        let bytes = std::fs::read(&path).expect("each case has its tensors");
        let file = SafeTensors::deserialize(&bytes).expect("golden files are whole");
        let mut losses = BTreeMap::new();
        let mut labels = Vec::new();
        for (name, view) in file.iter() {
            let (words, _) = view.data().as_chunks::<8>();
            if view.dtype() == Dtype::F64 {
                losses.insert(name.to_owned(), words.iter().map(|&w| f64::from_le_bytes(w)).collect());
            } else if view.dtype() == Dtype::I64 {
                labels = words.iter().map(|&w| i64::from_le_bytes(w)).collect();
            }
        }
        let tensors = read_weights(&path).expect("golden files are whole");
        Self { tensors, losses, labels }
    }

    /// Labels of the batch.
    pub(crate) fn labels(&self) -> Labels {
        match self.tensors.get("y") {
            Some(numbers) => Labels::Numbers(numbers.clone()),
            None => Labels::Classes(self.labels.clone()),
        }
    }

    /// One tensor.
    pub(crate) fn tensor(&self, name: &str) -> Result<&Tensor, String> {
        self.tensors.get(name).ok_or_else(|| format!("the golden file has no {name}"))
    }

    /// All tensors whose name begins so, under the rest of their names.
    pub(crate) fn group(&self, prefix: &str) -> Weights {
        self.tensors
            .iter()
            .filter_map(|(name, tensor)| Some((name.strip_prefix(prefix)?.to_owned(), tensor.clone())))
            .collect()
    }

    /// Losses before each of the ten steps.
    pub(crate) fn losses(&self, prefix: &str) -> Result<&[f64], String> {
        let key = format!("{prefix}losses");
        self.losses.get(&key).map(Vec::as_slice).ok_or_else(|| format!("the golden file has no {key}"))
    }
}

/// Sums and samples of a tensor.
#[derive(Debug, Deserialize)]
pub(crate) struct Digest {
    /// Largest absolute value.
    pub(crate) max_abs: f64,
    /// Sum.
    pub(crate) sum: f64,
    /// Sum of absolute values.
    pub(crate) sum_abs: f64,
    /// Sum of squares.
    pub(crate) sum_sq: f64,
    /// Elements at even distances, the first and the last among them.
    pub(crate) samples: Vec<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Stored {
    Losses(Vec<f64>),
    Tensor(Digest),
}

/// A large model: what goes in by formula, what comes out as digests.
#[derive(Debug, Deserialize)]
pub(crate) struct LargeCase {
    /// Images.
    pub(crate) x: Formula,
    /// The optimizer of `w1` and `w10`.
    pub(crate) sgd: String,
    /// The optimizer of `adam.w1` and `adam.w10`.
    pub(crate) adam: String,
    classes: u32,
    labels: Vec<i64>,
    labels_k: u32,
    tensors: Vec<Formula>,
    results: BTreeMap<String, Stored>,
}

impl LargeCase {
    /// Reads `NAME.json`.
    pub(crate) fn read(folder: &Path, name: &str) -> Self {
        let text =
            std::fs::read_to_string(folder.join(format!("{name}.json"))).expect("each model has its results");
        serde_json::from_str(&text).expect("golden files are whole")
    }

    /// Weights to start from.
    pub(crate) fn weights(&self) -> Weights {
        self.tensors.iter().map(|formula| (formula.name.clone(), formula.tensor())).collect()
    }

    /// Labels, by formula; the file holds them too, so that a slip in the formula shows.
    pub(crate) fn labels(&self) -> Labels {
        let classes = self.classes.max(2);
        let labels: Vec<i64> =
            (0u32..).take(self.labels.len()).map(|i| i64::from(hashed(i, self.labels_k) % classes)).collect();
        assert_eq!(labels, self.labels, "the formula gives the labels of the script");
        Labels::Classes(labels)
    }

    /// Names of the tensors that have a gradient.
    pub(crate) fn trainable(&self) -> impl Iterator<Item = &str> {
        self.results.keys().filter_map(|name| name.strip_prefix("grad."))
    }

    /// Expected sums and samples.
    pub(crate) fn digest(&self, key: &str) -> Result<&Digest, String> {
        match self.results.get(key) {
            Some(Stored::Tensor(digest)) => Ok(digest),
            Some(Stored::Losses(_)) | None => Err(format!("the golden file has no tensor {key}")),
        }
    }

    /// Losses before each of the ten steps.
    pub(crate) fn losses(&self, prefix: &str) -> Result<&[f64], String> {
        match self.results.get(&format!("{prefix}losses")) {
            Some(Stored::Losses(losses)) => Ok(losses),
            Some(Stored::Tensor(_)) | None => Err(format!("the golden file has no {prefix}losses")),
        }
    }
}
