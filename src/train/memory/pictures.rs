//! What pictures take: the data set in memory, and the batches on their way into the model.

use crate::card::{DataCard, PictureSize};
use crate::ir::{Cache, CheckedProgram, Color};

/// What decoded pictures take at most where no `cache:` says otherwise.
const PICTURES_BOUND_BYTES: usize = 1 << 30;

/// Pictures in the form in which they are kept, or were before that turned out to be too much.
pub(super) fn kept(program: &CheckedProgram, card: Option<&DataCard>) -> usize {
    let (Some(card), Some(data)) = (card, program.program().data.as_ref()) else { return 0 };
    let prepare = &program.program().prepare;
    let bound = match data.cache.as_ref().map(|cache| cache.value) {
        Some(Cache::Memory) => usize::MAX,
        Some(Cache::Disk | Cache::None) => 0,
        None => PICTURES_BOUND_BYTES,
    };
    let makes_fractions =
        prepare.resize.is_some() || prepare.color.as_ref().is_some_and(|color| color.value == Color::LabL);
    let count = card.train_images + card.test_images;
    let prepared = count.saturating_mul(program.input_shape().elements());
    let fractions = prepared.saturating_mul(size_of::<f32>());
    let decoded = match card.size {
        PictureSize::Same([height, width]) => count.saturating_mul(height * width * card.channels.unwrap_or(3)),
        PictureSize::Varies { .. } => usize::MAX,
    };
    if data.source.value.has_picture_files() {
        return match bound {
            0 => 0,
            _ if !makes_fractions && prepared <= bound => prepared,
            _ if fractions <= bound => fractions,
            _ => decoded.min(bound),
        };
    }
    let value = if data.source.value.holds_bytes() { 1 } else { size_of::<f32>() };
    let stored = if decoded == usize::MAX { 0 } else { decoded.saturating_mul(value) };
    if makes_fractions && fractions <= bound { stored.saturating_add(fractions) } else { stored }
}

/// Batches in memory at the same time: one that is used and one that is made, or two a loader thread.
pub(super) fn batches(program: &CheckedProgram, batch: usize) -> usize {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    let together = if program.program().augment.ops.is_empty() { 2 } else { 2 * threads + 1 };
    together * batch * program.input_shape().elements() * size_of::<f32>()
}
