//! Numbers with the digits that count.

/// A probability of a test.
pub(super) fn p(value: f64) -> String {
    if value < 1e-3 { format!("{value:.1e}") } else { format!("{value:.3}") }
}
