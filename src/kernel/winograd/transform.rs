//! The three transforms of Winograd's method, as straight-line arithmetic on vectors of channels.
//!
//! A one-dimensional correlation of `m + r − 1` inputs with `r` taps is a product of polynomials, seen from
//! behind. Polynomials are multiplied by evaluating both at points, multiplying the values, and
//! interpolating. With points `p`, one of them infinite:
//! ```text
//! window       v = Bᵀ d    v_p = Σ_k (coefficient of x^k in Π_{q ≠ p} (x − q)) · d_k     (the infinite one: of Π_q (x − q))
//! evaluate     u = G g     u_p = (Σ_k p^k · g_k) / Π_{q ≠ p} (p − q)                      (the infinite one: the last g)
//! interpolate  y = Aᵀ m    y_k = Σ_p p^k · m_p                                            (the infinite one: the last y alone)
//! ```
//! In two dimensions each is done along the columns, then along the rows. Source: Lavin & Gray,
//! arXiv:1509.09308; the formulas for any points: Blahut, Fast Algorithms for Signal Processing, ch. 5.
//!
//! Points come in pairs ±p: what is even in p and what is odd is computed once for both.

use crate::desc::Square;
use crate::kernel::micro::{StripBuilder, StripValue};

/// A value, or nothing where it is zero.
pub(super) type Term = Option<StripValue>;

/// The pairs ±p beside 0 and ∞.
///
/// For squares of four, 2/3 and 3/2 instead of the usual 1 and 2: the products of a window differ less in
/// size, and the error is a fifth (largest error in standard deviations of the result, 64 channels, 400
/// squares: 4.5e-6 against 2.4e-5; summed directly 2.7e-6). Their product is 1, which saves two
/// multiplications.
fn pairs(square: Square) -> &'static [f64] {
    match square {
        Square::Two => &[1.0],
        Square::Four => &[2.0 / 3.0, 3.0 / 2.0],
    }
}

/// `Π (x² − q²)` over the pairs but one, by its coefficients of `x⁰, x², …`.
fn even_product(pairs: &[f64], without: Option<usize>) -> Vec<f64> {
    let mut product = vec![1.0];
    for (_, q) in pairs.iter().enumerate().filter(|(i, _)| Some(*i) != without) {
        let mut next = vec![0.0; product.len() + 1];
        for (k, c) in product.iter().enumerate() {
            next[k] -= q * q * c;
            next[k + 1] += c;
        }
        product = next;
    }
    product
}

/// `1 / Π_{q ≠ p} (p − q)` for 0 and for each pair (the same for +p and −p).
fn scales(pairs: &[f64]) -> (f64, Vec<f64>) {
    let zero = even_product(pairs, None)[0];
    let of_pair = |i: usize| {
        let p = pairs[i];
        let others: f64 =
            pairs.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, q)| p * p - q * q).product();
        1.0 / (2.0 * p * p * others)
    };
    (1.0 / zero, (0..pairs.len()).map(of_pair).collect())
}

/// `Bᵀ d`: from `m + 2` inputs to as many points.
pub(super) fn window(b: &mut StripBuilder, square: Square, d: &[Term]) -> Vec<Term> {
    let pairs = pairs(square);
    let spread = |product: Vec<f64>, first: usize| -> Vec<(f64, Term)> {
        product.into_iter().enumerate().map(|(k, c)| (c, d[2 * k + first])).collect()
    };
    let mut v = vec![b.combine(&spread(even_product(pairs, None), 0))];
    for (i, &p) in pairs.iter().enumerate() {
        // x (x ± p) Π (x² − q²) = (x² ± p x) Π (x² − q²)
        let product = even_product(pairs, Some(i));
        let even = b.combine(&spread(product.clone(), 2));
        let odd = b.combine(&spread(product, 1));
        v.push(b.combine(&[(1.0, even), (p, odd)]));
        v.push(b.combine(&[(1.0, even), (-p, odd)]));
    }
    v.push(b.combine(&spread(even_product(pairs, None), 1)));
    v
}

/// `G g`: from any number of taps to the points.
pub(super) fn evaluate(b: &mut StripBuilder, square: Square, g: &[Term]) -> Vec<Term> {
    let pairs = pairs(square);
    let (zero, scales) = scales(pairs);
    let mut u = vec![b.combine(&[(zero, g[0])])];
    for (&p, scale) in pairs.iter().zip(scales) {
        let side = |parity: usize| -> Vec<(f64, Term)> {
            let every_second = g.iter().enumerate().skip(parity).step_by(2);
            every_second.map(|(k, &tap)| (scale * p.powi(k as i32), tap)).collect()
        };
        let (even, odd) = (side(0), side(1));
        let (even, odd) = (b.combine(&even), b.combine(&odd));
        u.push(b.combine(&[(1.0, even), (1.0, odd)]));
        u.push(b.combine(&[(1.0, even), (-1.0, odd)]));
    }
    u.push(g[g.len() - 1]);
    u
}

/// `Aᵀ m`: from the points to this many results.
pub(super) fn interpolate(b: &mut StripBuilder, square: Square, m: &[Term], results: usize) -> Vec<Term> {
    let pairs = pairs(square);
    let sums: Vec<[Term; 2]> = (0..pairs.len())
        .map(|i| {
            let (plus, minus) = (m[1 + 2 * i], m[2 + 2 * i]);
            [1.0, -1.0].map(|sign| b.combine(&[(1.0, plus), (sign, minus)]))
        })
        .collect();
    (0..results)
        .map(|k| {
            let mut terms: Vec<(f64, Term)> = Vec::with_capacity(pairs.len() + 2);
            if k == 0 {
                terms.push((1.0, m[0]));
            }
            if k + 1 == results {
                terms.push((1.0, m[m.len() - 1]));
            }
            terms.extend(pairs.iter().zip(&sums).map(|(p, sums)| (p.powi(k as i32), sums[k % 2])));
            b.combine(&terms)
        })
        .collect()
}

/// A transform along the columns, then along the rows. `read(row, column)` gives what goes in, `write` takes
/// what comes out, row by row.
pub(super) fn in_two_dimensions(
    b: &mut StripBuilder,
    [rows, columns]: [usize; 2],
    read: &mut dyn FnMut(&mut StripBuilder, usize, usize) -> Term,
    along: &dyn Fn(&mut StripBuilder, &[Term]) -> Vec<Term>,
    write: &mut dyn FnMut(&mut StripBuilder, usize, Vec<Term>),
) {
    let transformed: Vec<Vec<Term>> = (0..columns)
        .map(|column| {
            let values: Vec<Term> = (0..rows).map(|row| read(b, row, column)).collect();
            along(b, &values)
        })
        .collect();
    for row in 0..transformed[0].len() {
        let values: Vec<Term> = transformed.iter().map(|column| column[row]).collect();
        let values = along(b, &values);
        write(b, row, values);
    }
}
