//! Runs one kernel on buffers that lie between guards.

use proptest::prelude::*;

use crate::jit::{self, Arena, BoundArgument, BoundKernel, FlushDenormals};
use crate::kernel::desc::KernelDesc;
use crate::kernel::trial::aarch64;
use crate::kernel::{Simd, Target, scratch_bytes};
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

/// Bytes before and after each buffer that no kernel may change.
const GUARD: usize = 256;
const GUARD_BYTE: u8 = 0xA5;

/// Runs a kernel for images `first .. first + count`; returns the arguments' contents afterwards. Arguments are aligned to their
/// elements only. Fails if a byte outside of the arguments was changed. Runs on AArch64 too, where that is emulated.
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
pub(super) fn run_with(simd: Simd, desc: &KernelDesc, args: &[Data], count: usize, first: usize) -> Vec<Data> {
    let target = Target::of(simd);
    let set = jit::compile(&target, std::slice::from_ref(desc)).expect("compiles");
    let scratch = scratch_bytes(desc, &target);
    let mut offset = GUARD;
    let mut places = Vec::new();
    for (i, arg) in args.iter().enumerate() {
        let bytes = arg.to_bytes();
        // each buffer at another distance from a vector's alignment
        offset = offset.next_multiple_of(64) + 4 * (i % 4 + 1);
        places.push((offset, bytes.len()));
        offset += bytes.len() + GUARD;
    }
    let scratch_at = offset.next_multiple_of(64);
    let total = scratch_at + scratch + GUARD;
    let mut arena = Arena::new(total).expect("fits");
    arena.bytes_mut(0, total).fill(GUARD_BYTE);
    for (arg, &(offset, len)) in args.iter().zip(&places) {
        arena.bytes_mut(offset, len).copy_from_slice(&arg.to_bytes());
    }
    let places_of = places.iter().map(|&(offset, _)| BoundArgument::Arena { offset, stride: 0, tasks: 1 });
    let own = (scratch > 0).then_some(BoundArgument::Scratch { offset: 0 });
    let bound: Vec<BoundArgument> = places_of.chain(own).collect();
    let kernel = BoundKernel::new(set.entry(0), &bound, total, scratch).expect("binds");
    let before = arena.bytes(0, scratch_at).to_vec();
    {
        let _flush = FlushDenormals::new();
        kernel.call(&arena.run(), 0, count, first, scratch_at);
    }
    if target.simd == Simd::Portable {
        let offsets: Vec<usize> = places.iter().map(|&(offset, _)| offset).collect();
        aarch64::Call { desc, offsets: &offsets, count, first }.check(&before, arena.bytes(0, scratch_at));
    }
    let mut guarded = vec![true; total];
    for &(offset, len) in &places {
        guarded[offset..offset + len].fill(false);
    }
    guarded[scratch_at..scratch_at + scratch].fill(false);
    for (at, (&byte, guarded)) in arena.bytes(0, total).iter().zip(guarded).enumerate() {
        assert!(!guarded || byte == GUARD_BYTE, "byte {at} was changed; arguments lie at {places:?}");
    }
    args.iter().zip(&places).map(|(arg, &(offset, len))| arg.with_bytes(arena.bytes(offset, len))).collect()
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
pub(super) fn places(layout: &Layout, images: usize) -> impl Iterator<Item = (usize, usize, usize, usize)> + use<> {
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
