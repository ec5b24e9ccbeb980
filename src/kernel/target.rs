//! What the code is generated for.

use std::fmt;
use std::str::FromStr;

/// Which instructions the micro-kernels use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Simd {
    /// Cranelift's 128-bit vectors in 16 registers, on any machine.
    Portable,
    /// The same in 32 registers (AArch64).
    Neon,
    /// 256-bit vectors and FMA (x86-64).
    Avx2,
    /// 512-bit vectors (x86-64 with AVX-512 F, BW, DQ, VL).
    Avx512,
}

impl Simd {
    /// All of them.
    pub const ALL: [Simd; 4] = [Simd::Portable, Simd::Neon, Simd::Avx2, Simd::Avx512];

    /// The widest that this machine has.
    pub fn detect() -> Self {
        Self::ALL.into_iter().rev().find(|simd| simd.is_available()).unwrap_or(Simd::Portable)
    }

    /// Whether this machine has it.
    pub fn is_available(self) -> bool {
        match self {
            Simd::Portable => true,
            Simd::Neon => cfg!(target_arch = "aarch64"),
            #[cfg(target_arch = "x86_64")]
            Simd::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Simd::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && Simd::Avx2.is_available()
            }
            #[cfg(not(target_arch = "x86_64"))]
            Simd::Avx2 | Simd::Avx512 => false,
        }
    }

    /// f32 values in one vector of the micro-kernels.
    pub fn lanes(self) -> usize {
        match self {
            Simd::Portable | Simd::Neon => 4,
            Simd::Avx2 => 8,
            Simd::Avx512 => 16,
        }
    }
}

impl fmt::Display for Simd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Simd::Portable => "portable",
            Simd::Neon => "neon",
            Simd::Avx2 => "avx2",
            Simd::Avx512 => "avx512",
        })
    }
}

impl FromStr for Simd {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|simd| simd.to_string() == text)
            .ok_or_else(|| format!("`{text}` is none of portable, neon, avx2, avx512"))
    }
}

/// What the code is generated for. The same target and description give the same code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Target {
    /// Instructions of the micro-kernels.
    pub simd: Simd,
    /// Every result is summed up directly: no method that trades exactness for speed is used (Winograd's
    /// convolutions).
    pub exact: bool,
}

impl Target {
    /// The fastest code with these instructions.
    pub fn of(simd: Simd) -> Self {
        Self { simd, exact: false }
    }

    /// The best for this machine.
    pub fn host() -> Self {
        Self::of(Simd::detect())
    }
}
