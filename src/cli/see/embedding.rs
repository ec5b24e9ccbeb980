//! `cnnc see embedding`.

use clap::{Args, ValueEnum};

use super::OutputArgs;
use crate::cli::arguments::ComputeArgs;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::picture;
use crate::cli::progress::Terminal;
use crate::cli::split::SplitArgs;
use crate::cli::used::UsedArgs;
use crate::experiment::{Model, ModelOptions};
use crate::printed::shown_path;
use crate::see::{MOST_POINTS, Projection, Wanted, embedding as embedding_of, embedding_sheet};

#[derive(Debug, Args)]
#[command(after_long_help = "\
Each picture is a point in the colour of its class. Pictures are compared by what the layer before the last one makes of them.

Examples:
  cnnc see embedding runs/mine-1 -o embedding.svg
  cnnc see embedding runs/mine-1 --projection pca --layer conv2d_2")]
pub(super) struct EmbeddingArgs {
    #[command(flatten)]
    used: UsedArgs,
    #[command(flatten)]
    compute: ComputeArgs,
    #[command(flatten)]
    split: SplitArgs,
    /// The layer that pictures are compared by [default: the one before the last with weights]
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    /// How many dimensions become two
    #[arg(long, value_enum, default_value_t = ProjectionName::Tsne)]
    projection: ProjectionName,
    /// How many pictures at most
    #[arg(long, value_name = "N", default_value_t = MOST_POINTS, value_parser = points)]
    count: usize,
    /// Decides which pictures, where there are more
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ProjectionName {
    /// Neighbours stay neighbours
    Tsne,
    /// Seen from where they lie furthest apart
    Pca,
}

fn points(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (2..=MOST_POINTS).contains(&count) => Ok(count),
        Ok(_) | Err(_) => {
            Err(format!("write a number from 2 to {MOST_POINTS}: each is compared with every other"))
        }
    }
}

pub(super) fn embedding(args: &EmbeddingArgs, console: &Console) -> Result<(), Failure> {
    let path = args.output.path("embedding");
    picture::type_of(&path)?;
    let (ready, weights) = args.used.ready(&[], console)?;
    let ready = ready.for_its_data();
    let mut watch = Terminal::new(console);
    let options = ModelOptions {
        compute: args.compute.compute(),
        batch: None,
        resize: None,
        matching: args.used.matching(),
    };
    let mut model = Model::load_with(&ready, &weights, options, &mut watch)?;
    let projection = match args.projection {
        ProjectionName::Tsne => Projection::Tsne,
        ProjectionName::Pca => Projection::Pca,
    };
    let wanted = Wanted {
        layer: args.layer.as_deref(),
        projection,
        split: args.split.split(),
        count: args.count,
        seed: args.seed,
    };
    let found = embedding_of(&mut model, wanted, &mut watch)?;
    let written = picture::write(&embedding_sheet(&found), &path, console)?;
    console.beside(
        &written,
        format_args!("{} pictures, by {}, in {}", found.labels.len(), found.layer.0, shown_path(&written)),
    )
}
