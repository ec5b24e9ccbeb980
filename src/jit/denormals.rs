//! Numbers too small for a full mantissa count as zero while kernels run: a trained network is full of them,
//! and each costs as much as a hundred operations.

use std::marker::PhantomData;

/// Flush-to-zero is on in this thread while this exists; then what was before is restored.
#[derive(Debug)]
pub struct FlushDenormals {
    before: u64,
    /// The register belongs to the thread: the guard must not leave it.
    _thread: PhantomData<*const ()>,
}

impl FlushDenormals {
    /// Flushes denormal results, and operands where the machine can, to zero in this thread until the guard
    /// is dropped.
    #[must_use = "flushing ends when the guard is dropped"]
    pub fn new() -> Self {
        let before = control();
        set_control(before | FLUSH);
        Self { before, _thread: PhantomData }
    }
}

impl Default for FlushDenormals {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for FlushDenormals {
    fn drop(&mut self) {
        // only our bits: flags that were raised meanwhile stay
        set_control((control() & !FLUSH) | (self.before & FLUSH));
    }
}

/// MXCSR: flush to zero (bit 15) and denormals are zero (bit 6).
#[cfg(target_arch = "x86_64")]
const FLUSH: u64 = (1 << 15) | (1 << 6);
/// FPCR: flush to zero (bit 24), operands and results.
#[cfg(target_arch = "aarch64")]
const FLUSH: u64 = 1 << 24;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const FLUSH: u64 = 0;

#[cfg(target_arch = "x86_64")]
fn control() -> u64 {
    let mut value = 0_u32;
    // SAFETY: stores the 32 bits of MXCSR to a local variable.
    unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut value, options(nostack, preserves_flags)) };
    u64::from(value)
}

#[cfg(target_arch = "x86_64")]
fn set_control(value: u64) {
    let value = value as u32;
    // SAFETY: the value was read from MXCSR and differs only in two bits that every x86-64 has, so no
    // reserved bit is set. Code of the Rust compiler between guard and drop may see denormals as zero, which
    // changes no safety.
    unsafe {
        std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const value, options(nostack, readonly, preserves_flags))
    };
}

#[cfg(target_arch = "aarch64")]
fn control() -> u64 {
    let value: u64;
    // SAFETY: reads a register that user code may read.
    unsafe { std::arch::asm!("mrs {}, fpcr", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}

#[cfg(target_arch = "aarch64")]
fn set_control(value: u64) {
    // SAFETY: the value was read from FPCR and differs only in a bit that every AArch64 has. See x86-64 for
    // the rest.
    unsafe { std::arch::asm!("msr fpcr, {}", in(reg) value, options(nomem, nostack, preserves_flags)) };
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn control() -> u64 {
    0
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn set_control(_value: u64) {}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    fn flushes_while_the_guard_lives() {
        let small = black_box(f32::MIN_POSITIVE);
        {
            let _outer = FlushDenormals::new();
            let _inner = FlushDenormals::new();
            if FLUSH != 0 {
                assert_eq!(black_box(small) * black_box(0.5), 0.0);
            }
        }
        assert!(black_box(small) * black_box(0.5) > 0.0);
    }
}
