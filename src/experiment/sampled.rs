//! Pictures of a run that begins, as it is trained on them.

use super::error::Error;
use super::open::Experiment;
use super::watch::Start;
use crate::data::{AugmentedPicture, Dataset, Sample};
use crate::train::RunError;

impl Experiment {
    /// So many training pictures of the first epoch, as they are varied; fewer where there are not as many.
    /// # Errors
    /// [`RunError::Data`], [`RunError::Compile`].
    pub(super) fn first_pictures(
        &self,
        data: &Dataset,
        count: usize,
    ) -> Result<Vec<AugmentedPicture>, RunError> {
        let count = count.min(data.train.len());
        // no more pictures are read than are shown, unless others have a part in them
        let mixes = self.program.program().augment.mixes_labels();
        let is_alone = self.varying_layer().is_none() && !mixes;
        let batch = if is_alone { count.max(1) } else { self.batch() };
        self.as_trained_on(data, Sample { count, picture: None, batch })
    }
}

impl Start<'_> {
    /// So many training pictures of the first epoch, as they are varied; fewer where there are not as many.
    /// # Errors
    /// [`Error::Run`].
    pub(crate) fn sample(&self, count: usize) -> Result<Vec<AugmentedPicture>, Error> {
        Ok(self.experiment.first_pictures(self.data, count)?)
    }

    /// The names of the classes.
    pub(crate) fn classes(&self) -> &[String] {
        &self.data.classes
    }
}
