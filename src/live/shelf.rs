//! All runs below a folder, each with a number that stays its own as long as the server lives: requests name
//! numbers, and never paths.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::experiment::{Run, RunStatus};
use crate::ir::run_files;
use crate::page::{ListedRun, ShownRun};
use crate::printed::shown_path;

/// So many folders are looked through.
const MOST_FOLDERS: usize = 20_000;
/// So many folders lie in each other.
const DEEPEST: usize = 8;
/// A folder that has one of these is that of a run, even if it is damaged.
const SIGNS: [&str; 5] =
    [run_files::REPORT, run_files::HISTORY, run_files::STATE, run_files::PREVIOUS_STATE, run_files::INDEX];

/// Runs that have been seen.
#[derive(Debug)]
pub(super) struct Shelf {
    root: PathBuf,
    /// By their numbers.
    known: Vec<PathBuf>,
    numbers: BTreeMap<PathBuf, usize>,
}

/// What is found.
#[derive(Debug)]
pub(super) struct Found {
    /// Those that were changed last stand first.
    pub(super) runs: Vec<ListedRun>,
    /// There are more folders than are looked through.
    pub(super) is_cut: bool,
}

impl Shelf {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, known: Vec::new(), numbers: BTreeMap::new() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of a run that was listed.
    pub(super) fn folder(&self, number: usize) -> Option<&Path> {
        self.known.get(number).map(PathBuf::as_path)
    }

    /// Looks for runs.
    pub(super) fn look(&mut self) -> Found {
        let (folders, is_cut) = self.folders();
        let mut runs: Vec<ListedRun> = folders.into_iter().map(|folder| self.listed(folder)).collect();
        runs.sort_by(|a, b| b.changed.cmp(&a.changed).then_with(|| a.name.cmp(&b.name)));
        Found { runs, is_cut }
    }

    /// Folders of runs. Links to folders are not followed: they may lead in circles.
    fn folders(&self) -> (Vec<PathBuf>, bool) {
        let mut found = Vec::new();
        let mut next = vec![(self.root.clone(), 0)];
        let mut seen = 0;
        let mut is_cut = false;
        while let Some((folder, depth)) = next.pop() {
            seen += 1;
            if seen > MOST_FOLDERS {
                is_cut = true;
                break;
            }
            if SIGNS.iter().any(|name| folder.join(name).is_file()) {
                found.push(folder);
                continue;
            }
            // what may not be read is nobody's run
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            let below = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            let below: Vec<PathBuf> = below.map(|entry| entry.path()).collect();
            is_cut |= depth == DEEPEST && !below.is_empty();
            if depth < DEEPEST {
                next.extend(below.into_iter().map(|folder| (folder, depth + 1)));
            }
        }
        (found, is_cut)
    }

    fn listed(&mut self, folder: PathBuf) -> ListedRun {
        let id = *self.numbers.entry(folder.clone()).or_insert_with(|| {
            self.known.push(folder.clone());
            self.known.len() - 1
        });
        let name = match folder.strip_prefix(&self.root) {
            Ok(below) if !below.as_os_str().is_empty() => shown_path(below),
            Ok(_) | Err(_) => shown_path(&folder),
        };
        let changed = fs::metadata(folder.join(run_files::REPORT)).and_then(|file| file.modified());
        let changed = changed.ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).map(|at| at.as_secs());
        let found = Run::open(&folder).map(|run| shown_run(&run)).map_err(|error| {
            // the advice on the lines below is for whoever goes on with it
            error.to_string().lines().next().unwrap_or_default().to_owned()
        });
        ListedRun { id, name, changed, found }
    }
}

fn shown_run(run: &Run) -> ShownRun {
    let results = run.results();
    let metrics = results.map(|(_, scores)| scores.metrics.clone()).unwrap_or_default();
    let is_finished = *run.status() == RunStatus::Finished;
    let assessed = run.assessed();
    ShownRun {
        model: run.model().to_owned(),
        status: run.status().clone(),
        epochs: run.epochs(),
        split: results.map(|(split, _)| split),
        accuracy: assessed.accuracy,
        loss: results.map(|(_, scores)| scores.loss),
        metrics: metrics.into_iter().filter(|(name, _)| name != "accuracy").collect(),
        train_seconds: run.train_seconds(),
        lacks_answers: is_finished && results.is_some() && !assessed.is_kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_and_keep_their_numbers() {
        let place = tempfile::tempdir().expect("a folder");
        let make = |name: &str, text: &str| {
            let folder = place.path().join(name);
            fs::create_dir_all(&folder).expect("made");
            fs::write(folder.join(run_files::REPORT), text).expect("written");
        };
        make("a/one", "{}");
        make("b", "nonsense");
        fs::create_dir_all(place.path().join("empty/er")).expect("made");
        let mut shelf = Shelf::new(place.path().to_owned());
        let names = |shelf: &mut Shelf| {
            let mut found: Vec<(String, usize)> =
                shelf.look().runs.into_iter().map(|run| (run.name, run.id)).collect();
            found.sort();
            found
        };
        let first = names(&mut shelf);
        assert_eq!(first.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), ["a/one", "b"]);
        assert!(shelf.look().runs.iter().all(|run| run.found.is_err()));
        make("a/another", "{}");
        let second = names(&mut shelf);
        assert_eq!((second.len(), &second[1..]), (3, &first[..]));
        let number = second[0].1;
        assert!(shelf.folder(number).is_some_and(|folder| folder.ends_with("a/another")));
        assert_eq!(shelf.folder(3), None);
    }
}
