//! Colour conversion.

use std::sync::LazyLock;

/// Grey of an RGB pixel, ITU-R BT.601: `0.299 R + 0.587 G + 0.114 B`, rounded half up.
pub(super) fn gray([r, g, b]: [u8; 3]) -> u8 {
    // In thousandths, so that the half is exact.
    ((299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) + 500) / 1000) as u8
}

/// The same of values that are not whole; nothing is rounded.
pub(super) fn gray_float([r, g, b]: [f32; 3]) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

/// The linear intensity of an sRGB value 0..=255 (IEC 61966-2-1).
fn linear(value: f32) -> f32 {
    let v = value / 255.0;
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

static LINEAR: LazyLock<[f32; 256]> = LazyLock::new(|| std::array::from_fn(|value| linear(value as f32)));

/// CIE L*, 0..=100, of an sRGB pixel under D65: `Y = 0.2126 R + 0.7152 G + 0.0722 B` of linear intensities,
/// `L* = 116 ∛Y − 16` above `(6/29)³`, else `(29/3)³ Y`.
pub(super) fn lab_l([r, g, b]: [u8; 3]) -> f32 {
    lightness([LINEAR[usize::from(r)], LINEAR[usize::from(g)], LINEAR[usize::from(b)]])
}

/// The same of values 0..=255 that are not whole.
pub(super) fn lab_l_float(pixel: [f32; 3]) -> f32 {
    lightness(pixel.map(linear))
}

fn lightness([r, g, b]: [f32; 3]) -> f32 {
    let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    if y > 216.0 / 24389.0 { 116.0 * y.cbrt() - 16.0 } else { y * 24389.0 / 27.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_is_rounded_half_up() {
        assert_eq!(gray([255, 255, 255]), 255);
        assert_eq!(gray([255, 0, 0]), 76); // 76.245
        assert_eq!(gray([0, 0, 255]), 29); // 29.07
        assert_eq!(gray([0, 0, 250]), 29); // 28.5
    }

    #[test]
    fn lightness_of_known_colours() {
        // CIE L* of sRGB black, white, middle grey and pure red.
        for (pixel, expected) in
            [([0, 0, 0], 0.0), ([255, 255, 255], 100.0), ([119, 119, 119], 50.03), ([255, 0, 0], 53.24)]
        {
            assert!((lab_l(pixel) - expected).abs() < 0.02, "{pixel:?}: {}", lab_l(pixel));
            assert_eq!(lab_l(pixel), lab_l_float(pixel.map(f32::from)));
        }
    }
}
