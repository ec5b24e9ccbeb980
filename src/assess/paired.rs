//! Whether one model is better than another, or only luckier.

/// Two models on the same pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemar {
    /// Pictures that only the first is right about.
    pub only_first: u64,
    /// Pictures that only the second is right about.
    pub only_second: u64,
    /// The probability of a difference at least as large where both are equally good.
    pub p: f64,
}

impl McNemar {
    /// McNemar's exact test: of the pictures that just one is right about, either is as likely to be that one
    /// where both are equally good; so their number has a binomial distribution with p = 1/2. Two-sided.
    /// Source: McNemar, Psychometrika 12 (1947).
    pub fn of(only_first: u64, only_second: u64) -> Self {
        let all = only_first + only_second;
        let p = (2.0 * binomial_tail(only_first.min(only_second), all)).min(1.0);
        Self { only_first, only_second, p }
    }
}

/// The probability of at most `most` heads in `n` throws of a coin.
fn binomial_tail(most: u64, n: u64) -> f64 {
    // the last term by logarithms, as 2^-n is 0 in a number long before the sum is; the others from it
    let halves = -(n as f64) * std::f64::consts::LN_2;
    let choices: f64 = (1..=most).map(|k| (((n - most + k) as f64) / k as f64).ln()).sum();
    let (mut term, mut sum) = (1.0, 0.0);
    for k in (0..=most).rev() {
        sum += term;
        term *= k as f64 / (n - k + 1) as f64;
        if term < sum * 1e-18 {
            break;
        }
    }
    (choices + halves).exp() * sum
}

/// More differences than these are compared by the normal distribution that their ranks come close to.
const MOST_EXACT: usize = 50;

/// Wilcoxon's signed rank test of paired differences: the share of all ways of giving signs to the ranks
/// whose sum is at least as far from the middle. Differences of 0 are left out; equal ones share their ranks.
/// Two-sided; 1 where nothing is left. Of more than 50 differences by the normal distribution, as SciPy's
/// `wilcoxon(method="approx")`. Source: Wilcoxon, Biometrics Bulletin 1 (1945).
pub fn wilcoxon(differences: &[f64]) -> f64 {
    let mut sizes: Vec<(f64, bool)> =
        differences.iter().filter(|d| **d != 0.0).map(|d| (d.abs(), *d > 0.0)).collect();
    sizes.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    // twice the ranks, which are whole even where some are shared
    let mut ranks = Vec::with_capacity(sizes.len());
    for tie in sizes.chunk_by(|(a, _), (b, _)| a == b) {
        let before = ranks.len();
        ranks.extend(tie.iter().map(|(_, positive)| (2 * before + tie.len() + 1, *positive)));
    }
    let total: usize = ranks.iter().map(|(rank, _)| rank).sum();
    let positive: usize = ranks.iter().filter(|(_, positive)| *positive).map(|(rank, _)| rank).sum();
    let least = positive.min(total - positive);
    if ranks.len() > MOST_EXACT {
        // of doubled ranks: the variance of a sum of ranks with random signs is a quarter of their squares
        let variance: f64 = ranks.iter().map(|(rank, _)| (*rank as f64).powi(2)).sum::<f64>() / 4.0;
        let z = (least as f64 - total as f64 / 2.0) / variance.sqrt();
        return 2.0 * normal_below(z);
    }
    // the share of ways that lead to each sum
    let mut ways = vec![0.0; total + 1];
    ways[0] = 1.0;
    for (rank, _) in &ranks {
        for sum in (0..=total).rev() {
            let with = if sum >= *rank { ways[sum - rank] } else { 0.0 };
            ways[sum] = (ways[sum] + with) / 2.0;
        }
    }
    (2.0 * ways[..=least].iter().sum::<f64>()).min(1.0)
}

/// The probability of a value of the standard normal distribution at or below `z`, which is at most 0: by a
/// series near 0, else by a continued fraction. Source: Abramowitz and Stegun, Handbook of Mathematical
/// Functions (1964), 26.2.11 and 26.2.14.
fn normal_below(z: f64) -> f64 {
    let x = -z;
    let density = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if x < 2.5 {
        let (mut term, mut sum, mut n) = (x, x, 1.0);
        while term > sum * 1e-17 {
            n += 2.0;
            term *= x * x / n;
            sum += term;
        }
        return 0.5 - density * sum;
    }
    let tail = (1..=200).rev().fold(x, |below, n| x + f64::from(n) / below);
    density / tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_models_differ_by_chance() {
        assert_eq!(McNemar::of(0, 0).p, 1.0);
        assert_eq!(McNemar::of(5, 5).p, 1.0);
        assert!((McNemar::of(0, 5).p - 0.0625).abs() < 1e-15);
        assert_eq!(wilcoxon(&[0.0, 0.0]), 1.0);
        assert!((wilcoxon(&[1.0, 2.0, 3.0, 4.0, 5.0]) - 0.0625).abs() < 1e-15);
    }

    /// All ways of giving signs, one after the other.
    fn by_all_signs(differences: &[f64]) -> f64 {
        let sizes: Vec<f64> = differences.iter().map(|d| d.abs()).filter(|d| *d != 0.0).collect();
        let rank = |size: f64| {
            let below = sizes.iter().filter(|other| **other < size).count();
            let equal = sizes.iter().filter(|other| **other == size).count();
            below as f64 + (equal as f64 + 1.0) / 2.0
        };
        let ranks: Vec<f64> = sizes.iter().map(|size| rank(*size)).collect();
        let middle = ranks.iter().sum::<f64>() / 2.0;
        let found: f64 = differences.iter().filter(|d| **d > 0.0).map(|d| rank(d.abs())).sum();
        let all = 1_u32 << ranks.len();
        let far = |signs: &u32| {
            let sum: f64 =
                ranks.iter().enumerate().filter(|(at, _)| signs >> at & 1 == 1).map(|(_, r)| r).sum();
            (sum - middle).abs() >= (found - middle).abs() - 1e-9
        };
        (0..all).filter(far).count() as f64 / f64::from(all)
    }

    #[test]
    fn shared_ranks_are_exact_too() {
        for differences in [vec![1.0, 1.0, -1.0, 2.0, 0.0, 2.0], vec![-3.0, 1.0, 1.0], vec![0.5; 7]] {
            let (fast, slow) = (wilcoxon(&differences), by_all_signs(&differences));
            assert!((fast - slow).abs() < 1e-12, "{differences:?}: {fast} is not {slow}");
        }
    }
}
