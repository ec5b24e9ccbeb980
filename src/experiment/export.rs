//! A trained model in the formats of other programs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::error::Error;
use super::open::Experiment;
use super::watch::{Event, Watch};
use crate::data::Featurewise;
use crate::files;
use crate::ir::{Matching, Mode, Normalize, Param, PrepareSpec, forward, variables};
use crate::onnx::{Export, MapLayout, OnnxFile, Opset};
use crate::settings::prepare_json;
use crate::train::RunError;
use crate::train::weights::{self, Taking, Weights, WeightsInfo};
use crate::zoo::{Elsewhere, Layout, Naming};

/// A model with its weights, to be written for other programs.
#[derive(Debug)]
pub(crate) struct Exported {
    experiment: Experiment,
    /// Pictures are prepared as those were that the weights were trained on, by numbers alone.
    prepare: PrepareSpec,
    info: WeightsInfo,
    params: Vec<Param>,
    /// By the full name of their parameter.
    values: BTreeMap<String, Vec<f32>>,
    /// Auxiliary outputs are written, too.
    heads: bool,
}

/// How a model is written as ONNX.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OnnxOptions {
    pub(crate) opset: Opset,
    pub(crate) layout: MapLayout,
    /// The graph prepares pictures.
    pub(crate) prepares: bool,
}

/// What the graph that was written takes and gives.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) takes: String,
    pub(crate) gives: String,
}

impl Exported {
    /// Reads the weights of an experiment; `None` for a model that has none.
    /// # Errors
    /// As [`super::Model::load`].
    pub(crate) fn load(
        experiment: &Experiment,
        path: Option<&Path>,
        matching: Matching,
        heads: bool,
        watch: &mut dyn Watch,
    ) -> Result<Self, Error> {
        let mode = if heads { Mode::Training { random: false } } else { Mode::Inference };
        let params = forward(&experiment.program, mode).graph.params;
        let weights = match path {
            Some(path) => {
                let taking = Taking { matching, partial: false };
                weights::load(path, &experiment.program, &params, taking)?
            }
            None => Weights::default(),
        };
        if path.is_some() {
            watch.see(Event::Weights(&weights.account));
        }
        let (experiment, statistics) =
            experiment.as_trained(&weights, path.unwrap_or(Path::new("")), None, watch)?;
        let prepare = with_numbers(experiment.program.program().prepare.clone(), statistics.as_ref());
        let Weights { info, values, account: _ } = weights;
        let values = values.into_iter().map(|(at, values)| (params[at].name.clone(), values)).collect();
        Ok(Self { experiment, prepare, info, params, values, heads })
    }

    /// Writes it as ONNX.
    /// # Errors
    /// [`Error::Unsupported`], [`Error::OnnxTooLarge`], [`Error::Run`] where the file cannot be written.
    pub(crate) fn write_onnx(&self, path: &Path, options: OnnxOptions) -> Result<Signature, Error> {
        let OnnxOptions { opset, layout, prepares } = options;
        let program = self.experiment.program.prepared_by(self.prepare.clone());
        let values = |name: &str| self.values.get(name).map_or(&[][..], Vec::as_slice);
        let metadata = self.metadata();
        let export = Export {
            program: &program,
            values: &values,
            opset,
            layout,
            prepares,
            heads: self.heads,
            metadata,
        };
        let file = export.file()?;
        if file.bytes() > OnnxFile::MOST_BYTES {
            return Err(Error::OnnxTooLarge { bytes: file.bytes() });
        }
        files::write(path, |out| file.write(out)).map_err(|source| RunError::write(path, source))?;
        Ok(Signature { takes: file.takes().to_owned(), gives: file.gives().to_owned() })
    }

    /// What the file says about itself, under the names that weights files have for it.
    fn metadata(&self) -> Vec<(&'static str, String)> {
        vec![
            ("classes", serde_json::json!(self.classes()).to_string()),
            ("prepare", prepare_json(&self.prepare).to_string()),
            ("source", self.experiment.to_text()),
        ]
    }

    fn classes(&self) -> &[String] {
        if self.info.classes.is_empty() { &self.experiment.classes } else { &self.info.classes }
    }

    /// Writes its tensors, under our names or as a framework has them.
    /// # Errors
    /// [`Error::OneName`] for two of them; [`Error::Run`] where the file cannot be written.
    pub(crate) fn write_tensors(&self, path: &Path, names: Option<Layout>) -> Result<(), Error> {
        let places: Vec<Option<Elsewhere>> = match names {
            Some(layout) => self.places(layout),
            None => vec![None; self.params.len()],
        };
        let renamed: Vec<Param> = self
            .params
            .iter()
            .zip(&places)
            .map(|(param, place)| match place {
                Some(there) => {
                    Param { name: there.name.clone(), shape: there.place.shape.clone(), ..param.clone() }
                }
                None => param.clone(),
            })
            .collect();
        let mut names_given = BTreeSet::new();
        if let Some(twice) = renamed.iter().find(|param| !names_given.insert(&param.name)) {
            return Err(Error::OneName { name: twice.name.clone() });
        }
        let info = WeightsInfo {
            classes: self.classes().to_vec(),
            // under other names they are not the weights of this program to whoever reads both
            source: if names.is_some() { String::new() } else { self.source() },
            ..self.info.clone()
        };
        weights::save(path, &info, &renamed, |at| {
            let values = self.values.get(&self.params[at].name).map_or(&[][..], Vec::as_slice);
            match &places[at] {
                Some(there) => there.place.theirs(values),
                None => values.into(),
            }
        })?;
        Ok(())
    }

    fn source(&self) -> String {
        if self.info.source.is_empty() { self.experiment.to_text() } else { self.info.source.clone() }
    }

    fn places(&self, layout: Layout) -> Vec<Option<Elsewhere>> {
        let naming = Naming::new(&self.experiment.program, layout);
        let variables = variables(&self.experiment.program, self.heads);
        let places: BTreeMap<String, Elsewhere> =
            variables.iter().map(|variable| (variable.full_name(), naming.find(variable))).collect();
        self.params.iter().map(|param| places.get(&param.name).cloned()).collect()
    }
}

/// Statistics of the training split in the place of the word for them.
fn with_numbers(mut prepare: PrepareSpec, statistics: Option<&Featurewise>) -> PrepareSpec {
    if let Some(normalize) = prepare.normalize.as_mut().filter(|found| found.value == Normalize::Featurewise)
        && let Some(Featurewise { mean, std }) = statistics
    {
        normalize.value = Normalize::Standard { mean: mean.clone(), std: std.clone(), bgr: false };
    }
    prepare
}
