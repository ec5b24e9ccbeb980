//! Affine changes: composed into one matrix that takes a place of the new picture to a place of the old one,
//! which is sampled there once, bilinearly.
//!
//! In rows `y` and columns `x` from the picture's centre `((H−1)/2, (W−1)/2)`:
//! ```text
//! rotation(θ)      [cos θ  −sin θ; sin θ  cos θ]         shift(dy, dx)   (y + dy·H, x + dx·W)
//! shear(s)         [1  −sin s; 0  cos s]                 zoom(z)         [z 0; 0 z]
//! flip horizontal  x → −x                                flip vertical   y → −y
//! crop(h, w)       (y·h/H + o_y + h/2 − H/2, x·w/W + o_x + w/2 − W/2), o the window's corner
//! ```
//! as in Keras's `ImageDataGenerator` (θ, s and shifts uniform in ± their range, z uniform in 1 ± its range:
//! z > 1 shows more). With operations A, B in the order written the place is `A · B · (y, x)`. Numbers are
//! drawn in this order: rotation θ; shift dy, dx; shear s; zoom z; crop o_y, o_x; resized_crop area, ratio,
//! o_y, o_x.

use crate::ir::{AugmentKind, Fill};
use crate::random::Random;

/// Places of the old picture from places of the new one, both from the centre: `y' = m[0]·y + m[1]·x + m[2]`,
/// `x' = m[3]·y + m[4]·x + m[5]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Affine([f64; 6]);

impl Affine {
    pub(super) const IDENTITY: Affine = Affine([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);

    /// `self · inner`: `inner` is applied first.
    pub(super) fn then_inner(self, inner: Affine) -> Affine {
        let ([a, b, c, d, e, f], [g, h, i, j, k, l]) = (self.0, inner.0);
        Affine([
            a * g + b * j,
            a * h + b * k,
            a * i + b * l + c,
            d * g + e * j,
            d * h + e * k,
            d * i + e * l + f,
        ])
    }

    /// The matrix of one operation with its random numbers drawn; `None` for operations that are not affine.
    /// Long: an arm for each kind of operation, and no arm is long.
    pub(super) fn drawn(
        kind: AugmentKind,
        height: usize,
        width: usize,
        random: &mut Random,
    ) -> Option<Affine> {
        let mut within = |range: f32| random.uniform(-f64::from(range), f64::from(range));
        Some(match kind {
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
            AugmentKind::Crop { size, pad } => {
                let mut corner = |all: usize, window: usize| {
                    let places = (all + 2 * pad).saturating_sub(window) + 1;
                    random.below(places as u64) as f64 - pad as f64
                };
                let corner = [corner(height, size[0]), corner(width, size[1])];
                Affine::window(corner, size.map(|extent| extent as f64), [height, width])
            }
            AugmentKind::ResizedCrop { area, ratio } => {
                let area = random.uniform(f64::from(area), 1.0);
                let ratio = f64::from(ratio).ln();
                let ratio = random.uniform(-ratio, ratio).exp();
                // a window of that area may be longer than the picture
                let shares = [(area / ratio).sqrt().min(1.0), (area * ratio).sqrt().min(1.0)];
                let window = [shares[0] * height as f64, shares[1] * width as f64];
                let mut corner = |all: usize, window: f64| random.uniform(0.0, all as f64 - window);
                Affine::window([corner(height, window[0]), corner(width, window[1])], window, [height, width])
            }
            AugmentKind::Brightness { .. }
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
            | AugmentKind::RandomDistortion { .. }
            | AugmentKind::Mixup { .. }
            | AugmentKind::Cutmix { .. } => return None,
        })
    }

    /// Where the centre goes, row and column.
    #[cfg(test)]
    pub(super) fn offset(self) -> [f64; 2] {
        [self.0[2], self.0[5]]
    }

    /// Scales along the axes, where nothing is turned.
    #[cfg(test)]
    pub(super) fn scale(self) -> [f64; 2] {
        [self.0[0], self.0[4]]
    }

    /// Makes a window as large as the picture. Rows first; `corner` is that of the window, in pixels from the
    /// picture's.
    fn window(corner: [f64; 2], size: [f64; 2], picture: [usize; 2]) -> Affine {
        let [(scale_y, to_y), (scale_x, to_x)] = [0, 1].map(|axis| {
            let all = picture[axis] as f64;
            (size[axis] / all, corner[axis] + size[axis] / 2.0 - all / 2.0)
        });
        Affine([scale_y, 0.0, to_y, 0.0, scale_x, to_x])
    }
}

/// Samples `pixels` at `matrix · place` for each place of `out`.
pub(super) fn sample<T: Copy + Into<f32>>(
    size: [usize; 3],
    pixels: &[T],
    matrix: Affine,
    fill: Fill,
    out: &mut [f32],
) {
    let [height, width, _] = size;
    let (centre_y, centre_x) = ((height as f64 - 1.0) / 2.0, (width as f64 - 1.0) / 2.0);
    let m = matrix.0;
    let row = |oy: usize| {
        let y = oy as f64 - centre_y;
        let (row_y, row_x) = (m[0] * y + m[2] + centre_y, m[3] * y + m[5] + centre_x);
        move |ox: usize| {
            let x = ox as f64 - centre_x;
            (row_y + m[1] * x, row_x + m[4] * x)
        }
    };
    sample_places(size, pixels, row, fill, out);
}

/// Samples `pixels` bilinearly at a place for each pixel of `out`: `row(oy)(ox)` is its row and column.
pub(super) fn sample_places<T: Copy + Into<f32>, R: Fn(usize) -> (f64, f64)>(
    [height, width, channels]: [usize; 3],
    pixels: &[T],
    row_of: impl Fn(usize) -> R,
    fill: Fill,
    out: &mut [f32],
) {
    // What places without a pixel show: only a constant fill leaves any.
    let outside = if let Fill::Constant(value) = fill { value } else { 0.0 };
    for (oy, row) in out.chunks_exact_mut(width * channels).enumerate() {
        let place = row_of(oy);
        for (ox, pixel) in row.chunks_exact_mut(channels).enumerate() {
            let (at_y, at_x) = place(ox);
            let ((low_y, share_y), (low_x, share_x)) = (split_place(at_y), split_place(at_x));
            let inside = (0..height as i64 - 1).contains(&low_y) && (0..width as i64 - 1).contains(&low_x);
            if inside {
                let upper = &pixels[(low_y as usize * width + low_x as usize) * channels..][..2 * channels];
                let lower =
                    &pixels[((low_y as usize + 1) * width + low_x as usize) * channels..][..2 * channels];
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

/// The pixel below a place, `⌊at⌋`, and how far beyond it the place lies, in `[0, 1)`. (`f64::floor` is a
/// call where the processor is not known to have an instruction for it.)
fn split_place(at: f64) -> (i64, f32) {
    let whole = at as i64;
    let low = whole - i64::from(whole as f64 > at);
    (low, (at - low as f64) as f32)
}

fn lerp(a: f32, b: f32, share: f32) -> f32 {
    a + (b - a) * share
}

/// The pixel that stands for position `at` along an axis of `len` pixels; `None` for a constant outside. As
/// SciPy's modes of those names: nearest `aaaa|abcd|dddd`, reflect `dcba|abcd|dcba`, wrap `abcd|abcd|abcd`.
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
        sample(
            [2, 2, 1],
            &[1.0f32, 2.0, 3.0, 4.0],
            Affine([0.0, -1.0, 0.0, 1.0, 0.0, 0.0]),
            Fill::Nearest,
            &mut out,
        );
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
    fn a_window_is_made_as_large_as_the_picture() {
        // the right half of a row of four: each pixel twice as wide, at places 1.75, 2.25, 2.75, 3.25
        let half = Affine::window([0.0, 2.0], [1.0, 2.0], [1, 4]);
        let mut out = [0.0; 4];
        sample([1, 4, 1], &[0u8, 10, 20, 30], half, Fill::Nearest, &mut out);
        assert_eq!(out, [17.5, 22.5, 27.5, 30.0]);
        assert_eq!(Affine::window([0.0; 2], [3.0, 5.0], [3, 5]), Affine::IDENTITY);
    }

    #[test]
    fn crops_move_by_whole_pixels_within_their_margin() {
        let kind = AugmentKind::Crop { size: [4, 6], pad: 2 };
        let mut seen = std::collections::BTreeSet::new();
        for item in 0..500 {
            let Some(Affine([1.0, 0.0, dy, 0.0, 1.0, dx])) =
                Affine::drawn(kind, 4, 6, &mut Random::keyed(&[item]))
            else {
                panic!("a crop of the picture's own size is a shift")
            };
            assert_eq!((dy.fract(), dx.fract()), (0.0, 0.0));
            seen.insert((dy as i64, dx as i64));
        }
        assert_eq!(seen.len(), 25);
        assert_eq!((seen.first(), seen.last()), (Some(&(-2, -2)), Some(&(2, 2))));
    }

    #[test]
    fn resized_crops_stay_inside() {
        for item in 0..500 {
            let kind = AugmentKind::ResizedCrop { area: 0.1, ratio: 2.0 };
            let Affine([sy, _, dy, _, sx, dx]) =
                Affine::drawn(kind, 20, 10, &mut Random::keyed(&[item])).unwrap();
            assert!((0.0999..=1.0001).contains(&(sx * sy)) || sx == 1.0 || sy == 1.0, "{sx} {sy}");
            assert!(sx / sy < 2.001 && sy / sx < 2.001);
            // the outermost edges of the new picture lie in the old one
            for (scale, to, all) in [(sy, dy, 20.0), (sx, dx, 10.0)] {
                assert!((scale * all / 2.0 + to.abs()) <= all / 2.0 + 1e-9);
            }
        }
    }
}
