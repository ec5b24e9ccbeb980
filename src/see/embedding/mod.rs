//! Pictures as points: those that a model holds to be alike lie near each other.

mod pca;
mod sheet;
mod tsne;

use ndarray::{Array2, Array4, ArrayD, Axis};

use super::error::Error;
use super::layer::{layer_named, name_of};
use super::mistakes::pictures_of;
use crate::data::Split;
use crate::experiment::{Experiment, Model, Watch};
use crate::ir::LayerId;
use crate::random::{Random, text_key};
use crate::vocabulary::Projection;

pub use sheet::embedding_sheet;

/// Most pictures: each is compared with every other.
pub const MOST_POINTS: usize = 2_000;
/// Pictures that go through the model at once.
const TOGETHER: usize = 32;

/// Pictures as points.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    /// How it was made.
    pub projection: Projection,
    /// The layer whose results the pictures are compared by, and how many numbers it makes.
    pub layer: (String, usize),
    /// The split, and how many pictures it has.
    pub split: (Split, usize),
    /// Where each picture lies, `[N, 2]`.
    pub places: Array2<f64>,
    /// The class of each; `-1` where labels are no classes.
    pub labels: Vec<i32>,
    /// Names of the classes.
    pub classes: Vec<String>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The layer. `None`: the one before the last that has weights.
    pub layer: Option<&'a str>,
    /// How many dimensions become two.
    pub projection: Projection,
    /// Of which pictures. `None`: test, or validation where there is no test split.
    pub split: Option<Split>,
    /// At most so many pictures, [`MOST_POINTS`] in any case.
    pub count: usize,
    /// Decides which, where there are more.
    pub seed: u64,
}

/// Pictures of a split as points.
/// # Errors
/// [`Error`].
pub fn embedding(model: &mut Model, wanted: Wanted<'_>, watch: &mut dyn Watch) -> Result<Embedding, Error> {
    let experiment = model.experiment();
    let layer = match wanted.layer {
        Some(name) => name_of(experiment, layer_named(experiment, name)?).to_owned(),
        None => name_of(experiment, before_the_last(experiment)).to_owned(),
    };
    let (split, mut items) = pictures_of(model, wanted.split, watch)?;
    let all = items.len();
    Random::keyed(&[wanted.seed, text_key("embedding")]).shuffle(&mut items);
    items.truncate(wanted.count.min(MOST_POINTS));
    items.sort_unstable();
    let (features, labels) = features(model, &layer, &items)?;
    let flat = pca::pca(features.view());
    let places = match wanted.projection {
        Projection::Pca => flat,
        Projection::Tsne => tsne::tsne(features.view(), &flat),
    };
    Ok(Embedding {
        projection: wanted.projection,
        layer: (layer, features.ncols()),
        split: (split, all),
        places,
        labels,
        classes: model.classes().to_vec(),
    })
}

/// What the last layer with weights is given.
fn before_the_last(experiment: &Experiment) -> LayerId {
    let program = experiment.program.program();
    let layers = &program.model.layers;
    let mut at = program.model.output;
    loop {
        let node = &layers[at.index()];
        let Some(&before) = node.inputs.first() else { return at };
        let shapes: Vec<_> =
            node.inputs.iter().map(|&input| experiment.program.shape(input).clone()).collect();
        if !node.layer.as_op().params(&shapes).is_empty() {
            return before;
        }
        at = before;
    }
}

/// What a layer makes of pictures, `[N, D]`, and their labels. Of a map the mean of each channel.
fn features(model: &mut Model, layer: &str, items: &[u32]) -> Result<(Array2<f64>, Vec<i32>), Error> {
    let (mut rows, mut labels) = (Vec::new(), Vec::with_capacity(items.len()));
    let mut waiting: (Vec<f32>, [usize; 3]) = (Vec::new(), [0; 3]);
    for item in items {
        let picture = model.set_picture(*item)?;
        labels.push(picture.label);
        let pixels: usize = waiting.1.iter().product();
        if waiting.1 != picture.size || waiting.0.len() >= TOGETHER * pixels {
            take(model, layer, &mut waiting, &mut rows)?;
            waiting.1 = picture.size;
        }
        waiting.0.extend(picture.prepared);
    }
    take(model, layer, &mut waiting, &mut rows)?;
    let size = rows.len() / items.len().max(1);
    let features = Array2::from_shape_vec((items.len(), size), rows).expect("as many for each picture");
    Ok((features, labels))
}

/// The features of the pictures that wait.
fn take(
    model: &mut Model,
    layer: &str,
    (images, size): &mut (Vec<f32>, [usize; 3]),
    rows: &mut Vec<f64>,
) -> Result<(), Error> {
    let [height, width, channels] = *size;
    let count = images.len().checked_div(height * width * channels).unwrap_or_default();
    if count == 0 {
        return Ok(());
    }
    let batch = Array4::from_shape_vec((count, height, width, channels), std::mem::take(images));
    let values = model.values(batch.expect("whole pictures").view(), &[layer])?.swap_remove(0);
    values.axis_iter(Axis(0)).for_each(|value| rows.extend(channel_means(&value.to_owned())));
    Ok(())
}

/// A vector as it is; of a map the mean of each channel.
fn channel_means(value: &ArrayD<f32>) -> Vec<f64> {
    let channels = value.shape().last().copied().unwrap_or(1);
    let places = (value.len() / channels.max(1)).max(1) as f64;
    let mut means = vec![0.0; channels];
    for (at, number) in value.iter().enumerate() {
        means[at % channels] += f64::from(*number);
    }
    means.iter_mut().for_each(|mean| *mean /= places);
    means
}
