//! How well scores put the pictures of a class in front of all others, whatever the threshold.

/// A score, and whether its picture is of the class.
pub type Scored = (f32, bool);

/// Area under the receiver's curve through all thresholds, exactly: the share of the pairs of a picture of
/// the class and one of none whose scores stand in the right order, ties counting half. `None` where all
/// pictures are of the class, or none is. Source: Hanley and McNeil, Radiology 143 (1982).
pub fn area(mut answers: Vec<Scored>) -> Option<f64> {
    // twice the pairs in the right order, as ties count half; those of a tie stand together
    let (mut wanted, mut others, mut pairs) = (0_u64, 0_u64, 0_u128);
    for (hits, misses) in ties(&mut answers) {
        pairs += u128::from(misses) * u128::from(2 * wanted + hits);
        (wanted, others) = (wanted + hits, others + misses);
    }
    (wanted > 0 && others > 0).then(|| pairs as f64 / (2.0 * wanted as f64 * others as f64))
}

/// Average precision: the precision at each threshold, weighted by the recall that it adds. `None` where no
/// picture is of the class.
///
/// ```text
/// Σ (recall_n - recall_{n-1}) precision_n      over the thresholds from the highest on
/// ```
/// Source: Manning, Raghavan and Schütze, Introduction to Information Retrieval (2008), 8.4; as scikit-learn's
/// `average_precision_score`.
pub fn average_precision(mut answers: Vec<Scored>) -> Option<f64> {
    let all = answers.iter().filter(|(_, truth)| *truth).count() as f64;
    let (mut wanted, mut said, mut sum) = (0_u64, 0_u64, 0.0);
    for (hits, misses) in ties(&mut answers) {
        (wanted, said) = (wanted + hits, said + hits + misses);
        sum += hits as f64 / all * (wanted as f64 / said as f64);
    }
    (all > 0.0).then_some(sum)
}

/// From the highest score on: how many pictures that share a score are of the class, and how many are not.
fn ties(answers: &mut [Scored]) -> Vec<(u64, u64)> {
    answers.sort_unstable_by(|(a, _), (b, _)| b.total_cmp(a));
    let counts = |tie: &[Scored]| {
        let hits = tie.iter().filter(|(_, truth)| *truth).count() as u64;
        (hits, tie.len() as u64 - hits)
    };
    answers.chunk_by(|(a, _), (b, _)| a == b).map(counts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_that_is_not_there_has_no_area() {
        assert_eq!(area(vec![(0.5, false), (0.1, false)]), None);
        assert_eq!(average_precision(vec![(0.5, false)]), None);
        assert_eq!(average_precision(vec![(0.5, true), (0.2, true)]), Some(1.0));
        assert_eq!(area(vec![(0.5, true), (0.5, false)]), Some(0.5));
    }
}
