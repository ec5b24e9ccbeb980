//! Places on an axis that people read easily.

/// Values between two, a round distance apart: at most so many and, where they can be, a third of it. Source
/// of the steps of 1, 2 and 5: Heckbert, "Nice numbers for graph labels", Graphics Gems (1990).
pub(super) fn ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    let span = high - low;
    if !span.is_finite() || span <= 0.0 || most == 0 {
        return vec![low];
    }
    let least = span / most as f64;
    let unit = 10_f64.powf(least.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].map(|times| times * unit).into_iter().find(|step| *step >= least * 0.999);
    let step = step.unwrap_or(10.0 * unit);
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(|at| at as f64 * step).collect()
}

/// Powers of ten between two positive values, with 2 and 5 times them where these are few.
pub(super) fn powers(low: f64, high: f64) -> Vec<f64> {
    let exponents = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
    let within = |value: &f64| *value >= low * 0.999 && *value <= high * 1.001;
    let tens: Vec<f64> = exponents.clone().map(|e| 10_f64.powi(e)).filter(within).collect();
    if tens.len() >= 3 {
        return tens;
    }
    exponents.flat_map(|e| [1.0, 2.0, 5.0].map(|times| times * 10_f64.powi(e))).filter(within).collect()
}

/// A value of an axis, without digits that say nothing.
pub(super) fn label(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e5).contains(&size) {
        let text = format!("{value:.4}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        format!("{value:e}").replace("e0", "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_round() {
        let told = |low, high, most| ticks(low, high, most).into_iter().map(label).collect::<Vec<_>>();
        assert_eq!(told(0.0, 1.0, 5), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(told(0.113, 0.148, 4), ["0.12", "0.13", "0.14"]);
        assert_eq!(told(1.0, 200.0, 5), ["50", "100", "150", "200"]);
        assert_eq!(told(3.0, 3.0, 5), ["3"]);
        assert_eq!(told(f64::NAN, 3.0, 5).len(), 1);
    }

    #[test]
    fn powers_are_few() {
        let told = |low, high| powers(low, high).into_iter().map(label).collect::<Vec<_>>();
        assert_eq!(told(1e-6, 1e-2), ["1e-6", "1e-5", "1e-4", "0.001", "0.01"]);
        assert_eq!(told(0.001, 0.01), ["0.001", "0.002", "0.005", "0.01"]);
    }
}
