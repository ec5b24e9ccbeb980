//! Pictures behind the layers at a model's beginning that vary them in training (`random_flip`,
//! `random_rotation`, …), as a run sees them.

use super::compute::Compute;
use super::open::Experiment;
use crate::data::{AugmentedPicture, Dataset, Sample};
use crate::ir::{LayerId, LayerNode};
use crate::layers::{Layer, Purpose};
use crate::runtime::VariedSession;
use crate::train::RunError;

impl Experiment {
    /// The last layer of the model's beginning that varies pictures: what stands before it is a chain of
    /// layers without weights. `None` where there is none, or the size of pictures is open.
    pub(crate) fn varying_layer(&self) -> Option<LayerId> {
        if self.program.open_sizes().is_some() {
            return None;
        }
        let layers = &self.program.program().model.layers;
        let is_next = |at: usize, node: &LayerNode| {
            let from_last = matches!(node.inputs[..], [input] if input.index() + 1 == at);
            let shapes: Vec<_> = node.inputs.iter().map(|id| self.program.shape(*id).clone()).collect();
            from_last && node.layer.as_op().params(&shapes).is_empty()
        };
        let chain = layers.iter().enumerate().skip(1).take_while(|(at, node)| is_next(*at, node));
        let varying = chain.filter(|(_, node)| varies(node)).map(|(at, _)| at);
        let last = varying.last().and_then(|at| u32::try_from(at).ok()).map(LayerId)?;
        self.program.shape(last).as_image().map(|_| last)
    }

    /// Whether a run varies its pictures.
    pub(crate) fn varies_pictures(&self) -> bool {
        self.varying_layer().is_some() || !self.program.program().augment.ops.is_empty()
    }

    /// Training pictures as a run varies them: augmented, and as they leave layers at the model's beginning that
    /// vary pictures.
    /// # Errors
    /// [`RunError::Data`], [`RunError::Compile`].
    pub(crate) fn as_trained_on(
        &self,
        data: &Dataset,
        sample: Sample,
    ) -> Result<Vec<AugmentedPicture>, RunError> {
        let program = self.program.program();
        let seed = program.train.as_ref().map_or(0, |train| train.seed);
        match self.varying_layer() {
            Some(layer) => self.varied(layer, data, seed, sample),
            None => Ok(data.augmented(seed, &program.augment, sample)?),
        }
    }

    /// Training pictures as they leave a layer at the model's beginning, exactly as many as are wanted: as
    /// prepared, augmented and varied in the first epoch of a run, then in the next.
    /// # Errors
    /// [`RunError::Data`], [`RunError::Compile`].
    pub(crate) fn varied(
        &self,
        layer: LayerId,
        data: &Dataset,
        seed: u64,
        sample: Sample,
    ) -> Result<Vec<AugmentedPicture>, RunError> {
        let Sample { count, picture, batch } = sample;
        let options = Compute::default().options(batch, true);
        let mut session = VariedSession::compile(&self.program, layer, &options)?;
        let (height, width, channels) = session.shape().as_pixels();
        let size = [height, width, channels];
        let augment = &self.program.program().augment;
        let steps = data.train_batch_count(batch) as u64;
        let mut pictures = Vec::with_capacity(count);
        for epoch in 1.. {
            let before = (epoch - 1) * steps;
            let wanted = picture.map(|picture| data.train_place([seed, epoch], batch, picture));
            let first = wanted.map_or(0, |[first, _]| first);
            let batches = data.train_batches(epoch, seed, batch, augment, first).enumerate();
            for (at, made) in batches {
                let made = made?;
                let values = session.run(&made.images, [seed, before + (first + at) as u64 + 1]);
                let each = values.chunks_exact(size.iter().product()).zip(&made.labels);
                let shown =
                    each.map(|(values, &label)| AugmentedPicture { size, values: values.to_vec(), label });
                match wanted {
                    Some([_, place]) => pictures.extend(shown.skip(place).take(1)),
                    None => pictures.extend(shown),
                }
                if pictures.len() >= count {
                    pictures.truncate(count);
                    return Ok(pictures);
                }
                if wanted.is_some() {
                    break;
                }
            }
        }
        Ok(pictures)
    }
}

/// Whether a layer changes pictures at random in training.
fn varies(node: &LayerNode) -> bool {
    let is_random = matches!(node.layer, Layer::RandomPlace(_) | Layer::RandomColor(_));
    is_random || node.layer.as_op().purpose() == Purpose::Disturb
}
