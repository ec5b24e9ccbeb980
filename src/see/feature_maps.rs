//! What a layer makes of a picture.

use ndarray::{Array3, Axis, Ix4};

use super::error::Error;
use super::layer::with_map;
use super::photo::Photo;
use crate::experiment::Model;

/// The maps of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureMaps {
    /// Its full name.
    pub layer: String,
    /// `[H, W, C]`
    pub maps: Array3<f32>,
}

/// What layers make of a picture. Without a name: the last one with a map of at least 4x4.
/// # Errors
/// [`Error`].
pub fn feature_maps(model: &mut Model, photo: &Photo, layers: &[&str]) -> Result<Vec<FeatureMaps>, Error> {
    let experiment = model.experiment();
    let names: Vec<String> = if layers.is_empty() {
        vec![with_map(experiment, None)?]
    } else {
        layers.iter().map(|layer| with_map(experiment, Some(layer))).collect::<Result<_, _>>()?
    };
    let asked: Vec<&str> = names.iter().map(String::as_str).collect();
    let values = model.values(photo.prepared.view(), &asked)?;
    let maps = values.into_iter().map(|values| {
        let images = values.into_dimensionality::<Ix4>().expect("a layer with a map");
        images.index_axis_move(Axis(0), 0)
    });
    Ok(names.into_iter().zip(maps).map(|(layer, maps)| FeatureMaps { layer, maps }).collect())
}
