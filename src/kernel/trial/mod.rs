//! Runs single kernels in tests, with guards around every argument.

pub(super) mod aarch64;
mod conv_case;
pub(super) mod memory;
mod rounded;

pub(super) use conv_case::{Case, cases, for_taps};
pub(super) use rounded::{RoundedCase, compare, images, largest, mean_error};

use proptest::test_runner::{Config as ProptestConfig, RngSeed};

use super::Simd;
use crate::desc::KernelDesc;
use crate::tensor::Layout;

/// What an argument holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Buffer {
    F32(Vec<f32>),
    Bytes(Vec<u8>),
}

impl Buffer {
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Buffer::F32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Buffer::Bytes(bytes) => bytes.clone(),
        }
    }

    fn with_bytes(&self, bytes: Vec<u8>) -> Self {
        let number = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().expect("four bytes"));
        match self {
            Buffer::F32(_) => Buffer::F32(bytes.chunks_exact(4).map(number).collect()),
            Buffer::Bytes(_) => Buffer::Bytes(bytes),
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

/// Compiles the kernel, runs it on copies of the arguments, returns what they hold afterwards. See
/// [`memory::run`].
/// # Panics
/// If it wrote outside of them.
pub(super) fn run(desc: &KernelDesc, simd: Simd, args: &[Buffer], count: usize) -> Vec<Buffer> {
    let bytes: Vec<Vec<u8>> = args.iter().map(Buffer::to_bytes).collect();
    let results = memory::run(desc, simd, &bytes, [count, 0]);
    args.iter().zip(results).map(|(arg, bytes)| arg.with_bytes(bytes)).collect()
}

/// Numbers of random cases in tests of a family, seeded, so that a failure comes again. `CNNC_CASES` asks for
/// another number.
pub(super) fn random_cases(count: u32) -> ProptestConfig {
    let asked = std::env::var("CNNC_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(count),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(2026),
        ..ProptestConfig::default()
    }
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

    /// `count` images of a layout: integers in the pixels, zeros in the halo, NaN in channels that belong to
    /// others.
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
