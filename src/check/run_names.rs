//! E0522: the names of files that callbacks write into the folder of the run.

use super::View;
use crate::diag::{Code, Diagnostic, Problems};
use crate::printed::shown;
use crate::source::Spanned;
use crate::vocabulary::{Words, Writes};

/// As long as names can be on all usual file systems.
const LONGEST_BYTES: usize = 255;

pub(super) fn check(view: &View<'_>, problems: &mut Problems) {
    let Some(train) = &view.program.train else { return };
    for callback in train.stages().flat_map(|stage| &stage.callbacks) {
        let Some(Writes { path, example: Some(example) }) = callback.value.writes() else { continue };
        if let Some(problem) = refusal(path) {
            let callee = callback.value.keyword();
            problems.push(problem.arg("callee", callee).arg("example", example).help("help"));
        }
    }
}

/// What is wrong with a name, if anything is.
fn refusal(path: &Spanned<String>) -> Option<Diagnostic> {
    let name = path.value.as_str();
    let problem = Diagnostic::new(Code::E0522).arg("path", shown(name));
    if name.is_empty() {
        return Some(problem.saying("empty").at(path.span, "here"));
    }
    if let Some(character) = name.chars().find(|c| c.is_control()) {
        let character = format!("U+{:04X}", u32::from(character));
        return Some(problem.saying("control").arg("character", character).at(path.span, "here"));
    }
    if name.contains(['/', '\\']) || name == "." || name == ".." {
        return Some(problem.at(path.span, "here"));
    }
    if name.len() > LONGEST_BYTES {
        let problem = problem.saying("long").arg("limit", LONGEST_BYTES).arg("bytes", name.len());
        return Some(problem.at(path.span, "here"));
    }
    None
}
