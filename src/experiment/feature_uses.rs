//! What was computed once of a frozen network and used in several epochs, as `run.json` has it.

use serde_json::{Value, json};

use crate::data::FeaturePlace;
use crate::ir::Cache;
use crate::train::FeatureUse;

pub(super) fn to_json(uses: &[FeatureUse]) -> Value {
    let of_phase = |used: &FeatureUse| {
        let kept = match used.place {
            FeaturePlace::Memory => Cache::Memory,
            FeaturePlace::Disk => Cache::Disk,
        };
        json!({
            "phase": used.phase,
            "kept": kept.name(),
            "pictures": used.pictures,
            "epochs": used.epochs,
            "compute_s": (used.seconds * 1e3).round() / 1e3,
        })
    };
    uses.iter().map(of_phase).collect()
}

/// What [`to_json`] made; what it did not make is passed over.
pub(super) fn from_json(value: &Value) -> Vec<FeatureUse> {
    let of_phase = |used: &Value| {
        let count = |key: &str| usize::try_from(used[key].as_u64()?).ok();
        Some(FeatureUse {
            phase: used["phase"].as_str().map(str::to_owned),
            place: if used["kept"].as_str()? == Cache::Disk.name() {
                FeaturePlace::Disk
            } else {
                FeaturePlace::Memory
            },
            pictures: count("pictures")?,
            epochs: count("epochs")?,
            seconds: used["compute_s"].as_f64()?,
        })
    };
    value.as_array().into_iter().flatten().filter_map(of_phase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_come_back() {
        let one = FeatureUse {
            phase: Some("head".to_owned()),
            place: FeaturePlace::Disk,
            pictures: 296,
            seconds: 1.25,
            epochs: 20,
        };
        let other = FeatureUse { phase: None, place: FeaturePlace::Memory, ..one.clone() };
        let uses = [one, other];
        assert_eq!(from_json(&to_json(&uses)), uses);
        assert_eq!(from_json(&json!([{ "pictures": 1 }, 3])), []);
        assert_eq!(from_json(&Value::Null), []);
    }
}
