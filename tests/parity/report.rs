//! Deviations, collected over a suite: a table of the worst of each case, and a failure that lists all that
//! are too large.

use std::fmt::Write as _;

use crate::engine::{Tensor, Weights};
use crate::golden::Digest;

/// A set of results, a column of the table: (prefix of the optimizer, name).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Set<'a>(pub(crate) &'a str, pub(crate) &'a str);

const COLUMNS: [Set<'static>; 11] = [
    Set("", "forward"),
    Set("", "losses"),
    Set("", "grad"),
    Set("", "w1"),
    Set("", "w10"),
    Set("adam.", "losses"),
    Set("adam.", "w1"),
    Set("adam.", "w10"),
    Set("", "answers"),
    Set("", "maps"),
    Set("", "features"),
];

/// The deviations of one suite.
pub(crate) struct Report {
    title: String,
    /// Case, and the worst deviation of each column.
    rows: Vec<(String, [Option<f64>; COLUMNS.len()])>,
    failures: Vec<String>,
}

impl Report {
    /// An empty one.
    pub(crate) fn new(title: String) -> Self {
        Self { title, rows: Vec::new(), failures: Vec::new() }
    }

    /// What follows belongs to this case.
    pub(crate) fn start(&mut self, case: &str) {
        self.rows.push((case.to_owned(), [None; COLUMNS.len()]));
    }

    /// Something other than a deviation went wrong.
    pub(crate) fn fail(&mut self, problem: String) {
        let case = self.rows.last().map_or("", |(case, _)| case);
        self.failures.push(format!("{case}: {problem}"));
    }

    fn record(&mut self, set: Set<'_>, name: &str, deviation: f64, tolerance: f64) {
        let column = COLUMNS.iter().position(|c| *c == set).expect("every set has a column");
        if let Some((_, cells)) = self.rows.last_mut() {
            let cell = &mut cells[column];
            // a NaN stays: it is the worst
            *cell = Some(
                cell.map_or(deviation, |old| if old.is_nan() || old > deviation { old } else { deviation }),
            );
        }
        if deviation.is_nan() || deviation > tolerance {
            self.fail(format!("{}{} of {name}: {deviation:.1e}, more than {tolerance:.0e}", set.0, set.1));
        }
    }

    /// `max |a − b| / max |b|`.
    pub(crate) fn values(&mut self, set: Set<'_>, name: &str, got: &[f64], want: &[f64], tolerance: f64) {
        if got.len() == want.len() {
            self.record(set, name, deviation(got, want, max_abs(want)), tolerance);
        } else {
            self.fail(format!("{}{} of {name}: {} values, not {}", set.0, set.1, got.len(), want.len()));
        }
    }

    /// Losses, each step against the first one's size.
    pub(crate) fn losses(&mut self, set: Set<'_>, got: &[f64], want: &[f64], tolerance: f64) {
        self.values(set, "the loss", got, want, tolerance);
    }

    /// Shape and values of a tensor.
    pub(crate) fn tensor(&mut self, set: Set<'_>, name: &str, got: &Tensor, want: &Tensor, tolerance: f64) {
        if got.shape == want.shape {
            self.values(set, name, &got.as_f64(), &want.as_f64(), tolerance);
        } else {
            self.fail(format!("{}{} of {name}: shape {:?}, not {:?}", set.0, set.1, got.shape, want.shape));
        }
    }

    /// The same tensors under the same names, and their values.
    pub(crate) fn tensors(&mut self, set: Set<'_>, got: &Weights, want: &Weights, tolerance: f64) {
        for (name, tensor) in want {
            match got.get(name) {
                Some(found) => self.tensor(set, name, found, tensor, tolerance),
                None => self.fail(format!("{}{}: {name} is missing", set.0, set.1)),
            }
        }
        for name in got.keys().filter(|name| !want.contains_key(*name)) {
            self.fail(format!("{}{}: {name} should not be there", set.0, set.1));
        }
    }

    /// Samples against the tensor's largest value, sums against the sums of absolute values and of squares.
    pub(crate) fn digest(&mut self, set: Set<'_>, name: &str, got: &[f64], want: &Digest, tolerance: f64) {
        let count = want.samples.len();
        if got.len() < count {
            self.fail(format!("{}{} of {name}: only {} values", set.0, set.1, got.len()));
            return;
        }
        let samples: Vec<f64> = (0..count).map(|j| got[j * (got.len() - 1) / (count - 1).max(1)]).collect();
        let sums = [
            deviation(&samples, &want.samples, want.max_abs),
            (got.iter().sum::<f64>() - want.sum).abs() / want.sum_abs,
            (got.iter().map(|v| v.abs()).sum::<f64>() - want.sum_abs).abs() / want.sum_abs,
            // a relative error of the values counts twice in their squares
            (got.iter().map(|v| v * v).sum::<f64>() - want.sum_sq).abs() / want.sum_sq / 2.0,
        ];
        let worst = sums.iter().copied().fold(0.0, |a: f64, b| if a.is_nan() || a > b { a } else { b });
        self.record(set, name, worst, tolerance);
    }

    /// Prints the table.
    /// # Panics
    /// If anything failed: with the list of it.
    #[expect(clippy::print_stdout, reason = "the table is what this suite is read for")]
    pub(crate) fn finish(self) {
        let mut table = format!("\n{:28}", self.title);
        let used: Vec<usize> = (0..COLUMNS.len())
            .filter(|&column| self.rows.iter().any(|(_, cells)| cells[column].is_some()))
            .collect();
        for Set(prefix, name) in used.iter().map(|&column| COLUMNS[column]) {
            let _ = write!(table, " {:>11}", format!("{prefix}{name}"));
        }
        for (case, cells) in &self.rows {
            let _ = write!(table, "\n{case:28}");
            for cell in used.iter().map(|&column| cells[column]) {
                let _ = write!(table, " {:>11}", cell.map_or_else(String::new, |d| format!("{d:.0e}")));
            }
        }
        println!("{table}");
        assert!(
            self.failures.is_empty(),
            "{}: {} problems\n{}",
            self.title,
            self.failures.len(),
            self.failures.join("\n")
        );
    }
}

fn max_abs(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |m: f64, v| m.max(v.abs()))
}

/// `max |a − b| / scale`, NaN if any value is; without a scale (all expected values are zero) the absolute
/// one.
fn deviation(got: &[f64], want: &[f64], scale: f64) -> f64 {
    let scale = if scale > 0.0 { scale } else { 1.0 };
    let worst = got.iter().zip(want).map(|(a, b)| (a - b).abs());
    worst.fold(0.0, |m: f64, d| if m.is_nan() || m > d { m } else { d }) / scale
}

#[test]
fn deviations_are_relative_to_the_largest_value() {
    assert_eq!(deviation(&[1.0, 2.5], &[1.0, 2.0], 2.0), 0.25);
    assert_eq!(deviation(&[0.5], &[0.0], 0.0), 0.5);
    assert!(deviation(&[f64::NAN, 1.0], &[0.0, 1.0], 1.0).is_nan());
}

#[test]
#[should_panic(expected = "w1 of dense.kernel: 1.0e-1, more than 1e-2")]
fn too_large_a_deviation_fails() {
    let mut report = Report::new("test".into());
    report.start("case");
    report.values(Set("", "w1"), "dense.kernel", &[1.0, 2.2], &[1.0, 2.0], 1e-2);
    report.finish();
}

#[test]
fn a_digest_sees_what_lies_between_its_samples() {
    let mut values: Vec<f64> = (0..1000).map(f64::from).collect();
    let squares = values.iter().map(|v| v * v).sum();
    let samples = (0..32).map(|j| f64::from(j * 999 / 31)).collect();
    let digest = Digest { max_abs: 999.0, sum: 499_500.0, sum_abs: 499_500.0, sum_sq: squares, samples };
    let worst = |values: &[f64]| {
        let mut report = Report::new("test".into());
        report.start("case");
        report.digest(Set("", "w1"), "dense.kernel", values, &digest, 1.0);
        report.rows[0].1[3].expect("the column of w1 is the fourth")
    };
    assert!(worst(&values) < 1e-12);
    values[1] += 500.0;
    assert!(worst(&values) > 1e-4);
}
