//! Published weights, and what their own program computes with them: EfficientNet-Lite0 as PyTorch runs it.
//!
//! `CNNC_DATA_DIR` has the folders `weights` and `photos`. `efficientnet-lite0-reference.json` holds the
//! scores for an input by formula, and the best five classes of two photos.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use ndarray::{Array2, Array4};
use serde::Deserialize;
use tempfile::TempDir;

/// Height and width that the network takes.
const SIZE: usize = 224;

/// Scores may differ by so much of the largest one.
const TOLERANCE: f64 = 1e-4;

/// How far scores move where a decoder rounds some pixels of a photo another way: places that are nearer to
/// each other than this may change. The scores themselves move by less than it.
const CLOSE: f64 = 0.03;

#[derive(Deserialize)]
struct Reference {
    logits: Vec<f64>,
    /// Classes from 0 on and their scores, the best first.
    photos_top5_index_logit: BTreeMap<String, Vec<(usize, f64)>>,
}

/// Where the weights and photos are; says so where they are not.
#[expect(clippy::print_stdout, reason = "says why nothing ran")]
fn data() -> Option<(PathBuf, Reference)> {
    let folder = std::env::var_os("CNNC_DATA_DIR").map(PathBuf::from).unwrap_or_default();
    let text = std::fs::read_to_string(folder.join("weights/efficientnet-lite0-reference.json"));
    match text {
        Ok(text) => Some((folder, serde_json::from_str(&text).expect("scores of the reference"))),
        Err(_) => {
            println!("skipped: CNNC_DATA_DIR has no weights of EfficientNet-Lite0");
            None
        }
    }
}

/// `cnnc predict zoo.efficientnet_lite0 --weights …`: the natural logarithms of the probabilities.
fn predict(data: &Path, folder: &TempDir, given: &[PathBuf]) -> Array2<f64> {
    let output = folder.path().join("out.npy");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
    command.env("CNNC_MEMORY_MIB", "65536").args(["predict", "zoo.efficientnet_lite0", "--weights"]);
    command.arg(data.join("weights/efficientnet-lite0.safetensors")).arg("--output").arg(&output);
    command.args(given);
    let ran = command.output().expect("the program runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let probabilities: Array2<f32> = ndarray_npy::read_npy(&output).expect("an array");
    probabilities.mapv(|p| f64::from(p).ln())
}

/// The best five, the best first.
fn best(scores: &[f64]) -> Vec<usize> {
    let mut classes: Vec<usize> = (0..scores.len()).collect();
    classes.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    classes.truncate(5);
    classes
}

#[test]
fn scores_are_those_of_the_reference() {
    let Some((data, reference)) = data() else { return };
    let folder = TempDir::new().expect("a folder");
    let picture = Array4::from_shape_fn((1, SIZE, SIZE, 3), |(_, y, x, channel)| {
        let at = (channel * SIZE + y) * SIZE + x;
        (((at * 37) % 256) as f64 / 127.5 - 1.0) as f32
    });
    ndarray_npy::write_npy(folder.path().join("x.npy"), &picture).expect("written");
    let found = predict(&data, &folder, &["--input".into(), folder.path().join("x.npy")]);
    // softmax has taken the same number from all scores
    let taken = reference.logits.iter().map(|score| score.exp()).sum::<f64>().ln();
    let largest = reference.logits.iter().fold(0.0, |most: f64, score| most.max(score.abs()));
    let deviation = found
        .iter()
        .zip(&reference.logits)
        .map(|(ours, theirs)| (ours + taken - theirs).abs())
        .fold(0.0, f64::max);
    assert_eq!(found.len(), reference.logits.len());
    assert!(deviation <= TOLERANCE * largest, "{deviation} of {largest}");
    assert_eq!(best(&found.row(0).to_vec()), best(&reference.logits));
}

/// Photos that were made smaller as the reference made them, which is not among the methods of `prepare`.
#[test]
fn photos_have_the_classes_of_the_reference() {
    let Some((data, reference)) = data() else { return };
    let folder = TempDir::new().expect("a folder");
    let made: Vec<PathBuf> = reference
        .photos_top5_index_logit
        .keys()
        .map(|name| {
            let photo = image::open(data.join("photos").join(name)).expect("a photo").into_rgb8();
            let path = folder.path().join(name).with_extension("png");
            as_in_the_reference(&photo).save(&path).expect("written");
            path
        })
        .collect();
    let found = predict(&data, &folder, &made);
    for ((name, theirs), ours) in reference.photos_top5_index_logit.iter().zip(found.rows()) {
        let ours = ours.to_vec();
        // both from the reference's first class on
        let from = ours[theirs[0].0];
        for (class, score) in theirs {
            let deviation = (ours[*class] - from) - (score - theirs[0].1);
            assert!(deviation.abs() < CLOSE, "{name}: {class} by {deviation}");
        }
        let places = best(&ours);
        assert!(theirs.iter().all(|(class, _)| places.contains(class)), "{name}: {places:?}, not {theirs:?}");
        for (place, &(class, score)) in theirs.iter().enumerate() {
            let (_, taken) = theirs[theirs.iter().position(|&(c, _)| c == places[place]).expect("a set")];
            assert!((taken - score).abs() < CLOSE, "{name}: {} in place of {class}", places[place]);
        }
    }
}

/// Photos as they are. The reference smooths while it makes them smaller, in whole pixels, and cuts
/// afterwards; `prepare` cuts first and does not smooth. Such a shift by half a pixel moves the scores of this
/// network by up to 1, so the best five are four of the reference's, and the first is one of its first two.
#[test]
fn photos_as_they_are_have_nearly_the_same_classes() {
    let Some((data, reference)) = data() else { return };
    let folder = TempDir::new().expect("a folder");
    let photos = reference.photos_top5_index_logit.keys().map(|name| data.join("photos").join(name));
    let found = predict(&data, &folder, &photos.collect::<Vec<_>>());
    for ((name, theirs), ours) in reference.photos_top5_index_logit.iter().zip(found.rows()) {
        let theirs: Vec<usize> = theirs.iter().map(|(class, _)| *class).collect();
        let ours = best(&ours.to_vec());
        let shared = ours.iter().filter(|class| theirs.contains(class)).count();
        assert!(shared >= 4 && theirs[..2].contains(&ours[0]), "{name}: {ours:?}, not {theirs:?}");
    }
}

/// The shorter side becomes 224 pixels, the other one what is left of its share in whole pixels; of that the
/// middle, which begins at the even one of two equal places.
fn as_in_the_reference(photo: &image::RgbImage) -> image::RgbImage {
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    let shorter = width.min(height);
    let size = [width * SIZE / shorter, height * SIZE / shorter];
    let values: Vec<f64> = photo.as_raw().iter().map(|&value| f64::from(value)).collect();
    let wide = resampled(&values, [height, width, 3], size[0]);
    // rows become columns, and columns rows again
    let turned = transposed(&wide, [height, size[0]]);
    let small = transposed(&resampled(&turned, [size[0], height, 3], size[1]), [size[0], size[1]]);
    let start = |length: usize| ((length - SIZE) as f64 / 2.0).round_ties_even() as usize;
    let (left, top) = (start(size[0]), start(size[1]));
    image::RgbImage::from_fn(SIZE as u32, SIZE as u32, |x, y| {
        let at = 3 * ((top + y as usize) * size[0] + left + x as usize);
        image::Rgb([0, 1, 2].map(|channel| small[at + channel] as u8))
    })
}

/// Rows of pixels by another number of them: weights of cubic convolution with a = −1/2, as wide as a new pixel
/// where there are fewer, and results in whole numbers.
///
/// Source: R. Keys: Cubic convolution interpolation for digital image processing. IEEE Transactions on
/// Acoustics, Speech, and Signal Processing 29(6), 1981; widened as Pillow does it.
fn resampled(values: &[f64], [rows, width, channels]: [usize; 3], to: usize) -> Vec<f64> {
    let scale = width as f64 / to as f64;
    let wide = scale.max(1.0);
    let weight = |distance: f64| match distance.abs() {
        x if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
        x if x < 2.0 => ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0,
        _ => 0.0,
    };
    let mut result = vec![0.0; rows * to * channels];
    for column in 0..to {
        let center = (column as f64 + 0.5) * scale;
        let first = (center - 2.0 * wide + 0.5).max(0.0) as usize;
        let end = ((center + 2.0 * wide + 0.5) as usize).min(width);
        let weights: Vec<f64> = (first..end).map(|at| weight((at as f64 + 0.5 - center) / wide)).collect();
        let sum: f64 = weights.iter().sum();
        for row in 0..rows {
            for channel in 0..channels {
                let value = |at: usize| values[(row * width + at) * channels + channel];
                let mean: f64 = (first..end).zip(&weights).map(|(at, weight)| value(at) * weight / sum).sum();
                result[(row * to + column) * channels + channel] = mean.clamp(0.0, 255.0).round();
            }
        }
    }
    result
}

/// RGB pixels with rows and columns exchanged.
fn transposed(values: &[f64], [rows, columns]: [usize; 2]) -> Vec<f64> {
    let pixels = (0..columns).flat_map(|column| (0..rows).map(move |row| 3 * (row * columns + column)));
    pixels.flat_map(|at| values[at..at + 3].to_vec()).collect()
}
