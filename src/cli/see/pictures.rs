//! The model and the picture files that are looked at.

use std::path::PathBuf;

use clap::Args;

use crate::cli::arguments::ComputeArgs;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::progress::Terminal;
use crate::cli::resize::ResizeArgs;
use crate::cli::used::UsedArgs;
use crate::data::pictures_named;
use crate::experiment::{Model, ModelOptions, read_picture};
use crate::printed::shown_path;
use crate::see::Photo;

/// Most pictures of one drawing.
const MOST: usize = 64;

/// A model, and pictures to show it.
#[derive(Debug, Args)]
pub(super) struct PictureArgs {
    #[command(flatten)]
    used: UsedArgs,
    #[command(flatten)]
    compute: ComputeArgs,
    /// Pictures (PNG, JPEG, PPM, BMP, GIF, WebP), folders of pictures, patterns such as 'photos/*.jpg'; `-`
    /// is standard input
    #[arg(long = "image", short, value_name = "IMAGE", required = true, num_args = 1..)]
    images: Vec<PathBuf>,
    #[command(flatten)]
    resize: ResizeArgs,
}

impl PictureArgs {
    /// Reads the model and its pictures, does something with each, and hands on what came of them with how
    /// many could not be taken, which has been said.
    /// # Errors
    /// [`Failure`] if there is no model, or no picture can be taken.
    pub(super) fn each<T>(
        &self,
        console: &Console,
        mut look: impl FnMut(&mut Model, &Photo) -> Result<T, Failure>,
    ) -> Result<Seen<T>, Failure> {
        let (ready, weights) = self.used.ready_or_unlearned(console)?;
        let resize = self.resize.resize.map(|resizing| resizing.for_model(&ready)).transpose()?;
        // one picture at a time: its plan divides it among the threads
        let options = ModelOptions {
            compute: self.compute.compute(),
            batch: Some(1),
            resize,
            matching: self.used.matching(),
        };
        let mut model = match weights {
            Some(weights) => Model::load_with(&ready, &weights, options, &mut Terminal::new(console))?,
            None => Model::without_weights(&ready, options)?,
        };
        let (named, mut refused) = self.named(console)?;
        let all = named.len() + refused;
        let mut seen = Vec::new();
        for path in named {
            let bounds = model.experiment().locations.bounds;
            let name = path.file_name().map_or_else(|| path.clone(), PathBuf::from);
            let photo = read_picture(&path, bounds).and_then(|picture| {
                Photo::of(&mut model, shown_path(&name), &picture).map_err(|error| error.to_string())
            });
            match photo {
                Ok(photo) => {
                    let found = look(&mut model, &photo)?;
                    seen.push((photo, found));
                }
                Err(reason) => {
                    refused += 1;
                    console.problem(format_args!("`{}` cannot be taken: {reason}", shown_path(&path)));
                }
            }
        }
        let seen = Seen { seen, refused, all };
        if seen.seen.is_empty() { Err(seen.failure()) } else { Ok(seen) }
    }

    /// The files, and how many names stand for none.
    fn named(&self, console: &Console) -> Result<(Vec<PathBuf>, usize), Failure> {
        let (mut found, mut refused) = (Vec::new(), 0);
        for name in &self.images {
            match pictures_named(name) {
                Ok(more) => found.extend(more),
                Err(reason) => {
                    refused += 1;
                    console.problem(format_args!("`{}` cannot be taken: {reason}", shown_path(name)));
                }
            }
        }
        if found.len() > MOST {
            return Err(Failure::Usage(format!(
                "{} pictures are too many for one drawing: name at most {MOST}",
                found.len()
            )));
        }
        Ok((found, refused))
    }
}

/// What came of pictures.
pub(super) struct Seen<T> {
    pub(super) seen: Vec<(Photo, T)>,
    refused: usize,
    all: usize,
}

impl<T> Seen<T> {
    /// Whether all pictures were taken, once the drawing is written.
    /// # Errors
    /// [`Failure::Mistake`] if some were not.
    pub(super) fn done(&self) -> Result<(), Failure> {
        if self.refused == 0 { Ok(()) } else { Err(self.failure()) }
    }

    fn failure(&self) -> Failure {
        let message = format!("{} of {} pictures cannot be taken", self.refused, self.all);
        Failure::Mistake { code: None, message, help: None }
    }
}
