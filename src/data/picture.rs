//! Decoded pictures, and decoding.

use std::borrow::Cow;
use std::io::Cursor;

use image::metadata::Orientation;
use image::{ColorType, DynamicImage, GrayImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};

use super::bounds::{Bounds, size_text};
use super::guard::guarded;
use super::whole::{self, Walk};
use super::{jpeg, room};

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
    /// Rows, as the picture stands upright.
    pub(crate) height: usize,
    /// Columns.
    pub(crate) width: usize,
    /// 1 or 3, as [`decode`] will give them.
    pub(crate) channels: usize,
    /// What decoding takes at its peak, at most.
    pub(crate) decoding_bytes: u64,
}

/// Larger sides are refused: no camera makes them, broken headers do.
const MAX_SIDE: u32 = 1 << 15;

/// What a PNG may unpack beside its pixels: 64 MiB.
const MAX_BESIDE_BYTES: u64 = 64 << 20;

/// File name endings of pictures that can be decoded.
pub(crate) const EXTENSIONS: [&str; 11] =
    ["png", "jpg", "jpeg", "jfif", "ppm", "pgm", "pbm", "pnm", "bmp", "gif", "webp"];

/// Whether a file's name is that of a picture.
pub(crate) fn has_picture_name(name: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, end)| EXTENSIONS.iter().any(|known| end.eq_ignore_ascii_case(known)))
}

/// A picture file whose header has been read and found within bounds.
struct Opened<D> {
    decoder: D,
    format: ImageFormat,
    header: PictureHeader,
    orientation: Orientation,
}

/// Opens a picture by what the file holds, whatever its name says. Nothing is decoded.
fn open(bytes: &[u8], bounds: Bounds) -> Result<Opened<impl ImageDecoder + '_>, String> {
    guarded(|| open_unguarded(bytes, bounds))
}

fn open_unguarded(bytes: &[u8], bounds: Bounds) -> Result<Opened<impl ImageDecoder + '_>, String> {
    if bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    let Some(format) = reader.format() else {
        return Err("not a PNG, JPEG, PPM, BMP, GIF or WebP picture".to_owned());
    };
    let mut limits = image::Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
    // beside the picture a PNG may have texts and profiles, which are never asked for
    let beside = if format == ImageFormat::Png { MAX_BESIDE_BYTES } else { u64::MAX };
    limits.max_alloc = Some(bounds.picture_bytes().min(beside));
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions();
    let pixels = checked_pixels([width, height], bounds)?;
    let walk = whole::walk(bytes, format)?;
    let frame_pixels = if walk.frame == [0; 2] { pixels } else { checked_pixels(walk.frame, bounds)? };
    // P5 and P6: all values as bytes behind a header
    let is_raw = bytes.starts_with(b"P5") || bytes.starts_with(b"P6");
    if is_raw && (bytes.len() as u64) < decoder.total_bytes() {
        return Err(whole::CUT.to_owned());
    }
    // a picture whose notes cannot be read stands as it lies
    #[expect(clippy::wildcard_enum_match_arm, reason = "of a foreign enum; all others are asked")]
    let orientation = match format {
        // looking for what is not there would read all headers again
        ImageFormat::Jpeg if !walk.has_exif => Orientation::NoTransforms,
        _ => decoder.orientation().unwrap_or(Orientation::NoTransforms),
    };
    let (height, width) = if turns(orientation) { (width, height) } else { (height, width) };
    let color = decoder.color_type();
    let channels = if color.has_color() { 3 } else { 1 };
    let result = pixels * channels;
    let copies = u64::from(!matches!(color, ColorType::L8 | ColorType::Rgb8)) + u64::from(turns(orientation));
    let inside = pixels.max(frame_pixels) * bytes_inside(format, walk);
    let decoding_bytes = decoder.total_bytes() + copies * result + inside + bytes.len() as u64;
    let header = PictureHeader {
        height: height as usize,
        width: width as usize,
        channels: channels as usize,
        decoding_bytes,
    };
    Ok(Opened { decoder, format, header, orientation })
}

/// The pixels of a picture of this `[width, height]`, if it is not too large.
fn checked_pixels([width, height]: [u32; 2], bounds: Bounds) -> Result<u64, String> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 || width > MAX_SIDE || height > MAX_SIDE {
        return Err(format!("{width}x{height} is no size of a picture"));
    }
    let most = bounds.max_pixels;
    if pixels > most {
        return Err(format!("{width}x{height} has {pixels} pixels, more than the {most} of `--max-pixels`"));
    }
    Ok(pixels)
}

/// What a decoder keeps of each pixel beside its result, at most.
fn bytes_inside(format: ImageFormat, walk: Walk) -> u64 {
    #[expect(clippy::wildcard_enum_match_arm, reason = "of a foreign enum; the others keep some rows")]
    match format {
        // coefficients of 16 bits of each channel (of four at most)
        ImageFormat::Jpeg if walk.has_several_scans => 8,
        // planes of luma and chroma, or a picture of 32 bits and what it is predicted from
        ImageFormat::WebP => 8,
        // a frame that does not fill the screen, with its palette looked up
        ImageFormat::Gif => 4,
        _ => 0,
    }
}

/// Whether height and width change places.
fn turns(orientation: Orientation) -> bool {
    match orientation {
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => true,
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => false,
    }
}

/// Reads a picture's header, and looks whether the file goes on to its end.
/// # Errors
/// The reason, in words.
pub(crate) fn header(bytes: &[u8], bounds: Bounds) -> Result<PictureHeader, String> {
    let header = open(bytes, bounds)?.header;
    fits(&header, 0, bounds)?;
    Ok(header)
}

/// Decodes a picture file to 8 bits, grey or RGB. Alpha is dropped, of an animation the first picture is
/// taken, 16 bits become 8 (as Keras and Pillow do it). A rotation in EXIF data is applied, as Pillow's
/// `exif_transpose` does it (Keras does not).
/// # Errors
/// The reason, in words: among others a file that is cut short or has holes.
pub fn decode(bytes: &[u8], bounds: Bounds) -> Result<DecodedPicture, String> {
    decode_for(bytes, bounds, |_| 0, |picture| picture)
}

/// Decodes a picture and hands it to `take`, as long as there is room for it. `more` says what `take` needs
/// besides.
/// # Errors
/// As [`decode`].
pub(super) fn decode_for<T>(
    bytes: &[u8],
    bounds: Bounds,
    more: impl FnOnce(&PictureHeader) -> u64,
    take: impl FnOnce(DecodedPicture) -> T,
) -> Result<T, String> {
    let Opened { decoder, format, header, orientation } = open(bytes, bounds)?;
    let wanted = fits(&header, more(&header), bounds)?;
    let room = room::take(wanted, bounds.together_bytes());
    let grey = header.channels == 1;
    let mut image = guarded(|| {
        if format == ImageFormat::Jpeg {
            let (width, height) = decoder.dimensions();
            of_pixels(width, height, jpeg::pixels(bytes, grey)?, grey)
        } else {
            DynamicImage::from_decoder(decoder).map_err(|error| error.to_string())
        }
    })?;
    if orientation != Orientation::NoTransforms {
        image.apply_orientation(orientation);
    }
    let pixels = if grey { image.into_luma8().into_raw() } else { image.into_rgb8().into_raw() };
    let PictureHeader { height, width, channels, .. } = header;
    let taken = take(DecodedPicture { height, width, channels, pixels });
    drop(room);
    Ok(taken)
}

fn of_pixels(width: u32, height: u32, pixels: Vec<u8>, grey: bool) -> Result<DynamicImage, String> {
    let image = if grey {
        GrayImage::from_raw(width, height, pixels).map(DynamicImage::ImageLuma8)
    } else {
        RgbImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8)
    };
    image.ok_or_else(|| "its pixels are fewer than its header says".to_owned())
}

/// What decoding takes with `more`, if there is as much.
fn fits(header: &PictureHeader, more: u64, bounds: Bounds) -> Result<u64, String> {
    let wanted = header.decoding_bytes.saturating_add(more);
    if wanted <= bounds.picture_bytes() {
        return Ok(wanted);
    }
    let PictureHeader { height, width, .. } = header;
    let (wanted, there) = (size_text(wanted), size_text(bounds.picture_bytes()));
    Err(format!("{width}x{height} takes {wanted} to decode, more than half of the memory ({there})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn decode(bytes: &[u8]) -> Result<DecodedPicture, String> {
        super::decode(bytes, Bounds::default())
    }

    fn header(bytes: &[u8]) -> Result<PictureHeader, String> {
        super::header(bytes, Bounds::default())
    }

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::from_fn(3, 2, |x, y| Rgb([(x * 80) as u8, (y * 100) as u8, 7]))
            .write_to(&mut bytes, format)
            .unwrap();
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
            let PictureHeader { height, width, channels, .. } = header(&bytes).unwrap();
            assert_eq!((height, width, channels), (2, 3, 3));
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
        image::GrayAlphaImage::from_pixel(2, 1, image::LumaA([90, 3]))
            .write_to(&mut bytes, ImageFormat::Png)
            .unwrap();
        let picture = decode(bytes.get_ref()).unwrap();
        assert_eq!((picture.channels, picture.pixels), (1, vec![90, 90]));
    }

    #[test]
    fn sixteen_bits_become_eight() {
        let mut bytes = Cursor::new(Vec::new());
        let pixel = image::Rgba([0x1234u16, 0xffff, 0x8000, 0x0001]);
        image::ImageBuffer::from_pixel(2, 2, pixel).write_to(&mut bytes, ImageFormat::Png).unwrap();
        let picture = decode(bytes.get_ref()).unwrap();
        assert_eq!((picture.channels, &picture.pixels[..3]), (3, &[0x12, 0xff, 0x80][..]));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert!(decode(b"").unwrap_err().contains("empty"));
        assert!(decode(b"hello, world").unwrap_err().contains("not a PNG"));
        let png = encoded(ImageFormat::Png);
        assert!(decode(&png[..png.len() / 2]).is_err());
        assert!(header(b"P6\n70000 70000\n255\n").is_err());
        assert!(decode(b"P6\n30000 30000\n255\nabc").is_err());
        let uneven = include_bytes!("../../tests/fuzz/corpus/picture/uneven-palette.png");
        assert!(decode(uneven).unwrap_err().contains("a palette of 49 bytes"));
        // the screen is small, and the picture on it is not
        let bomb = include_bytes!("../../tests/fuzz/corpus/picture/huge-frame.gif");
        assert!(header(bomb).unwrap_err().contains("no size of a picture"));
        let mut smaller = bomb.to_vec();
        let frame = smaller.iter().position(|&byte| byte == 0x2c).unwrap();
        smaller[frame + 5..frame + 9].copy_from_slice(&[0x20, 0x4e, 0x20, 0x4e]);
        assert!(header(&smaller).unwrap_err().contains("20000x20000 has 400000000 pixels"));
    }

    /// A picture with some detail, so that all parts of its file matter.
    fn detailed(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let pixel = |x: u32, y: u32| Rgb([((x * 37) ^ (y * 91)) as u8, (x * y) as u8, (x * 5 + y * 3) as u8]);
        RgbImage::from_fn(40, 33, pixel).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_refused() {
        for format in
            [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Bmp, ImageFormat::Pnm, ImageFormat::WebP]
        {
            let bytes = detailed(format);
            assert!(decode(&bytes).is_ok(), "{format:?}");
            for cut in 0..bytes.len() {
                assert!(decode(&bytes[..cut]).is_err(), "{format:?} cut at {cut} of {}", bytes.len());
            }
        }
        // what follows the first picture of a GIF is not needed
        let bytes = detailed(ImageFormat::Gif);
        let whole = decode(&bytes).unwrap();
        for cut in 0..bytes.len() {
            assert!(
                decode(&bytes[..cut]).map_or(true, |picture| picture == whole && cut + 2 >= bytes.len()),
                "{cut}"
            );
        }
    }

    #[test]
    fn a_jpeg_whose_data_are_no_code_is_refused() {
        let bytes = detailed(ImageFormat::Jpeg);
        let first = bytes.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap() + 14;
        let refused = (first..bytes.len() - 40).filter(|&at| {
            let mut wrong = bytes.clone();
            // sixteen ones are no code of any table: FF is followed by 00
            wrong[at..at + 8].copy_from_slice(&[0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0]);
            decode(&wrong).is_err()
        });
        assert!(refused.count() > (bytes.len() - first) / 2);
    }

    #[test]
    fn pictures_beyond_their_bounds_are_refused_by_their_headers() {
        let png = detailed(ImageFormat::Png);
        let few = Bounds { max_pixels: 1319, ..Bounds::default() };
        let error = super::header(&png, few).unwrap_err();
        assert!(error.contains("40x33 has 1320 pixels") && error.contains("--max-pixels"), "{error}");
        assert!(super::decode(&png, Bounds { max_pixels: 1320, ..few }).is_ok());
        let little = Bounds { memory_bytes: 4000, ..Bounds::default() };
        for error in [super::header(&png, little).unwrap_err(), super::decode(&png, little).unwrap_err()] {
            assert!(error.contains("half of the memory"), "{error}");
        }
    }

    /// A JPEG whose EXIF data say how it is to be turned.
    pub(crate) fn turned(jpeg: &[u8], orientation: u8) -> Vec<u8> {
        let tiff =
            [b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", &[orientation][..], &[0; 6]]
                .concat();
        let length = (tiff.len() as u16 + 2).to_be_bytes();
        [&jpeg[..2], &[0xff, 0xe1], &length, &tiff, &jpeg[2..]].concat()
    }

    #[test]
    fn exif_says_how_a_picture_stands() {
        let jpeg = detailed(ImageFormat::Jpeg);
        let plain = decode(&jpeg).unwrap();
        let at = |picture: &DecodedPicture, y: usize, x: usize| {
            picture.pixels[(y * picture.width + x) * 3..][..3].to_vec()
        };
        for (orientation, turned_size) in
            [(1, false), (2, false), (3, false), (4, false), (5, true), (6, true), (7, true), (8, true)]
        {
            let bytes = turned(&jpeg, orientation);
            let picture = decode(&bytes).unwrap();
            let header = header(&bytes).unwrap();
            assert_eq!((picture.height, picture.width), (header.height, header.width), "{orientation}");
            assert_eq!(picture.height == 40, turned_size, "{orientation}");
            // where the upper left corner of the file comes to stand (EXIF 2.3, tag 0x0112)
            let (last_y, last_x) = (picture.height - 1, picture.width - 1);
            let corner = match orientation {
                1 | 5 => (0, 0),
                2 | 6 => (0, last_x),
                3 | 7 => (last_y, last_x),
                _ => (last_y, 0),
            };
            assert_eq!(at(&picture, corner.0, corner.1), at(&plain, 0, 0), "{orientation}");
        }
    }
}
