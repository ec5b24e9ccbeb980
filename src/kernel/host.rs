//! Cranelift's picture of a machine.

use std::sync::OnceLock;

use cranelift::codegen::isa::{Builder, CallConv, OwnedTargetIsa, TargetFrontendConfig};
use cranelift::codegen::settings::{self, Configurable};

use super::code::{BuildError, Effort};

/// What is known of the machine that code is generated for, with all its 128-bit instructions:
/// [`super::Simd`] chooses only what the tiles use.
///
/// Kernels are written in a form that is the same for all machines of 64 bits with a multiply-add; which one
/// it is for is a matter of compiling them. So tests can compile the same kernels for another machine than
/// the one they run on.
pub struct Host {
    plain: OwnedTargetIsa,
    optimized: OwnedTargetIsa,
    fma: bool,
}

impl Host {
    /// The machine we run on.
    /// # Errors
    /// [`BuildError::Host`] where Cranelift does not know it.
    pub fn get() -> Result<&'static Host, BuildError> {
        static HOST: OnceLock<Result<Host, BuildError>> = OnceLock::new();
        let native = || cranelift_native::builder().map_err(|e| BuildError::Host(e.to_owned()));
        HOST.get_or_init(|| Host::new(&native()?)).as_ref().map_err(Clone::clone)
    }

    /// AArch64 with its base instructions, wherever we run.
    /// # Errors
    /// [`BuildError::Host`] where this build has no code generator for it (feature `aarch64`).
    #[cfg(test)]
    pub(crate) fn aarch64() -> Result<&'static Host, BuildError> {
        static HOST: OnceLock<Result<Host, BuildError>> = OnceLock::new();
        let named = || {
            let builder = cranelift::codegen::isa::lookup_by_name("aarch64-unknown-linux-gnu");
            builder.map_err(|e| BuildError::Host(e.to_string()))
        };
        HOST.get_or_init(|| Host::new(&named()?)).as_ref().map_err(Clone::clone)
    }

    fn new(builder: &Builder) -> Result<Self, BuildError> {
        let (plain, optimized) = (finish(builder, "none")?, finish(builder, "speed")?);
        // on aarch64 the instruction belongs to the base set, and there is no flag for it
        let fma = plain.name() == "aarch64"
            || plain.isa_flags().iter().any(|flag| flag.name == "has_fma" && flag.as_bool() == Some(true));
        Ok(Self { plain, optimized, fma })
    }

    /// The code generator.
    pub fn isa(&self, effort: Effort) -> &OwnedTargetIsa {
        match effort {
            Effort::None => &self.plain,
            Effort::Speed => &self.optimized,
        }
    }

    /// Whether multiply-add with one rounding is an instruction. Elsewhere it would be a call for each lane.
    pub fn has_fma(&self) -> bool {
        self.fma
    }

    /// What [`cranelift::prelude::FunctionBuilder::finalize`] asks for.
    pub fn frontend_config(&self) -> TargetFrontendConfig {
        self.plain.frontend_config()
    }

    /// Calling convention of kernels and tiles: System V on x86-64 whatever the system, so that emitted tiles
    /// are the same everywhere.
    pub fn call_conv(&self) -> CallConv {
        if self.plain.name() == "x64" { CallConv::SystemV } else { self.frontend_config().default_call_conv }
    }
}

fn finish(builder: &Builder, opt_level: &str) -> Result<OwnedTargetIsa, BuildError> {
    let host = |reason: String| BuildError::Host(reason);
    let mut flags = settings::builder();
    let verifier = if cfg!(debug_assertions) { "true" } else { "false" };
    let chosen = [
        ("opt_level", opt_level),
        ("enable_verifier", verifier),
        // the JIT reserves one run of memory, but relocations must not depend on where it lies
        ("is_pic", "false"),
        ("use_colocated_libcalls", "false"),
        // nothing unwinds through a kernel
        ("unwind_info", "false"),
    ];
    for (name, value) in chosen {
        flags.set(name, value).map_err(|e| host(e.to_string()))?;
    }
    builder.finish(settings::Flags::new(flags)).map_err(|e| host(e.to_string()))
}
