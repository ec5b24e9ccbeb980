//! All runs and searches below a folder, each with a number that stays its own as long as the server lives: requests name
//! numbers, and never paths.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::experiment::{Run, RunStatus, search_record};
use crate::ir::run_files;
use crate::page::{ListedRun, ListedSearch, ShownRun};
use crate::printed::shown_path;
use crate::search::record;

/// So many folders are looked through.
const MOST_FOLDERS: usize = 20_000;
/// So many folders lie in each other.
const DEEPEST: usize = 8;
/// A folder that has one of these is that of a run, even if it is damaged.
const SIGNS: [&str; 5] =
    [run_files::REPORT, run_files::HISTORY, run_files::STATE, run_files::PREVIOUS_STATE, run_files::INDEX];

/// Runs and searches that have been seen.
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
    /// In the same order. Their trials are not among the runs.
    pub(super) searches: Vec<ListedSearch>,
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

    /// The folder of a run or a search that was listed.
    pub(super) fn folder(&self, number: usize) -> Option<&Path> {
        self.known.get(number).map(PathBuf::as_path)
    }

    /// Looks for runs.
    pub(super) fn look(&mut self) -> Found {
        let Folders { runs, searches, is_cut } = self.folders();
        let mut runs: Vec<ListedRun> = runs.into_iter().map(|folder| self.run(folder)).collect();
        runs.sort_by(|a, b| b.changed.cmp(&a.changed).then_with(|| a.name.cmp(&b.name)));
        let mut searches: Vec<ListedSearch> =
            searches.into_iter().map(|folder| self.search(&folder)).collect();
        searches.sort_by(|a, b| b.changed.cmp(&a.changed).then_with(|| a.name.cmp(&b.name)));
        Found { runs, searches, is_cut }
    }

    /// Folders of runs and searches. Links to folders are not followed: they may lead in circles.
    fn folders(&self) -> Folders {
        let (mut runs, mut searches) = (Vec::new(), Vec::new());
        let mut next = vec![(self.root.clone(), 0)];
        let mut seen = 0;
        let mut is_cut = false;
        while let Some((folder, depth)) = next.pop() {
            seen += 1;
            if seen > MOST_FOLDERS {
                is_cut = true;
                break;
            }
            if folder.join(record::FILE).is_file() {
                searches.push(folder);
                continue;
            }
            if SIGNS.iter().any(|name| folder.join(name).is_file()) {
                runs.push(folder);
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
        Folders { runs, searches, is_cut }
    }

    /// The number of a folder, and what it is called.
    fn numbered(&mut self, folder: &Path) -> (usize, String) {
        let id = *self.numbers.entry(folder.to_owned()).or_insert_with(|| {
            self.known.push(folder.to_owned());
            self.known.len() - 1
        });
        let name = match folder.strip_prefix(&self.root) {
            Ok(below) if !below.as_os_str().is_empty() => shown_path(below),
            Ok(_) | Err(_) => shown_path(folder),
        };
        (id, name)
    }

    fn search(&mut self, folder: &Path) -> ListedSearch {
        let (id, name) = self.numbered(folder);
        ListedSearch { id, name, changed: changed(&folder.join(record::FILE)), found: search_record(folder) }
    }

    fn run(&mut self, folder: PathBuf) -> ListedRun {
        let (id, name) = self.numbered(&folder);
        let changed = changed(&folder.join(run_files::REPORT));
        let found = Run::open(&folder).map(|run| shown_run(&run)).map_err(|error| {
            // the advice on the lines below is for whoever goes on with it
            error.to_string().lines().next().unwrap_or_default().to_owned()
        });
        ListedRun { id, name, changed, found }
    }
}

/// Folders that were found.
struct Folders {
    runs: Vec<PathBuf>,
    searches: Vec<PathBuf>,
    is_cut: bool,
}

/// When a file was last written, in seconds since 1970.
fn changed(file: &Path) -> Option<u64> {
    let at = fs::metadata(file).and_then(|file| file.modified()).ok()?;
    Some(at.duration_since(UNIX_EPOCH).ok()?.as_secs())
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
        // a search is one thing, whatever its trials have left
        make("s/trials/1", "{}");
        fs::write(place.path().join("s").join(record::FILE), "nonsense\n").expect("written");
        let mut shelf = Shelf::new(place.path().to_owned());
        let names = |shelf: &mut Shelf| {
            let mut found: Vec<(String, usize)> =
                shelf.look().runs.into_iter().map(|run| (run.name, run.id)).collect();
            found.sort();
            found
        };
        let first = names(&mut shelf);
        assert_eq!(first.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), ["a/one", "b"]);
        let searches = shelf.look().searches;
        assert!(searches.len() == 1 && searches[0].name == "s" && searches[0].found.is_err());
        assert!(shelf.look().runs.iter().all(|run| run.found.is_err()));
        make("a/another", "{}");
        let second = names(&mut shelf);
        assert_eq!((second.len(), &second[1..]), (3, &first[..]));
        let number = second[0].1;
        assert!(shelf.folder(number).is_some_and(|folder| folder.ends_with("a/another")));
        assert_eq!(shelf.folder(4), None);
    }
}
