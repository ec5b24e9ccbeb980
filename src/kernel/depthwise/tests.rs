//! Depthwise kernels against the nested loops of the other convolutions' tests, for every instruction set of
//! this machine.

use proptest::prelude::*;

use super::applies;
use crate::desc::{Epilogue, PoolEpilogue, TileActivation};
use crate::kernel::trial::{Case, cases, random_cases};
use crate::kernel::{conv, conv_grad_weight};
use crate::tensor::Padding;

fn case(input: [usize; 2], kernel: usize, channels: usize) -> Case {
    Case { groups: channels, ..Case::new(input, kernel, [1, 1]) }
}

/// The other families' tests take this one where it applies.
fn check(case: &Case) {
    assert!(case.forward().is_none_or(|desc| applies(&desc)), "{case:?}");
    conv::tests::check(case);
    conv_grad_weight::tests::check(case);
}

#[test]
fn plain() {
    check(&case([8, 8], 3, 32));
}

/// Geometries that have caught mistakes before, or that real models have.
#[test]
fn edges() {
    let cases = [
        // channels around the widths of vectors
        case([5, 7], 3, 2),
        case([6, 6], 3, 3),
        case([6, 5], 3, 17),
        case([9, 9], 3, 100),
        case([4, 4], 1, 10),
        Case { padding: Padding::Valid, ..case([15, 15], 3, 40) },
        Case { padding: Padding::Valid, ..case([3, 3], 3, 5) },
        // one pixel, no images, many images
        Case { count: 1, ..case([1, 1], 3, 3) },
        Case { count: 0, ..case([8, 8], 3, 16) },
        Case { count: 7, ..case([3, 2], 2, 9) },
        // windows larger than the image, and as large as it; rows longer than a block
        case([2, 3], 5, 4),
        Case { padding: Padding::Valid, ..case([7, 7], 7, 24) },
        case([9, 40], 7, 20),
        case([11, 33], 5, 16),
        Case { kernel_size: [1, 7], padding: Padding::Explicit(3), ..case([8, 8], 1, 6) },
        Case { kernel_size: [6, 1], ..case([9, 8], 1, 6) },
        // strides, beyond the window too, and holes
        Case { stride: [2, 2], ..case([9, 8], 3, 16) },
        Case { stride: [2, 2], ..case([14, 14], 5, 33) },
        Case { stride: [3, 2], padding: Padding::Valid, ..case([9, 9], 1, 20) },
        Case { stride: [4, 3], padding: Padding::Explicit(1), ..case([12, 11], 2, 8) },
        Case { stride: [2, 3], dilation: [2, 2], ..case([12, 11], 3, 8) },
        Case { dilation: [2, 3], ..case([10, 10], 3, 8) },
        // slices of wider buffers
        Case { neighbours: [5, 9], ..case([6, 7], 3, 20) },
        Case { extra_halo: 2, ..case([6, 7], 3, 20) },
    ];
    cases.iter().for_each(check);
}

#[test]
fn epilogues() {
    let slope = TileActivation::LeakyRelu(0.25f32.to_bits());
    let clipped = TileActivation::ClippedRelu(6f32.to_bits());
    let geometries = [
        case([8, 8], 3, 32),
        case([7, 5], 3, 21),
        Case { padding: Padding::Valid, ..case([15, 15], 3, 16) },
        Case { stride: [2, 1], ..case([9, 10], 3, 7) },
        case([1, 9], 3, 4),
    ];
    for geometry in geometries {
        for activation in [None, Some(TileActivation::Relu), Some(slope), Some(clipped)] {
            for (pool, winners, bias) in
                [(false, false, true), (true, false, false), (true, true, false), (true, true, true)]
            {
                let pool = pool.then_some(PoolEpilogue { winners: None });
                let epilogue = Epilogue { pool, bias, residual: None, activation };
                conv::tests::check_forward(&Case { epilogue, winners, ..geometry.clone() });
            }
        }
    }
}

proptest! {
    #![proptest_config(random_cases(300))]

    #[test]
    fn any_geometry(case in cases(), channels in prop::sample::select(vec![2_usize, 3, 8, 15, 16, 17, 33, 64])) {
        check(&Case { groups: channels, channels: [1, 1], ..case });
    }
}
