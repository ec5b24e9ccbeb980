//! Precision, recall and F1 of each class, as scikit-learn's `classification_report` has them.

use super::counts::Counts;

/// Precision, recall and F1.
///
/// ```text
/// precision = hits / said      recall = hits / wanted      F1 = 2 hits / (said + wanted)      each 0 where it would be 0 / 0
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Quality {
    /// The share of what was said that is right.
    pub precision: f64,
    /// The share of what is right that was said.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
}

/// How well one class is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassQuality {
    /// What was counted.
    pub counts: Counts,
    /// What follows from it.
    pub quality: Quality,
}

/// How well each class is told, and all together.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassTable {
    /// In the order of the classes.
    pub rows: Vec<ClassQuality>,
    /// Each class counts alike. Classes that occur neither among truths nor among answers are left out, as
    /// scikit-learn does.
    pub macro_mean: Quality,
    /// Each class counts as often as it occurs.
    pub weighted_mean: Quality,
    /// Of all decisions together. Where just one class is right and one is said, all three are the accuracy.
    pub micro_mean: Quality,
}

impl ClassTable {
    /// Of what was counted for each class.
    pub fn of(counts: Vec<Counts>) -> Self {
        let rows: Vec<ClassQuality> =
            counts.into_iter().map(|counts| ClassQuality { counts, quality: Quality::of(counts) }).collect();
        let mean = |weight: &dyn Fn(Counts) -> f64| {
            let sum = |value: &dyn Fn(Quality) -> f64| -> f64 {
                rows.iter().map(|row| value(row.quality) * weight(row.counts)).sum()
            };
            let all: f64 = rows.iter().map(|row| weight(row.counts)).sum();
            let over = |sum: f64| if all == 0.0 { 0.0 } else { sum / all };
            Quality {
                precision: over(sum(&|q| q.precision)),
                recall: over(sum(&|q| q.recall)),
                f1: over(sum(&|q| q.f1)),
            }
        };
        let micro = rows.iter().fold(Counts::default(), |sum, row| sum.and(row.counts));
        Self {
            macro_mean: mean(&|counts| f64::from(u8::from(counts.occurs()))),
            weighted_mean: mean(&|counts| counts.wanted as f64),
            micro_mean: Quality::of(micro),
            rows,
        }
    }
}

impl Quality {
    /// Of what was counted.
    pub fn of(counts: Counts) -> Self {
        let Counts { hits, said, wanted } = counts;
        Self { precision: share(hits, said), recall: share(hits, wanted), f1: share(2 * hits, said + wanted) }
    }
}

/// 0 of nothing.
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
