//! A trained model, as the command line names it: a file and its weights, or what a run has left of both.

use std::path::{Path, PathBuf};

use clap::Args;

use super::arguments::{ChoiceArgs, DataArgs, MatchArgs};
use super::console::Console;
use super::failure::Failure;
use super::load::{self, Subject};
use super::progress::Terminal;
use crate::experiment::{Experiment, Run, RunStatus};
use crate::files;
use crate::ir::run_files::{REPORT, WEIGHTS};
use crate::ir::{IMAGENET, Matching};
use crate::printed::shown_path;
use crate::train::RunError;
use crate::weights::program_of;
use crate::zoo::published_models;

/// Which trained model is used.
#[derive(Debug, Args)]
pub(super) struct UsedArgs {
    /// The .cnn file, or a model of the zoo (`zoo.vgg16`); or the folder of a run, which holds the program and
    /// its weights; or weights, which hold the program they were trained by
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The weights: a file of cnnc, Keras (.keras, .h5), PyTorch (.pt, .pth), ONNX or NumPy (.npz), or a run's
    /// folder; `imagenet` for those that are published for a model of the zoo; a run's own where FILE is its
    /// folder
    #[arg(long, value_name = "WEIGHTS")]
    weights: Option<PathBuf>,
    #[command(flatten)]
    matching: MatchArgs,
    #[command(flatten)]
    choice: ChoiceArgs,
}

impl UsedArgs {
    /// What the folder of a run holds, with its pictures from here.
    pub(super) fn of_run(folder: &Path, data: &DataArgs) -> Self {
        let choice = ChoiceArgs { model: None, set: Vec::new(), data: data.clone() };
        Self { file: folder.to_owned(), weights: None, matching: MatchArgs::default(), choice }
    }

    /// How the tensors of the weights are found.
    pub(super) fn matching(&self) -> Matching {
        self.matching.matching()
    }

    /// The program, and where its weights are. Settings of `more` come after those of the command line.
    /// # Errors
    /// [`Failure`]: no weights are named or found, or the program has errors.
    pub(super) fn ready(
        &self,
        more: &[(String, String)],
        console: &Console,
    ) -> Result<(Experiment, PathBuf), Failure> {
        if self.is_program() && self.weights.as_deref().is_some_and(are_published) {
            let ready = self.program(more, console)?;
            let weights = published(&ready, console)?;
            return Ok((ready, weights));
        }
        let named = self.weights.as_deref().map(weights_at).transpose()?;
        tell_unfinished(self.weights.as_deref().unwrap_or(&self.file), console);
        if self.is_program() {
            let weights = named.ok_or_else(|| self.without_weights())?;
            return Ok((self.program(more, console)?, weights));
        }
        self.as_trained(named, more, console)
    }

    /// The same, but that a program whose model has nothing to learn needs no weights.
    /// # Errors
    /// As [`UsedArgs::ready`].
    pub(super) fn ready_or_unlearned(
        &self,
        console: &Console,
    ) -> Result<(Experiment, Option<PathBuf>), Failure> {
        if self.weights.is_none() && self.is_program() {
            let ready = self.program(&[], console)?;
            return if ready.has_parameters() { Err(self.without_weights()) } else { Ok((ready, None)) };
        }
        let (ready, weights) = self.ready(&[], console)?;
        Ok((ready, Some(weights)))
    }

    /// The program that the file is.
    /// # Errors
    /// [`Failure`]: it has errors, or is many experiments.
    fn program(&self, more: &[(String, String)], console: &Console) -> Result<Experiment, Failure> {
        let ready = load::ready(&self.file, &self.choice, more, console)?;
        load::is_single(&ready, console)?;
        Ok(ready)
    }

    /// Whether the file is a program, and neither weights nor a run.
    fn is_program(&self) -> bool {
        /// How files of weights end. Those of others hold no program, and are told so.
        const WEIGHTS_END: [&str; 7] = ["safetensors", "h5", "keras", "pt", "pth", "onnx", "npz"];
        let end = self.file.extension().and_then(|end| end.to_str());
        !self.file.is_dir() && end.is_none_or(|end| !WEIGHTS_END.contains(&end))
    }

    fn without_weights(&self) -> Failure {
        // a path that leads nowhere is no program
        if let Err(error) = std::fs::metadata(&self.file)
            && error.kind() == std::io::ErrorKind::NotFound
            && files::stream_of(&self.file).is_none()
        {
            return RunError::read(&self.file, error).into();
        }
        Failure::Usage(format!(
            "`{}` is a program, and its weights are not named: write `--weights FILE`, or give a run's folder \
             in its place",
            shown_path(&self.file)
        ))
    }

    /// What a run has left.
    fn as_trained(
        &self,
        named: Option<PathBuf>,
        more: &[(String, String)],
        console: &Console,
    ) -> Result<(Experiment, PathBuf), Failure> {
        let own = weights_at(&self.file)?;
        let unread = |error| RunError::of_file(&own, error);
        let Some(text) = program_of(&own).map_err(unread)? else {
            return Err(Failure::mistake(
                format!("`{}` does not hold the program that it was trained by", shown_path(&own)),
                "name the program: `FILE.cnn --weights WEIGHTS`",
            ));
        };
        let file = program_file(&own, console);
        let subject = Subject { name: &own, file: &file, text };
        let ready = load::ready_again(subject, &self.choice, more, console)?;
        Ok((ready, named.unwrap_or(own)))
    }
}

/// Whether `--weights` means those that are published for ImageNet.
pub(super) fn are_published(weights: &Path) -> bool {
    weights == Path::new(IMAGENET) && !weights.exists()
}

/// The published weights of a model of the zoo.
/// # Errors
/// [`Failure`]: there are none, or they cannot be fetched.
pub(super) fn published(ready: &Experiment, console: &Console) -> Result<PathBuf, Failure> {
    let model = ready.name();
    if !published_models().any(|known| known == model) {
        let models = published_models().map(|known| format!("`zoo.{known}`")).collect::<Vec<_>>();
        return Err(Failure::mistake(
            format!("nobody publishes ImageNet weights for `{model}` that cnnc knows of"),
            format!("name a file with `--weights`, or take one of {}", models.join(", ")),
        ));
    }
    Ok(ready.imagenet(&mut Terminal::new(console))?)
}

/// The weights file that is meant: the final one of a run, where its folder is named.
/// # Errors
/// [`Failure::Mistake`] for a folder without any.
pub(super) fn weights_at(path: &Path) -> Result<PathBuf, Failure> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let weights = path.join(WEIGHTS);
    if weights.exists() {
        return Ok(weights);
    }
    let folder = shown_path(path);
    let Ok(run) = Run::open(path) else {
        return Err(Failure::mistake(
            format!("`{folder}` holds no weights: it is a folder, and not that of a run, without `{REPORT}`"),
            "name the folder that `cnnc run` has made, such as `runs/digits-1`, or a weights file",
        ));
    };
    let what = match run.status() {
        RunStatus::Running => "is going on, or was killed",
        RunStatus::Interrupted => "was interrupted",
        RunStatus::Failed(_) => "has failed",
        RunStatus::Finished => "has lost them",
    };
    Err(Failure::mistake(
        format!("the run in `{folder}` has no weights: it {what}"),
        format!(
            "go on with it: `cnnc run FILE --resume {folder}`; or name a checkpoint of it with `--weights`"
        ),
    ))
}

/// Says that the run whose weights are meant has not come to its end: they are those of an interruption.
pub(super) fn tell_unfinished(path: &Path, console: &Console) {
    if !path.is_dir() || !path.join(WEIGHTS).exists() {
        return;
    }
    let Ok(run) = Run::open(path) else { return };
    let folder = shown_path(path);
    console.note(match run.status() {
        RunStatus::Finished => return,
        RunStatus::Interrupted => format!(
            "the run in `{folder}` was interrupted: its weights are those after {} complete epochs, {} steps",
            run.epochs(),
            run.steps()
        ),
        RunStatus::Running | RunStatus::Failed(_) => format!(
            "the run in `{folder}` has not come to its end: its weights are those of an earlier interruption"
        ),
    });
}

/// The file in whose place the program of a run is: the one that the run was made of, where it is found from
/// here or from above the run's folder. What a file of unknown origin says of its place counts for nothing.
pub(super) fn program_file(weights: &Path, console: &Console) -> PathBuf {
    let folder = weights.parent().unwrap_or(Path::new(""));
    let recorded = Run::open(folder).ok().filter(|_| !console.permissions().are_narrow());
    let Some(file) = recorded.map(|run| run.file().to_owned()) else { return weights.to_owned() };
    let above = folder.canonicalize().unwrap_or_default();
    let bases = std::iter::once(Path::new("")).chain(above.ancestors());
    bases.map(|base| base.join(&file)).find(|file| file.is_file()).unwrap_or(file)
}
