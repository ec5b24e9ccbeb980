//! Weights that an experiment makes, begins with, or is used with.

use std::path::Path;

use serde_json::Value;

use super::error::Error;
use super::open::Experiment;
use crate::data::Featurewise;
use crate::ir::{Mode, forward};
use crate::settings::prepare_json;
use crate::train::weights::{Weights, WeightsInfo};
use crate::train::{Pretrained, pretrained};

impl Experiment {
    /// What the layers of models with `weights:` start from.
    /// # Errors
    /// [`Error::Run`], [`Error::Data`] where such a file is missing or does not fit.
    pub(crate) fn pretrained(&self) -> Result<Pretrained, Error> {
        let model = &self.program.program().model;
        let params = forward(&self.program, Mode::Inference).graph.params;
        let find = |written: &str| Ok(self.locations.resolve(Path::new(written))?.path);
        Ok(pretrained(model, &params, &find)?)
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

    /// The statistics that weights bring, after a look at whether they were trained on pictures prepared as
    /// this file says.
    /// # Errors
    /// [`Error::PrepareDiffers`] if they were not; [`Error::PrepareUnsound`], [`Error::StatisticsUnsound`].
    pub(crate) fn statistics_of(&self, weights: &Weights, path: &Path) -> Result<Option<Featurewise>, Error> {
        if weights.info.prepare.is_empty() {
            return Ok(None);
        }
        let path = path.to_owned();
        let unsound = || Error::PrepareUnsound { path: path.clone() };
        let mut brought: Value = serde_json::from_str(&weights.info.prepare).map_err(|_| unsound())?;
        let statistics = brought.as_object_mut().ok_or_else(unsound)?.shift_remove("featurewise");
        let wanted = prepare_json(&self.program.program().prepare);
        if brought != wanted {
            return Err(Error::PrepareDiffers {
                path,
                brought: brought.to_string(),
                wanted: wanted.to_string(),
            });
        }
        let Some(found) = statistics else { return Ok(None) };
        let statistics: Featurewise = serde_json::from_value(found).map_err(|_| unsound())?;
        if !statistics.is_sound() {
            return Err(Error::StatisticsUnsound { path, mean: statistics.mean, std: statistics.std });
        }
        Ok(Some(statistics))
    }
}
