//! Which tensors of a weights file a network starts from: `vgg16(weights: "vgg16.h5", include_top: false)`.
//!
//! The file may hold more than is wanted of it, such as the layers that `include_top: false` leaves out.
//! Tensors are called as here, with or without the network's own name before them (`block1_conv1.kernel`,
//! `backbone.block1_conv1.kernel`); as in PyTorch (`block1_conv1.weight`); or, for a network of the zoo, as
//! in the implementation its published weights come from. Files of Keras know layers: there a variable is
//! also found by its place among those of its layer. Of several ways of naming that counts which finds the
//! most.

mod index;
mod order;
mod ways;

use std::collections::HashSet;

use super::layout::Place;
use super::listing::Listing;
use super::names::NameTable;
use crate::ir::{Backbone, Model, ScopeKind, Variable};
use crate::tensor::Shape;
use crate::vocabulary::Matching;
use index::Index;

/// What a file has for each variable of a network, and what of it is not used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// In the order of the variables.
    pub fits: Vec<Fit>,
    /// Tensors that nothing takes: indices into [`Listing::tensors`].
    pub unused: Vec<usize>,
}

/// What a file has for one variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// The variable.
    pub variable: Variable,
    /// What was found.
    pub found: Found,
}

/// What was found for a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The tensor of this index, and how it lies.
    Tensor(usize, Place),
    /// A tensor of that name, but of another shape.
    Reshaped {
        /// Its index.
        tensor: usize,
        /// The shape that it should have there.
        wanted: Shape,
    },
    /// Nothing.
    Missing {
        /// The name that was looked for.
        name: String,
        /// The shape that it should have there.
        wanted: Shape,
    },
}

impl Account {
    /// How many variables have a tensor.
    pub fn used(&self) -> usize {
        self.fits.iter().filter(|fit| fit.is_tensor()).count()
    }

    /// Whether each variable has one.
    pub fn is_complete(&self) -> bool {
        self.fits.iter().all(Fit::is_tensor)
    }

    fn of(listing: &Listing, fits: Vec<Fit>) -> Self {
        let met = fits.iter().filter_map(|fit| match fit.found {
            Found::Tensor(tensor, _) | Found::Reshaped { tensor, .. } => Some(tensor),
            Found::Missing { .. } => None,
        });
        let met: HashSet<usize> = met.collect();
        Self { fits, unused: (0..listing.tensors.len()).filter(|at| !met.contains(at)).collect() }
    }
}

impl Fit {
    /// Whether there is a tensor for it.
    pub fn is_tensor(&self) -> bool {
        matches!(self.found, Found::Tensor(..))
    }
}

/// Layers that are called in one way.
struct Part<'a> {
    /// What stands before the names of its layers: `backbone.`; empty for the model itself.
    prefix: String,
    /// The names of other implementations for a network of the zoo.
    tables: Vec<NameTable>,
    variables: Vec<&'a Variable>,
    /// A file of this part alone: names without the part's own come first.
    is_alone: bool,
}

/// What a file has for a model that is used as a layer, `scope` its path, and how it says `weights:`. Only
/// variables of that model are accounted for.
pub fn fit_backbone(listing: &Listing, scope: &str, backbone: &Backbone, variables: &[Variable]) -> Account {
    let prefix = format!("{scope}.");
    let own: Vec<&Variable> =
        variables.iter().filter(|variable| variable.layer.starts_with(&prefix)).collect();
    if backbone.matching() == Matching::Order {
        return Account::of(listing, order::fit(listing, &own));
    }
    let part =
        Part { prefix, tables: tables_of(&backbone.model, backbone.zoo), variables: own, is_alone: true };
    Account::of(listing, fit_part(listing, &Index::of(listing), &part))
}

/// What a file has for a whole model.
pub fn fit_model(listing: &Listing, model: &Model, variables: &[Variable], matching: Matching) -> Account {
    if matching == Matching::Order {
        return Account::of(listing, order::fit(listing, &variables.iter().collect::<Vec<_>>()));
    }
    let index = Index::of(listing);
    let mut parts = vec![Part {
        prefix: String::new(),
        tables: tables_of(&model.name.value, true),
        variables: Vec::new(),
        is_alone: true,
    }];
    for scope in &model.scopes {
        if let ScopeKind::Model(backbone) = &scope.kind {
            let prefix = format!("{}.", scope.path);
            // a model within another is a part of that
            if !parts.iter().skip(1).any(|part| prefix.starts_with(&part.prefix)) {
                let tables = tables_of(&backbone.model, backbone.zoo);
                parts.push(Part { prefix, tables, variables: Vec::new(), is_alone: false });
            }
        }
    }
    let mut places: Vec<(usize, usize)> = Vec::with_capacity(variables.len());
    for variable in variables {
        let inside = |part: &Part<'_>| !part.prefix.is_empty() && variable.layer.starts_with(&part.prefix);
        let at = parts.iter().position(inside).unwrap_or(0);
        places.push((at, parts[at].variables.len()));
        parts[at].variables.push(variable);
    }
    let mut fitted: Vec<Vec<Option<Fit>>> =
        parts.iter().map(|part| fit_part(listing, &index, part).into_iter().map(Some).collect()).collect();
    let fits = places.into_iter().filter_map(|(part, at)| fitted[part][at].take()).collect();
    Account::of(listing, fits)
}

/// The names of other implementations for a network of the zoo.
fn tables_of(model: &str, zoo: bool) -> Vec<NameTable> {
    let model = super::find(model).filter(|_| zoo);
    model.map(super::ZooModel::tables).unwrap_or_default()
}

fn fit_part(listing: &Listing, index: &Index<'_>, part: &Part<'_>) -> Vec<Fit> {
    let way = ways::best(listing, index, part);
    let fits = part.variables.iter().zip(way).map(|(variable, candidate)| {
        let found = match index.find(&candidate, variable) {
            Some(tensor) if candidate.place.takes(&listing.tensors[tensor].shape) => {
                Found::Tensor(tensor, candidate.place)
            }
            Some(tensor) => Found::Reshaped { tensor, wanted: candidate.place.shape },
            None => Found::Missing { name: candidate.name(), wanted: candidate.place.shape },
        };
        Fit { variable: (*variable).clone(), found }
    });
    fits.collect()
}

#[cfg(test)]
mod tests;
