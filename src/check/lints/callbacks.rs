//! W0504 and W0505: callbacks that come too late, and "best" weights that are not.

use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::{Callback, TrainSpec};

pub(super) fn check(train: &TrainSpec, problems: &mut Problems) {
    for stage in train.stages() {
        check_patience(stage, problems);
        check_best(stage, problems);
    }
}

/// W0504: training stops before the rate can drop.
fn check_patience(stage: &TrainSpec, problems: &mut Problems) {
    for stopping in &stage.callbacks {
        let Callback::EarlyStopping { monitor, patience: stop, .. } = &stopping.value else { continue };
        for plateau in &stage.callbacks {
            let Callback::ReduceLrOnPlateau { monitor: watched, patience: drop, .. } = &plateau.value else {
                continue;
            };
            // one that cannot act at all is W0503
            let both_act = *stop < stage.epochs.value && *drop < stage.epochs.value;
            if watched.value != monitor.value || drop < stop || !both_act {
                continue;
            }
            let problem = Diagnostic::new(Code::W0504)
                .arg("drop", drop)
                .arg("stop", stop)
                .at(plateau.span, "plateau")
                .also(stopping.span, "stopping");
            problems.push(match stop / 2 {
                0 => problem.help("longer"),
                half => problem.arg("half", half).help("help"),
            });
        }
    }
}

/// W0505: a file of the best weights that is written in every epoch; a stop that keeps the last weights.
fn check_best(stage: &TrainSpec, problems: &mut Problems) {
    let keeps_best = stage
        .callbacks
        .iter()
        .any(|callback| matches!(callback.value, Callback::Checkpoint { save_best_only: true, .. }));
    for callback in &stage.callbacks {
        if let Callback::Checkpoint { path, save_best_only: false, .. } = &callback.value
            && path.value.to_ascii_lowercase().contains("best")
        {
            let problem = Diagnostic::new(Code::W0505).arg("path", &path.value).at(callback.span, "here");
            problems.push(problem.help("help"));
        }
        if let Callback::EarlyStopping { restore_best_weights: false, patience, .. } = &callback.value
            && !keeps_best
            && *patience > 0
        {
            let problem = Diagnostic::new(Code::W0505).saying("stopping").arg("patience", patience);
            problems.push(problem.at(callback.span, "stopping-here").help("stopping-help"));
        }
    }
}
