//! Pictures as files: one by one, or side by side on a sheet.

use std::io::Cursor;
use std::path::Path;

use clap::ValueEnum;
use image::codecs::pnm::{PnmEncoder, PnmSubtype, SampleEncoding};
use image::{ImageFormat, Rgb, RgbImage};

use super::failure::Failure;

/// Small pictures are enlarged on a sheet by a whole number until their shorter side has this many pixels.
const LEGIBLE: usize = 96;
/// White between pictures.
const GAP: usize = 2;
/// Longest side of a sheet.
const LONGEST: usize = 30_000;

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
                "pictures are written as PNG, JPEG, WebP, BMP or PPM, not as {end}: name the output `….png`"
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

/// All pictures on one sheet, in rows of about as many as there are rows. Values are shown from 0 to 255, or
/// from the least to the largest where they lie elsewhere.
/// # Errors
/// [`Failure::Mistake`] if there are too many for one sheet.
pub(super) fn sheet(pictures: &[Shown<'_>], file_type: FileType) -> Result<Vec<u8>, Failure> {
    let largest = |axis: usize| pictures.iter().map(|picture| picture.size[axis]).max().unwrap_or(1);
    let (height, width) = (largest(0), largest(1));
    let columns = (1..).find(|columns| columns * columns >= pictures.len()).unwrap_or(1);
    let rows = pictures.len().div_ceil(columns).max(1);
    let scale = LEGIBLE.div_ceil(height.min(width)).max(1);
    let extent = |count: usize, side: usize| count * (side * scale + GAP) - GAP;
    let (sheet_height, sheet_width) = (extent(rows, height), extent(columns, width));
    if sheet_height.max(sheet_width) > LONGEST {
        return Err(Failure::mistake(
            format!("{} pictures of {height}x{width} do not fit on one sheet", pictures.len()),
            "write fewer with --count, or name a folder: --output pictures/",
        ));
    }
    let range = shown_range(pictures);
    let mut image = RgbImage::from_pixel(sheet_width as u32, sheet_height as u32, Rgb([255; 3]));
    for (at, picture) in pictures.iter().enumerate() {
        let corner = [at / columns * (height * scale + GAP), at % columns * (width * scale + GAP)];
        paint(&mut image, *picture, corner, scale, range);
    }
    encoded(&image, file_type)
}

/// One picture at its own size.
/// # Errors
/// [`Failure::Mistake`] if it cannot be encoded.
pub(super) fn alone(picture: Shown<'_>, range: (f32, f32), file_type: FileType) -> Result<Vec<u8>, Failure> {
    let [height, width, _] = picture.size;
    let mut image = RgbImage::new(width as u32, height as u32);
    paint(&mut image, picture, [0, 0], 1, range);
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

/// Draws a picture, each of its pixels as a square of `scale`.
fn paint(image: &mut RgbImage, picture: Shown<'_>, corner: [usize; 2], scale: usize, range: (f32, f32)) {
    let [height, width, _] = picture.size;
    for y in 0..height * scale {
        for x in 0..width * scale {
            let pixel = color(picture, [y / scale, x / scale], range);
            image.put_pixel((corner[1] + x) as u32, (corner[0] + y) as u32, pixel);
        }
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
    fn pictures_stand_side_by_side() {
        let (black, grey, white) = (vec![0.0; 4], vec![128.0; 4], vec![255.0; 4]);
        let shown = [&black, &grey, &white].map(|values| Shown { size: [2, 2, 1], values });
        let png = sheet(&shown, FileType::Png).expect("they fit");
        let image = image::load_from_memory(&png).expect("a picture").into_rgb8();
        // two rows and columns of 96 pixels, with a gap
        assert_eq!(image.dimensions(), (194, 194));
        let at = |x, y| image.get_pixel(x, y).0[0];
        assert_eq!(
            [at(0, 0), at(95, 95), at(97, 0), at(100, 0), at(0, 100), at(100, 100)],
            [0, 0, 255, 128, 255, 255]
        );
    }
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
