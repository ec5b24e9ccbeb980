//! E0323: shares that are drawn for splits which the source has already.

use super::View;
use crate::diag::{Code, Diagnostic, Problems};
use crate::vocabulary::{DataSource, SplitBase};

/// E0323.
pub(super) fn check(view: &View<'_>, problems: &mut Problems) {
    let Some(data) = &view.program.data else { return };
    let images = view.card.map(|card| card.own_images());
    let source = &data.source.value;
    let validated = source.has_validation().unwrap_or_else(|| images.is_some_and(|[_, own, _]| own > 0));
    let tested = images.map_or_else(|| names_test(source), |[.., own]| own > 0);
    let problem = |saying: &'static str, at, help| {
        let problem =
            Diagnostic::new(Code::E0323).saying(saying).at(at, "here").also(data.source.span, "source");
        problem.help(help)
    };
    if let Some(share) = data.validation.as_ref().filter(|_| validated) {
        problems.push(problem("validation", share.span, "validation-help"));
    }
    let Some(share) = &data.test else { return };
    match share.value.of {
        SplitBase::All if validated => {
            problems.push(problem("all", share.span, if tested { "all-help" } else { "train-help" }))
        }
        SplitBase::Train if tested => problems.push(problem("test", share.span, "test-help")),
        SplitBase::All | SplitBase::Train => {}
    }
}

/// Whether test pictures of its own are written.
fn names_test(source: &DataSource) -> bool {
    match source {
        DataSource::Folder { test, .. } | DataSource::CifarBinary { test, .. } => test.is_some(),
        DataSource::Idx { test, .. } => test.is_some(),
        DataSource::Digits
        | DataSource::Mnist
        | DataSource::FashionMnist
        | DataSource::Cifar10
        | DataSource::Cifar100
        | DataSource::Npz(_)
        | DataSource::Csv(_) => false,
    }
}
