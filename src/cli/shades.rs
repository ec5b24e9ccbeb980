//! Cells of a table on a terminal, shaded by how much is in them.

/// How cells are shaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shades {
    /// Not at all: nobody sees colours.
    None,
    /// By the 256 colours that terminals have.
    Colors,
}

/// Backgrounds for what is right, from little to much: greens of the 6x6x6 cube of colours.
const RIGHT: [u8; 5] = [194, 157, 114, 71, 28];

/// Backgrounds for mistakes: yellow to red.
const WRONG: [u8; 5] = [230, 223, 216, 209, 160];

/// The first background on which white text is read better than black.
const DARK: usize = 4;

/// Smaller shares have no background.
const LEAST: f64 = 0.005;

impl Shades {
    /// A cell with a background for a share from 0 to 1.
    pub(super) fn cell(self, text: &str, share: f64, is_right: bool) -> String {
        if self == Shades::None || share < LEAST {
            return text.to_owned();
        }
        // the square root: of mistakes, which are few, more can be told apart
        let at = ((share.sqrt() * RIGHT.len() as f64) as usize).min(RIGHT.len() - 1);
        let background = if is_right { RIGHT[at] } else { WRONG[at] };
        let text_color = if at >= DARK { 15 } else { 16 };
        format!("\u{1b}[48;5;{background};38;5;{text_color}m{text}\u{1b}[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_there_is_shaded() {
        assert_eq!(Shades::None.cell(" 3 ", 1.0, true), " 3 ");
        assert_eq!(Shades::Colors.cell(" . ", 0.0, false), " . ");
        assert_eq!(Shades::Colors.cell(" 3 ", 1.0, true), "\u{1b}[48;5;28;38;5;15m 3 \u{1b}[0m");
        assert_eq!(Shades::Colors.cell(" 3 ", 0.01, false), "\u{1b}[48;5;230;38;5;16m 3 \u{1b}[0m");
    }
}
