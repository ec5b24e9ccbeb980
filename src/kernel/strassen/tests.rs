//! Strassen's kernels against nested loops, for every instruction set of this machine, within the error bound
//! of the module.

use proptest::prelude::*;

use super::applies;
use crate::desc::{ConvDesc, Epilogue, KernelDesc, StrassenDesc, StrassenWeightDesc, TileActivation};
use crate::kernel::Simd;
use crate::kernel::trial::{Buffer, Case, RoundedCase, compare, mean_error, random_cases, run, simds};
use crate::tensor::{Layout, Padding};

/// What the bound of the module allows for this many input channels, without the numbers' size.
fn bound(channels: usize) -> f64 {
    let epsilon = f64::from(f32::EPSILON) / 2.0;
    6.0 * (channels as f64 / 2.0 + 8.0) * epsilon * channels as f64
}

/// Weights `[I, O]` in sums.
fn in_sums(weight: &[f32], desc: StrassenWeightDesc, simd: Simd) -> Vec<f32> {
    let args = [Buffer::F32(weight.to_vec()), Buffer::F32(vec![7.0; desc.elements(simd.lanes())])];
    run(&KernelDesc::StrassenWeight(desc), simd, &args, desc.inputs / 2)[1].f32().to_vec()
}

fn check_conv(conv: ConvDesc, case: &Case) {
    if !applies(&conv) {
        return;
    }
    let (inputs, outputs, count) = (conv.input.channels, conv.output.channels, case.count);
    let RoundedCase { mut args, want, output, largest, .. } = RoundedCase::new(&conv, count, case.seed);
    let Buffer::F32(weight) = args[1].clone() else { unreachable!("weights are f32") };
    let desc = KernelDesc::Strassen(StrassenDesc { conv, images: count.max(1) });
    for simd in simds() {
        args[1] = Buffer::F32(in_sums(&weight, StrassenWeightDesc { inputs, outputs, part: outputs }, simd));
        let got = run(&desc, simd, &args, count);
        compare(got[output].f32(), &want, bound(inputs) * largest, &(simd, case));
    }
}

fn check(case: &Case) {
    for conv in [case.forward(), case.grad_input()].into_iter().flatten() {
        check_conv(conv, case);
    }
}

#[test]
fn plain() {
    check(&Case::new([8, 8], 1, [32, 64]));
}

/// Sizes around pairs, vectors, blocks and chunks.
#[test]
fn edges() {
    let case = |input, channels| Case::new(input, 1, channels);
    let cases = [
        case([1, 1], [2, 2]),
        case([1, 2], [4, 6]),
        case([2, 1], [34, 62]),
        case([7, 7], [10, 130]),
        case([3, 5], [66, 34]),
        // several images a chunk, and a number of images that is no multiple
        Case { count: 7, ..case([3, 3], [8, 20]) },
        Case { count: 0, ..case([8, 8], [2, 16]) },
        // rows in several chunks, of which the last is odd
        Case { count: 1, ..case([37, 41], [20, 70]) },
        Case { count: 1, ..case([2, 300], [2, 4]) },
        Case { stride: [2, 3], ..case([9, 8], [16, 32]) },
        Case { neighbours: [5, 9], ..case([6, 7], [4, 20]) },
        Case { extra_halo: 2, ..case([6, 7], [4, 20]) },
        // rows a multiple of 4 KiB apart
        Case { count: 1, ..case([3, 3], [2048, 6]) },
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
        for (size, channels) in [([8, 8], [4, 32]), ([7, 5], [2, 22]), ([1, 9], [6, 4]), ([11, 13], [4, 66])]
        {
            for (bias, residual) in [(false, false), (true, false), (false, true), (true, true)] {
                let epilogue = Epilogue { pool: None, bias, residual: None, activation };
                check(&Case { epilogue, residual, ..Case::new(size, 1, channels) });
            }
        }
    }
}

/// Calls for some of the output channels, whose weights lie together.
#[test]
fn parts_of_channels() {
    let case = Case { count: 1, ..Case::new([5, 5], 1, [12, 96]) };
    let conv = case.forward().expect("fits");
    let (inputs, outputs, part) = (12, 96, 32);
    let RoundedCase { args, want, output, largest, .. } = RoundedCase::new(&conv, 1, 3);
    for simd in simds() {
        let all = in_sums(args[1].f32(), StrassenWeightDesc { inputs, outputs, part }, simd);
        let mut got = args[output].f32().to_vec();
        for (number, weights) in all.chunks(all.len() / 3).enumerate() {
            let first = number * part;
            let conv = ConvDesc { output: Layout { channels: part, ..conv.output }, ..conv };
            let desc = KernelDesc::Strassen(StrassenDesc { conv, images: 1 });
            let args = [args[0].clone(), Buffer::F32(weights.to_vec()), Buffer::F32(got[first..].to_vec())];
            got[first..].copy_from_slice(run(&desc, simd, &args, 1)[2].f32());
        }
        compare(&got, &want, bound(inputs) * largest, &simd);
    }
}

/// The mean error against that of a sum in single precision, channel by channel: at most twice.
#[test]
fn the_mean_error_is_near_that_of_a_direct_sum() {
    let conv = Case::new([16, 16], 1, [256, 32]).forward().expect("fits");
    let (of, simd) = ((&conv, 2), Simd::detect());
    let direct = mean_error(of, &KernelDesc::Conv(conv), simd, <[f32]>::to_vec);
    let sums = StrassenWeightDesc { inputs: 256, outputs: 32, part: 32 };
    let desc = KernelDesc::Strassen(StrassenDesc { conv, images: 2 });
    let ratio = mean_error(of, &desc, simd, |weight| in_sums(weight, sums, simd)) / direct;
    println!("{ratio:.2} of a direct sum's error");
    assert!(ratio <= 2.0, "{ratio} times the error of a direct sum");
}

fn cases() -> impl Strategy<Value = Case> {
    let padding = prop_oneof![Just(Padding::Same), Just(Padding::Valid)];
    let activation = prop_oneof![Just(None), Just(Some(TileActivation::Relu))];
    let epilogue = (any::<bool>(), activation).prop_map(|(bias, activation)| Epilogue {
        pool: None,
        bias,
        residual: None,
        activation,
    });
    let channels = prop::sample::select(vec![2, 4, 6, 10, 16, 18, 32, 34, 62, 64, 70, 128, 130]);
    let geometry = ([1..24usize, 1..24], [1..3usize, 1..3], padding, [channels.clone(), channels]);
    let memory = (0..6usize, [0..7usize, 0..7], 0..3usize);
    (geometry, epilogue, any::<bool>(), memory, any::<u64>()).prop_map(
        |((size, stride, padding, channels), epilogue, residual, (count, neighbours, extra_halo), seed)| {
            Case {
                stride,
                padding,
                epilogue,
                residual,
                count,
                neighbours,
                extra_halo,
                seed,
                ..Case::new(size, 1, channels)
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
