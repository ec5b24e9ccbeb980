//! `cnnc new NAME`.

mod photos;
mod transfer;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;

use self::photos::Photos;
use super::console::Console;
use super::failure::Failure;
use crate::ast::{DefinitionKind, Item};
use crate::files;
use crate::lower::{list, nearest};
use crate::parse::parse;
use crate::printed;
use crate::source::Span;
use crate::train::RunError;
use crate::zoo;

#[derive(Debug, Args)]
#[command(after_long_help = "\
Without --like it is a small experiment with comments, on pictures that are part of cnnc: it runs at once. \
A file that is there already is never overwritten.

With --like transfer it is transfer learning on your own photos. --data names their folder, with a folder for each class in it, or with the \
folders train, validation and test. What is in it decides the classes, the splits, the size and the network that looks at the photos.

Examples:
  cnnc new mine
  cnnc new birds --like zoo.resnet18
  cnnc new birds --like transfer --data photos/
  cnnc new birds --like transfer --data photos/ --backbone vgg16")]
pub(super) struct NewArgs {
    /// The file to write, with or without .cnn
    #[arg(value_name = "NAME")]
    name: PathBuf,
    /// A model of the zoo to copy, such as zoo.resnet18, or `transfer`
    #[arg(long, value_name = "MODEL")]
    like: Option<String>,
    /// With --like transfer: the folder of the photos
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// With --like transfer: the model of the zoo that looks at the photos [default: what fits them]
    #[arg(long, value_name = "MODEL")]
    backbone: Option<String>,
}

pub(super) fn new(args: &NewArgs, console: &Console) -> Result<(), Failure> {
    let path = match args.name.extension() {
        Some(ending) if ending == "cnn" => args.name.clone(),
        Some(_) | None => {
            let mut name = args.name.clone().into_os_string();
            name.push(".cnn");
            PathBuf::from(name)
        }
    };
    let model = model_name(&path);
    let shown = printed::shown_path(&path);
    let is_transfer = args.like.as_deref() == Some("transfer");
    let mut found = None;
    let text = match (&args.like, &args.data) {
        (Some(_), Some(data)) if is_transfer => {
            let photos = Photos::look(data, &path, console)?;
            let (text, sentence) = transfer::recipe(&model, &photos, args.backbone.as_deref())?;
            found = Some(sentence);
            text
        }
        (Some(_), None) if is_transfer => {
            return Err(Failure::Usage(
                "`--like transfer` needs `--data DIR`, the folder of the photos".to_owned(),
            ));
        }
        (_, Some(_)) => return Err(Failure::Usage("`--data` is for `--like transfer`".to_owned())),
        _ if args.backbone.is_some() => {
            return Err(Failure::Usage("`--backbone` is for `--like transfer`".to_owned()));
        }
        (Some(like), None) => copy_of(like, &model)?,
        (None, None) => START.replace("MODEL", &model),
    };
    write_new(&path, &text)?;
    if let Some(found) = found {
        console.note(format_args!("{found}"));
    }
    console.result(format_args!("{shown}: written; `cnnc check {shown}` looks at it"))
}

/// A first experiment. It needs no files, and takes seconds.
const START: &str = r#"// One experiment: a model, its data, how pictures are prepared, how training goes.

model MODEL {
    input(8x8x1)                      // height, width and channels of the prepared pictures
    conv2d(32, 3x3, padding: same, activation: relu)
    max_pool2d(2)
    flatten
    dense(64, activation: relu)
    dense(classes, activation: softmax)
}

data {
    source: digits                    // in cnnc itself; your own pictures: folder("pictures/"), one folder a class
    test: 20% of all                  // for the last evaluation alone
    validation: 10% of train
}

prepare {
    rescale: 1/255                    // pixels to 0..1
}

train {
    epochs: 10
    batch: 32
    optimizer: adam(lr: 0.001)
    metrics: [accuracy]
    early_stopping(monitor: val_loss, patience: 3)
}
"#;

/// The text of the zoo's file, its model renamed.
fn copy_of(like: &str, name: &str) -> Result<String, Failure> {
    let wanted = like.strip_prefix("zoo.").unwrap_or(like);
    let Some(model) = zoo::find(wanted) else {
        let help = match nearest(wanted, zoo::names()) {
            Some(near) => format!("did you mean `zoo.{near}`?"),
            None => format!("it has {}", list(zoo::names())),
        };
        return Err(Failure::Usage(format!("the zoo has no model `{wanted}`; {help}")));
    };
    let (file, _) = parse(model.source);
    let mut names: Vec<Span> = Vec::new();
    for item in &file.items {
        match item {
            Item::Definition(d) if d.kind == DefinitionKind::Model && d.name.value == model.name => {
                names.push(d.name.span);
            }
            Item::Section(section) => {
                let target = section.target.iter().filter(|target| target.value == model.name);
                names.extend(target.map(|target| target.span));
            }
            Item::Definition(_) | Item::Language(_) | Item::Use(_) | Item::Let(_) | Item::Allow(_) => {}
        }
    }
    let mut text = model.source.to_owned();
    for span in names.into_iter().rev() {
        text.replace_range(span.start..span.end, name);
    }
    Ok(format!("// A copy of `zoo.{}`, to be changed.\n//\n{text}", model.name))
}

/// A model's name made of a file's: `my-birds.cnn` gives `MyBirds`.
fn model_name(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut name = String::new();
    for word in stem.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        name.push_str(&word[..1].to_ascii_uppercase());
        name.push_str(&word[1..]);
    }
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("Model{name}") }
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    files::write_new(path, text.as_bytes()).map_err(|error| {
        if error.kind() == ErrorKind::AlreadyExists {
            Failure::mistake(
                format!("`{}` is there already, and nothing is overwritten", printed::shown_path(path)),
                "give another name",
            )
        } else {
            RunError::write(path, error).into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_give_names_of_models() {
        let name = |path: &str| model_name(Path::new(path));
        assert_eq!(name("my-birds.cnn"), "MyBirds");
        assert_eq!(name("folder/net2.cnn"), "Net2");
        assert_eq!(name("3 layers.cnn"), "Model3Layers");
        assert_eq!(name("é.cnn"), "Model");
    }
}
