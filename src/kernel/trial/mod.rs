//! Runs single kernels in tests, with guards around every argument.

pub(super) mod aarch64;
mod conv_case;

pub(super) use conv_case::{Case, cases, for_taps};

use super::desc::KernelDesc;
use super::{Simd, Target, scratch_bytes};
use crate::jit::{Arena, BoundArgument, BoundKernel, compile};
use crate::tensor::Layout;

/// What an argument holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Buffer {
    F32(Vec<f32>),
    Bytes(Vec<u8>),
}

impl Buffer {
    fn size_bytes(&self) -> usize {
        match self {
            Buffer::F32(values) => 4 * values.len(),
            Buffer::Bytes(bytes) => bytes.len(),
        }
    }

    pub(super) fn f32(&self) -> &[f32] {
        match self {
            Buffer::F32(values) => values,
            Buffer::Bytes(_) => panic!("bytes"),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Buffer::F32(_) => panic!("f32"),
            Buffer::Bytes(bytes) => bytes,
        }
    }
}

/// Bytes before and after each argument. As f32 they are NaN: what is read there and used shows.
const GUARD: usize = 256;
const GUARD_BYTE: u8 = 0xFF;

/// Compiles the kernel, runs it on copies of the arguments, returns what they hold afterwards. With portable tiles it runs on AArch64 too ([`aarch64`]).
/// # Panics
/// If it wrote outside of them.
pub(super) fn run(desc: &KernelDesc, simd: Simd, args: &[Buffer], count: usize) -> Vec<Buffer> {
    let target = Target::of(simd);
    let set = compile(&target, std::slice::from_ref(desc)).expect("compiles");
    let mut end = 0;
    let mut offsets = Vec::new();
    for arg in args {
        let offset = end + GUARD;
        offsets.push(offset);
        end = (offset + arg.size_bytes() + GUARD).next_multiple_of(64);
    }
    let scratch = scratch_bytes(desc, &target);
    let scratch_at = end + GUARD;
    let size = scratch_at + scratch + GUARD;
    let mut arena = Arena::new(size).expect("memory");
    arena.bytes_mut(0, size).fill(GUARD_BYTE);
    let mut places = Vec::new();
    for (arg, &offset) in args.iter().zip(&offsets) {
        match arg {
            Buffer::F32(values) => arena.f32_mut(offset, values.len()).copy_from_slice(values),
            Buffer::Bytes(bytes) => arena.bytes_mut(offset, bytes.len()).copy_from_slice(bytes),
        }
        places.push(BoundArgument::Arena { offset, stride: 0, tasks: 1 });
    }
    if scratch > 0 {
        places.push(BoundArgument::Scratch { offset: 0 });
    }
    let kernel = BoundKernel::new(set.entry(0), &places, size, scratch).expect("inside");
    let before = arena.bytes(0, end).to_vec();
    kernel.call(&arena.run(), 0, count, 0, scratch_at);
    if simd == Simd::Portable {
        aarch64::Call { desc, offsets: &offsets, count, first: 0 }.check(&before, arena.bytes(0, end));
    }

    let mut clean = 0;
    let regions = args.iter().zip(&offsets).map(|(arg, &offset)| (offset, arg.size_bytes()));
    for (offset, bytes) in regions.chain([(scratch_at, scratch)]) {
        let guard = arena.bytes(clean, offset - clean);
        assert!(guard.iter().all(|&b| b == GUARD_BYTE), "written before byte {offset} of the arena");
        clean = offset + bytes;
    }
    assert!(arena.bytes(clean, size - clean).iter().all(|&b| b == GUARD_BYTE), "written behind the arguments");
    let read = |(arg, &offset): (&Buffer, &usize)| match arg {
        Buffer::F32(values) => Buffer::F32(arena.f32(offset, values.len()).to_vec()),
        Buffer::Bytes(bytes) => Buffer::Bytes(arena.bytes(offset, bytes.len()).to_vec()),
    };
    args.iter().zip(&offsets).map(read).collect()
}

/// The instruction sets this machine has.
pub(super) fn simds() -> Vec<Simd> {
    Simd::ALL.into_iter().filter(|simd| simd.is_available()).collect()
}

/// Small random integers: their products and sums are exact in f32, so results must be equal to the last bit.
pub(super) struct Integers(pub(super) u64);

impl Integers {
    /// The next, in `-3..=3`.
    pub(super) fn value(&mut self) -> f32 {
        // Knuth's MMIX generator; its upper bits are good enough here
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % 7) as f32 - 3.0
    }

    pub(super) fn values(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.value()).collect()
    }

    /// `count` images of a layout: integers in the pixels, zeros in the halo, NaN in channels that belong to others.
    pub(super) fn images(&mut self, layout: &Layout, count: usize) -> Vec<f32> {
        let mut values = vec![0.0; count * layout.image_pitch];
        for pixel in values.chunks_mut(layout.pixel_pitch) {
            pixel.iter_mut().skip(layout.channels).for_each(|v| *v = f32::NAN);
        }
        for_elements(layout, count, |at, _| values[at] = self.value());
        values
    }
}

/// Visits all elements of `count` images: offset in the buffer, `[n, y, x, c]`.
pub(super) fn for_elements(layout: &Layout, count: usize, mut visit: impl FnMut(usize, [usize; 4])) {
    for n in 0..count {
        for y in 0..layout.height {
            for x in 0..layout.width {
                for c in 0..layout.channels {
                    visit(place(layout, [n, y, x, c]), [n, y, x, c]);
                }
            }
        }
    }
}

/// Offset of an element.
pub(super) fn place(layout: &Layout, [n, y, x, c]: [usize; 4]) -> usize {
    layout.origin + n * layout.image_pitch + y * layout.row_pitch + x * layout.pixel_pitch + c
}
