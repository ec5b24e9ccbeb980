//! `trials.jsonl`: what a search has done, a line an event.
//!
//! The order of the lines is that in which the strategy is driven. A search that goes on is driven from its
//! beginning: what stands in the file already is passed over, and what it gave is known.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::files;
use crate::search::record::{Ended, Entry, FILE, Head, Record};
use crate::train::RunError;

/// The file that is written, and what of it is passed over.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// Entries that stand there and were not come to yet.
    ahead: VecDeque<Entry>,
    /// What all entries so far come to.
    record: Record,
}

/// What stands in the journal of a search that was begun.
#[derive(Debug)]
pub(super) struct Found {
    /// Whole lines that are entries and fit to each other, up to the first that does not. None where it has
    /// ended before its first line.
    pub(super) entries: Vec<Entry>,
    /// Lines behind these.
    pub(super) broken: usize,
}

impl Found {
    /// Reads a journal.
    /// # Errors
    /// [`RunError::Read`]; [`RunError::Format`] where it does not begin as one.
    pub(super) fn read(folder: &Path) -> Result<Self, RunError> {
        let path = folder.join(FILE);
        let text = files::read_text(&path, files::MOST_RECORD_BYTES)
            .map_err(|error| RunError::read(&path, error))?;
        let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        let lines: Vec<&str> = whole.lines().collect();
        let (mut entries, mut record) = (Vec::new(), Record::default());
        for line in &lines {
            let Ok(entry) = serde_json::from_str::<Entry>(line) else { break };
            if !record.add(entry.clone()) {
                break;
            }
            entries.push(entry);
        }
        // a search that was killed before its first line was written
        let has_nothing = whole.is_empty() && (text.is_empty() || text.starts_with('{'));
        if !has_nothing && !matches!(entries.first(), Some(Entry::Search(_))) {
            let found = "its first line is not that of a search".to_owned();
            return Err(RunError::Format { path, wanted: "the journal of a search", found });
        }
        let broken = lines.len() - entries.len() + usize::from(whole.len() < text.len());
        Ok(Self { entries, broken })
    }

    /// How the search was begun.
    pub(super) fn head(&self) -> Option<&Head> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Search(head) => Some(&**head),
            Entry::Started(_) | Entry::Ended(_) | Entry::Finished { .. } => None,
        })
    }

    /// What it came to.
    pub(super) fn record(&self) -> Record {
        let mut record = Record::default();
        for entry in &self.entries {
            record.add(entry.clone());
        }
        record
    }
}

impl Journal {
    /// What the search has come to, to be taken.
    pub(super) fn record_mut(&mut self) -> &mut Record {
        &mut self.record
    }

    /// A journal that begins, in place of any that is there.
    /// # Errors
    /// [`RunError::Write`].
    pub(super) fn begin(folder: &Path) -> Result<Self, RunError> {
        Self::with(folder, Vec::new())
    }

    /// A journal that goes on: of what was found all is passed over that comes again.
    /// # Errors
    /// [`RunError::Write`].
    pub(super) fn go_on(folder: &Path, found: Found) -> Result<Self, RunError> {
        Self::with(folder, found.entries)
    }

    /// The file is written anew: a last line without its end is gone.
    fn with(folder: &Path, entries: Vec<Entry>) -> Result<Self, RunError> {
        let path = folder.join(FILE);
        let file = rewritten(&path, entries.iter())?;
        Ok(Self { path, file, ahead: entries.into(), record: Record::default() })
    }

    /// What the search has come to.
    pub(super) fn record(&self) -> &Record {
        &self.record
    }

    /// Something happens: it is in the file when this returns. What stands there in its place and is
    /// something else, and all behind it, is dropped.
    /// # Errors
    /// [`RunError::Write`].
    pub(super) fn put(&mut self, entry: Entry) -> Result<(), RunError> {
        match self.ahead.pop_front() {
            Some(there) if is_same(&there, &entry) => {
                self.record.add(there);
                return Ok(());
            }
            Some(_) => {
                let kept: Vec<Entry> = self.entries_so_far()?;
                self.ahead.clear();
                self.file = rewritten(&self.path, kept.iter())?;
            }
            None => {}
        }
        // what was begun is begun again; what a unit gave is to stay, whatever becomes of the machine
        let lasts = matches!(entry, Entry::Ended(_) | Entry::Finished { .. });
        let synced = |file: &File| if lasts { file.sync_data() } else { Ok(()) };
        let written = self.file.write_all(line(&entry).as_bytes()).and_then(|()| synced(&self.file));
        written.map_err(|error| RunError::write(&self.path, error))?;
        self.record.add(entry);
        Ok(())
    }

    /// What stands in the file before the place that was come to.
    fn entries_so_far(&self) -> Result<Vec<Entry>, RunError> {
        let text = files::read_text(&self.path, files::MOST_RECORD_BYTES)
            .map_err(|error| RunError::read(&self.path, error))?;
        let entries: Vec<Entry> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let so_far = entries.len().saturating_sub(self.ahead.len() + 1);
        Ok(entries.into_iter().take(so_far).collect())
    }
}

fn line(entry: &Entry) -> String {
    serde_json::to_string(entry).expect("numbers and texts always serialise") + "\n"
}

fn rewritten<'e>(path: &Path, mut entries: impl Iterator<Item = &'e Entry>) -> Result<File, RunError> {
    let failed = |error| RunError::write(path, error);
    files::write(path, |file| entries.try_for_each(|entry| file.write_all(line(entry).as_bytes())))
        .map_err(failed)?;
    files::append(path).map_err(failed)
}

/// Whether two entries say the same, but for how long it took.
fn is_same(a: &Entry, b: &Entry) -> bool {
    match (a, b) {
        (Entry::Ended(a), Entry::Ended(b)) => Ended { seconds: b.seconds, ..a.clone() } == *b,
        (Entry::Search(_) | Entry::Started(_) | Entry::Ended(_) | Entry::Finished { .. }, _) => a == b,
    }
}
