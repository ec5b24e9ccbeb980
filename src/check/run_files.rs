//! Names of the files that callbacks write into the run's folder.

use super::View;
use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::{TrainSpec, run_files};
use crate::printed::shown;
use crate::source::{Span, Spanned};
use crate::vocabulary::{Words, Writes};

/// A name that a callback writes under.
struct Name<'a> {
    path: &'a Spanned<String>,
    keyword: &'static str,
    phase: usize,
}

/// E0525: a file of the run's own, or one that two callbacks would write. In phases that follow
/// each other the same callback may go on with its file.
pub(super) fn check(view: &View<'_>, problems: &mut Problems) {
    let Some(train) = &view.program.train else { return };
    let mut known: Vec<Name<'_>> = Vec::new();
    for name in names(train) {
        let alike = |other: &&Name<'_>| {
            other.path.value.eq_ignore_ascii_case(&name.path.value)
                && (other.phase == name.phase || other.keyword != name.keyword)
        };
        if run_files::is_own(&name.path.value) {
            problems.push(problem(&name).saying("own").at(name.path.span, "own-here").help("own-help"));
        } else if let Some(other) = known.iter().find(alike) {
            let two = problem(&name).at(name.path.span, "here");
            problems.push(two.also(other.path.span, "first").help("help"));
        } else {
            known.push(name);
        }
    }
}

fn problem(name: &Name<'_>) -> Diagnostic {
    Diagnostic::new(Code::E0525).arg("name", shown(&name.path.value))
}

/// All names in the order of the phases; callbacks of `train` itself, which stand in each of them,
/// once.
fn names(train: &TrainSpec) -> Vec<Name<'_>> {
    let mut seen: Vec<Span> = Vec::new();
    let mut names = Vec::new();
    for (phase, stage) in train.stages().enumerate() {
        for callback in &stage.callbacks {
            let Some(Writes { path, .. }) = callback.value.writes() else { continue };
            if !seen.contains(&path.span) {
                seen.push(path.span);
                names.push(Name { path, keyword: callback.value.keyword(), phase });
            }
        }
    }
    names
}
