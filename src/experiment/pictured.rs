//! Single pictures of the data that a model is judged by.

use super::error::Error;
use super::model::Model;
use super::watch::Watch;
use crate::data::{Dataset, SetPicture, Split};

impl Model {
    /// The pictures of a split in the order in which they are evaluated, as places in the data set.
    /// # Errors
    /// [`Error::NoSplit`]; as [`Model::evaluate`] where the data cannot be had.
    pub(crate) fn items(&mut self, split: Split, watch: &mut dyn Watch) -> Result<Vec<u32>, Error> {
        self.open_data(watch)?;
        let batch = self.options.batch;
        let items = self.data().map(|data| data.batches(split, batch).items().to_vec()).unwrap_or_default();
        if items.is_empty() { Err(Error::NoSplit { split }) } else { Ok(items) }
    }

    /// A picture of the data by its place. The data must have been opened: [`Model::items`].
    /// # Errors
    /// [`Error::NoData`], [`Error::Data`].
    pub(crate) fn set_picture(&self, item: u32) -> Result<SetPicture, Error> {
        Ok(self.data().ok_or(Error::NoData)?.picture(item)?)
    }

    fn data(&self) -> Option<&Dataset> {
        self.data.as_ref().map(|(data, _)| data)
    }
}
