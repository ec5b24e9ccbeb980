//! Machine code that several compilations share.
//!
//! Trials of a search differ in a number or two: most of their kernels have equal descriptions, and these
//! have equal code. What is placed in memory and called is each one's own; only the work of the code
//! generator is done once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use cranelift::codegen::ir;

use super::compile::{JitError, Machine};
use crate::desc::KernelDesc;
use crate::kernel::Target;
use crate::kernel::code::KernelFunction;
use crate::kernel::micro::Micro;

/// Code that is kept at most. A large network has one to two MiB.
const MOST_BYTES: usize = 64 << 20;

/// A kernel as machine code, not placed yet, and what it was made of.
pub(super) struct Built {
    pub(super) function: KernelFunction,
    pub(super) machine: Machine,
}

/// Machine code, by what it computes.
#[derive(Default)]
pub struct CodeLibrary {
    shelf: Mutex<Shelf>,
}

#[derive(Default)]
struct Shelf {
    kernels: HashMap<(Target, KernelDesc), Arc<Built>>,
    micros: HashMap<(Target, Micro), Arc<Machine>>,
    bytes: usize,
}

impl fmt::Debug for CodeLibrary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        write!(f, "CodeLibrary({} kernels, {} bytes)", shelf.kernels.len(), shelf.bytes)
    }
}

impl CodeLibrary {
    /// The code of a kernel, made by `build` where it is not there. Two that want the same at once may both
    /// make it; the code is the same.
    pub(super) fn kernel(
        &self,
        target: &Target,
        desc: &KernelDesc,
        build: impl FnOnce() -> Result<Built, JitError>,
    ) -> Result<Arc<Built>, JitError> {
        let key = (*target, desc.clone());
        if let Some(built) = self.shelf().kernels.get(&key) {
            return Ok(Arc::clone(built));
        }
        let Built { mut function, machine } = build()?;
        // of the function only the names are needed again, by which it calls others
        function.func = names_of(&function.func);
        let bytes = machine.code.len();
        let built = Arc::new(Built { function, machine });
        let mut shelf = self.shelf();
        shelf.make_room(bytes);
        shelf.kernels.insert(key, Arc::clone(&built));
        Ok(built)
    }

    /// The code of a micro-kernel, made by `build` where it is not there.
    pub(super) fn micro(
        &self,
        target: &Target,
        micro: &Micro,
        build: impl FnOnce() -> Result<Machine, JitError>,
    ) -> Result<Arc<Machine>, JitError> {
        let key = (*target, micro.clone());
        if let Some(machine) = self.shelf().micros.get(&key) {
            return Ok(Arc::clone(machine));
        }
        let machine = Arc::new(build()?);
        let mut shelf = self.shelf();
        shelf.make_room(machine.code.len());
        shelf.micros.insert(key, Arc::clone(&machine));
        Ok(machine)
    }

    fn shelf(&self) -> std::sync::MutexGuard<'_, Shelf> {
        // what is there is whole, whoever panicked
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    /// Where there would be too much, all of it goes: what is used is made again.
    fn make_room(&mut self, bytes: usize) {
        if self.bytes + bytes > MOST_BYTES {
            *self = Self::default();
        }
        self.bytes += bytes;
    }
}

fn names_of(func: &ir::Function) -> ir::Function {
    let mut names = ir::Function::with_name_signature(func.name.clone(), func.signature.clone());
    names.params = func.params.clone();
    names
}
