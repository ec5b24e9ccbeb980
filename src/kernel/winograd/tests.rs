//! Winograd's kernels against nested loops, for every instruction set of this machine, within the error bound
//! of the module.

use proptest::prelude::*;

use crate::desc::{
    ConvDesc, Epilogue, KernelDesc, PoolEpilogue, Square, TileActivation, WinogradDesc,
    WinogradGradWeightDesc, WinogradStep, WinogradStepDesc, WinogradWeightDesc,
};
use crate::kernel::Simd;
use crate::kernel::trial::{
    Buffer, Case, RoundedCase, compare, for_elements, for_taps, images, largest, mean_error, place,
    random_cases, run, simds,
};
use crate::kernel::winograd::Planes;
use crate::tensor::Padding;

/// The matrices, written down from their definition.
struct Matrices {
    window: Vec<Vec<f64>>,
    interpolate: Vec<Vec<f64>>,
    evaluate: Vec<Vec<f64>>,
}

fn matrices(square: Square, taps: usize, results: usize) -> Matrices {
    let points: &[f64] = match square {
        Square::Two => &[0.0, 1.0, -1.0],
        Square::Four => &[0.0, 2.0 / 3.0, -2.0 / 3.0, 1.5, -1.5],
    };
    let n = points.len() + 1;
    let product = |without: Option<usize>| {
        let mut c = vec![1.0];
        for (_, q) in points.iter().enumerate().filter(|(i, _)| Some(*i) != without) {
            let mut next = vec![0.0; c.len() + 1];
            for (k, v) in c.iter().enumerate() {
                next[k] -= q * v;
                next[k + 1] += v;
            }
            c = next;
        }
        c.resize(n, 0.0);
        c
    };
    let window = (0..n).map(|i| product((i + 1 < n).then_some(i))).collect();
    let power = |i: usize, k: usize, last: usize| match points.get(i) {
        Some(p) => p.powi(k as i32),
        None => f64::from(u8::from(k == last)),
    };
    let scale = |i: usize| {
        let others = points.iter().enumerate().filter(|(j, _)| *j != i);
        points.get(i).map_or(1.0, |p| others.map(|(_, q)| p - q).product::<f64>())
    };
    let evaluate = (0..n).map(|i| (0..taps).map(|k| power(i, k, taps - 1) / scale(i)).collect()).collect();
    let interpolate = (0..results).map(|k| (0..n).map(|i| power(i, k, results - 1)).collect()).collect();
    Matrices { window, evaluate, interpolate }
}

/// The largest sum of absolute values of a row, squared: how much a transform in two dimensions can enlarge.
fn gain(matrix: &[Vec<f64>]) -> f64 {
    matrix.iter().map(|row| row.iter().map(|v| v.abs()).sum::<f64>()).fold(0.0, f64::max).powi(2)
}

/// What the bound of the module allows for sums of `steps` products.
fn bound(square: Square, taps: usize, results: usize, steps: usize) -> f64 {
    let m = matrices(square, taps, results);
    let epsilon = f64::from(f32::EPSILON) / 2.0;
    gain(&m.window) * gain(&m.evaluate) * gain(&m.interpolate) * (steps + 24) as f64 * epsilon
}

/// Weights `[3, 3, I, O]` at the points.
fn at_points(weight: &[f32], desc: WinogradWeightDesc, simd: crate::kernel::Simd) -> Vec<f32> {
    let args = [Buffer::F32(weight.to_vec()), Buffer::F32(vec![7.0; desc.elements(simd.lanes())])];
    run(&KernelDesc::WinogradWeight(desc), simd, &args, desc.inputs)[1].f32().to_vec()
}

fn check_conv(conv: ConvDesc, case: &Case, square: Square) {
    let (ci, co, count) = (conv.input.channels, conv.output.channels, case.count);
    let RoundedCase { mut args, want, output, largest, sums } = RoundedCase::new(&conv, count, case.seed);
    let Buffer::F32(weight) = args[1].clone() else { unreachable!("weights are f32") };
    let allowed = bound(square, 3, square.side(), ci) * ci as f64 * largest;
    let desc = WinogradDesc { conv, square, images: case.count.max(1) };
    for simd in simds() {
        // turned round for the gradient, whose weights come with the taps in the order of the forward
        // direction
        let points = WinogradWeightDesc { square, flipped: conv.grad_input, inputs: ci, outputs: co };
        args[1] = Buffer::F32(at_points(&weight, points, simd));
        let together = run(&KernelDesc::Winograd(desc), simd, &args, count);
        // room for more images than there are, as in the last batch
        let by_steps = run_steps(&desc, case.count + 2, simd, &args, count);
        for got in [together, by_steps] {
            compare(got[output].f32(), &want, allowed, &(simd, square, case));
            let Some(layout) = conv.epilogue.pool.and_then(|pool| pool.winners) else { continue };
            let got = got[output + 1].bytes();
            for_elements(&layout, count, |at, [n, py, px, o]| {
                let of = |k: usize| sums.at([n, 2 * py + k / 2, 2 * px + k % 2, o]);
                let winner = usize::from(got[at]);
                assert!(winner < 4, "{winner} is no winner: {case:?}");
                let best = (0..4).map(of).fold(f64::MIN, f64::max);
                assert!(of(winner) >= best - 2.0 * allowed, "{winner} is not the largest: {case:?}");
            });
        }
    }
}

/// The same arguments through the three steps, with room for `images`: what they hold afterwards.
fn run_steps(desc: &WinogradDesc, images: usize, simd: Simd, args: &[Buffer], count: usize) -> Vec<Buffer> {
    let WinogradDesc { conv, square, .. } = *desc;
    let step = |step| KernelDesc::WinogradStep(WinogradStepDesc { conv, square, images, step });
    let planes =
        Planes::of(&conv, square, images).pitch.map(|pitch| Buffer::F32(vec![0.5; square.area() * pitch]));
    let [inputs, results] = planes;
    let inputs = run(&step(WinogradStep::Inputs), simd, &[args[0].clone(), inputs], count)[1].clone();
    let products = [inputs, args[1].clone(), results];
    let results = run(&step(WinogradStep::Products { images }), simd, &products, square.area())[2].clone();
    check_parts_of_products(
        &WinogradStepDesc { conv, square, images, step: WinogradStep::Inputs },
        simd,
        &products,
        &results,
    );
    let outlet: Vec<Buffer> = std::iter::once(results).chain(args[2..].iter().cloned()).collect();
    let got = run(&step(WinogradStep::Results), simd, &outlet, count);
    args[..2].iter().cloned().chain(got[1..].iter().cloned()).collect()
}

/// Products for some of the images, as ranks make them, are those of all, bit by bit. `operands`:
/// those of the products for all images, whose results are `all`.
fn check_parts_of_products(desc: &WinogradStepDesc, simd: Simd, operands: &[Buffer; 3], all: &Buffer) {
    let WinogradStepDesc { conv, square, images, .. } = *desc;
    let Planes { squares, pitch } = Planes::of(&conv, square, images);
    let [inputs, weights, results] = operands;
    let widths = [conv.input.channels, conv.output.channels].map(|channels| squares * channels);
    for part in [0..images / 2, images / 2..images] {
        let from =
            |buffer: &Buffer, side: usize| Buffer::F32(buffer.f32()[part.start * widths[side]..].to_vec());
        let step = WinogradStep::Products { images: part.len() };
        let kernel = KernelDesc::WinogradStep(WinogradStepDesc { step, ..*desc });
        let got = run(&kernel, simd, &[from(inputs, 0), weights.clone(), from(results, 1)], square.area());
        for point in 0..square.area() {
            let rows = |buffer: &Buffer| -> Vec<u32> {
                let rows = &buffer.f32()[point * pitch[1]..][..part.len() * widths[1]];
                rows.iter().map(|value| value.to_bits()).collect()
            };
            assert_eq!(rows(&got[2]), rows(&from(all, 1)), "{simd:?}, images {part:?} at point {point}");
        }
    }
}

fn check_grad_weight(case: &Case, square: Square) {
    let Some(conv) = case.grad_weight() else { return };
    let (ci, co, count) = (conv.input.channels, conv.grad.channels, case.count);
    let x = images(&conv.input, count, case.seed);
    let dy = images(&conv.grad, count, case.seed ^ 3);
    let mut want = vec![0.0; 9 * ci * co];
    for n in 0..count {
        for_taps(&conv.window, |o, [ky, kx], i| {
            for (c, d) in (0..ci).flat_map(|c| (0..co).map(move |d| (c, d))) {
                want[((ky * 3 + kx) * ci + c) * co + d] +=
                    f64::from(x[place(&conv.input, [n, i[0], i[1], c])])
                        * f64::from(dy[place(&conv.grad, [n, o[0], o[1], d])]);
            }
        });
    }
    let want: Vec<Option<f64>> = want.into_iter().map(Some).collect();
    let squares =
        count * conv.window.y.output.div_ceil(square.side()) * conv.window.x.output.div_ceil(square.side());
    let allowed = bound(square, square.side(), 3, squares) * squares as f64 * largest(&x) * largest(&dy);
    let args = [Buffer::F32(x), Buffer::F32(dy), Buffer::F32(vec![7.0; want.len()])];
    let desc = WinogradGradWeightDesc { conv, square, images: count.max(1) };
    for simd in simds() {
        let got = run(&KernelDesc::WinogradGradWeight(desc), simd, &args, count);
        compare(got[2].f32(), &want, allowed, &(simd, square, case));
    }
}

fn check(case: &Case) {
    for square in Square::ALL {
        if let Some(conv) = case.forward() {
            check_conv(conv, case, square);
        }
        if let Some(conv) = case.grad_input() {
            check_conv(conv, case, square);
        }
        check_grad_weight(case, square);
    }
}

#[test]
fn plain() {
    check(&Case::new([8, 8], 3, [3, 32]));
}

/// Sizes around squares, vectors, blocks and chunks.
#[test]
fn edges() {
    let case = Case::new;
    let cases = [
        case([1, 1], 3, [1, 1]),
        case([2, 7], 3, [5, 3]),
        case([4, 4], 3, [17, 33]),
        case([13, 5], 3, [16, 48]),
        Case { padding: Padding::Valid, ..case([15, 15], 3, [8, 16]) },
        Case { padding: Padding::Valid, ..case([3, 3], 3, [5, 7]) },
        Case { padding: Padding::Explicit(2), ..case([6, 9], 3, [5, 40]) },
        // several images a chunk, and a number of images that is no multiple
        Case { count: 7, ..case([6, 6], 3, [4, 20]) },
        Case { count: 0, ..case([8, 8], 3, [3, 16]) },
        // rows and columns in several chunks
        Case { count: 1, ..case([50, 41], 3, [20, 70]) },
        Case { count: 1, ..case([5, 300], 3, [2, 3]) },
        Case { neighbours: [5, 9], ..case([6, 7], 3, [4, 20]) },
        Case { extra_halo: 2, ..case([6, 7], 3, [4, 20]) },
    ];
    for case in &cases {
        check(case);
    }
}

#[test]
fn epilogues() {
    let slope = TileActivation::LeakyRelu(0.25f32.to_bits());
    let clipped = TileActivation::ClippedRelu(6f32.to_bits());
    for activation in [None, Some(TileActivation::Relu), Some(slope), Some(clipped)] {
        for (size, channels) in [([8, 8], [3, 32]), ([7, 5], [2, 21]), ([1, 9], [2, 4]), ([11, 14], [4, 65])]
        {
            for (pool, winners, bias) in
                [(false, false, true), (true, false, false), (true, true, false), (true, true, true)]
            {
                let pool = pool.then_some(PoolEpilogue { winners: None });
                let epilogue = Epilogue { pool, bias, residual: None, activation };
                let case = Case { epilogue, winners, ..Case::new(size, 3, channels) };
                let with_residual = Case { residual: true, ..case.clone() };
                for (square, case) in Square::ALL.into_iter().flat_map(|s| [(s, &case), (s, &with_residual)])
                {
                    check_conv(case.forward().expect("fits"), case, square);
                }
            }
        }
    }
}

/// The mean error against that of a sum in single precision, tap by tap: less for squares of two, at most
/// three times for squares of four.
#[test]
fn the_mean_error_is_near_that_of_a_direct_sum() {
    let conv = Case::new([16, 16], 3, [64, 32]).forward().expect("fits");
    let (of, simd) = ((&conv, 2), Simd::detect());
    let direct = mean_error(of, &KernelDesc::Conv(conv), simd, <[f32]>::to_vec);
    for (square, most) in [(Square::Two, 1.0), (Square::Four, 3.0)] {
        let points = WinogradWeightDesc { square, flipped: false, inputs: 64, outputs: 32 };
        let desc = KernelDesc::Winograd(WinogradDesc { conv, square, images: 2 });
        let ratio = mean_error(of, &desc, simd, |weight| at_points(weight, points, simd)) / direct;
        println!("{square:?}: {ratio:.2} of a direct sum's error");
        assert!(ratio <= most, "{square:?}: {ratio} times the error of a direct sum");
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let padding =
        prop_oneof![Just(Padding::Same), Just(Padding::Valid), (0..3usize).prop_map(Padding::Explicit)];
    let activation = prop_oneof![Just(None), Just(Some(TileActivation::Relu))];
    let epilogue = (any::<bool>(), any::<bool>(), activation).prop_map(|(pool, bias, activation)| Epilogue {
        pool: pool.then_some(PoolEpilogue { winners: None }),
        bias,
        residual: None,
        activation,
    });
    let channels = prop::sample::select(vec![1, 3, 5, 8, 16, 17, 31, 40, 70]);
    let memory = (0..6usize, [0..7usize, 0..7], 0..3usize);
    (
        [1..20usize, 1..20],
        padding,
        [channels.clone(), channels],
        epilogue,
        any::<[bool; 2]>(),
        memory,
        any::<u64>(),
    )
        .prop_map(
            |(
                size,
                padding,
                channels,
                epilogue,
                [winners, residual],
                (count, neighbours, extra_halo),
                seed,
            )| {
                Case {
                    padding,
                    epilogue,
                    winners,
                    residual,
                    count,
                    neighbours,
                    extra_halo,
                    seed,
                    ..Case::new(size, 3, channels)
                }
            },
        )
}

proptest! {
    #![proptest_config(random_cases(300))]

    #[test]
    fn any_geometry(case in cases()) {
        check(&case);
    }
}
