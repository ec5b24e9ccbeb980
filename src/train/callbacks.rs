//! What happens between epochs, as state machines: values in, actions out. The trainer carries the actions
//! out.
//!
//! Semantics are Keras's, with two differences that are said where they stand: the better direction belongs
//! to the monitored value, and a value that is not a number never counts as an improvement.

use serde::{Deserialize, Serialize};

use crate::ir::{Callback, Monitor};
use crate::settings::decimal;

/// The values known at the end of an epoch, in the order of `history.csv`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EpochValues(pub Vec<(Monitor, f64)>);

impl EpochValues {
    /// The value of a monitor, if this run makes it.
    pub fn get(&self, monitor: Monitor) -> Option<f64> {
        self.0.iter().find(|(m, _)| *m == monitor).map(|&(_, value)| value)
    }
}

/// What one callback remembers between epochs. Every kind uses the fields it needs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Counter {
    /// Best value so far; `None` before the first.
    pub best: Option<f64>,
    /// Epoch of the best value, from 1; 0 before the first.
    pub best_epoch: usize,
    /// Epochs since the last improvement (or reduction).
    pub wait: usize,
    /// Epochs of cooldown left.
    pub cooldown: usize,
}

/// What the trainer has to do at the end of an epoch.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Remember the present weights as the best of callback `callback`.
    KeepWeights {
        /// Place of the callback in the file.
        callback: usize,
    },
    /// Train no further.
    Stop {
        /// Place of the callback in the file.
        callback: usize,
    },
    /// Use this learning rate from the next step on.
    LearningRate(f32),
    /// Write the weights to this file of the run's directory.
    Save {
        /// File name as written.
        path: String,
    },
}

/// The callbacks of a run and what they remember.
#[derive(Debug, Clone, PartialEq)]
pub struct Callbacks {
    rules: Vec<Callback>,
    counters: Vec<Counter>,
}

impl Callbacks {
    /// Callbacks that have seen nothing yet.
    pub fn new(rules: impl IntoIterator<Item = Callback>) -> Self {
        let rules: Vec<Callback> = rules.into_iter().collect();
        let counters = vec![Counter::default(); rules.len()];
        Self { rules, counters }
    }

    /// What each callback remembers, in the order of the file.
    pub fn counters(&self) -> &[Counter] {
        &self.counters
    }

    /// Goes on from remembered counters; `false` (and no change) if their number does not fit.
    #[must_use]
    pub fn restore(&mut self, counters: &[Counter]) -> bool {
        let fits = counters.len() == self.rules.len();
        if fits {
            self.counters = counters.to_vec();
        }
        fits
    }

    /// Callbacks that go back to their best weights when training ends, in the order of the file.
    pub fn restoring(&self) -> impl Iterator<Item = usize> + '_ {
        self.rules.iter().enumerate().filter(|(_, rule)| rule.restores_best()).map(|(at, _)| at)
    }

    /// The epoch, from 1, whose weights callback `callback` holds for the best.
    pub fn best_epoch(&self, callback: usize) -> usize {
        self.counters[callback].best_epoch
    }

    /// Ends epoch `epoch` (from 1): every callback sees the values, in the order of the file, and the
    /// learning rate that the ones before it left. A monitor that this run does not make is skipped (the
    /// checker has refused such files).
    /// Long: an arm for each kind of callback, and no arm is long.
    pub fn end_epoch(&mut self, epoch: usize, values: &EpochValues, learning_rate: f32) -> Vec<Action> {
        let mut actions = Vec::new();
        let mut rate = learning_rate;
        for (callback, (rule, counter)) in self.rules.iter().zip(&mut self.counters).enumerate() {
            match rule {
                Callback::EarlyStopping { monitor, patience, min_delta, restore_best_weights } => {
                    let Some(value) = values.get(monitor.value) else { continue };
                    let rule = Rule { monitor: monitor.value, min_delta: decimal(*min_delta) };
                    // As Keras: until anything improved, the first epoch's weights are the best there are.
                    let first = counter.best_epoch == 0;
                    let improved = counter.improve(&rule, value, epoch);
                    if first {
                        counter.best_epoch = epoch;
                    }
                    if *restore_best_weights && (first || improved) {
                        actions.push(Action::KeepWeights { callback });
                    }
                    if improved {
                        counter.wait = 0;
                        continue;
                    }
                    counter.wait += 1;
                    if counter.wait >= *patience && epoch > 1 {
                        actions.push(Action::Stop { callback });
                    }
                }
                Callback::ReduceLrOnPlateau { monitor, factor, patience, min_delta, cooldown, min_lr } => {
                    let Some(value) = values.get(monitor.value) else { continue };
                    if counter.cooldown > 0 {
                        counter.cooldown -= 1;
                        counter.wait = 0;
                    }
                    let rule = Rule { monitor: monitor.value, min_delta: decimal(*min_delta) };
                    if counter.improve(&rule, value, epoch) {
                        counter.wait = 0;
                    } else if counter.cooldown == 0 {
                        counter.wait += 1;
                        if counter.wait >= *patience && rate > *min_lr {
                            rate = reduced(rate, *factor, *min_lr);
                            actions.push(Action::LearningRate(rate));
                            counter.cooldown = *cooldown;
                            counter.wait = 0;
                        }
                    }
                }
                Callback::Checkpoint { path, monitor, save_best_only } => {
                    let rule = Rule { monitor: monitor.value, min_delta: 0.0 };
                    let improved =
                        values.get(monitor.value).is_some_and(|value| counter.improve(&rule, value, epoch));
                    if improved || !save_best_only {
                        actions.push(Action::Save { path: path.value.clone() });
                    }
                }
                // the trainer sees to these by itself
                Callback::CsvLog { .. }
                | Callback::TensorBoard { .. }
                | Callback::TimeLimit { .. }
                | Callback::TerminateOnNan => {}
            }
        }
        actions
    }
}

/// When a value is better than the best so far.
struct Rule {
    monitor: Monitor,
    /// Least change that counts, ≥ 0.
    min_delta: f64,
}

impl Counter {
    /// Takes `value` for the best if it is better by more than `min_delta`, or the first; says whether it
    /// did. As Keras does, the difference is taken in double precision and compared in single. Keras takes a
    /// first value of NaN for the best, after which nothing improves; here NaN is never the best.
    fn improve(&mut self, rule: &Rule, value: f64, epoch: usize) -> bool {
        let better = match self.best {
            None => !value.is_nan(),
            Some(best) if rule.monitor.falls() => ((value + rule.min_delta) as f32) < best as f32,
            Some(best) => (value - rule.min_delta) as f32 > best as f32,
        };
        if better {
            self.best = Some(value);
            self.best_epoch = epoch;
        }
        better
    }
}

/// `max(rate · factor, min_lr)`, in f64 as Keras computes it, rounded to f32.
fn reduced(rate: f32, factor: f32, min_lr: f32) -> f32 {
    (f64::from(rate) * decimal(factor)).max(decimal(min_lr)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Metric;
    use crate::source::{Span, Spanned};

    fn spanned<T>(value: T) -> Spanned<T> {
        Spanned::new(value, Span::default())
    }

    const VAL_LOSS: Monitor = Monitor { validation: true, metric: None };
    const VAL_ACCURACY: Monitor = Monitor { validation: true, metric: Some(Metric::Accuracy) };

    fn number(case: &serde_json::Value, key: &str) -> f32 {
        case["options"][key].as_f64().expect("a number") as f32
    }

    fn count(case: &serde_json::Value, key: &str) -> usize {
        case["options"][key].as_u64().expect("a whole number") as usize
    }

    fn rule(case: &serde_json::Value) -> Callback {
        let monitor = spanned(match case["monitor"].as_str() {
            Some("val_loss") => VAL_LOSS,
            Some("val_accuracy") => VAL_ACCURACY,
            other => panic!("monitor {other:?}"),
        });
        match case["callback"].as_str() {
            Some("early_stopping") => Callback::EarlyStopping {
                monitor,
                patience: count(case, "patience"),
                min_delta: number(case, "min_delta"),
                restore_best_weights: true,
            },
            Some("reduce_lr_on_plateau") => Callback::ReduceLrOnPlateau {
                monitor,
                factor: number(case, "factor"),
                patience: count(case, "patience"),
                min_delta: number(case, "min_delta"),
                cooldown: count(case, "cooldown"),
                min_lr: number(case, "min_lr"),
            },
            Some("checkpoint") => Callback::Checkpoint {
                path: spanned("best.safetensors".into()),
                monitor,
                save_best_only: true,
            },
            other => panic!("callback {other:?}"),
        }
    }

    /// One line an epoch, as the script writes them: learning rate, and what happened.
    fn play(case: &serde_json::Value) -> Vec<serde_json::Value> {
        let rule = rule(case);
        let monitor = rule.monitor().expect("it watches something").value;
        let mut callbacks = Callbacks::new([rule]);
        let mut rate = 0.001_f32;
        let mut lines = Vec::new();
        for (at, value) in case["values"].as_array().expect("values").iter().enumerate() {
            let values = EpochValues(vec![(monitor, value.as_f64().expect("a number"))]);
            let mut stop = false;
            let mut saved = false;
            for action in callbacks.end_epoch(at + 1, &values, rate) {
                match action {
                    Action::KeepWeights { .. } | Action::Save { .. } => saved = true,
                    Action::Stop { .. } => stop = true,
                    Action::LearningRate(new) => rate = new,
                }
            }
            lines.push(serde_json::json!({ "rate": f64::from(rate), "saved": saved, "stop": stop }));
            // The state must survive its file between any two epochs.
            let text = serde_json::to_string(callbacks.counters()).expect("counters serialise");
            let counters: Vec<Counter> = serde_json::from_str(&text).expect("counters deserialise");
            assert!(callbacks.restore(&counters));
            if stop {
                break;
            }
        }
        lines
    }

    #[test]
    fn keras_worked_out_the_same_sequences() {
        let golden: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("../../tests/golden/callbacks.json"))
                .expect("the golden file is JSON");
        assert!(golden.len() >= 100, "the golden file has cases");
        for (at, case) in golden.iter().enumerate() {
            let expected = case["epochs"].as_array().expect("epochs");
            assert_eq!(&play(case), expected, "case {at}: {case}");
        }
    }

    #[test]
    fn nan_is_never_the_best() {
        let rule = Callback::EarlyStopping {
            monitor: spanned(VAL_LOSS),
            patience: 3,
            min_delta: 0.0,
            restore_best_weights: true,
        };
        let mut callbacks = Callbacks::new([rule]);
        let keep = |callbacks: &mut Callbacks, epoch, value| {
            callbacks.end_epoch(epoch, &EpochValues(vec![(VAL_LOSS, value)]), 0.1)
        };
        assert_eq!(keep(&mut callbacks, 1, f64::NAN), [Action::KeepWeights { callback: 0 }]);
        assert_eq!(keep(&mut callbacks, 2, 1.0), [Action::KeepWeights { callback: 0 }]);
        assert_eq!(keep(&mut callbacks, 3, f64::NAN), []);
        assert_eq!(callbacks.best_epoch(0), 2);
    }

    #[test]
    fn every_epoch_is_saved_where_not_only_the_best_is_wanted() {
        let rule = Callback::Checkpoint {
            path: spanned("all".into()),
            monitor: spanned(VAL_LOSS),
            save_best_only: false,
        };
        let mut callbacks = Callbacks::new([rule]);
        for (epoch, value) in [(1, 1.0), (2, 2.0)] {
            let actions = callbacks.end_epoch(epoch, &EpochValues(vec![(VAL_LOSS, value)]), 0.1);
            assert_eq!(actions, [Action::Save { path: "all".into() }]);
        }
    }

    #[test]
    fn a_state_of_another_file_is_refused() {
        assert!(!Callbacks::new([]).restore(&[Counter::default()]));
    }
}
