//! Single pictures of a data set, to look at.

use super::dataset::Dataset;
use super::error::DataError;
use super::store::Scratch;

/// A picture of a data set, twice.
#[derive(Debug, Clone, PartialEq)]
pub struct SetPicture {
    /// `[H, W, C]`
    pub size: [usize; 3],
    /// As many values, before they are rescaled: what people see.
    pub arranged: Vec<f32>,
    /// As the model takes it.
    pub prepared: Vec<f32>,
    /// Class index.
    pub label: i32,
}

impl Dataset {
    /// A picture by its place in the whole set, not augmented.
    /// # Errors
    /// [`DataError`] if it cannot be read.
    pub fn picture(&self, item: u32) -> Result<SetPicture, DataError> {
        let at = item as usize;
        let preparation = self.store.preparation_of(at);
        let (size, mut scratch) = (preparation.size(), Scratch::default());
        let (mut arranged, mut prepared) =
            (vec![0.0; preparation.elements()], vec![0.0; preparation.elements()]);
        self.store.write_arranged(at, None, &mut arranged, &mut scratch)?;
        self.store.write(at, None, &mut prepared, &mut scratch)?;
        Ok(SetPicture { size, arranged, prepared, label: self.labels[at] })
    }
}
