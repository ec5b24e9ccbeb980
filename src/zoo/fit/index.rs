//! Tensors of a file by the layers that they belong to.

use std::collections::HashMap;

use super::ways::Candidate;
use crate::ir::Variable;
use crate::zoo::listing::Listing;
use crate::zoo::names::Layout;

/// Tensors by layer.
pub(super) struct Index<'l> {
    listing: &'l Listing,
    /// Tensors of each layer, in the order of the file.
    layers: HashMap<&'l str, Vec<usize>>,
    /// Layers by the last part of their path.
    by_end: HashMap<&'l str, Vec<&'l str>>,
}

/// Variables of Keras's layers that are known by their names: their places do not count.
const KNOWN: [&str; 9] = [
    "kernel",
    "bias",
    "gamma",
    "beta",
    "moving_mean",
    "moving_variance",
    "depthwise_kernel",
    "pointwise_kernel",
    "alpha",
];

impl<'l> Index<'l> {
    pub(super) fn of(listing: &'l Listing) -> Self {
        let mut layers: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut by_end: HashMap<&str, Vec<&str>> = HashMap::new();
        for (at, tensor) in listing.tensors.iter().enumerate() {
            let of_layer = layers.entry(&tensor.layer).or_default();
            if of_layer.is_empty() {
                by_end.entry(end_of(&tensor.layer)).or_default().push(&tensor.layer);
            }
            of_layer.push(at);
        }
        Self { listing, layers, by_end }
    }

    /// The tensor that a candidate names.
    pub(super) fn find(&self, candidate: &Candidate, variable: &Variable) -> Option<usize> {
        candidate.layers.iter().find_map(|layer| {
            let tensors = self.layer(layer)?;
            let variable_of = |at: &usize| self.listing.tensors[*at].variable.as_str();
            let by_name = tensors.iter().find(|at| candidate.variable == variable_of(at));
            let by_place = || {
                let placed = |at: &&usize| self.listing.tensors[**at].position == Some(variable.position);
                tensors.iter().find(placed).filter(|at| !KNOWN.contains(&variable_of(at)))
            };
            by_name.or_else(by_place).copied()
        })
    }

    /// The tensors of a layer. Files of Keras put what a layer is in before its name; it is found without
    /// where it is the only one of that name.
    fn layer(&self, layer: &str) -> Option<&[usize]> {
        if let Some(tensors) = self.layers.get(layer) {
            return Some(tensors);
        }
        if self.listing.layout != Some(Layout::Keras) {
            return None;
        }
        let within = |full: &&&str| full.strip_suffix(layer).is_some_and(|before| before.ends_with('.'));
        let mut found = self.by_end.get(end_of(layer))?.iter().filter(within);
        let only = found.next().filter(|_| found.next().is_none())?;
        self.layers.get(only).map(Vec::as_slice)
    }
}

fn end_of(layer: &str) -> &str {
    layer.rsplit('.').next().unwrap_or(layer)
}
