//! Kernels as machine code for a machine that we do not run on.

use cranelift::codegen::binemit::Reloc;
use cranelift::codegen::{FinalizedMachReloc, FinalizedRelocTarget, ir};

use super::JitError;
use super::compile::{ALIGNMENT, Machine, compile_function, compile_micro};
use crate::desc::KernelDesc;
use crate::kernel::host::Host;
use crate::kernel::{self, Simd, Target};

/// A kernel for AArch64 as one run of bytes that may lie at any address that is a multiple of 64; its entry
/// is the first of them.
/// # Errors
/// [`JitError`], where this build has no code generator for it among others.
pub(crate) fn aarch64(desc: &KernelDesc) -> Result<Vec<u8>, JitError> {
    let (host, target) = (Host::aarch64()?, Target::of(Simd::Neon));
    let function = kernel::build(desc, &target)?;
    let kernel = compile_function(host, desc.family(), &function.func, function.effort, false)?;
    let mut code = kernel.code.clone();
    let mut micros = Vec::new();
    for micro in &function.micros {
        let machine = compile_micro(host, micro, &target)?;
        assert!(machine.relocations.is_empty(), "a micro-kernel calls nothing");
        code.resize(code.len().next_multiple_of(ALIGNMENT), 0);
        micros.push(code.len());
        code.extend(machine.code);
    }
    link(&mut code, &kernel, &function.func, &micros);
    Ok(code)
}

/// Writes the places of the micro-kernels into the calls of the kernel, which are all it needs from outside.
fn link(code: &mut [u8], kernel: &Machine, func: &ir::Function, micros: &[usize]) {
    for FinalizedMachReloc { offset, kind, addend, target } in &kernel.relocations {
        let FinalizedRelocTarget::ExternalName(ir::ExternalName::User(name)) = target else {
            panic!("a kernel calls {target:?}")
        };
        assert_eq!((*kind, *addend), (Reloc::Arm64Call, 0), "calls are direct");
        let callee = micros[func.params.user_named_funcs()[*name].index as usize];
        // `bl` holds the distance in instructions, in its lower 26 bits
        let at = *offset as usize;
        let distance = (callee as i64 - i64::from(*offset)) / 4;
        let instruction = u32::from_le_bytes(code[at..at + 4].try_into().expect("four bytes"));
        let linked = instruction | (distance as u32 & 0x03FF_FFFF);
        code[at..at + 4].copy_from_slice(&linked.to_le_bytes());
    }
}
