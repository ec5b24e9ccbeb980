//! An experiment: a file that has been checked.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::findings::Findings;
use super::options::Options;
use super::reading::Reading;
use crate::ast;
use crate::card::DataCard;
use crate::data::Locations;
use crate::diag::{Code, Diagnostic};
use crate::front::SpaceView;
use crate::ir::{CheckedProgram, TrainSpec};
use crate::settings::Settings;
use crate::show;
use crate::tensor::Shape;

/// A checked experiment: a model, its data, how pictures are prepared and varied, how training goes. Holding
/// one means that the file has no errors.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// The file, as it was named.
    pub(crate) file: PathBuf,
    /// The program.
    pub(crate) program: CheckedProgram,
    /// Its syntax.
    pub(crate) ast: ast::File,
    /// Where its data are.
    pub(crate) locations: Locations,
    /// Class names, where they are known.
    pub(crate) classes: Vec<String>,
    /// What is known of its data.
    pub(crate) card: Option<DataCard>,
    /// What it searches for, if it does.
    pub(crate) space: Option<SpaceView>,
    /// `[height, width]` of the data's pictures, where they are known and all alike.
    pub(super) picture_size: Option<[usize; 2]>,
    /// What was found in the text: nothing that is an error.
    pub(super) findings: Findings,
}

impl Experiment {
    /// Reads and checks a file. Nothing is trained or compiled.
    /// # Errors
    /// [`Error::Problems`] with everything that was found in it; [`Error::Run`] if it cannot be read;
    /// [`Error::Data`] if its data are there and something is wrong with them.
    pub fn open(file: impl AsRef<Path>, options: &Options) -> Result<Self, Error> {
        Reading::of_file(file.as_ref(), options)?.into_experiment()
    }

    /// Checks a text as if it stood in the file `name`, which need not exist: what the text names is looked
    /// for beside it.
    ///
    /// ```
    /// use cnnc::{Error, Experiment, Options};
    ///
    /// let text = "model M { input(8x8x1); conv2d(8, 3x3); dense(10) }";
    /// let Err(Error::Problems { findings }) = Experiment::of_text("m.cnn", text, &Options::default()) else {
    ///     panic!("`dense` wants a vector");
    /// };
    /// assert!(findings.problems.iter().any(|problem| problem.code.to_string() == "E0103"));
    /// ```
    /// # Errors
    /// As [`Experiment::open`].
    pub fn of_text(
        name: impl AsRef<Path>,
        text: impl Into<String>,
        options: &Options,
    ) -> Result<Self, Error> {
        Reading::of_text(name.as_ref(), text.into(), options).into_experiment()
    }

    /// Warnings and hints about the file, with their places.
    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        &self.program.program().model.name.value
    }

    /// What it searches for, where it does: then it is many experiments, and this one is the first of them.
    pub fn space(&self) -> Option<&SpaceView> {
        self.space.as_ref()
    }

    /// Names of the classes in the order of the model's outputs; empty where they are not known, or the model
    /// predicts numbers.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Shape of a prepared picture. Where the model leaves height and width open, at one of the sizes it
    /// takes.
    pub fn input_shape(&self) -> &Shape {
        self.program.input_shape()
    }

    /// Shape of an answer.
    pub fn output_shape(&self) -> &Shape {
        self.program.output_shape()
    }

    /// Full names of the layers, in the order of evaluation.
    pub fn layers(&self) -> impl Iterator<Item = &str> {
        self.program.program().model.layers.iter().map(|node| node.path.as_str())
    }

    /// All settings, defaults written out.
    pub fn settings(&self) -> Settings {
        Settings::of(&self.program)
    }

    /// The experiment as a text that needs no other file, with every default written out.
    pub fn to_text(&self) -> String {
        show::show(&[&self.program], &self.ast)
    }

    /// The experiment for the pictures of its data, where they have one size and the model leaves it open.
    #[must_use]
    pub fn for_its_data(mut self) -> Self {
        if let (Some(_), Some(size)) = (self.program.open_sizes(), self.picture_size)
            && let Ok(program) = self.program.at(size)
        {
            self.program = program;
        }
        self
    }

    /// The experiment for pictures of one size, `[height, width]`.
    /// # Errors
    /// [`Error::Compile`] if the model does not take that size.
    pub fn at(self, size: [usize; 2]) -> Result<Self, Error> {
        Ok(Self { program: self.program.at(size)?, ..self })
    }

    /// Whether it is one experiment, which can be run.
    /// # Errors
    /// [`Error::NotRunYet`] where it searches: then it is many.
    pub fn runnable(&self) -> Result<(), Error> {
        let search = self.program.program().tune.iter().map(|tune| {
            let problem = Diagnostic::new(Code::E0010).saying("search").at(tune.span, "search-here");
            problem.help("search-help")
        });
        let parts: Vec<Diagnostic> = search.collect();
        if parts.is_empty() {
            return Ok(());
        }
        Err(Error::NotRunYet { parts, sources: Box::new(self.findings.sources.clone()) })
    }

    /// The program as its first phase trains it; the program itself where there are no phases.
    pub(crate) fn first_stage(&self) -> CheckedProgram {
        self.program.stages().into_iter().next().unwrap_or_else(|| self.program.clone())
    }

    /// The schedule.
    /// # Errors
    /// [`Error::NoSchedule`].
    pub(crate) fn schedule(&self) -> Result<&TrainSpec, Error> {
        self.program.program().train.as_ref().ok_or(Error::NoSchedule)
    }

    /// Whether answers can be judged.
    /// # Errors
    /// [`Error::NoLoss`].
    pub(crate) fn judged(&self) -> Result<(), Error> {
        if self.program.loss().is_some() { Ok(()) } else { Err(Error::NoLoss) }
    }

    /// Images in a batch: the file's, else [`BATCH`].
    pub(crate) fn batch(&self) -> usize {
        batch_of(self.program.program().train.as_ref())
    }

    /// Whether the model leaves height and width of its pictures open.
    pub(crate) fn open_axes(&self) -> [bool; 2] {
        self.program.open_sizes().map_or([false; 2], |open| open.axes)
    }
}

/// Images in a batch where the file does not say.
pub(crate) const BATCH: usize = 32;

/// A schedule's batch.
pub(crate) fn batch_of(train: Option<&TrainSpec>) -> usize {
    train.map_or(BATCH, |train| train.batch.value)
}
