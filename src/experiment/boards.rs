//! What the callback `tensorboard` writes: event files in a folder of the run's folder.
//!
//! ```text
//! logs/train/       loss and metrics of the training images, learning rate, seconds;
//!                   histograms of all weights; the network as a graph; a sheet of training pictures
//! logs/validation/  loss and metrics of the validation images, by the same names
//! logs/results/     the confusion matrix, of the final weights
//! ```
//! TensorBoard takes each of the three for a run, and draws values of the same name over each other. Steps are
//! epochs, from 1, as in `history.csv`; pictures of step 0 were there before the first.
//!
//! An epoch is in the files before its state is saved, so a run that was killed in between gives it again.
//! Whoever goes on with a run begins new files, whose session says from which epoch on: TensorBoard forgets
//! what older files say of that epoch and of later ones.

use std::path::{Path, PathBuf};

use super::answers::Judged;
use super::open::Experiment;
use super::sheet::varied_sheet;
use crate::assess::Findings;
use crate::chart;
use crate::data::Dataset;
use crate::draw::colors::ColorMap;
use crate::draw::scene::{NoPng, Scene};
use crate::events::{EventFile, GraphDef, Summary, graph_of, histogram_of, scoped};
use crate::ir::{Callback, Monitor, TrainSpec};
use crate::train::{Learnt, Progress, RunError, RunFolder};

const TRAIN: &str = "train";
const VALIDATION: &str = "validation";
const RESULTS: &str = "results";

/// Names of values; those of loss and metrics are the columns of `history.csv`.
const LEARNING_RATE: &str = "learning_rate";
const SECONDS: &str = "seconds";
const TRAINING_PICTURES: &str = "training_pictures";
const CONFUSION_MATRIX: &str = "confusion_matrix";

/// The folders that the present phase writes into.
#[derive(Debug, Default)]
pub(super) struct Boards(Vec<Board>);

/// A folder of event files.
#[derive(Debug)]
struct Board {
    folder: PathBuf,
    train: EventFile,
    /// Where there are validation images.
    validation: Option<EventFile>,
}

/// What a folder has from the beginning.
pub(super) struct Opening {
    graph: GraphDef,
    /// A PNG file.
    sheet: Result<Png, NoPng>,
}

/// A drawn scene.
struct Png {
    /// `[height, width]`, in pixels.
    size: [usize; 2],
    bytes: Vec<u8>,
}

/// A picture is not in the event files, for this reason.
pub(super) struct NotDrawn {
    pub(super) what: &'static str,
    pub(super) why: String,
}

impl Boards {
    /// Goes on with the folders that the callbacks of a phase name, and with no others. Those that are not
    /// open begin with a new file each; `opening` makes what stands in a folder that has nothing yet. Returned
    /// is what could not be drawn.
    /// # Errors
    /// [`RunError::Write`], [`RunError::CheckpointPath`], those of `opening`.
    pub(super) fn enter(
        &mut self,
        (train, progress): (&TrainSpec, &Progress),
        (run, has_validation): (&RunFolder, bool),
        opening: impl Fn() -> Result<Opening, RunError>,
    ) -> Result<Vec<NotDrawn>, RunError> {
        let mut missing = Vec::new();
        let mut open = std::mem::take(&mut self.0);
        for callback in &train.callbacks {
            let Callback::TensorBoard { path } = &callback.value else { continue };
            let folder = run.of_callback(&path.value)?;
            if let Some(at) = open.iter().position(|board| board.folder == folder) {
                self.0.push(open.swap_remove(at));
                continue;
            }
            let is_new = progress.step == 0 || !EventFile::any_in(&folder.join(TRAIN));
            let step = if is_new { 0 } else { progress.epoch + 1 };
            let mut board = Board {
                train: begin(&folder.join(TRAIN), step)?,
                validation: has_validation.then(|| begin(&folder.join(VALIDATION), step)).transpose()?,
                folder,
            };
            if is_new {
                missing.extend(board.open(opening()?)?);
            }
            self.0.push(board);
        }
        Ok(missing)
    }

    /// Adds an epoch to all of them.
    /// # Errors
    /// [`RunError::Write`].
    pub(super) fn add(&mut self, learnt: &Learnt<'_>) -> Result<(), RunError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let (train, validation) = (of_training(learnt), scalars(learnt, true));
        for board in &mut self.0 {
            let epoch = learnt.record.epoch;
            add(&mut board.train, epoch, train.clone())?;
            if let Some(file) = &mut board.validation {
                add(file, epoch, validation.clone())?;
            }
        }
        Ok(())
    }

    /// Adds what the final weights mix up, after an epoch; nothing where answers are no classes. Returned is
    /// what could not be drawn.
    /// # Errors
    /// [`RunError::Write`].
    pub(super) fn end(&self, judged: &Judged, epoch: usize) -> Result<Option<NotDrawn>, RunError> {
        let Some(answers) = judged.answers.as_ref().filter(|_| !self.0.is_empty()) else { return Ok(None) };
        let assessment = answers.assess();
        let Findings::Classes(found) = assessment.findings else { return Ok(None) };
        let split = judged.split.name();
        let drawn =
            png_of(&assessment.names, &|names| chart::confusion(&found, names, split, ColorMap::default()));
        let png = match drawn {
            Ok(png) => png,
            Err(why) => return Ok(Some(NotDrawn { what: CONFUSION_MATRIX, why: why.to_string() })),
        };
        for board in &self.0 {
            let mut values = Summary::default();
            values.push_png(CONFUSION_MATRIX, png.size, png.bytes.clone());
            // a run that is gone on with after its end has results anew
            let mut file = begin(&board.folder.join(RESULTS), epoch)?;
            add(&mut file, epoch, values)?;
        }
        Ok(None)
    }
}

impl Board {
    fn open(&mut self, opening: Opening) -> Result<Option<NotDrawn>, RunError> {
        let written = self.train.add_graph(&opening.graph);
        written.map_err(|error| RunError::write(self.train.path(), error))?;
        let png = match opening.sheet {
            Ok(png) => png,
            Err(why) => return Ok(Some(NotDrawn { what: TRAINING_PICTURES, why: why.to_string() })),
        };
        let mut values = Summary::default();
        values.push_png(TRAINING_PICTURES, png.size, png.bytes);
        add(&mut self.train, 0, values)?;
        Ok(None)
    }
}

impl Experiment {
    /// What a folder of event files has before the first epoch: the network, and a sheet of the pictures that
    /// come first, as they are varied.
    /// # Errors
    /// Pictures that cannot be had.
    pub(super) fn opening(&self, data: &Dataset) -> Result<Opening, RunError> {
        let pictures = self.first_pictures(data, self.program.program().augment.samples)?;
        let how = if self.varies_pictures() { "as they are varied" } else { "as they are" };
        let title = format!("{} training pictures, {how}", pictures.len());
        let sheet = png_of(&data.classes, &|classes| varied_sheet(&title, &pictures, classes));
        Ok(Opening { graph: graph_of(&self.program), sheet })
    }
}

fn begin(folder: &Path, step: usize) -> Result<EventFile, RunError> {
    EventFile::begin(folder, step).map_err(|error| RunError::write(folder, error))
}

fn add(file: &mut EventFile, epoch: usize, values: Summary) -> Result<(), RunError> {
    file.add(epoch, values).map_err(|error| RunError::write(file.path(), error))
}

/// A scene with the names of classes; with their numbers where no font has the letters.
fn png_of(names: &[String], draw: &dyn Fn(&[String]) -> Scene) -> Result<Png, NoPng> {
    let numbers = || (0..names.len()).map(|class| class.to_string()).collect::<Vec<_>>();
    let scene = draw(names);
    let bytes = match scene.to_png() {
        Err(NoPng::NoFont { .. }) => draw(&numbers()).to_png()?,
        drawn => drawn?,
    };
    // a PNG file says its size at this place: width, then height
    let side = |at: usize| {
        bytes.get(at..at + 4).and_then(|side| side.try_into().ok()).map_or(0, u32::from_be_bytes) as usize
    };
    Ok(Png { size: [side(20), side(16)], bytes })
}

/// What an epoch gave of the training images, and the weights that it ended with.
fn of_training(learnt: &Learnt<'_>) -> Summary {
    let mut values = scalars(learnt, false);
    values.push_scalar(LEARNING_RATE, learnt.record.learning_rate);
    values.push_scalar(SECONDS, learnt.record.seconds as f32);
    for (name, weights) in learnt.weights() {
        if let Some(histogram) = histogram_of(weights) {
            values.push_histogram(scoped(name), histogram);
        }
    }
    values
}

/// Loss and metrics of the training images, or of those for validation: by the same names, so that they are
/// drawn over each other.
fn scalars(learnt: &Learnt<'_>, validation: bool) -> Summary {
    let mut values = Summary::default();
    for &(monitor, value) in learnt.record.values.0.iter().filter(|(of, _)| of.validation == validation) {
        values.push_scalar(Monitor { validation: false, ..monitor }.column(), value as f32);
    }
    values
}
