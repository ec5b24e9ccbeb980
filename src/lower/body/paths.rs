//! Layers whose names are written as paths, `stage.0.conv2d = …`, stand in scopes as if these had been
//! written out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::ir::{LayerNode, Scope, ScopeKind};

/// Adds the scopes that only names of layers tell of.
pub(super) fn add_scopes(layers: &[LayerNode], scopes: &mut Vec<Scope>) {
    let known: BTreeSet<&str> = scopes.iter().map(|scope| scope.path.as_str()).collect();
    // a repeat with a name is no scope, its turns are
    let repeats: BTreeSet<&str> =
        known.iter().filter_map(|path| path.rsplit_once('.').map(|(outer, _)| outer)).collect();
    let mut found: BTreeMap<&str, std::ops::Range<usize>> = BTreeMap::new();
    for (at, node) in layers.iter().enumerate() {
        for (end, _) in node.path.match_indices('.') {
            let path = &node.path[..end];
            if known.contains(path) || repeats.contains(path) {
                continue;
            }
            found.entry(path).and_modify(|range| range.end = at + 1).or_insert(at..at + 1);
        }
    }
    let new: Vec<Scope> = found
        .into_iter()
        .filter(|(path, range)| {
            let inside =
                |node: &LayerNode| node.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
            layers[range.clone()].iter().all(inside)
        })
        .map(|(path, range)| {
            let name = path.rsplit('.').next().unwrap_or(path);
            let span = layers[range.start].span;
            Scope { path: path.to_owned(), kind: ScopeKind::Block(name.to_owned()), layers: range, span }
        })
        .collect();
    if !new.is_empty() {
        scopes.extend(new);
        // an outer one stands before those in it
        scopes.sort_by_key(|scope| (scope.layers.start, Reverse(scope.layers.end), scope.path.len()));
    }
}
