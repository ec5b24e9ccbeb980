//! Changes of values in place: colour, noise, blur, and what covers parts.
//!
//! Numbers are drawn in this order: brightness, contrast, saturation, hue: their one number; channel_shift:
//! one for each channel; noise: one normal number for each value; blur: its deviation; cutout: row and column
//! of each centre.

use crate::ir::AugmentKind;
use crate::random::Random;

/// The largest value.
const WHITE: f32 = 255.0;

/// Changes `values`, a picture `[height, width, channels]`; false where the operation is none of this file's.
pub(super) fn apply(kind: AugmentKind, size: [usize; 3], values: &mut [f32], random: &mut Random) -> bool {
    let channels = size[2];
    let mut within = |range: f32| random.uniform(-f64::from(range), f64::from(range)) as f32;
    match kind {
        AugmentKind::Brightness { amount } => {
            let change = within(amount) * WHITE;
            change_all(values, |value| value + change);
        }
        AugmentKind::Contrast { amount } => contrast(values, channels, 1.0 + within(amount)),
        AugmentKind::Saturation { amount } => {
            let factor = 1.0 + within(amount);
            change_pixels(values, channels, |pixel| {
                let grey = grey_of(pixel);
                pixel.map(|value| clip(grey + (value - grey) * factor))
            });
        }
        AugmentKind::Hue { degrees } => {
            let turn = within(degrees) / 60.0;
            change_pixels(values, channels, |pixel| turn_hue(pixel, turn));
        }
        AugmentKind::ChannelShift { amount } => {
            let changes: Vec<f32> = (0..channels).map(|_| within(amount) * WHITE).collect();
            for pixel in values.chunks_exact_mut(channels) {
                pixel.iter_mut().zip(&changes).for_each(|(value, change)| *value = clip(*value + change));
            }
        }
        AugmentKind::Grayscale => change_pixels(values, channels, |pixel| [clip(grey_of(pixel)); 3]),
        AugmentKind::Invert => change_all(values, |value| WHITE - value),
        AugmentKind::Noise { deviation } => {
            change_all(values, |value| value + random.normal() as f32 * deviation * WHITE);
        }
        AugmentKind::Blur { sigma } => {
            let sigma = random.uniform(0.0, f64::from(sigma));
            blur(values, size, sigma);
        }
        AugmentKind::Cutout { size: hole, holes, value } => {
            for _ in 0..holes {
                let centre = [0, 1].map(|axis| random.below(size[axis] as u64) as usize);
                cover(values, size, hole, centre, value);
            }
        }
        AugmentKind::FlipHorizontal
        | AugmentKind::FlipVertical
        | AugmentKind::Rotation { .. }
        | AugmentKind::Shift { .. }
        | AugmentKind::Shear { .. }
        | AugmentKind::Zoom { .. }
        | AugmentKind::Crop { .. }
        | AugmentKind::ResizedCrop { .. }
        | AugmentKind::SkewCorner { .. }
        | AugmentKind::Skew { .. }
        | AugmentKind::Elastic { .. }
        | AugmentKind::RandomDistortion { .. }
        | AugmentKind::Mixup { .. }
        | AugmentKind::Cutmix { .. } => return false,
    }
    true
}

fn clip(value: f32) -> f32 {
    value.clamp(0.0, WHITE)
}

fn change_all(values: &mut [f32], mut change: impl FnMut(f32) -> f32) {
    values.iter_mut().for_each(|value| *value = clip(change(*value)));
}

/// Changes the colours of a picture that has some; grey ones stay.
fn change_pixels(values: &mut [f32], channels: usize, change: impl Fn([f32; 3]) -> [f32; 3]) {
    if channels != 3 {
        return;
    }
    values.as_chunks_mut().0.iter_mut().for_each(|pixel| *pixel = change(*pixel));
}

/// ITU-R BT.601.
fn grey_of([r, g, b]: [f32; 3]) -> f32 {
    super::super::color::gray_float([r, g, b])
}

/// `(x − mean) · factor + mean`, channel by channel.
fn contrast(values: &mut [f32], channels: usize, factor: f32) {
    for channel in 0..channels {
        let of_channel = || values.iter().skip(channel).step_by(channels);
        let mean = (of_channel().map(|&v| f64::from(v)).sum::<f64>() / of_channel().count() as f64) as f32;
        for value in values.iter_mut().skip(channel).step_by(channels) {
            *value = clip(mean + (*value - mean) * factor);
        }
    }
}

/// Turns the hue of HSV by `turn` sixths of a circle; saturation and value stay.
fn turn_hue(pixel: [f32; 3], turn: f32) -> [f32; 3] {
    let [r, g, b] = pixel;
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    let chroma = most - least;
    if chroma <= 0.0 {
        return pixel;
    }
    let hue = if most == r {
        (g - b) / chroma
    } else if most == g {
        2.0 + (b - r) / chroma
    } else {
        4.0 + (r - g) / chroma
    };
    let hue = hue + turn;
    // f(n) = V − C · max(0, min(k, 4 − k, 1)) with k = (n + H) mod 6, for red n = 5, green 3, blue 1
    [5.0, 3.0, 1.0].map(|n| {
        let k = (n + hue).rem_euclid(6.0);
        clip(most - chroma * k.min(4.0 - k).clamp(0.0, 1.0))
    })
}

/// Weights of a Gaussian at −r..=r with r = ⌈3σ⌉; their sum is 1.
pub(super) fn gaussian(sigma: f64) -> Vec<f32> {
    let radius = (3.0 * sigma).ceil() as i64;
    let weight = |at: i64| (-0.5 * (at as f64 / sigma).powi(2)).exp();
    let sum: f64 = (-radius..=radius).map(weight).sum();
    (-radius..=radius).map(|at| (weight(at) / sum) as f32).collect()
}

/// Gaussian blur, columns then rows; beyond the border the nearest pixel counts.
pub(super) fn blur(values: &mut [f32], [height, width, channels]: [usize; 3], sigma: f64) {
    // narrower Gaussians have no weight beside the middle that f32 would notice
    if sigma < 0.1 {
        return;
    }
    let weights = gaussian(sigma);
    // along x a step is a pixel, along y a row
    for (lines, len, line_step, step) in
        [(height, width, width * channels, channels), (width, height, channels, width * channels)]
    {
        let mut line = vec![0.0f32; len];
        for first in (0..lines).flat_map(|line| (0..channels).map(move |channel| line * line_step + channel))
        {
            line.iter_mut().enumerate().for_each(|(i, value)| *value = values[first + i * step]);
            for i in 0..len {
                values[first + i * step] = weighted(&line, &weights, i);
            }
        }
    }
}

/// The sum of weights times the values around `at`.
fn weighted(line: &[f32], weights: &[f32], at: usize) -> f32 {
    let (radius, last) = (weights.len() / 2, line.len() - 1);
    weights
        .iter()
        .enumerate()
        .map(|(k, weight)| weight * line[(at + k).saturating_sub(radius).min(last)])
        .sum()
}

/// Sets the part of a rectangle around `centre` that lies in the picture.
fn cover(values: &mut [f32], size: [usize; 3], hole: [usize; 2], centre: [usize; 2], value: f32) {
    let [rows, columns] = [0, 1].map(|axis| {
        let from = centre[axis].saturating_sub(hole[axis] / 2);
        let to = (centre[axis] + hole[axis]).saturating_sub(hole[axis] / 2);
        from..to.min(size[axis])
    });
    for y in rows {
        values[(y * size[1] + columns.start) * size[2]..(y * size[1] + columns.end) * size[2]].fill(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hues_turn_around_the_circle() {
        // red, a third of a circle on: green; then blue
        assert_eq!(turn_hue([255.0, 0.0, 0.0], 2.0), [0.0, 255.0, 0.0]);
        assert_eq!(turn_hue([255.0, 0.0, 0.0], -2.0), [0.0, 0.0, 255.0]);
        // half a circle: the complement, with the same value and saturation
        assert_eq!(turn_hue([200.0, 100.0, 100.0], 3.0), [100.0, 200.0, 200.0]);
        assert_eq!(turn_hue([90.0, 90.0, 90.0], 1.0), [90.0; 3]);
        for pixel in [[10.0, 200.0, 30.0], [1.0, 2.0, 250.0], [255.0, 255.0, 0.0]] {
            let same = turn_hue(pixel, 0.0);
            assert!(same.iter().zip(pixel).all(|(a, b)| (a - b).abs() < 1e-3), "{pixel:?} {same:?}");
        }
    }

    #[test]
    fn contrast_is_around_each_channels_mean() {
        let mut values = [0.0, 100.0, 20.0, 200.0]; // two pixels of two channels: means 10 and 150
        contrast(&mut values, 2, 0.5);
        assert_eq!(values, [5.0, 125.0, 15.0, 175.0]);
        contrast(&mut values, 2, 0.0);
        assert_eq!(values, [10.0, 150.0, 10.0, 150.0]);
    }

    #[test]
    fn a_blurred_point_is_the_gaussian() {
        let mut values = [0.0; 49];
        values[24] = 1000.0;
        blur(&mut values, [7, 7, 1], 1.0);
        let weights = gaussian(1.0);
        assert_eq!(weights.len(), 7);
        for (at, value) in values.iter().enumerate() {
            let expected = 1000.0 * weights[at / 7] * weights[at % 7];
            assert!((value - expected).abs() < 1e-3, "{at}: {value} {expected}");
        }
        // e^-½ : 1, normalised by the sum over -3..=3
        assert!(
            (weights[2] / weights[3] - 0.60653).abs() < 1e-4
                && (weights.iter().sum::<f32>() - 1.0).abs() < 1e-6
        );
        let mut flat = [7.0; 12];
        blur(&mut flat, [2, 2, 3], 5.0);
        assert!(flat.iter().all(|value| (value - 7.0).abs() < 1e-5));
    }

    #[test]
    fn covers_end_at_the_border() {
        let mut values = [1.0; 12]; // 3x4
        cover(&mut values, [3, 4, 1], [2, 3], [0, 3], 9.0);
        // rows -1..1, columns 2..5
        assert_eq!(values, [1., 1., 9., 9., 1., 1., 1., 1., 1., 1., 1., 1.]);
        cover(&mut values, [3, 4, 1], [100, 100], [1, 1], 0.0);
        assert_eq!(values, [0.0; 12]);
    }
}
