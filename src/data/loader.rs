//! Batches for the trainer: gathered where that is quick, else made by threads beside the training.
//!
//! Batch `b` of an epoch is made by thread `b mod threads`, which hands it over through a channel
//! of its own with room for one batch; the trainer takes from the channels in turn. So order and
//! contents do not depend on the number of threads, and no more than two batches a thread are in
//! memory. Where only every n-th batch has pictures ([`Share::Batches`]), n batches in a row are
//! one thread's.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::augment::{self, Mixable, Occasion};
use super::error::DataError;
use super::features::Features;
use super::mirrored::{View, mirror};
use super::share::Share;
use super::source::Targets;
use super::store::{Scratch, Store};
use crate::ir::{AugmentSpec, Labels};

/// Prepared images and their labels. Dropping it gives its buffers back for another batch.
#[derive(Debug)]
pub struct Batch {
    /// `[n, H, W, C]`, prepared; or the rows of features that are kept of them. Where the pass
    /// makes a share of them alone, see [`Share`].
    pub images: Vec<f32>,
    /// `[height, width]` of each of them.
    pub size: [usize; 2],
    /// `[n]` class indices, of mixed pictures that of the class with the largest share; 0 where labels are
    /// numbers.
    pub labels: Vec<i32>,
    /// `[n, K]` labels that are numbers, or shares of classes where pictures are mixed; empty where they are
    /// classes.
    pub targets: Vec<f32>,
    /// `[n]` how much the loss of each counts; empty where classes are not weighed.
    pub weights: Vec<f32>,
    pool: Arc<Pool>,
}

impl Batch {
    /// The labels, as a session takes them.
    pub fn as_labels(&self) -> Labels<'_> {
        if self.targets.is_empty() { Labels::Classes(&self.labels) } else { Labels::Numbers(&self.targets) }
    }

    fn seen(mut self, view: View) -> Self {
        let [height, width] = self.size;
        let channels = self.images.len().checked_div(self.labels.len() * height * width).unwrap_or(0);
        if view == View::Mirrored {
            mirror(&mut self.images, [width, channels]);
        }
        self
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let (images, labels) = (std::mem::take(&mut self.images), std::mem::take(&mut self.labels));
        let (targets, weights) = (std::mem::take(&mut self.targets), std::mem::take(&mut self.weights));
        self.pool.give_back((images, labels, targets, weights));
    }
}

/// Images, class indices, numbers, weights.
type Buffers = (Vec<f32>, Vec<i32>, Vec<f32>, Vec<f32>);

/// Buffers that are free.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Vec<Buffers>>);

/// More spare buffers than this are freed.
const SPARE_BATCHES: usize = 8;

impl Pool {
    fn take(&self) -> Buffers {
        self.0.lock().ok().and_then(|mut spare| spare.pop()).unwrap_or_default()
    }

    fn give_back(&self, buffers: Buffers) {
        if let Ok(mut spare) = self.0.lock()
            && spare.len() < SPARE_BATCHES
        {
            spare.push(buffers);
        }
    }
}

/// What the batches of one pass are made of.
#[derive(Debug)]
pub(super) struct Pass {
    pub(super) store: Arc<Store>,
    /// What is delivered in place of pictures.
    pub(super) features: Option<Arc<Features>>,
    pub(super) pool: Arc<Pool>,
    /// Labels of all items.
    pub(super) labels: Arc<[i32]>,
    /// Numbers of all items, where labels are numbers.
    pub(super) targets: Option<Arc<Targets>>,
    /// Items in the order of the pass.
    pub(super) order: Vec<u32>,
    /// Where each batch begins in that order, and where the last ends.
    pub(super) bounds: Vec<usize>,
    /// Augmentation with its seed and epoch.
    pub(super) augment: Option<(AugmentSpec, u64, u64)>,
    /// Where mirroring changes classes: what each class becomes, if anything.
    pub(super) mirror: Option<Arc<[Option<i32>]>>,
    /// How much the loss of a picture of each class counts, where classes are weighed.
    pub(super) class_weights: Option<Arc<[f32]>>,
    /// Numbers that the share of each class is one of, where pictures are mixed.
    pub(super) outputs: usize,
}

/// Puts items of a pass into batches of at most `batch`: their order, and where each batch begins and the
/// last ends. Pictures of a batch have one size. Where sizes differ, batches of each size fill up in the
/// order of the pass and come as they are full; what is left comes at the end, the smallest pictures first.
pub(super) fn batches_of(order: Vec<u32>, batch: usize, store: &Store) -> (Vec<u32>, Vec<usize>) {
    if !store.is_open() {
        let bounds = (0..order.len()).step_by(batch).chain([order.len()]).collect();
        return (order, bounds);
    }
    let mut filling: BTreeMap<[usize; 2], Vec<u32>> = BTreeMap::new();
    let (mut ordered, mut bounds) = (Vec::with_capacity(order.len()), vec![0]);
    for item in order {
        let items = filling.entry(store.size_of(item as usize)).or_default();
        items.push(item);
        if items.len() == batch {
            ordered.append(items);
            bounds.push(ordered.len());
        }
    }
    for mut items in filling.into_values().filter(|items| !items.is_empty()) {
        ordered.append(&mut items);
        bounds.push(ordered.len());
    }
    (ordered, bounds)
}

impl Pass {
    fn batches(&self) -> usize {
        self.bounds.len() - 1
    }

    /// Makes batch `index`, or a share of it, unless the pass is given up meanwhile.
    fn make(
        &self,
        (index, share): (usize, &Share),
        scratch: &mut Scratch,
        given_up: &AtomicBool,
    ) -> Result<Batch, DataError> {
        let items = &self.order[self.bounds[index]..self.bounds[index + 1]];
        let first = items[0] as usize;
        let of_pictures = || self.store.preparation_of(first).elements();
        let elements = self.features.as_ref().map_or_else(of_pictures, |features| features.width());
        let size = self.store.size_of(first);
        let places = share.places(index, items.len());
        let (mut images, mut labels, mut targets, mut weights) = self.pool.take();
        if places.len() < items.len() {
            // what another batch has left
            images.clear();
        }
        images.resize(if share.has(index) { items.len() * elements } else { 0 }, 0.0);
        labels.clear();
        labels.extend(items.iter().map(|&item| self.labels[item as usize]));
        targets.clear();
        if let Some(all) = &self.targets {
            items.iter().for_each(|&item| targets.extend_from_slice(all.row(item as usize)));
        }
        weights.clear();
        let mut batch = Batch { images, size, labels, targets, weights, pool: Arc::clone(&self.pool) };
        let mixes = self.augment.as_ref().filter(|(spec, ..)| spec.mixes_labels());
        let sources =
            mixes.map(|(spec, seed, epoch)| augment::sources(spec, [*seed, *epoch], items, &places));
        for (i, &item) in items.iter().enumerate() {
            if given_up.load(Ordering::Relaxed) {
                return Err(DataError::Loader("nobody wants the batch any more".to_owned()));
            }
            let augmented = self.augment.as_ref().map(|(spec, seed, epoch)| {
                let keys = [*seed, *epoch, u64::from(item)];
                let (occasion, label) = occasion_of(spec, self.mirror.as_deref(), batch.labels[i], keys);
                batch.labels[i] = label;
                (spec, occasion)
            });
            if !sources.as_ref().map_or_else(|| places.contains(&i), |sources| sources[i]) {
                continue;
            }
            let out = &mut batch.images[i * elements..(i + 1) * elements];
            match &self.features {
                Some(features) => features.read(item, out)?,
                None => self.store.write(item as usize, augmented, out, scratch)?,
            }
        }
        if let Some((spec, seed, epoch)) = mixes {
            let has_classes = self.targets.is_none();
            if has_classes {
                augment::spread(&batch.labels, self.outputs, &mut batch.targets);
            }
            let size = self.store.preparation_of(first).size();
            let (images, targets) = (&mut batch.images[..], &mut batch.targets[..]);
            let mixable = Mixable { items, size, images, targets, wanted: places.clone() };
            augment::mix(spec, [*seed, *epoch], mixable);
            if has_classes {
                augment::largest_shares(&batch.targets, &mut batch.labels);
            }
            if !batch.images.is_empty() {
                // those that were only mixed into others
                batch.images[..places.start * elements].fill(0.0);
                batch.images[places.end * elements..].fill(0.0);
            }
        }
        if let Some(weights) = &self.class_weights {
            batch.weights.extend(batch.labels.iter().map(|&label| weights[label as usize]));
        }
        Ok(batch)
    }
}

/// The occasion of a picture of a class, and the class that it then shows. `keys` are seed, epoch and item;
/// `mirror` says what each class becomes when it is mirrored, if anything, where mirroring changes classes.
pub(super) fn occasion_of(
    spec: &AugmentSpec,
    mirror: Option<&[Option<i32>]>,
    label: i32,
    [seed, epoch, item]: [u64; 3],
) -> (Occasion, i32) {
    let image = mirror.map(|mirror| mirror[label as usize]);
    let occasion = Occasion { seed, epoch, item, flips: image != Some(None) };
    match image.flatten() {
        Some(image) if augment::mirrors(spec, occasion) => (occasion, image),
        Some(_) | None => (occasion, label),
    }
}

/// The batches of one pass, in order. After an error there are no more.
#[derive(Debug)]
pub struct Batches {
    pass: Arc<Pass>,
    start: usize,
    next: usize,
    end: usize,
    share: Share,
    workers: Workers,
    view: View,
    /// Tells the workers that no more batches are wanted.
    given_up: Arc<AtomicBool>,
}

#[derive(Debug)]
enum Workers {
    /// They begin when the first batch is asked for.
    Threads { count: usize },
    /// Batches are made when they are asked for.
    None { scratch: Scratch },
    /// One channel a thread.
    Working { channels: Vec<Receiver<Result<Batch, DataError>>>, handles: Vec<JoinHandle<()>> },
}

impl Batches {
    /// The pass's batches from `start` on, made by `threads` threads; 0: by whoever asks for them.
    pub(super) fn new(pass: Pass, start: usize, threads: usize) -> Self {
        let pass = Arc::new(pass);
        let end = pass.batches();
        let workers = match threads {
            0 => Workers::None { scratch: Scratch::default() },
            count => Workers::Threads { count },
        };
        Self {
            pass,
            start,
            next: start,
            end,
            share: Share::All,
            workers,
            view: View::default(),
            given_up: Arc::default(),
        }
    }

    /// Begins to make batches beside whoever asks for them.
    fn begin(&mut self, threads: usize) {
        let (mut channels, mut handles) = (Vec::new(), Vec::new());
        for thread in 0..threads {
            let (sender, receiver) = sync_channel(1);
            let (pass, given_up, share) =
                (Arc::clone(&self.pass), Arc::clone(&self.given_up), self.share.clone());
            let (start, end) = (self.start, self.end);
            let work = move || {
                let mut scratch = Scratch::default();
                let is_mine = |index: &usize| turn((start, *index), &share, threads) == thread;
                for index in (start..end).filter(is_mine) {
                    let made = pass.make((index, &share), &mut scratch, &given_up);
                    let failed = made.is_err();
                    // The other side is gone when the pass is given up.
                    if sender.send(made).is_err() || failed {
                        return;
                    }
                }
            };
            let Ok(handle) = std::thread::Builder::new().name(format!("loader-{thread}")).spawn(work) else {
                break;
            };
            channels.push(receiver);
            handles.push(handle);
        }
        // Without all of its threads a pass would miss batches: it is then made by whoever asks.
        self.workers = if channels.len() == threads {
            Workers::Working { channels, handles }
        } else {
            Workers::None { scratch: Scratch::default() }
        };
    }
}

/// Which of the threads makes a batch of a pass that begins with batch `start`.
fn turn((start, index): (usize, usize), share: &Share, threads: usize) -> usize {
    (index - start) / share.step() % threads
}

/// How often it is looked whether a batch is still wanted.
const PATIENCE: Duration = Duration::from_millis(20);

impl Batches {
    /// The pictures of the whole pass in the order of its batches, as places in the data set.
    pub fn items(&self) -> &[u32] {
        &self.pass.order
    }

    /// The same pictures in the same order, seen in this way.
    #[must_use]
    pub fn seen(mut self, view: View) -> Self {
        self.view = view;
        self
    }

    /// The same batches, of whose pictures only a share is made. To be said before the first is
    /// asked for.
    #[must_use]
    pub fn shared(mut self, share: Share) -> Self {
        self.share = share;
        self
    }

    /// The next batch; `None` at the end, and where `stop` is raised while the batch is waited for.
    pub fn next_unless(&mut self, stop: &AtomicBool) -> Option<Result<Batch, DataError>> {
        if self.next >= self.end {
            return None;
        }
        let index = self.next;
        if let Workers::Threads { count } = self.workers {
            self.begin(count);
        }
        let made = match &mut self.workers {
            Workers::None { scratch } => self.pass.make((index, &self.share), scratch, &self.given_up),
            Workers::Working { channels, .. } => {
                let turn = turn((self.start, index), &self.share, channels.len());
                loop {
                    match channels[turn].recv_timeout(PATIENCE) {
                        Ok(made) => break made,
                        Err(RecvTimeoutError::Timeout) if stop.load(Ordering::Relaxed) => return None,
                        Err(RecvTimeoutError::Timeout) => {}
                        Err(RecvTimeoutError::Disconnected) => {
                            break Err(DataError::Loader("a loader thread broke off".to_owned()));
                        }
                    }
                }
            }
            Workers::Threads { .. } => unreachable!("threads have begun above"),
        };
        self.next = if made.is_ok() { index + 1 } else { self.end };
        Some(made.map(|batch| batch.seen(self.view)))
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_unless(&AtomicBool::new(false))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.end.saturating_sub(self.next), Some(self.end.saturating_sub(self.next)))
    }
}

impl ExactSizeIterator for Batches {}

impl Drop for Batches {
    fn drop(&mut self) {
        if let Workers::Working { channels, handles } = &mut self.workers {
            // Closing the channels ends the threads, after the picture that each is at.
            self.given_up.store(true, Ordering::Relaxed);
            channels.clear();
            for handle in handles.drain(..) {
                // A panic in it was already reported as an error by `next`, or concerns batches that nobody
                // wants.
                let _ = handle.join();
            }
        }
    }
}
