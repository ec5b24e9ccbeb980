//! Writes kernels as Cranelift IR. Only this room touches blocks, byte offsets and memory flags.

mod arith;
mod flow;
mod memory;

use cranelift::codegen::ir::{self, types};
use cranelift::prelude::{AbiParam, FunctionBuilder, FunctionBuilderContext, InstBuilder, Value};

use super::code::{BuildError, Effort, KernelFunction, MICRO_NAMESPACE};
use super::host::Host;
use super::micro::{Micro, StripDesc, StripRun, TileDesc};

pub(crate) use arith::{Lanes, Reduction};
pub(crate) use flow::Trips;

/// Writes one kernel.
///
/// Addresses are 64-bit integers, indices and offsets count elements. Loads and stores are trusted: they are
/// marked as never trapping, because a kernel runs only with arguments that a verified plan gave it. They are
/// not marked as aligned: channels slices and tails start anywhere. Values are f32 or four of them
/// ([`Lanes`]); operations follow their operands.
pub(crate) struct KernelBuilder<'f> {
    fb: FunctionBuilder<'f>,
    args: Value,
    count: Value,
    first: Value,
    fma: bool,
    micros: Vec<Micro>,
}

impl<'f> KernelBuilder<'f> {
    /// Writes a kernel with the signature of [`crate::desc`]; `body` writes what it does.
    /// # Errors
    /// [`BuildError`] of the machine or of `body`.
    pub(crate) fn build(
        effort: Effort,
        body: impl FnOnce(&mut KernelBuilder<'_>) -> Result<(), BuildError>,
    ) -> Result<KernelFunction, BuildError> {
        let host = Host::get()?;
        let mut signature = ir::Signature::new(host.call_conv());
        signature.params = vec![AbiParam::new(types::I64); 3];
        let mut func = ir::Function::with_name_signature(ir::UserFuncName::user(0, 0), signature);
        let mut context = FunctionBuilderContext::new();
        let mut fb = FunctionBuilder::new(&mut func, &mut context);
        let entry = fb.create_block();
        fb.append_block_params_for_function_params(entry);
        fb.switch_to_block(entry);
        let [args, count, first] = fb.block_params(entry)[..] else {
            unreachable!("three parameters were declared")
        };
        let mut kernel = KernelBuilder { fb, args, count, first, fma: host.has_fma(), micros: Vec::new() };
        body(&mut kernel)?;
        kernel.fb.ins().return_(&[]);
        kernel.fb.seal_all_blocks();
        let micros = kernel.micros;
        kernel.fb.finalize(host.frontend_config());
        Ok(KernelFunction { func, micros, effort })
    }

    /// Writes a micro-kernel: a function of `parameters` 64-bit integers, which `body` is given.
    /// # Errors
    /// [`BuildError::Host`] where the machine is unknown.
    pub(crate) fn build_tile(
        parameters: usize,
        body: impl FnOnce(&mut KernelBuilder<'_>, &[Value]),
    ) -> Result<ir::Function, BuildError> {
        let host = Host::get()?;
        let mut signature = ir::Signature::new(host.call_conv());
        signature.params = vec![AbiParam::new(types::I64); parameters];
        let mut func =
            ir::Function::with_name_signature(ir::UserFuncName::user(MICRO_NAMESPACE, 0), signature);
        let mut context = FunctionBuilderContext::new();
        let mut fb = FunctionBuilder::new(&mut func, &mut context);
        let entry = fb.create_block();
        fb.append_block_params_for_function_params(entry);
        fb.switch_to_block(entry);
        let arguments = fb.block_params(entry).to_vec();
        let none = fb.ins().iconst(types::I64, 0);
        let mut tile = KernelBuilder {
            fb,
            args: none,
            count: none,
            first: none,
            fma: host.has_fma(),
            micros: Vec::new(),
        };
        body(&mut tile, &arguments);
        tile.fb.ins().return_(&[]);
        tile.fb.seal_all_blocks();
        tile.fb.finalize(host.frontend_config());
        Ok(func)
    }

    /// Number of images (or elements) of the call.
    pub(crate) fn count(&self) -> Value {
        self.count
    }

    /// Index of the first image (or element) within the batch.
    pub(crate) fn first(&self) -> Value {
        self.first
    }

    /// Pointer of an argument. Asked for before any loop, so that it is loaded once.
    pub(crate) fn arg(&mut self, index: usize) -> Value {
        self.load_pointer(self.args, index)
    }

    /// Calls a tile with pointers and integers.
    pub(crate) fn call_tile(&mut self, tile: &TileDesc, args: &[Value]) {
        self.call_micro(Micro::Tile(tile.clone()), args);
    }

    /// Calls a strip over a run of a known length with its pointers.
    pub(crate) fn call_strip(&mut self, strip: &StripDesc, pointers: &[Value]) {
        debug_assert!(matches!(strip.run, StripRun::Elements(_)));
        debug_assert_eq!(strip.element_bytes.len(), pointers.len());
        self.call_micro(Micro::Strip(strip.clone()), pointers);
    }

    /// Calls a strip with its pointers and the length of its run.
    pub(crate) fn call_strip_along(&mut self, strip: &StripDesc, pointers: &[Value], length: Value) {
        debug_assert!(!matches!(strip.run, StripRun::Elements(_)));
        debug_assert_eq!(strip.element_bytes.len(), pointers.len());
        let args: Vec<Value> = pointers.iter().copied().chain([length]).collect();
        self.call_micro(Micro::Strip(strip.clone()), &args);
    }

    fn call_micro(&mut self, micro: Micro, args: &[Value]) {
        let place = self.micros.iter().position(|known| *known == micro).unwrap_or_else(|| {
            self.micros.push(micro);
            self.micros.len() - 1
        });
        let index = u32::try_from(place).expect("a kernel has few micro-kernels");
        let name = ir::UserExternalName { namespace: MICRO_NAMESPACE, index };
        let mut signature = ir::Signature::new(self.fb.func.signature.call_conv);
        signature.params = vec![AbiParam::new(types::I64); args.len()];
        let signature = self.fb.import_signature(signature);
        let name = self.fb.func.declare_imported_user_function(name);
        let data = ir::ExtFuncData {
            name: ir::ExternalName::user(name),
            signature,
            colocated: true,
            patchable: false,
        };
        let function = self.fb.import_function(data);
        self.fb.ins().call(function, args);
    }
}
