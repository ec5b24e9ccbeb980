//! Which layer is looked at.

use super::error::Error;
use crate::experiment::Experiment;
use crate::ir::LayerId;
use crate::lower::nearest;

/// Rows and columns of a map on which places can be told apart.
const LEAST: usize = 4;

/// A layer of a model, by its full name.
/// # Errors
/// [`Error::NoLayer`].
pub fn layer_named(experiment: &Experiment, name: &str) -> Result<LayerId, Error> {
    let at = experiment.layers().position(|layer| layer == name);
    at.and_then(|at| u32::try_from(at).ok()).map(LayerId).ok_or_else(|| Error::NoLayer {
        model: experiment.name().to_owned(),
        name: name.to_owned(),
        near: nearest(name, experiment.layers()).map(str::to_owned),
    })
}

/// The last layer with a map of at least 4x4 on the way to the answer; where there is none, the one with the
/// largest map.
pub fn last_map(experiment: &Experiment) -> Option<LayerId> {
    let model = &experiment.program.program().model;
    let size = |layer: &LayerId| {
        let image = experiment.program.shape(*layer).as_image();
        image.map_or(0, |(height, width, _)| height.min(width))
    };
    let is_computed = |layer: &LayerId| !model.layers[layer.index()].inputs.is_empty();
    let maps: Vec<LayerId> = on_the_way(experiment).into_iter().filter(is_computed).collect();
    let large = maps.iter().rev().find(|layer| size(layer) >= LEAST);
    large.or_else(|| maps.iter().filter(|layer| size(layer) > 1).max_by_key(|layer| size(layer))).copied()
}

/// The layers that the answer is made of, in their order: not those of auxiliary outputs.
fn on_the_way(experiment: &Experiment) -> Vec<LayerId> {
    let model = &experiment.program.program().model;
    let mut used = vec![false; model.layers.len()];
    used[model.output.index()] = true;
    for at in (0..model.layers.len()).rev() {
        if used[at] {
            model.layers[at].inputs.iter().for_each(|input| used[input.index()] = true);
        }
    }
    (0u32..).map(LayerId).zip(used).filter_map(|(layer, used)| used.then_some(layer)).collect()
}

/// The full name of a layer.
pub(super) fn name_of(experiment: &Experiment, layer: LayerId) -> &str {
    &experiment.program.program().model.layers[layer.index()].path
}

/// The layer that is asked for, which must make a map; else the one where most can be seen.
/// # Errors
/// [`Error::NoLayer`], [`Error::NoMap`], [`Error::NoMaps`].
pub(super) fn with_map(experiment: &Experiment, name: Option<&str>) -> Result<String, Error> {
    let near = || last_map(experiment).map(|layer| name_of(experiment, layer).to_owned());
    let Some(name) = name else {
        return near().ok_or_else(|| Error::NoMaps { model: experiment.name().to_owned() });
    };
    let shape = experiment.program.shape(layer_named(experiment, name)?);
    if shape.as_image().is_none() {
        return Err(Error::NoMap { layer: name.to_owned(), shape: Box::new(shape.clone()), near: near() });
    }
    Ok(name.to_owned())
}
