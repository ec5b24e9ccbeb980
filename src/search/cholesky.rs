//! Symmetric systems of equations, a few hundred of them.

/// The lower triangle `L` of a symmetric matrix `A = L Lᵀ` that is positive definite.
#[derive(Debug, Clone)]
pub(super) struct Cholesky {
    /// `[n, n]`, row after row; nothing is read above the diagonal.
    lower: Vec<f64>,
    n: usize,
}

impl Cholesky {
    /// Of a matrix `[n, n]`, of which the lower triangle is read. `None` where it is not positive definite,
    /// or too near to one that is not.
    pub(super) fn of(mut matrix: Vec<f64>, n: usize) -> Option<Self> {
        for i in 0..n {
            let (above, row) = matrix.split_at_mut(i * n);
            for j in 0..i {
                let other = &above[j * n..j * n + j + 1];
                row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
            }
            let left = row[i] - dot(&row[..i], &row[..i]);
            if left.is_nan() || left <= 0.0 {
                return None;
            }
            row[i] = left.sqrt();
        }
        Some(Self { lower: matrix, n })
    }

    /// `L⁻¹ b`.
    pub(super) fn halfway(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b.to_vec();
        for i in 0..self.n {
            let row = self.row(i);
            x[i] = (x[i] - dot(&row[..i], &x[..i])) / row[i];
        }
        x
    }

    /// `A⁻¹ b`.
    pub(super) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = self.halfway(b);
        for i in (0..self.n).rev() {
            let row = self.row(i);
            x[i] /= row[i];
            let known = x[i];
            x[..i].iter_mut().zip(row).for_each(|(x, l)| *x -= l * known);
        }
        x
    }

    /// The logarithm of the determinant of `A`.
    pub(super) fn ln_determinant(&self) -> f64 {
        (0..self.n).map(|i| 2.0 * self.row(i)[i].ln()).sum()
    }

    /// `A⁻¹`: its lower triangle, `[n, n]`; zeros above it.
    pub(super) fn inverse(&self) -> Vec<f64> {
        let n = self.n;
        // row i of this is column i of L⁻¹, from the diagonal on: all sums are over what lies side by side
        let mut columns = vec![0.0; n * n];
        for (j, column) in columns.chunks_exact_mut(n).enumerate() {
            column[j] = 1.0 / self.row(j)[j];
            for i in j + 1..n {
                let row = self.row(i);
                column[i] = -dot(&row[j..i], &column[j..i]) / row[i];
            }
        }
        let mut inverse = vec![0.0; n * n];
        for i in 0..n {
            for k in 0..=i {
                inverse[i * n + k] = dot(&columns[i * n + i..(i + 1) * n], &columns[k * n + i..(k + 1) * n]);
            }
        }
        inverse
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.lower[i * self.n..i * self.n + i + 1]
    }
}

/// The sum of products, always in the same order. Eight sums side by side are what a processor adds at once.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let [s0, s1, s2, s3, s4, s5, s6, s7] = sums;
    ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7)) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solutions_and_inverse_give_the_identity() {
        let n = 21;
        // covariances of points on a line, with some noise
        let distance = |i: usize, j: usize| (i as f64 - j as f64).abs() / 5.0;
        let a: Vec<f64> = (0..n * n)
            .map(|k| (-distance(k / n, k % n)).exp() + if k / n == k % n { 0.1 } else { 0.0 })
            .collect();
        let cholesky = Cholesky::of(a.clone(), n).expect("positive definite");
        let inverse = cholesky.inverse();
        for i in 0..n {
            let unit: Vec<f64> = (0..n).map(|j| f64::from(u8::from(i == j))).collect();
            let x = cholesky.solve(&unit);
            for j in 0..n {
                let product: f64 = (0..n).map(|k| a[j * n + k] * x[k]).sum();
                assert!((product - unit[j]).abs() < 1e-12, "{i} {j}");
                let (row, column) = (i.max(j), i.min(j));
                assert!((inverse[row * n + column] - x[j]).abs() < 1e-12, "{i} {j}");
            }
            let half = cholesky.halfway(&unit);
            assert!((half.iter().map(|x| x * x).sum::<f64>() - x[i]).abs() < 1e-12);
        }
        // of 2 by 2: 4 · 3 − 1
        let small = Cholesky::of(vec![4.0, 0.0, 1.0, 3.0], 2).expect("positive definite");
        assert!((small.ln_determinant() - 11_f64.ln()).abs() < 1e-14);
        assert!(Cholesky::of(vec![1.0, 0.0, 2.0, 1.0], 2).is_none());
    }
}
