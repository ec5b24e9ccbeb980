//! Whether a picture file goes on to the end that its format says.
//!
//! Decoders show what there is of a file that was cut short, the rest in grey. What is walked here
//! is the structure alone; nothing is decoded.

use image::ImageFormat;

/// What a walk through a file found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Walk {
    /// A JPEG in several scans: its coefficients are all kept until the last has come.
    pub(super) has_several_scans: bool,
    /// A JPEG with EXIF data, which may say how it is to be turned.
    pub(super) has_exif: bool,
    /// `[width, height]` of the first picture of a GIF, which may be larger than the screen that its header
    /// speaks of.
    pub(super) frame: [u32; 2],
}

/// What is said of a file that does not go on to its end.
pub(super) const CUT: &str = "the file is cut short";

/// Walks through a file.
/// # Errors
/// The reason, in words: where it should go on and does not.
pub(super) fn walk(bytes: &[u8], format: ImageFormat) -> Result<Walk, String> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of a foreign enum; only some formats have an end of their own"
    )]
    let whole = match format {
        ImageFormat::Jpeg => {
            return jpeg(bytes).ok_or_else(|| format!("{CUT}: a JPEG ends with an end mark"));
        }
        ImageFormat::Png => return png(bytes).map(|()| Walk::default()),
        ImageFormat::Gif => return gif(bytes).ok_or_else(|| CUT.to_owned()),
        ImageFormat::WebP => web_p(bytes),
        // their decoders read all that the header announces
        _ => Some(()),
    };
    match whole {
        Some(()) => Ok(Walk::default()),
        None => Err(CUT.to_owned()),
    }
}

/// Segments up to the end mark. A segment's length steps over what is inside, a small picture for
/// example that has an end mark of its own; between segments lies compressed data, in which FF is
/// followed by 00 or by a restart mark. Source: ITU-T T.81, annex B.
fn jpeg(bytes: &[u8]) -> Option<Walk> {
    const RESTART: std::ops::RangeInclusive<u8> = 0xd0..=0xd7;
    let (mut at, mut scans, mut walk) = (2, 0, Walk::default());
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xff)?;
        // any number of FF may stand before a mark
        at += bytes[at..].iter().position(|&byte| byte != 0xff)?;
        let mark = bytes[at];
        at += 1;
        match mark {
            0xd9 => return Some(walk),
            // stuffing, a private mark, and the beginning: nothing belongs to them
            0x00 | 0x01 | 0xd8 => continue,
            mark if RESTART.contains(&mark) => continue,
            0xda => scans += 1,
            // progressive: SOF2, SOF6, SOF10, SOF14
            0xc2 | 0xc6 | 0xca | 0xce => walk.has_several_scans = true,
            0xe1 => walk.has_exif |= bytes.get(at + 2..).is_some_and(|data| data.starts_with(b"Exif")),
            _ => {}
        }
        walk.has_several_scans |= scans > 1;
        let length = bytes.get(at..at + 2)?;
        at += usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
    }
}

/// Chunks up to `IEND`. A palette is of 1 to 256 colours of three bytes. Source: PNG (third edition), 11.2.2.
fn png(bytes: &[u8]) -> Result<(), String> {
    let mut at = 8;
    loop {
        let head = bytes.get(at..at + 8).ok_or(CUT)?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        at += 12 + length;
        bytes.get(..at).ok_or(CUT)?;
        if head.ends_with(b"IEND") {
            return Ok(());
        }
        if head.ends_with(b"PLTE") && (length == 0 || length > 3 * 256 || !length.is_multiple_of(3)) {
            return Err(format!("a palette of {length} bytes is none"));
        }
    }
}

/// Blocks up to the end of the first picture, which is the one that is taken.
fn gif(bytes: &[u8]) -> Option<Walk> {
    let colors = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut at = 13 + colors(*bytes.get(10)?);
    let mut walk = Walk::default();
    loop {
        let is_picture = match *bytes.get(at)? {
            0x21 => {
                at += 2;
                false
            }
            0x2c => {
                let size = bytes.get(at + 5..at + 9)?;
                walk.frame = [[size[0], size[1]], [size[2], size[3]]]
                    .map(|extent| u32::from(u16::from_le_bytes(extent)));
                at += 11 + colors(*bytes.get(at + 9)?);
                true
            }
            // the end, or what the decoder will refuse
            _ => return Some(walk),
        };
        loop {
            let length = usize::from(*bytes.get(at)?);
            at += 1 + length;
            if length == 0 {
                break;
            }
        }
        if is_picture {
            return Some(walk);
        }
    }
}

/// As long as its head says.
fn web_p(bytes: &[u8]) -> Option<()> {
    let length = bytes.get(4..8)?;
    let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
    (bytes.len() >= length.saturating_add(8)).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_mark_inside_a_segment_is_not_the_end() {
        // a small picture with its end in APP1, then a scan with stuffing and a restart mark
        let file = b"\xff\xd8\xff\xe1\x00\x04\xff\xd9\xff\xda\x00\x02\x12\xff\x00\xff\xd0\x34\xff\xff\xd9";
        assert_eq!(jpeg(file), Some(Walk::default()));
        for cut in 0..file.len() {
            assert_eq!(jpeg(&file[..cut]), None, "{cut}");
        }
        let progressive = b"\xff\xd8\xff\xc2\x00\x02\xff\xda\x00\x02\x12\xff\xd9";
        assert_eq!(jpeg(progressive), Some(Walk { has_several_scans: true, ..Walk::default() }));
    }

    #[test]
    fn what_is_no_file_at_all_is_cut() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
            for bytes in [&b""[..], &[0xff; 40], &[0; 3]] {
                let _ = walk(bytes, format);
            }
            assert!(walk(b"", format).is_err());
        }
    }
}
