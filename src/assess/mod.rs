//! What answers say of a model: how good it is, how sure one can be of that, which classes it mixes up, and
//! whether another is better. Pure arithmetic on lists of answers: it knows neither models nor files.
//!
//! All figures are those of scikit-learn and SciPy, to the last digits but one: `tests/golden/assess.json`.

mod answers;
mod assessment;
mod calibration;
mod classes;
mod confusion;
mod counts;
mod interval;
mod json;
mod numbers;
mod paired;
mod ranking;
mod record;
#[cfg(test)]
mod tests;

pub use answers::{Answers, PictureAnswer, THRESHOLD, Task, Truth};
pub use assessment::{Assessment, ClassFindings, Findings, LabelFindings, NumberFindings, Ranked};
pub use calibration::{BINS, Bin, Calibration};
pub use classes::{ClassQuality, ClassTable, Quality};
pub use confusion::{Confusion, Mixup};
pub use counts::Counts;
pub use interval::Interval;
pub use numbers::NumberQuality;
pub use paired::{McNemar, wilcoxon};
pub use ranking::{Scored, area, average_precision};
