//! The pictures of an experiment.

use super::error::Error;
use super::open::Experiment;
use super::watch::{Event, Note, Watch};
use crate::data::{Dataset, Featurewise, InputSize};

impl Experiment {
    /// The pictures, read and split. `featurewise` are statistics that weights bring.
    /// # Errors
    /// [`Error::NoData`], [`Error::Data`].
    pub(crate) fn open_data(
        &self,
        featurewise: Option<Featurewise>,
        watch: &mut dyn Watch,
    ) -> Result<Dataset, Error> {
        let program = self.program.program();
        let data = program.data.as_ref().ok_or(Error::NoData)?;
        let input = InputSize { shape: self.program.input_shape(), open: self.open_axes() };
        let mut opened =
            Dataset::open_with(data, &program.prepare, input, featurewise, &self.locations, &mut |step| {
                watch.see(Event::ReadingData(step));
            })?;
        watch.see(Event::DataRead);
        opened.set_outputs(self.program.output_shape().elements());
        if let [first, ..] = &opened.damaged[..] {
            watch.see(Event::Note(Note::Damaged { count: opened.damaged.len(), first: first.clone() }));
        }
        if let [first, ..] = &opened.ignored[..] {
            watch.see(Event::Note(Note::NoPictures { count: opened.ignored.len(), first: first.clone() }));
        }
        Ok(opened)
    }
}
