//! Loss and metrics of a split.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::ir::Metric;
use crate::train::RunningSums;

/// Loss and metrics over the pictures of a split.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// How many pictures.
    pub images: u64,
    /// Mean loss, and what the size of weights adds to it.
    pub loss: f64,
    /// The metrics by their names, in the order of the file.
    pub metrics: Vec<(String, f64)>,
}

impl Scores {
    /// Of sums over all pictures.
    pub(super) fn of(sums: &RunningSums, metrics: &[Metric]) -> Self {
        let (loss, shares) = sums.means(metrics);
        let metrics = metrics.iter().map(|metric| metric.column()).zip(shares).collect();
        Self { images: sums.images, loss, metrics }
    }

    /// A metric by its name, as in `metrics: [accuracy]`.
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// As `run.json` holds them.
    pub(crate) fn to_json(&self) -> Value {
        let mut entries: Map<String, Value> =
            self.metrics.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        entries.insert("loss".into(), json!(self.loss));
        entries.insert("images".into(), json!(self.images));
        Value::Object(entries)
    }

    /// What [`Scores::to_json`] made; a number that is none is written as `null`.
    pub(super) fn from_json(value: &Value) -> Option<Self> {
        let number = |value: &Value| if value.is_null() { Some(f64::NAN) } else { value.as_f64() };
        let entries = value.as_object()?;
        let metrics = entries.iter().filter(|(name, _)| !["loss", "images"].contains(&name.as_str()));
        let metrics =
            metrics.map(|(name, value)| Some((name.clone(), number(value)?))).collect::<Option<_>>()?;
        Some(Self { images: entries.get("images")?.as_u64()?, loss: number(entries.get("loss")?)?, metrics })
    }
}

/// `accuracy 0.9833, loss 0.0612 (360 images)`.
impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.metrics {
            write!(f, "{name} {value:.4}, ")?;
        }
        write!(f, "loss {:.4} ({} images)", self.loss, self.images)
    }
}
