//! Answers averaged over a flip, for people: beside those to the pictures alone.

use super::console::Console;
use super::failure::Failure;
use crate::assess::{Answers, Findings, Interval, Quality};
use crate::experiment::Averaged;
use crate::printed::probability as p;

/// Prints what the averages say of the model, each figure with what it is more or less than without them.
/// # Errors
/// As [`Console::result`].
pub(super) fn tell(plain: &Answers, averaged: &Averaged, console: &Console) -> Result<(), Failure> {
    console.result("averaged over a horizontal flip:")?;
    match (plain.assess().findings, averaged.answers.assess().findings) {
        (Findings::Classes(before), Findings::Classes(now)) => {
            if let Some(Interval { low, high }) = now.interval {
                let both = changed([before.accuracy, now.accuracy]);
                console.result(format_args!("accuracy {both}, 95% interval {low:.4} to {high:.4}"))?;
            }
            tell_means([before.table.macro_mean, now.table.macro_mean], console)?;
            if let (Some(before), Some(now)) = (before.calibration, now.calibration) {
                let both = changed([before.error, now.error]);
                console.result(format_args!("calibration error (ECE) {both}"))?;
            }
        }
        (Findings::Labels(before), Findings::Labels(now)) => {
            if let Some(Interval { low, high }) = now.interval {
                let both = changed([before.exact, now.exact]);
                console
                    .result(format_args!("all classes right {both}, 95% interval {low:.4} to {high:.4}"))?;
            }
            tell_means([before.table.macro_mean, now.table.macro_mean], console)?;
        }
        // numbers are not averaged over a flip
        (_, _) => {}
    }
    let test = averaged.test;
    console.result(format_args!(
        "right about {} pictures that are wrong without it, wrong about {} that are right (McNemar's exact test, \
         p = {})",
        test.only_second,
        test.only_first,
        p(test.p)
    ))
}

fn tell_means([before, now]: [Quality; 2], console: &Console) -> Result<(), Failure> {
    console.result(format_args!("macro f1 {}", changed([before.f1, now.f1])))
}

/// `0.8987 (+0.0064)`
fn changed([before, now]: [f64; 2]) -> String {
    format!("{now:.4} ({:+.4})", now - before)
}
