//! Layers that are random in training, looked at where they stand in a compiled graph.

use super::executor::Executor;
use super::random_key::random_key;
use crate::front::load;
use crate::ir::{Forward, Mode, OutputId, ScalarInput, forward};
use crate::kernel::{Simd, Target};
use crate::lower::LowerOptions;
use crate::opt;
use crate::plan::plan;
use crate::source::SourceFile;

/// The result of a body's last layer in training, one run of numbers per image.
fn trained(body: &str, pictures: &[f32], batch: usize, step: u64) -> Vec<f32> {
    let source = SourceFile::new("test.cnn", format!("model M {{ {body} }}\n"));
    let loaded = load(source, &LowerOptions::default(), &|_| None);
    let program = loaded.program.unwrap_or_else(|| panic!("{body}\n{:?}", loaded.problems));
    let Forward { mut graph, output, .. } = forward(&program, Mode::Training { random: true });
    graph.outputs.push((OutputId::Model, output));
    opt::run(&mut graph, opt::TRAINING);
    let mut executor = Executor::new(2, None).expect("threads");
    executor.add([0; 2], plan(&graph, Target::of(Simd::Portable), batch), 0).expect("compiles");
    let images = executor.plan().images.expect("a model has an input");
    executor.write(images, pictures.len()).copy_from_slice(pictures);
    // there are no other numbers without a loss
    executor.write_scalars(|scalar| {
        if let ScalarInput::RandomKey(path) = scalar { random_key(5, step, path) } else { 0 }
    });
    executor.run(batch);
    let output = executor.plan().outputs[0].clone();
    executor.read(output.buffer, batch * output.layout.elements()).to_vec()
}

/// `batch` equal pictures whose values are the places of their elements.
fn pictures(batch: usize, elements: usize) -> Vec<f32> {
    (0..batch * elements).map(|i| (i % elements) as f32 + 1.0).collect()
}

#[test]
fn flips_mirror_about_half_of_the_pictures_each_way() {
    let (batch, [height, width, channels]) = (64, [3, 4, 2]);
    let elements = height * width * channels;
    let got = trained("input(3x4x2); random_flip", &pictures(batch, elements), batch, 1);
    let mut counts = [[0; 2]; 2];
    for (n, picture) in got.chunks(elements).enumerate() {
        let mirrored = |down: bool, across: bool| -> Vec<f32> {
            let value = |i: usize| {
                let (y, x, c) = (i / channels / width, i / channels % width, i % channels);
                let (y, x) = (if down { height - 1 - y } else { y }, if across { width - 1 - x } else { x });
                ((y * width + x) * channels + c) as f32 + 1.0
            };
            (0..elements).map(value).collect()
        };
        let ways = [[false, false], [false, true], [true, false], [true, true]];
        let found = ways.into_iter().find(|[down, across]| mirrored(*down, *across) == picture);
        let [down, across] = found.unwrap_or_else(|| panic!("picture {n} is no mirror image: {picture:?}"));
        counts[usize::from(down)][usize::from(across)] += 1;
    }
    // 16 of each are expected, with a deviation of 3.5
    assert!(counts.iter().flatten().all(|count| (4..=30).contains(count)), "{counts:?}");
    let one_way = trained("input(3x4x2); random_flip(vertical)", &pictures(batch, elements), batch, 1);
    assert!(one_way.chunks(elements).all(|picture| picture[0] < picture[channels]), "only up and down");
}

#[test]
fn crops_are_parts_at_every_place() {
    let (batch, elements) = (64, 5 * 4);
    let got = trained("input(5x4x1); random_crop(3, 2)", &pictures(batch, elements), batch, 1);
    let mut places = std::collections::BTreeSet::new();
    for part in got.chunks(3 * 2) {
        let first = part[0] as usize - 1;
        let want: Vec<f32> = (0..6).map(|i| (first + i / 2 * 4 + i % 2) as f32 + 1.0).collect();
        assert_eq!(part, want);
        places.insert((first / 4, first % 4));
    }
    assert!(places.len() >= 8 && places.iter().all(|&(y, x)| y <= 2 && x <= 2), "{places:?}");
}

#[test]
fn spatial_dropout_drops_whole_channels() {
    let (batch, pixels, channels) = (16, 6, 20);
    let got =
        trained("input(2x3x20); spatial_dropout2d(25%)", &vec![3.0; batch * pixels * channels], batch, 1);
    let mut dropped = 0;
    for picture in got.chunks(pixels * channels) {
        for c in 0..channels {
            let values: Vec<f32> = (0..pixels).map(|p| picture[p * channels + c]).collect();
            assert!(values.iter().all(|&v| v == values[0]), "one value for all pixels: {values:?}");
            assert!(values[0] == 0.0 || values[0] == 4.0, "0, or 3 / (1 − 1/4): {values:?}");
            dropped += usize::from(values[0] == 0.0);
        }
    }
    // 80 of 320 are expected, with a deviation of 8
    assert!((50..=110).contains(&dropped), "{dropped}");
}

#[test]
fn stochastic_depth_drops_whole_pictures() {
    let (batch, elements) = (64, 2 * 3 * 20);
    for (body, elements) in [
        ("input(2x3x20); stochastic_depth(25%)", elements),
        ("input(2x3x1); flatten; stochastic_depth(25%)", 6),
    ] {
        let got = trained(body, &vec![3.0; batch * elements], batch, 1);
        let mut dropped = 0;
        for picture in got.chunks(elements) {
            assert!(picture.iter().all(|&v| v == picture[0]), "one factor for a picture: {picture:?}");
            assert!(picture[0] == 0.0 || picture[0] == 4.0, "0, or 3 / (1 − 1/4): {}", picture[0]);
            dropped += usize::from(picture[0] == 0.0);
        }
        // 16 are expected, with a deviation of 3.5
        assert!((5..=28).contains(&dropped), "{body}: {dropped}");
    }
}

#[test]
fn noise_is_added_to_each_element() {
    let count = 8 * 5 * 7 * 3;
    let got = trained("input(5x7x3); gaussian_noise(0.5)", &vec![2.0; count], 8, 1);
    let mean = got.iter().sum::<f32>() / count as f32;
    let deviation = (got.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / count as f32).sqrt();
    assert!(
        (mean - 2.0).abs() < 0.07 && (deviation - 0.5).abs() < 0.05,
        "mean {mean}, deviation {deviation}"
    );
}

#[test]
fn colours_change_alike_in_all_of_a_picture() {
    let (batch, elements) = (16, 4 * 3);
    let flat = vec![100.0; batch * elements];
    let bright = trained("input(2x2x3); random_brightness(20%)", &flat, batch, 1);
    let firsts: Vec<f32> = bright.chunks(elements).map(|picture| picture[0]).collect();
    assert!(bright.chunks(elements).all(|picture| picture.iter().all(|&v| v == picture[0])), "{bright:?}");
    assert!(firsts.iter().all(|v| (v - 100.0).abs() <= 51.1), "within a fifth of 255: {firsts:?}");
    assert!(firsts.iter().any(|v| *v > 110.0) && firsts.iter().any(|v| *v < 90.0), "{firsts:?}");
    // about the mean of 100 and 120, by one factor for each picture
    let steps: Vec<f32> =
        (0..batch * elements).map(|i| if (i / 3).is_multiple_of(2) { 100.0 } else { 120.0 }).collect();
    for picture in trained("input(2x2x3); random_contrast(50%)", &steps, batch, 1).chunks(elements) {
        let distance = 110.0 - picture[0];
        assert!((5.0..=15.0).contains(&distance), "{picture:?}");
        let want = |i: usize| if (i / 3).is_multiple_of(2) { 110.0 - distance } else { 110.0 + distance };
        assert!(picture.iter().enumerate().all(|(i, v)| (v - want(i)).abs() < 1e-3), "{picture:?}");
    }
}

#[test]
fn numbers_depend_on_step_and_layer() {
    let x = pictures(8, 36);
    let body = "input(6x6x1); random_rotation(30deg)";
    assert_eq!(trained(body, &x, 8, 1), trained(body, &x, 8, 1));
    assert_ne!(trained(body, &x, 8, 1), trained(body, &x, 8, 2));
    assert_ne!(trained(body, &x, 8, 1), trained("input(6x6x1); other = random_rotation(30deg)", &x, 8, 1));
}
