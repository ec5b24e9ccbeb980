//! Progress on stderr: bars on a terminal, a line an epoch elsewhere.

use std::fmt::Write;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::console::Console;
use crate::data::Progress;
use crate::ir::Metric;
use crate::settings::{metric_name, monitor_name};
use crate::train::{EpochRecord, RunningSums, Watch};

/// Progress of reading data.
pub(super) struct DataProgress<'a> {
    console: &'a Console,
    bar: Option<ProgressBar>,
    /// The file being fetched, as it was last announced.
    announced: String,
}

impl<'a> DataProgress<'a> {
    pub(super) fn new(console: &'a Console) -> Self {
        Self { console, bar: None, announced: String::new() }
    }

    /// Shows a step.
    pub(super) fn show(&mut self, step: Progress<'_>) {
        let (what, done, total) = match step {
            Progress::Fetch { file, done, total } => (format!("fetching {file}"), done, total),
            Progress::Decode { done, total } => ("reading pictures".to_owned(), done as u64, Some(total as u64)),
        };
        if self.announced != what {
            self.clear();
            self.announced.clone_from(&what);
            if self.console.draws_bars() {
                let bar = bar(total.unwrap_or(0), "{msg} {wide_bar} {percent}%");
                bar.set_message(what);
                self.bar = Some(bar);
            } else if matches!(step, Progress::Fetch { .. }) {
                self.console.note(what);
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
    }

    /// Takes the bar away.
    pub(super) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// Progress of timing kernels.
pub(super) struct TuneProgress<'a> {
    console: &'a Console,
    bar: Option<ProgressBar>,
}

impl<'a> TuneProgress<'a> {
    pub(super) fn new(console: &'a Console) -> Self {
        Self { console, bar: None }
    }

    /// So many of all convolutions are timed.
    pub(super) fn show(&mut self, done: usize, all: usize) {
        if all == 0 || !self.console.draws_bars() {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| bar(0, "timing convolutions {wide_bar} {pos}/{len}"));
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    }

    /// Takes the bar away.
    pub(super) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// Progress of training.
pub(super) struct TrainProgress<'a> {
    console: &'a Console,
    epochs: usize,
    metrics: Vec<Metric>,
    bar: Option<ProgressBar>,
    /// The last complete epoch.
    pub(super) last: Option<EpochRecord>,
    /// Called at the first step.
    first_step: Option<Box<dyn FnOnce() + 'a>>,
}

impl<'a> TrainProgress<'a> {
    pub(super) fn new(
        console: &'a Console,
        epochs: usize,
        metrics: Vec<Metric>,
        first_step: impl FnOnce() + 'a,
    ) -> Self {
        Self { console, epochs, metrics, bar: None, last: None, first_step: Some(Box::new(first_step)) }
    }
}

impl Watch for TrainProgress<'_> {
    fn epoch_begins(&mut self, epoch: usize, batches: usize, done: usize) {
        if self.console.draws_bars() {
            let bar = bar(batches as u64, "{prefix} {wide_bar} {pos}/{len} {msg}");
            bar.set_prefix(format!("epoch {epoch}/{}", self.epochs));
            bar.set_position(done as u64);
            self.bar = Some(bar);
        }
    }

    fn stepped(&mut self, sums: &RunningSums) {
        if let Some(first) = self.first_step.take() {
            first();
        }
        if let Some(bar) = &self.bar {
            let mut text = format!("loss {:.4}", sums.loss());
            // an area takes all answers so far, in their order: too much work for every step
            for (at, &metric) in self.metrics.iter().enumerate().filter(|(_, metric)| **metric != Metric::Auc) {
                // Writing into a string cannot fail.
                let _ = write!(text, " {} {:.4}", metric_name(metric), sums.metric(at, metric));
            }
            bar.set_message(text);
            bar.inc(1);
        }
    }

    fn epoch_ends(&mut self, record: &EpochRecord) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        let mut line = format!("epoch {}/{}", record.epoch, self.epochs);
        for &(monitor, value) in &record.values.0 {
            let _ = write!(line, "  {} {value:.4}", monitor_name(monitor));
        }
        let _ = write!(line, "  {:.1} s", record.seconds);
        self.console.note(line);
        self.last = Some(record.clone());
    }

    fn note(&mut self, text: &str) {
        self.console.note(text);
    }
}

impl Drop for TrainProgress<'_> {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn bar(length: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(template).expect("the template is constant and well formed");
    bar.with_style(style.progress_chars("━╸─"))
}
