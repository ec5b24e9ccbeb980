//! What is drawn of a run that has ended: the files that its `report` names, and the pictures of its page.

use std::path::{Path, PathBuf};

use super::console::Console;
use super::failure::Failure;
use super::interrupt::Watcher;
use super::{picture, progress};
use crate::data::Dataset;
use crate::draw::scene::Scene;
use crate::experiment::{Compute, Experiment, Model, ModelOptions, Run, RunStatus, Silent};
use crate::ir::run_files::DRAWINGS;
use crate::page::Pictures;
use crate::printed::{few, shown_path};
use crate::see::{self, Look, Material};
use crate::train::RunError;
use crate::vocabulary::Drawing;

/// Pictures of the sheet of samples that a page has.
const SAMPLES: usize = 12;
/// Mistakes that a page shows.
const MISTAKES: usize = 8;

/// What is wanted of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// The files of its `report`.
    pub(super) files: bool,
    /// Pictures for its page.
    pub(super) page: bool,
}

/// Draws a run that has just ended. What cannot be drawn is a warning: the run's own files are there.
pub(super) fn after_run(
    run: &Run,
    (experiment, data): (&Experiment, Dataset),
    (compute, wanted): (Compute, Wanted),
    (console, watcher): (&Console, &Watcher),
) -> Pictures {
    let has_report =
        experiment.program.program().report.as_ref().is_some_and(|report| !report.drawings.is_empty());
    if *run.status() != RunStatus::Finished || !(has_report || wanted.page) {
        return Pictures::default();
    }
    let options = ModelOptions {
        compute: Compute { tune_kernels: false, ..compute },
        batch: Some(1),
        ..ModelOptions::default()
    };
    let experiment = experiment.clone().for_its_data();
    let model = match Model::load_with(&experiment, run.weights(), options, &mut Silent) {
        Ok(model) => model.with_pictures(run, data),
        Err(error) => return missing(&error.to_string(), console),
    };
    drawn(run, model, wanted, &|| watcher.interrupt.is_raised(), console)
}

/// Draws a run that ended some time ago, whose pictures are read again.
pub(super) fn of_run(run: &Run, model: Result<Model, Failure>, console: &Console) -> Pictures {
    let wanted = Wanted { files: false, page: true };
    match model {
        Ok(model) => drawn(run, model, wanted, &|| false, console),
        Err(failure) => missing(failure.reason(), console),
    }
}

fn missing(why: &str, console: &Console) -> Pictures {
    let why = why.lines().next().unwrap_or_default();
    console.warning(format_args!("nothing is drawn of the run's pictures: {why}"));
    Pictures { missing: Some(why.to_owned()), ..Pictures::default() }
}

fn drawn(
    run: &Run,
    model: Model,
    wanted: Wanted,
    is_ended: &dyn Fn() -> bool,
    console: &Console,
) -> Pictures {
    let mut of = match Material::of(run, model, &mut Silent) {
        Ok(of) => of,
        Err(error) => return missing(&error.to_string(), console),
    };
    let drawings = of_report(&mut of, wanted, is_ended, console);
    if !wanted.page || is_ended() {
        return Pictures::default();
    }
    let mut pictures = Pictures { drawings, ..Pictures::default() };
    let augmented = of.model.experiment().varies_pictures();
    match see::samples_of(&mut of.model, SAMPLES, augmented, &mut Silent) {
        Ok(scene) => pictures.samples = Some(scene),
        Err(error) => return missing(&error.to_string(), console),
    }
    if of.album.has_mistakes() {
        match see::mistakes_in(&of.album, &mut of.model, MISTAKES) {
            Ok(found) => pictures.mistakes = Some(see::mistakes_sheet(&found, Look::default())),
            Err(error) => return missing(&error.to_string(), console),
        }
    }
    pictures
}

/// The drawings that the program names, as files where that is wanted. Those that the page does not have
/// anyway are handed on.
fn of_report(
    of: &mut Material<'_>,
    wanted: Wanted,
    is_ended: &dyn Fn() -> bool,
    console: &Console,
) -> Vec<(String, Scene)> {
    let report = of.model.experiment().program.program().report.clone();
    let (mut names, mut written, mut scenes) = (Vec::new(), Vec::new(), Vec::new());
    let bar = progress::things(report.as_ref().map_or(0, |report| report.drawings.len()), console);
    for drawing in report.iter().flat_map(|report| &report.drawings) {
        bar.inc(1);
        let drawing = &drawing.value;
        let is_in_page = matches!(
            drawing,
            Drawing::Samples { .. } | Drawing::Curves | Drawing::ConfusionMatrix | Drawing::Mistakes
        );
        if is_ended() || !wanted.files && is_in_page {
            continue;
        }
        let name = see::file_name(of.model.experiment(), drawing, &names);
        names.push(name.clone());
        bar.set_message(name.clone());
        let scene = match see::drawn(drawing, of, &mut Silent) {
            Ok(scene) => scene,
            Err(error) => {
                console.warning(format_args!("the drawing `{name}` cannot be made: {error}"));
                continue;
            }
        };
        // paths of layers have points in them
        let file = PathBuf::from(format!("{name}.{}", type_of(drawing)));
        if wanted.files {
            let path = of.run.drawings().join(&file);
            match write(&scene, &path, console) {
                Ok(file) => written.push(file),
                Err(failure) => console.warning(failure.reason()),
            }
        }
        if !is_in_page {
            scenes.push((format!("{DRAWINGS}/{}", file.display()), scene));
        }
    }
    bar.finish_and_clear();
    if !written.is_empty() {
        console.note(format_args!("drawings in {}: {}", shown_path(&of.run.drawings()), few(&written)));
    }
    scenes
}

/// Points are drawn by whoever looks at them, as large as they like; pixels are pixels.
fn type_of(drawing: &Drawing) -> &'static str {
    if matches!(drawing, Drawing::Embedding { .. }) { "svg" } else { "png" }
}

/// Writes a drawing, and hands on the name of its file.
fn write(scene: &Scene, path: &Path, console: &Console) -> Result<String, Failure> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| RunError::write(folder, error))?;
    }
    let written = picture::write(scene, path, console)?;
    Ok(written.file_name().unwrap_or_default().to_string_lossy().into_owned())
}
