//! Weights that an experiment makes, begins with, or is used with.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::Error;
use super::imagenet;
use super::open::Experiment;
use super::watch::{Event, Warning, Watch};
use crate::data::Featurewise;
use crate::front::part_for;
use crate::ir::{
    Matching, Mode, PrepareSpec, Resize, ScopeKind, StartingWeights, WeightsOf, forward, variables,
};
use crate::settings::{prepare_json, prepare_of_json};
use crate::show::prepare_differences;
use crate::source::{Span, Spanned};
use crate::train::weights::{self, Taking, Weights, WeightsInfo};
use crate::train::{Pretrained, pretrained};
use crate::weights::{Archive, FileAccount};
use crate::zoo::{self, Part, fit_model, imagenet_classes, published};

impl Experiment {
    /// Whether the model has anything that weights would hold.
    pub(crate) fn has_parameters(&self) -> bool {
        !forward(&self.program, Mode::Inference).graph.params.is_empty()
    }

    /// What the layers of models with `weights:` start from.
    /// # Errors
    /// [`Error::Run`], [`Error::Data`] where such a file is missing or does not fit.
    pub(crate) fn pretrained(&self, watch: &mut dyn Watch) -> Result<Pretrained, Error> {
        // all that is fetched is at hand before any of it is read
        let mut published = HashMap::new();
        for scope in &self.program.program().model.scopes {
            let ScopeKind::Model(backbone) = &scope.kind else { continue };
            if backbone.weights.as_ref().is_some_and(|weights| weights.from == WeightsOf::Imagenet) {
                let part = part_for(&backbone.model, &scope.path, &self.program);
                let path = imagenet::find(&backbone.model, part, &self.locations, watch)?;
                published.insert(scope.path.clone(), path);
            }
        }
        let find = |weights: &StartingWeights, scope: &str| match (&weights.from, published.get(scope)) {
            (WeightsOf::File(written), _) => Ok(self.locations.resolve(Path::new(written))?.path),
            (WeightsOf::Imagenet, path) => Ok(path.cloned().unwrap_or_default()),
        };
        let taken = pretrained(&self.program, &find)?;
        taken.accounts.iter().for_each(|account| watch.see(Event::Weights(account)));
        Ok(taken.values)
    }

    /// Whether this is a network of the zoo as it was trained on ImageNet, with an output for each class.
    pub(crate) fn is_of_imagenet(&self) -> bool {
        published(self.name(), Part::Whole).is_some()
            && self.output_shape().elements() == imagenet_classes().count()
    }

    /// The file with the published weights of this model, which must be one of the zoo.
    /// # Errors
    /// [`Error::Data`]: there is none, or it cannot be fetched.
    pub(crate) fn imagenet(&self, watch: &mut dyn Watch) -> Result<PathBuf, Error> {
        let model = self.name();
        Ok(imagenet::find(model, part_for(model, "", &self.program), &self.locations, watch)?)
    }

    /// What the model takes of a file.
    pub(crate) fn account_of(&self, path: PathBuf, archive: &Archive, matching: Matching) -> FileAccount {
        let variables = variables(&self.program, false);
        let account = fit_model(&archive.listing, &self.program.program().model, &variables, matching);
        FileAccount { path, listing: archive.listing.clone(), account }
    }

    /// What a run starts from that begins with the weights of another.
    /// # Errors
    /// [`Error::Run`] where they cannot be read or are not those of this model.
    pub(crate) fn beginning(
        &self,
        path: &Path,
        taking: Taking,
        watch: &mut dyn Watch,
    ) -> Result<Pretrained, Error> {
        let params = forward(&self.program, Mode::Training { random: false }).graph.params;
        let weights = weights::load(path, &self.program, &params, taking)?;
        watch.see(Event::Weights(&weights.account));
        if let Some((theirs, _)) = brought(&weights, path)? {
            let ours = &self.program.program().prepare;
            let differences = prepare_differences(&self.with_size_of(theirs, ours), ours);
            if !differences.is_empty() {
                watch.see(Event::Warning(Warning::BeginsOtherwise { weights: path.to_owned(), differences }));
            }
        }
        Ok(weights.values.into_iter().map(|(at, values)| (params[at].name.clone(), values)).collect())
    }

    /// What a weights file of this program says about itself.
    pub(crate) fn weights_info(
        &self,
        seed: u64,
        classes: &[String],
        statistics: Option<&Featurewise>,
    ) -> WeightsInfo {
        let mut prepare = prepare_json(&self.program.program().prepare);
        if let (Value::Object(entries), Some(statistics)) = (&mut prepare, statistics) {
            entries.insert("featurewise".into(), serde_json::json!(statistics));
        }
        WeightsInfo {
            source: self.to_text(),
            settings: self.settings().to_json().to_string(),
            prepare: prepare.to_string(),
            classes: classes.to_vec(),
            seed,
        }
    }

    /// The experiment as these weights are to be used: with pictures prepared as theirs were, whatever the
    /// file says; and the statistics that they bring. What the file says of a size counts where the weights
    /// say nothing: their pictures had the model's. `resize` was asked for, and goes before either.
    /// # Errors
    /// [`Error::PrepareUnsound`], [`Error::StatisticsUnsound`]; [`Error::Compile`] where the model does not
    /// take pictures of the size.
    pub(crate) fn as_trained(
        &self,
        weights: &Weights,
        path: &Path,
        resize: Option<Resize>,
        watch: &mut dyn Watch,
    ) -> Result<(Self, Option<Featurewise>), Error> {
        let ours = &self.program.program().prepare;
        let (mut prepare, statistics) = match brought(weights, path)? {
            Some((theirs, statistics)) => (self.with_size_of(theirs, ours), statistics),
            // the weights of another implementation of a network of the zoo
            None if zoo::find(self.name())
                .is_some_and(|model| model.is_torchvision(&path.to_string_lossy())) =>
            {
                (ours.as_torchvision(), None)
            }
            None => (ours.clone(), None),
        };
        let differences = prepare_differences(&prepare, ours);
        if !differences.is_empty() {
            watch.see(Event::Warning(Warning::OtherPrepare { weights: path.to_owned(), differences }));
        }
        if let Some(resize) = resize {
            prepare.resize = Some(Spanned::new(resize, Span::default()));
        }
        let size = prepare.resize.as_ref().map(|resize| [resize.value.height, resize.value.width]);
        let used = Self { program: self.program.prepared_by(prepare), ..self.clone() };
        let used = match size.filter(|_| self.program.open_sizes().is_some()) {
            Some(size) => used.at(size)?,
            None => used,
        };
        Ok((used, statistics))
    }

    /// How the weights' pictures were prepared, with the size that the model takes here.
    fn with_size_of(&self, mut theirs: PrepareSpec, ours: &PrepareSpec) -> PrepareSpec {
        match &mut theirs.resize {
            Some(resize) if self.program.open_sizes().is_none() => {
                (resize.value.height, resize.value.width, _) = self.input_shape().as_pixels();
            }
            Some(_) => {}
            None => theirs.resize.clone_from(&ours.resize),
        }
        theirs
    }
}

/// How the pictures of weights were prepared, and the statistics that these were normalised by; `None` where
/// the file does not say.
pub(super) fn brought(
    weights: &Weights,
    path: &Path,
) -> Result<Option<(PrepareSpec, Option<Featurewise>)>, Error> {
    if weights.info.prepare.is_empty() {
        return Ok(None);
    }
    let path = path.to_owned();
    let unsound = || Error::PrepareUnsound { path: path.clone() };
    let mut brought: Value = serde_json::from_str(&weights.info.prepare).map_err(|_| unsound())?;
    let found = brought.as_object_mut().ok_or_else(unsound)?.shift_remove("featurewise");
    let prepare = prepare_of_json(&brought).ok_or_else(unsound)?;
    let Some(found) = found else { return Ok(Some((prepare, None))) };
    let statistics: Featurewise = serde_json::from_value(found).map_err(|_| unsound())?;
    if !statistics.is_sound() {
        return Err(Error::StatisticsUnsound { path, mean: statistics.mean, std: statistics.std });
    }
    Ok(Some((prepare, Some(statistics))))
}
