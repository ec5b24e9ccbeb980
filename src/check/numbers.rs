//! Outputs, loss and metrics against labels that are numbers: several classes a picture, and regression.

use super::View;
use super::output::{Ending, SIGMOID, check_units, too_few, units_span};
use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::{LabelKind, Loss, Metric};
use crate::source::Span;
use crate::vocabulary::Activation;
use crate::vocabulary::Words;

/// Checks the end of a model whose labels are numbers and gives its loss.
pub(super) fn check(
    view: &View<'_>,
    kind: LabelKind,
    ending: &Ending<'_>,
    units: usize,
    problems: &mut Problems,
) -> Loss {
    let inferred = if kind == LabelKind::Multi { Loss::BinaryCrossentropy } else { Loss::Mse };
    let written = view.program.train.as_ref().and_then(|train| train.loss.as_ref());
    check_ending(view, kind, ending, units, problems);
    let loss = written.map_or(inferred, |loss| loss.value);
    if let Some(written) = written {
        let problem = match (kind, loss) {
            (LabelKind::Single, _)
            | (LabelKind::Multi, Loss::BinaryCrossentropy | Loss::Mse)
            | (LabelKind::Regression, Loss::Mse | Loss::Mae | Loss::Huber { .. }) => None,
            (
                LabelKind::Regression,
                Loss::CategoricalCrossentropy | Loss::BinaryCrossentropy | Loss::Focal { .. } | Loss::Hinge,
            ) => Some("say"),
            (LabelKind::Multi, Loss::CategoricalCrossentropy | Loss::Focal { .. } | Loss::Hinge) => {
                Some("exclusive")
            }
            (LabelKind::Multi, Loss::Mae | Loss::Huber { .. }) => Some("classes"),
        };
        if let Some(sentence) = problem {
            problems.push(unfit(view, kind, sentence, loss.keyword(), written.span, losses_of(kind)));
        }
    }
    check_metrics(view, kind, problems);
    loss
}

/// Number and activation of the outputs of the model, or of an auxiliary output.
pub(super) fn check_ending(
    view: &View<'_>,
    kind: LabelKind,
    ending: &Ending<'_>,
    units: usize,
    problems: &mut Problems,
) {
    check_softmax(view, kind, ending, units, problems);
    match kind {
        LabelKind::Multi if units == 1 => {
            if let Some(classes) = view.classes().filter(|classes| *classes > 1) {
                problems.push(too_few(view, ending, classes, units));
            }
        }
        LabelKind::Multi => check_units(view, ending, units, problems),
        LabelKind::Single | LabelKind::Regression => check_columns(view, ending, units, problems),
    }
}

/// E0219 where labels are single classes.
pub(super) fn check_classes(view: &View<'_>, problems: &mut Problems) {
    let kind = LabelKind::Single;
    if let Some(loss) = view.program.train.as_ref().and_then(|train| train.loss.as_ref())
        && matches!(loss.value, Loss::Mae | Loss::Huber { .. })
    {
        problems.push(unfit(view, kind, "classes", loss.value.keyword(), loss.span, losses_of(kind)));
    }
    check_metrics(view, kind, problems);
}

fn check_metrics(view: &View<'_>, kind: LabelKind, problems: &mut Problems) {
    let Some(train) = &view.program.train else { return };
    for metric in &train.metrics {
        let sentence = match (kind, metric.value) {
            (LabelKind::Single, Metric::Mae | Metric::Mse) => "classes",
            (LabelKind::Multi | LabelKind::Regression, Metric::Mae | Metric::Mse)
            | (
                LabelKind::Multi,
                Metric::Accuracy | Metric::Precision | Metric::Recall | Metric::F1 | Metric::Auc,
            )
            | (LabelKind::Single, _) => continue,
            (
                LabelKind::Regression,
                Metric::Accuracy
                | Metric::TopK(_)
                | Metric::Precision
                | Metric::Recall
                | Metric::F1
                | Metric::Auc,
            ) => "say",
            (LabelKind::Multi, Metric::TopK(_)) => "exclusive",
        };
        let choices = match kind {
            LabelKind::Single => "`accuracy`, `top_k`",
            LabelKind::Multi => "`accuracy`, `precision`, `recall`, `f1`, `auc`",
            LabelKind::Regression => "`mae`, `mse`",
        };
        problems.push(unfit(view, kind, sentence, metric.value.keyword(), metric.span, choices));
    }
}

/// E0219.
fn unfit(
    view: &View<'_>,
    kind: LabelKind,
    sentence: &'static str,
    name: &str,
    span: Span,
    choices: &str,
) -> Diagnostic {
    let here = match sentence {
        "say" => "for-classes",
        "exclusive" => "for-one-class",
        _ => "for-numbers",
    };
    let problem = Diagnostic::new(Code::E0219)
        .saying(sentence)
        .arg("name", name)
        .arg("labels", kind.name())
        .arg("choices", choices)
        .at(span, here);
    with_labels(view, problem).help("help")
}

/// The label at what says that labels are numbers.
fn with_labels(view: &View<'_>, problem: Diagnostic) -> Diagnostic {
    let Some(data) = &view.program.data else { return problem };
    let span = if data.labels.span.is_empty() { data.source.span } else { data.labels.span };
    problem.also(span, "labels")
}

fn losses_of(kind: LabelKind) -> &'static str {
    match kind {
        LabelKind::Single => "`categorical_crossentropy`",
        LabelKind::Multi => "`binary_crossentropy`",
        LabelKind::Regression => "`mse`, `mae`, `huber`",
    }
}

/// E0218; one unit of softmax is E0203's.
fn check_softmax(
    view: &View<'_>,
    kind: LabelKind,
    ending: &Ending<'_>,
    units: usize,
    problems: &mut Problems,
) {
    if ending.last_activation() != Activation::Softmax || units == 1 {
        return;
    }
    let place = ending.last_place();
    let problem = Diagnostic::new(Code::E0218).arg("labels", kind.name()).at(place, "here");
    problems.push(match kind {
        LabelKind::Multi => {
            let problem = with_labels(view, problem.saying("multi")).help("multi-help");
            problem.fix(place, SIGMOID.keyword())
        }
        LabelKind::Single | LabelKind::Regression => with_labels(view, problem).help("help"),
    });
}

/// E0217.
fn check_columns(view: &View<'_>, ending: &Ending<'_>, units: usize, problems: &mut Problems) {
    let Some(columns) = view.numbers().filter(|columns| *columns != units) else { return };
    let place = units_span(ending.scores);
    let problem = Diagnostic::new(Code::E0217)
        .arg("data", view.data_name())
        .arg("columns", columns)
        .arg("units", units)
        .at(place, "here");
    let problem = match &view.program.data {
        Some(data) => problem.also(data.source.span, "data"),
        None => problem,
    };
    let problem = problem.help("help");
    problems.push(if place == ending.scores.span {
        problem
    } else {
        problem.fix(place, columns.to_string())
    });
}
