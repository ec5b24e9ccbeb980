//! The fonts that are part of the program, and how wide their letters are.

use std::sync::LazyLock;

/// The letters of text.
pub const REGULAR: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");
/// The letters of titles.
pub const BOLD: &[u8] = include_bytes!("../fonts/DejaVuSans-Bold.ttf");

/// What an SVG file names: the font of the program, then what looks like it.
pub(super) const FAMILIES: &str = "DejaVu Sans, Verdana, sans-serif";

/// Width of a letter that the fonts do not have, in parts of the font's size: those of Chinese, Japanese and
/// Korean fill a square.
const SQUARE: f64 = 1.0;
const OTHER: f64 = 0.65;

/// How heavy letters are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Weight {
    /// Text.
    #[default]
    Regular,
    /// Titles.
    Bold,
}

/// Width of a line of text, in pixels.
pub fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let face = face(weight);
    size * text.chars().map(|letter| face.advance(letter).unwrap_or_else(|| unknown(letter))).sum::<f64>()
}

/// From one line's foot to that of the next.
pub fn line_height(size: f64) -> f64 {
    (size * 1.35).round()
}

/// The text, cut with `…` where it is wider than so many pixels.
pub fn fitted(text: &str, size: f64, weight: Weight, room: f64) -> String {
    if width(text, size, weight) <= room {
        return text.to_owned();
    }
    let mut cut = text.to_owned();
    while cut.pop().is_some() {
        let shown = format!("{}…", cut.trim_end());
        if width(&shown, size, weight) <= room {
            return shown;
        }
    }
    "…".to_owned()
}

/// Whether the fonts have a letter.
#[cfg(test)]
pub(super) fn has(letter: char) -> bool {
    face(Weight::Regular).advance(letter).is_some()
}

fn unknown(letter: char) -> f64 {
    let is_square = matches!(u32::from(letter), 0x1100..=0x11ff | 0x2e80..=0xa4cf | 0xac00..=0xd7ff
        | 0xf900..=0xfaff | 0xfe30..=0xfe4f | 0xff00..=0xff60 | 0x1f000..=0x3ffff);
    if is_square { SQUARE } else { OTHER }
}

fn face(weight: Weight) -> &'static Face {
    static FACES: LazyLock<[Face; 2]> = LazyLock::new(|| [Face::read(REGULAR), Face::read(BOLD)]);
    match weight {
        Weight::Regular => &FACES[0],
        Weight::Bold => &FACES[1],
    }
}

/// Widths of a font's letters.
struct Face {
    /// Letter and width, in parts of the font's size; by the letter.
    advances: Vec<(u32, f32)>,
}

impl Face {
    fn advance(&self, letter: char) -> Option<f64> {
        let found = self.advances.binary_search_by_key(&u32::from(letter), |(letter, _)| *letter);
        found.ok().map(|at| f64::from(self.advances[at].1))
    }

    /// Reads a font of ours: the map of letters up to U+FFFF (`cmap`, format 4) and the widths of glyphs
    /// (`hmtx`). Source: OpenType 1.9.
    fn read(font: &[u8]) -> Self {
        let font = Bytes(font);
        let table = |name: &[u8; 4]| {
            let at = (0..font.u16(4)).map(|row| 12 + 16 * row).find(|&at| font.0[at..].starts_with(name));
            Bytes(&font.0[font.u32(at.expect("our fonts have it") + 8)..])
        };
        let (head, hhea, hmtx, cmap) = (table(b"head"), table(b"hhea"), table(b"hmtx"), table(b"cmap"));
        let (units, widths) = (font_units(head), hhea.u16(34));
        let letters = (0..cmap.u16(2)).map(|row| Bytes(&cmap.0[cmap.u32(8 + 8 * row)..]));
        let letters = letters.into_iter().find(|table| table.u16(0) == 4).expect("our fonts have it");
        let advance = |glyph: usize| f32::from(hmtx.u16(4 * glyph.min(widths - 1)) as u16) / units;
        let advances = glyphs(letters).into_iter().map(|(letter, glyph)| (letter, advance(glyph)));
        Face { advances: advances.collect() }
    }
}

/// Units in which a font's widths are counted, for its size.
fn font_units(head: Bytes<'_>) -> f32 {
    f32::from(head.u16(18) as u16)
}

/// Letters and their glyphs, by the letter.
fn glyphs(table: Bytes<'_>) -> Vec<(u32, usize)> {
    let segments = table.u16(6) / 2;
    // four columns, with two bytes of no use behind the first
    let column = |at: usize| 14 + 2 * segments * at + if at > 0 { 2 } else { 0 };
    let mut found = Vec::new();
    for segment in 0..segments {
        let [end, start, delta, range] = [0, 1, 2, 3].map(|at| column(at) + 2 * segment);
        for letter in table.u16(start)..=table.u16(end) {
            let glyph = match table.u16(range) {
                0 => letter + table.u16(delta),
                offset => match table.u16(range + offset + 2 * (letter - table.u16(start))) {
                    0 => 0,
                    glyph => glyph + table.u16(delta),
                },
            } % 0x1_0000;
            if glyph != 0 {
                found.push((letter as u32, glyph));
            }
        }
    }
    found
}

/// Numbers in a font, the larger end first.
#[derive(Clone, Copy)]
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn u16(self, at: usize) -> usize {
        usize::from(u16::from_be_bytes([self.0[at], self.0[at + 1]]))
    }

    fn u32(self, at: usize) -> usize {
        self.u16(at) << 16 | self.u16(at + 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Widths as fonttools reads them: `hmtx` over 2048.
    #[test]
    fn letters_have_the_widths_of_the_font() {
        let units = |text: &str, weight| (width(text, 2048.0, weight)).round() as u32;
        assert_eq!(units("A", Weight::Regular), 1401);
        assert_eq!(units("A", Weight::Bold), 1585);
        assert_eq!(units("≤", Weight::Regular), 1716);
        assert!(["é", "ж", "α", "×", "→"].iter().all(|letter| letter.chars().all(has)) && !has('고'));
        assert_eq!(width("고양이", 10.0, Weight::Regular), 30.0);
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(fitted("cat", 12.0, Weight::Regular, 100.0), "cat");
        let cut = fitted("a very long name of a class", 12.0, Weight::Bold, 80.0);
        assert!(cut.ends_with('…') && width(&cut, 12.0, Weight::Bold) <= 80.0, "{cut}");
        assert_eq!(fitted("cat", 12.0, Weight::Regular, 0.0), "…");
    }
}
