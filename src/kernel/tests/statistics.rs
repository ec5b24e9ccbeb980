//! Moments and sums of parts.

use proptest::prelude::*;

use super::harness::{
    Data, assert_close, at, buffer_len, channel_count, layout, layout_kind, numbers, run, run_with, simds,
};
use crate::desc::{CombineMomentsDesc, KernelDesc, MomentsDesc, PenaltyDesc, SumPartsDesc};
use crate::kernel::Simd;
use crate::kernel::trial::random_cases;
use crate::tensor::Layout;

fn check_penalty(count: usize, factors: [f32; 2], seed: u64) {
    let weights = numbers(seed, count);
    let desc = PenaltyDesc { factors: factors.map(f32::to_bits) };
    let got = run(&KernelDesc::Penalty(desc), &[Data::F32(weights.clone()), Data::F32(vec![7.0])], count, 0);
    let [l1, l2] = factors.map(f64::from);
    let term = |w: &f32| l1 * f64::from(w.abs()) + l2 * f64::from(*w).powi(2);
    // at most a hundred additions
    assert_close(got[1].f32()[0], weights.iter().map(term).sum(), 1e-5, (count, factors));
}

/// Moments of parts of this many images, and their combination.
fn check_moments(simd: Simd, input: Layout, counts: &[usize], seed: u64) {
    let Layout { height, width, channels, .. } = input;
    let mut partials = Vec::new();
    let mut all: Vec<Vec<f64>> = vec![Vec::new(); channels];
    for (part, &count) in counts.iter().enumerate() {
        // far from zero, so that a sum of squares would cancel
        let x: Vec<f32> =
            numbers(seed ^ part as u64, buffer_len(&input, count)).iter().map(|v| v + 100.0).collect();
        let args = [Data::F32(x.clone()), Data::F32(vec![7.0; 3 * channels])];
        let desc = KernelDesc::Moments(MomentsDesc { input });
        let got = if simd == Simd::detect() {
            run(&desc, &args, count, 0)
        } else {
            run_with(simd, &desc, &args, count, 0)
        };
        partials.extend_from_slice(got[1].f32());
        for (c, all) in all.iter_mut().enumerate() {
            let places =
                (0..count).flat_map(|n| (0..height).flat_map(move |y| (0..width).map(move |x| (n, y, x))));
            let values: Vec<f64> = places.map(|(n, iy, ix)| f64::from(x[at(&input, n, iy, ix, c)])).collect();
            let (mean, squares) = moments(&values);
            assert_close(got[1].f32()[c], values.len() as f64, 0.0, (simd, c));
            assert_close(got[1].f32()[channels + c], mean, 1e-6, (simd, c));
            assert_close(got[1].f32()[2 * channels + c], squares, 1e-5, (simd, c));
            all.extend(values);
        }
    }
    let desc = CombineMomentsDesc { channels, parts: counts.len() };
    let args = [Data::F32(partials), Data::F32(vec![7.0; channels]), Data::F32(vec![7.0; channels])];
    let got = run_with(simd, &KernelDesc::CombineMoments(desc), &args, 0, 0);
    for (c, values) in all.iter().enumerate() {
        let (mean, squares) = moments(values);
        assert_close(got[1].f32()[c], mean, 1e-6, (simd, c));
        assert_close(got[2].f32()[c], squares / (values.len() as f64).max(1.0), 1e-5, (simd, c));
    }
}

/// An image is one run, and its rows are where it is larger; some pixels are left over in each.
#[test]
fn moments_of_large_images() {
    for simd in simds() {
        for [height, width, channels] in [[5, 13, 16], [5, 13, 84], [31, 33, 20], [33, 35, 20], [33, 35, 7]] {
            check_moments(simd, layout([height, width, channels], (0, 1)), &[2, 0, 1], 5);
        }
    }
}

proptest! {
    #![proptest_config(random_cases(60))]
    #[test]
    fn penalties(count in 0_usize..100, l1 in 0.0_f32..1.0, l2 in 0.0_f32..1.0, seed in any::<u64>()) {
        check_penalty(count, [l1, l2], seed);
    }

    #[test]
    fn moments_and_their_combination(
        shape in (1_usize..7, 1_usize..7, channel_count()),
        kind in layout_kind(),
        counts in prop::collection::vec(0_usize..4, 1..8),
        seed in any::<u64>(),
    ) {
        let (height, width, channels) = shape;
        let input = layout([height, width, channels], kind);
        for simd in simds() {
            check_moments(simd, input, &counts, seed);
        }
    }

    #[test]
    fn sums_are_a_balanced_tree(parts in 1_usize..12, count in 0_usize..100, gap in 0_usize..5, seed in any::<u64>()) {
        let pitch = count + gap;
        let partials = numbers(seed, pitch * parts);
        let args = [Data::F32(partials.clone()), Data::F32(vec![7.0; count])];
        let exact = |i: usize| {
            let mut exact: Vec<f32> = (0..parts).map(|p| partials[p * pitch + i]).collect();
            while exact.len() > 1 {
                exact = exact.chunks(2).map(|pair| if pair.len() == 2 { pair[0] + pair[1] } else { pair[0] }).collect();
            }
            exact[0]
        };
        let want: Vec<f32> = (0..count).map(exact).collect();
        for simd in simds() {
            let got = run_with(simd, &KernelDesc::SumParts(SumPartsDesc { parts, pitch }), &args, count, 0);
            prop_assert_eq!(got[1].f32(), &want[..]);
        }
    }
}

/// Mean and sum of squared deviations; 0 of nothing.
fn moments(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / (values.len() as f64).max(1.0);
    (mean, values.iter().map(|v| (v - mean) * (v - mean)).sum())
}
