//! The strategy of a search against its space.

use super::View;
use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::TuneSpec;
use crate::vocabulary::{Strategy, Words};

/// E0013, E0534, W0535.
pub(super) fn check(view: &View<'_>, problems: &mut Problems) {
    let Some(tune) = view.program.tune.as_ref().filter(|tune| !tune.space.parameters.is_empty()) else {
        return;
    };
    if view.program.train.is_none() {
        let problem = Diagnostic::new(Code::E0013).arg("callee", "tune").arg("option", "train");
        let example = "train { epochs: 20; optimizer: adam(lr: 0.001) }";
        problems.push(problem.arg("example", example).at(tune.span, "here").help("example-help"));
    }
    if tune.strategy.value == Strategy::Grid {
        check_grid(tune, problems);
    }
    check_trials(tune, problems);
    check_rungs(tune, problems);
    check_parallel(tune, problems);
}

/// A grid has every point, and a continuous range has points without end.
fn check_grid(tune: &TuneSpec, problems: &mut Problems) {
    for (parameter, place) in tune.space.parameters.iter().zip(&tune.places) {
        if parameter.domain.count().is_none() {
            let problem = Diagnostic::new(Code::E0534)
                .arg("name", &parameter.name)
                .at(*place, "here")
                .also(tune.strategy.span, "strategy");
            problems.push(problem.help("help"));
        }
    }
}

/// More trials than points.
fn check_trials(tune: &TuneSpec, problems: &mut Problems) {
    let strategy = tune.strategy.value;
    let is_written = tune.strategy.span != tune.span;
    let Some((trials, points)) = strategy.trials().zip(tune.space.points()) else { return };
    if is_written && trials as u64 > points {
        let problem = Diagnostic::new(Code::W0535)
            .saying("few")
            .arg("trials", trials)
            .arg("points", points)
            .at(tune.strategy.span, "few-here");
        problems.push(problem.help("few-help"));
    }
}

/// Epochs below the factor: no trial is stopped before its end.
fn check_rungs(tune: &TuneSpec, problems: &mut Problems) {
    let strategy = tune.strategy.value;
    let Some((epochs, factor)) = strategy.max_epochs().zip(strategy.factor()) else { return };
    if epochs < factor {
        let problem = Diagnostic::new(Code::W0535)
            .arg("strategy", strategy.keyword())
            .arg("epochs", epochs)
            .arg("factor", factor)
            .at(tune.strategy.span, "here");
        problems.push(problem.help("help"));
    }
}

/// As many trials side by side as there are: none learns from another.
fn check_parallel(tune: &TuneSpec, problems: &mut Problems) {
    let strategy = tune.strategy.value;
    let Some(trials) = strategy.trials().filter(|_| strategy.learns()) else { return };
    if tune.parallel.value >= trials {
        let problem = Diagnostic::new(Code::W0535)
            .saying("blind")
            .arg("strategy", strategy.keyword())
            .arg("parallel", tune.parallel.value)
            .arg("trials", trials)
            .at(tune.strategy.span, "blind-here");
        problems.push(problem.help("blind-help"));
    }
}
