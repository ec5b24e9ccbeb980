//! Code pages and entry points.

use std::fmt;
use std::sync::{Arc, Mutex};

use cranelift::jit::JITModule;

/// Signature of every kernel, see [`crate::desc`]. System V on x86-64 whatever the system, as `kernel::host`
/// declares it.
#[cfg(target_arch = "x86_64")]
pub(super) type KernelFn = unsafe extern "sysv64" fn(args: *const *mut u8, count: usize, first: usize);
#[cfg(not(target_arch = "x86_64"))]
pub(super) type KernelFn = unsafe extern "C" fn(args: *const *mut u8, count: usize, first: usize);

/// Keeps generated code mapped.
pub(super) struct CodePages {
    /// Taken only by `drop`. The mutex makes the pages shareable; nothing ever waits for it.
    module: Mutex<Option<JITModule>>,
}

impl CodePages {
    pub(super) fn new(module: JITModule) -> Self {
        Self { module: Mutex::new(Some(module)) }
    }
}

impl Drop for CodePages {
    fn drop(&mut self) {
        let module = self.module.get_mut().map_or_else(|poisoned| poisoned.into_inner().take(), Option::take);
        if let Some(module) = module {
            // SAFETY: entry points are handed out only inside `CompiledKernel`, which holds an `Arc` of these
            // pages: the last of them is gone, so nothing runs in the code or can call it again.
            unsafe { module.free_memory() };
        }
    }
}

/// A kernel that can be called. Cheap to clone.
#[derive(Clone)]
pub struct CompiledKernel {
    entry: KernelFn,
    /// Keeps the code alive.
    _pages: Arc<CodePages>,
}

impl fmt::Debug for CompiledKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CompiledKernel({:p})", self.entry as *const ())
    }
}

impl CompiledKernel {
    /// A kernel at `address`, which lies in `pages`.
    ///
    /// # Safety
    ///
    /// `address` is the entry of a finalized function of `pages` that was declared with the signature of
    /// [`KernelFn`].
    pub(super) unsafe fn new(address: *const u8, pages: Arc<CodePages>) -> Self {
        // SAFETY: by this function's contract `address` is such a function; data and function pointers have
        // one size on all machines that the code generator knows.
        let entry = unsafe { std::mem::transmute::<*const u8, KernelFn>(address) };
        Self { entry, _pages: pages }
    }

    /// Runs the kernel.
    ///
    /// # Safety
    ///
    /// `args` points at as many pointers as the description has arguments. Each points at memory of at least
    /// the size that the description gives it for `count` images, aligned to its element (scratch: to 64
    /// bytes). What the kernel writes is neither read nor written by anything else during the call, nor
    /// borrowed, and what it reads is not written.
    pub unsafe fn call(&self, args: *const *mut u8, count: usize, first: usize) {
        // SAFETY:
        // * live: `_pages` keeps the code mapped executable while `self` exists.
        // * signature: `new` was given an entry of this signature.
        // * bounds and aliasing: by this function's contract.
        unsafe { (self.entry)(args, count, first) };
    }
}
