//! Progress on stderr: bars on a terminal, a line an epoch elsewhere.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::account;
use super::console::Console;
use super::language::said;
use crate::data::Progress;
use crate::experiment::{Event, MemberFate, Note, PhaseStart, Start, Watch};
use crate::ir::Metric;
use crate::train::{EpochRecord, RunningSums};

/// Progress of reading data.
struct DataProgress<'a> {
    console: &'a Console,
    bar: Option<ProgressBar>,
    /// The file being fetched, as it was last announced.
    announced: String,
}

impl<'a> DataProgress<'a> {
    fn new(console: &'a Console) -> Self {
        Self { console, bar: None, announced: String::new() }
    }

    /// Shows a step.
    fn show(&mut self, step: Progress<'_>) {
        let (what, done, total) = match step {
            Progress::Fetch { file, done, total } => (format!("fetching {file}"), done, total),
            Progress::Decode { done, total } => {
                ("reading pictures".to_owned(), done as u64, Some(total as u64))
            }
        };
        if self.announced != what {
            self.clear();
            self.announced.clone_from(&what);
            if self.console.draws_bars() {
                let bar = bar(total.unwrap_or(0), "{msg} {wide_bar} {percent}%");
                bar.set_message(said(&what).into_owned());
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
    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// Progress of something that is done to a number of things, one after the other.
struct CountProgress<'a> {
    console: &'a Console,
    what: &'static str,
    bar: Option<ProgressBar>,
}

impl<'a> CountProgress<'a> {
    fn new(what: &'static str, console: &'a Console) -> Self {
        Self { console, what, bar: None }
    }

    /// It is done to so many of all.
    fn show(&mut self, done: usize, all: usize) {
        if all == 0 || !self.console.draws_bars() {
            return;
        }
        let bar = self
            .bar
            .get_or_insert_with(|| bar(0, &format!("{} {{wide_bar}} {{pos}}/{{len}}", said(self.what))));
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    }

    /// Takes the bar away.
    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// Progress of training.
struct TrainProgress {
    epochs: usize,
    /// The one that goes on, from 1.
    epoch: usize,
    metrics: Vec<Metric>,
    bar: Option<ProgressBar>,
    /// When the first step of the epoch was done here, and how many images had been seen by then.
    first_step: Option<(Instant, u64)>,
    /// What the last epoch took, in seconds.
    last_epoch: Option<f64>,
    /// The unit of the rate, looked up once: it is said at every step.
    images_per_second: Cow<'static, str>,
}

impl TrainProgress {
    fn epoch_begins(&mut self, epoch: usize, batches: usize, done: usize) {
        let bar = bar(batches as u64, "{prefix} {wide_bar} {pos}/{len} {msg}");
        self.epoch = epoch;
        let left = self.last_epoch.map(|seconds| seconds * self.epochs_left());
        bar.set_prefix(self.prefix(left));
        bar.set_position(done as u64);
        (self.bar, self.first_step) = (Some(bar), None);
    }

    /// Epochs up to the end of the schedule, with the one that goes on.
    fn epochs_left(&self) -> f64 {
        (self.epochs + 1).saturating_sub(self.epoch) as f64
    }

    /// The epoch, and the seconds that are left, where one can tell.
    fn prefix(&self, left: Option<f64>) -> String {
        let left = left.map_or_else(String::new, |seconds| format!(" ({} left)", duration(seconds)));
        said(&format!("epoch {}/{}{left}", self.epoch, self.epochs)).into_owned()
    }

    fn stepped(&mut self, sums: &RunningSums) {
        let Some(bar) = &self.bar else { return };
        let (begun, before) = *self.first_step.get_or_insert_with(|| (Instant::now(), sums.images));
        let mut text = String::new();
        let (seen, seconds) = (sums.images - before, begun.elapsed().as_secs_f64());
        if seen > 0 && seconds > 0.0 {
            let _ = write!(text, "{:.0} {} ", seen as f64 / seconds, self.images_per_second);
        }
        let _ = write!(text, "loss {:.4}", sums.loss());
        // an area takes all answers so far, in their order: too much work for every step
        for (at, &metric) in self.metrics.iter().enumerate().filter(|(_, metric)| **metric != Metric::Auc) {
            // Writing into a string cannot fail.
            let _ = write!(text, " {} {:.4}", metric.column(), sums.metric(at, metric));
        }
        bar.set_message(text);
        bar.inc(1);
        // the first epoch tells by its steps how long all of them will take, a few times
        let (done, all) = (bar.position(), bar.length().unwrap_or(1).max(1));
        if self.last_epoch.is_none() && seconds > 1.0 && done.is_multiple_of(all.div_ceil(50)) {
            let share = done as f64 / all as f64;
            bar.set_prefix(self.prefix(Some(seconds / share * (self.epochs_left() - share))));
        }
    }

    /// The line of an epoch that is complete.
    fn line(&self, record: &EpochRecord) -> String {
        let mut line = format!("epoch {}/{}", record.epoch, self.epochs);
        for &(monitor, value) in &record.values.0 {
            let _ = write!(line, "  {} {value:.4}", monitor.column());
        }
        let _ = write!(line, "  {:.1} s", record.seconds);
        line
    }

    /// Takes the bar away.
    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// Tells on stderr what happens.
pub(super) struct Terminal<'a> {
    console: &'a Console,
    data: DataProgress<'a>,
    tuning: CountProgress<'a>,
    features: CountProgress<'a>,
    training: TrainProgress,
}

impl<'a> Terminal<'a> {
    pub(super) fn new(console: &'a Console) -> Self {
        Self {
            console,
            data: DataProgress::new(console),
            tuning: CountProgress::new("timing convolutions", console),
            features: CountProgress::new("computing features", console),
            training: TrainProgress {
                epochs: 0,
                epoch: 0,
                metrics: Vec::new(),
                bar: None,
                first_step: None,
                last_epoch: None,
                images_per_second: said("images/s"),
            },
        }
    }

    fn begins(&mut self, start: &Start<'_>) {
        let Start { model, images, threads, ranks, hosts, simd, progress, epochs, .. } = *start;
        let [train, validation, test] = images;
        (self.training.epochs, self.training.metrics) = (epochs, start.metrics.to_vec());
        self.console.note(match (ranks, hosts) {
            (1, _) => format!(
                "{model}: {train} images to train on, {validation} for validation, {test} for the test; {threads} threads, {simd}"
            ),
            (_, 1) => format!(
                "{model}: {train} images to train on, {validation} for validation, {test} for the test; {ranks} ranks (1 host), {threads} threads each, {simd}"
            ),
            _ => format!(
                "{model}: {train} images to train on, {validation} for validation, {test} for the test; {ranks} ranks ({hosts} hosts), {threads} threads each, {simd}"
            ),
        });
        if progress.step > 0 {
            self.console.note(format_args!(
                "going on after epoch {} of {epochs}, step {}",
                progress.epoch, progress.step
            ));
        }
    }

    fn member(&mut self, name: &str, [number, of]: [usize; 2], fate: MemberFate) {
        self.training.last_epoch = None;
        self.console.note(match fate {
            MemberFate::Trained => format!("member {number} of {of}: {name}"),
            MemberFate::Done => format!("member {number} of {of}: {name} is trained already"),
            MemberFate::Given => format!("member {number} of {of}: {name} has its weights from a file"),
        });
    }

    fn phase(&self, phase: &PhaseStart<'_>) {
        let PhaseStart { name, frozen, layers } = *phase;
        let frozen =
            if frozen == 0 { String::new() } else { format!(", {frozen} of {layers} layers frozen") };
        self.console.note(format_args!("phase `{name}`{frozen}"));
    }

    fn note(&self, note: &Note) {
        let line = format!("note: {note}");
        // that a run begins again is more than good to know
        if matches!(note, Note::BeginsAgain { .. }) {
            self.console.problem(line)
        } else {
            self.console.note(line)
        }
    }
}

impl Watch for Terminal<'_> {
    fn see(&mut self, event: Event<'_>) {
        match event {
            Event::ReadingData(step) => self.data.show(step),
            Event::DataRead => self.data.clear(),
            Event::TimingKernels { done, all } => self.tuning.show(done, all),
            Event::KernelsTimed(timed) => {
                self.tuning.clear();
                self.console.note(timed);
            }
            Event::Begins(start) => self.begins(start),
            Event::Member { name, number, of, fate, .. } => self.member(name, [number, of], fate),
            Event::Phase(phase) => self.phase(phase),
            Event::Frozen(frozen) => {
                frozen.sentences().into_iter().for_each(|sentence| self.console.note(sentence));
            }
            Event::MakingFeatures { done, all } => {
                self.features.show(done, all);
                if done == all {
                    self.features.clear();
                }
            }
            Event::EpochBegins { epoch, batches, done } if self.console.draws_bars() => {
                self.training.epoch_begins(epoch, batches, done);
            }
            Event::Step(sums) => self.training.stepped(sums),
            Event::EpochEnds(record) => {
                self.training.clear();
                self.training.last_epoch = Some(record.seconds);
                self.console.note(self.training.line(record));
            }
            Event::Training(note) => self.console.note(note),
            Event::Weights(found) => account::tell(found, self.console),
            Event::Note(note) => self.note(&note),
            Event::Warning(warning) => self.console.warning(warning),
            Event::EpochBegins { .. } | Event::Waited(_) | Event::Folder(_) | Event::Interrupted { .. } => {}
        }
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        self.features.clear();
        self.training.clear();
    }
}

/// `45 s`, `12 min`, `3 h 20 min`: as much as one wants to know of the time that is left.
pub(super) fn duration(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round() as u64;
    match minutes {
        0 | 1 if seconds < 90.0 => format!("{seconds:.0} s"),
        0..60 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

/// A bar for so many things that are made one after the other, each with its name; hidden where no bars are drawn.
pub(super) fn things(count: usize, console: &Console) -> ProgressBar {
    if console.draws_bars() {
        bar(count as u64, "{msg} {wide_bar} {pos}/{len}")
    } else {
        ProgressBar::hidden()
    }
}

fn bar(length: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(template).expect("the template is constant and well formed");
    bar.with_style(style.progress_chars("━╸─"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_exact_as_one_wants_them() {
        let said = [0.4, 59.6, 89.0, 91.0, 754.0, 3600.0, 12_000.0].map(duration);
        assert_eq!(said, ["0 s", "60 s", "89 s", "2 min", "13 min", "1 h 0 min", "3 h 20 min"]);
    }
}
