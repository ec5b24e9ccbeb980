//! `cnnc see grad_cam`.

use clap::{Args, ValueEnum};

use super::pictures::PictureArgs;
use super::{ColorArgs, OutputArgs};
use crate::autodiff::Differentiated;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::picture;
use crate::printed::shown_path;
use crate::see::{Asked, Look, Method, attend, attention_sheet, nothing_speaks};

#[derive(Debug, Args)]
#[command(after_long_help = "\
For each picture a row: the picture as the model takes it, the map, and the map over the picture. Maps are over their largest value: 1 is what \
speaks most for the class. Where nothing speaks for it, that is said.

Examples:
  cnnc see grad_cam runs/mine-1 --image cat.jpg
  cnnc see grad_cam runs/mine-1 --image photos/ --colors jet --alpha 0.5 -o cams.png
  cnnc see grad_cam runs/mine-1 --image cat.jpg --class dog --layer conv2d_3
  cnnc see grad_cam runs/mine-1 --image cat.jpg --method occlusion")]
pub(super) struct GradCamArgs {
    #[command(flatten)]
    pictures: PictureArgs,
    /// The layer whose map is looked at [default: the last with a map of at least 4x4]
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    /// The class that is asked about, by name or number [default: the answer]
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,
    /// How it is found
    #[arg(long, value_enum, default_value_t = MethodName::Gradcam)]
    method: MethodName,
    /// Of the score before the softmax, or of the probability, whose gradient vanishes where the model is sure
    #[arg(long, value_enum, default_value_t = Of::Score)]
    of: Of,
    /// How much of the map is seen over the picture, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.4, value_parser = share)]
    alpha: f32,
    #[command(flatten)]
    colors: ColorArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MethodName {
    /// A layer's maps, weighed by the mean gradient
    Gradcam,
    /// The same, with weights by higher derivatives
    #[value(name = "gradcam++")]
    GradcamPlusPlus,
    /// The largest gradient of each pixel
    Saliency,
    /// How far the answer falls when a part is covered
    Occlusion,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    Score,
    Probability,
}

impl From<MethodName> for Method {
    fn from(name: MethodName) -> Self {
        match name {
            MethodName::Gradcam => Method::GradCam,
            MethodName::GradcamPlusPlus => Method::GradCamPlusPlus,
            MethodName::Saliency => Method::Saliency,
            MethodName::Occlusion => Method::Occlusion,
        }
    }
}

impl From<Of> for Differentiated {
    fn from(of: Of) -> Self {
        match of {
            Of::Score => Differentiated::Scores,
            Of::Probability => Differentiated::Output,
        }
    }
}

fn share(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        Ok(_) | Err(_) => Err("write a number from 0 to 1".to_owned()),
    }
}

pub(super) fn grad_cam(args: &GradCamArgs, console: &Console) -> Result<(), Failure> {
    let method = Method::from(args.method);
    let path = args.output.path("grad_cam");
    picture::type_of(&path)?;
    args.are_meant(method)?;
    let (layer, class) = (args.layer.as_deref(), args.class.as_deref());
    let asked = Asked { method, layer, class, of: args.of.into() };
    let found = args.pictures.each(console, |model, photo| Ok(attend(model, photo, asked)?))?;
    for (photo, attention) in &found.seen {
        let (answer, best) = (&attention.answer, attention.answer.best());
        console.beside(&path, format_args!("{}: {}", photo.name, answer.said(best)))?;
        if attention.map.normalized().is_none() {
            let vanishes = args.of == Of::Probability && answer.values[attention.class] > 0.99;
            let hint = if vanishes {
                ": its probability hardly changes; `--of score` asks for the score"
            } else {
                ""
            };
            console.note(format_args!("note: {}: {}{hint}", photo.name, nothing_speaks(attention)));
        }
    }
    let look = Look { colors: args.colors.into(), alpha: args.alpha };
    let scene = attention_sheet(method.name(), &found.seen, look);
    let written = picture::write(&scene, &path, console)?;
    console.beside(&written, format_args!("{} in {}", method.name(), shown_path(&written)))?;
    found.done()
}

impl GradCamArgs {
    /// Refuses what the method does not look at.
    fn are_meant(&self, method: Method) -> Result<(), Failure> {
        if self.layer.is_some() && !method.takes_layer() {
            return Err(Failure::Usage(format!(
                "`--layer` is for maps of layers: {} looks at the picture itself",
                method.name()
            )));
        }
        if method == Method::Occlusion && self.of == Of::Probability {
            return Err(Failure::Usage(
                "`--of` is for gradients: occlusion compares answers as they are".to_owned(),
            ));
        }
        Ok(())
    }
}
