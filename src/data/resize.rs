//! Resizing, as TensorFlow's `tf.image.resize` does it: pixel centres at half coordinates.
//!
//! Each method is separable: an output position is a weighted sum of input positions along one axis,
//! [`Taps`]; rows first, then columns. With `scale = input / output`, output position `i` lies at `c = (i +
//! ½) · scale` of the input:
//! ```text
//! nearest    pixel ⌊c⌋
//! bilinear   pixels ⌊c − ½⌋ and the next, linear in between, clamped at the border; no antialiasing
//! area       all of [i·scale, (i+1)·scale), each pixel by the share that is covered
//! bicubic    pixels within 2·max(scale, 1) of c, weights those of Keys's cubic convolution with a = −½, otherwise as lanczos3
//! lanczos3   pixels within 3·max(scale, 1) of c, weights sinc(x)·sinc(x/3) of their distance / max(scale, 1), divided by their sum
//! ```

use crate::ir::{Fit, Resize, ResizeMethod};

/// Weighted input positions for each output position along one axis.
#[derive(Debug, Clone, PartialEq)]
struct Taps {
    /// For each output position: its first input position and where its weights lie.
    positions: Vec<(usize, std::ops::Range<usize>)>,
    weights: Vec<f32>,
}

impl Taps {
    fn new(method: ResizeMethod, input: usize, output: usize) -> Self {
        let mut taps =
            Self { positions: Vec::with_capacity(output), weights: Vec::with_capacity(2 * output) };
        // f32, as TensorFlow: coordinates must round alike.
        let scale = input as f32 / output as f32;
        for i in 0..output {
            let centre = (i as f32 + 0.5) * scale;
            let last = input - 1;
            match method {
                ResizeMethod::Nearest => taps.push((centre.floor() as usize).min(last), [1.0]),
                ResizeMethod::Bilinear => {
                    let at = centre - 0.5;
                    let low = at.floor();
                    let share = at - low;
                    if low < 0.0 || low as usize >= last {
                        taps.push((low.max(0.0) as usize).min(last), [1.0]);
                    } else {
                        taps.push(low as usize, [1.0 - share, share]);
                    }
                }
                ResizeMethod::Area => {
                    let (from, to) = (i as f32 * scale, (i as f32 + 1.0) * scale);
                    let first = (from.floor() as usize).min(last);
                    let end = (to.ceil() as usize).clamp(first + 1, input);
                    let covered = |p: usize| (to.min(p as f32 + 1.0) - from.max(p as f32)).max(0.0);
                    taps.push_normalized(first, (first..end).map(covered));
                }
                ResizeMethod::Bicubic => taps.push_smooth(centre, scale, input, 2.0, cubic),
                ResizeMethod::Lanczos3 => taps.push_smooth(centre, scale, input, 3.0, lanczos3),
            }
        }
        taps
    }

    fn push(&mut self, first: usize, weights: impl IntoIterator<Item = f32>) {
        let start = self.weights.len();
        self.weights.extend(weights);
        self.positions.push((first, start..self.weights.len()));
    }

    fn push_normalized(&mut self, first: usize, weights: impl IntoIterator<Item = f32>) {
        let start = self.weights.len();
        self.push(first, weights);
        let sum: f32 = self.weights[start..].iter().sum();
        self.weights[start..].iter_mut().for_each(|weight| *weight /= sum);
    }

    /// A kernel of a radius, made as wide as the scale where pixels become fewer.
    fn push_smooth(&mut self, centre: f32, scale: f32, input: usize, radius: f32, kernel: fn(f32) -> f32) {
        let stretch = scale.max(1.0);
        let reach = radius * stretch;
        let first = (centre - reach - 0.5).ceil().max(0.0) as usize;
        let end = ((centre + reach - 0.5).floor() as usize + 1).min(input);
        self.push_normalized(first, (first..end).map(|p| kernel((p as f32 + 0.5 - centre) / stretch)));
    }

    fn iter(&self) -> impl Iterator<Item = (usize, &[f32])> {
        self.positions.iter().map(|(first, weights)| (*first, &self.weights[weights.clone()]))
    }
}

/// `sinc(x) · sinc(x/3)` within 3, else 0.
fn lanczos3(x: f32) -> f32 {
    let x = x.abs();
    if x >= 3.0 {
        0.0
    } else if x <= 1e-3 {
        1.0
    } else {
        let px = std::f32::consts::PI * x;
        3.0 * px.sin() * (px / 3.0).sin() / (px * px)
    }
}

/// Cubic convolution with a = −½ (R. Keys: Cubic convolution interpolation for digital image processing. IEEE
/// Trans. ASSP 29, 1981), as Pillow, PyTorch and TensorFlow have it.
fn cubic(x: f32) -> f32 {
    let x = x.abs();
    if x < 1.0 {
        (1.5 * x - 2.5) * x * x + 1.0
    } else if x < 2.0 {
        ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    } else {
        0.0
    }
}

/// A rectangle of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rect {
    top: usize,
    left: usize,
    height: usize,
    width: usize,
}

/// Resizes a picture `[size.0, size.1, channels]` to `[height, width, channels]` of `resize`, written to
/// `out`.
///
/// `pixels` has `size.0 · size.1 · channels` values and `out` has `resize.height · resize.width · channels`;
/// both sizes are at least 1.
pub(super) fn resize<T: Copy + Into<f32>>(
    pixels: &[T],
    size: (usize, usize),
    channels: usize,
    resize: &Resize,
    out: &mut [f32],
) {
    let (height, width) = size;
    let all = Rect { top: 0, left: 0, height, width };
    let target = Rect { top: 0, left: 0, height: resize.height, width: resize.width };
    let (from, to) = match resize.fit {
        Fit::Stretch => (all, target),
        Fit::Crop => (centre_crop(size, resize), target),
        Fit::Letterbox => {
            out.fill(0.0);
            (all, letterbox(size, resize))
        }
    };
    let columns = Taps::new(resize.method, from.width, to.width);
    let rows = Taps::new(resize.method, from.height, to.height);

    // Rows of the input, resized along their width; only those that are used.
    let row_len = to.width * channels;
    let mut narrow = vec![0.0f32; from.height * row_len];
    let mut done = vec![false; from.height];
    for (i, (first, weights)) in rows.iter().enumerate() {
        for y in first..first + weights.len() {
            if !std::mem::replace(&mut done[y], true) {
                let start = ((from.top + y) * width + from.left) * channels;
                let source = &pixels[start..start + from.width * channels];
                resize_row(source, channels, &columns, &mut narrow[y * row_len..(y + 1) * row_len]);
            }
        }
        let start = ((to.top + i) * resize.width + to.left) * channels;
        let target_row = &mut out[start..start + row_len];
        target_row.fill(0.0);
        for (k, &weight) in weights.iter().enumerate() {
            let source = &narrow[(first + k) * row_len..(first + k + 1) * row_len];
            target_row.iter_mut().zip(source).for_each(|(sum, &value)| *sum += weight * value);
        }
    }
}

fn resize_row<T: Copy + Into<f32>>(source: &[T], channels: usize, columns: &Taps, target: &mut [f32]) {
    for ((first, weights), pixel) in columns.iter().zip(target.chunks_exact_mut(channels)) {
        for (c, value) in pixel.iter_mut().enumerate() {
            let start = first * channels + c;
            *value = weights
                .iter()
                .zip(source[start..].iter().step_by(channels))
                .map(|(&weight, &x)| weight * x.into())
                .sum();
        }
    }
}

/// The centre of a picture, cut to the target's ratio (as Keras's `crop_to_aspect_ratio`).
fn centre_crop((height, width): (usize, usize), target: &Resize) -> Rect {
    let cut_height = (width * target.height / target.width).clamp(1, height);
    let cut_width = (height * target.width / target.height).clamp(1, width);
    Rect {
        top: (height - cut_height) / 2,
        left: (width - cut_width) / 2,
        height: cut_height,
        width: cut_width,
    }
}

/// Where the whole picture lies in the target (as `tf.image.resize_with_pad`, which rounds the bars down
/// before it rounds the picture's size).
fn letterbox((height, width): (usize, usize), target: &Resize) -> Rect {
    let ratio = (height as f64 / target.height as f64).max(width as f64 / target.width as f64);
    let place = |extent: usize, target: usize| {
        let exact = extent as f64 / ratio;
        let bar = ((target as f64 - exact) / 2.0).max(0.0) as usize;
        (bar, (exact as usize).clamp(1, target - bar))
    };
    let ((top, height), (left, width)) = (place(height, target.height), place(width, target.width));
    Rect { top, left, height, width }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::Choices;

    fn resized(
        pixels: &[u8],
        size: (usize, usize),
        height: usize,
        width: usize,
        method: ResizeMethod,
        fit: Fit,
    ) -> Vec<f32> {
        let mut out = vec![-1.0; height * width];
        resize(pixels, size, 1, &Resize { height, width, method, fit }, &mut out);
        out
    }

    #[test]
    fn the_same_size_changes_nothing() {
        let pixels: Vec<u8> = (0..12).map(|i| i * 20).collect();
        let expected: Vec<f32> = pixels.iter().map(|&p| f32::from(p)).collect();
        for &method in ResizeMethod::ALL {
            let got = resized(&pixels, (3, 4), 3, 4, method, Fit::Stretch);
            // Lanczos weights at whole distances are sin(kπ) in f32: not exactly 0.
            assert!(got.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-3), "{method:?} {got:?}");
        }
    }

    #[test]
    fn area_is_the_mean_of_what_is_covered() {
        assert_eq!(
            resized(&[0, 10, 20, 30, 40, 50], (1, 6), 1, 2, ResizeMethod::Area, Fit::Stretch),
            [10.0, 40.0]
        );
        assert_eq!(resized(&[0, 30, 60], (1, 3), 1, 2, ResizeMethod::Area, Fit::Stretch), [10.0, 50.0]);
    }

    #[test]
    fn crop_takes_the_centre_and_letterbox_keeps_all() {
        let wide = [1, 2, 3, 4];
        assert_eq!(resized(&wide, (1, 4), 1, 1, ResizeMethod::Nearest, Fit::Crop), [2.0]);
        assert_eq!(
            resized(&wide, (1, 4), 2, 4, ResizeMethod::Nearest, Fit::Crop),
            [2.0, 2.0, 3.0, 3.0, 2.0, 2.0, 3.0, 3.0]
        );
        let boxed = resized(&wide, (1, 4), 4, 4, ResizeMethod::Nearest, Fit::Letterbox);
        assert_eq!(boxed, [0., 0., 0., 0., 1., 2., 3., 4., 0., 0., 0., 0., 0., 0., 0., 0.]);
    }

    #[test]
    fn extreme_sizes_stay_in_bounds() {
        for &method in ResizeMethod::ALL {
            for fit in [Fit::Stretch, Fit::Crop, Fit::Letterbox] {
                for (h, w, th, tw) in
                    [(1, 1, 7, 5), (97, 1, 3, 9), (1, 64, 64, 1), (33, 57, 1, 1), (2, 2, 100, 3)]
                {
                    let out = resized(&vec![200; h * w], (h, w), th, tw, method, fit);
                    let bars = fit == Fit::Letterbox;
                    assert!(
                        out.iter().all(|&v| (v - 200.0).abs() < 1e-2 || (bars && v == 0.0)),
                        "{method:?} {fit:?} {h}x{w} {out:?}"
                    );
                }
            }
        }
    }

    #[derive(serde::Deserialize)]
    struct Golden {
        cases: Vec<GoldenCase>,
    }

    #[derive(serde::Deserialize)]
    struct GoldenCase {
        method: String,
        fit: String,
        from: (usize, usize),
        to: (usize, usize),
        values: Vec<f32>,
    }

    /// `tests/golden/resize.json` was made by TensorFlow and Keras with `make_resize.py` beside it.
    #[test]
    fn resizes_as_tensorflow_and_keras_do() {
        let golden: Golden = serde_json::from_str(include_str!("../../tests/golden/resize.json")).unwrap();
        assert!(golden.cases.len() >= 35);
        for case in golden.cases {
            let method = match case.method.as_str() {
                "bilinear" => ResizeMethod::Bilinear,
                "nearest" => ResizeMethod::Nearest,
                "area" => ResizeMethod::Area,
                "bicubic" => ResizeMethod::Bicubic,
                "lanczos3" => ResizeMethod::Lanczos3,
                other => panic!("{other}"),
            };
            let fit = match case.fit.as_str() {
                "stretch" => Fit::Stretch,
                "crop" => Fit::Crop,
                "letterbox" => Fit::Letterbox,
                other => panic!("{other}"),
            };
            let (height, width) = case.from;
            let pixels: Vec<u8> = (0..height)
                .flat_map(|y| {
                    (0..width).flat_map(move |x| {
                        (0..2).map(move |c| ((31 * y + 17 * x + 101 * c + x * y) % 256) as u8)
                    })
                })
                .collect();
            let mut out = vec![0.0; case.to.0 * case.to.1 * 2];
            resize(
                &pixels,
                case.from,
                2,
                &Resize { height: case.to.0, width: case.to.1, method, fit },
                &mut out,
            );
            let worst = out.iter().zip(&case.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            // Values up to 255 are given to 4 places; f32 sums of up to 40 taps, in another order.
            assert!(
                out.len() == case.values.len() && worst < 2e-3,
                "{:?} {:?} {} {}: {worst}",
                case.from,
                case.to,
                case.method,
                case.fit
            );
        }
    }
}
