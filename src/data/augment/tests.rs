//! Every operation: its size, its range, that its occasion decides it, and that without strength it changes
//! nothing.

use super::*;
use crate::ir::AugmentOp;
use crate::source::{Span, Spanned};

const AT: Occasion = Occasion { seed: 1, epoch: 2, item: 3, flips: true };

fn spec(kinds: &[AugmentKind], probability: f32, fill: Fill) -> AugmentSpec {
    let op = |&kind| Spanned::new(AugmentOp::new(kind, probability), Span::default());
    AugmentSpec { ops: kinds.iter().map(op).collect(), fill, ..AugmentSpec::default() }
}

fn run(kinds: &[AugmentKind], occasion: Occasion, size: [usize; 3], pixels: &[f32]) -> Vec<f32> {
    let mut out = vec![f32::NAN; pixels.len()];
    let spec = spec(kinds, 1.0, Fill::Nearest);
    augment(&spec, occasion, size, PixelSlice::Floats(pixels), &mut out, &mut Vec::new());
    out
}

/// Something without symmetry.
fn picture(size: [usize; 3]) -> Vec<f32> {
    (0..size.iter().product::<usize>()).map(|i| (i * i * 7 % 256) as f32).collect()
}

/// All operations that change one picture, at a strength that shows, and at none.
fn operations() -> Vec<[AugmentKind; 2]> {
    use AugmentKind::*;
    vec![
        [Rotation { degrees: 20.0 }, Rotation { degrees: 0.0 }],
        [Shift { width: 0.2, height: 0.1 }, Shift { width: 0.0, height: 0.0 }],
        [Shear { degrees: 20.0 }, Shear { degrees: 0.0 }],
        [Zoom { amount: 0.3 }, Zoom { amount: 0.0 }],
        [Crop { size: [5, 6], pad: 0 }, Crop { size: [8, 9], pad: 0 }],
        [ResizedCrop { area: 0.2, ratio: 1.5 }, ResizedCrop { area: 1.0, ratio: 1.0 }],
        [Brightness { amount: 0.3 }, Brightness { amount: 0.0 }],
        [Contrast { amount: 0.5 }, Contrast { amount: 0.0 }],
        [Saturation { amount: 0.5 }, Saturation { amount: 0.0 }],
        [Hue { degrees: 90.0 }, Hue { degrees: 0.0 }],
        [ChannelShift { amount: 0.3 }, ChannelShift { amount: 0.0 }],
        [Noise { deviation: 0.1 }, Noise { deviation: 0.0 }],
        [Blur { sigma: 2.0 }, Blur { sigma: 0.0 }],
        [SkewCorner { amount: 0.5 }, SkewCorner { amount: 0.0 }],
        [Skew { amount: 0.5 }, Skew { amount: 0.0 }],
        [Elastic { alpha: 20.0, sigma: 2.0 }, Elastic { alpha: 0.0, sigma: 2.0 }],
        [
            RandomDistortion { grid: [3, 3], magnitude: 1.5 },
            RandomDistortion { grid: [3, 3], magnitude: 0.0 },
        ],
    ]
}

#[test]
fn without_strength_nothing_changes() {
    let size = [8, 9, 3];
    let pixels = picture(size);
    for [_, none] in operations() {
        let same = run(&[none], AT, size, &pixels);
        let far = same.iter().zip(&pixels).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(far < 0.01, "{none} changes a value by {far}");
    }
}

#[test]
fn the_occasion_decides_and_values_stay_in_range() {
    use AugmentKind::*;
    let size = [8, 9, 3];
    let pixels = picture(size);
    let cutout = Cutout { size: [3, 3], holes: 2, value: 0.0 };
    for kind in operations().into_iter().map(|[kind, _]| kind).chain([cutout]) {
        let once = run(&[kind], AT, size, &pixels);
        assert_ne!(once, pixels, "{kind} changes nothing");
        assert_eq!(once, run(&[kind], AT, size, &pixels), "{kind}");
        assert!(once.iter().all(|value| (0.0..=255.0).contains(value)), "{kind} leaves 0..=255");
        let others = [Occasion { seed: 9, ..AT }, Occasion { epoch: 9, ..AT }, Occasion { item: 9, ..AT }];
        // one of them may draw the same side or place by chance
        assert!(
            others.iter().filter(|other| run(&[kind], **other, size, &pixels) != once).count() >= 2,
            "{kind}"
        );
    }
    for kind in [Invert, Grayscale, FlipHorizontal, FlipVertical] {
        assert_eq!(run(&[kind], AT, size, &pixels), run(&[kind], Occasion { item: 9, ..AT }, size, &pixels));
    }
}

#[test]
fn pictures_may_be_a_single_pixel_or_grey() {
    use AugmentKind::*;
    for size in [[1, 1, 1], [1, 1, 3], [2, 1, 1], [1, 7, 2]] {
        let pixels = picture(size);
        let others = [Invert, Grayscale, FlipVertical, Cutout { size: [4, 4], holes: 1, value: 9.0 }];
        for kind in operations().into_iter().map(|[kind, _]| kind).chain(others) {
            let out = run(&[kind], AT, size, &pixels);
            assert!(out.iter().all(|value| value.is_finite()), "{kind} of {size:?}: {out:?}");
        }
    }
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
fn values_by_hand() {
    use AugmentKind::*;
    let pixel = [200.0, 100.0, 0.0];
    assert_eq!(run(&[Invert], AT, [1, 1, 3], &pixel), [55.0, 155.0, 255.0]);
    // 0.299 · 200 + 0.587 · 100
    assert!(run(&[Grayscale], AT, [1, 1, 3], &pixel).iter().all(|value| (value - 118.5).abs() < 1e-3));
    // the first number after the one that says whether it happens
    let mut random = Random::keyed(&[1, 2, 3, 0]);
    random.unit();
    let change = random.uniform(f64::from(-0.1f32), f64::from(0.1f32)) as f32 * 255.0;
    assert_eq!(
        run(&[Brightness { amount: 0.1 }], AT, [1, 1, 3], &pixel),
        pixel.map(|v| (v + change).clamp(0.0, 255.0))
    );
}

/// An operation between two affine ones sees the picture as the first has made it.
#[test]
fn the_order_written_is_the_order_of_changes() {
    use AugmentKind::*;
    let size = [6, 6, 1];
    let pixels = picture(size);
    let flipped_inverted = run(&[FlipHorizontal, Invert, FlipVertical], AT, size, &pixels);
    let expected: Vec<f32> = pixels.iter().rev().map(|value| 255.0 - value).collect();
    assert_eq!(flipped_inverted, expected);
    // bytes go the same way
    let bytes: Vec<u8> = pixels.iter().map(|&value| value as u8).collect();
    let mut out = vec![0.0; bytes.len()];
    let spec = spec(&[FlipHorizontal, Invert, FlipVertical], 1.0, Fill::Nearest);
    augment(&spec, AT, size, PixelSlice::Bytes(&bytes), &mut out, &mut Vec::new());
    assert_eq!(out, expected);
}

#[test]
fn probabilities_are_kept() {
    let spec = spec(&[AugmentKind::FlipHorizontal], 0.5, Fill::Nearest);
    let flipped = (0..1000).filter(|&item| mirrors(&spec, Occasion { item, ..AT })).count();
    assert!((430..570).contains(&flipped), "{flipped}"); // 500 ± 4.4 deviations of 15.8
    assert!(!(0..1000).any(|item| mirrors(&spec, Occasion { item, flips: false, ..AT })));
    let mut out = [0.0; 2];
    for item in 0..100 {
        let at = Occasion { item, ..AT };
        augment(&spec, at, [1, 2, 1], PixelSlice::Bytes(&[1, 2]), &mut out, &mut Vec::new());
        assert_eq!(out == [2.0, 1.0], mirrors(&spec, at), "{out:?}");
    }
}

#[test]
fn drawn_values_keep_to_their_ranges() {
    for item in 0..1000 {
        let random = || Random::keyed(&[item]);
        let shift = Affine::drawn(AugmentKind::Shift { width: 0.1, height: 0.2 }, 10, 20, &mut random());
        assert!(shift.is_some_and(|shift| shift.offset().iter().all(|way| way.abs() <= 2.0)));
        let zoom = Affine::drawn(AugmentKind::Zoom { amount: 0.2 }, 10, 20, &mut random());
        assert!(zoom.is_some_and(|zoom| zoom.scale().iter().all(|scale| (0.79..=1.21).contains(scale))));
    }
}
