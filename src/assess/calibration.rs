//! Whether a model is as sure as it is right.

/// How many bins the confidence is divided into, as Guo et al. do.
pub const BINS: usize = 15;

/// Pictures whose answers are about equally sure.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bin {
    /// How many.
    pub pictures: u64,
    /// Mean probability of their answers; 0 of none.
    pub confidence: f64,
    /// Share of right answers; 0 of none.
    pub accuracy: f64,
}

/// Whether a model is as sure as it is right.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// [`BINS`] of equal width from 0 to 1: `(i/15, (i+1)/15]`.
    pub bins: Vec<Bin>,
    /// The expected calibration error: the difference of confidence and accuracy of the bins, weighted by
    /// their pictures.
    pub error: f64,
}

impl Calibration {
    /// Of the probability of each picture's answer, and whether it is right.
    ///
    /// ```text
    /// ECE = Σ_b n_b/n |accuracy_b - confidence_b|
    /// ```
    /// Source: Naeini et al., AAAI (2015); Guo et al., arXiv:1706.04599.
    pub fn of(answers: impl Iterator<Item = (f32, bool)>) -> Self {
        let mut bins = vec![Bin::default(); BINS];
        for (confidence, right) in answers {
            let confidence = f64::from(confidence);
            let at = ((confidence * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
            bins[at].pictures += 1;
            bins[at].confidence += confidence;
            bins[at].accuracy += f64::from(u8::from(right));
        }
        let all: u64 = bins.iter().map(|bin| bin.pictures).sum();
        let mut error = 0.0;
        for bin in bins.iter_mut().filter(|bin| bin.pictures > 0) {
            let pictures = bin.pictures as f64;
            bin.confidence /= pictures;
            bin.accuracy /= pictures;
            error += pictures / all as f64 * (bin.accuracy - bin.confidence).abs();
        }
        Self { bins, error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sure_model_that_is_wrong_half_the_time_is_off_by_half() {
        let found = Calibration::of([(1.0, true), (1.0, false)].into_iter());
        assert_eq!((found.error, found.bins[BINS - 1].pictures), (0.5, 2));
        assert_eq!(Calibration::of(std::iter::empty()).error, 0.0);
        assert_eq!(Calibration::of([(0.0, false)].into_iter()).bins[0].pictures, 1);
    }
}
