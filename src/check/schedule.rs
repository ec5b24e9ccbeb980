//! The schedule: what callbacks watch, and whether they can ever act.

use super::View;
use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::{Metric, Monitor, TrainSpec};
use crate::source::{Span, Spanned};
use crate::vocabulary::Words;

/// E0501, W0503, and E0018 of metrics.
pub(super) fn check(view: &View<'_>, problems: &mut Problems) {
    let Some(train) = &view.program.train else { return };
    if let Some(tune) = &view.program.tune {
        check_monitor(view, train, &tune.objective, problems);
    }
    check_top_k(view, train, problems);
    for stage in train.stages() {
        for callback in &stage.callbacks {
            if let Some(monitor) = callback.value.monitor() {
                check_monitor(view, stage, monitor, problems);
            }
            if let Some(patience) = callback.value.patience() {
                check_patience(stage, callback.span, patience, problems);
            }
        }
    }
}

/// The best k of k classes always hold the true one.
fn check_top_k(view: &View<'_>, train: &TrainSpec, problems: &mut Problems) {
    let Some(classes) = view.classes() else { return };
    for metric in &train.metrics {
        let Metric::TopK(k) = metric.value else { continue };
        if k >= classes {
            let problem = Diagnostic::new(Code::E0018)
                .arg("what", "k")
                .arg("expected", format!("below the number of classes, {classes}"))
                .arg("value", k)
                .at(metric.span, "always-one");
            problems.push(problem);
        }
    }
}

fn check_monitor(view: &View<'_>, train: &TrainSpec, monitor: &Spanned<Monitor>, problems: &mut Problems) {
    let own = view.card.map(|card| card.validation_images);
    // without a data section nothing is known of its splits
    if let Some(data) =
        view.program.data.as_ref().filter(|data| monitor.value.validation && !data.has_validation(own))
    {
        let problem = Diagnostic::new(Code::E0501)
            .saying("validation")
            .arg("monitor", monitor.value.word())
            .at(monitor.span, "here")
            .also(data.source.span, "data")
            .help("validation-help")
            .set("data", "validation", "20% of train");
        problems.push(problem);
        return;
    }
    let known =
        monitor.value.metric.is_none_or(|wanted| train.metrics.iter().any(|metric| metric.value == wanted));
    if !known {
        let prefix = if monitor.value.validation { "val_" } else { "" };
        let made: Vec<String> = std::iter::once("loss".to_owned())
            .chain(train.metrics.iter().map(|metric| metric.value.keyword().to_owned()))
            .map(|name| format!("`{prefix}{name}`"))
            .collect();
        let problem = Diagnostic::new(Code::E0501)
            .arg("monitor", monitor.value.word())
            .arg("made", made.join(", "))
            .at(monitor.span, "here")
            .help("made");
        problems.push(problem);
    }
}

/// The first epoch sets the mark, so `patience` epochs without improvement are over after epoch `patience +
/// 1`.
fn check_patience(train: &TrainSpec, span: Span, patience: usize, problems: &mut Problems) {
    let epochs = train.epochs.value;
    if patience < epochs {
        return;
    }
    let problem = Diagnostic::new(Code::W0503)
        .arg("patience", patience)
        .arg("first", patience + 1)
        .arg("epochs", epochs)
        .at(span, "here");
    let problem =
        if train.epochs.span.is_empty() { problem } else { problem.also(train.epochs.span, "epochs") };
    problems.push(problem.help("help"));
}
