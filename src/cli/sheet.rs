//! Pictures as files: one by one at their own size, or all on a sheet.

use std::borrow::Cow;
use std::io::Cursor;
use std::path::Path;

use clap::ValueEnum;
use image::codecs::pnm::{PnmEncoder, PnmSubtype, SampleEncoding};
use image::{ImageFormat, Rgb, RgbImage};

use super::console::Console;
use super::failure::Failure;
use super::picture::{self, PictureType};
use crate::draw::scene::Scene;

/// A picture whose values are to be shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    /// `[H, W, C]`
    pub(super) size: [usize; 3],
    /// As many.
    pub(super) values: &'a [f32],
}

/// What a picture is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FileType {
    Png,
    #[value(alias = "jpeg")]
    Jpg,
    Webp,
    Bmp,
    Ppm,
}

impl FileType {
    /// The type that a file's name says; PNG where it says none.
    /// # Errors
    /// [`Failure::Usage`] if no such pictures are written.
    pub(super) fn of_name(path: &Path) -> Result<Self, Failure> {
        let Some(end) = path.extension().map(|end| end.to_string_lossy().into_owned()) else {
            return Ok(FileType::Png);
        };
        FileType::from_str(&end, true).map_err(|_| {
            Failure::Usage(format!(
                "pictures are written as PNG, JPEG, WebP, BMP or PPM, and a sheet as SVG, too, but not as {end}: name the output `….png`"
            ))
        })
    }

    /// What names of such files end in.
    pub(super) fn end(self) -> &'static str {
        match self {
            FileType::Png => "png",
            FileType::Jpg => "jpg",
            FileType::Webp => "webp",
            FileType::Bmp => "bmp",
            FileType::Ppm => "ppm",
        }
    }

    fn format(self) -> ImageFormat {
        match self {
            FileType::Png => ImageFormat::Png,
            FileType::Jpg => ImageFormat::Jpeg,
            FileType::Webp => ImageFormat::WebP,
            FileType::Bmp => ImageFormat::Bmp,
            FileType::Ppm => ImageFormat::Pnm,
        }
    }
}

/// Writes a sheet of pictures as the type that its name says; SVG, too. Returned is where it is: elsewhere only
/// where no font has the letters of a class, see [`picture::write`].
/// # Errors
/// [`Failure`] if it cannot be written.
pub(super) fn write<'p>(scene: &Scene, path: &'p Path, console: &Console) -> Result<Cow<'p, Path>, Failure> {
    if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("svg")) {
        return picture::write(scene, path, console);
    }
    let file_type = FileType::of_name(path)?;
    let of_png = |png: Vec<u8>| {
        if file_type == FileType::Png {
            return Ok(png);
        }
        let drawn = image::load_from_memory(&png)
            .map_err(|error| Failure::Bug(format!("a picture of ours cannot be read: {error}")))?;
        encoded(&drawn.into_rgb8(), file_type)
    };
    picture::write_as(scene, path, (PictureType::Png, &of_png), console)
}

/// One picture at its own size.
/// # Errors
/// [`Failure::Mistake`] if it cannot be encoded.
pub(super) fn alone(picture: Shown<'_>, range: (f32, f32), file_type: FileType) -> Result<Vec<u8>, Failure> {
    let [height, width, _] = picture.size;
    let mut image = RgbImage::new(width as u32, height as u32);
    paint(&mut image, picture, range);
    encoded(&image, file_type)
}

fn encoded(image: &RgbImage, file_type: FileType) -> Result<Vec<u8>, Failure> {
    let mut bytes = Cursor::new(Vec::new());
    let done = if file_type == FileType::Ppm {
        // by itself the encoder takes a newer form, which few programs read
        let pixmap = PnmSubtype::Pixmap(SampleEncoding::Binary);
        image.write_with_encoder(PnmEncoder::new(&mut bytes).with_subtype(pixmap))
    } else {
        image.write_to(&mut bytes, file_type.format())
    };
    done.map_err(|error| {
        Failure::mistake(format!("cannot encode the picture: {error}"), "write fewer pictures, or PNG")
    })?;
    Ok(bytes.into_inner())
}

fn paint(image: &mut RgbImage, picture: Shown<'_>, range: (f32, f32)) {
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        *pixel = color(picture, [y as usize, x as usize], range);
    }
}

/// The values that are shown black and white.
pub(super) fn shown_range(pictures: &[Shown<'_>]) -> (f32, f32) {
    let values = || pictures.iter().flat_map(|picture| picture.values.iter().copied());
    let (low, high) = (values().fold(f32::INFINITY, f32::min), values().fold(f32::NEG_INFINITY, f32::max));
    if low >= 0.0 && high <= 255.0 && high > 100.0 {
        (0.0, 255.0)
    } else {
        (low, high.max(low + f32::EPSILON))
    }
}

fn color(picture: Shown<'_>, [y, x]: [usize; 2], (low, high): (f32, f32)) -> Rgb<u8> {
    let [_, width, channels] = picture.size;
    let pixel = &picture.values[(y * width + x) * channels..][..channels];
    let byte = |value: f32| ((value - low) / (high - low) * 255.0).round().clamp(0.0, 255.0) as u8;
    match *pixel {
        [r, g, b] => Rgb([r, g, b].map(byte)),
        [first, ..] => Rgb([byte(first); 3]),
        [] => Rgb([0; 3]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_alone_keeps_its_size() {
        let values = vec![0.0, 255.0, 128.0];
        let shown = Shown { size: [1, 3, 1], values: &values };
        for format in [FileType::Png, FileType::Bmp, FileType::Webp, FileType::Ppm] {
            let bytes = alone(shown, (0.0, 255.0), format).expect("written");
            let image = image::load_from_memory(&bytes).expect("a picture").into_rgb8();
            assert_eq!(image.as_raw()[..], [0, 0, 0, 255, 255, 255, 128, 128, 128], "{format:?}");
        }
    }
}
