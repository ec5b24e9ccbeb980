//! How far predicted numbers are from the true ones.

/// How far the predictions of one number are from the truth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberQuality {
    /// Mean absolute error.
    pub mae: f64,
    /// Root of the mean squared error.
    pub rmse: f64,
    /// Share of the truth's variance that is explained: 1 is perfect, 0 as good as always saying the mean.
    pub r2: f64,
}

impl NumberQuality {
    /// Of pairs of truth and prediction.
    ///
    /// ```text
    /// R² = 1 - Σ (truth - prediction)² / Σ (truth - mean truth)²
    /// ```
    /// Where all truths are alike it is 1 if all predictions are right, else 0, as scikit-learn's `r2_score`.
    /// `None` of nothing.
    pub fn of(pairs: &[(f32, f32)]) -> Option<Self> {
        if pairs.is_empty() {
            return None;
        }
        let n = pairs.len() as f64;
        let sum = |value: &dyn Fn(f64, f64) -> f64| -> f64 {
            pairs.iter().map(|&(truth, said)| value(f64::from(truth), f64::from(said))).sum()
        };
        let mean = sum(&|truth, _| truth) / n;
        let squares = sum(&|truth, said| (truth - said).powi(2));
        let spread = sum(&|truth, _| (truth - mean).powi(2));
        let r2 = match (spread > 0.0, squares > 0.0) {
            (true, _) => 1.0 - squares / spread,
            (false, true) => 0.0,
            (false, false) => 1.0,
        };
        Some(Self { mae: sum(&|truth, said| (truth - said).abs()) / n, rmse: (squares / n).sqrt(), r2 })
    }

    /// The mean over several numbers.
    pub fn mean(all: &[Self]) -> Option<Self> {
        let n = all.len() as f64;
        let mean = |value: &dyn Fn(&Self) -> f64| all.iter().map(value).sum::<f64>() / n;
        (!all.is_empty()).then(|| Self {
            mae: mean(&|q| q.mae),
            rmse: mean(&|q| q.rmse),
            r2: mean(&|q| q.r2),
        })
    }
}
