//! Runs one kernel on buffers that lie between guards.

use proptest::prelude::*;

use crate::desc::KernelDesc;
use crate::kernel::Simd;
use crate::kernel::trial::{aarch64, memory};
use crate::tensor::Layout;

/// Contents of one argument.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    F32(Vec<f32>),
    I32(Vec<i32>),
    U8(Vec<u8>),
}

impl Data {
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Data::F32(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Data::I32(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Data::U8(values) => values.clone(),
        }
    }

    fn with_bytes(&self, bytes: &[u8]) -> Self {
        let words = || bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        match self {
            Data::F32(_) => Data::F32(words().map(f32::from_bits).collect()),
            Data::I32(_) => Data::I32(words().map(u32::cast_signed).collect()),
            Data::U8(_) => Data::U8(bytes.to_vec()),
        }
    }

    pub(super) fn f32(&self) -> &[f32] {
        match self {
            Data::F32(values) => values,
            Data::I32(_) | Data::U8(_) => panic!("not f32"),
        }
    }

    pub(super) fn u8(&self) -> &[u8] {
        match self {
            Data::U8(values) => values,
            Data::I32(_) | Data::F32(_) => panic!("not bytes"),
        }
    }
}

/// Runs a kernel for images `first .. first + count`; returns the arguments' contents afterwards. Arguments
/// are aligned to their elements only. Fails if a byte outside of the arguments was changed. Runs on AArch64
/// too, where that is emulated.
pub(super) fn run(desc: &KernelDesc, args: &[Data], count: usize, first: usize) -> Vec<Data> {
    if aarch64::is_emulated() {
        run_with(Simd::Portable, desc, args, count, first);
    }
    run_with(Simd::detect(), desc, args, count, first)
}

/// The instruction sets this machine has.
pub(super) fn simds() -> impl Iterator<Item = Simd> {
    Simd::ALL.into_iter().filter(|simd| simd.is_available())
}

/// The same with the given instructions.
pub(super) fn run_with(
    simd: Simd,
    desc: &KernelDesc,
    args: &[Data],
    count: usize,
    first: usize,
) -> Vec<Data> {
    let bytes: Vec<Vec<u8>> = args.iter().map(Data::to_bytes).collect();
    let results = memory::run(desc, simd, &bytes, [count, first]);
    args.iter().zip(results).map(|(arg, bytes)| arg.with_bytes(&bytes)).collect()
}

/// Small numbers that repeat, zeros and signs among them.
pub(super) fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 33
    };
    (0..count).map(|_| ((next() % 1001) as f32 - 500.0) / 128.0).collect()
}

/// Elements of a buffer of `images` images.
pub(super) fn buffer_len(layout: &Layout, images: usize) -> usize {
    layout.image_pitch * images + layout.origin
}

/// Offset of an element.
pub(super) fn at(layout: &Layout, n: usize, y: usize, x: usize, c: usize) -> usize {
    layout.origin + n * layout.image_pitch + y * layout.row_pitch + x * layout.pixel_pitch + c
}

/// All `(n, y, x, c)`.
pub(super) fn places(
    layout: &Layout,
    images: usize,
) -> impl Iterator<Item = (usize, usize, usize, usize)> + use<> {
    let Layout { height, width, channels, .. } = *layout;
    (0..images).flat_map(move |n| {
        (0..height).flat_map(move |y| (0..width).flat_map(move |x| (0..channels).map(move |c| (n, y, x, c))))
    })
}

/// A layout of this shape: dense, with a halo, or a slice of a wider buffer.
pub(super) fn layout(shape: [usize; 3], kind: (u8, usize)) -> Layout {
    let [height, width, channels] = shape;
    let (form, amount) = kind;
    match form {
        0 => Layout::with_halo(height, width, channels, [0; 4]),
        1 => Layout::with_halo(height, width, channels, [amount, amount / 2, amount % 2, amount]),
        _ => {
            let wide = Layout::with_halo(height, width, channels + amount, [0, amount % 2, 0, amount % 3]);
            Layout { channels, origin: wide.origin + amount / 2, ..wide }
        }
    }
}

/// What [`layout`] takes besides a shape.
pub(super) fn layout_kind() -> impl Strategy<Value = (u8, usize)> {
    (0_u8..3, 1_usize..5)
}

/// Channel counts that fill vectors, do not, or not even one.
pub(super) fn channel_count() -> impl Strategy<Value = usize> {
    prop::sample::select(vec![1_usize, 2, 3, 4, 5, 8, 10, 16, 17, 36, 64, 67, 100])
}

/// Fails where two numbers differ by more than `tolerance` relative to the larger of 1 and what is wanted.
pub(super) fn assert_close(got: f32, want: f64, tolerance: f64, what: impl std::fmt::Debug) {
    if want.is_nan() {
        assert!(got.is_nan(), "{what:?}: {got} is not NaN");
        return;
    }
    let error = (f64::from(got) - want).abs();
    assert!(error <= tolerance * want.abs().max(1.0), "{what:?}: {got} is not {want}, off by {error}");
}
