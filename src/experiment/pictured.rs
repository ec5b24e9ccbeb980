//! Single pictures of the data that a model is judged by.

use super::error::Error;
use super::index::read_index;
use super::model::Model;
use super::run::Run;
use super::watch::Watch;
use crate::data::{Dataset, SetPicture, Split};

impl Model {
    /// The model of a run that has just ended, with the run's own pictures, which are not read again.
    pub(crate) fn with_pictures(mut self, run: &Run, data: Dataset) -> Self {
        // without the file of the index pictures are told by their numbers, as in the run's answers
        let index = read_index(&run.index()).unwrap_or_default();
        self.data = Some((data, index));
        self
    }

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

    /// What the answers of a run call a picture: its file, or its number.
    pub(crate) fn name_of_item(&self, item: u32) -> String {
        let index = self.data.as_ref().map(|(_, index)| index);
        let named = index.and_then(|index| index.name(item as usize));
        named.map_or_else(|| item.to_string(), str::to_owned)
    }

    /// All pictures of the data. They must have been opened.
    pub(crate) fn data(&self) -> Option<&Dataset> {
        self.data.as_ref().map(|(data, _)| data)
    }
}
