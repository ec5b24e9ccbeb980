//! The three steps as kernels of their own, for the whole batch one after the other.
//!
//! Weights at the points are 16 or 36 matrices, up to four times as many bytes as the weights. Shard by
//! shard, every shard reads all of them. Here the squares of all images lie below each other, and a task
//! multiplies them by one point's matrix: each is read once. In exchange the squares go through memory
//! between the steps.

use cranelift::prelude::Value;

use super::chunks::{Chunk, Side};
use super::{Geometry, emit_results, emit_window};
use crate::desc::{ConvDesc, Square, WinogradStep, WinogradStepDesc};
use crate::kernel::Target;
use crate::kernel::bilinear::{Outlet, Products, plane};
use crate::kernel::builder::{KernelBuilder, Trips};
use crate::kernel::code::{BuildError, Effort, KernelFunction};
use crate::tensor::Element;

/// How the squares of a batch lie between the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Planes {
    /// Squares of an image.
    pub(crate) squares: usize,
    /// Elements from a point's matrix to the next, of inputs and of results.
    pub(crate) pitch: [usize; 2],
}

impl Planes {
    /// For a convolution of this many images.
    pub(crate) fn of(conv: &ConvDesc, square: Square, images: usize) -> Self {
        let squares = sides(conv, square).map(Side::squares).iter().product();
        let pitch =
            [conv.input.channels, conv.output.channels].map(|numbers| plane(images * squares, numbers));
        Self { squares, pitch }
    }
}

/// An image in squares.
fn sides(conv: &ConvDesc, square: Square) -> [Side; 2] {
    [&conv.window.y, &conv.window.x]
        .map(|axis| Side::of(if conv.grad_input { axis.input } else { axis.output }, square))
}

/// Writes the kernel of a step.
/// # Errors
/// [`BuildError`] where the description contradicts itself or the machine is unknown.
pub(in crate::kernel) fn build(
    desc: &WinogradStepDesc,
    target: &Target,
) -> Result<KernelFunction, BuildError> {
    let WinogradStepDesc { conv, square, images, step } = *desc;
    let start = Geometry::of(&conv)?.start;
    let planes = Planes::of(&conv, square, images);
    let squares = |k: &KernelBuilder<'_>, first: Value| Chunk {
        image: first,
        images: Trips::Runtime(k.count()),
        row: first,
        column: first,
        sides: sides(&conv, square),
    };
    KernelBuilder::build(Effort::Speed, |k| {
        let zero = k.index(0);
        match step {
            WinogradStep::Inputs => {
                let (input, points) = (k.arg(0), k.arg(1));
                let image = k.at_offset(Element::F32, input, start);
                squares(k, zero).for_squares(k, square, |k, at| {
                    emit_window(k, &conv.input, square, planes.pitch[0], at, [image, points]);
                });
            }
            WinogradStep::Products { images } => {
                let channels = [conv.input.channels, conv.output.channels];
                let products = Products::dense(
                    square.area(),
                    channels,
                    (images * planes.squares, planes.pitch),
                    target.simd,
                );
                let (matrices, points) = ([k.arg(0), k.arg(1), k.arg(2)], k.count());
                products.emit(k, target, matrices, points);
            }
            WinogradStep::Results => {
                let points = k.arg(0);
                let (outlet, _) = Outlet::load(k, &conv, 1);
                squares(k, zero).for_squares(k, square, |k, at| {
                    emit_results(k, &conv, square, planes.pitch[1], (points, &outlet), at);
                });
            }
        }
        Ok(())
    })
}
