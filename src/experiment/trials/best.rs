//! What a search comes to: the best trial as a file, and what mattered.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::error::Error;
use super::going::Going;
use super::places::seen_from;
use super::together::BestTogether;
use crate::files;
use crate::front::relocated;
use crate::search::drive::Search;
use crate::search::importance;
use crate::search::record::{BEST_FILE, Record, Trial, Why};
use crate::train::RunError;

/// A search that has ended, or was interrupted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Searched {
    /// Where its files are.
    pub folder: PathBuf,
    /// All trials.
    pub record: Record,
    /// Why it has ended; `None`: it was interrupted, and can be gone on with.
    pub why: Option<Why>,
    /// The file of the best trial, where there is one.
    pub best_file: Option<PathBuf>,
    /// The best trials as an ensemble, where that was asked for and is better than the best alone.
    pub together: Option<BestTogether>,
}

impl Searched {
    /// The same for another machine, which does not look at its files: their names as one reads them.
    pub(super) fn with_readable_paths(&self) -> Self {
        let readable = |path: &PathBuf| PathBuf::from(path.to_string_lossy().into_owned());
        let together = self.together.as_ref().map(|together| BestTogether {
            program: readable(&together.program),
            weights: readable(&together.weights),
            ..together.clone()
        });
        let (folder, best_file) = (readable(&self.folder), self.best_file.as_ref().map(readable));
        Self { folder, best_file, together, ..self.clone() }
    }
}

impl Going<'_> {
    /// Writes what the search has come to.
    pub(super) fn finish(
        mut self,
        (why, together): (Option<Why>, Option<BestTogether>),
        search: &Search<'_>,
    ) -> Result<Searched, Error> {
        let mut record = std::mem::take(self.journal.record_mut());
        if record.finished.is_none() {
            // a time limit leaves no line in the journal, and the page says it all the same
            (record.finished, record.importance) = (why, self.importance(search));
        }
        let best_file = match record.ranked().first() {
            Some(best) => Some(self.write_best(best, &record, search)?),
            None => None,
        };
        Ok(Searched { folder: self.folder.to_owned(), record, why, best_file, together })
    }

    /// How much each parameter matters, as far as trials show.
    pub(super) fn importance(&self, search: &Search<'_>) -> Vec<(String, f64)> {
        let space = self.points.space();
        let shares = importance::importance(space, &search.book().observations());
        space.parameters.iter().map(|parameter| parameter.name.clone()).zip(shares).collect()
    }

    fn write_best(&self, best: &Trial, record: &Record, search: &Search<'_>) -> Result<PathBuf, Error> {
        let path: PathBuf = self.folder.join(BEST_FILE);
        let comment = comment_of(best, record);
        let text = self.points.filled(&search.book().trials[best.number - 1], &comment);
        let beside = self.points.beside();
        let text = relocated(&text, &|written| seen_from(self.folder, beside, written));
        files::write(&path, |file| file.write_all(text.as_bytes()))
            .map_err(|error| RunError::write(&path, error))?;
        Ok(path)
    }
}

/// What the file says of itself.
fn comment_of(best: &Trial, record: &Record) -> String {
    let head = record.head.as_ref();
    let (objective, file) =
        head.map_or(("the objective", ""), |head| (head.objective.as_str(), head.file.as_str()));
    let (value, epoch) = best.best.unwrap_or_default();
    let values: Vec<String> = best
        .point
        .iter()
        .map(|(name, value)| format!("{name} = {}", value.as_str().unwrap_or_default()))
        .collect();
    format!(
        "Trial {} of {}: {objective} {value:.4} in epoch {epoch}, the best of {} trials.\n{}",
        best.number,
        Path::new(file).file_name().map_or_else(|| file.into(), |name| name.to_string_lossy()),
        record.trials.len(),
        values.join(", ")
    )
}
