//! The best trials of a search as an ensemble: which of them answer best together, by what they answered to
//! the pictures for validation.

use std::path::{Path, PathBuf};

use ndarray::Array2;
use ndarray_npy::ReadNpyExt;
use serde::{Deserialize, Serialize};

use super::super::ensemble::{Chosen, compose};
use super::super::error::Error;
use super::super::open::Experiment;
use super::super::options::Options;
use super::super::watch::Silent;
use super::going::Going;
use super::pictures::Library;
use super::trial::{ANSWERS, BEST, Pictures};
use crate::data::Split;
use crate::files;
use crate::ir::{Metric, Monitor};
use crate::search::drive::Search;
use crate::search::greedy::Greedy;
use crate::train::RunError;

/// The file of the ensemble, and its weights.
const PROGRAM: &str = "ensemble.cnn";
const WEIGHTS: &str = "ensemble.safetensors";

/// Probabilities below count as this one: a single sure mistake is not without end.
const LEAST: f32 = 1e-7;

/// The best trials, put together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BestTogether {
    /// The trials, and how often each was taken.
    pub members: Vec<(usize, usize)>,
    /// The objective of the ensemble on the pictures for validation.
    pub value: f64,
    /// The program.
    pub program: PathBuf,
    /// Its weights.
    pub weights: PathBuf,
}

/// A trial that may be taken.
struct Candidate {
    number: usize,
    experiment: Experiment,
    weights: PathBuf,
    answers: Vec<f32>,
}

impl Going<'_> {
    /// Puts the best trials together, at most `most` of them, one that is taken several times counted as
    /// often; `None` where fewer than two answer better together than the best alone.
    /// # Errors
    /// [`Error::NotTogether`] where the models do not answer with probabilities of classes; files that cannot
    /// be read or written.
    pub(super) fn together(
        &self,
        most: usize,
        search: &Search<'_>,
        library: &Library,
    ) -> Result<Option<BestTogether>, Error> {
        let candidates = self.candidates(search)?;
        let Some(first) = candidates.first() else { return Ok(None) };
        let pictures = library.get(&first.experiment, &mut |_| {})?;
        let labels = labels_of(&pictures)?;
        let objective = self.tune.objective.value;
        let answers: Vec<&[f32]> = candidates.iter().map(|candidate| candidate.answers.as_slice()).collect();
        let outputs = first.experiment.output_shape().elements();
        if labels.is_empty()
            || outputs < 2
            || answers.iter().any(|given| given.len() != labels.len() * outputs)
        {
            return Err(Error::NotTogether);
        }
        let loss = |answers: &[f32]| judged(answers, &labels, outputs, objective);
        let selection = Greedy { members: most, sorted: most.min(3) }.select(&answers, &loss);
        let Some(selection) =
            selection.filter(|found| found.counts.iter().filter(|count| **count > 0).count() > 1)
        else {
            return Ok(None);
        };
        let taken: Vec<(&Candidate, usize)> =
            candidates.iter().zip(selection.counts).filter(|(_, count)| *count > 0).collect();
        let chosen: Vec<Chosen<'_>> = taken
            .iter()
            .map(|(candidate, count)| Chosen {
                experiment: &candidate.experiment,
                weights: &candidate.weights,
                count: *count,
            })
            .collect();
        let (program, weights) = (self.folder.join(PROGRAM), self.folder.join(WEIGHTS));
        let names: Vec<String> = taken.iter().map(|(candidate, _)| candidate.number.to_string()).collect();
        let comment = format!("The best of a search together: trials {}.", names.join(", "));
        let options = Options { locations: Some(first.experiment.locations.clone()), ..Options::default() };
        compose("Together", &chosen, &comment, (&program, &weights), &options, &mut Silent)?;
        let members = taken.iter().map(|(candidate, count)| (candidate.number, *count)).collect();
        let value = if is_error_rate(objective) { 1.0 - selection.loss } else { selection.loss };
        Ok(Some(BestTogether { members, value, program, weights }))
    }

    /// Trials whose weights and answers are there, the best first.
    fn candidates(&self, search: &Search<'_>) -> Result<Vec<Candidate>, Error> {
        let mut candidates = Vec::new();
        for trial in self.journal.record().ranked() {
            let folder = self.folder.join(super::TRIALS).join(&trial.key);
            let (weights, answers) = (folder.join(BEST), folder.join(ANSWERS));
            if !weights.is_file() || !answers.is_file() {
                continue;
            }
            let point = &search.book().trials[trial.number - 1];
            let experiment = self.points.at(point, 0)?;
            candidates.push(Candidate {
                number: trial.number,
                experiment,
                weights,
                answers: read_answers(&answers)?,
            });
        }
        Ok(candidates)
    }
}

/// Right answers of the pictures for validation; empty where these are no classes.
fn labels_of(pictures: &Pictures) -> Result<Vec<i32>, Error> {
    const BATCH: usize = 256;
    let mut labels = Vec::new();
    for batch in pictures.data.batches(Split::Validation, BATCH) {
        let batch = batch?;
        if !batch.targets.is_empty() {
            return Ok(Vec::new());
        }
        labels.extend_from_slice(&batch.labels);
    }
    Ok(labels)
}

/// Whether the objective is the share of right answers; everything else is judged by the loss.
fn is_error_rate(objective: Monitor) -> bool {
    objective.metric == Some(Metric::Accuracy)
}

/// How bad answers are: the share of wrong ones, or the mean of −ln p of the right class.
fn judged(answers: &[f32], labels: &[i32], outputs: usize, objective: Monitor) -> f64 {
    let rows = answers.chunks_exact(outputs).zip(labels);
    let right = |label: i32| usize::try_from(label).unwrap_or(usize::MAX);
    let total: f64 = if is_error_rate(objective) {
        rows.map(|(row, &label)| f64::from(u8::from(largest(row) != right(label)))).sum()
    } else {
        rows.map(|(row, &label)| -f64::from(row.get(right(label)).copied().unwrap_or(0.0).max(LEAST)).ln())
            .sum()
    };
    total / labels.len().max(1) as f64
}

/// The first of the largest.
fn largest(row: &[f32]) -> usize {
    row.iter().enumerate().fold(0, |best, (at, value)| if *value > row[best] { at } else { best })
}

fn read_answers(path: &Path) -> Result<Vec<f32>, Error> {
    let bytes = files::read(path, files::MOST_RECORD_BYTES).map_err(|error| RunError::read(path, error))?;
    let array = Array2::<f32>::read_npy(&bytes[..]).map_err(|error| RunError::Format {
        path: path.to_owned(),
        wanted: "answers of a trial",
        found: error.to_string(),
    })?;
    Ok(array.iter().copied().collect())
}
