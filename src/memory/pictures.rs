//! What pictures take: the data set in memory, the batches on their way into the model, and what is kept of
//! the answers.

use crate::assess::PictureAnswer;
use crate::card::{DataCard, PictureSize};
use crate::data::Bounds;
use crate::ir::{Cache, CheckedProgram, Color, Metric, TrainSpec};

/// What decoded pictures take at most where no `cache:` says otherwise.
const PICTURES_BOUND_BYTES: usize = 1 << 30;

/// What a picture file takes beside its contents: its name and where it is. Paths have some 60 letters.
const FILE_BYTES: usize = 192;

/// What is held of a data set, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Held {
    /// Pictures, in the form in which they are kept.
    pub(super) pictures: usize,
    /// Files that they are decoded from: names, and contents where these came out of a compressed archive.
    pub(super) files: usize,
    /// Files are read again in each epoch: they stay.
    pub(super) stay: bool,
    /// Making a picture ready takes time: threads beside the training do it.
    pub(super) slow: bool,
}

/// What is held of the program's data set, where it is known.
pub(super) fn held(program: &CheckedProgram, card: Option<&DataCard>, memory_bytes: u64) -> Held {
    let (Some(card), Some(data)) = (card, program.program().data.as_ref()) else { return Held::default() };
    let prepare = &program.program().prepare;
    let cache = data.cache.as_ref().map(|cache| cache.value);
    let on_disk = cache == Some(Cache::Disk);
    let bound = match cache {
        Some(Cache::Memory) => usize::MAX,
        Some(Cache::Disk | Cache::None) => 0,
        None => PICTURES_BOUND_BYTES,
    };
    let makes_fractions =
        prepare.resize.is_some() || prepare.color.as_ref().is_some_and(|color| color.value == Color::LabL);
    let count = card.own_images().iter().sum::<usize>();
    let prepared = count.saturating_mul(program.input_shape().elements());
    let fractions = prepared.saturating_mul(size_of::<f32>());
    let decoded = match card.size {
        PictureSize::Same([height, width]) => {
            count.saturating_mul(height * width * card.channels.unwrap_or(3))
        }
        PictureSize::Varies { .. } => usize::MAX,
    };
    if data.source.value.has_picture_files() {
        let files = card
            .held_bytes
            .saturating_add(count.saturating_mul(FILE_BYTES))
            .saturating_add(decoding(card, memory_bytes));
        return match bound {
            0 => Held { pictures: 0, files, stay: !on_disk, slow: true },
            _ if !makes_fractions && prepared <= bound => {
                Held { pictures: prepared, files, ..Held::default() }
            }
            _ if fractions <= bound => Held { pictures: fractions, files, ..Held::default() },
            // in their own sizes; those that are too many as well are given up again
            _ => Held { pictures: decoded.min(bound), files, stay: decoded > bound, slow: true },
        };
    }
    let value = if data.source.value.holds_bytes() { 1 } else { size_of::<f32>() };
    let stored = if decoded == usize::MAX { 0 } else { decoded.saturating_mul(value) };
    let arranged = if makes_fractions && fractions <= bound { fractions } else { 0 };
    Held { pictures: stored.saturating_add(arranged), ..Held::default() }
}

/// What is being decoded at the same time: the largest picture in each thread, within the bound of all
/// together.
fn decoding(card: &DataCard, memory_bytes: u64) -> usize {
    let bounds = Bounds { memory_bytes, ..Bounds::default() };
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let together =
        card.decoding_bytes.saturating_mul(threads).min(bounds.together_bytes().max(card.decoding_bytes));
    usize::try_from(together).unwrap_or(usize::MAX)
}

/// Answers that are kept: those of an epoch, for areas under curves, and those to the split that the results
/// are of.
pub(super) fn answers(program: &CheckedProgram, train: &TrainSpec, card: Option<&DataCard>) -> usize {
    let Some(card) = card else { return 0 };
    let own = card.own_images();
    let outputs = program.output_shape().elements();
    let mut bytes = 0;
    if train.metrics.iter().any(|metric| metric.value == Metric::Auc) {
        // a score and whether it is wanted for each output, and those of one output once more, sorted
        let ranked = outputs * (size_of::<f32>() + 1) + size_of::<(f32, bool)>();
        bytes += own.iter().sum::<usize>() * ranked;
    }
    // of maps none is kept
    if program.output_shape().rank() == 1 {
        let [_, validation, test] = program.program().data.as_ref().map_or(own, |data| data.drawn(own));
        let judged = if test > 0 { test } else { validation };
        bytes += judged * (size_of::<PictureAnswer>() + size_of::<u32>() + outputs * size_of::<f32>());
    }
    bytes
}

/// Batches in memory at the same time: one that is used and one that is made, or two a loader thread.
pub(super) fn batches(program: &CheckedProgram, held: Held, batch: usize) -> usize {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    let at_once = program.program().augment.ops.is_empty() && !held.slow;
    let together = if at_once { 2 } else { 2 * threads + 1 };
    together * batch * program.input_shape().elements() * size_of::<f32>()
}
