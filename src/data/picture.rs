//! Decoded pictures, and decoding.

use std::borrow::Cow;
use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageReader};

/// Pixels of a picture `[height, width, channels]`, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Values a pixel: 1 (grey) or 3 (RGB) for picture files; arrays may have others.
    pub channels: usize,
    /// `height · width · channels` values, row by row, channels last.
    pub pixels: PixelSlice<'a>,
}

/// Values of a picture.
#[derive(Debug, Clone, Copy)]
pub enum PixelSlice<'a> {
    /// 0..=255.
    Bytes(&'a [u8]),
    /// Of any range.
    Floats(&'a [f32]),
}

impl<'a> PixelSlice<'a> {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            PixelSlice::Bytes(bytes) => bytes.len(),
            PixelSlice::Floats(floats) => floats.len(),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values as f32; bytes are converted.
    pub(crate) fn to_floats(self) -> Cow<'a, [f32]> {
        match self {
            PixelSlice::Bytes(bytes) => Cow::Owned(bytes.iter().map(|&byte| f32::from(byte)).collect()),
            PixelSlice::Floats(floats) => Cow::Borrowed(floats),
        }
    }
}

/// A decoded picture file: grey or RGB, 8 bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedPicture {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// 1 or 3.
    pub channels: usize,
    /// `[height, width, channels]`.
    pub pixels: Vec<u8>,
}

impl DecodedPicture {
    /// The picture, borrowed.
    pub fn as_picture(&self) -> Picture<'_> {
        Picture {
            height: self.height,
            width: self.width,
            channels: self.channels,
            pixels: PixelSlice::Bytes(&self.pixels),
        }
    }
}

/// What a picture file's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PictureHeader {
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// 1 or 3, as [`decode`] will give them.
    pub(crate) channels: usize,
}

/// Larger sides are refused: no camera makes them, broken headers do.
const MAX_SIDE: u32 = 1 << 15;
/// A decoder may take this much: 512 MiB.
const MAX_DECODER_BYTES: u64 = 512 << 20;

/// File name endings of pictures that can be decoded.
pub(crate) const EXTENSIONS: [&str; 11] =
    ["png", "jpg", "jpeg", "jfif", "ppm", "pgm", "pbm", "pnm", "bmp", "gif", "webp"];

/// Whether a file's name is that of a picture.
pub(crate) fn has_picture_name(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| EXTENSIONS.iter().any(|known| end.eq_ignore_ascii_case(known)))
}

/// Opens a decoder by what the file holds, whatever its name says, with bounds on size and memory.
fn decoder(bytes: &[u8]) -> Result<impl ImageDecoder + '_, String> {
    if bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    if reader.format().is_none() {
        return Err("not a PNG, JPEG, PPM, BMP, GIF or WebP picture".to_owned());
    }
    let mut limits = image::Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE || decoder.total_bytes() > MAX_DECODER_BYTES {
        return Err(format!("{width}x{height} is no size of a picture"));
    }
    Ok(decoder)
}

/// Reads a picture's header.
/// # Errors
/// The reason, in words.
pub(crate) fn header(bytes: &[u8]) -> Result<PictureHeader, String> {
    let decoder = decoder(bytes)?;
    let (width, height) = decoder.dimensions();
    let channels = if decoder.color_type().has_color() { 3 } else { 1 };
    Ok(PictureHeader { height: height as usize, width: width as usize, channels })
}

/// Decodes a picture file to 8 bits, grey or RGB. Alpha is dropped, of an animation the first picture is taken, 16 bits become 8 (as Keras and Pillow do
/// it). A rotation in EXIF data is not applied: Keras ignores it too, and the same file must give the same picture in both.
/// # Errors
/// The reason, in words.
pub fn decode(bytes: &[u8]) -> Result<DecodedPicture, String> {
    let decoder = decoder(bytes)?;
    let color = decoder.color_type().has_color();
    let image = DynamicImage::from_decoder(decoder).map_err(|error| error.to_string())?;
    let (width, height) = (image.width() as usize, image.height() as usize);
    let (channels, pixels) = if color { (3, image.into_rgb8().into_raw()) } else { (1, image.into_luma8().into_raw()) };
    Ok(DecodedPicture { height, width, channels, pixels })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, Rgb, RgbImage};

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::from_fn(3, 2, |x, y| Rgb([(x * 80) as u8, (y * 100) as u8, 7])).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn lossless_formats_give_their_pixels() {
        for format in [ImageFormat::Png, ImageFormat::Pnm, ImageFormat::Bmp, ImageFormat::WebP] {
            let bytes = encoded(format);
            let picture = decode(&bytes).unwrap();
            assert_eq!((picture.height, picture.width, picture.channels), (2, 3, 3), "{format:?}");
            assert_eq!(picture.pixels[..6], [0, 0, 7, 80, 0, 7], "{format:?}");
            assert_eq!(picture.pixels[9..12], [0, 100, 7], "{format:?}");
            assert_eq!(header(&bytes).unwrap(), PictureHeader { height: 2, width: 3, channels: 3 });
        }
        for format in [ImageFormat::Jpeg, ImageFormat::Gif] {
            let picture = decode(&encoded(format)).unwrap();
            assert_eq!(
                (picture.height, picture.width, picture.channels, picture.pixels.len()),
                (2, 3, 3, 18),
                "{format:?}"
            );
        }
    }

    #[test]
    fn grey_stays_grey_and_alpha_goes() {
        let mut bytes = Cursor::new(Vec::new());
        image::GrayAlphaImage::from_pixel(2, 1, image::LumaA([90, 3])).write_to(&mut bytes, ImageFormat::Png).unwrap();
        let picture = decode(bytes.get_ref()).unwrap();
        assert_eq!((picture.channels, picture.pixels), (1, vec![90, 90]));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert!(decode(b"").unwrap_err().contains("empty"));
        assert!(decode(b"hello, world").unwrap_err().contains("not a PNG"));
        let png = encoded(ImageFormat::Png);
        assert!(decode(&png[..png.len() / 2]).is_err());
        assert!(header(b"P6\n70000 70000\n255\n").is_err());
        assert!(decode(b"P6\n30000 30000\n255\nabc").is_err());
    }
}
