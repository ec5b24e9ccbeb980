//! From the products of a block to the pixels.

use cranelift::prelude::Value;

use super::Weighted;
use super::pairs::{Pair, Pairs};
use crate::desc::ConvDesc;
use crate::kernel::Simd;
use crate::kernel::bilinear::{Outlet, Products, finish};
use crate::kernel::builder::KernelBuilder;
use crate::kernel::micro::{MemoryOperand, StripBuilder, StripDesc, StripRun};
use crate::tensor::Element;

/// Writes a row of pairs from the products at `from`: a block of each half of the output channels.
pub(super) fn emit(
    k: &mut KernelBuilder<'_>,
    conv: &ConvDesc,
    (pairs, products, simd): (&Pairs, &Products, Simd),
    from: Value,
    outlet: &Outlet,
) {
    let shape = Shape { pixels: pairs.first.pixels(), plane: products.planes[1] };
    let width = products.outputs.channels;
    let pointers = |k: &mut KernelBuilder<'_>, pair: &Pair| {
        let row = k.index_scale(pair.number, products.pitch[1]);
        let mut pointers = vec![k.at(Element::F32, from, row), outlet.bias];
        pointers.extend(pair.addresses(k, Element::F32, outlet.output, &conv.output, [1; 2]));
        if let Some(layout) = &conv.epilogue.residual {
            let first = k.at_offset(Element::F32, outlet.beside, layout.origin);
            pointers.extend(pair.addresses(k, Element::F32, first, layout, [1; 2]));
        }
        pointers
    };
    match simd {
        Simd::Portable | Simd::Neon => pairs.for_each(k, |k, pair| {
            let pointers = pointers(k, pair);
            k.call_strip(&shape.strip(conv, [0], StripRun::Elements(width)), &pointers);
        }),
        // a block is two vectors: from pair to pair, not along the channels
        Simd::Avx2 | Simd::Avx512 => {
            let (pointers, columns) = (pointers(k, &pairs.first), k.index(pairs.columns));
            let (lanes, moves) = (simd.lanes(), shape.moves(conv, products.pitch[1]));
            let whole = (0..width / lanes).map(|vector| vector * lanes);
            if whole.len() > 0 {
                let run = StripRun::Turns { moves: moves.clone(), lanes };
                k.call_strip_along(&shape.strip(conv, whole, run), &pointers, columns);
            }
            if !width.is_multiple_of(lanes) {
                let run = StripRun::Turns { moves, lanes: width % lanes };
                k.call_strip_along(&shape.strip(conv, [width / lanes * lanes], run), &pointers, columns);
            }
        }
    }
}

/// What a pair's strip depends on besides the convolution.
#[derive(Debug, Clone, Copy)]
struct Shape {
    /// Two, or one.
    pixels: usize,
    /// Elements from a product to the next.
    plane: usize,
}

impl Shape {
    /// Bytes by which the pointers of [`Self::strip`] move from a pair to the next.
    fn moves(self, conv: &ConvDesc, products_pitch: usize) -> Vec<isize> {
        let residual = conv.epilogue.residual.map(|layout| layout.pixel_pitch);
        let pixels = [Some(conv.output.pixel_pitch), residual].into_iter().flatten();
        let pixels = pixels.flat_map(|pitch| std::iter::repeat_n(pitch, self.pixels));
        let bytes = |elements: usize| (elements * Element::F32.size_bytes()).cast_signed();
        [products_pitch, 0].into_iter().chain(pixels).map(bytes).collect()
    }

    /// A pair's results, for vectors of each half that begin at these channels. Pointers: products, bias,
    /// then the pixels' results, then their residuals.
    fn strip(self, conv: &ConvDesc, starts: impl IntoIterator<Item = usize>, run: StripRun) -> StripDesc {
        let half = conv.output.channels / 2;
        let mut b = StripBuilder::default();
        for start in starts {
            // M₂ and M₄ are made of the second pixel alone
            let mut load = |product: usize| {
                let is_there = self.pixels == 2 || !matches!(product, 2 | 4);
                is_there.then(|| {
                    b.load(MemoryOperand::new(0, ((product - 1) * self.plane + start).cast_signed()))
                })
            };
            let [m3, m5, m4, m1, m7, m2, m6] = [3, 5, 4, 1, 7, 2, 6].map(&mut load);
            // the later ones need those of the earlier that are still in registers
            let results: [(usize, usize, &[Weighted]); 4] = [
                (0, half, &[(1.0, m3), (1.0, m5)]),
                (0, 0, &[(1.0, m1), (1.0, m4), (-1.0, m5), (1.0, m7)]),
                (1, 0, &[(1.0, m2), (1.0, m4)]),
                (1, half, &[(1.0, m1), (-1.0, m2), (1.0, m3), (1.0, m6)]),
            ];
            for (pixel, at, terms) in results.into_iter().filter(|(pixel, ..)| *pixel < self.pixels) {
                let value = b.combine(terms);
                let place = |pointer: usize| MemoryOperand::new(pointer as u8, (at + start).cast_signed());
                finish(&mut b, conv, value, [place(1), place(2 + self.pixels + pixel), place(2 + pixel)]);
            }
        }
        let pointers = 2 + self.pixels * if conv.epilogue.residual.is_some() { 2 } else { 1 };
        b.finish_run(&vec![4; pointers], run, &[])
    }
}
