//! Pictures side by side in one PNG file.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

use super::failure::Failure;

/// Small pictures are enlarged by a whole number until their shorter side has so many pixels.
const LEGIBLE: usize = 96;
/// White between pictures.
const GAP: usize = 2;
/// Longest side of a sheet.
const LONGEST: usize = 30_000;

/// A PNG with all pictures of `size` (`[H, W, C]`), in rows of about as many as there are rows. Values are
/// shown from 0 to 255, or from the least to the largest where they lie elsewhere.
/// # Errors
/// [`Failure::Mistake`] if there are too many for one sheet.
pub(super) fn sheet(size: [usize; 3], pictures: &[&[f32]]) -> Result<Vec<u8>, Failure> {
    let [height, width, _] = size;
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
    let shown = shown_range(pictures);
    let mut image = RgbImage::from_pixel(sheet_width as u32, sheet_height as u32, Rgb([255; 3]));
    for (at, picture) in pictures.iter().enumerate() {
        let corner = [at / columns * (height * scale + GAP), at % columns * (width * scale + GAP)];
        for y in 0..height * scale {
            for x in 0..width * scale {
                let pixel = color(size, picture, [y / scale, x / scale], shown);
                image.put_pixel((corner[1] + x) as u32, (corner[0] + y) as u32, pixel);
            }
        }
    }
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png).map_err(|error| {
        Failure::mistake(format!("cannot encode the sheet: {error}"), "write fewer pictures")
    })?;
    Ok(png.into_inner())
}

/// The values that are shown black and white.
fn shown_range(pictures: &[&[f32]]) -> (f32, f32) {
    let values = || pictures.iter().flat_map(|picture| picture.iter().copied());
    let (low, high) = (values().fold(f32::INFINITY, f32::min), values().fold(f32::NEG_INFINITY, f32::max));
    if low >= 0.0 && high <= 255.0 && high > 100.0 {
        (0.0, 255.0)
    } else {
        (low, high.max(low + f32::EPSILON))
    }
}

fn color(
    [_, width, channels]: [usize; 3],
    values: &[f32],
    [y, x]: [usize; 2],
    (low, high): (f32, f32),
) -> Rgb<u8> {
    let pixel = &values[(y * width + x) * channels..][..channels];
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
        let png = sheet([2, 2, 1], &[&black, &grey, &white]).expect("they fit");
        let image = image::load_from_memory(&png).expect("a picture").into_rgb8();
        // two rows and columns of 96 pixels, with a gap
        assert_eq!(image.dimensions(), (194, 194));
        let at = |x, y| image.get_pixel(x, y).0[0];
        assert_eq!(
            [at(0, 0), at(95, 95), at(97, 0), at(100, 0), at(0, 100), at(100, 100)],
            [0, 0, 255, 128, 255, 255]
        );
    }
}
