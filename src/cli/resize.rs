//! `--resize`: how pictures of another size are brought to the model's.

use clap::Args;

use super::arguments::size;
use super::failure::Failure;
use crate::experiment::Experiment;
use crate::vocabulary::{Choices, Fit, Resize, ResizeMethod};

/// How pictures are resized.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct ResizeArgs {
    /// How pictures are brought to the model's size, in place of how the training pictures were: stretch,
    /// crop or letterbox, a method such as area, a size (224x224) where the model leaves it open, or some of
    /// them: crop,area
    #[arg(long, value_name = "HOW", value_parser = parsed)]
    pub(super) resize: Option<Resizing>,
}

/// What `--resize` says; what it does not say is as in the language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Resizing {
    size: Option<[usize; 2]>,
    method: Option<ResizeMethod>,
    fit: Option<Fit>,
}

impl Resizing {
    /// To a size.
    fn to(self, [height, width]: [usize; 2]) -> Resize {
        Resize {
            height,
            width,
            method: self.method.unwrap_or(ResizeMethod::Bilinear),
            fit: self.fit.unwrap_or(Fit::Stretch),
        }
    }

    /// To the size that is written, if one is.
    pub(super) fn to_written_size(self) -> Option<Resize> {
        self.size.map(|size| self.to(size))
    }

    /// To the size that is written, else to that which the model takes.
    /// # Errors
    /// [`Failure::Usage`] if the model takes another size, or leaves it open and none is written.
    pub(super) fn for_model(self, experiment: &Experiment) -> Result<Resize, Failure> {
        if experiment.program.open_sizes().is_some() {
            return self.to_written_size().ok_or_else(|| {
                Failure::Usage("the model leaves sizes open: write one, as in `--resize 224x224`".to_owned())
            });
        }
        let (height, width, _) = experiment.input_shape().as_pixels();
        match self.size {
            Some(size) if size != [height, width] => Err(Failure::Usage(format!(
                "the model takes pictures of {height}x{width}, and `--resize` makes {}x{}",
                size[0], size[1]
            ))),
            Some(_) | None => Ok(self.to([height, width])),
        }
    }
}

/// `crop`, `224x224`, `letterbox,area`
fn parsed(text: &str) -> Result<Resizing, String> {
    let mut resizing = Resizing::default();
    for part in text.split(',').map(str::trim) {
        if let Some(fit) = Fit::from_name(part) {
            resizing.fit = Some(fit);
        } else if let Some(method) = ResizeMethod::from_name(part) {
            resizing.method = Some(method);
        } else if part.starts_with(|first: char| first.is_ascii_digit()) {
            resizing.size = Some(size(part)?);
        } else {
            let known = [Fit::NAMES, ResizeMethod::NAMES].concat().join(", ");
            return Err(format!("write {known}, or a size such as 224x224"));
        }
    }
    Ok(resizing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_in_any_order() {
        let made = |text: &str| parsed(text).map(|resizing| resizing.to_written_size());
        let resize = Resize { height: 3, width: 4, method: ResizeMethod::Area, fit: Fit::Crop };
        assert_eq!(made("crop, 3x4,area"), Ok(Some(resize)));
        assert_eq!(made("letterbox"), Ok(None));
        assert!(made("3x").is_err() && made("cut").is_err_and(|said| said.contains("letterbox")));
    }
}
