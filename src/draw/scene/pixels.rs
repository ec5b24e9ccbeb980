//! Pixels: values as colours, colours as PNG files.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::imageops;
use image::{ExtendedColorType, ImageEncoder, ImageFormat};

use super::Raster;
use crate::draw::colors::{Color, ColorMap};

/// From this side on pixels are a photo; what is smaller is looked at pixel by pixel.
const PHOTO: usize = 96;
/// Of JPEG, from 1 to 100: what is lost is not seen.
const QUALITY: u8 = 85;
/// Pixels for each of the page: screens have up to two.
const DENSITY: f64 = 2.0;

impl Raster {
    /// A photo as JPEG, no larger than it is shown, `[height, width]` in pixels of the page. `None` where it is
    /// none, or that would not be smaller.
    pub(super) fn as_jpeg(&self, shown: [f64; 2]) -> Option<Vec<u8>> {
        if self.size.iter().any(|side| *side < PHOTO) {
            return None;
        }
        let mut photo = image::load_from_memory_with_format(&self.png, ImageFormat::Png).ok()?.into_rgb8();
        let [height, width] = shown.map(|side| (side * DENSITY).ceil().max(1.0) as u32);
        if photo.height() > height && photo.width() > width {
            photo = imageops::resize(&photo, width, height, imageops::FilterType::Triangle);
        }
        let mut jpeg = Vec::new();
        photo.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, QUALITY)).ok()?;
        (jpeg.len() < self.png.len()).then_some(jpeg)
    }

    /// Of colours, row by row.
    ///
    /// # Panics
    /// If there are not as many as the picture has pixels.
    pub fn of_rgb([height, width]: [usize; 2], rgb: &[u8]) -> Self {
        assert_eq!(rgb.len(), height * width * 3, "three bytes for each pixel");
        let mut png = Cursor::new(Vec::new());
        let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Default, FilterType::Adaptive);
        encoder
            .write_image(rgb, width as u32, height as u32, ExtendedColorType::Rgb8)
            .expect("the buffer has the picture's size, and memory takes it");
        Raster { size: [height, width], png: png.into_inner() }
    }

    /// Of values from 0 to 1, row by row, each in its colour.
    ///
    /// # Panics
    /// As [`Raster::of_rgb`].
    pub fn of_map(size: [usize; 2], values: impl IntoIterator<Item = f32>, colors: ColorMap) -> Self {
        let rgb: Vec<u8> = values
            .into_iter()
            .flat_map(|value| {
                let Color(rgb) = colors.at(value);
                rgb
            })
            .collect();
        Raster::of_rgb(size, &rgb)
    }
}

/// Bytes of red, green and blue for values of pixels, row by row. The first value is black, the second white.
/// Of pixels with neither one nor three channels the first is shown.
pub(crate) fn rgb_of(
    values: impl IntoIterator<Item = f32>,
    channels: usize,
    (black, white): (f32, f32),
) -> Vec<u8> {
    let range = (white - black).max(f32::MIN_POSITIVE);
    let byte = |value: f32| ((value - black) / range * 255.0).round().clamp(0.0, 255.0) as u8;
    let bytes: Vec<u8> = values.into_iter().map(byte).collect();
    match channels {
        3 => bytes,
        _ => bytes.chunks_exact(channels.max(1)).flat_map(|pixel| [pixel[0]; 3]).collect(),
    }
}
