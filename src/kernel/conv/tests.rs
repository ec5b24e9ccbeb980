//! Compiled convolutions against nested loops, for every instruction set of this machine.

use proptest::prelude::*;

use crate::desc::{
    ConvDesc, DepthwiseDesc, Epilogue, KernelDesc, PackDesc, PoolEpilogue, Rank, TileActivation,
};
use crate::kernel::trial::{
    Buffer, Case, Integers, cases, for_elements, for_taps, place, random_cases, run, simds,
};
use crate::kernel::{Simd, depthwise};
use crate::tensor::Padding;

/// The kernels that compute a convolution, for every instruction set: with the weights (the second argument)
/// as rows, in blocks where there are no groups, and along the channels where each is by itself.
fn variants(desc: &ConvDesc, args: &[Buffer]) -> Vec<(Simd, KernelDesc, Vec<Buffer>)> {
    let in_blocks = |simd: Simd| {
        let (block, columns) = (2 * simd.lanes(), desc.output.channels);
        let rows = args[1].f32().len() / columns;
        let pack = KernelDesc::Pack(PackDesc { rows, columns, block });
        let packed = Buffer::F32(vec![7.0; rows * columns.next_multiple_of(block)]);
        let mut args = args.to_vec();
        args[1] = run(&pack, simd, &[args[1].clone(), packed], rows)[1].clone();
        (simd, KernelDesc::Conv(ConvDesc { block: Some(block), ..*desc }), args)
    };
    let plain = |simd: Simd| (simd, KernelDesc::Conv(*desc), args.to_vec());
    let in_other_order = |simd: Simd| {
        let rank = Rank { order: 1, cut: 2 };
        (simd, KernelDesc::Conv(ConvDesc { rank, ..*desc }), args.to_vec())
    };
    let by_channels =
        |simd: Simd| (simd, KernelDesc::Depthwise(DepthwiseDesc { conv: *desc }), args.to_vec());
    let (has_blocks, is_depthwise) = (desc.groups == 1, depthwise::applies(desc));
    let of = |simd: Simd| {
        let others =
            has_blocks.then(|| in_blocks(simd)).into_iter().chain(is_depthwise.then(|| by_channels(simd)));
        [plain(simd), in_other_order(simd)].into_iter().chain(others)
    };
    simds().into_iter().flat_map(of).collect()
}

pub(in crate::kernel) fn check_forward(case: &Case) {
    let Some(desc) = case.forward() else { return };
    let (ci, co, window) = (desc.input.channels, desc.output.channels, &desc.window);
    let (cig, cog) = (ci / desc.groups, co / desc.groups);
    let mut integers = Integers(case.seed);
    let x = integers.images(&desc.input, case.count);
    let weight = integers.values(window.area() * cig * co);
    let bias = integers.values(co);
    let residual = desc.epilogue.residual.map(|layout| (layout, integers.images(&layout, case.count)));

    let mut y = vec![0f64; case.count * window.y.output * window.x.output * co];
    let at = |n: usize, oy: usize, ox: usize, o: usize| {
        ((n * window.y.output + oy) * window.x.output + ox) * co + o
    };
    for n in 0..case.count {
        for_taps(window, |[oy, ox], [ky, kx], [iy, ix]| {
            for o in 0..co {
                for i in 0..cig {
                    let w = weight[((ky * window.x.kernel_size + kx) * cig + i) * co + o];
                    let x = x[place(&desc.input, [n, iy, ix, o / cog * cig + i])];
                    y[at(n, oy, ox, o)] += f64::from(x) * f64::from(w);
                }
            }
        });
    }
    let finish = |value: f64, [n, y, x, o]: [usize; 4]| {
        let value = if desc.epilogue.bias { value + f64::from(bias[o]) } else { value };
        let added =
            residual.as_ref().map_or(0.0, |(layout, values)| f64::from(values[place(layout, [n, y, x, o])]));
        let value = value + added;
        match desc.epilogue.activation {
            None => value,
            Some(TileActivation::Relu) => value.max(0.0),
            Some(TileActivation::ClippedRelu(limit)) => value.clamp(0.0, f64::from(f32::from_bits(limit))),
            Some(TileActivation::LeakyRelu(slope)) if value < 0.0 => f64::from(f32::from_bits(slope)) * value,
            Some(TileActivation::LeakyRelu(_)) => value,
        }
    };
    let winners = desc.epilogue.pool.and_then(|pool| pool.winners);
    let mut want = vec![7f32; case.count * desc.output.image_pitch];
    let mut want_winners = vec![77u8; winners.map_or(0, |w| case.count * w.image_pitch)];
    for_elements(&desc.output, case.count, |to, [n, py, px, o]| {
        let mut value = 0.0;
        if desc.epilogue.pool.is_some() {
            let mut winner = 0;
            for k in 0..4usize {
                let candidate = y[at(n, 2 * py + k / 2, 2 * px + k % 2, o)];
                if k == 0 || candidate > value {
                    (value, winner) = (candidate, k);
                }
            }
            if let Some(layout) = &winners {
                want_winners[place(layout, [n, py, px, o])] = winner as u8;
            }
        } else {
            value = y[at(n, py, px, o)];
        }
        want[to] = finish(value, [n, py, px, o]) as f32;
    });

    let mut args = vec![Buffer::F32(x), Buffer::F32(weight)];
    if desc.epilogue.bias {
        args.push(Buffer::F32(bias.clone()));
    }
    args.extend(residual.iter().map(|(_, values)| Buffer::F32(values.clone())));
    let output = args.len();
    args.push(Buffer::F32(vec![7.0; want.len()]));
    if winners.is_some() {
        args.push(Buffer::Bytes(vec![77; want_winners.len()]));
    }
    for (simd, desc, args) in variants(&desc, &args) {
        let got = run(&desc, simd, &args, case.count);
        assert_eq!(got[output].f32(), want, "{simd} {desc:?} {case:?}");
        if winners.is_some() {
            assert_eq!(got[output + 1].bytes(), want_winners, "{simd} {desc:?} {case:?}");
        }
    }
}

fn check_grad_input(case: &Case) {
    let Some(desc) = case.grad_input() else { return };
    let (co, ci, window) = (desc.input.channels, desc.output.channels, &desc.window);
    let (cig, cog) = (ci / desc.groups, co / desc.groups);
    let mut integers = Integers(case.seed);
    let dy = integers.images(&desc.input, case.count);
    // transposed per tap: [Kh, Kw, O, I / groups]
    let weight = integers.values(window.area() * cig * co);
    let mut dx = vec![0f64; case.count * desc.output.image_pitch];
    for n in 0..case.count {
        for_taps(window, |[oy, ox], [ky, kx], [iy, ix]| {
            for o in 0..co {
                for i in 0..cig {
                    let w = weight[((ky * window.x.kernel_size + kx) * co + o) * cig + i];
                    let to = place(&desc.output, [n, iy, ix, o / cog * cig + i]);
                    dx[to] += f64::from(dy[place(&desc.input, [n, oy, ox, o])]) * f64::from(w);
                }
            }
        });
    }
    let mut want = vec![7f32; dx.len()];
    for_elements(&desc.output, case.count, |at, _| want[at] = dx[at] as f32);
    let args = vec![Buffer::F32(dy), Buffer::F32(weight), Buffer::F32(vec![7.0; want.len()])];
    for (simd, desc, args) in variants(&desc, &args) {
        let got = run(&desc, simd, &args, case.count);
        assert_eq!(got[2].f32(), want, "{simd} {desc:?} {case:?}");
    }
}

pub(in crate::kernel) fn check(case: &Case) {
    check_forward(case);
    check_grad_input(case);
}

#[test]
fn plain() {
    check(&Case::new([8, 8], 3, [3, 32]));
}

/// Geometries that have caught mistakes before, or that real models have.
#[test]
fn edges() {
    let case = Case::new;
    let cases = [
        // channels around the widths of vectors and registers
        case([5, 7], 3, [1, 1]),
        case([6, 6], 3, [17, 10]),
        case([9, 9], 3, [100, 33]),
        case([4, 4], 1, [10, 100]),
        case([28, 28], 3, [1, 32]),
        Case { padding: Padding::Valid, ..case([15, 15], 3, [32, 64]) },
        Case { padding: Padding::Valid, ..case([3, 3], 3, [5, 7]) },
        // weights copied together: many output channels, and many input channels on the way back
        Case { stride: [2, 1], ..case([5, 4], 3, [3, 300]) },
        case([3, 3], 3, [270, 5]),
        // one pixel, no images, many images
        Case { count: 1, ..case([1, 1], 3, [3, 3]) },
        Case { count: 0, ..case([8, 8], 3, [3, 16]) },
        Case { count: 7, ..case([3, 2], 2, [4, 9]) },
        // larger than the image, stride beyond the window, holes
        case([2, 3], 5, [3, 4]),
        Case { stride: [3, 2], padding: Padding::Valid, ..case([9, 9], 1, [6, 20]) },
        Case { stride: [2, 2], ..case([9, 8], 3, [3, 16]) },
        Case { stride: [2, 3], dilation: [2, 2], ..case([12, 11], 3, [3, 8]) },
        Case { stride: [4, 4], padding: Padding::Explicit(2), ..case([23, 23], 11, [3, 20]) },
        Case { dilation: [2, 3], ..case([10, 10], 3, [8, 8]) },
        Case { kernel_size: [1, 7], padding: Padding::Explicit(3), ..case([8, 8], 1, [5, 6]) },
        // groups, one channel each and more
        Case { groups: 12, ..case([6, 6], 3, [1, 1]) },
        Case { groups: 3, ..case([6, 6], 3, [4, 18]) },
        Case { groups: 2, stride: [2, 2], ..case([7, 7], 3, [3, 5]) },
        // slices of wider buffers
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
    let activations = [None, Some(TileActivation::Relu), Some(slope), Some(clipped)];
    let geometries = [
        Case::new([8, 8], 3, [3, 32]),
        Case::new([7, 5], 3, [2, 21]),
        Case { padding: Padding::Valid, ..Case::new([15, 15], 3, [4, 64]) },
        Case { groups: 3, stride: [2, 1], ..Case::new([9, 10], 3, [2, 7]) },
        Case::new([1, 9], 3, [2, 4]),
    ];
    for case in geometries {
        for activation in activations {
            for (pool, winners, bias) in
                [(false, false, true), (true, false, false), (true, true, false), (true, true, true)]
            {
                let pool = pool.then_some(PoolEpilogue { winners: None });
                let epilogue = Epilogue { pool, bias, residual: None, activation };
                check_forward(&Case { epilogue, winners, ..case.clone() });
            }
        }
    }
}

#[test]
fn residuals() {
    let relu = Some(TileActivation::Relu);
    let slope = Some(TileActivation::LeakyRelu(0.25f32.to_bits()));
    let clipped = Some(TileActivation::ClippedRelu(6f32.to_bits()));
    let case = |size, kernel, channels| Case { residual: true, ..Case::new(size, kernel, channels) };
    let geometries = [
        // a residual block's last window, and its only one
        case([7, 7], 1, [64, 256]),
        case([8, 8], 3, [3, 32]),
        case([1, 1], 1, [2, 1]),
        case([5, 9], 3, [2, 21]),
        // weights in several blocks with a rest, some fetched ahead
        case([3, 3], 1, [600, 300]),
        Case { count: 1, stride: [2, 2], ..case([9, 7], 1, [6, 33]) },
        Case { count: 0, ..case([4, 4], 1, [3, 16]) },
        Case { neighbours: [5, 9], ..case([6, 7], 1, [4, 20]) },
    ];
    for case in geometries {
        for (activation, bias) in [(None, false), (relu, true), (slope, true), (clipped, false)] {
            let epilogue = Epilogue { bias, activation, ..Epilogue::default() };
            check_forward(&Case { epilogue, ..case.clone() });
        }
    }
}

proptest! {
    #![proptest_config(random_cases(300))]

    #[test]
    fn any_geometry(case in cases()) {
        check(&case);
    }
}
