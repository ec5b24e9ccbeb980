//! Large numbers for people.

/// `1.5 MiB`.
pub(crate) fn bytes(count: usize) -> String {
    scaled(count as f64, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB"])
}

/// `2.3 M`.
pub(crate) fn metric_prefix(count: u64) -> String {
    scaled(count as f64, 1000.0, &["", "k", "M", "G", "T", "P"])
}

fn scaled(mut value: f64, base: f64, units: &[&str]) -> String {
    let mut unit = 0;
    while value >= base && unit + 1 < units.len() {
        value /= base;
        unit += 1;
    }
    let number = if unit == 0 { format!("{value:.0}") } else { format!("{value:.1}") };
    format!("{number} {}", units[unit]).trim_end().to_owned()
}
