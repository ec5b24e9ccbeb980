//! The points of a file's space as trials see them.

use std::path::Path;

use serde_json::{Map, Value};

use super::super::error::Error;
use super::super::findings::Findings;
use super::super::open::Experiment;
use crate::figures::Summary;
use crate::front::SpaceView;
use crate::ir::TuneSpec;
use crate::random::text_key;
use crate::search::{Constraints, Standing};
use crate::space::{Domain, Point, Space, written};

/// A file with a search.
pub(super) struct Points<'e> {
    experiment: &'e Experiment,
    view: &'e SpaceView,
}

impl<'e> Points<'e> {
    /// # Errors
    /// [`Error::NoSearch`].
    pub(super) fn of(experiment: &'e Experiment) -> Result<Self, Error> {
        let view = experiment.space.as_ref().filter(|view| !view.space().parameters.is_empty());
        Ok(Self { experiment, view: view.ok_or(Error::NoSearch)? })
    }

    /// The folder that paths of the file are looked for in.
    pub(super) fn beside(&self) -> &'e Path {
        &self.experiment.locations.beside
    }

    pub(super) fn space(&self) -> &'e Space {
        self.view.space()
    }

    pub(super) fn tune(&self) -> &'e TuneSpec {
        self.view.tune()
    }

    /// The experiment at some point: the first, unless that is impossible.
    /// # Errors
    /// [`Error::Problems`] where nothing is possible.
    pub(super) fn example(&self) -> Result<Experiment, Error> {
        let first = self.at(&self.space().first(), 0);
        match self.largest() {
            Some(largest) => first.or_else(|_| self.at(largest, 0)),
            None => first,
        }
    }

    /// The point with the largest model, of those that were looked at.
    pub(super) fn largest(&self) -> Option<&'e Point> {
        self.view.facts().largest.as_ref()
    }

    /// Which parameters count at a point.
    /// # Errors
    /// Why nothing can be trained there.
    pub(super) fn look(&self, point: &Point) -> Result<Vec<bool>, String> {
        self.view.look(point)
    }

    /// The experiment at a point; `seed` is added to that of the file.
    /// # Errors
    /// [`Error::Problems`] where it cannot be trained.
    pub(super) fn at(&self, point: &Point, seed: usize) -> Result<Experiment, Error> {
        let first = self.experiment.program.program().train.as_ref().map_or(0, |train| train.seed);
        let more = u64::try_from(seed).unwrap_or_default();
        let changes: Vec<(String, String)> = (more > 0)
            .then(|| ("train.seed".to_owned(), first.wrapping_add(more).to_string()))
            .into_iter()
            .collect();
        let program = self.view.program_at(point, &changes).map_err(|why| Error::Problems {
            findings: Box::new(Findings { problems: why.problems, sources: why.sources }),
        })?;
        Ok(Experiment { program, space: None, ..self.experiment.clone() }.for_its_data())
    }

    /// Floating-point operations of the model for a picture at a point, at least 1; `None` where there is
    /// none.
    pub(super) fn work(&self, point: &Point) -> Option<f64> {
        let program = self.view.program_at(point, &[]).ok()?;
        Some(Summary::of(&program).flops().max(1) as f64)
    }

    /// The values of a point as a journal has them: of the parameters that count, as they are written.
    pub(super) fn written(&self, point: &Point) -> Map<String, Value> {
        let parameters = self.space().parameters.iter().zip(&point.0);
        let value = |(parameter, value): (&crate::space::Parameter, &Option<crate::space::Value>)| {
            Some((parameter.name.clone(), Value::from(parameter.domain.written((*value)?))))
        };
        parameters.filter_map(value).collect()
    }

    /// The point whose values a journal has; `None` where they are not of this space.
    pub(super) fn read(&self, written: &Map<String, Value>) -> Option<Point> {
        let parameters = &self.space().parameters;
        let is_known = |name: &String| parameters.iter().any(|parameter| parameter.name == *name);
        let value = |parameter: &crate::space::Parameter| match written.get(&parameter.name) {
            Some(value) => value.as_str().and_then(|text| parameter.domain.read(text)).map(Some),
            // it does not count there
            None => Some(None),
        };
        let values = parameters.iter().map(value).collect::<Option<Vec<_>>>()?;
        written.keys().all(is_known).then_some(Point(values))
    }

    /// What each parameter may be, as one would write it.
    pub(super) fn written_space(&self) -> Map<String, Value> {
        let parameters = self.space().parameters.iter();
        parameters.map(|parameter| (parameter.name.clone(), Value::from(domain(&parameter.domain)))).collect()
    }

    /// The text of the file with the values of a point filled in.
    /// # Errors
    /// [`Error::Problems`] where it cannot be trained.
    pub(super) fn filled(&self, point: &Point, comment: &str) -> String {
        self.view.filled(point, comment)
    }
}

impl Constraints for Points<'_> {
    fn look(&self, point: &Point) -> Standing {
        match self.view.look(point) {
            Ok(counts) => Standing::Possible { counts },
            Err(why) => Standing::Impossible { why },
        }
    }

    fn cost(&self, point: &Point) -> f64 {
        self.work(point).unwrap_or(1.0)
    }
}

/// `search(16..=64, step: 16)`
fn domain(domain: &Domain) -> String {
    match domain {
        Domain::Choices(choices) => format!("search([{}])", choices.join(", ")),
        Domain::Steps { low, step, count } => {
            let high = crate::space::tidy(low + (*count as f64 - 1.0) * step);
            format!("search({}..={}, step: {})", written(*low), written(high), written(*step))
        }
        Domain::Range { low, high, log, .. } => {
            let scale = if *log { ", scale: log" } else { "" };
            format!("search({}..={}{scale})", written(*low), written(*high))
        }
    }
}

/// What the folder of a trial is called: sixteen digits that follow from all that decides what it comes to,
/// but for the pictures.
pub(super) fn key(experiment: &Experiment) -> String {
    format!("{:016x}", text_key(&experiment.settings().to_json().to_string()))
}
