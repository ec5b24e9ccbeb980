//! At which epochs the phases of a run began.

use std::path::Path;

use serde_json::{Value, json};

use super::report::recorded;

/// At which epochs the phases of a run began; `None` where that is not known any more, because a run was
/// killed and gone on with, or there are no phases.
#[derive(Debug, Clone, Default)]
pub(super) struct PhaseStarts(Option<Vec<(String, usize)>>);

impl PhaseStarts {
    /// Those of a run that begins with a phase, or goes on in it.
    pub(super) fn at(first: Option<&str>, at: usize, resumed: bool, folder: &Path) -> Self {
        let Some(name) = first else { return Self(None) };
        if !resumed {
            return Self(Some(vec![(name.to_owned(), 1)]));
        }
        let mut recorded = recorded_phases(folder);
        recorded.truncate(at + 1);
        Self((recorded.len() == at + 1).then_some(recorded))
    }

    /// A phase begins with this epoch.
    pub(super) fn begins(&mut self, name: Option<&str>, epoch: usize) {
        if let (Some(starts), Some(name)) = (&mut self.0, name) {
            starts.push((name.to_owned(), epoch));
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let of_phase = |(name, epoch): &(String, usize)| json!({ "name": name, "first_epoch": epoch });
        self.0.as_ref().map_or(Value::Null, |starts| starts.iter().map(of_phase).collect())
    }
}

/// The phases of the run in a folder that its report names, with their first epochs.
pub(super) fn recorded_phases(folder: &Path) -> Vec<(String, usize)> {
    let report = recorded(folder);
    let phases = report["phases"].as_array().map_or(&[][..], Vec::as_slice);
    let phase = |phase: &Value| {
        let first = usize::try_from(phase["first_epoch"].as_u64()?).ok()?;
        Some((phase["name"].as_str()?.to_owned(), first))
    };
    phases.iter().filter_map(phase).collect()
}
