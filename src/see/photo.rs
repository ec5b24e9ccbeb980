//! A picture as people and as the model see it.

use ndarray::{Array4, Axis};

use crate::data::{DecodedPicture, SetPicture};
use crate::draw::scene::{Raster, rgb_of};
use crate::experiment::{Error, Experiment, Model};
use crate::vocabulary::{Color, Normalize};

/// A picture, twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Photo {
    /// Its file, or its place in the data.
    pub name: String,
    /// `[height, width]`
    pub size: [usize; 2],
    /// As people see it: brought to the model's size, red, green and blue.
    pub rgb: Vec<u8>,
    /// As the model takes it, `[1, H, W, C]`.
    pub prepared: Array4<f32>,
}

impl Photo {
    /// A picture that has been read.
    /// # Errors
    /// [`Error::Prepare`] where the model cannot take it.
    pub fn of(model: &mut Model, name: impl Into<String>, picture: &DecodedPicture) -> Result<Self, Error> {
        let arranged = model.arrange(picture)?;
        let prepared = model.prepare(picture)?.insert_axis(Axis(0));
        let (height, width, channels) = arranged.dim();
        let rgb = rgb_of(arranged.iter().copied(), channels, (0.0, lightest(model)));
        Ok(Photo { name: name.into(), size: [height, width], rgb, prepared })
    }

    /// A picture of the data.
    pub(super) fn of_set(model: &Model, name: impl Into<String>, picture: &SetPicture) -> Self {
        let SetPicture { size: [height, width, channels], arranged, prepared, label: _ } = picture;
        let rgb = rgb_of(arranged.iter().copied(), *channels, (0.0, white_of(model, arranged)));
        let prepared = Array4::from_shape_vec((1, *height, *width, *channels), prepared.clone());
        let prepared = prepared.expect("as many values as the picture has");
        Photo { name: name.into(), size: [*height, *width], rgb, prepared }
    }

    /// Its pixels.
    pub fn raster(&self) -> Raster {
        Raster::of_rgb(self.size, &self.rgb)
    }
}

/// The value of white that a picture file has when it is arranged.
fn lightest(model: &Model) -> f32 {
    let color = model.experiment().program.program().prepare.color.as_ref().map(|color| color.value);
    if color == Some(Color::LabL) { 100.0 } else { 255.0 }
}

/// The value that is white in a picture of the data, which may be an array of other numbers than bytes.
fn white_of(model: &Model, arranged: &[f32]) -> f32 {
    let most = arranged.iter().copied().fold(0.0, f32::max);
    match most {
        most if most > 255.0 => most,
        most if most > 1.0 => lightest(model).max(most),
        _ => 1.0,
    }
}

/// Values of pixels as the model takes them, red first: some take blue first.
pub(super) fn red_first(experiment: &Experiment, channels: usize, mut values: Vec<f32>) -> Vec<f32> {
    let normalize = experiment.program.program().prepare.normalize.as_ref().map(|normalize| &normalize.value);
    if channels == 3 && matches!(normalize, Some(Normalize::Standard { bgr: true, .. })) {
        values.chunks_exact_mut(3).for_each(|pixel| pixel.swap(0, 2));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Options;

    #[test]
    fn pictures_that_go_in_blue_first_are_shown_red_first() {
        let with = |prepare: &str| {
            let text = format!("model A {{ input(8x8x3); flatten; dense(2) }} prepare {{ {prepare} }}");
            let experiment = Experiment::of_text("a.cnn", text, &Options::default()).expect("sound");
            red_first(&experiment, 3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        };
        assert_eq!(with("normalize: caffe"), [3.0, 2.0, 1.0, 6.0, 5.0, 4.0]);
        assert_eq!(with("normalize: imagenet"), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }
}
