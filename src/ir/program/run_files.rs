//! Names of the files that every run writes into its folder by itself: no callback may write under
//! one of them.

/// The final weights.
pub const WEIGHTS: &str = "weights.safetensors";
/// What a resumed run starts from.
pub const STATE: &str = "state.safetensors";
/// The state before it.
pub const PREVIOUS_STATE: &str = "state-previous.safetensors";
/// A new state that has not taken its place yet.
pub const NEXT_STATE: &str = "state-next.safetensors";
/// A row an epoch.
pub const HISTORY: &str = "history.csv";
/// Settings, timings, results.
pub const REPORT: &str = "run.json";
/// The pictures that the run was trained on, and those that it was not.
pub const INDEX: &str = "data-index.csv";
/// The answer to each picture of the split that the results are of.
pub const PREDICTIONS: &str = "predictions.csv";
/// What these say of the model.
pub const METRICS: &str = "metrics.json";
/// The results as a page, for people.
pub const PAGE: &str = "report.html";
/// Held by the process that works in the folder.
pub const LOCK: &str = "run.lock";
/// The folder of the drawings that a `report` names.
pub const DRAWINGS: &str = "report";

/// What the report of an ensemble says of its members has this key.
pub const ENSEMBLE: &str = "ensemble";

/// All of these files.
pub const ALL: [&str; 11] =
    [WEIGHTS, STATE, PREVIOUS_STATE, NEXT_STATE, HISTORY, REPORT, INDEX, PREDICTIONS, METRICS, PAGE, LOCK];

/// How the names of unfinished files begin: what is left of them is removed when a run goes on.
const UNFINISHED: &str = ".cnnc-";

/// Whether a name is taken. Some file systems do not tell `RUN.JSON` from `run.json`.
pub fn is_own(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower == DRAWINGS || ALL.contains(&lower.as_str()) || lower.starts_with(UNFINISHED)
}
