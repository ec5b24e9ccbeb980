//! A model with trained weights.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use ndarray::{Array2, Array3, ArrayView4, Axis, CowArray, Ix4};

use super::compute::Compute;
use super::error::Error;
use super::open::Experiment;
use super::pictures::{self, Room};
use super::probe::Probes;
use super::tuning;
use super::watch::{Event, Silent, Watch};
use crate::data::{DataIndex, Dataset, DecodedPicture, Featurewise, Preparation};
use crate::ir::{Fit, Interpretation, Matching, Meaning, Resize, ResizeMethod, meaning};
use crate::runtime::{CompileOptions, EvalSession, Kind};
use crate::source::{Span, Spanned};
use crate::tensor::Shape;
use crate::train::RunError;
use crate::train::weights::{self, Taking, Weights, WeightsInfo};
use crate::zoo;

/// How a model is made ready.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ModelOptions {
    /// How it is compiled.
    pub compute: Compute,
    /// The most images that go through it at once; more are answered batch by batch. `None`: as many as in
    /// training, so that the loss of a split comes out as in the run, to the bit; 32 where the file does not
    /// say. A model for single pictures is faster with 1: its plan then divides one picture among the
    /// threads.
    pub batch: Option<usize>,
    /// How pictures are brought to the model's size. `None`: as those were that the weights were trained on,
    /// else as the file says; where neither says anything, a picture of another size is cut to its middle,
    /// in the ratio of sides that the model takes, and resized.
    pub resize: Option<Resize>,
    /// How the tensors of the weights are found.
    pub matching: Matching,
}

/// A model with trained weights, compiled: it answers pictures.
///
/// ```no_run
/// use cnnc::{Experiment, Model, Options};
/// use ndarray::Array4;
///
/// let experiment = Experiment::open("models/digits.cnn", &Options::default())?;
/// let mut model = Model::load(&experiment, "runs/digits-1/weights.safetensors")?;
/// let images = Array4::zeros((2, 8, 8, 1));
/// let probabilities = model.predict(images.view())?;
/// assert_eq!(probabilities.dim(), (2, 10));
/// # Ok::<(), cnnc::Error>(())
/// ```
#[derive(Debug)]
pub struct Model {
    pub(super) experiment: Experiment,
    /// It has the weights.
    pub(super) session: EvalSession,
    /// What their file says about itself.
    info: WeightsInfo,
    /// The statistics of the pictures they were trained on, where these are normalised by them.
    pub(super) statistics: Option<Featurewise>,
    pub(super) weights: PathBuf,
    pub(super) options: CompileOptions,
    preparation: Option<Preparation>,
    room: Room,
    /// Compiled for other values than the model's output.
    pub(super) probes: Probes,
    /// Where it has been evaluated.
    pub(super) data: Option<(Dataset, DataIndex)>,
}

impl Model {
    /// Compiles an experiment's model and reads its weights.
    /// # Errors
    /// [`Error::Run`]: weights that cannot be read or do not fit; [`Error::PrepareUnsound`]: nobody
    /// understands how their pictures were prepared; [`Error::Compile`].
    pub fn load(experiment: &Experiment, weights: impl AsRef<Path>) -> Result<Self, Error> {
        Self::load_with(experiment, weights, ModelOptions::default(), &mut Silent)
    }

    /// [`Model::load`], in another way than the usual one. Timing kernels is told to `watch`, and that the
    /// file prepares pictures in another way than those of the weights were, which is then not done.
    /// # Errors
    /// As [`Model::load`].
    pub fn load_with(
        experiment: &Experiment,
        weights: impl AsRef<Path>,
        options: ModelOptions,
        watch: &mut dyn Watch,
    ) -> Result<Self, Error> {
        let ModelOptions { resize, matching, .. } = options;
        let (mut session, options) = compiled(experiment, options, watch)?;
        let path = weights.as_ref();
        let weights =
            weights::load(path, &experiment.program, session.params(), Taking { matching, partial: false })?;
        watch.see(Event::Weights(&weights.account));
        for (at, values) in &weights.values {
            session.write(*at, values);
        }
        let (experiment, statistics) = experiment.as_trained(&weights, path, resize, watch)?;
        let mut weights = weights;
        // the files of the zoo's references do not tell what their outputs are
        if weights.info.classes.is_empty() && weights.info.source.is_empty() && experiment.is_of_imagenet() {
            weights.info.classes = zoo::imagenet_classes().map(str::to_owned).collect();
        }
        Ok(Self {
            statistics,
            ..Self::of_parts(experiment, session, (weights.info, path.to_owned()), options)
        })
    }

    /// A model that has nothing to learn, compiled: fixed filters, say. Where it has parameters, they are 0.
    /// # Errors
    /// [`Error::Compile`]; [`Error::NoVectors`], [`Error::ManyThreads`] where it cannot be compiled as asked.
    pub fn without_weights(experiment: &Experiment, options: ModelOptions) -> Result<Self, Error> {
        let resize = options.resize;
        let (session, options) = compiled(experiment, options, &mut Silent)?;
        let nothing = Weights::default();
        let path = Path::new("");
        let (experiment, _) = experiment.as_trained(&nothing, path, resize, &mut Silent)?;
        Ok(Self::of_parts(experiment, session, (nothing.info, path.to_owned()), options))
    }

    fn of_parts(
        experiment: Experiment,
        session: EvalSession,
        (info, weights): (WeightsInfo, PathBuf),
        options: CompileOptions,
    ) -> Self {
        Self {
            experiment,
            session,
            info,
            statistics: None,
            weights,
            options,
            preparation: None,
            room: Room::default(),
            probes: Probes::default(),
            data: None,
        }
    }

    /// The experiment.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// Names of the classes that the weights were trained on, in the order of the outputs; those of the data
    /// where the weights do not tell.
    pub fn classes(&self) -> &[String] {
        if self.info.classes.is_empty() { &self.experiment.classes } else { &self.info.classes }
    }

    /// The classes that the weights tell of themselves.
    pub(super) fn trained_classes(&self) -> &[String] {
        &self.info.classes
    }

    /// Whether the mean of the training pictures is 0 in every channel when they are prepared, because the
    /// weights bring what they are normalised by.
    pub fn is_normalized(&self) -> bool {
        self.statistics.is_some()
    }

    /// Numbers of an answer; where the model leaves sizes open and answers with a map, at one of the sizes
    /// that it takes.
    pub fn outputs(&self) -> usize {
        self.experiment.output_shape().elements()
    }

    /// What the numbers of an answer are.
    pub fn meaning(&self) -> Meaning {
        meaning(&self.experiment.program, !self.classes().is_empty())
    }

    /// How an answer is read.
    pub fn interpretation(&self) -> Interpretation {
        Interpretation::of(&self.experiment.program, self.meaning(), self.classes(), self.outputs())
    }

    /// Shape of the answer to a picture of a size, `[height, width]`.
    /// # Errors
    /// [`Error::Compile`] if the model does not take that size.
    pub fn output_shape_at(&self, size: [usize; 2]) -> Result<Shape, Error> {
        Ok(match self.experiment.program.open_sizes() {
            Some(_) => self.experiment.program.at(size)?.output_shape().clone(),
            None => self.experiment.output_shape().clone(),
        })
    }

    /// What the model makes of prepared images, `[N, H, W, C]`: its output after the last activation, `[N,
    /// outputs]`, a map row by row. Images in that order of memory are not copied, nor is the answer.
    /// # Errors
    /// [`Error::Images`] where it takes images of another shape; [`Error::Run`] where an answer is no number.
    pub fn predict(&mut self, images: ArrayView4<'_, f32>) -> Result<Array2<f32>, Error> {
        let mut answers = Vec::new();
        let images = self.ready_for(images)?;
        for batch in images.axis_chunks_iter(Axis(0), self.options.batch) {
            let values = self.answer(contiguous(&batch))?;
            // a single batch is handed on as it is
            if answers.is_empty() { answers = values } else { answers.extend(values) }
        }
        let count = images.len_of(Axis(0));
        // of a map there are as many as the pictures are large
        let outputs = answers.len().checked_div(count).unwrap_or(self.outputs());
        Ok(array2(count, outputs, answers))
    }

    /// The output for one batch of the size that the session is ready for.
    fn answer(&mut self, images: &[f32]) -> Result<Vec<f32>, Error> {
        let values = self.session.predict(images);
        if values.iter().all(|value| value.is_finite()) {
            return Ok(values);
        }
        let layer = self.session.first_non_finite_layer(images)?;
        Err(RunError::NotFiniteResult { what: "the model's answer is not a number".to_owned(), layer }.into())
    }

    /// Makes ready for images of a size, which come back in their order of memory.
    pub(super) fn ready_for<'i>(
        &mut self,
        images: ArrayView4<'i, f32>,
    ) -> Result<CowArray<'i, f32, Ix4>, Error> {
        let images = self.experiment.taken(images)?;
        let (_, height, width, _) = images.dim();
        self.session.prepare([height, width])?;
        Ok(images)
    }

    /// A picture as the model takes it, `[H, W, C]`: prepared as the experiment says, with the statistics
    /// that the weights bring.
    /// # Errors
    /// [`Error::Prepare`] where it cannot be.
    pub fn prepare(&mut self, picture: &DecodedPicture) -> Result<Array3<f32>, Error> {
        let preparation = self.preparation_for(picture)?;
        let mut values = vec![0.0; preparation.elements()];
        preparation.apply(&picture.as_picture(), &mut values)?;
        Ok(array3(preparation.size(), values))
    }

    /// A picture as the model takes it, but for `rescale` and `normalize`: of its size and colours, `[H, W,
    /// C]`, with values as in the file, 0 to 255 (`lab_l`: 0 to 100). What people are shown.
    /// # Errors
    /// As [`Model::prepare`].
    pub fn arrange(&mut self, picture: &DecodedPicture) -> Result<Array3<f32>, Error> {
        let preparation = self.preparation_for(picture)?;
        let mut values = vec![0.0; preparation.elements()];
        preparation.arrange(&picture.as_picture(), &mut values)?;
        Ok(array3(preparation.size(), values))
    }

    fn preparation_for(&mut self, picture: &DecodedPicture) -> Result<Cow<'_, Preparation>, Error> {
        let size = [picture.height, picture.width];
        Ok(match self.fitting(size)? {
            Some(fitting) => Cow::Owned(fitting),
            None => self.preparation()?.at(size),
        })
    }

    /// Reads a picture file (PNG, JPEG, PPM, BMP, GIF, WebP) and prepares it.
    /// # Errors
    /// [`Error::Picture`] if it cannot be read, [`Error::Prepare`].
    pub fn read_picture(&mut self, path: impl AsRef<Path>) -> Result<Array3<f32>, Error> {
        let path = path.as_ref();
        let refused = |why| Error::Picture { path: path.to_owned(), why };
        let picture = pictures::read(path, self.experiment.locations.bounds).map_err(refused)?;
        self.prepare(&picture)
    }

    /// How pictures are prepared.
    /// # Errors
    /// [`Error::Prepare`] where the experiment cannot prepare any.
    pub(crate) fn preparation(&mut self) -> Result<&Preparation, Error> {
        if self.preparation.is_none() {
            let program = self.experiment.program.program();
            let made =
                Preparation::new(&program.prepare, self.experiment.input_shape(), self.statistics.as_ref())?;
            self.preparation = Some(made.leaving_open(self.experiment.open_axes()));
        }
        Ok(self.preparation.as_ref().expect("it has just been made"))
    }

    /// The preparation of pictures of a size that the model does not take, where nothing says how they are
    /// brought to it; `None` where there is something, or the model takes them.
    fn fitting(&mut self, size: [usize; 2]) -> Result<Option<Preparation>, Error> {
        if !self.cuts(size)? {
            return Ok(None);
        }
        let mut prepare = self.experiment.program.program().prepare.clone();
        let (height, width, _) = self.experiment.input_shape().as_pixels();
        // smaller pictures are the mean of what they show, larger ones go on smoothly
        let method = if size[0] > height { ResizeMethod::Area } else { ResizeMethod::Bilinear };
        let resize = Resize { height, width, method, fit: Fit::Crop };
        prepare.resize = Some(Spanned::new(resize, Span::default()));
        Ok(Some(Preparation::new(&prepare, self.experiment.input_shape(), self.statistics.as_ref())?))
    }

    /// Whether pictures of a size are cut to their middle and resized, because the model takes another and
    /// neither its weights nor the file say how they are brought to it.
    /// # Errors
    /// As [`Model::prepare`].
    pub fn cuts(&mut self, size: [usize; 2]) -> Result<bool, Error> {
        let is_closed = self.experiment.open_axes() == [false; 2];
        let preparation = self.preparation()?;
        let [height, width, _] = preparation.size();
        Ok(is_closed && !preparation.resizes() && size != [height, width])
    }

    /// `[height, width]` of a picture when it is prepared.
    pub(crate) fn size_of(&self, picture: &DecodedPicture) -> [usize; 2] {
        let size = [picture.height, picture.width];
        self.preparation.as_ref().map_or(size, |preparation| {
            let [height, width, _] = preparation.at(size).size();
            [height, width]
        })
    }

    /// How many pictures of a size, `[height, width]`, may go together: fewer where the model leaves sizes
    /// open and there is no room for more.
    /// # Errors
    /// Why there is no room for one.
    pub(crate) fn most_together(&mut self, size: [usize; 2]) -> Result<usize, String> {
        self.room.most_together(&self.experiment, size)
    }
}

/// A session for an experiment's model, without its weights, and how it was compiled.
fn compiled(
    experiment: &Experiment,
    ModelOptions { compute, batch, resize: _, matching: _ }: ModelOptions,
    watch: &mut dyn Watch,
) -> Result<(EvalSession, CompileOptions), Error> {
    compute.check()?;
    let mut options = compute.options(batch.unwrap_or(experiment.batch()).max(1), false);
    if compute.tune_kernels {
        let subjects = [(&experiment.program, Kind::Evaluation)];
        options.choices = tuning::timed(&subjects, &options, &experiment.locations, watch)?;
    }
    Ok((EvalSession::compile(&experiment.program, &options)?, options))
}

impl Experiment {
    /// Images as the model takes them, in the order of memory that it takes them in; copied where they are in
    /// another.
    pub(super) fn taken<'i>(&self, images: ArrayView4<'i, f32>) -> Result<CowArray<'i, f32, Ix4>, Error> {
        let (count, height, width, channels) = images.dim();
        let (wanted_height, wanted_width, wanted_channels) = self.input_shape().as_pixels();
        let [open_height, open_width] = self.open_axes();
        let fits = channels == wanted_channels
            && (open_height || height == wanted_height)
            && (open_width || width == wanted_width);
        if !fits {
            let wanted = vec![count, wanted_height, wanted_width, wanted_channels];
            return Err(Error::Images { found: images.shape().to_vec(), wanted });
        }
        if images.is_standard_layout() {
            return Ok(CowArray::from(images));
        }
        Ok(CowArray::from(images.as_standard_layout().into_owned()))
    }
}

/// The values of a batch, which lie one after the other.
pub(super) fn contiguous<'a>(batch: &'a ArrayView4<'_, f32>) -> &'a [f32] {
    batch.as_slice().expect("a stretch of the first axis of a standard layout")
}

/// Values as a picture.
fn array3([height, width, channels]: [usize; 3], values: Vec<f32>) -> Array3<f32> {
    Array3::from_shape_vec((height, width, channels), values)
        .expect("a picture has as many values as its size")
}

/// Values as a matrix.
pub(super) fn array2(rows: usize, columns: usize, values: Vec<f32>) -> Array2<f32> {
    Array2::from_shape_vec((rows, columns), values).expect("as many values as the matrix has places")
}
