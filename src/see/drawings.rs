//! The drawings that a program's `report` names, of a run that has ended.

use super::album::{Album, Entry};
use super::attention::{Asked, attend};
use super::attention_sheet::{Look, attention_sheet};
use super::charts::{confusion_of, curves_of};
use super::embedding::{MOST_POINTS, Wanted, embedding, embedding_sheet};
use super::error::Error;
use super::feature_maps::feature_maps;
use super::filters::filters;
use super::filters_sheet::filters_sheet;
use super::layer::name_of;
use super::maps_sheet::maps_sheet;
use super::mistakes::{mistakes_in, mistakes_sheet, pictures_of};
use super::photo::Photo;
use super::samples::{samples, samples_sheet};
use crate::chart;
use crate::data::{Sample, Split};
use crate::draw::colors::ColorMap;
use crate::draw::scene::Scene;
use crate::experiment::{self, Experiment, Model, Run, Watch};
use crate::ir::LayerId;
use crate::printed::shown_path;
use crate::source::Spanned;
use crate::vocabulary::{Drawing, Words};

/// Pictures of a sheet of samples.
const SAMPLES: usize = 25;
/// Wrong answers that are shown.
const MISTAKES: usize = 12;
/// Channels whose filters are shown.
const CHANNELS: usize = 16;

/// What drawings of a run are made of.
#[derive(Debug)]
pub struct Material<'m> {
    /// The run.
    pub run: &'m Run,
    /// Its model with its final weights and its pictures.
    pub model: Model,
    /// The pictures that it was judged by.
    pub album: Album,
    /// How many of them drawings are made of.
    pub images: usize,
}

impl<'m> Material<'m> {
    /// Of a run and its model.
    /// # Errors
    /// [`Error::Model`] where the pictures cannot be had; the run's answers cannot be read.
    pub fn of(run: &'m Run, mut model: Model, watch: &mut dyn Watch) -> Result<Self, Error> {
        let judged = run.results().map(|(split, _)| split);
        let (split, items) = match pictures_of(&mut model, judged, watch) {
            // where there are no others, drawings are made of those that it was trained on
            Err(Error::Model(error)) if matches!(*error, experiment::Error::NoSplit { .. }) => {
                (Split::Train, model.items(Split::Train, watch)?)
            }
            found => found?,
        };
        let album = Album::new(&model, split, &items, run.answers()?);
        let images = model.experiment().program.program().report.as_ref().map_or(8, |report| report.images);
        Ok(Self { run, model, album, images })
    }

    /// The pictures that drawings are made of.
    fn photos(&self) -> Result<Vec<Photo>, Error> {
        let chosen = self.album.some_of_each_class(self.images);
        chosen.into_iter().map(|entry: &Entry| entry.photo(&self.model)).collect()
    }
}

/// A drawing.
/// # Errors
/// [`Error`]: there is nothing to be seen, or what it is made of cannot be read.
pub fn drawn(drawing: &Drawing, of: &mut Material<'_>, watch: &mut dyn Watch) -> Result<Scene, Error> {
    let colors = ColorMap::default();
    let named = |layer: &Option<Spanned<LayerId>>| {
        layer.as_ref().map(|layer| name_of(of.model.experiment(), layer.value).to_owned())
    };
    Ok(match drawing {
        Drawing::Samples { augmented } => samples_of(&mut of.model, SAMPLES, *augmented, watch)?,
        Drawing::Curves => chart::curves(&[curves_of(of.run)?]),
        Drawing::ConfusionMatrix => confusion_of(of.run, colors)?,
        Drawing::Mistakes if !of.album.has_answers() => {
            return Err(Error::NoAnswers { run: shown_path(of.run.folder()) });
        }
        Drawing::Mistakes => {
            mistakes_sheet(&mistakes_in(&of.album, &mut of.model, MISTAKES)?, Look::default())
        }
        Drawing::GradCam { layer } => {
            let layer = named(layer);
            let asked = Asked { layer: layer.as_deref(), ..Asked::default() };
            let mut rows = Vec::new();
            for photo in of.photos()? {
                let found = attend(&mut of.model, &photo, asked)?;
                rows.push((photo, found));
            }
            attention_sheet("Grad-CAM", &rows, Look::default())
        }
        Drawing::FeatureMaps { layer, channels } => {
            let layer = named(layer);
            let layers: Vec<&str> = layer.as_deref().into_iter().collect();
            let mut rows = Vec::new();
            for photo in of.photos()? {
                let maps = feature_maps(&mut of.model, &photo, &layers)?;
                rows.push((photo, maps));
            }
            maps_sheet("feature maps", &rows, *channels, colors)
        }
        Drawing::Filters { layer } => {
            let layer = named(layer);
            filters_sheet(&filters(&mut of.model, layer.as_deref(), CHANNELS, 0)?, colors)
        }
        Drawing::Embedding { layer, projection } => {
            let layer = named(layer);
            let (projection, split) = (*projection, Some(of.album.split));
            let wanted = Wanted { layer: layer.as_deref(), projection, split, count: MOST_POINTS, seed: 0 };
            embedding_sheet(&embedding(&mut of.model, wanted, watch)?)
        }
    })
}

/// Training pictures; beside each, if that is wanted, the same as it is varied.
/// # Errors
/// [`Error::Model`] where they cannot be read.
pub fn samples_of(
    model: &mut Model,
    count: usize,
    augmented: bool,
    watch: &mut dyn Watch,
) -> Result<Scene, Error> {
    model.open_data(watch)?;
    let data = model.data().ok_or(experiment::Error::NoData)?;
    let count = count.min(data.train.len());
    let all = data.train.len();
    let sample = Sample { count, picture: None, batch: model.experiment().batch() };
    let found = samples(model.experiment(), data, sample, augmented)?;
    Ok(samples_sheet(&format!("{count} of {all} training pictures"), &found, &data.classes))
}

/// The name of a drawing's file, without its type: unlike those of the drawings before it.
pub fn file_name(experiment: &Experiment, drawing: &Drawing, before: &[String]) -> String {
    let layer = match drawing {
        Drawing::GradCam { layer }
        | Drawing::FeatureMaps { layer, .. }
        | Drawing::Filters { layer }
        | Drawing::Embedding { layer, .. } => layer.as_ref().map(|layer| layer.value),
        Drawing::Samples { .. } | Drawing::Curves | Drawing::ConfusionMatrix | Drawing::Mistakes => None,
    };
    let mut name = drawing.keyword().to_owned();
    if let Some(layer) = layer {
        name = format!("{name}-{}", name_of(experiment, layer).replace(['/', '\\'], "-"));
    }
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    names.find(|name| !before.contains(name)).unwrap_or(name)
}
