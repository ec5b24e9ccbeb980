//! Pictures of a run that begins, as it is trained on them.

use super::error::Error;
use super::watch::Start;
use crate::data::{AugmentedPicture, Sample};

impl Start<'_> {
    /// So many training pictures of the first epoch, as they are varied; fewer where there are not as many.
    /// # Errors
    /// [`Error::Data`], [`Error::Compile`].
    pub(crate) fn sample(&self, count: usize) -> Result<Vec<AugmentedPicture>, Error> {
        let Start { experiment, data, .. } = self;
        let count = count.min(data.train.len());
        // no more pictures are read than are shown, unless others have a part in them
        let mixes = experiment.program.program().augment.mixes_labels();
        let is_alone = experiment.varying_layer().is_none() && !mixes;
        let batch = if is_alone { count.max(1) } else { experiment.batch() };
        experiment.as_trained_on(data, Sample { count, picture: None, batch })
    }

    /// The names of the classes.
    pub(crate) fn classes(&self) -> &[String] {
        &self.data.classes
    }
}
