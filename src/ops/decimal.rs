//! Arithmetic on settings as they are written.

/// `1 − x` for the decimal number that `x` was written as: 0.1 for 0.9, where f32 arithmetic would give
/// 0.100000024. (Keras computes it in f64 as well.)
///
/// The shortest decimal that reads back as `x` is that number, for up to six digits.
pub fn complement(x: f32) -> f32 {
    let written: f64 = x.to_string().parse().unwrap_or(f64::from(x));
    (1.0 - written) as f32
}

#[cfg(test)]
mod tests {
    use super::complement;

    #[test]
    fn subtracts_what_was_written() {
        assert_eq!(complement(0.9), 0.1);
        assert_eq!(complement(0.999), 0.001);
        assert_eq!(complement(0.0), 1.0);
    }
}
