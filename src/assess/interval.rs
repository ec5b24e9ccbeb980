//! How far a share may lie from the one that was counted.

/// The 97.5% quantile of the standard normal distribution.
const QUANTILE: f64 = 1.959_963_984_540_054;

/// Where a share lies with a probability of 95%.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Not below 0.
    pub low: f64,
    /// Not above 1.
    pub high: f64,
}

impl Interval {
    /// The 95% interval of a share of which `hits` of `all` were counted; `None` of nothing.
    ///
    /// ```text
    /// (p + z²/2n ± z √(p (1 - p)/n + z²/4n²)) / (1 + z²/n)      p = hits/n, z = 1.96
    /// ```
    /// Unlike the normal interval it holds for few pictures and for shares near 0 and 1. Source: Wilson,
    /// Journal of the American Statistical Association 22 (1927).
    pub fn wilson(hits: u64, all: u64) -> Option<Self> {
        if all == 0 {
            return None;
        }
        let (n, z) = (all as f64, QUANTILE);
        let share = hits as f64 / n;
        let scale = 1.0 + z * z / n;
        let middle = (share + z * z / (2.0 * n)) / scale;
        let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt() / scale;
        // rounding leaves nothing over where all or none were hit
        let low = if hits == 0 { 0.0 } else { middle - half };
        let high = if hits == all { 1.0 } else { middle + half };
        Some(Self { low, high })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_and_none_end_at_the_ends() {
        let [none, all] = [0, 20].map(|hits| Interval::wilson(hits, 20).expect("twenty"));
        assert_eq!((none.low, all.high), (0.0, 1.0));
        assert!((none.high - (1.0 - all.low)).abs() < 1e-15 && none.high > 0.16 && none.high < 0.17);
        assert_eq!(Interval::wilson(0, 0), None);
    }
}
