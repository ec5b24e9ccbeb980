//! Vectors: what makes them of maps, maps of them, and takes them.

use super::super::attribute::number;
use super::super::error::Unsupported;
use super::super::writer::{LayerWriter, Operand};
use super::Site;
use super::activation::activation;
use crate::layers::Dense;
use crate::tensor::{Turn, VectorOrder};

/// `Flatten`. The elements come channel by channel; whoever takes them knows
/// ([`crate::ir::CheckedProgram::vector_orders`]).
pub(super) fn flatten(site: Site<'_>, w: &mut LayerWriter<'_, '_>) -> Result<String, Unsupported> {
    let x = site.x();
    if x.order.is_some() {
        return Ok(x.name.clone());
    }
    if x.is_open {
        return Err(Unsupported::OpenVector { layer: w.path() });
    }
    Ok(w.flattened(&x.name))
}

/// `Reshape`; where another order of the elements is seen, a `Gather` before it.
pub(super) fn reshape(site: Site<'_>, w: &mut LayerWriter<'_, '_>) -> Result<String, Unsupported> {
    let x = site.x();
    if x.is_open {
        return Err(Unsupported::OpenVector { layer: w.path() });
    }
    if site.order.is_some() {
        return flatten(site, w);
    }
    if x.shape == *site.output {
        return Ok(x.name.clone());
    }
    let (height, width, channels) = site.output.as_pixels();
    // where our elements are, and which of ours each of theirs is to be
    let here = order_of(x).places();
    let wanted = VectorOrder::flattened(height * width, channels).sources();
    let places: Vec<usize> = wanted.into_iter().map(|ours| here[ours]).collect();
    let is_moved = places.iter().enumerate().any(|(at, &place)| at != place);
    let mut vector = x.name.clone();
    if is_moved {
        vector = if x.order.is_some() { vector } else { w.flattened(&vector) };
        vector = w.gathered(&vector, &places);
    }
    let extents = [channels, height, width].map(number);
    let shape = w.ints("shape", std::iter::once(0).chain(extents).collect());
    Ok(w.node("Reshape", &[&vector, &shape], Vec::new()))
}

/// How an operand's elements lie when it is flattened.
fn order_of(x: &Operand) -> VectorOrder {
    let (height, width, channels) = x.shape.as_pixels();
    x.order.clone().unwrap_or_else(|| VectorOrder::flattened(height * width, channels))
}

/// `Gemm`, the kernel `[I, O]` with its inputs in the order in which they come.
pub(super) fn dense(dense: &Dense, site: Site<'_>, w: &mut LayerWriter<'_, '_>) -> String {
    let kernel = w.parameter("kernel", Turn::Rows(order_of(site.x())));
    let bias = w.parameter("bias", Turn::Same);
    let mut operands = vec![site.x().name.as_str()];
    operands.extend([&kernel, &bias].into_iter().flatten().map(String::as_str));
    let y = w.node("Gemm", &operands, Vec::new());
    activation(&y, dense.activation, w)
}
