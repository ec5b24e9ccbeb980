//! Curves in a terminal, of braille characters: two by four points each.

use crate::experiment::HistoryRow;

/// Of a curve, in characters.
const WIDTH: usize = 60;
const HEIGHT: usize = 6;

/// The points of a braille character, by column and row from the top: the bits of U+2800 and what follows.
const POINTS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// A curve of each value over the epochs.
pub(super) fn lines(history: &[HistoryRow]) -> Vec<String> {
    let names = history.first().map_or(&[][..], |row| &row.values[..]);
    let mut lines = Vec::new();
    for (name, _) in names {
        let values: Vec<f64> = history.iter().map(|row| row.value(name).unwrap_or(f64::NAN)).collect();
        lines.extend(curve(name, &values));
        lines.push(String::new());
    }
    let rates: Vec<f64> = history.iter().map(|row| row.learning_rate).collect();
    if rates.iter().any(|rate| *rate != rates[0]) {
        lines.extend(curve("learning_rate", &rates));
        lines.push(String::new());
    }
    lines
}

/// A heading, then the curve with the ends of its scale.
fn curve(name: &str, values: &[f64]) -> Vec<String> {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let low = finite().fold(f64::INFINITY, f64::min);
    let high = finite().fold(f64::NEG_INFINITY, f64::max);
    let (Some(first), Some(last)) = (values.first(), values.last()) else { return Vec::new() };
    let mut lines = vec![format!("{name}: {} → {}", number(*first), number(*last))];
    if low > high {
        return lines;
    }
    let margin = number(low).len().max(number(high).len());
    let all = canvas(values, low, high);
    for (at, line) in all.iter().enumerate() {
        let label = match at {
            0 => number(high),
            _ if at + 1 == HEIGHT => number(low),
            _ => String::new(),
        };
        lines.push(format!("{label:>margin$} ┤{}", line.trim_end_matches('\u{2800}')));
    }
    lines.push(format!("{:margin$} └{}", "", "─".repeat(all[0].chars().count())));
    let end = values.len().to_string();
    let wide = all[0].chars().count().saturating_sub(end.len()).max(2);
    lines.push(format!("{:margin$}  {:<wide$}{end}", "", 1));
    lines
}

/// The points of a curve; a line leads from each value to the next.
fn canvas(values: &[f64], low: f64, high: f64) -> Vec<String> {
    // few epochs are drawn narrower
    let columns = (values.len() * 8).clamp(16, WIDTH * 2);
    let rows = HEIGHT * 4;
    let mut cells = vec![vec![0_u32; columns / 2]; HEIGHT];
    let mut put = |x: usize, y: usize| cells[y / 4][x / 2] |= POINTS[x % 2][y % 4];
    let y_of = |value: f64| {
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        ((1.0 - share) * (rows - 1) as f64).round() as usize
    };
    let mut before: Option<usize> = None;
    for x in 0..columns {
        // the value at this place of the time, between two epochs
        let at = x as f64 * (values.len() - 1) as f64 / (columns - 1) as f64;
        let (from, to) = (values[at.floor() as usize], values[at.ceil() as usize]);
        let value = from + (to - from) * at.fract();
        if !value.is_finite() {
            before = None;
            continue;
        }
        let y = y_of(value);
        let start = before.unwrap_or(y);
        for between in start.min(y)..=start.max(y) {
            // what lies on the way from the last point, but for that itself
            if between != start || start == y {
                put(x, between);
            }
        }
        before = Some(y);
    }
    let letter = |bits: &u32| char::from_u32(0x2800 + bits).unwrap_or(' ');
    cells.iter().map(|row| row.iter().map(letter).collect()).collect()
}

/// Four digits that count.
fn number(value: f64) -> String {
    if value != 0.0 && (value.abs() < 1e-2 || value.abs() >= 1e5) {
        format!("{value:.3e}")
    } else {
        format!("{value:.4}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_falls_from_corner_to_corner() {
        let lines = curve("loss", &[4.0, 3.0, 2.0, 1.0]);
        assert_eq!(lines[0], "loss: 4.0000 → 1.0000");
        assert!(lines[1].starts_with("4.0000 ┤") && lines[HEIGHT].starts_with("1.0000 ┤"), "{lines:?}");
        let first = lines[1].chars().nth(8).expect("a letter");
        assert_eq!((u32::from(first) - 0x2800) & 1, 1, "its first point is at the top: {lines:?}");
        assert_eq!(lines.len(), HEIGHT + 3);
    }

    #[test]
    fn what_is_no_number_is_a_gap() {
        assert_eq!(curve("loss", &[f64::NAN]), ["loss: NaN → NaN"]);
        assert_eq!(curve("loss", &[1.0]).len(), HEIGHT + 3);
        assert_eq!(curve("loss", &[1.0, f64::NAN, 1.0]).len(), HEIGHT + 3);
        assert!(curve("loss", &[]).is_empty());
    }
}
