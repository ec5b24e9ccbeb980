//! Files changed by the fixes of their own problems.

use std::path::{Path, PathBuf};

use super::arguments::ChoiceArgs;
use super::console::Console;
use super::failure::Failure;
use super::load::{self, Look, Reading};
use super::rewrite::replace;
use super::text_diff::unified;
use crate::diag::{Repaired, repair};
use crate::experiment::{name_of, read_text};
use crate::source::SourceFile;

/// Rounds after which we stop: a fix may make room for another, but hardly so often.
const MOST_ROUNDS: usize = 25;

/// What has become of a file, and of those that it uses.
pub(super) struct Mended {
    /// The file, judged as it is now.
    pub(super) reading: Reading,
    /// What was changed, of all files.
    pub(super) diff: String,
    /// Names of changed files, and how many fixes were made in each.
    pub(super) changed: Vec<(String, usize)>,
}

/// A file on its way.
struct Draft {
    path: PathBuf,
    before: String,
    now: String,
    fixes: usize,
}

/// Makes fixes until none is left, or none changes anything new. With `dry_run` nothing is written.
/// # Errors
/// [`Failure::Mistake`] if a file cannot be read or written.
pub(super) fn mend(
    file: &Path,
    choice: &ChoiceArgs,
    look: Look,
    dry_run: bool,
    console: &Console,
) -> Result<Mended, Failure> {
    let text = read_text(file)?;
    let file = &*name_of(file);
    let mut drafts = vec![Draft { path: file.to_owned(), before: text.clone(), now: text, fixes: 0 }];
    let mut seen: Vec<String> = Vec::new();
    let mut reading = load::judge(file, drafts[0].now.clone(), choice, &[], look, console);
    for _ in 0..MOST_ROUNDS {
        let loaded = &reading.loaded;
        let repaired = repair(&loaded.problems, &loaded.sources, &|source| is_the_users(source, file));
        let new: String =
            repaired.iter().map(|Repaired { file, text, .. }| format!("{}\n{text}", file.name)).collect();
        // two fixes that undo each other would go on for ever
        if repaired.is_empty() || seen.contains(&new) {
            break;
        }
        seen.push(new);
        for Repaired { file: source, text, codes } in repaired {
            let at = match drafts.iter().position(|draft| draft.path == Path::new(&source.name)) {
                Some(at) => at,
                None => {
                    let path = PathBuf::from(&source.name);
                    drafts.push(Draft {
                        path,
                        before: source.text.to_string(),
                        now: String::new(),
                        fixes: 0,
                    });
                    drafts.len() - 1
                }
            };
            let draft = &mut drafts[at];
            (draft.now, draft.fixes) = (text, draft.fixes + codes.len());
            // what is imported is read from disk in the next round
            if at > 0 && !dry_run {
                replace(&draft.path, &draft.now)?;
            }
        }
        reading = load::judge(file, drafts[0].now.clone(), choice, &[], look, console);
    }
    drafts.retain(|draft| draft.now != draft.before);
    if let Some(draft) = drafts.iter().find(|draft| draft.path == file && !dry_run) {
        replace(file, &draft.now)?;
    }
    let name = |draft: &Draft| draft.path.display().to_string();
    Ok(Mended {
        reading,
        diff: drafts.iter().map(|draft| unified(&name(draft), &draft.before, &draft.now)).collect(),
        changed: drafts.iter().map(|draft| (name(draft), draft.fixes)).collect(),
    })
}

/// Whether a text is a file of the user's: not an argument of the command line, and nothing that is part of
/// cnnc.
fn is_the_users(source: &SourceFile, main: &Path) -> bool {
    Path::new(&source.name) == main || Path::new(&source.name).is_file()
}
