//! Pools and their gradients.

use proptest::prelude::*;

use super::harness::{
    Data, assert_close, at, buffer_len, channel_count, layout, layout_kind, numbers, places, run, run_with,
    simds,
};
use crate::desc::{GlobalPoolDesc, KernelDesc, NeighbourSumDesc, PoolDesc, PoolGradDesc, PoolKind};
use crate::kernel::trial::random_cases;
use crate::tensor::{Layout, Padding, Window};

#[derive(Debug, Clone)]
struct PoolCase {
    kind: PoolKind,
    window: Window,
    channels: usize,
    count: usize,
    layouts: [(u8, usize); 3],
    seed: u64,
}

fn pool_kind() -> impl Strategy<Value = PoolKind> {
    prop::sample::select(vec![PoolKind::Max, PoolKind::Average])
}

fn pool_case() -> impl Strategy<Value = PoolCase> {
    let padding =
        prop::sample::select(vec![Padding::Valid, Padding::Same, Padding::Explicit(1), Padding::Explicit(2)]);
    let axes = ([1_usize..10, 1..10], [1_usize..6, 1..6], [1_usize..5, 1..5], padding);
    let window = axes.prop_filter_map("the window fits", |(input, kernel, stride, padding)| {
        Window::resolve(input, kernel, stride, [1, 1], padding).ok()
    });
    (pool_kind(), window, channel_count(), 0_usize..3, prop::array::uniform3(layout_kind()), any::<u64>())
        .prop_map(|(kind, window, channels, count, layouts, seed)| PoolCase {
            kind,
            window,
            channels,
            count,
            layouts,
            seed,
        })
}

impl PoolCase {
    /// Layouts of x (or dx), y (or dy) and the winners.
    fn layouts(&self) -> [Layout; 3] {
        let (outer, inner) =
            ([self.window.y.input, self.window.x.input], [self.window.y.output, self.window.x.output]);
        let of = |[h, w]: [usize; 2], kind| layout([h, w, self.channels], kind);
        [of(outer, self.layouts[0]), of(inner, self.layouts[1]), of(inner, self.layouts[2])]
    }

    /// Taps `(ky, kx, y, x)` in the image of the window at `(oy, ox)`.
    fn taps(&self, oy: usize, ox: usize) -> Vec<(usize, usize, usize, usize)> {
        let inside = |o: usize, k: usize, axis: &crate::tensor::Axis| {
            let at = (o * axis.stride + k).checked_sub(axis.pad_before)?;
            (at < axis.input).then_some(at)
        };
        let mut taps = Vec::new();
        for ky in 0..self.window.y.kernel_size {
            for kx in 0..self.window.x.kernel_size {
                if let (Some(y), Some(x)) = (inside(oy, ky, &self.window.y), inside(ox, kx, &self.window.x)) {
                    taps.push((ky, kx, y, x));
                }
            }
        }
        taps
    }

    /// Result and winner of one window.
    fn reference(&self, x: &[f32], input: &Layout, n: usize, o: (usize, usize), c: usize) -> (f64, u8) {
        let taps = self.taps(o.0, o.1);
        let value = |&(_, _, iy, ix): &(usize, usize, usize, usize)| f64::from(x[at(input, n, iy, ix, c)]);
        let Some(first) = taps.first() else { return (0.0, 0) };
        let sum: f64 = taps.iter().map(value).sum();
        let best = taps.iter().fold(first, |best, tap| if value(tap) > value(best) { tap } else { best });
        match self.kind {
            PoolKind::Max => (value(best), (best.0 * self.window.x.kernel_size + best.1) as u8),
            PoolKind::Average => (sum / taps.len() as f64, 0),
        }
    }
}

fn check_forward(case: &PoolCase) {
    let [input, output, winners] = case.layouts();
    let max = case.kind == PoolKind::Max;
    let desc =
        PoolDesc { kind: case.kind, window: case.window, input, output, winners: max.then_some(winners) };
    let x = numbers(case.seed, buffer_len(&input, case.count));
    let mut args = vec![Data::F32(x.clone()), Data::F32(vec![7.0; buffer_len(&output, case.count)])];
    if max {
        args.push(Data::U8(vec![99; buffer_len(&winners, case.count)]));
    }
    let got = run(&KernelDesc::Pool(desc), &args, case.count, 0);
    let mut want = vec![7.0; got[1].f32().len()];
    let mut want_winners = vec![99; buffer_len(&winners, case.count)];
    for (n, oy, ox, c) in places(&output, case.count) {
        let (value, winner) = case.reference(&x, &input, n, (oy, ox), c);
        want[at(&output, n, oy, ox, c)] = value;
        want_winners[at(&winners, n, oy, ox, c)] = winner;
    }
    for (i, (&got, want)) in got[1].f32().iter().zip(want).enumerate() {
        // at most 25 additions of numbers below 4
        assert_close(got, want, 1e-5, i);
    }
    if max {
        assert_eq!(got[2].u8(), want_winners);
        let plain = PoolDesc { winners: None, ..desc };
        let again = run(&KernelDesc::Pool(plain), &args[..2], case.count, 0);
        assert_eq!(again[1], got[1]);
    }
}

fn check_gradient(case: &PoolCase) {
    let [output, grad, winners] = case.layouts();
    let max = case.kind == PoolKind::Max;
    let dy = numbers(case.seed, buffer_len(&grad, case.count));
    let x = numbers(case.seed ^ 1, buffer_len(&output, case.count));
    let mut bytes = vec![99; buffer_len(&winners, case.count)];
    let mut want = vec![7.0; buffer_len(&output, case.count)];
    for (n, y, ix, c) in places(&output, case.count) {
        want[at(&output, n, y, ix, c)] = 0.0;
    }
    for (n, oy, ox, c) in places(&grad, case.count) {
        let (_, winner) = case.reference(&x, &output, n, (oy, ox), c);
        bytes[at(&winners, n, oy, ox, c)] = winner;
        let taps = case.taps(oy, ox);
        for &(ky, kx, y, x) in &taps {
            let share = match case.kind {
                PoolKind::Max => f64::from(usize::from(winner) == ky * case.window.x.kernel_size + kx),
                PoolKind::Average => 1.0 / taps.len() as f64,
            };
            want[at(&output, n, y, x, c)] += share * f64::from(dy[at(&grad, n, oy, ox, c)]);
        }
    }
    let desc =
        PoolGradDesc { kind: case.kind, window: case.window, grad, winners: max.then_some(winners), output };
    let mut args = vec![Data::F32(dy)];
    args.extend(max.then_some(Data::U8(bytes)));
    args.push(Data::F32(vec![7.0; want.len()]));
    for simd in simds() {
        let got = run_with(simd, &KernelDesc::PoolGrad(desc), &args, case.count, 0);
        for (i, (&got, &want)) in got[args.len() - 1].f32().iter().zip(&want).enumerate() {
            assert_close(got, want, 1e-5, (simd, i));
        }
    }
}

/// Sums over neighbouring channels against the definition.
fn check_neighbours(shape: [usize; 3], reach: [usize; 2], kinds: [(u8, usize); 2], count: usize, seed: u64) {
    let [before, after] = reach;
    let (input, output) = (layout(shape, kinds[0]), layout(shape, kinds[1]));
    let x = numbers(seed, buffer_len(&input, count));
    let desc = NeighbourSumDesc { before, after, input, output };
    let args = [Data::F32(x.clone()), Data::F32(vec![7.0; buffer_len(&output, count)])];
    let got = run(&KernelDesc::NeighbourSum(desc), &args, count, 0);
    let mut want = vec![7.0; buffer_len(&output, count)];
    for (n, iy, ix, c) in places(&output, count) {
        let near = (0..shape[2]).filter(|&k| k + before >= c && k <= c + after);
        want[at(&output, n, iy, ix, c)] = near.map(|k| f64::from(x[at(&input, n, iy, ix, k)])).sum::<f64>();
    }
    for (i, (&got, want)) in got[1].f32().iter().zip(want).enumerate() {
        // at most 100 additions of numbers below 4
        assert_close(got, want, 3e-5, i);
    }
}

proptest! {
    #![proptest_config(random_cases(80))]
    #[test]
    fn forward(case in pool_case()) {
        check_forward(&case);
    }

    #[test]
    fn gradient(case in pool_case()) {
        check_gradient(&case);
    }

    #[test]
    fn neighbours(
        shape in (1_usize..4, 1_usize..4, channel_count()),
        reach in prop::array::uniform2(prop::sample::select(vec![0_usize, 1, 2, 3, 9, 40, 200])),
        kinds in prop::array::uniform2(layout_kind()),
        count in 0_usize..3,
        seed in any::<u64>(),
    ) {
        check_neighbours([shape.0, shape.1, shape.2], reach, kinds, count, seed);
    }

    #[test]
    fn global(
        kind in pool_kind(),
        shape in (1_usize..8, 1_usize..8, channel_count()),
        kinds in prop::array::uniform3(layout_kind()),
        count in 0_usize..3,
        seed in any::<u64>(),
    ) {
        check_global(kind, [shape.0, shape.1, shape.2], kinds, count, seed);
    }
}

fn check_global(kind: PoolKind, shape: [usize; 3], kinds: [(u8, usize); 3], count: usize, seed: u64) {
    let [height, width, channels] = shape;
    let (input, grad) = (layout(shape, kinds[0]), layout(shape, kinds[1]));
    let output = layout([1, 1, channels], kinds[2]);
    // few different values, so that several are the largest
    let x: Vec<f32> = numbers(seed, buffer_len(&input, count)).iter().map(|v| v.round()).collect();
    let mut y = vec![7.0; buffer_len(&output, count)];
    for (n, _, _, c) in places(&output, count) {
        let all = || (0..height).flat_map(|iy| (0..width).map(move |ix| (iy, ix)));
        let values = || all().map(|(iy, ix)| x[at(&input, n, iy, ix, c)]);
        y[at(&output, n, 0, 0, c)] = match kind {
            PoolKind::Max => values().fold(f32::NEG_INFINITY, f32::max),
            PoolKind::Average => (values().map(f64::from).sum::<f64>() / (height * width) as f64) as f32,
        };
    }
    let desc = GlobalPoolDesc { kind, input, output, grad: None };
    let args = [Data::F32(x.clone()), Data::F32(vec![7.0; y.len()])];
    let got = run(&KernelDesc::GlobalPool(desc), &args, count, 0);
    for (i, (&got, &want)) in got[1].f32().iter().zip(&y).enumerate() {
        assert_close(got, f64::from(want), 1e-5, i);
    }
    if kind == PoolKind::Average {
        return;
    }
    let dy = numbers(seed ^ 1, y.len());
    let mut want = vec![7.0; buffer_len(&grad, count)];
    for (n, iy, ix, c) in places(&input, count) {
        let best = y[at(&output, n, 0, 0, c)];
        let is_best = |iy, ix| x[at(&input, n, iy, ix, c)] == best;
        let ties = (0..height).map(|iy| (0..width).filter(|&ix| is_best(iy, ix)).count()).sum::<usize>();
        let share = f64::from(dy[at(&output, n, 0, 0, c)]) / ties as f64;
        want[at(&grad, n, iy, ix, c)] = if is_best(iy, ix) { share } else { 0.0 };
    }
    let desc = GlobalPoolDesc { kind, input, output, grad: Some(grad) };
    let args = [Data::F32(x), Data::F32(y), Data::F32(dy), Data::F32(vec![7.0; want.len()])];
    let got = run(&KernelDesc::GlobalPool(desc), &args, count, 0);
    for (i, (&got, want)) in got[3].f32().iter().zip(want).enumerate() {
        assert_close(got, want, 1e-6, i);
    }
}
