//! Transposition and halos.

use proptest::prelude::*;

use super::harness::{Data, at, buffer_len, numbers, places, run, run_with, simds};
use crate::desc::{FillDesc, KernelDesc, TransposeDesc};
use crate::kernel::trial::random_cases;
use crate::tensor::Layout;

proptest! {
    #![proptest_config(random_cases(60))]
    #[test]
    fn transposes(stack in 1_usize..4, rows in 1_usize..40, columns in 1_usize..40, seed in any::<u64>()) {
        let source = numbers(seed, stack * rows * columns);
        let args = [Data::F32(source.clone()), Data::F32(vec![7.0; source.len()])];
        for simd in simds() {
            let got = run_with(simd, &KernelDesc::Transpose(TransposeDesc { stack, rows, columns }), &args, 0, 0);
            for s in 0..stack {
                for r in 0..rows {
                    for c in 0..columns {
                        let (from, to) = ((s * rows + r) * columns + c, (s * columns + c) * rows + r);
                        prop_assert_eq!(got[1].f32()[to], source[from]);
                    }
                }
            }
        }
    }

    #[test]
    fn clears_halos(shape in (1_usize..6, 1_usize..6, 1_usize..9), halo in prop::array::uniform4(0_usize..4), count in 0_usize..4, seed in any::<u64>()) {
        let layout = Layout::with_halo(shape.0, shape.1, shape.2, halo);
        let len = layout.image_pitch * count;
        let buffer = numbers(seed, buffer_len(&layout, count))[..len].to_vec();
        let got = run(&KernelDesc::Fill(FillDesc { halo_of: layout }), &[Data::F32(buffer.clone())], count, 0);
        let mut want = vec![0.0; len];
        for (n, y, x, c) in places(&layout, count) {
            let at = at(&layout, n, y, x, c);
            want[at] = buffer[at];
        }
        prop_assert_eq!(got[0].f32(), &want[..]);
    }
}
