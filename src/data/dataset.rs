//! A data set, split and prepared, ready to be trained on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::augment::{self, Mixable};
use super::error::DataError;
use super::features::Features;
use super::index::{self, Contents, DataIndex};
use super::loader::{Batches, Pass, Pool, batches_of, occasion_of};
use super::locations::Locations;
use super::prepare::{Featurewise, Preparation, PrepareError};
use super::source::{Pictures, Source, Split, Targets};
use super::store::{Intake, MEMORY_BOUND_BYTES, Scratch, Store};
use super::{Progress, load, split};
use crate::ir::{AugmentSpec, Cache, ClassWeight, DataSource, DataSpec, Normalize, PrepareSpec, class_index};
use crate::random::{Random, text_key};
use crate::source::Spanned;
use crate::tensor::Shape;

/// A data set, split and prepared.
#[derive(Debug)]
pub struct Dataset {
    /// Class names in the order of their indices; empty where labels are numbers to predict.
    pub classes: Vec<String>,
    /// Labels that are numbers, for all items.
    pub targets: Option<Arc<Targets>>,
    /// Images to train on.
    pub train: SplitView,
    /// Images that are looked at after each epoch.
    pub validation: Option<SplitView>,
    /// Images for the last evaluation.
    pub test: Option<SplitView>,
    /// Files that were left out because their names are not those of pictures.
    pub ignored: Vec<String>,
    /// What the data were when they were opened; [`Self::take_index`] gives it away.
    index: Option<DataIndex>,
    /// Pictures that were left out because they are damaged, each with its reason (`damaged: skip`).
    pub damaged: Vec<String>,
    /// Statistics of the training split where `prepare` normalises featurewise: they belong to the weights.
    pub featurewise: Option<Featurewise>,
    pub(super) store: Arc<Store>,
    pub(super) labels: Arc<[i32]>,
    pool: Arc<Pool>,
    shuffle: bool,
    mirror: Option<Arc<[Option<i32>]>>,
    class_weights: Option<Arc<[f32]>>,
    outputs: usize,
    loader_threads: usize,
}

/// The images of one split.
#[derive(Debug, Clone)]
pub struct SplitView {
    items: Arc<[u32]>,
    labels: Arc<[i32]>,
}

/// A training picture after augmentation.
#[derive(Debug, Clone, PartialEq)]
pub struct AugmentedPicture {
    /// `[H, W, C]`
    pub size: [usize; 3],
    /// As many values, before they are rescaled.
    pub values: Vec<f32>,
    /// Class index; that of the mirror image, where it was mirrored, and that with the largest share, where
    /// it was mixed.
    pub label: i32,
}

/// Which augmented pictures are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// How many.
    pub count: usize,
    /// One training picture, by its place among them, in epoch after epoch; else all of them, in the order of
    /// the epochs.
    pub picture: Option<usize>,
    /// Pictures in a batch: those that a picture can be mixed with.
    pub batch: usize,
}

impl SplitView {
    fn new(splits: &[Split], wanted: Split, labels: &Arc<[i32]>) -> Option<Self> {
        let items: Arc<[u32]> =
            (0u32..).zip(splits).filter(|&(_, &split)| split == wanted).map(|(item, _)| item).collect();
        (!items.is_empty()).then(|| Self { items, labels: Arc::clone(labels) })
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none; a split that exists has some.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Class indices of the images, in order.
    pub fn labels(&self) -> impl Iterator<Item = i32> + '_ {
        self.items.iter().map(|&item| self.labels[item as usize])
    }

    /// Images of each of `classes` classes.
    pub fn class_counts(&self, classes: usize) -> Vec<usize> {
        let mut counts = vec![0; classes];
        self.labels().for_each(|label| counts[label as usize] += 1);
        counts
    }

    /// The images as places in the whole set (sorted by path): what splits are compared by.
    pub fn items(&self) -> &[u32] {
        &self.items
    }
}

impl Dataset {
    /// Finds, reads, splits and prepares the data of a program whose model takes `input`. Pictures are
    /// decoded here, in parallel, where they fit into memory.
    /// # Errors
    /// [`DataError`]: data that are not there, malformed, or do not fit the model.
    pub fn open(
        data: &DataSpec,
        prepare: &PrepareSpec,
        input: &Shape,
        locations: &Locations,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, DataError> {
        Self::open_with(data, prepare, input, None, locations, progress)
    }

    /// [`Self::open`] for weights that bring the statistics of the data they were trained on.
    /// Long: the order of the steps, each of which needs what the ones before it found.
    /// # Errors
    /// [`DataError`].
    pub fn open_with<'i>(
        data: &DataSpec,
        prepare: &PrepareSpec,
        input: impl Into<InputSize<'i>>,
        featurewise: Option<Featurewise>,
        locations: &Locations,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, DataError> {
        let input = input.into();
        let preparation =
            Preparation::new(prepare, input.shape, featurewise.as_ref())?.leaving_open(input.open);
        let mut source = load::load(data, locations, progress)?;
        if let Some(written) = &data.classes {
            source.reorder_classes(&written.value, Path::new("the data"))?;
        }
        check_channels(&source, prepare, &preparation)?;
        let splits = split::split(&source, data)?;
        let mirror = data.mirror.as_ref().map(|pairs| mirror_images(&pairs.value, &source.classes));
        let names = index::names(&source, table_folder(data, locations).as_deref());
        let labels: Arc<[i32]> = source.labels.into();
        let train = SplitView::new(&splits, Split::Train, &labels).ok_or_else(|| DataError::Split {
            problem: "there are no training images".to_owned(),
            help: "add images".to_owned(),
        })?;
        let class_weights =
            data.class_weight.as_ref().map(|weight| weights_of(&weight.value, &source.classes, &train));
        let cache = data.cache.as_ref().map(|cache| cache.value);
        let of_arrays = index::contents_of_arrays(&source.pictures);
        let noted = Contents::of(if of_arrays.is_empty() { labels.len() } else { 0 });
        let mut store = Store::new(
            source.pictures,
            preparation,
            Intake { bound_bytes: bound_bytes(cache), bounds: locations.bounds, contents: &noted },
            progress,
        )?;
        let contents = if of_arrays.is_empty() {
            index::contents_of_files(store.unread(), noted, locations.bounds)?
        } else {
            of_arrays
        };
        let labelling = (&source.classes[..], source.targets.as_ref());
        let index = DataIndex::new(labelling, (names, &labels, &splits), contents);
        if cache == Some(Cache::Disk) {
            store = store.on_disk(progress)?;
        }
        let mut statistics = featurewise;
        if prepare.normalize.as_ref().is_some_and(|normalize| normalize.value == Normalize::Featurewise)
            && statistics.is_none()
        {
            let found = store.featurewise(&train.items)?;
            let [height, width, channels] = store.preparation.size();
            let open = if store.is_open() { input.open } else { [false; 2] };
            let shape = Shape::image(height, width, channels);
            store.preparation = Preparation::new(prepare, &shape, Some(&found))?.leaving_open(open);
            statistics = Some(found);
        }
        Ok(Self {
            targets: source.targets.map(Arc::new),
            validation: SplitView::new(&splits, Split::Validation, &labels),
            test: SplitView::new(&splits, Split::Test, &labels),
            train,
            ignored: source.ignored,
            index: Some(index),
            damaged: source.damaged,
            featurewise: statistics,
            store: Arc::new(store),
            labels,
            pool: Arc::default(),
            shuffle: data.shuffle,
            mirror,
            class_weights,
            outputs: source.classes.len(),
            classes: source.classes,
            loader_threads: std::thread::available_parallelism().map_or(1, usize::from).min(4),
        })
    }

    /// What the data were when they were opened, once: it is not needed for training, and takes some memory.
    pub fn take_index(&mut self) -> Option<DataIndex> {
        self.index.take()
    }

    /// The number of threads that decode and augment beside the training. Batches do not depend on it.
    pub fn set_loader_threads(&mut self, threads: usize) {
        self.loader_threads = threads.max(1);
    }

    /// The number of outputs over which the label of a mixed picture is spread: as many as the model has,
    /// where that is not the number of classes.
    pub fn set_outputs(&mut self, outputs: usize) {
        self.outputs = outputs;
    }

    /// How pictures are prepared, with the training split's statistics: what `predict` applies to a picture
    /// file.
    pub fn preparation(&self) -> &Preparation {
        &self.store.preparation
    }

    /// Training batches of an epoch from batch `start_batch` on. The order is shuffled by `(seed, epoch)`
    /// (unless the data say `shuffle: false`); an image's augmentation depends on (seed, epoch, image) alone.
    /// # Panics
    /// If `batch` is 0.
    pub fn train_batches(
        &self,
        epoch: u64,
        seed: u64,
        batch: usize,
        augment: &AugmentSpec,
        start_batch: usize,
    ) -> Batches {
        let order = self.order(seed, epoch);
        let augment = (!augment.ops.is_empty()).then(|| (augment.clone(), seed, epoch));
        let pass = Pass { augment, class_weights: self.class_weights.clone(), ..self.pass(order, batch) };
        self.made(pass, start_batch)
    }

    /// The same batches with rows of features in place of pictures, which are not augmented.
    /// # Panics
    /// If `batch` is 0.
    pub fn train_features(
        &self,
        features: &Arc<Features>,
        [seed, epoch]: [u64; 2],
        batch: usize,
        start_batch: usize,
    ) -> Batches {
        let pass = self.pass(self.order(seed, epoch), batch);
        let features = Some(Arc::clone(features));
        self.made(Pass { features, class_weights: self.class_weights.clone(), ..pass }, start_batch)
    }

    /// [`Self::batches`] with rows of features in place of pictures.
    /// # Panics
    /// If `batch` is 0.
    pub fn feature_batches(&self, features: &Arc<Features>, split: Split, batch: usize) -> Batches {
        let features = Some(Arc::clone(features));
        self.made(Pass { features, ..self.pass(self.items_of(split), batch) }, 0)
    }

    /// Training items in the order of an epoch.
    fn order(&self, seed: u64, epoch: u64) -> Vec<u32> {
        let mut order = self.train.items.to_vec();
        if self.shuffle {
            Random::keyed(&[seed, epoch, text_key("shuffle")]).shuffle(&mut order);
        }
        order
    }

    /// In which batch of an epoch a training picture is, and at which place there.
    pub(crate) fn train_place(&self, [seed, epoch]: [u64; 2], batch: usize, picture: usize) -> [usize; 2] {
        let (order, bounds) = batches_of(self.order(seed, epoch), batch, &self.store);
        let wanted = self.train.items[picture];
        let place = order.iter().position(|&item| item == wanted).unwrap_or(0);
        let first = bounds.partition_point(|&begin| begin <= place).saturating_sub(1);
        [first, place - bounds[first]]
    }

    /// Training pictures as they are augmented, exactly as many as are wanted: those of the first epoch, then
    /// those of the next. Before they are rescaled: `[H, W, C]`, 0..=255 unless the data or `color` say
    /// otherwise. Where the model takes pictures of any size, each has its own.
    /// # Errors
    /// [`DataError`].
    pub fn augmented(
        &self,
        seed: u64,
        augment: &AugmentSpec,
        sample: Sample,
    ) -> Result<Vec<AugmentedPicture>, DataError> {
        let Sample { count, picture, batch } = sample;
        let mut pictures = Vec::with_capacity(count);
        // the epochs of a run count from 1
        for epoch in 1.. {
            if pictures.len() >= count {
                break;
            }
            // the batches that the pictures are in: they can be mixed with others of theirs
            let (order, bounds) = batches_of(self.order(seed, epoch), batch, &self.store);
            let mut batches = bounds.windows(2).map(|ends| &order[ends[0]..ends[1]]);
            match picture {
                None => {
                    for items in batches {
                        if pictures.len() >= count {
                            break;
                        }
                        pictures.append(&mut self.augmented_batch([seed, epoch], augment, items)?);
                    }
                }
                Some(picture) => {
                    let wanted = self.train.items[picture];
                    let found = batches
                        .find_map(|items| Some((items, items.iter().position(|&item| item == wanted)?)));
                    let Some((items, place)) = found else { break };
                    pictures.push(self.augmented_batch([seed, epoch], augment, items)?.swap_remove(place));
                }
            }
        }
        pictures.truncate(count);
        Ok(pictures)
    }

    /// The pictures of a batch, which have one size, as they are augmented.
    fn augmented_batch(
        &self,
        [seed, epoch]: [u64; 2],
        spec: &AugmentSpec,
        items: &[u32],
    ) -> Result<Vec<AugmentedPicture>, DataError> {
        let preparation = self.store.preparation_of(items[0] as usize);
        let (elements, size) = (preparation.elements(), preparation.size());
        let mut scratch = Scratch::default();
        let (mut images, mut labels) = (vec![0.0; items.len() * elements], Vec::with_capacity(items.len()));
        for (&item, out) in items.iter().zip(images.chunks_exact_mut(elements)) {
            let keys = [seed, epoch, item.into()];
            let (occasion, label) =
                occasion_of(spec, self.mirror.as_deref(), self.labels[item as usize], keys);
            self.store.write_arranged(item as usize, Some((spec, occasion)), out, &mut scratch)?;
            labels.push(label);
        }
        if spec.mixes_labels() {
            let mut shares = Vec::new();
            augment::spread(&labels, self.outputs.max(1), &mut shares);
            let (images, targets, wanted) = (&mut images[..], &mut shares[..], 0..items.len());
            let batch = Mixable { items, size, images, targets, wanted };
            augment::mix(spec, [seed, epoch], batch);
            augment::largest_shares(&shares, &mut labels);
        }
        let pictures = images.chunks_exact(elements).zip(labels);
        Ok(pictures
            .map(|(values, label)| AugmentedPicture { size, values: values.to_vec(), label })
            .collect())
    }

    /// `[H, W, C]` of a prepared picture.
    pub fn picture_size(&self) -> [usize; 3] {
        self.store.preparation.size()
    }

    /// How many batches of at most `batch` training images an epoch has: those of one size go together.
    pub fn train_batch_count(&self, batch: usize) -> usize {
        batches_of(self.train.items.to_vec(), batch, &self.store).1.len() - 1
    }

    /// The batches of a split in the order of the set, not augmented; none where there is no such split.
    /// # Panics
    /// If `batch` is 0.
    pub fn batches(&self, split: Split, batch: usize) -> Batches {
        self.made(self.pass(self.items_of(split), batch), 0)
    }

    /// The pictures of a split in the order of the set.
    fn items_of(&self, split: Split) -> Vec<u32> {
        let view = match split {
            Split::Train => Some(&self.train),
            Split::Validation => self.validation.as_ref(),
            Split::Test => self.test.as_ref(),
        };
        view.map_or(Vec::new(), |view| view.items.to_vec())
    }

    /// Pictures of the whole set, those of all splits.
    pub fn pictures(&self) -> usize {
        self.labels.len()
    }

    /// A pass over pictures as they are.
    fn pass(&self, order: Vec<u32>, batch: usize) -> Pass {
        assert!(batch > 0, "a batch has images");
        let (store, pool, labels) =
            (Arc::clone(&self.store), Arc::clone(&self.pool), Arc::clone(&self.labels));
        let (targets, mirror) = (self.targets.clone(), self.mirror.clone());
        let (order, bounds) = batches_of(order, batch, &store);
        let outputs = self.outputs;
        Pass {
            store,
            features: None,
            pool,
            labels,
            targets,
            order,
            bounds,
            augment: None,
            mirror,
            class_weights: None,
            outputs,
        }
    }

    /// The batches of a pass from batch `start` on.
    fn made(&self, pass: Pass, start: usize) -> Batches {
        // Gathering takes less time than handing a batch from thread to thread.
        let is_slow = match &pass.features {
            Some(features) => features.is_slow(),
            None => pass.augment.is_some() || self.store.is_slow(),
        };
        let threads = if is_slow { self.loader_threads } else { 0 };
        Batches::new(pass, start, threads)
    }
}

/// The pictures that a model takes.
#[derive(Debug, Clone, Copy)]
pub struct InputSize<'a> {
    /// `[H, W, C]`.
    pub shape: &'a Shape,
    /// Whether height and width may be any.
    pub open: [bool; 2],
}

impl<'a> From<&'a Shape> for InputSize<'a> {
    fn from(shape: &'a Shape) -> Self {
        Self { shape, open: [false; 2] }
    }
}

/// The folder of the table that lists the pictures, if one does.
fn table_folder(data: &DataSpec, locations: &Locations) -> Option<PathBuf> {
    let DataSource::Csv(table) = &data.source.value else { return None };
    locations.resolve(&table.path).ok()?.path.parent().map(Path::to_owned)
}

/// What decoded pictures may take.
fn bound_bytes(cache: Option<Cache>) -> usize {
    match cache {
        Some(Cache::Memory) => usize::MAX,
        Some(Cache::Disk | Cache::None) => 0,
        None => MEMORY_BOUND_BYTES,
    }
}

/// How much the loss of a picture of each class counts. A class without training pictures counts 0 where
/// weights are balanced: there is nothing to count.
fn weights_of(weight: &ClassWeight, classes: &[String], train: &SplitView) -> Arc<[f32]> {
    match weight {
        ClassWeight::Balanced => {
            let (all, kinds) = (train.len() as f64, classes.len() as f64);
            let share = |count: usize| if count == 0 { 0.0 } else { (all / (kinds * count as f64)) as f32 };
            train.class_counts(classes.len()).into_iter().map(share).collect()
        }
        ClassWeight::Given(given) => {
            let mut weights = vec![1.0; classes.len()];
            for (class, weight) in given {
                // classes that there are not have been reported
                if let Some(index) = class_index(&class.value, classes) {
                    weights[index] = *weight;
                }
            }
            weights.into()
        }
    }
}

/// What pictures of each class show when they are mirrored; `None` for those that then show nothing.
fn mirror_images(pairs: &[[Spanned<String>; 2]], classes: &[String]) -> Arc<[Option<i32>]> {
    let mut images = vec![None; classes.len()];
    for pair in pairs {
        // classes that there are not have been reported
        if let [Some(left), Some(right)] = [0, 1].map(|side| class_index(&pair[side].value, classes)) {
            (images[left], images[right]) = (i32::try_from(right).ok(), i32::try_from(left).ok());
        }
    }
    images.into()
}

/// Sets of arrays keep their channels unless `color` says otherwise.
fn check_channels(
    source: &Source,
    prepare: &PrepareSpec,
    preparation: &Preparation,
) -> Result<(), DataError> {
    let Pictures::Arrays { size, .. } = &source.pictures else { return Ok(()) };
    let wanted = preparation.size();
    if prepare.color.is_none() && size[2] != wanted[2] {
        return Err(PrepareError::Channels { found: size[2], wanted: wanted[2] }.into());
    }
    if !preparation.resizes() && !preparation.is_open() && size[..2] != wanted[..2] {
        return Err(PrepareError::Size { found: [size[0], size[1]], wanted: [wanted[0], wanted[1]] }.into());
    }
    Ok(())
}

#[cfg(test)]
#[path = "dataset_tests.rs"]
mod tests;
