//! Pixels as PNG files.

use std::io::Cursor;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use super::Raster;
use crate::draw::colors::{Color, ColorMap};

impl Raster {
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
