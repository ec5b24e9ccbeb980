//! Colours, and maps of values to colours.

mod magma;
mod viridis;

use magma::MAGMA;
use viridis::VIRIDIS;

/// A colour of the screen (sRGB): red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Color(pub [u8; 3]);

impl Color {
    /// Of paper.
    pub const WHITE: Color = Color::hex(0xff_ff_ff);
    /// Of text.
    pub const INK: Color = Color::hex(0x22_22_22);
    /// Of text that says less.
    pub const FAINT: Color = Color::hex(0x66_66_66);
    /// Of frames and grids.
    pub const RULE: Color = Color::hex(0xcc_cc_cc);
    /// Of what is wrong.
    pub const WRONG: Color = Color::hex(0xb8_2a_2a);

    /// `0xrrggbb`
    pub const fn hex(rgb: u32) -> Self {
        let [_, r, g, b] = rgb.to_be_bytes();
        Color([r, g, b])
    }

    /// The colour between two: this one at 0, the other at 1.
    pub fn toward(self, other: Color, share: f32) -> Color {
        let share = share.clamp(0.0, 1.0);
        let between = |from: u8, to: u8| (f32::from(from) * (1.0 - share) + f32::from(to) * share).round();
        Color(std::array::from_fn(|at| between(self.0[at], other.0[at]) as u8))
    }

    /// What can be read on it: dark on bright colours, white on dark ones. Source: relative luminance as in
    /// WCAG 2.1, with the value at which black and white stand out equally.
    pub fn text_on(self) -> Color {
        let [r, g, b] = self.0.map(|part| {
            let part = f32::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        if 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 { Color::INK } else { Color::WHITE }
    }
}

/// Colours of classes, one after the other, which most eyes tell apart. Source: Tableau 10, matplotlib's
/// default.
const CLASSES: [Color; 10] = [
    Color::hex(0x1f_77_b4),
    Color::hex(0xff_7f_0e),
    Color::hex(0x2c_a0_2c),
    Color::hex(0xd6_27_28),
    Color::hex(0x94_67_bd),
    Color::hex(0x8c_56_4b),
    Color::hex(0xe3_77_c2),
    Color::hex(0x7f_7f_7f),
    Color::hex(0xbc_bd_22),
    Color::hex(0x17_be_cf),
];

/// The colour of a class, or of a curve. Where there are more than ten, the next ones are darker, then
/// brighter.
pub fn of_class(class: usize) -> Color {
    let color = CLASSES[class % CLASSES.len()];
    match (class / CLASSES.len()) % 3 {
        0 => color,
        1 => color.toward(Color([0; 3]), 0.4),
        _ => color.toward(Color::WHITE, 0.45),
    }
}

/// A map of values from 0 to 1 to colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ColorMap {
    /// As bright as the value is large, for all eyes and in print.
    #[default]
    Viridis,
    /// From blue over green and yellow to red; the one of many tutorials.
    Jet,
    /// From black to white.
    Gray,
    /// From white to black.
    Binary,
    /// From black over red to white.
    Magma,
}

impl ColorMap {
    /// All, the default first.
    pub const ALL: [ColorMap; 5] =
        [ColorMap::Viridis, ColorMap::Jet, ColorMap::Gray, ColorMap::Binary, ColorMap::Magma];

    /// Its name in the field.
    pub fn name(self) -> &'static str {
        match self {
            ColorMap::Viridis => "viridis",
            ColorMap::Jet => "jet",
            ColorMap::Gray => "gray",
            ColorMap::Binary => "binary",
            ColorMap::Magma => "magma",
        }
    }

    /// The colour of a value from 0 to 1; of what lies outside that of the nearer end, of no number that of 0.
    pub fn at(self, value: f32) -> Color {
        let value = if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) };
        let step = (value * 255.0).round() as u8;
        match self {
            ColorMap::Viridis => Color::hex(VIRIDIS[usize::from(step)]),
            ColorMap::Magma => Color::hex(MAGMA[usize::from(step)]),
            ColorMap::Gray => Color([step; 3]),
            ColorMap::Binary => Color([255 - step; 3]),
            ColorMap::Jet => {
                let value = f32::from(step) / 255.0;
                Color(JET.map(|knots| (along(knots, value) * 255.0).round() as u8))
            }
        }
    }
}

/// Red, green and blue of jet, each a line through points `(value, share)`. Source: `_jet_data` of matplotlib.
const JET: [&[(f32, f32)]; 3] = [
    &[(0.0, 0.0), (0.35, 0.0), (0.66, 1.0), (0.89, 1.0), (1.0, 0.5)],
    &[(0.0, 0.0), (0.125, 0.0), (0.375, 1.0), (0.64, 1.0), (0.91, 0.0), (1.0, 0.0)],
    &[(0.0, 0.5), (0.11, 1.0), (0.34, 1.0), (0.65, 0.0), (1.0, 0.0)],
];

/// The value of a line through points at a place.
fn along(knots: &[(f32, f32)], at: f32) -> f32 {
    let inside = knots.windows(2).find(|pair| at <= pair[1].0);
    match inside {
        Some(&[(x0, y0), (x1, y1)]) => y0 + (y1 - y0) * (at - x0) / (x1 - x0),
        Some(_) | None => knots.last().map_or(0.0, |last| last.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against matplotlib 3.11's, at steps 0, 32, 64, 128, 200 and 255 of 255.
    #[test]
    fn maps_are_those_of_the_field() {
        let at = |map: ColorMap| [0, 32, 64, 128, 200, 255].map(|step| map.at(step as f32 / 255.0).0);
        assert_eq!(at(ColorMap::Viridis)[0], [68, 1, 84]);
        assert_eq!(at(ColorMap::Viridis)[5], [253, 231, 37]);
        assert_eq!(at(ColorMap::Magma)[0], [0, 0, 4]);
        assert_eq!(at(ColorMap::Gray)[3], [128, 128, 128]);
        assert_eq!(at(ColorMap::Binary)[1], [223, 223, 223]);
        let jet = at(ColorMap::Jet);
        let wanted = [[0, 0, 128], [0, 0, 255], [0, 128, 255], [125, 255, 122], [255, 119, 0], [128, 0, 0]];
        for (found, wanted) in jet.iter().flatten().zip(wanted.as_flattened()) {
            assert!(found.abs_diff(*wanted) <= 1, "{jet:?}");
        }
    }

    #[test]
    fn what_is_no_value_has_a_colour_too() {
        for map in ColorMap::ALL {
            assert_eq!(map.at(f32::NAN), map.at(0.0));
            assert_eq!(map.at(7.0), map.at(1.0));
        }
        assert_eq!(ColorMap::default().at(1.0).text_on(), Color::INK);
        assert_eq!(ColorMap::default().at(0.0).text_on(), Color::WHITE);
    }
}
