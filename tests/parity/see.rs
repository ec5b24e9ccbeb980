//! Heat maps and maps of layers against Keras's, on the same weights and pictures: `tests/golden/see.py`.

use std::path::{Path, PathBuf};

use cnnc::internals::kernel::Simd;
use cnnc::see::{self, Asked, Method, Photo};
use cnnc::{Differentiated, Experiment, Model, Options};
use ndarray::{Array4, Axis};
use serde::Deserialize;

use crate::engine::{Tensor, Weights, write_weights};
use crate::formula::Formula;
use crate::golden::Digest;
use crate::golden_dir;
use crate::report::{Report, Set};

/// Of maps over their largest value.
const MAPS: f64 = 1e-3;
/// Of sums and samples of what layers make.
const FEATURES: f64 = 1e-4;

#[derive(Debug, Deserialize)]
struct Case {
    answers: Vec<Vec<f64>>,
    x: Values,
    tensors: Vec<Values>,
    maps: Vec<Map>,
    features: Vec<Features>,
}

/// A formula, whose values may be made whole numbers: `[low, count]`.
#[derive(Debug, Deserialize)]
struct Values {
    #[serde(flatten)]
    formula: Formula,
    whole: Option<[f64; 2]>,
}

#[derive(Debug, Deserialize)]
struct Map {
    layer: String,
    method: String,
    of: String,
    class: usize,
    picture: usize,
    size: [usize; 2],
    values: Vec<f64>,
}

#[derive(Debug, Deserialize)]
struct Features {
    layer: String,
    #[serde(flatten)]
    digest: Digest,
}

impl Values {
    fn tensor(&self) -> Tensor {
        let mut tensor = self.formula.tensor();
        if let Some([low, count]) = self.whole {
            let whole = |value: f32| (((f64::from(value) + 1.0) / 2.0 * count).floor() + low) as f32;
            tensor.values.iter_mut().for_each(|value| *value = whole(*value));
        }
        tensor
    }
}

/// The program of a case: beside it, or one of `models/`.
fn program_of(name: &str) -> PathBuf {
    let own = golden_dir().join("see").join(format!("{name}.cnn"));
    if own.exists() { own } else { Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("models/{name}.cnn")) }
}

/// A case of `see/`.
pub(crate) fn see(name: &str, _: Simd, report: &mut Report) -> Result<(), String> {
    let text = std::fs::read_to_string(golden_dir().join("see").join(format!("{name}.json")));
    let case: Case = serde_json::from_str(&text.map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let path = folder.path().join("w.safetensors");
    let weights: Weights =
        case.tensors.iter().map(|values| (values.formula.name.clone(), values.tensor())).collect();
    write_weights(&path, &weights)?;
    let options = Options { model: last_model(name), ..Options::default() };
    let experiment = Experiment::open(program_of(name), &options).map_err(|e| e.to_string())?;
    let mut model = Model::load(&experiment, &path).map_err(|e| e.to_string())?;
    let Tensor { shape, values } = case.x.tensor();
    let images = Array4::from_shape_vec((shape[0], shape[1], shape[2], shape[3]), values).expect("pictures");
    let answers = model.predict(images.view()).map_err(|e| e.to_string())?;
    let answers: Vec<f64> = answers.iter().map(|&value| f64::from(value)).collect();
    // four digits of them are stored
    report.values(Set("", "answers"), "output", &answers, &case.answers.concat(), MAPS);
    let photos: Vec<Photo> = images
        .axis_iter(Axis(0))
        .map(|image| Photo {
            name: String::new(),
            size: [shape[1], shape[2]],
            rgb: Vec::new(),
            prepared: image.to_owned().insert_axis(Axis(0)),
        })
        .collect();
    for map in &case.maps {
        compare_map(&mut model, &photos[map.picture], map, report)?;
    }
    for Features { layer, digest } in &case.features {
        let mut all = Vec::new();
        for photo in &photos {
            let found = see::feature_maps(&mut model, photo, &[layer]).map_err(|e| e.to_string())?;
            all.extend(found[0].maps.iter().map(|&value| f64::from(value)));
        }
        report.digest(Set("", "features"), layer, &all, digest, FEATURES);
    }
    Ok(())
}

/// Which model of the file is meant, where it has several.
fn last_model(name: &str) -> Option<String> {
    (name == "residual").then(|| "Residual".to_owned())
}

fn compare_map(model: &mut Model, photo: &Photo, map: &Map, report: &mut Report) -> Result<(), String> {
    let method = match map.method.as_str() {
        "gradcam" => Method::GradCam,
        "gradcam++" => Method::GradCamPlusPlus,
        "saliency" => Method::Saliency,
        other => return Err(format!("`{other}` is no method")),
    };
    let of = if map.of == "score" { Differentiated::Scores } else { Differentiated::Output };
    let class = map.class.to_string();
    let layer = Some(map.layer.as_str()).filter(|layer| !layer.is_empty());
    let asked = Asked { method, layer, class: Some(&class), of };
    let found = see::attend(model, photo, asked).map_err(|e| e.to_string())?;
    let Map { layer, method, of, picture, size, .. } = map;
    let what = format!("{method} of the {of} for {class} by {layer}, picture {picture}");
    if found.map.size != *size {
        return Err(format!("{what}: the map is {:?}, and Keras's {size:?}", found.map.size));
    }
    let values: Vec<f64> = match found.map.normalized() {
        // of saliency every third row is stored
        Some(map) if *method == "saliency" => {
            map.values.chunks(size[1]).step_by(3).flatten().map(|&value| f64::from(value)).collect()
        }
        Some(map) => map.values.iter().map(|&value| f64::from(value)).collect(),
        None => Vec::new(),
    };
    if values.is_empty() != map.values.is_empty() {
        return Err(format!("{what}: {} values, and Keras has {}", values.len(), map.values.len()));
    }
    report.values(Set("", "maps"), &what, &values, &map.values, MAPS);
    Ok(())
}
