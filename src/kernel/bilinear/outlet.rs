//! The last step: bias, residual, activation, and where results go.

use cranelift::prelude::Value;

use crate::desc::ConvDesc;
use crate::kernel::builder::KernelBuilder;
use crate::kernel::micro::{MemoryOperand, StripBuilder, StripValue};
use crate::tensor::{Element, Layout};

/// Where results go, and what they are finished with.
pub(in crate::kernel) struct Outlet {
    pub(in crate::kernel) bias: Value,
    pub(in crate::kernel) output: Value,
    /// The pool's winners or the residual.
    pub(in crate::kernel) beside: Value,
}

impl Outlet {
    /// From the kernel's arguments bias, residual (both where there is one), output, winners (where asked),
    /// the first of which is `first`. Returns the number of the argument behind them too.
    pub(in crate::kernel) fn load(k: &mut KernelBuilder<'_>, conv: &ConvDesc, first: usize) -> (Self, usize) {
        let mut next = first;
        let mut take = |k: &mut KernelBuilder<'_>, is_there: bool| {
            next += usize::from(is_there);
            is_there.then(|| k.arg(next - 1))
        };
        let bias = take(k, conv.epilogue.bias);
        let residual = take(k, conv.epilogue.residual.is_some());
        let start = take(k, true).expect("there is always an output");
        let winners = take(k, winners(conv).is_some());
        let output = k.at_offset(Element::F32, start, conv.output.origin);
        (Self { bias: bias.unwrap_or(output), output, beside: winners.or(residual).unwrap_or(output) }, next)
    }

    /// From an output channel on; without winners.
    pub(in crate::kernel) fn at_channel(&self, k: &mut KernelBuilder<'_>, channel: Value) -> Self {
        let [bias, output, beside] =
            [self.bias, self.output, self.beside].map(|pointer| k.at(Element::F32, pointer, channel));
        Self { bias, output, beside }
    }
}

/// How the winners of a convolution's pool lie, where they are wanted.
pub(in crate::kernel) fn winners(conv: &ConvDesc) -> Option<Layout> {
    conv.epilogue.pool.and_then(|pool| pool.winners)
}

/// Bias, residual, activation, store; each but the activation at its place.
pub(in crate::kernel) fn finish(
    b: &mut StripBuilder,
    conv: &ConvDesc,
    value: Option<StripValue>,
    [bias, residual, result]: [MemoryOperand; 3],
) {
    let mut value = value;
    if conv.epilogue.bias {
        let bias = Some(b.load_once(bias));
        value = b.combine(&[(1.0, value), (1.0, bias)]);
    }
    if conv.epilogue.residual.is_some() {
        let residual = Some(b.load(residual));
        value = b.combine(&[(1.0, value), (1.0, residual)]);
    }
    if let (Some(x), Some(activation)) = (value, conv.epilogue.activation) {
        value = Some(b.activate(x, activation));
    }
    b.store(value, result);
}
