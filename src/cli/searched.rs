//! What a search has come to, as a page and in a terminal.

use std::path::{Path, PathBuf};

use super::console::Console;
use super::failure::Failure;
use super::language::spoken;
use super::table::Table;
use crate::files;
use crate::page::SearchPage;
use crate::printed::shown_path;
use crate::search::record::{BEST_FILE, Record};
use crate::space::Space;

/// Trials of the table.
const MOST_ROWS: usize = 10;
/// Failed trials whose reasons are told.
const MOST_FAILED: usize = 3;

/// The page of a search that does not go on now; with its space where the program was read.
pub(super) fn page_of(record: &Record, folder: &Path, space: Option<&Space>) -> String {
    let best = Some(folder.join(BEST_FILE)).filter(|best| best.is_file());
    let language = spoken();
    SearchPage { record, space, folder, best: best.as_deref(), is_running: false, language }.to_html()
}

/// Writes the page of a search that has its results: that it cannot be written is a warning.
pub(super) fn written_page(page: &str, path: PathBuf, console: &Console) -> Option<PathBuf> {
    match files::write(&path, |file| file.write_all(page.as_bytes())) {
        Ok(()) => Some(path),
        Err(error) => {
            console.warning(format_args!("the page was not written: {}: {error}", shown_path(&path)));
            None
        }
    }
}

/// The best trials, why others failed, and which parameters matter.
pub(super) fn tell_trials(record: &Record, console: &Console) -> Result<(), Failure> {
    if record.trials.iter().any(|trial| trial.best.is_some()) {
        console.result_text(&table_of(record).text())?;
    }
    let failed: Vec<_> =
        record.trials.iter().filter_map(|trial| Some((trial.number, trial.failed.as_ref()?))).collect();
    if !failed.is_empty() {
        console.result(format_args!("{} of {} trials failed", failed.len(), record.trials.len()))?;
        for (number, why) in failed.iter().take(MOST_FAILED) {
            console.result(format_args!("  trial {number}: {why}"))?;
        }
    }
    let important = record.important();
    if !important.is_empty() {
        console.result("")?;
        console.result_text(&importance_of(&important).text())?;
    }
    Ok(())
}

fn table_of(record: &Record) -> Table {
    let objective = record.head.as_ref().map_or("", |head| head.objective.as_str());
    let names: Vec<&str> =
        record.head.iter().flat_map(|head| head.space.keys()).map(String::as_str).collect();
    let mut table = Table::with_names(1, &["trial", objective, "epoch", "epochs"], names.iter().copied());
    for trial in record.ranked().into_iter().take(MOST_ROWS) {
        let Some((value, epoch)) = trial.best else { continue };
        let values = names
            .iter()
            .map(|name| trial.point.get(*name).and_then(serde_json::Value::as_str).unwrap_or("-").to_owned());
        let first =
            [trial.number.to_string(), format!("{value:.4}"), epoch.to_string(), trial.epochs.to_string()];
        table.row(first.into_iter().chain(values));
    }
    table
}

/// The shares of parameters, the largest first.
fn importance_of(important: &[(&str, f64)]) -> Table {
    let mut table = Table::new(1, &["parameter", "share of the differences between trials"]);
    for (name, share) in important {
        table.row([(*name).to_owned(), format!("{:.0}%", share * 100.0)]);
    }
    table
}
