//! Files of Keras 3: layers by class and count, each with its variables as `vars/0`, `vars/1`, …

use std::collections::{HashMap, HashSet};

use hdf5_reader::group::Group;
use serde_json::Value;

use super::Found;
use crate::weights::bounds;
use crate::weights::error::FileError;
use crate::weights::hdf5::{self, WANTED, unsound};

/// What is not the model's.
const BESIDE: [&str; 2] = ["optimizer", "optimizer_weights"];

pub(super) fn read(root: &Group) -> Result<(Vec<Found>, Vec<String>), FileError> {
    let mut walk = Walk { found: Vec::new(), beside: Vec::new(), groups: 0 };
    walk.group(root, &Place::default(), &mut Vec::new())?;
    Ok((walk.found, walk.beside))
}

/// Where a group is.
#[derive(Clone, Default)]
struct Place {
    /// Names of the file, with strokes.
    path: String,
    /// Names of the layers around, with points.
    layers: String,
    /// Class and count of the layer: `conv2d_1`.
    class: String,
}

struct Walk {
    found: Vec<Found>,
    beside: Vec<String>,
    groups: usize,
}

impl Walk {
    /// All below a group. `around` are the addresses of the groups that it lies in.
    fn group(&mut self, group: &Group, place: &Place, around: &mut Vec<u64>) -> Result<(), FileError> {
        let address = group.address();
        if around.len() >= hdf5::DEEPEST || around.contains(&address) {
            return Err(FileError::format(WANTED, format!("its group `{}` lies in itself", place.path)));
        }
        self.groups += 1;
        bounds::count(self.groups)?;
        let mut groups = group.groups().map_err(unsound)?;
        // `layers/conv2d_10` follows `layers/conv2d_9`
        groups.sort_by_cached_key(|group| natural(group.name()));
        let own = groups.iter().find(|group| group.name() == "vars");
        let name = own.and_then(|own| hdf5::text(own, "name"));
        let layers = match (name.as_deref().unwrap_or(last(&place.class)), place.layers.as_str()) {
            // the model itself, and what is no layer but a list of them
            (_, around) if place.class.is_empty() => around.to_owned(),
            (own, "") => own.to_owned(),
            (own, around) => format!("{around}.{own}"),
        };
        if let Some(own) = own {
            self.variables(own, &Place { layers: layers.clone(), ..place.clone() })?;
        }
        around.push(address);
        for inner in groups.iter().filter(|inner| inner.name() != "vars") {
            let path = join(&place.path, inner.name(), '/');
            if around.len() == 1 && BESIDE.contains(&inner.name()) {
                self.beside.push(path);
                continue;
            }
            let is_list = matches!(inner.name(), "layers" | "_layer_checkpoint_dependencies");
            let class = if is_list { String::new() } else { inner.name().to_owned() };
            self.group(inner, &Place { path, layers: layers.clone(), class }, around)?;
        }
        around.pop();
        Ok(())
    }

    fn variables(&mut self, group: &Group, place: &Place) -> Result<(), FileError> {
        let mut datasets = group.datasets().map_err(unsound)?;
        datasets.sort_by_cached_key(|dataset| natural(dataset.name()));
        bounds::count(self.found.len() + datasets.len())?;
        let class = place.class.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
        for (position, dataset) in datasets.into_iter().enumerate() {
            self.found.push(Found {
                name: format!("{}/vars/{}", place.path, dataset.name()),
                layer: place.layers.clone(),
                variable: dataset.name().to_owned(),
                position,
                class: Some(class.to_owned()),
                dataset,
            });
        }
        Ok(())
    }
}

fn join(before: &str, name: &str, between: char) -> String {
    if before.is_empty() { name.to_owned() } else { format!("{before}{between}{name}") }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// By letters, then by the number at the end.
fn natural(name: &str) -> (String, u64) {
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    (letters.to_owned(), name[letters.len()..].parse().unwrap_or(0))
}

/// Puts variables into the order of the layers in a model's description. Says whether all of them are in it.
pub(super) fn sort(found: &mut [Found], config: &[u8]) -> bool {
    let Ok(config) = serde_json::from_slice::<Value>(config) else { return false };
    let mut order = Order { places: HashMap::new(), seen: HashSet::new() };
    order.model(config.get("config").unwrap_or(&Value::Null), "", 0);
    if !found.iter().all(|one| order.places.contains_key(&one.layer)) {
        return false;
    }
    found.sort_by_key(|one| (order.places[&one.layer], one.position));
    true
}

/// Places of layers by their paths.
struct Order {
    places: HashMap<String, usize>,
    seen: HashSet<String>,
}

impl Order {
    fn model(&mut self, config: &Value, around: &str, depth: usize) {
        let layers = config.get("layers").and_then(Value::as_array);
        for layer in layers.into_iter().flatten().filter(|_| depth < hdf5::DEEPEST) {
            let inner = layer.get("config").unwrap_or(&Value::Null);
            let name = layer.get("name").or_else(|| inner.get("name")).and_then(Value::as_str);
            let path = join(around, name.unwrap_or_default(), '.');
            if self.seen.insert(path.clone()) {
                self.places.insert(path.clone(), self.places.len());
            }
            self.model(inner, &path, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_numbers() {
        let mut names = ["conv2d_10", "conv2d_2", "conv2d", "dense_1"];
        names.sort_by_key(|name| natural(name));
        assert_eq!(names, ["conv2d", "conv2d_2", "conv2d_10", "dense_1"]);
    }
}
