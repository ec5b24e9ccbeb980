//! The normal distribution: its distribution function, in the tails too, and what it makes of improvements.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// `ln √(2π)`.
pub(super) const LN_SQRT_TAU: f64 = 0.918_938_533_204_672_7;

/// `1/√π`.
const FRAC_1_SQRT_PI: f64 = 0.564_189_583_547_756_3;

/// The probability of a number between two: `Φ(high) − Φ(low)`, `low` not above `high`. Exact to a few bits
/// wherever it is above the smallest number, in the tails too.
pub(super) fn between(low: f64, high: f64) -> f64 {
    let (low, high) = (low * FRAC_1_SQRT_2, high * FRAC_1_SQRT_2);
    if low > 0.0 {
        0.5 * (erfc(low) - erfc(high))
    } else if high < 0.0 {
        0.5 * (erfc(-high) - erfc(-low))
    } else {
        0.5 * (erf(high) - erf(low))
    }
}

/// The logarithm of the expected improvement of a standard normal number over `-z`: `ln E[max(0, X + z)]`.
///
/// ```text
/// above −1       ln(φ(z) + z Φ(z))
/// above −50      −z²/2 − ln √(2π) + ln(1 + z √(π/2) erfcx(−z/√2))
/// below          −z²/2 − ln √(2π) + ln(1/z² − 3/z⁴ + 15/z⁶ − 105/z⁸)
/// ```
/// Source: Ament and others, "Unexpected improvements to expected improvement", arXiv:2310.20708, section 4;
/// the series is that of Mills' ratio, which leaves digits where the second form has none.
pub(super) fn ln_improvement(z: f64) -> f64 {
    let density = -0.5 * z * z - LN_SQRT_TAU;
    if z > -1.0 {
        (density.exp() + z * 0.5 * erfc(-z * FRAC_1_SQRT_2)).ln()
    } else if z > -50.0 {
        density + (z * (PI / 2.0).sqrt() * erfcx(-z * FRAC_1_SQRT_2)).ln_1p()
    } else {
        let square = 1.0 / (z * z);
        density + (square * (1.0 - square * (3.0 - square * (15.0 - square * 105.0)))).ln()
    }
}

/// `2/√π ∫₀ˣ e^(−t²) dt`.
fn erf(x: f64) -> f64 {
    if x.abs() <= NEAR { near(x) } else { (1.0 - erfc(x.abs())).copysign(x) }
}

/// `1 − erf(x)`, exact to a few bits however small it is.
fn erfc(x: f64) -> f64 {
    if x.abs() <= NEAR {
        return 1.0 - near(x);
    }
    let tail = scaled_tail(x.abs()) * minus_square(x);
    if x < 0.0 { 2.0 - tail } else { tail }
}

/// `e^(x²) erfc(x)`.
fn erfcx(x: f64) -> f64 {
    if x < -NEAR {
        return 2.0 * (x * x).exp() - scaled_tail(-x);
    }
    if x <= NEAR { (x * x).exp() * (1.0 - near(x)) } else { scaled_tail(x) }
}

/// Up to here the first of three approximations is taken.
const NEAR: f64 = 0.468_75;

/// Up to here the second.
const FAR: f64 = 4.0;

// Rational approximations of erf, and of e^(x²) erfc. Source: Cody, "Rational Chebyshev approximations for
// the error function", Mathematics of Computation 23 (1969). Coefficients from the highest power on.

const NEAR_ABOVE: [f64; 5] = [
    1.857_777_061_846_031_5e-1,
    3.161_123_743_870_565_6,
    1.138_641_541_510_501_6e2,
    3.774_852_376_853_02e2,
    3.209_377_589_138_469_4e3,
];
const NEAR_BELOW: [f64; 5] = [
    1.0,
    2.360_129_095_234_412_2e1,
    2.440_246_379_344_441_6e2,
    1.282_616_526_077_372_3e3,
    2.844_236_833_439_17e3,
];
const MIDDLE_ABOVE: [f64; 9] = [
    2.153_115_354_744_038_3e-8,
    5.641_884_969_886_701e-1,
    8.883_149_794_388_377,
    6.611_919_063_714_163e1,
    2.986_351_381_974_001e2,
    8.819_522_212_417_69e2,
    1.712_047_612_634_070_7e3,
    2.051_078_377_826_071_6e3,
    1.230_339_354_797_997_2e3,
];
const MIDDLE_BELOW: [f64; 9] = [
    1.0,
    1.574_492_611_070_983_4e1,
    1.176_939_508_913_125e2,
    5.371_811_018_620_099e2,
    1.621_389_574_566_690_3e3,
    3.290_799_235_733_46e3,
    4.362_619_090_143_247e3,
    3.439_367_674_143_721_6e3,
    1.230_339_354_803_749_5e3,
];
const FAR_ABOVE: [f64; 6] = [
    1.631_538_713_730_209_7e-2,
    3.053_266_349_612_323_6e-1,
    3.603_448_999_498_044_5e-1,
    1.257_817_261_112_292_6e-1,
    1.608_378_514_874_227_5e-2,
    6.587_491_615_298_378e-4,
];
const FAR_BELOW: [f64; 6] = [
    1.0,
    2.568_520_192_289_822,
    1.872_952_849_923_460_4,
    5.279_051_029_514_285e-1,
    6.051_834_131_244_132e-2,
    2.335_204_976_268_691_8e-3,
];

/// `erf(x)` for `|x|` up to [`NEAR`].
fn near(x: f64) -> f64 {
    x * polynomial(&NEAR_ABOVE, x * x) / polynomial(&NEAR_BELOW, x * x)
}

/// `e^(x²) erfc(x)` for `x` above [`NEAR`].
fn scaled_tail(x: f64) -> f64 {
    if x <= FAR {
        return polynomial(&MIDDLE_ABOVE, x) / polynomial(&MIDDLE_BELOW, x);
    }
    let square = 1.0 / (x * x);
    let rest = square * polynomial(&FAR_ABOVE, square) / polynomial(&FAR_BELOW, square);
    (FRAC_1_SQRT_PI - rest) / x
}

/// `e^(−x²)`: the square in two parts, as rounding it would cost digits where it is large.
fn minus_square(x: f64) -> f64 {
    let head = (x * 16.0).trunc() / 16.0;
    (-head * head).exp() * (-(x - head) * (x + head)).exp()
}

fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;
    use crate::search::golden::{list, numbers};

    fn golden() -> Json {
        let text = include_str!("../../tests/golden/search/gaussian_process.json");
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn improvements_are_right_however_small() {
        for row in list(&golden()["improvements"]) {
            let row = numbers(row);
            let got = ln_improvement(row[0]);
            assert!((got - row[1]).abs() < 1e-10 * row[1].abs().max(1.0), "{row:?} {got}");
        }
        assert_eq!(ln_improvement(f64::NEG_INFINITY), f64::NEG_INFINITY);
        assert!(ln_improvement(-1e200) == f64::NEG_INFINITY);
    }

    #[test]
    fn probabilities_are_right_in_the_tails() {
        for row in list(&golden()["between"]) {
            let row = numbers(row);
            let got = between(row[0], row[1]);
            // the exponent of what is smallest has three digits, which the result lacks
            assert!((got / row[2] - 1.0).abs() < 1e-12, "{row:?} {got}");
        }
    }
}
