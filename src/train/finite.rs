//! Numbers that are read from a file must be numbers: one NaN among the weights makes every answer NaN.

use std::path::Path;

use super::error::RunError;
use crate::printed::few;

/// Refuses tensors that hold NaN or infinity, by name and count.
/// # Errors
/// [`RunError::NotFiniteWeights`].
pub(crate) fn all_finite<'a>(
    path: &Path,
    tensors: impl Iterator<Item = (&'a str, &'a [f32])>,
) -> Result<(), RunError> {
    let found: Vec<String> = tensors.filter_map(|(name, values)| not_finite(name, values)).collect();
    if found.is_empty() {
        return Ok(());
    }
    Err(RunError::NotFiniteWeights { path: path.to_owned(), tensors: few(&found) })
}

/// `conv2d.kernel` (3 of 288 NaN, 1 infinite)`; `None` where all is well.
fn not_finite(name: &str, values: &[f32]) -> Option<String> {
    let count = |bad: fn(&f32) -> bool| values.iter().filter(|value| bad(value)).count();
    let counts = [(count(|value| value.is_nan()), "NaN"), (count(|value| value.is_infinite()), "infinite")];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, kind)| format!("{count} {kind}"))
        .collect();
    (!counts.is_empty()).then(|| format!("`{name}` ({} of {})", counts.join(", "), values.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_counted() {
        let values = [1.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, f32::MIN_POSITIVE];
        let tensors = [("a.kernel", &values[..]), ("b.bias", &values[4..]), ("c.gamma", &values[1..2])];
        let error = all_finite(Path::new("w"), tensors.into_iter()).expect_err("two are bad").to_string();
        assert!(error.contains("`a.kernel` (1 NaN, 2 infinite of 6), `c.gamma` (1 NaN of 1)"), "{error}");
        assert!(all_finite(Path::new("w"), [("b.bias", &values[4..])].into_iter()).is_ok());
    }
}
