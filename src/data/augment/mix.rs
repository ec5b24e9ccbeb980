//! Pictures of a batch mixed with each other, and their labels with them.
//!
//! It happens to whole prepared batches, after all that happens to single pictures. Of the random numbers of
//! (seed, epoch, picture, place in the list) the first says whether the picture is mixed at all, the second
//! with which other one of the batch, the rest in what proportion λ, its own share:
//! ```text
//! mixup    λ of Beta(α, α);  x = λ x₁ + (1 − λ) x₂,  t = λ t₁ + (1 − λ) t₂                                  (Zhang et al., arXiv:1710.09412)
//! cutmix   λ of Beta(α, α);  a rectangle with sides √(1 − λ) of the picture's, its centre anywhere, cut off at the border, is that of x₂;
//!          t = λ t₁ + (1 − λ) t₂, where 1 − λ now is the share of the picture that the rectangle covers     (Yun et al., arXiv:1905.04899)
//! ```

use std::ops::Range;

use super::Occasion;
use crate::ir::{AugmentKind, AugmentSpec};
use crate::random::Random;

/// A batch whose pictures can be mixed.
pub(in crate::data) struct Mixable<'a> {
    /// The pictures by their places in the whole set.
    pub(in crate::data) items: &'a [u32],
    /// `[height, width, channels]` of each of them.
    pub(in crate::data) size: [usize; 3],
    /// `[n, height, width, channels]`
    pub(in crate::data) images: &'a mut [f32],
    /// `[n, K]`: shares of classes, or any numbers that labels are.
    pub(in crate::data) targets: &'a mut [f32],
    /// The places of the pictures that are wanted. Of the others only the targets are mixed; their
    /// pictures are anything afterwards.
    pub(in crate::data) wanted: Range<usize>,
}

/// Mixes a batch by all operations that mix, in their order. Of the pictures those must be there
/// that [`sources`] names.
pub(in crate::data) fn mix(spec: &AugmentSpec, keys: [u64; 2], batch: Mixable<'_>) {
    let Mixable { items, size, images, targets, wanted } = batch;
    let count = items.len();
    if count < 2 {
        return;
    }
    let (elements, columns) = (images.len() / count, targets.len() / count);
    let needed = needed(spec, keys, items, &wanted);
    for ((index, kind), needed) in mixing(spec).zip(&needed[1..]) {
        // pictures are mixed with others as they were before this operation
        let (before, shares) = (images.to_vec(), targets.to_vec());
        for at in 0..count {
            let Some((other, mut random)) = partner(spec, index, keys, (items, at)) else { continue };
            let mixture = Mixture::drawn(kind, size, &mut random);
            if needed[at] {
                let image = &mut images[at * elements..(at + 1) * elements];
                mixture.apply(size, image, &before[other * elements..][..elements]);
            }
            let target = &mut targets[at * columns..(at + 1) * columns];
            blend(target, &shares[other * columns..][..columns], mixture.own(size));
        }
    }
}

/// For each picture of a batch whether it has a part in those at the places `wanted`, as they are
/// after all operations that mix.
pub(in crate::data) fn sources(
    spec: &AugmentSpec,
    keys: [u64; 2],
    items: &[u32],
    wanted: &Range<usize>,
) -> Vec<bool> {
    needed(spec, keys, items, wanted).swap_remove(0)
}

/// The pictures of a batch that must be known before each operation that mixes, and after the last
/// of them, where those at the places `wanted` are to be known.
fn needed(spec: &AugmentSpec, keys: [u64; 2], items: &[u32], wanted: &Range<usize>) -> Vec<Vec<bool>> {
    if wanted.len() >= items.len() {
        return vec![vec![true; items.len()]; mixing(spec).count() + 1];
    }
    let mut after: Vec<bool> = (0..items.len()).map(|at| wanted.contains(&at)).collect();
    let mut needed = vec![after.clone()];
    for (index, _) in mixing(spec).collect::<Vec<_>>().into_iter().rev() {
        let mut before = after.clone();
        for at in (0..items.len()).filter(|&at| after[at]) {
            // there are two at least: of one alone either all is wanted or nothing
            if let Some((other, _)) = partner(spec, index, keys, (items, at)) {
                before[other] = true;
            }
        }
        needed.push(before.clone());
        after = before;
    }
    needed.reverse();
    needed
}

/// The operations that mix, with their places in the list.
fn mixing(spec: &AugmentSpec) -> impl Iterator<Item = (usize, AugmentKind)> {
    let ops = spec.ops.iter().enumerate().filter(|(_, op)| op.value.kind.mixes_labels());
    ops.map(|(index, op)| (index, op.value.kind))
}

/// Which picture of its batch, of two at least, the one at a place is mixed with by an operation,
/// if it is; and the random numbers that say how.
fn partner(
    spec: &AugmentSpec,
    index: usize,
    [seed, epoch]: [u64; 2],
    (items, at): (&[u32], usize),
) -> Option<(usize, Random)> {
    let occasion = Occasion { seed, epoch, item: u64::from(items[at]), flips: true };
    let mut random = occasion.happens(spec, index)?;
    let other = (at + 1 + random.below(items.len() as u64 - 1) as usize) % items.len();
    Some((other, random))
}

/// How two pictures become one.
#[derive(Debug, Clone, PartialEq)]
enum Mixture {
    /// Not at all.
    None,
    /// Their weighted sum.
    Sum {
        /// What the first one counts.
        own: f32,
    },
    /// A rectangle of the first shows the second.
    Rectangle { rows: Range<usize>, columns: Range<usize> },
}

impl Mixture {
    fn drawn(kind: AugmentKind, size: [usize; 3], random: &mut Random) -> Self {
        match kind {
            AugmentKind::Mixup { alpha } => Self::Sum { own: random.beta(f64::from(alpha)) as f32 },
            AugmentKind::Cutmix { alpha } => {
                let own = random.beta(f64::from(alpha));
                let [height, width, _] = size;
                let side = (1.0 - own).sqrt();
                let [rows, columns] = [height, width].map(|extent| {
                    let half = (extent as f64 * side) as usize / 2;
                    let centre = random.below(extent as u64) as usize;
                    centre.saturating_sub(half)..(centre + half).min(extent)
                });
                Self::Rectangle { rows, columns }
            }
            AugmentKind::Rotation { .. }
            | AugmentKind::Shift { .. }
            | AugmentKind::Shear { .. }
            | AugmentKind::Zoom { .. }
            | AugmentKind::FlipHorizontal
            | AugmentKind::FlipVertical
            | AugmentKind::Crop { .. }
            | AugmentKind::ResizedCrop { .. }
            | AugmentKind::Brightness { .. }
            | AugmentKind::Contrast { .. }
            | AugmentKind::Saturation { .. }
            | AugmentKind::Hue { .. }
            | AugmentKind::ChannelShift { .. }
            | AugmentKind::Grayscale
            | AugmentKind::Invert
            | AugmentKind::Noise { .. }
            | AugmentKind::Blur { .. }
            | AugmentKind::Cutout { .. }
            | AugmentKind::SkewCorner { .. }
            | AugmentKind::Skew { .. }
            | AugmentKind::Elastic { .. }
            | AugmentKind::RandomDistortion { .. } => Self::None,
        }
    }

    /// How much of the picture is still its own.
    fn own(&self, [height, width, _]: [usize; 3]) -> f32 {
        match self {
            Self::None => 1.0,
            Self::Sum { own } => *own,
            Self::Rectangle { rows, columns } => {
                1.0 - (rows.len() * columns.len()) as f32 / (height * width) as f32
            }
        }
    }

    /// Mixes another picture into one.
    fn apply(&self, [_, width, channels]: [usize; 3], image: &mut [f32], other: &[f32]) {
        match self {
            Self::None => {}
            Self::Sum { own } => blend(image, other, *own),
            Self::Rectangle { rows, columns } => {
                for y in rows.clone() {
                    let row = (y * width + columns.start) * channels..(y * width + columns.end) * channels;
                    image[row.clone()].copy_from_slice(&other[row]);
                }
            }
        }
    }
}

/// `λ a + (1 − λ) b`
fn blend(a: &mut [f32], b: &[f32], own: f32) {
    for (a, &b) in a.iter_mut().zip(b) {
        *a = own * *a + (1.0 - own) * b;
    }
}

/// Classes as shares, in this many numbers a picture: the label itself where that is one, else 1 at its place.
pub(in crate::data) fn spread(labels: &[i32], outputs: usize, shares: &mut Vec<f32>) {
    shares.clear();
    for &label in labels {
        match outputs {
            1 => shares.push(label as f32),
            _ => shares
                .extend((0..outputs).map(|output| f32::from(u8::from(usize::try_from(label) == Ok(output))))),
        }
    }
}

/// The class with the largest share in each picture, the first where several are.
pub(in crate::data) fn largest_shares(shares: &[f32], labels: &mut [i32]) {
    let outputs = shares.len() / labels.len().max(1);
    for (label, shares) in labels.iter_mut().zip(shares.chunks_exact(outputs.max(1))) {
        let largest = (1..shares.len()).fold(0, |best, at| if shares[at] > shares[best] { at } else { best });
        *label = match shares {
            [share] => i32::from(*share > 0.5),
            _ => i32::try_from(largest).unwrap_or(i32::MAX),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::AugmentOp;
    use crate::source::{Span, Spanned};

    const SIZE: [usize; 3] = [9, 12, 2];
    const PIXELS: usize = 9 * 12;
    const COUNT: usize = 200;

    fn spec(kind: AugmentKind, probability: f32) -> AugmentSpec {
        let op = Spanned::new(AugmentOp::new(kind, probability), Span::default());
        AugmentSpec { ops: vec![op], ..AugmentSpec::default() }
    }

    /// Pictures each of one value, their place, and a class each: mixed.
    fn mixed(kind: AugmentKind, probability: f32, keys: [u64; 2]) -> (Vec<f32>, Vec<f32>) {
        let items: Vec<u32> = (0..COUNT as u32).collect();
        let mut images: Vec<f32> = items.iter().flat_map(|&item| [item as f32; PIXELS * 2]).collect();
        let mut targets = Vec::new();
        spread(&(0..COUNT as i32).collect::<Vec<_>>(), COUNT, &mut targets);
        let batch = Mixable {
            items: &items,
            size: SIZE,
            images: &mut images,
            targets: &mut targets,
            wanted: 0..COUNT,
        };
        mix(&spec(kind, probability), keys, batch);
        (images, targets)
    }

    /// For each picture its own share, the other one and the other's share.
    fn shares(targets: &[f32]) -> Vec<(f32, Option<(usize, f32)>)> {
        let row = |(at, row): (usize, &[f32])| {
            let mut others =
                row.iter().copied().enumerate().filter(|&(class, share)| class != at && share != 0.0);
            let other = others.next();
            assert!(others.next().is_none(), "two pictures at most");
            (row[at], other)
        };
        targets.chunks(COUNT).enumerate().map(row).collect()
    }

    #[test]
    fn mixup_mixes_labels_as_it_mixes_values() {
        let (images, targets) = mixed(AugmentKind::Mixup { alpha: 0.6 }, 1.0, [1, 2]);
        let shares = shares(&targets);
        for (at, (image, &(own, other))) in images.chunks(PIXELS * 2).zip(&shares).enumerate() {
            let (other, rest) = other.unwrap_or((at, 0.0));
            assert!((own + rest - 1.0).abs() < 1e-6, "{own} {rest}");
            let value = own * at as f32 + rest * other as f32;
            assert!(image.iter().all(|v| (v - value).abs() < 1e-3), "{at}: {} is not {value}", image[0]);
        }
        // the mean of Beta(α, α) is ½, its variance 1 / (4 (2α + 1)) = 0.114: standard errors 0.024 and 0.007
        let mean = shares.iter().map(|(own, _)| own).sum::<f32>() / COUNT as f32;
        let variance = shares.iter().map(|(own, _)| (own - 0.5).powi(2)).sum::<f32>() / COUNT as f32;
        assert!((mean - 0.5).abs() < 0.1 && (variance - 0.114).abs() < 0.03, "{mean} {variance}");
    }

    #[test]
    fn cutmix_mixes_labels_by_the_rectangle_that_shows() {
        let (images, targets) = mixed(AugmentKind::Cutmix { alpha: 1.0 }, 1.0, [1, 2]);
        let mut cut = 0;
        for (at, (image, (own, other))) in images.chunks(PIXELS * 2).zip(shares(&targets)).enumerate() {
            let foreign: Vec<usize> = (0..PIXELS).filter(|pixel| image[pixel * 2] != at as f32).collect();
            assert!((own - (1.0 - foreign.len() as f32 / PIXELS as f32)).abs() < 1e-6, "{own}");
            let Some((other, rest)) = other else { continue };
            assert!((own + rest - 1.0).abs() < 1e-6);
            let shows = |pixel: &usize| image[pixel * 2..][..2] == [other as f32; 2];
            assert!(foreign.iter().all(shows), "the other picture shows, in all channels");
            let (ys, xs): (Vec<usize>, Vec<usize>) =
                foreign.iter().map(|pixel| (pixel / 12, pixel % 12)).unzip();
            let extent = |places: &[usize]| places.iter().max().unwrap() - places.iter().min().unwrap() + 1;
            assert_eq!(extent(&ys) * extent(&xs), foreign.len(), "a whole rectangle");
            cut += 1;
        }
        assert!(cut > COUNT / 2, "{cut} are cut");
    }

    #[test]
    fn what_happens_depends_on_seed_epoch_and_probability() {
        let kind = AugmentKind::Mixup { alpha: 0.2 };
        let (images, _) = mixed(kind, 0.5, [1, 2]);
        assert_eq!(mixed(kind, 0.5, [1, 2]).0, images);
        assert_ne!(mixed(kind, 0.5, [1, 3]).0, images);
        assert_ne!(mixed(kind, 0.5, [2, 2]).0, images);
        let same = images.chunks(PIXELS * 2).enumerate().filter(|(at, image)| image[0] == *at as f32).count();
        // half of them, and those whose share rounds to 1; four deviations of a fair coin are 28
        assert!((72..165).contains(&same), "{same} are as they were");
        assert_eq!(mixed(kind, 0.0, [1, 2]).0[PIXELS * 2], 1.0);
    }

    #[test]
    fn some_pictures_alone_are_mixed_as_with_all() {
        let op = |kind| Spanned::new(AugmentOp::new(kind, 0.7), Span::default());
        let ops = vec![
            op(AugmentKind::Cutmix { alpha: 1.0 }),
            op(AugmentKind::Mixup { alpha: 0.4 }),
            op(AugmentKind::Mixup { alpha: 1.0 }),
        ];
        let spec = AugmentSpec { ops, ..AugmentSpec::default() };
        let keys = [1, 2];
        for count in [0, 1, 2, 3, 30] {
            let items: Vec<u32> = (0..count as u32).map(|item| 7 * item + 3).collect();
            let picture = |at: usize| (0..PIXELS * 2).map(move |value| (at * 1000 + value) as f32);
            let mixed = |wanted: Range<usize>, known: &dyn Fn(usize) -> bool| {
                let zeros = || vec![0.0; PIXELS * 2];
                let picture = |at| if known(at) { picture(at).collect() } else { zeros() };
                let mut images: Vec<f32> = (0..count).flat_map(picture).collect();
                let mut targets = Vec::new();
                spread(&(0..count as i32).collect::<Vec<_>>(), count, &mut targets);
                let (images_of, targets_of) = (&mut images[..], &mut targets[..]);
                let batch =
                    Mixable { items: &items, size: SIZE, images: images_of, targets: targets_of, wanted };
                mix(&spec, keys, batch);
                (images, targets)
            };
            let (images, targets) = mixed(0..count, &|_| true);
            for wanted in [0..0, 0..count / 2, count / 2..count, count / 3..count / 3 + count.min(1)] {
                let sources = sources(&spec, keys, &items, &wanted);
                let (some, all_targets) = mixed(wanted.clone(), &|at| sources[at]);
                let of_wanted = wanted.start * PIXELS * 2..wanted.end * PIXELS * 2;
                assert!(some[of_wanted.clone()] == images[of_wanted], "{count}: {wanted:?}");
                assert!(all_targets == targets, "{count}: {wanted:?}");
                let needed = sources.iter().filter(|source| **source).count();
                assert!(needed >= wanted.len() && needed <= 8 * wanted.len(), "{needed} for {wanted:?}");
            }
        }
    }

    #[test]
    fn the_largest_share_is_the_class() {
        let mut labels = [0; 3];
        largest_shares(&[0.2, 0.5, 0.3, 0.4, 0.4, 0.2, 0.0, 0.0, 1.0], &mut labels);
        assert_eq!(labels, [1, 0, 2]);
        let mut labels = [0; 2];
        largest_shares(&[0.4, 0.6], &mut labels);
        assert_eq!(labels, [0, 1]);
    }
}
