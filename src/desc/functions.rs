//! Functions made of expression nodes: normal numbers, sine and cosine.

use super::{Compare, Expr, ExprId, ExprNode};

/// Polynomial of erf⁻¹ for w < 5, highest power first.
const CENTRE: [f32; 9] = [
    2.810_226_4e-8,
    3.432_739_4e-7,
    -3.523_387_7e-6,
    -4.391_506_5e-6,
    2.185_808_7e-4,
    -1.253_725e-3,
    -4.177_681_6e-3,
    0.246_640_73,
    1.501_409_4,
];

/// Polynomial of erf⁻¹ for the tails.
const TAIL: [f32; 9] = [
    -2.002_142_6e-4,
    1.009_505_6e-4,
    1.349_343_2e-3,
    -3.673_428_4e-3,
    5.739_507_7e-3,
    -7.622_461_3e-3,
    9.438_870_5e-3,
    1.001_674,
    2.832_976_8,
];

/// Taylor coefficients of sin a / a by powers of a², highest first: to a¹¹.
const SINE: [f32; 6] = [-1.0 / 39_916_800.0, 1.0 / 362_880.0, -1.0 / 5_040.0, 1.0 / 120.0, -1.0 / 6.0, 1.0];

/// Taylor coefficients of cos a by powers of a², highest first: to a¹².
const COSINE: [f32; 7] =
    [1.0 / 479_001_600.0, -1.0 / 3_628_800.0, 1.0 / 40_320.0, -1.0 / 720.0, 1.0 / 24.0, -0.5, 1.0];

impl Expr {
    /// A standard normal number for each element, from the key in operand `key`: within ±5.42, 2²⁴ different
    /// ones.
    /// ```text
    /// x = 2 u + 2⁻²⁴ − 1 for a uniform u in [0, 1);  normal = √2 erf⁻¹(x)
    /// w = −ln((1 − x)(1 + x));  erf⁻¹(x) = x p(w − 5/2) for w < 5, else x q(√w − 3)
    /// ```
    /// Source: M. Giles, "Approximating the erfinv function", GPU Computing Gems Jade Edition (2012), table
    /// 5; relative error some 1e-6.
    pub fn normal(&mut self, key: usize) -> ExprId {
        let u = self.uniform(key);
        let (two, least, one) =
            (self.constant(2.0), self.constant(2.0_f32.powi(-24) - 1.0), self.constant(1.0));
        let x = self.mul_add(u, two, least);
        let (below, above) = (self.sub(one, x), self.add(one, x));
        let product = self.mul(below, above);
        let log = self.push(ExprNode::Log(product));
        let w = self.push(ExprNode::Neg(log));
        let (middle, root, three) = (self.constant(2.5), self.push(ExprNode::Sqrt(w)), self.constant(3.0));
        let (near, far) = (self.sub(w, middle), self.sub(root, three));
        let (near, far) = (self.polynomial(&CENTRE, near), self.polynomial(&TAIL, far));
        let five = self.constant(5.0);
        let factor = self.select(Compare::Less, w, five, near, far);
        let scale = self.constant(std::f32::consts::SQRT_2);
        let scaled = self.mul(x, scale);
        self.mul(scaled, factor)
    }

    /// `(sin a, cos a)` for `a` within ±2π, absolute error some 1e-6: series for a quarter of the angle,
    /// doubled twice.
    pub fn sine_and_cosine(&mut self, a: ExprId) -> (ExprId, ExprId) {
        let quarter = self.constant(0.25);
        let angle = self.mul(a, quarter);
        let square = self.mul(angle, angle);
        let (ratio, mut cosine) = (self.polynomial(&SINE, square), self.polynomial(&COSINE, square));
        let mut sine = self.mul(angle, ratio);
        let (one, two) = (self.constant(1.0), self.constant(2.0));
        for _ in 0..2 {
            // sin 2a = 2 sin a cos a, cos 2a = 1 − 2 sin² a
            let (product, square) = (self.mul(sine, cosine), self.mul(sine, sine));
            let twice = self.mul(two, square);
            (sine, cosine) = (self.mul(two, product), self.sub(one, twice));
        }
        (sine, cosine)
    }

    /// Horner's scheme, the highest coefficient first.
    fn polynomial(&mut self, coefficients: &[f32], x: ExprId) -> ExprId {
        let first = self.constant(coefficients[0]);
        coefficients[1..].iter().fold(first, |sum, &coefficient| {
            let coefficient = self.constant(coefficient);
            self.mul_add(sum, x, coefficient)
        })
    }
}
