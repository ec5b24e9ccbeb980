//! Tensors of a file, found by the layers they belong to.

use std::collections::HashMap;

use crate::weights::Archive;

/// The tensors of a file by the paths of their layers.
pub(super) struct Tensors {
    of_layer: HashMap<String, Vec<usize>>,
    /// By the outermost and the innermost name alone: Keras 2 leaves out what stands between.
    short: HashMap<(String, String), Option<String>>,
}

impl Tensors {
    pub(super) fn new(archive: &Archive) -> Self {
        let mut of_layer: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        for (at, tensor) in archive.listing.tensors.iter().enumerate() {
            of_layer.entry(tensor.layer.clone()).or_default().push((tensor.position.unwrap_or(at), at));
        }
        let mut short: HashMap<(String, String), Option<String>> = HashMap::new();
        let mut known = std::collections::HashSet::new();
        for path in archive.listing.tensors.iter().map(|tensor| &tensor.layer) {
            if !known.insert(path) {
                continue;
            }
            // of two with the same ends none is meant
            short.entry(ends(path)).and_modify(|known| *known = None).or_insert_with(|| Some(path.clone()));
        }
        let sorted = |mut all: Vec<(usize, usize)>| {
            all.sort_unstable();
            all.into_iter().map(|(_, at)| at).collect()
        };
        Self { of_layer: of_layer.into_iter().map(|(path, all)| (path, sorted(all))).collect(), short }
    }

    /// A layer's tensor, by its place in the order of Keras's `weights`.
    pub(super) fn find(&self, path: &str, position: usize) -> Option<usize> {
        let own =
            self.of_layer.get(path).or_else(|| self.of_layer.get(self.short.get(&ends(path))?.as_ref()?));
        own?.get(position).copied()
    }
}

fn ends(path: &str) -> (String, String) {
    let first = path.split('.').next().unwrap_or(path);
    let last = path.rsplit('.').next().unwrap_or(path);
    (first.to_owned(), last.to_owned())
}
