//! How a picture becomes the model's input: one description for training, evaluation and prediction.
//!
//! ```text
//! picture → colour → resize   (arranged: [H, W, C], 0..=255; augmentation works on this)
//!         → rescale → normalize   (finished: what the model gets)
//! ```

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::picture::{Picture, PictureHeader, PixelSlice};
use super::{color, resize};
use crate::ir::{Color, Normalize, PrepareSpec, Resize};
use crate::tensor::Shape;

/// Mean and deviation of each channel over the training split, after rescaling. They belong to the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Featurewise {
    /// Mean per channel.
    pub mean: Vec<f32>,
    /// Standard deviation per channel, at least 1e-7 (as Keras's `Normalization`).
    pub std: Vec<f32>,
}

impl Featurewise {
    /// Whether a channel can be normalised by these: finite numbers, deviations above 0, as many of either.
    pub fn is_sound(&self) -> bool {
        let Self { mean, std } = self;
        mean.len() == std.len()
            && mean.iter().all(|mean| mean.is_finite())
            && std.iter().all(|std| std.is_finite() && *std > 0.0)
    }
}

/// Why a picture cannot become the model's input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrepareError {
    /// The model's input is no picture.
    #[error("the model takes {input}, not pictures (height x width x channels)")]
    NoPicture {
        /// The model's input.
        input: Shape,
    },
    /// `resize` makes another size than the model takes.
    #[error("`resize` makes {}x{} pictures, the model takes {}x{}", made[0], made[1], wanted[0], wanted[1])]
    Resize {
        /// Height and width after `resize`.
        made: [usize; 2],
        /// Height and width of the input.
        wanted: [usize; 2],
    },
    /// The colour conversion makes another number of channels than the model takes.
    #[error("`color` makes {made} channel(s), the model takes {wanted}")]
    Color {
        /// Channels after `color`.
        made: usize,
        /// Channels of the input.
        wanted: usize,
    },
    /// `normalize` has values for another number of channels.
    #[error("`normalize` has {given} values, the model's input has {wanted} channel(s)")]
    Normalize {
        /// Values given.
        given: usize,
        /// Channels of the input.
        wanted: usize,
    },
    /// A picture has another size and there is no `resize`.
    #[error("it is {}x{}, the model takes {}x{}: put `resize: {}x{}` into `prepare`", found[0], found[1], wanted[0], wanted[1], wanted[0], wanted[1])]
    Size {
        /// Height and width of the picture.
        found: [usize; 2],
        /// Height and width of the input.
        wanted: [usize; 2],
    },
    /// A picture has a number of channels that cannot be converted.
    #[error("it has {found} channel(s), the model takes {wanted}")]
    Channels {
        /// Channels of the picture.
        found: usize,
        /// Channels of the input.
        wanted: usize,
    },
}

/// Rescaling and normalisation, resolved.
#[derive(Debug, Clone, PartialEq)]
enum Finish {
    /// `x · rescale`.
    Scale,
    /// `(x · rescale − mean) / std` per channel; `reversed`: channels are swapped first.
    Standard { mean: Vec<f32>, std: Vec<f32>, reversed: bool },
    /// Each picture to mean 0 and deviation 1.
    PerImage,
}

/// A preparation, ready to be applied. See the module for its stages.
#[derive(Debug, Clone, PartialEq)]
pub struct Preparation {
    height: usize,
    width: usize,
    channels: usize,
    /// Whether height and width are those of each picture.
    open: [bool; 2],
    resize: Option<Resize>,
    color: Option<Color>,
    rescale: f32,
    finish: Finish,
    /// For bytes: the finished value of each byte, a table per channel. Empty where that is not faster or not
    /// possible.
    tables: Vec<[f32; 256]>,
}

/// Resizes a grey picture and repeats it three times: the channels of one that was repeated first would
/// all go the same way, to the bit.
fn arrange_grey(picture: &Picture<'_>, spec: &Resize, out: &mut [f32]) {
    let size = (picture.height, picture.width);
    let mut grey = vec![0.0; out.len() / 3];
    match picture.pixels {
        PixelSlice::Bytes(bytes) => resize::resize(bytes, size, 1, spec, &mut grey),
        PixelSlice::Floats(floats) => resize::resize(floats, size, 1, spec, &mut grey),
    }
    out.as_chunks_mut::<3>().0.iter_mut().zip(grey).for_each(|(pixel, value)| *pixel = [value; 3]);
}

impl Preparation {
    /// A preparation for a model's input `[H, W, C]`. Where `spec` normalises `featurewise`, `statistics` are
    /// the training split's; without them that step is left out (which is how they are found).
    /// # Errors
    /// [`PrepareError`] if `spec` contradicts the input.
    pub fn new(
        spec: &PrepareSpec,
        input: &Shape,
        statistics: Option<&Featurewise>,
    ) -> Result<Self, PrepareError> {
        let Some((height, width, channels)) = input.as_image() else {
            return Err(PrepareError::NoPicture { input: input.clone() });
        };
        let resize = spec.resize.as_ref().map(|resize| resize.value);
        if let Some(resize) = resize.filter(|resize| [resize.height, resize.width] != [height, width]) {
            return Err(PrepareError::Resize {
                made: [resize.height, resize.width],
                wanted: [height, width],
            });
        }
        let color = spec.color.as_ref().map(|color| color.value);
        if let Some(made) = color.map(channels_of).filter(|&made| made != channels) {
            return Err(PrepareError::Color { made, wanted: channels });
        }
        let per_channel = |mean: &[f32], std: &[f32], reversed| {
            let given = if mean.len() == channels { std.len() } else { mean.len() };
            if given != channels {
                return Err(PrepareError::Normalize { given, wanted: channels });
            }
            Ok(Finish::Standard { mean: mean.to_vec(), std: std.to_vec(), reversed })
        };
        let finish = match spec.normalize.as_ref().map(|normalize| &normalize.value) {
            None => Finish::Scale,
            Some(Normalize::PerImage) => Finish::PerImage,
            Some(Normalize::Featurewise) => match statistics {
                Some(Featurewise { mean, std }) => per_channel(mean, std, false)?,
                None => Finish::Scale,
            },
            Some(Normalize::Standard { mean, std, bgr }) => per_channel(mean, std, *bgr)?,
        };
        let rescale = spec.rescale.as_ref().map_or(1.0, |rescale| rescale.value);
        let tables = match &finish {
            Finish::Standard { mean, std, .. } => mean
                .iter()
                .zip(std)
                .map(|(mean, std)| std::array::from_fn(|x| (x as f32 * rescale - mean) / std))
                .collect(),
            Finish::Scale | Finish::PerImage => Vec::new(),
        };
        Ok(Self { height, width, channels, open: [false; 2], resize, color, rescale, finish, tables })
    }

    /// The same for pictures whose height or width is left open, unless they are resized: they keep it.
    #[must_use]
    pub fn leaving_open(self, open: [bool; 2]) -> Self {
        let open = if self.resize.is_some() { [false; 2] } else { open };
        Self { open, ..self }
    }

    /// Whether prepared pictures may differ in size.
    pub(super) fn is_open(&self) -> bool {
        self.open != [false; 2]
    }

    /// The preparation of pictures of one size, `[height, width]`; the same where sizes are not left open.
    pub fn at(&self, size: [usize; 2]) -> Cow<'_, Self> {
        if !self.is_open() || size == [self.height, self.width] {
            return Cow::Borrowed(self);
        }
        let extent = |axis: usize, present: usize| if self.open[axis] { size[axis] } else { present };
        Cow::Owned(Self { height: extent(0, self.height), width: extent(1, self.width), ..self.clone() })
    }

    /// `[H, W, C]` of a prepared picture.
    pub fn size(&self) -> [usize; 3] {
        [self.height, self.width, self.channels]
    }

    /// Values of a prepared picture.
    pub fn elements(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// What arranging a picture takes besides the picture and the result, at most: the picture in another
    /// colour, and its rows resized.
    pub(super) fn scratch_bytes(&self, picture: &PictureHeader) -> u64 {
        let PictureHeader { height, width, channels, .. } = *picture;
        let pixels = height as u64 * width as u64;
        let colored = match self.color {
            Some(Color::LabL) => 4 * pixels,
            Some(Color::Rgb | Color::Gray) | None if channels == self.channels => 0,
            Some(Color::Rgb | Color::Gray) | None if self.resize.is_some() && self.repeats_grey(channels) => {
                0
            }
            Some(Color::Rgb | Color::Gray) | None => pixels * self.channels as u64,
        };
        let rows =
            if self.resize.is_some() { 4 * height as u64 * (self.width * self.channels) as u64 } else { 0 };
        colored + rows
    }

    /// Whether pictures are resized.
    pub(crate) fn resizes(&self) -> bool {
        self.resize.is_some()
    }

    /// Whether bytes `[H, W, channels]` stay bytes until they are finished: nothing is resized and no colour
    /// makes fractions.
    pub(super) fn keeps_bytes(&self) -> bool {
        self.resize.is_none() && self.color != Some(Color::LabL)
    }

    /// The whole way for one picture, written to `out` (`elements()` values).
    /// # Errors
    /// [`PrepareError::Size`], [`PrepareError::Channels`].
    pub fn apply(&self, picture: &Picture<'_>, out: &mut [f32]) -> Result<(), PrepareError> {
        self.arrange(picture, out)?;
        self.finish(out);
        Ok(())
    }

    /// The first stages: colour and size. Values stay 0..=255 (`lab_l`: 0..=100).
    pub(crate) fn arrange(&self, picture: &Picture<'_>, out: &mut [f32]) -> Result<(), PrepareError> {
        if let Some(spec) = self.resize.as_ref().filter(|_| self.repeats_grey(picture.channels)) {
            arrange_grey(picture, spec, out);
            return Ok(());
        }
        let colored = self.convert(picture)?;
        let found = (picture.height, picture.width);
        match (&self.resize, colored.as_slice()) {
            (Some(spec), PixelSlice::Bytes(bytes)) => resize::resize(bytes, found, self.channels, spec, out),
            (Some(spec), PixelSlice::Floats(floats)) => {
                resize::resize(floats, found, self.channels, spec, out)
            }
            (None, _) if found != (self.height, self.width) => {
                return Err(PrepareError::Size {
                    found: [found.0, found.1],
                    wanted: [self.height, self.width],
                });
            }
            (None, PixelSlice::Bytes(bytes)) => {
                out.iter_mut().zip(bytes).for_each(|(value, &byte)| *value = f32::from(byte))
            }
            (None, PixelSlice::Floats(floats)) => out.copy_from_slice(floats),
        }
        Ok(())
    }

    /// Whether pictures of this many channels are grey ones that the model takes as RGB.
    fn repeats_grey(&self, channels: usize) -> bool {
        channels == 1 && self.channels == 3 && matches!(self.color, None | Some(Color::Rgb))
    }

    /// Colour conversion alone, of bytes that stay bytes; see [`Self::keeps_bytes`].
    pub(super) fn arranged_bytes<'a>(&self, picture: &Picture<'a>) -> Result<Cow<'a, [u8]>, PrepareError> {
        let found = [picture.height, picture.width];
        if found != [self.height, self.width] {
            return Err(PrepareError::Size { found, wanted: [self.height, self.width] });
        }
        match self.convert(picture)? {
            Colored::Bytes(bytes) => Ok(bytes),
            Colored::Floats(_) => {
                Err(PrepareError::Channels { found: picture.channels, wanted: self.channels })
            }
        }
    }

    /// The picture with the model's number of channels. Without a `color` setting grey is repeated and RGB is
    /// made grey where the model asks for it.
    fn convert<'a>(&self, picture: &Picture<'a>) -> Result<Colored<'a>, PrepareError> {
        let target = self.color.or(match self.channels {
            1 if picture.channels == 3 => Some(Color::Gray),
            3 if picture.channels == 1 => Some(Color::Rgb),
            _ => None,
        });
        let Some(target) =
            target.filter(|&target| target == Color::LabL || channels_of(target) != picture.channels)
        else {
            return if picture.channels == self.channels {
                Ok(Colored::from(picture.pixels))
            } else {
                Err(PrepareError::Channels { found: picture.channels, wanted: self.channels })
            };
        };
        Ok(match (target, picture.channels, picture.pixels) {
            (Color::Rgb, 1, PixelSlice::Bytes(bytes)) => {
                Colored::Bytes(bytes.iter().flat_map(|&v| [v; 3]).collect())
            }
            (Color::Rgb, 1, PixelSlice::Floats(floats)) => {
                Colored::Floats(floats.iter().flat_map(|&v| [v; 3]).collect())
            }
            (Color::Gray, 3, PixelSlice::Bytes(bytes)) => {
                Colored::Bytes(bytes.as_chunks().0.iter().map(|&p| color::gray(p)).collect())
            }
            (Color::Gray, 3, PixelSlice::Floats(floats)) => {
                Colored::Floats(floats.as_chunks().0.iter().map(|&p| color::gray_float(p)).collect())
            }
            (Color::LabL, 3, PixelSlice::Bytes(bytes)) => {
                Colored::Floats(bytes.as_chunks().0.iter().map(|&p| color::lab_l(p)).collect())
            }
            (Color::LabL, 3, PixelSlice::Floats(floats)) => {
                Colored::Floats(floats.as_chunks().0.iter().map(|&p| color::lab_l_float(p)).collect())
            }
            (Color::LabL, 1, pixels) => {
                Colored::Floats(pixels.to_floats().iter().map(|&v| color::lab_l_float([v; 3])).collect())
            }
            (Color::Rgb | Color::Gray | Color::LabL, found, _) => {
                return Err(PrepareError::Channels { found, wanted: self.channels });
            }
        })
    }

    /// The last stages, in place: rescale and normalize.
    pub(super) fn finish(&self, values: &mut [f32]) {
        match &self.finish {
            Finish::Scale => self.scale(values),
            Finish::PerImage => {
                self.scale(values);
                standardize(values);
            }
            Finish::Standard { mean, std, reversed } => {
                for pixel in values.chunks_exact_mut(self.channels) {
                    if *reversed {
                        pixel.reverse();
                    }
                    for ((value, mean), std) in pixel.iter_mut().zip(mean).zip(std) {
                        *value = (*value * self.rescale - mean) / std;
                    }
                }
            }
        }
    }

    /// The same from arranged bytes. Gives exactly what [`Self::finish`] gives for them as floats.
    pub(super) fn finish_bytes(&self, bytes: &[u8], out: &mut [f32]) {
        match &self.finish {
            Finish::Scale => {
                out.iter_mut().zip(bytes).for_each(|(value, &byte)| *value = f32::from(byte) * self.rescale)
            }
            Finish::PerImage => {
                out.iter_mut().zip(bytes).for_each(|(value, &byte)| *value = f32::from(byte) * self.rescale);
                standardize(out);
            }
            Finish::Standard { reversed, .. } => {
                for (pixel, source) in
                    out.chunks_exact_mut(self.channels).zip(bytes.chunks_exact(self.channels))
                {
                    for (c, (value, table)) in pixel.iter_mut().zip(&self.tables).enumerate() {
                        let from = if *reversed { self.channels - 1 - c } else { c };
                        *value = table[usize::from(source[from])];
                    }
                }
            }
        }
    }

    fn scale(&self, values: &mut [f32]) {
        if self.rescale != 1.0 {
            values.iter_mut().for_each(|value| *value *= self.rescale);
        }
    }
}

/// Channels that a colour conversion makes.
fn channels_of(color: Color) -> usize {
    match color {
        Color::Rgb => 3,
        Color::Gray | Color::LabL => 1,
    }
}

/// Mean 0 and deviation 1, the deviation taken as at least `1/√elements`
/// (`tf.image.per_image_standardization`). Sums are f64.
fn standardize(values: &mut [f32]) {
    let n = values.len() as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n;
    let deviation = variance.sqrt().max(1.0 / n.sqrt());
    values.iter_mut().for_each(|v| *v = ((f64::from(*v) - mean) / deviation) as f32);
}

/// Pixels after colour conversion.
enum Colored<'a> {
    Bytes(Cow<'a, [u8]>),
    Floats(Cow<'a, [f32]>),
}

impl<'a> Colored<'a> {
    fn from(pixels: PixelSlice<'a>) -> Self {
        match pixels {
            PixelSlice::Bytes(bytes) => Colored::Bytes(Cow::Borrowed(bytes)),
            PixelSlice::Floats(floats) => Colored::Floats(Cow::Borrowed(floats)),
        }
    }

    fn as_slice(&self) -> PixelSlice<'_> {
        match self {
            Colored::Bytes(bytes) => PixelSlice::Bytes(bytes),
            Colored::Floats(floats) => PixelSlice::Floats(floats),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Fit, ResizeMethod};
    use crate::source::{Span, Spanned};

    #[test]
    fn grey_is_repeated_after_it_is_resized() {
        let grey: Vec<u8> = (0..35u32).map(|at| (at * 83 % 251) as u8).collect();
        let tripled: Vec<u8> = grey.iter().flat_map(|&value| [value; 3]).collect();
        let picture =
            |channels, pixels| Picture { height: 5, width: 7, channels, pixels: PixelSlice::Bytes(pixels) };
        for method in [ResizeMethod::Bilinear, ResizeMethod::Area, ResizeMethod::Lanczos3] {
            for fit in [Fit::Stretch, Fit::Crop, Fit::Letterbox] {
                let resize = Resize { height: 4, width: 3, method, fit };
                let spec = PrepareSpec {
                    resize: Some(Spanned::new(resize, Span::default())),
                    ..PrepareSpec::default()
                };
                let preparation = Preparation::new(&spec, &Shape::image(4, 3, 3), None).unwrap();
                let [mut repeated, mut resized] = [0, 1].map(|_| vec![9.0f32; 36]);
                preparation.arrange(&picture(1, &grey), &mut repeated).unwrap();
                preparation.arrange(&picture(3, &tripled), &mut resized).unwrap();
                let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&repeated), bits(&resized), "{method:?} {fit:?}");
            }
        }
    }
}
