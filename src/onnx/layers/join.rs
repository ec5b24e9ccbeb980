//! Several values as one.

use super::super::attribute::int;
use super::super::writer::{LayerWriter, Operand};
use super::Site;
use crate::layers::Join;

/// `Add`, `Sub`, `Mul`, `Mean`, `Max` or `Concat`.
pub(super) fn join(join: Join, site: Site<'_>, w: &mut LayerWriter<'_, '_>) -> String {
    // elements that belong together must lie in the same order, which is ours where operands differ
    let is_ours = site.order.is_some_and(|order| order.is_own());
    let of_maps = site.order.is_none();
    let names: Vec<String> = site
        .inputs
        .iter()
        .map(|operand| {
            if join == Join::Multiply && of_maps && operand.order.is_some() {
                // one number for each channel of a map, which all pixels share
                gate(operand, w)
            } else if is_ours && join != Join::Concat {
                w.in_own_order(operand)
            } else {
                operand.name.clone()
            }
        })
        .collect();
    let operands: Vec<&str> = names.iter().map(String::as_str).collect();
    match join {
        Join::Add => one_by_one("Add", &operands, w),
        Join::Subtract => one_by_one("Sub", &operands, w),
        Join::Multiply => one_by_one("Mul", &operands, w),
        Join::Average => w.node("Mean", &operands, Vec::new()),
        Join::Maximum => w.node("Max", &operands, Vec::new()),
        Join::Concat => w.node("Concat", &operands, vec![int("axis", 1)]),
    }
}

/// A vector as a map of one pixel.
fn gate(vector: &Operand, w: &mut LayerWriter<'_, '_>) -> String {
    let own = w.in_own_order(vector);
    let axes = w.ints("axes", vec![2, 3]);
    w.node("Unsqueeze", &[&own, &axes], Vec::new())
}

fn one_by_one(op: &str, operands: &[&str], w: &mut LayerWriter<'_, '_>) -> String {
    let Some((first, rest)) = operands.split_first() else { return String::new() };
    rest.iter().fold((*first).to_owned(), |joined, next| w.node(op, &[&joined, next], Vec::new()))
}
