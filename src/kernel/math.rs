//! Exponential, logarithm, hyperbolic tangent and error function as vector code without branches or tables.
//!
//! The polynomials are those of S. L. Moshier's Cephes library (single precision: `expf.c`, `logf.c`,
//! `tanhf.c`, `ndtrf.c`) and of Abramowitz & Stegun, "Handbook of Mathematical Functions", 7.1.26. Error
//! bounds stand at [`crate::desc::ExprNode`]. NaN gives NaN.

use super::arithmetic::Arithmetic;
use crate::desc::Compare;

/// Adding and subtracting it rounds to an integer below 2²²: 1.5 · 2²³.
const ROUND: f32 = 12_582_912.0;

/// `eˣ = 2ⁿ eʳ`, `n = round(x / ln 2)`, `|r| ≤ ln 2 / 2`.
pub(super) fn exp<A: Arithmetic>(k: &mut A, x: A::Value) -> A::Value {
    // beyond these the result is 0 or +∞ anyway; a comparison with NaN keeps x
    let (low, high) = (k.number_like(x, -104.0), k.number_like(x, 89.0));
    let x = k.max(low, x);
    let x = k.min(high, x);
    let (log2_e, round) = (k.number_like(x, std::f32::consts::LOG2_E), k.number_like(x, ROUND));
    let shifted = k.mul_add(x, log2_e, round);
    let n = k.sub(shifted, round);
    // ln 2 in two parts, the first with so few bits that its product with n is exact
    let (c1, c2) = (k.number_like(x, -0.693_359_4), k.number_like(x, 2.121_944_4e-4));
    let r = k.mul_add(n, c1, x);
    let r = k.mul_add(n, c2, r);
    let p = polynomial(
        k,
        r,
        &[1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5],
    );
    let square = k.mul(r, r);
    let p = k.mul_add(p, square, r);
    let one = k.number_like(x, 1.0);
    let p = k.add(p, one);
    // 2ⁿ in two factors, as n reaches from −150 to 128; the integer stands in the low bits of `shifted`
    let (shifted_bits, round_bits) = (k.bits(shifted), k.word_like(x, ROUND.to_bits()));
    let n = k.sub_i32(shifted_bits, round_bits);
    let half = k.shift_right_signed(n, 1);
    let rest = k.sub_i32(n, half);
    let (first, second) = (power_of_two(k, half), power_of_two(k, rest));
    let p = k.mul(p, first);
    k.mul(p, second)
}

/// `ln x = e ln 2 + ln m`, `m` in `[√½, √2)`. +∞ gives +∞; zero, negative and denormal numbers give no number
/// of use.
pub(super) fn log<A: Arithmetic>(k: &mut A, x: A::Value) -> A::Value {
    let bits = k.bits(x);
    // exponent such that the mantissa falls into [√½, √2)
    let root_half = k.word_like(x, std::f32::consts::FRAC_1_SQRT_2.to_bits());
    let above = k.sub_i32(bits, root_half);
    let exponent = k.shift_right_signed(above, 23);
    let exponent_bits = k.shift_left(exponent, 23);
    let mantissa = k.sub_i32(bits, exponent_bits);
    let mantissa = k.float_of_bits(mantissa);
    let (one, half) = (k.number_like(x, 1.0), k.number_like(x, -0.5));
    let m = k.sub(mantissa, one);
    let e = k.int_to_float(exponent);
    let p = polynomial(
        k,
        m,
        &[
            7.037_683_6e-2,
            -0.115_146_1,
            1.167_699_9e-1,
            -1.242_014_1e-1,
            1.424_932_3e-1,
            -1.666_805_8e-1,
            2.000_071_5e-1,
            -2.499_999_4e-1,
            3.333_333e-1,
        ],
    );
    let square = k.mul(m, m);
    let cube = k.mul(square, m);
    let y = k.mul(cube, p);
    let (c1, c2) = (k.number_like(x, 0.693_359_4), k.number_like(x, -2.121_944_4e-4));
    let y = k.mul_add(e, c2, y);
    let y = k.mul_add(square, half, y);
    let y = k.add(m, y);
    let y = k.mul_add(e, c1, y);
    // +∞ and NaN have no such mantissa
    let infinity = k.number_like(x, f32::INFINITY);
    k.choose(Compare::Less, [x, infinity], [y, x])
}

/// A polynomial near 0, `1 − 2 / (e^2|x| + 1)` elsewhere, with the sign of x.
pub(super) fn tanh<A: Arithmetic>(k: &mut A, x: A::Value) -> A::Value {
    let magnitude = k.abs(x);
    let square = k.mul(x, x);
    let p = polynomial(
        k,
        square,
        &[-5.704_988_7e-3, 2.063_909e-2, -5.373_971_5e-2, 1.333_144_2e-1, -3.333_328e-1],
    );
    let p = k.mul(p, square);
    let near = k.mul_add(p, x, x);
    let doubled = k.add(magnitude, magnitude);
    let e = exp(k, doubled);
    let (one, two) = (k.number_like(x, 1.0), k.number_like(x, 2.0));
    let below = k.add(e, one);
    let quotient = k.div(two, below);
    let far = k.sub(one, quotient);
    let far = with_sign_of(k, far, x);
    let limit = k.number_like(x, 0.625);
    k.choose(Compare::Less, [magnitude, limit], [near, far])
}

/// A polynomial for `|x| < 1`; elsewhere `1 − t (a₁ + t (a₂ + …)) e^−x²`, `t = 1 / (1 + 0.3275911 |x|)`, with
/// the sign of x.
pub(super) fn erf<A: Arithmetic>(k: &mut A, x: A::Value) -> A::Value {
    let magnitude = k.abs(x);
    let square = k.mul(x, x);
    let p = polynomial(
        k,
        square,
        &[
            7.853_861e-5,
            -8.010_194e-4,
            5.188_327_6e-3,
            -2.685_381_2e-2,
            1.128_358_5e-1,
            -3.761_262_6e-1,
            std::f32::consts::FRAC_2_SQRT_PI,
        ],
    );
    let near = k.mul(p, x);
    let (one, slope) = (k.number_like(x, 1.0), k.number_like(x, 0.327_591_1));
    let below = k.mul_add(magnitude, slope, one);
    let t = k.div(one, below);
    let p = polynomial(k, t, &[1.061_405_4, -1.453_152, 1.421_413_8, -0.284_496_74, 0.254_829_6]);
    let p = k.mul(p, t);
    let exponent = k.neg(square);
    let e = exp(k, exponent);
    let tail = k.mul(p, e);
    let far = k.sub(one, tail);
    let far = with_sign_of(k, far, x);
    k.choose(Compare::Less, [magnitude, one], [near, far])
}

/// Horner's rule, the highest power first.
fn polynomial<A: Arithmetic>(k: &mut A, x: A::Value, coefficients: &[f32]) -> A::Value {
    let mut sum = k.number_like(x, coefficients[0]);
    for &coefficient in &coefficients[1..] {
        let coefficient = k.number_like(x, coefficient);
        sum = k.mul_add(sum, x, coefficient);
    }
    sum
}

/// 2ⁿ for integers −126 ≤ n ≤ 127, by its exponent bits.
fn power_of_two<A: Arithmetic>(k: &mut A, n: A::Value) -> A::Value {
    let bias = k.word_like(n, 127);
    let biased = k.add_i32(n, bias);
    let bits = k.shift_left(biased, 23);
    k.float_of_bits(bits)
}

/// A number that is not negative, with the sign of another.
fn with_sign_of<A: Arithmetic>(k: &mut A, magnitude: A::Value, sign: A::Value) -> A::Value {
    let (bits, mask) = (k.bits(sign), k.word_like(sign, 0x8000_0000));
    let sign = k.and_i32(bits, mask);
    let bits = k.bits(magnitude);
    let bits = k.or_i32(bits, sign);
    k.float_of_bits(bits)
}
