//! Progress of a search on stderr: a bar on a terminal, a line a trial that has come to its end.

use indicatif::ProgressBar;

use super::console::Console;
use super::language::said;
use super::progress::{Terminal, duration, things};
use super::table::bytes;
use crate::experiment::{SearchEvent, Watch};
use crate::printed::shown_path;
use crate::search::record::{Ended, Record};

/// Tells on stderr what happens in a search.
pub(super) struct TrialProgress<'a> {
    console: &'a Console,
    preparing: Terminal<'a>,
    bar: Option<ProgressBar>,
    /// Epochs that the search has at most, where that is known.
    epochs: Option<usize>,
}

impl<'a> TrialProgress<'a> {
    pub(super) fn new(console: &'a Console) -> Self {
        Self { console, preparing: Terminal::new(console), bar: None, epochs: None }
    }

    pub(super) fn see(&mut self, event: SearchEvent<'_>) {
        match event {
            SearchEvent::Preparing(event) => self.preparing.see(event),
            SearchEvent::Broken { lines } => self.console.warning(format_args!(
                "{lines} lines at the end of the journal cannot be read: what they told is computed again"
            )),
            SearchEvent::Begins { folder, known, jobs, epochs, seconds, memory, .. } => {
                self.console.note(format_args!("search: {}; {jobs} side by side", shown_path(folder)));
                if let Some(epochs) = epochs {
                    // less than a second is no time that one wants to know
                    match seconds.filter(|seconds| *seconds >= 1.0) {
                        Some(seconds) => self.console.note(format_args!(
                            "at most {epochs} epochs, about {} of training",
                            duration(seconds)
                        )),
                        None => self.console.note(format_args!("at most {epochs} epochs")),
                    }
                }
                if let Some(memory) = memory {
                    self.console
                        .note(format_args!("the largest trial takes about {} of memory", bytes(memory)));
                }
                if known > 0 {
                    self.console.note(format_args!("{known} trials are known already"));
                }
                self.epochs = epochs;
                self.bar = Some(things(epochs.unwrap_or(0), self.console));
            }
            SearchEvent::Started { record, .. } => self.announce(record),
            SearchEvent::Epoch { .. } => {
                if let Some(bar) = &self.bar {
                    bar.inc(1);
                }
            }
            SearchEvent::Ended { unit, record, is_best, is_known } => {
                if let (Some(bar), true) = (&self.bar, is_known) {
                    bar.inc(unit.curve.len() as u64);
                }
                self.line(unit, record, is_best);
                self.announce(record);
            }
        }
    }

    /// What the bar says: trials so far, and the best of them.
    fn announce(&self, record: &Record) {
        let Some(bar) = &self.bar else { return };
        if self.epochs.is_none() {
            bar.set_length(
                bar.position() + record.trials.iter().filter(|trial| trial.is_running).count() as u64,
            );
        }
        let best = record.ranked().first().and_then(|trial| trial.best);
        let objective = record.head.as_ref().map_or("", |head| head.objective.as_str());
        let best = best.map_or_else(String::new, |(value, _)| format!(", {objective} {value:.4}"));
        bar.set_message(said(&format!("{} trials{best}", record.trials.len())).into_owned());
    }

    /// The line of a unit that has come to its end.
    fn line(&self, unit: &Ended, record: &Record, is_best: bool) {
        let Some(trial) = record.trials.get(unit.trial - 1) else { return };
        let objective = record.head.as_ref().map_or("", |head| head.objective.as_str());
        let values: Vec<String> = trial
            .point
            .iter()
            .map(|(name, value)| format!("{name} {}", value.as_str().unwrap_or_default()))
            .collect();
        let values = values.join("  ");
        let outcome = match (unit.best, &unit.failed) {
            (Some((value, _)), _) => format!("{objective} {value:.4}{}", if is_best { " *" } else { "" }),
            (None, why) => why.clone().unwrap_or_default(),
        };
        let line = format!(
            "trial {}  epochs {}  {outcome}  {values}  {:.1} s",
            unit.trial, unit.epochs, unit.seconds
        );
        match &self.bar {
            Some(bar) if self.console.draws_bars() => bar.suspend(|| self.console.note(line)),
            Some(_) | None => self.console.note(line),
        }
    }
}

impl Drop for TrialProgress<'_> {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
