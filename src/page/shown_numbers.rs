//! Numbers as the page shows them.

/// `96.4%`; of a share near the ends one digit more.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 99.0 && percent < 100.0 || percent > 0.0 && percent < 1.0 {
        format!("{percent:.2}%")
    } else {
        format!("{percent:.1}%")
    }
}

/// Four digits that count.
pub(super) fn significant(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    if value != 0.0 && (value.abs() < 1e-2 || value.abs() >= 1e5) {
        format!("{value:.3e}")
    } else {
        format!("{value:.4}")
    }
}

/// `0.63 s`, `12.5 s`, `3 min 20 s`, `2 h 5 min`
pub(super) fn seconds(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..10 => format!("{seconds:.2} s"),
        10..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [0.9638, 0.99321, 1.0, 0.0, 0.004].map(percent),
            ["96.4%", "99.32%", "100.0%", "0.0%", "0.40%"]
        );
        assert_eq!([0.12139, 0.00123, f64::NAN].map(significant), ["0.1214", "1.230e-3", "NaN"]);
        assert_eq!(
            [0.626, 12.52, 200.0, 7500.0].map(seconds),
            ["0.63 s", "12.5 s", "3 min 20 s", "2 h 5 min"]
        );
    }
}
