//! Random changes to training pictures. They work on the arranged picture (after colour and resize, before rescale and normalize).
//!
//! All operations are affine, so an image's operations are composed into one matrix that takes a place of the new picture to a place of the old one, and
//! the old one is sampled there once, bilinearly. In rows `y` and columns `x` from the picture's centre `((H−1)/2, (W−1)/2)`:
//! ```text
//! rotation(θ)      [cos θ  −sin θ; sin θ  cos θ]         shift(dy, dx)   (y + dy·H, x + dx·W)
//! shear(s)         [1  −sin s; 0  cos s]                 zoom(z)         [z 0; 0 z]
//! flip horizontal  x → −x                                flip vertical   y → −y
//! ```
//! as in Keras's `ImageDataGenerator` (θ, s and shifts uniform in ± their range, z uniform in 1 ± its range: z > 1 shows more). With operations A, B in the
//! order written the place is `A · B · (y, x)`. Random numbers of an operation come from `Random::keyed([seed, epoch, item, operation])`: first whether
//! it happens at all, then its own (rotation θ; shift dy, dx; shear s; zoom z).

use super::picture::PixelSlice;
use crate::ir::{AugmentKind, AugmentOp, AugmentSpec, Fill};
use crate::random::Random;

/// Places of the old picture from places of the new one, both from the centre: `y' = m[0]·y + m[1]·x + m[2]`, `x' = m[3]·y + m[4]·x + m[5]`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Affine([f64; 6]);

impl Affine {
    const IDENTITY: Affine = Affine([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);

    /// `self · inner`: `inner` is applied first.
    fn then_inner(self, inner: Affine) -> Affine {
        let ([a, b, c, d, e, f], [g, h, i, j, k, l]) = (self.0, inner.0);
        Affine([a * g + b * j, a * h + b * k, a * i + b * l + c, d * g + e * j, d * h + e * k, d * i + e * l + f])
    }

    /// The matrix of one operation with its random numbers drawn.
    fn drawn(kind: AugmentKind, height: usize, width: usize, random: &mut Random) -> Affine {
        let mut within = |range: f32| random.uniform(-f64::from(range), f64::from(range));
        match kind {
            AugmentKind::FlipHorizontal => Affine([1.0, 0.0, 0.0, 0.0, -1.0, 0.0]),
            AugmentKind::FlipVertical => Affine([-1.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
            AugmentKind::Rotation { degrees } => {
                let (sin, cos) = within(degrees).to_radians().sin_cos();
                Affine([cos, -sin, 0.0, sin, cos, 0.0])
            }
            AugmentKind::Shift { width: share_x, height: share_y } => {
                let (dy, dx) = (within(share_y) * height as f64, within(share_x) * width as f64);
                Affine([1.0, 0.0, dy, 0.0, 1.0, dx])
            }
            AugmentKind::Shear { degrees } => {
                let (sin, cos) = within(degrees).to_radians().sin_cos();
                Affine([1.0, -sin, 0.0, 0.0, cos, 0.0])
            }
            AugmentKind::Zoom { amount } => {
                let zoom = 1.0 + within(amount);
                Affine([zoom, 0.0, 0.0, 0.0, zoom, 0.0])
            }
        }
    }
}

/// Which image in which epoch: what its random numbers depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Occasion {
    pub(super) seed: u64,
    pub(super) epoch: u64,
    pub(super) item: u64,
}

/// Augments one arranged picture `[height, width, channels]` into `out`, of the same size.
pub(super) fn augment(
    spec: &AugmentSpec,
    occasion: Occasion,
    [height, width, channels]: [usize; 3],
    pixels: PixelSlice<'_>,
    out: &mut [f32],
) {
    let matrix = compose(spec, occasion, height, width);
    match (pixels, matrix == Affine::IDENTITY) {
        (PixelSlice::Bytes(bytes), true) => {
            out.iter_mut().zip(bytes).for_each(|(value, &byte)| *value = f32::from(byte))
        }
        (PixelSlice::Floats(floats), true) => out.copy_from_slice(floats),
        (PixelSlice::Bytes(bytes), false) => sample([height, width, channels], bytes, matrix, spec.fill, out),
        (PixelSlice::Floats(floats), false) => sample([height, width, channels], floats, matrix, spec.fill, out),
    }
}

fn compose(spec: &AugmentSpec, occasion: Occasion, height: usize, width: usize) -> Affine {
    let mut matrix = Affine::IDENTITY;
    for (index, AugmentOp { kind, probability }) in spec.ops.iter().map(|op| &op.value).enumerate() {
        let mut random = Random::keyed(&[occasion.seed, occasion.epoch, occasion.item, index as u64]);
        if random.unit() < f64::from(*probability) {
            matrix = matrix.then_inner(Affine::drawn(*kind, height, width, &mut random));
        }
    }
    matrix
}

/// Samples `pixels` at `matrix · place` for each place of `out`.
fn sample<T: Copy + Into<f32>>(
    [height, width, channels]: [usize; 3],
    pixels: &[T],
    matrix: Affine,
    fill: Fill,
    out: &mut [f32],
) {
    let (centre_y, centre_x) = ((height as f64 - 1.0) / 2.0, (width as f64 - 1.0) / 2.0);
    let m = matrix.0;
    // What places without a pixel show: only a constant fill leaves any.
    let outside = if let Fill::Constant(value) = fill { value } else { 0.0 };
    for (oy, row) in out.chunks_exact_mut(width * channels).enumerate() {
        let y = oy as f64 - centre_y;
        let (row_y, row_x) = (m[0] * y + m[2] + centre_y, m[3] * y + m[5] + centre_x);
        for (ox, pixel) in row.chunks_exact_mut(channels).enumerate() {
            let x = ox as f64 - centre_x;
            let ((low_y, share_y), (low_x, share_x)) = (split_place(row_y + m[1] * x), split_place(row_x + m[4] * x));
            let inside = (0..height as i64 - 1).contains(&low_y) && (0..width as i64 - 1).contains(&low_x);
            if inside {
                let upper = &pixels[(low_y as usize * width + low_x as usize) * channels..][..2 * channels];
                let lower = &pixels[((low_y as usize + 1) * width + low_x as usize) * channels..][..2 * channels];
                for (c, result) in pixel.iter_mut().enumerate() {
                    let upper = lerp(upper[c].into(), upper[channels + c].into(), share_x);
                    let lower = lerp(lower[c].into(), lower[channels + c].into(), share_x);
                    *result = lerp(upper, lower, share_y);
                }
                continue;
            }
            let rows = [0, 1].map(|next| border(low_y + next, height, fill));
            let columns = [0, 1].map(|next| border(low_x + next, width, fill));
            let corners = rows.map(|row| columns.map(|column| Some((row? * width + column?) * channels)));
            for (c, result) in pixel.iter_mut().enumerate() {
                let [upper, lower] = corners.map(|row| {
                    let [left, right] = row.map(|corner| corner.map_or(outside, |at| pixels[at + c].into()));
                    lerp(left, right, share_x)
                });
                *result = lerp(upper, lower, share_y);
            }
        }
    }
}

/// The pixel below a place, `⌊at⌋`, and how far beyond it the place lies, in `[0, 1)`. (`f64::floor` is a call where the processor is not known to have an
/// instruction for it.)
fn split_place(at: f64) -> (i64, f32) {
    let whole = at as i64;
    let low = whole - i64::from(whole as f64 > at);
    (low, (at - low as f64) as f32)
}

fn lerp(a: f32, b: f32, share: f32) -> f32 {
    a + (b - a) * share
}

/// The pixel that stands for position `at` along an axis of `len` pixels; `None` for a constant outside. As SciPy's modes of those names:
/// nearest `aaaa|abcd|dddd`, reflect `dcba|abcd|dcba`, wrap `abcd|abcd|abcd`.
fn border(at: i64, len: usize, fill: Fill) -> Option<usize> {
    let n = len as i64;
    if (0..n).contains(&at) {
        return Some(at as usize);
    }
    match fill {
        Fill::Nearest => Some(at.clamp(0, n - 1) as usize),
        Fill::Wrap => Some(at.rem_euclid(n) as usize),
        Fill::Reflect => {
            let folded = at.rem_euclid(2 * n);
            Some(folded.min(2 * n - 1 - folded) as usize)
        }
        Fill::Constant(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Span, Spanned};

    const AT: Occasion = Occasion { seed: 1, epoch: 2, item: 3 };

    fn spec(kinds: &[AugmentKind], probability: f32, fill: Fill) -> AugmentSpec {
        let ops = kinds.iter().map(|&kind| Spanned::new(AugmentOp { kind, probability }, Span::default())).collect();
        AugmentSpec { ops, fill }
    }

    fn run(kinds: &[AugmentKind], occasion: Occasion, size: [usize; 3], pixels: &[f32]) -> Vec<f32> {
        let mut out = vec![f32::NAN; pixels.len()];
        augment(&spec(kinds, 1.0, Fill::Nearest), occasion, size, PixelSlice::Floats(pixels), &mut out);
        out
    }

    #[test]
    fn flips_are_exact() {
        let pixels: Vec<f32> = (0..12).map(|i| i as f32).collect(); // [2, 3, 2]
        assert_eq!(
            run(&[AugmentKind::FlipHorizontal], AT, [2, 3, 2], &pixels),
            [4., 5., 2., 3., 0., 1., 10., 11., 8., 9., 6., 7.]
        );
        assert_eq!(
            run(&[AugmentKind::FlipVertical], AT, [2, 3, 2], &pixels),
            [6., 7., 8., 9., 10., 11., 0., 1., 2., 3., 4., 5.]
        );
        assert_eq!(run(&[AugmentKind::FlipVertical, AugmentKind::FlipVertical], AT, [2, 3, 2], &pixels), pixels);
    }

    #[test]
    fn matrices_compose_in_the_order_written() {
        let turn = Affine([0.0, -1.0, 0.0, 1.0, 0.0, 0.0]);
        let shift = Affine([1.0, 0.0, 5.0, 0.0, 1.0, 0.0]);
        // turn · shift: the place (y, x) is shifted to (y + 5, x), then turned to (−x, y + 5).
        assert_eq!(turn.then_inner(shift), Affine([0.0, -1.0, 0.0, 1.0, 0.0, 5.0]));
        assert_eq!(shift.then_inner(turn), Affine([0.0, -1.0, 5.0, 1.0, 0.0, 0.0]));
    }

    #[test]
    fn a_quarter_turn_moves_the_corners() {
        let mut out = [0.0; 4];
        sample([2, 2, 1], &[1.0f32, 2.0, 3.0, 4.0], Affine([0.0, -1.0, 0.0, 1.0, 0.0, 0.0]), Fill::Nearest, &mut out);
        // The new picture's place (y, x) shows the old one's (−x, y): the upper left shows the lower left.
        assert_eq!(out, [3.0, 1.0, 4.0, 2.0]);
    }

    #[test]
    fn half_a_pixel_is_the_mean_of_two() {
        let mut out = [0.0; 4];
        let half = Affine([1.0, 0.0, 0.0, 0.0, 1.0, 0.5]);
        sample([1, 4, 1], &[0u8, 10, 20, 30], half, Fill::Nearest, &mut out);
        assert_eq!(out, [5.0, 15.0, 25.0, 30.0]);
        sample([1, 4, 1], &[0u8, 10, 20, 30], half, Fill::Constant(2.0), &mut out);
        assert_eq!(out, [5.0, 15.0, 25.0, 16.0]);
    }

    #[test]
    fn borders_are_those_of_scipy() {
        let at = |fill| (-5..9).map(|i| border(i, 4, fill)).collect::<Vec<_>>();
        let some = |list: [usize; 14]| list.map(Some).to_vec();
        assert_eq!(at(Fill::Nearest), some([0, 0, 0, 0, 0, 0, 1, 2, 3, 3, 3, 3, 3, 3]));
        assert_eq!(at(Fill::Reflect), some([3, 3, 2, 1, 0, 0, 1, 2, 3, 3, 2, 1, 0, 0]));
        assert_eq!(at(Fill::Wrap), some([3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0]));
        assert_eq!(border(-1, 4, Fill::Constant(0.0)), None);
    }

    #[test]
    fn occasion_and_place_decide_the_numbers() {
        let pixels: Vec<f32> = (0..64).map(|i| (i * i % 97) as f32).collect();
        let kinds = [AugmentKind::Rotation { degrees: 20.0 }, AugmentKind::Zoom { amount: 0.2 }];
        let size = [8, 8, 1];
        let once = run(&kinds, AT, size, &pixels);
        assert_eq!(once, run(&kinds, AT, size, &pixels));
        for other in [Occasion { seed: 9, ..AT }, Occasion { epoch: 9, ..AT }, Occasion { item: 9, ..AT }] {
            assert_ne!(once, run(&kinds, other, size, &pixels));
        }
        assert!(once.iter().all(|v| (0.0..97.0).contains(v)));
    }

    #[test]
    fn drawn_values_keep_to_their_ranges() {
        let mut flipped = 0;
        for item in 0..1000 {
            let at = Occasion { item, ..AT };
            let [_, _, dy, _, _, dx] =
                compose(&spec(&[AugmentKind::Shift { width: 0.1, height: 0.2 }], 1.0, Fill::Nearest), at, 10, 20).0;
            assert!(dy.abs() <= 2.0 && dx.abs() <= 2.0);
            let [zy, _, _, _, zx, _] =
                compose(&spec(&[AugmentKind::Zoom { amount: 0.2 }], 1.0, Fill::Nearest), at, 10, 20).0;
            assert!(zy == zx && (0.79..=1.21).contains(&zy));
            flipped += usize::from(
                compose(&spec(&[AugmentKind::FlipHorizontal], 0.5, Fill::Nearest), at, 4, 4) != Affine::IDENTITY,
            );
        }
        assert!((430..570).contains(&flipped), "{flipped}"); // 500 ± 4.4 deviations of 15.8
    }
}
