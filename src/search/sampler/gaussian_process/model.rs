//! Values at places, and what they say of other places.

use crate::search::cholesky::{Cholesky, dot};

/// Values that were seen. Places have a coordinate for each parameter: from 0 to 1, or the number of a word.
#[derive(Debug, Clone)]
pub(super) struct Data {
    /// For each parameter whether it is a word.
    pub(super) words: Vec<bool>,
    /// `[n, parameters]`.
    pub(super) places: Vec<f64>,
    /// `[n]`, with mean 0 and deviation 1 or about that.
    pub(super) values: Vec<f64>,
}

/// How values at places hang together: Matérn's kernel with ν = 5/2, and noise.
///
/// ```text
/// r²       = Σ relevance · difference²       the difference of words is 0 or 1
/// k(x, x') = scale (1 + √5 r + 5/3 r²) exp(−√5 r)
/// ```
/// Source: Rasmussen and Williams, "Gaussian processes for machine learning" (2006), equation 4.17.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kernel {
    /// Of each parameter: one over the square of its length.
    pub(super) relevance: Vec<f64>,
    /// The variance of values far from all that were seen.
    pub(super) scale: f64,
    /// The variance of a value about what it would be without noise.
    pub(super) noise: f64,
}

/// How likely values are, and how that changes.
#[derive(Debug, Clone)]
pub(super) struct Likelihood {
    /// Its logarithm, without the constant `−n/2 ln 2π`.
    pub(super) ln: f64,
    /// Its derivatives by the logarithms of the relevances, of the scale and of the noise.
    pub(super) slope: Vec<f64>,
}

impl Data {
    /// How many.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn place(&self, i: usize) -> &[f64] {
        let width = self.words.len();
        &self.places[i * width..(i + 1) * width]
    }

    /// The squared difference of two coordinates of a parameter.
    fn square(&self, parameter: usize, a: f64, b: f64) -> f64 {
        if self.words[parameter] { f64::from(u8::from(a != b)) } else { (a - b) * (a - b) }
    }

    fn distance(&self, kernel: &Kernel, a: &[f64], b: &[f64]) -> f64 {
        let part = |(parameter, relevance): (usize, &f64)| {
            relevance * self.square(parameter, a[parameter], b[parameter])
        };
        kernel.relevance.iter().enumerate().map(part).sum()
    }

    /// `[n, n]`, the lower triangle: how values that are seen hang together.
    fn covariance(&self, kernel: &Kernel) -> Vec<f64> {
        let n = self.len();
        let mut covariance = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..i {
                let distance = self.distance(kernel, self.place(i), self.place(j));
                covariance[i * n + j] = kernel.scale * matern(distance);
            }
            covariance[i * n + i] = kernel.scale + kernel.noise;
        }
        covariance
    }

    /// How likely the values are under a kernel; `None` where numbers have too few digits to say.
    ///
    /// ```text
    /// ln p  = −½ yᵀ K⁻¹ y − ½ ln det K
    /// ∂ln p = ½ tr((α αᵀ − K⁻¹) ∂K)          α = K⁻¹ y
    /// ```
    /// Source: Rasmussen and Williams, equations 2.30 and 5.9.
    pub(super) fn likelihood(&self, kernel: &Kernel) -> Option<Likelihood> {
        let n = self.len();
        let cholesky = Cholesky::of(self.covariance(kernel), n)?;
        let alpha = cholesky.solve(&self.values);
        let ln = -0.5 * dot(&self.values, &alpha) - 0.5 * cholesky.ln_determinant();
        let inverse = cholesky.inverse();
        let width = self.words.len();
        let mut slope = vec![0.0; width + 2];
        for i in 0..n {
            let diagonal = 0.5 * (alpha[i] * alpha[i] - inverse[i * n + i]);
            slope[width] += diagonal * kernel.scale;
            slope[width + 1] += diagonal * kernel.noise;
            for j in 0..i {
                // both halves of the matrix
                let weight = (alpha[i] * alpha[j] - inverse[i * n + j]) * kernel.scale;
                let (a, b) = (self.place(i), self.place(j));
                let distance = self.distance(kernel, a, b);
                slope[width] += weight * matern(distance);
                let steep = weight * matern_slope(distance);
                for (parameter, slope) in slope[..width].iter_mut().enumerate() {
                    *slope += steep * self.square(parameter, a[parameter], b[parameter]);
                }
            }
        }
        slope.iter_mut().zip(&kernel.relevance).for_each(|(slope, relevance)| *slope *= relevance);
        Some(Likelihood { ln, slope })
    }
}

/// What is believed of all places once values were seen.
#[derive(Debug)]
pub(super) struct Posterior<'a> {
    data: &'a Data,
    kernel: &'a Kernel,
    cholesky: Cholesky,
    alpha: Vec<f64>,
}

impl<'a> Posterior<'a> {
    /// `None` where numbers have too few digits to say.
    pub(super) fn of(data: &'a Data, kernel: &'a Kernel) -> Option<Self> {
        let cholesky = Cholesky::of(data.covariance(kernel), data.len())?;
        let alpha = cholesky.solve(&data.values);
        Some(Self { data, kernel, cholesky, alpha })
    }

    /// The mean of the value at a place, and its variance without noise.
    ///
    /// ```text
    /// mean = kᵀ K⁻¹ y        variance = k(x, x) − kᵀ K⁻¹ k
    /// ```
    /// Source: Rasmussen and Williams, equations 2.25 and 2.26.
    pub(super) fn at(&self, place: &[f64]) -> (f64, f64) {
        let covariance =
            |i: usize| self.kernel.scale * matern(self.data.distance(self.kernel, place, self.data.place(i)));
        let covariances: Vec<f64> = (0..self.data.len()).map(covariance).collect();
        let half = self.cholesky.halfway(&covariances);
        let variance = (self.kernel.scale - dot(&half, &half)).max(0.0);
        (dot(&covariances, &self.alpha), variance)
    }
}

/// Matérn's kernel of a squared distance.
fn matern(square: f64) -> f64 {
    let root = (5.0 * square).sqrt();
    (1.0 + root + 5.0 / 3.0 * square) * (-root).exp()
}

/// Its derivative by the squared distance.
fn matern_slope(square: f64) -> f64 {
    let root = (5.0 * square).sqrt();
    -5.0 / 6.0 * (1.0 + root) * (-root).exp()
}
