//! What of a picture speaks for a class.

use ndarray::{Array3, ArrayD, Axis, Ix4};

use super::class::{Answer, counts};
use super::error::Error;
use super::heat_map::HeatMap;
use super::layer::with_map;
use super::occlusion::occlusion;
use super::photo::Photo;
use crate::autodiff::Differentiated;
use crate::experiment::{Gradient, Model};

/// How it is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Method {
    /// `max(0, Σ_c α_c A_c)`, `α_c` the mean of `∂score / ∂A_c` over the map. Source: Selvaraju et al.,
    /// arXiv:1610.02391.
    #[default]
    GradCam,
    /// The same with weights that count places by higher derivatives. Source: Chattopadhyay et al.,
    /// arXiv:1710.11063, eq. 10 and 11, of `exp(score)`.
    GradCamPlusPlus,
    /// The largest `|∂score / ∂x|` of a pixel's channels. Source: Simonyan et al., arXiv:1312.6034.
    Saliency,
    /// How far the answer falls when a part is covered. Source: Zeiler and Fergus, arXiv:1311.2901.
    Occlusion,
}

impl Method {
    /// Whether it looks at the map of a layer.
    pub fn takes_layer(self) -> bool {
        matches!(self, Method::GradCam | Method::GradCamPlusPlus)
    }

    /// Its name in the field.
    pub fn name(self) -> &'static str {
        match self {
            Method::GradCam => "Grad-CAM",
            Method::GradCamPlusPlus => "Grad-CAM++",
            Method::Saliency => "saliency",
            Method::Occlusion => "occlusion",
        }
    }
}

/// What is asked of a picture.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// How it is found.
    pub method: Method,
    /// Which layer is looked at. `None`: the last one with a map of at least 4x4.
    pub layer: Option<&'a str>,
    /// The class, by name or number. `None`: the answer.
    pub class: Option<&'a str>,
    /// Of the score or of the probability.
    pub of: Differentiated,
}

/// What speaks for a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Attention {
    /// The model's answer.
    pub answer: Answer,
    /// The class that is asked about.
    pub class: usize,
    /// The layer that was looked at.
    pub layer: Option<String>,
    /// How it was found.
    pub method: Method,
    /// Of what.
    pub of: Differentiated,
    /// How much each place speaks for the class; what is below 0 speaks against it.
    pub map: HeatMap,
}

/// Looks for what of a picture speaks for a class.
/// # Errors
/// [`Error`].
pub fn attend(model: &mut Model, photo: &Photo, asked: Asked<'_>) -> Result<Attention, Error> {
    let Asked { method, layer, class, of } = asked;
    let layer = if method.takes_layer() { Some(with_map(model.experiment(), layer)?) } else { None };
    let outputs = model.predict(photo.prepared.view())?;
    let answer = Answer::of(model, outputs.as_slice().unwrap_or_default())?;
    let class = class.map_or(Ok(answer.best()), |class| answer.class(class))?;
    let mut by = |layer: &str| -> Result<Gradient, Error> {
        let (of, counts) = counts(model, of, &answer, class);
        Ok(model.gradient_of(photo.prepared.view(), of, counts.view(), layer)?)
    };
    let map = match (method, &layer) {
        (Method::GradCam, Some(layer)) => grad_cam(&by(layer)?),
        (Method::GradCamPlusPlus, Some(layer)) => grad_cam_plus_plus(&by(layer)?),
        (Method::Saliency | Method::GradCam | Method::GradCamPlusPlus, _) => {
            let input = model.experiment().layers().next().unwrap_or_default().to_owned();
            let (of, counts) = counts(model, of, &answer, class);
            saliency(&model.gradient_of(photo.prepared.view(), of, counts.view(), &input)?)
        }
        (Method::Occlusion, _) => occlusion(model, photo, &answer, class)?,
    };
    Ok(Attention { answer, class, layer, method, of, map })
}

/// The first picture's `[H, W, C]`.
fn image(values: &ArrayD<f32>) -> Array3<f32> {
    let images = values.view().into_dimensionality::<Ix4>().expect("a layer with a map");
    images.index_axis(Axis(0), 0).to_owned()
}

/// The maps of a layer, added up by these weights, as far as they are above 0.
fn weighed(maps: &Array3<f32>, weights: &[f64]) -> HeatMap {
    let (height, width, _) = maps.dim();
    let at = |pixel: ndarray::ArrayView1<'_, f32>| {
        let sum: f64 = pixel.iter().zip(weights).map(|(&value, weight)| f64::from(value) * weight).sum();
        sum.max(0.0) as f32
    };
    HeatMap { size: [height, width], values: maps.lanes(Axis(2)).into_iter().map(at).collect() }
}

fn grad_cam(found: &Gradient) -> HeatMap {
    let (maps, gradient) = (image(&found.value), image(&found.gradient));
    let (height, width, _) = maps.dim();
    let places = (height * width) as f64;
    let mean =
        |channel: ndarray::ArrayView2<'_, f32>| channel.iter().map(|&g| f64::from(g)).sum::<f64>() / places;
    let weights: Vec<f64> = gradient.axis_iter(Axis(2)).map(mean).collect();
    weighed(&maps, &weights)
}

fn grad_cam_plus_plus(found: &Gradient) -> HeatMap {
    let (maps, gradient) = (image(&found.value), image(&found.gradient));
    let channels = maps.axis_iter(Axis(2)).zip(gradient.axis_iter(Axis(2)));
    let weights: Vec<f64> = channels
        .map(|(map, gradient)| {
            let sum: f64 = map.iter().map(|&value| f64::from(value)).sum();
            let weight = |&g: &f32| {
                let g = f64::from(g);
                let below = 2.0 * g * g + sum * g * g * g;
                let share = if below == 0.0 { 0.0 } else { g * g / below };
                share * g.max(0.0)
            };
            gradient.iter().map(weight).sum()
        })
        .collect();
    weighed(&maps, &weights)
}

fn saliency(found: &Gradient) -> HeatMap {
    let gradient = image(&found.gradient);
    let (height, width, _) = gradient.dim();
    let most = |pixel: ndarray::ArrayView1<'_, f32>| pixel.iter().fold(0.0, |most: f32, g| most.max(g.abs()));
    HeatMap { size: [height, width], values: gradient.lanes(Axis(2)).into_iter().map(most).collect() }
}
