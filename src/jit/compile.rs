//! Descriptions to callable code.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use cranelift::codegen::control::ControlPlane;
use cranelift::codegen::{Context, ir};
use cranelift::jit::{ArenaMemoryProvider, JITBuilder, JITModule};
use cranelift::module::{FuncId, Linkage, Module, ModuleReloc, ModuleRelocTarget, default_libcall_names};
use rayon::prelude::*;

use super::bind::BindError;
use super::code::{CodePages, CompiledKernel};
use super::disassemble;
use super::library::{Built, CodeLibrary};
use super::page::page_bytes;
use crate::desc::KernelDesc;
use crate::kernel::code::{BuildError, Effort, KernelFunction, MICRO_NAMESPACE, MicroCode};
use crate::kernel::host::Host;
use crate::kernel::micro::{self, Micro};
use crate::kernel::{self, Target};

/// Every function starts on a cache line.
pub(super) const ALIGNMENT: usize = 64;

/// Why there is no code: a bug of ours, or a machine that refuses.
#[derive(Debug, thiserror::Error)]
pub enum JitError {
    /// A description has no code.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Cranelift refused what we wrote.
    #[error("Cranelift rejected a {family} kernel: {reason}")]
    Rejected {
        /// [`KernelDesc::family`], or `micro`.
        family: &'static str,
        /// What it says.
        reason: String,
    },
    /// Arguments do not fit their memory.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// Memory for code was refused, or the code could not be placed.
    #[error("could not place generated code: {0}")]
    Memory(String),
}

/// Compiled kernels, one for each different description.
pub struct KernelSet {
    pages: Arc<CodePages>,
    /// By position in the list that was compiled: index into `functions`.
    entries: Vec<usize>,
    functions: Vec<Function>,
    micros: Vec<MicroKernel>,
}

/// A micro-kernel that kernels call.
struct MicroKernel {
    desc: Micro,
    machine: Arc<Machine>,
}

/// One kernel's code, where it lies and what it was made of.
struct Function {
    address: *const u8,
    built: Arc<Built>,
    family: &'static str,
    /// The micro-kernels it calls.
    micros: Vec<usize>,
}

// SAFETY: `address` is only a number here: it is called through `CompiledKernel` alone, and code belongs to
// no thread.
unsafe impl Send for KernelSet {}
// SAFETY: as above; everything else is plain data that is only read.
unsafe impl Sync for KernelSet {}

impl fmt::Debug for KernelSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KernelSet({} entries, {} functions)", self.entries.len(), self.functions.len())
    }
}

impl KernelSet {
    /// The kernel of the description at this place of the compiled list.
    pub fn entry(&self, index: usize) -> CompiledKernel {
        let address = self.function(index).address;
        // SAFETY: an address of these pages' finalized functions, all declared with a kernel's signature.
        unsafe { CompiledKernel::new(address, Arc::clone(&self.pages)) }
    }

    /// Number of different kernels.
    pub fn functions(&self) -> usize {
        self.functions.len()
    }

    /// Bytes of machine code of one kernel, without the micro-kernels it calls.
    pub fn code_bytes(&self, index: usize) -> usize {
        self.function(index).built.machine.code.len()
    }

    /// Its Cranelift IR; of a kernel from a library its head alone.
    pub fn clif(&self, index: usize) -> String {
        self.function(index).built.function.func.display().to_string()
    }

    /// Its machine code as text: Intel syntax on x86-64, Cranelift's own elsewhere.
    pub fn assembly(&self, index: usize) -> String {
        let function = self.function(index);
        if cfg!(target_arch = "x86_64") {
            return disassemble::x86_64(&function.built.machine.code);
        }
        let KernelFunction { func, effort, .. } = &function.built.function;
        let compiled = Host::get()
            .map_err(JitError::from)
            .and_then(|host| compile_function(host, function.family, func, *effort, true));
        compiled.ok().and_then(|machine| machine.vcode).unwrap_or_default()
    }

    /// Which of the set's micro-kernels a kernel calls.
    pub fn micros_of(&self, index: usize) -> &[usize] {
        &self.function(index).micros
    }

    /// All micro-kernels, each once.
    pub fn micros(&self) -> usize {
        self.micros.len()
    }

    /// A micro-kernel's description as text.
    pub fn micro_description(&self, micro: usize) -> String {
        format!("{:?}", self.micros[micro].desc)
    }

    /// A micro-kernel's machine code as text, as [`Self::assembly`].
    pub fn micro_assembly(&self, micro: usize) -> String {
        let machine = &self.micros[micro].machine;
        if cfg!(target_arch = "x86_64") {
            return disassemble::x86_64(&machine.code);
        }
        machine.vcode.clone().unwrap_or_default()
    }

    fn function(&self, index: usize) -> &Function {
        &self.functions[self.entries[index]]
    }
}

/// A function as machine code, not placed yet.
pub(super) struct Machine {
    pub(super) code: Vec<u8>,
    pub(super) relocations: Vec<cranelift::codegen::FinalizedMachReloc>,
    vcode: Option<String>,
}

/// Compiles kernels for the target. Equal descriptions share their code, and so do equal micro-kernels.
/// Functions are written and compiled on rayon's threads; the result does not depend on their number.
/// # Errors
/// [`JitError`]; nothing a user can cause.
pub fn compile(target: &Target, descs: &[KernelDesc]) -> Result<KernelSet, JitError> {
    compile_with(target, descs, None)
}

/// The same, with code that others have made, and for others.
/// # Errors
/// As [`compile`].
pub(super) fn compile_with(
    target: &Target,
    descs: &[KernelDesc],
    library: Option<&CodeLibrary>,
) -> Result<KernelSet, JitError> {
    let host = Host::get()?;
    let (unique, entries) = deduplicate(descs);
    let built: Vec<Arc<Built>> = unique
        .par_iter()
        .map(|&desc| {
            let build = || {
                let function = kernel::build(desc, target)?;
                let machine = compile_function(host, desc.family(), &function.func, function.effort, false)?;
                Ok(Built { function, machine })
            };
            match library {
                Some(library) => library.kernel(target, desc, build),
                None => build().map(Arc::new),
            }
        })
        .collect::<Result<_, JitError>>()?;
    let (micros, micro_entries) = deduplicate(built.iter().flat_map(|built| &built.function.micros));
    let micro_code: Vec<Arc<Machine>> = micros
        .par_iter()
        .map(|&micro| match library {
            Some(library) => library.micro(target, micro, || compile_micro(host, micro, target)),
            None => compile_micro(host, micro, target).map(Arc::new),
        })
        .collect::<Result<_, _>>()?;

    let machines = built.iter().map(|built| &built.machine).chain(micro_code.iter().map(|code| &**code));
    let mut module = module(host, machines)?;
    let mut declare = |name: String| {
        let signature = ir::Signature::new(host.call_conv());
        module.declare_function(&name, Linkage::Local, &signature).map_err(refused)
    };
    let micro_ids: Vec<FuncId> = (micros.iter().enumerate())
        .map(|(i, micro)| declare(format!("{}_{i}", micro.family())))
        .collect::<Result<_, JitError>>()?;
    let named = unique.iter().enumerate();
    let kernel_ids: Vec<FuncId> =
        named.map(|(i, desc)| declare(format!("{}_{i}", desc.family()))).collect::<Result<_, JitError>>()?;

    for (&id, machine) in micro_ids.iter().zip(&micro_code) {
        module.define_function_bytes(id, ALIGNMENT as u64, &machine.code, &[]).map_err(refused)?;
    }
    let mut micro_entries = micro_entries.into_iter();
    let micros_of: Vec<Vec<usize>> = built
        .iter()
        .map(|built| micro_entries.by_ref().take(built.function.micros.len()).collect())
        .collect();
    for ((&id, built), micros) in kernel_ids.iter().zip(&built).zip(&micros_of) {
        let Built { function, machine } = &**built;
        let micros: Vec<FuncId> = micros.iter().map(|&micro| micro_ids[micro]).collect();
        let relocations: Vec<ModuleReloc> =
            machine.relocations.iter().map(|reloc| resolve(reloc, &function.func, id, &micros)).collect();
        module.define_function_bytes(id, ALIGNMENT as u64, &machine.code, &relocations).map_err(refused)?;
    }
    module.finalize_definitions().map_err(refused)?;

    let addresses: Vec<*const u8> = kernel_ids.iter().map(|&id| module.get_finalized_function(id)).collect();
    let micros: Vec<Micro> = micros.into_iter().cloned().collect();
    let micros =
        micros.into_iter().zip(micro_code).map(|(desc, machine)| MicroKernel { desc, machine }).collect();
    let parts = built.into_iter().zip(addresses).zip(micros_of).zip(&unique);
    let functions = parts.map(|(((built, address), micros), desc)| Function {
        address,
        built,
        family: desc.family(),
        micros,
    });
    Ok(KernelSet { functions: functions.collect(), entries, micros, pages: Arc::new(CodePages::new(module)) })
}

/// Different values in the order of their first appearance, and for every value which one it equals.
fn deduplicate<'a, T: Eq + std::hash::Hash + 'a>(
    values: impl IntoIterator<Item = &'a T>,
) -> (Vec<&'a T>, Vec<usize>) {
    let mut places: HashMap<&T, usize> = HashMap::new();
    let mut unique = Vec::new();
    let place = |value: &'a T| {
        *places.entry(value).or_insert_with(|| {
            unique.push(value);
            unique.len() - 1
        })
    };
    let entries = values.into_iter().map(place).collect();
    (unique, entries)
}

pub(super) fn compile_function(
    host: &Host,
    family: &'static str,
    func: &ir::Function,
    effort: Effort,
    text: bool,
) -> Result<Machine, JitError> {
    let mut context = Context::for_function(func.clone());
    context.set_disasm(text);
    let compiled = context
        .compile(host.isa(effort).as_ref(), &mut ControlPlane::default())
        .map_err(|error| JitError::Rejected { family, reason: format!("{:?}", error.inner) })?;
    let code = compiled.code_buffer().to_vec();
    Ok(Machine { code, relocations: compiled.buffer.relocs().to_vec(), vcode: compiled.vcode.clone() })
}

pub(super) fn compile_micro(host: &Host, micro: &Micro, target: &Target) -> Result<Machine, JitError> {
    match micro::emit(micro, target.simd)? {
        MicroCode::Bytes(code) => Ok(Machine { code, relocations: Vec::new(), vcode: None }),
        // its text is kept where no disassembler of ours can make it from the code
        MicroCode::Function(func) => {
            compile_function(host, "micro", &func, Effort::None, !cfg!(target_arch = "x86_64"))
        }
    }
}

/// A module with room for exactly these functions in one run, so that calls between them are in reach.
fn module<'a>(host: &Host, functions: impl Iterator<Item = &'a Machine>) -> Result<JITModule, JitError> {
    // the provider grows page by page and starts a function in the next one when it does not fit
    let page = page_bytes();
    let bytes: usize = functions.map(|function| function.code.len().next_multiple_of(ALIGNMENT) + page).sum();
    let memory =
        ArenaMemoryProvider::new_with_size(bytes.max(page)).map_err(|e| JitError::Memory(e.to_string()))?;
    let mut builder = JITBuilder::with_isa(host.isa(Effort::Speed).clone(), default_libcall_names());
    builder.memory_provider(Box::new(memory));
    Ok(JITModule::new(builder))
}

fn refused(error: cranelift::module::ModuleError) -> JitError {
    JitError::Memory(error.to_string())
}

/// A function's relocation with the names of its micro-kernels replaced by their ids in the module.
fn resolve(
    reloc: &cranelift::codegen::FinalizedMachReloc,
    func: &ir::Function,
    id: FuncId,
    micros: &[FuncId],
) -> ModuleReloc {
    let mut reloc = ModuleReloc::from_mach_reloc(reloc, func, id);
    if let ModuleRelocTarget::User { namespace: MICRO_NAMESPACE, index } = reloc.name {
        reloc.name = ModuleRelocTarget::from(micros[index as usize]);
    }
    reloc
}
