//! Ways of naming: what the variables of a network may be called in a file.

use super::Part;
use super::index::Index;
use crate::ir::Variable;
use crate::layers::Layer;
use crate::zoo::layout::Place;
use crate::zoo::listing::Listing;
use crate::zoo::names::{Layout, torch_variable};

/// Where a variable may be.
pub(super) struct Candidate {
    /// What its layer may be called.
    pub(super) layers: Vec<String>,
    pub(super) variable: String,
    pub(super) place: Place,
}

impl Candidate {
    /// Its name, as people are told it.
    pub(super) fn name(&self) -> String {
        match self.layers.first().filter(|layer| !layer.is_empty()) {
            Some(layer) => format!("{layer}.{}", self.variable),
            None => self.variable.clone(),
        }
    }
}

/// The way that finds the most tensors, one candidate for each variable of the part.
pub(super) fn best(listing: &Listing, index: &Index<'_>, part: &Part<'_>) -> Vec<Candidate> {
    let prefixes = common_prefixes(listing);
    let mut ways: Vec<Vec<Candidate>> = Vec::new();
    for prefix in &prefixes {
        for scope in part.scopes() {
            let own = listing.layout.unwrap_or(Layout::Keras);
            ways.push(part.way(|variable| {
                let layer = format!("{prefix}{scope}{}", part.inner(variable));
                let layers =
                    std::iter::once(layer.clone()).chain(keras_layer(listing, &layer, variable.kind));
                let place = Place::of(variable, own);
                Some(Candidate { layers: layers.collect(), variable: variable.name.to_owned(), place })
            }));
            if listing.layout != Some(Layout::Keras) {
                ways.push(part.way(|variable| {
                    let place = Place::of(variable, Layout::Torch);
                    let layers = vec![format!("{prefix}{scope}{}", part.inner(variable))];
                    Some(Candidate { layers, variable: torch_variable(variable.name).to_owned(), place })
                }));
            }
        }
        for table in &part.tables {
            // the table tells how the reference's own files lie; another program may have written this one
            ways.push(part.way(|variable| {
                let (theirs, name, place) = table.place(part.inner(variable), variable)?;
                let place = match listing.layout {
                    Some(layout) if layout != table.layout() => Place::of(variable, layout),
                    _ => place,
                };
                Some(Candidate { layers: vec![format!("{prefix}{theirs}")], variable: name, place })
            }));
        }
    }
    let found = |way: &Vec<Candidate>| {
        let pairs = way.iter().zip(&part.variables);
        pairs.filter(|(candidate, variable)| index.find(candidate, variable).is_some()).count()
    };
    // among equals the first: of a file that has none of the names, our own are said to be missing
    let whole = ways.into_iter().filter(|way| way.len() == part.variables.len());
    whole.rev().max_by_key(found).unwrap_or_default()
}

impl Part<'_> {
    /// A variable's layer without the name of the part.
    fn inner<'v>(&self, variable: &'v Variable) -> &'v str {
        variable.layer.strip_prefix(&self.prefix).unwrap_or(&variable.layer)
    }

    /// What stands before the names of layers, the likelier first.
    fn scopes(&self) -> Vec<&str> {
        match (self.prefix.as_str(), self.is_alone) {
            ("", _) => vec![""],
            (prefix, true) => vec!["", prefix],
            (prefix, false) => vec![prefix, ""],
        }
    }

    /// Nothing where one of the variables has no name in this way.
    fn way(&self, name: impl Fn(&Variable) -> Option<Candidate>) -> Vec<Candidate> {
        self.variables.iter().map(|variable| name(variable)).collect::<Option<_>>().unwrap_or_default()
    }
}

/// What all names of a file begin with, as `module.` of PyTorch's `DataParallel`, and one more part where
/// that is common too; nothing comes first.
fn common_prefixes(listing: &Listing) -> Vec<String> {
    let mut prefixes = vec![String::new()];
    for _ in 0..2 {
        let longest = prefixes.last().cloned().unwrap_or_default();
        let mut parts = listing.tensors.iter().map(|tensor| {
            let rest = tensor.layer.strip_prefix(&longest)?;
            rest.split_once('.').map(|(part, _)| part)
        });
        let Some(Some(first)) = parts.next() else { break };
        if !parts.all(|part| part == Some(first)) {
            break;
        }
        prefixes.push(format!("{longest}{first}."));
    }
    prefixes
}

/// What Keras calls a layer that has its name from its kind: `batch_normalization_2` for `batch_norm_2`.
fn keras_layer(listing: &Listing, layer: &str, kind: &str) -> Option<String> {
    if listing.layout != Some(Layout::Keras) {
        return None;
    }
    let (before, own) = layer.rsplit_once('.').map_or(("", layer), |(before, own)| (before, own));
    let count = own.strip_prefix(kind)?;
    let is_count = |text: &str| {
        text.strip_prefix('_').is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
    };
    if !count.is_empty() && !is_count(count) {
        return None;
    }
    let own = format!("{}{count}", class_of(kind)?);
    Some(if before.is_empty() { own } else { format!("{before}.{own}") })
}

/// What Keras calls the layers of a kind that have no name: `batch_normalization` for `batch_norm`.
pub(super) fn class_of(kind: &str) -> Option<String> {
    let class = Layer::kind(kind)?.keras;
    let mut snake = String::new();
    let mut before = None;
    for (at, letter) in class.char_indices() {
        let next_is_small = class[at + letter.len_utf8()..].starts_with(|c: char| c.is_ascii_lowercase());
        let begins = letter.is_ascii_uppercase()
            && before.is_some_and(|before: char| {
                before.is_ascii_lowercase() || (before.is_ascii_uppercase() && next_is_small)
            });
        if begins {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
        before = Some(letter);
    }
    (!snake.is_empty()).then_some(snake)
}
