//! Values inside a model, and gradients of its answers by them: what pictures of attention (Grad-CAM,
//! saliency) and maps of features are drawn from.

use ndarray::{Array2, ArrayD, ArrayView2, ArrayView4, Axis, IxDyn};

use super::error::Error;
use super::model::{Model, array2, contiguous};
use super::open::Experiment;
use crate::autodiff::{Differentiated, NoProbe, Probe};
use crate::ir::LayerId;
use crate::runtime::{EvalSession, ProbeError, ProbeSession};
use crate::tensor::Shape;

/// A value inside a model with the gradient of its answers by it.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradient {
    /// The model's output, `[N, outputs]`.
    pub outputs: Array2<f32>,
    /// The value, `[N, …]`: the layer's result.
    pub value: ArrayD<f32>,
    /// The gradient by it, of the same shape.
    pub gradient: ArrayD<f32>,
}

/// Probes that are kept, compiled: the most recently used ones.
const MOST_PROBES: usize = 4;

/// Probes of one model.
#[derive(Debug, Default)]
pub(super) struct Probes(Vec<(Key, ProbeSession)>);

/// What a compiled probe was asked for by, and the size of its pictures.
type Key = (Probe, [usize; 2]);

impl Probes {
    /// Compiles a probe, unless it is there.
    fn of(&mut self, session: &EvalSession, key: Key) -> Result<&mut ProbeSession, ProbeError> {
        match self.0.iter().position(|(known, _)| *known == key) {
            Some(at) => self.0[..=at].rotate_right(1),
            None => {
                let made = session.probe(&key.0)?;
                self.0.truncate(MOST_PROBES - 1);
                self.0.insert(0, (key, made));
            }
        }
        Ok(&mut self.0[0].1)
    }
}

impl Model {
    /// Results of layers, by their full names ([`Experiment::layers`]), for prepared images `[N, H, W, C]`:
    /// an array `[N, …]` for each. The first call with these names compiles the model anew.
    ///
    /// ```no_run
    /// # use cnnc::{Experiment, Model, Options};
    /// # let experiment = Experiment::open("models/digits.cnn", &Options::default())?;
    /// # let mut model = Model::load(&experiment, "runs/digits-1/weights.safetensors")?;
    /// # let images = ndarray::Array4::zeros((2, 8, 8, 1));
    /// let maps = model.values(images.view(), &["conv2d"])?;
    /// assert_eq!(maps[0].shape(), [2, 8, 8, 32]);
    /// # Ok::<(), cnnc::Error>(())
    /// ```
    /// # Errors
    /// [`Error::NoValue`], [`Error::Images`], [`Error::Compile`].
    pub fn values(
        &mut self,
        images: ArrayView4<'_, f32>,
        layers: &[&str],
    ) -> Result<Vec<ArrayD<f32>>, Error> {
        let values = layers.iter().map(|name| self.experiment.layer(name)).collect::<Result<_, _>>()?;
        let probe = Probe { values, gradient: None };
        Ok(self.probe(images, probe, None)?.values)
    }

    /// The gradient of each image's score for a class by the result of a layer. `classes` has an index for
    /// each image; scores are what the last softmax or sigmoid is given.
    ///
    /// ```no_run
    /// # use cnnc::{Experiment, Model, Options};
    /// # let experiment = Experiment::open("models/digits.cnn", &Options::default())?;
    /// # let mut model = Model::load(&experiment, "runs/digits-1/weights.safetensors")?;
    /// # let images = ndarray::Array4::zeros((1, 8, 8, 1));
    /// use ndarray::Axis;
    ///
    /// // Grad-CAM: the maps of the last convolution, weighed by the mean gradient by each
    /// let found = model.gradient(images.view(), &[3], "conv2d_1")?;
    /// let weights = found.gradient.mean_axis(Axis(1)).and_then(|sum| sum.mean_axis(Axis(1))).expect("pixels");
    /// let weights = weights.insert_axis(Axis(1)).insert_axis(Axis(1));
    /// let map = (&found.value * &weights).sum_axis(Axis(3)).mapv(|value| value.max(0.0));
    /// # Ok::<(), cnnc::Error>(())
    /// ```
    /// # Errors
    /// As [`Model::gradient_of`].
    pub fn gradient(
        &mut self,
        images: ArrayView4<'_, f32>,
        classes: &[usize],
        layer: &str,
    ) -> Result<Gradient, Error> {
        let wanted = [images.len_of(Axis(0)), self.outputs()];
        if classes.len() != wanted[0] {
            return Err(Error::Weighting { found: vec![classes.len()], wanted: wanted[..1].to_vec() });
        }
        let mut counts = Array2::zeros(wanted);
        for (mut row, &class) in counts.outer_iter_mut().zip(classes) {
            // a single unit's output is the second class's
            let place = if wanted[1] == 1 { class.checked_sub(1) } else { Some(class) };
            let Some(count) = place.and_then(|place| row.get_mut(place)) else {
                return Err(Error::NoClass { class, classes: wanted[1].max(2) });
            };
            *count = 1.0;
        }
        self.gradient_of(images, Differentiated::Scores, counts.view(), layer)
    }

    /// The gradient of a sum over a model's outputs by the result of a layer, of each image by itself:
    /// ```text
    /// gradient[n] = d (Σ counts[n, k] · of[n, k]) / d value[n]
    /// ```
    /// # Errors
    /// [`Error::NoValue`], [`Error::NoGradient`], [`Error::Weighting`], [`Error::Images`],
    /// [`Error::Compile`].
    pub fn gradient_of(
        &mut self,
        images: ArrayView4<'_, f32>,
        of: Differentiated,
        counts: ArrayView2<'_, f32>,
        layer: &str,
    ) -> Result<Gradient, Error> {
        let wanted = vec![images.len_of(Axis(0)), self.outputs()];
        if counts.shape() != wanted {
            return Err(Error::Weighting { found: counts.shape().to_vec(), wanted });
        }
        let by = self.experiment.layer(layer)?;
        let probe = Probe { values: vec![by], gradient: Some((of, by)) };
        self.differentiated(images, probe, counts)
    }

    /// The gradient of a sum over the values of a layer by the result of another, of each image by itself:
    /// ```text
    /// gradient[n] = d (Σ counts[n, k] · of[n, k]) / d by[n]        k: places of the map row by row, channels last
    /// ```
    /// # Errors
    /// As [`Model::gradient_of`].
    pub fn gradient_of_layer(
        &mut self,
        images: ArrayView4<'_, f32>,
        of: &str,
        counts: ArrayView2<'_, f32>,
        by: &str,
    ) -> Result<Gradient, Error> {
        let (of, by) = (self.experiment.layer(of)?, self.experiment.layer(by)?);
        let wanted = vec![images.len_of(Axis(0)), self.experiment.program.shape(of).elements()];
        if counts.shape() != wanted {
            return Err(Error::Weighting { found: counts.shape().to_vec(), wanted });
        }
        let probe = Probe { values: vec![by], gradient: Some((Differentiated::Layer(of), by)) };
        self.differentiated(images, probe, counts)
    }

    /// The one value of a probe, with the gradient by it.
    fn differentiated(
        &mut self,
        images: ArrayView4<'_, f32>,
        probe: Probe,
        counts: ArrayView2<'_, f32>,
    ) -> Result<Gradient, Error> {
        let Seen { outputs, mut values, gradient } = self.probe(images, probe, Some(counts))?;
        let value = values.swap_remove(0);
        let gradient = shaped(value.shape(), gradient);
        Ok(Gradient { outputs, value, gradient })
    }

    /// Values of a parameter, by its full name, with their shape; `None` where there is none of this name.
    pub fn weight(&self, name: &str) -> Option<(&Shape, &[f32])> {
        let params = self.session.params();
        let at = params.iter().position(|param| param.name == name)?;
        Some((&params[at].shape, self.session.values(at)))
    }

    /// Runs images through a probe, batch by batch.
    fn probe(
        &mut self,
        images: ArrayView4<'_, f32>,
        probe: Probe,
        counts: Option<ArrayView2<'_, f32>>,
    ) -> Result<Seen, Error> {
        let (count, outputs) = (images.len_of(Axis(0)), self.outputs());
        let images = self.ready_for(images)?;
        let (_, height, width, _) = images.dim();
        let counts = counts.map(|counts| counts.as_standard_layout().into_owned());
        let counted = counts.as_ref().map_or(0, |counts| counts.ncols());
        let Self { probes, session, experiment, options, .. } = self;
        let session =
            probes.of(session, (probe, [height, width])).map_err(|error| experiment.unseen(error))?;
        let shapes = session.shapes();
        let mut seen = (Vec::new(), vec![Vec::new(); shapes.len()], Vec::new());
        for (at, batch) in images.axis_chunks_iter(Axis(0), options.batch).enumerate() {
            let n = batch.len_of(Axis(0));
            let first = at * options.batch;
            let counts = counts.as_ref().and_then(|counts| counts.as_slice());
            session.run(
                contiguous(&batch),
                counts.map_or(&[], |counts| &counts[first * counted..][..n * counted]),
            );
            seen.0.extend_from_slice(session.output(n));
            for (at, values) in seen.1.iter_mut().enumerate() {
                values.extend_from_slice(session.value(at, n));
            }
            seen.2.extend_from_slice(session.gradient(n));
        }
        let values = shapes.iter().zip(seen.1).map(|(shape, values)| {
            let extents: Vec<usize> = std::iter::once(count).chain(shape.extents().iter().copied()).collect();
            shaped(&extents, values)
        });
        // of a map there are as many as the pictures are large
        let outputs = seen.0.len().checked_div(count).unwrap_or(outputs);
        Ok(Seen { outputs: array2(count, outputs, seen.0), values: values.collect(), gradient: seen.2 })
    }
}

/// What a probe has shown.
struct Seen {
    outputs: Array2<f32>,
    values: Vec<ArrayD<f32>>,
    /// Of the shape of its value; empty where none was asked for.
    gradient: Vec<f32>,
}

fn shaped(extents: &[usize], values: Vec<f32>) -> ArrayD<f32> {
    ArrayD::from_shape_vec(IxDyn(extents), values).expect("as many values as the shape has places")
}

impl Experiment {
    /// A layer by its full name.
    fn layer(&self, name: &str) -> Result<LayerId, Error> {
        let at = self.layers().position(|layer| layer == name);
        let id = at.and_then(|at| u32::try_from(at).ok()).map(LayerId);
        id.ok_or_else(|| Error::NoValue {
            name: name.to_owned(),
            known: self.layers().map(str::to_owned).collect(),
        })
    }

    /// Why a probe shows nothing.
    fn unseen(&self, error: ProbeError) -> Error {
        let name = |layer: LayerId| self.program.program().model.layers[layer.index()].path.clone();
        match error {
            ProbeError::Compile(error) => error.into(),
            ProbeError::Nothing(NoProbe::LeftOut(layer)) => Error::LeftOut { name: name(layer) },
            ProbeError::Nothing(NoProbe::Independent(layer)) => Error::NoGradient { name: name(layer) },
        }
    }
}
