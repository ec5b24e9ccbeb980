//! JPEG, strictly.
//!
//! `image` decodes with the same library and takes what it gets: where the data are no code any
//! more it gives the rest in grey. The pixels of good files are the same, bit by bit.

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Pixels of a JPEG, `[height, width, 3]`, or `[height, width, 1]` where it is `grey`.
/// # Errors
/// The reason, in words.
pub(super) fn pixels(bytes: &[u8], grey: bool) -> Result<Vec<u8>, String> {
    let lenient = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX)
        .jpeg_set_out_colorspace(if grey { ColorSpace::Luma } else { ColorSpace::RGB });
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), lenient);
    // oddities between headers lose nothing: strict is what comes after them
    decoder.decode_headers().map_err(|error| error.to_string())?;
    decoder.set_options(lenient.set_strict_mode(true));
    decoder.decode().map_err(|error| error.to_string())
}
