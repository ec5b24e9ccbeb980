//! Compiled weight gradients against nested loops, for every instruction set of this machine.

use proptest::prelude::*;

use crate::desc::{ConvGradWeightDesc, DepthwiseGradWeightDesc, KernelDesc};
use crate::kernel::depthwise;
use crate::kernel::trial::{Buffer, Case, Integers, cases, for_taps, place, random_cases, run, simds};
use crate::tensor::{Layout, Padding};

pub(in crate::kernel) fn check(case: &Case) {
    let Some(desc) = case.grad_weight() else { return };
    let ConvGradWeightDesc { window, input, grad, .. } = &desc;
    let (inputs, outputs) = (input.channels / desc.groups, grad.channels / desc.groups);
    let mut integers = Integers(case.seed);
    let x = integers.images(input, case.count);
    let dy = integers.images(grad, case.count);
    let mut dw = vec![0f64; window.area() * inputs * grad.channels];
    for n in 0..case.count {
        for_taps(window, |[oy, ox], [ky, kx], [iy, ix]| {
            for o in 0..grad.channels {
                for i in 0..inputs {
                    let x = x[place(input, [n, iy, ix, o / outputs * inputs + i])];
                    let to = ((ky * window.x.kernel_size + kx) * inputs + i) * grad.channels + o;
                    dw[to] += f64::from(x) * f64::from(dy[place(grad, [n, oy, ox, o])]);
                }
            }
        });
    }
    let want: Vec<f32> = dw.into_iter().map(|v| v as f32).collect();
    let args = [Buffer::F32(x), Buffer::F32(dy), Buffer::F32(vec![7.0; want.len()])];
    let by_channels = || KernelDesc::DepthwiseGradWeight(DepthwiseGradWeightDesc { conv: desc });
    let kernels: Vec<KernelDesc> = [0, 2]
        .map(|cut| KernelDesc::ConvGradWeight(ConvGradWeightDesc { cut, ..desc }))
        .into_iter()
        .chain(depthwise::applies_to_grad_weight(&desc).then(by_channels))
        .collect();
    for (simd, kernel) in
        simds().into_iter().flat_map(|simd| kernels.iter().map(move |kernel| (simd, kernel)))
    {
        let got = run(kernel, simd, &args, case.count);
        assert_eq!(got[2].f32(), want, "{simd} {} {case:?}", kernel.family());
    }
    if desc.groups == 1 && inputs > 1 {
        check_parts(case, &desc, &args, &want);
    }
}

/// The same for two parts of the input channels: each call makes its own rows of `dw`, and leaves the others.
fn check_parts(case: &Case, desc: &ConvGradWeightDesc, args: &[Buffer; 3], want: &[f32]) {
    let (inputs, outputs) = (desc.input.channels, desc.grad.channels);
    let part = inputs.div_ceil(2);
    for (start, channels) in [(0, part), (part, inputs - part)] {
        let kernel = KernelDesc::ConvGradWeight(ConvGradWeightDesc {
            input: Layout { channels, ..desc.input },
            ..*desc
        });
        let is_own = |at: usize| (start..start + channels).contains(&(at / outputs % inputs));
        let expected: Vec<f32> =
            want.iter().enumerate().map(|(at, &value)| if is_own(at) { value } else { 7.0 }).collect();
        let end = want.len() - (inputs - start - channels) * outputs;
        let x = Buffer::F32(args[0].f32().get(start..).unwrap_or_default().to_vec());
        let dw = Buffer::F32(vec![7.0; end - start * outputs]);
        for simd in simds() {
            let got = run(&kernel, simd, &[x.clone(), args[1].clone(), dw.clone()], case.count);
            assert_eq!(got[2].f32(), &expected[start * outputs..end], "{simd} from {start} {case:?}");
        }
    }
}

#[test]
fn plain() {
    check(&Case::new([8, 8], 3, [3, 32]));
}

#[test]
fn edges() {
    let case = Case::new;
    let cases = [
        case([5, 7], 3, [1, 1]),
        case([6, 6], 3, [17, 10]),
        case([9, 9], 3, [100, 33]),
        case([4, 4], 1, [10, 100]),
        case([28, 28], 3, [1, 32]),
        Case { padding: Padding::Valid, ..case([15, 15], 3, [32, 64]) },
        Case { count: 1, ..case([1, 1], 3, [3, 3]) },
        Case { count: 0, ..case([8, 8], 3, [3, 16]) },
        // several chunks of images, and of rows, with rests
        Case { count: 21, ..case([3, 2], 2, [4, 9]) },
        Case { count: 3, ..case([37, 40], 3, [16, 16]) },
        case([2, 3], 5, [3, 4]),
        Case { stride: [3, 2], padding: Padding::Valid, ..case([9, 9], 1, [6, 20]) },
        Case { stride: [2, 3], dilation: [2, 2], ..case([12, 11], 3, [3, 8]) },
        Case { groups: 12, ..case([6, 6], 3, [1, 1]) },
        Case { groups: 3, ..case([6, 6], 3, [4, 18]) },
        Case { neighbours: [5, 9], ..case([6, 7], 3, [4, 20]) },
        Case { extra_halo: 2, ..case([6, 7], 3, [4, 20]) },
    ];
    for case in &cases {
        check(case);
    }
}

proptest! {
    #![proptest_config(random_cases(300))]

    #[test]
    fn any_geometry(case in cases()) {
        check(&case);
    }
}
