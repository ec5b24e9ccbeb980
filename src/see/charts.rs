//! What a run has written, as charts: its curves and its confusions.

use crate::assess::{Assessment, Findings};
use crate::chart::{self, Curves};
use crate::draw::colors::ColorMap;
use crate::draw::scene::Scene;
use crate::experiment::{HistoryRow, Run};
use crate::printed::shown_path;

use super::error::Error;

/// The curves of a run: each column of its history, and the learning rate.
/// # Errors
/// [`Error::NoEpochs`], or its history cannot be read.
pub fn curves_of(run: &Run) -> Result<Curves, Error> {
    let history = run.history()?;
    let Some(first) = history.first() else { return Err(Error::NoEpochs { run: shown_path(run.folder()) }) };
    let column = |(name, _): &(String, f64)| {
        let value = |row: &HistoryRow| row.value(name).unwrap_or(f64::NAN);
        (name.clone(), history.iter().map(value).collect::<Vec<f64>>())
    };
    let rates = history.iter().map(|row| row.learning_rate).collect();
    let columns = first.values.iter().map(column).chain([("learning_rate".to_owned(), rates)]).collect();
    Ok(Curves { name: shown_path(run.folder()), columns, best_epoch: None })
}

/// How often each class was taken for each other one, in the answers that a run has kept.
/// # Errors
/// [`Error::NoAnswers`], [`Error::NoConfusions`], or its answers cannot be read.
pub fn confusion_of(run: &Run, colors: ColorMap) -> Result<Scene, Error> {
    let folder = || shown_path(run.folder());
    let (Some((split, _)), Some(answers)) = (run.results(), run.answers()?) else {
        return Err(Error::NoAnswers { run: folder() });
    };
    let Assessment { names, findings: Findings::Classes(found), .. } = answers.assess() else {
        return Err(Error::NoConfusions { run: folder() });
    };
    Ok(chart::confusion(&found, &names, split.name(), colors))
}
