//! Tensors matched by their order alone, where the user says so: names do not count.

use super::{Fit, Found};
use crate::ir::Variable;
use crate::zoo::layout::Place;
use crate::zoo::listing::Listing;
use crate::zoo::names::Layout;

use super::ways::class_of;

/// The first tensor for the first variable, and so on. In a file whose order is not that of the layers, the
/// first layer of a class for the first of that kind.
pub(super) fn fit(listing: &Listing, variables: &[&Variable]) -> Vec<Fit> {
    let pairs = if listing.is_ordered { in_file(listing, variables) } else { in_class(listing, variables) };
    let layouts: &[Layout] = match &listing.layout {
        Some(layout) => std::slice::from_ref(layout),
        None => &[Layout::Keras, Layout::Torch],
    };
    let by_layout = layouts.iter().map(|&layout| {
        let fits = variables.iter().zip(&pairs);
        fits.map(|(variable, tensor)| one(listing, variable, *tensor, layout)).collect::<Vec<_>>()
    });
    // among equals the first
    by_layout.rev().max_by_key(|fits| fits.iter().filter(|fit| fit.is_tensor()).count()).unwrap_or_default()
}

fn one(listing: &Listing, variable: &Variable, tensor: Option<usize>, layout: Layout) -> Fit {
    let place = Place::of(variable, layout);
    let found = match tensor {
        Some(tensor) if place.takes(&listing.tensors[tensor].shape) => Found::Tensor(tensor, place),
        Some(tensor) => Found::Reshaped { tensor, wanted: place.shape },
        None => Found::Missing { name: variable.full_name(), wanted: place.shape },
    };
    Fit { variable: variable.clone(), found }
}

fn in_file(listing: &Listing, variables: &[&Variable]) -> Vec<Option<usize>> {
    (0..variables.len()).map(|at| (at < listing.tensors.len()).then_some(at)).collect()
}

fn in_class(listing: &Listing, variables: &[&Variable]) -> Vec<Option<usize>> {
    let mut taken = vec![false; listing.tensors.len()];
    variables
        .iter()
        .map(|variable| {
            let class = class_of(variable.kind)?;
            let fits = |at: &usize| !taken[*at] && listing.tensors[*at].class.as_ref() == Some(&class);
            let at = (0..taken.len()).find(fits)?;
            taken[at] = true;
            Some(at)
        })
        .collect()
}
