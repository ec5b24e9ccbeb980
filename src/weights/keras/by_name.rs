//! Files of Keras 2, and `.h5` of Keras 3: a group for each layer, whose attribute `weight_names` lists its
//! variables in order.

use std::collections::HashMap;

use hdf5_reader::group::Group;

use super::{Found, bare};
use crate::weights::bounds;
use crate::weights::error::FileError;
use crate::weights::hdf5::{self, WANTED, unsound};

/// The group that has the layers; `None` in a file of the other kind.
pub(super) fn layers(root: &Group) -> Option<Group> {
    if hdf5::texts(root, "layer_names").is_some() {
        return Some(root.clone());
    }
    root.group("model_weights").ok().filter(|group| hdf5::texts(group, "layer_names").is_some())
}

/// What is in the file beside the layers.
pub(super) fn beside(root: &Group) -> Vec<String> {
    let names =
        hdf5::texts(root, "layer_names").map_or_else(|| root.member_names(), |_| Ok(Default::default()));
    let groups = names.map(|(groups, _)| groups).unwrap_or_default();
    groups.into_iter().filter(|name| name == "optimizer_weights").collect()
}

pub(super) fn read(layers: &Group) -> Result<Vec<Found>, FileError> {
    let names = hdf5::texts(layers, "layer_names").unwrap_or_default();
    bounds::count(names.len())?;
    let mut found = Vec::new();
    // the top level's own weights stand beside the layers'
    for group_name in names.iter().map(String::as_str).chain(["top_level_model_weights"]) {
        let Ok(group) = layers.group(group_name) else {
            if group_name == "top_level_model_weights" {
                continue;
            }
            return Err(FileError::format(
                WANTED,
                format!("the group of its layer `{group_name}` is missing"),
            ));
        };
        let weight_names = hdf5::texts(&group, "weight_names").unwrap_or_default();
        bounds::count(found.len() + weight_names.len())?;
        let mut counts: HashMap<String, usize> = HashMap::new();
        for weight_name in weight_names {
            let dataset = dataset(&group, &weight_name)?;
            let (within, variable) = weight_name.rsplit_once('/').unwrap_or(("", &weight_name));
            let layer = layer_of(group_name, within);
            let count = counts.entry(layer.clone()).or_default();
            let position = *count;
            *count += 1;
            found.push(Found {
                name: format!("{group_name}/{weight_name}"),
                layer,
                variable: bare(variable).to_owned(),
                position,
                class: None,
                dataset,
            });
        }
    }
    Ok(found)
}

/// The path of a layer, with points: of a layer in a model that is a layer itself, `base.conv`. What stands
/// around a layer's own name may be the whole model's, or the name once more.
fn layer_of(group: &str, within: &str) -> String {
    let parts: Vec<&str> = within.split('/').filter(|part| !part.is_empty()).collect();
    match parts.iter().position(|part| *part == group) {
        // `conv_a` with `net/conv_a/kernel`, `base` with `base/conv/kernel`
        Some(at) => parts[at..].join("."),
        None if parts.is_empty() => group.to_owned(),
        None => std::iter::once(group).chain(parts).collect::<Vec<_>>().join("."),
    }
}

/// The data set of a path within a group.
fn dataset(group: &Group, path: &str) -> Result<hdf5_reader::Dataset, FileError> {
    let missing = |error| {
        let why = unsound(error).reason();
        FileError::format(WANTED, format!("its tensor `{path}` is missing ({why})"))
    };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let [groups @ .., last] = &parts[..] else {
        return Err(FileError::format(WANTED, "a tensor of it has no name"));
    };
    if groups.len() > hdf5::DEEPEST {
        return Err(FileError::format(WANTED, format!("`{path}` lies too deep")));
    }
    let mut inner = group.clone();
    for name in groups {
        inner = inner.group(name).map_err(missing)?;
    }
    inner.dataset(last).map_err(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_found_in_what_stands_around_them() {
        assert_eq!(layer_of("block1_conv1", ""), "block1_conv1");
        assert_eq!(layer_of("conv_a", "conv_a"), "conv_a");
        assert_eq!(layer_of("conv_a", "net/conv_a"), "conv_a");
        assert_eq!(layer_of("base", "base/conv"), "base.conv");
        assert_eq!(layer_of("base", "conv"), "base.conv");
    }
}
