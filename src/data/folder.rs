//! Picture folders: a folder a class, on disk or inside an archive.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::archive::{self, Member};
use super::error::DataError;
use super::locations::{Locations, Place};
use super::picture::{self, PictureHeader};
use super::source::{FileBytes, PictureFile, Pictures, Source, Split};
use super::{split, store};
use crate::card::Unreadable;

/// Pictures out of a compressed archive are kept in memory, as long as they take no more than this: 4 GiB.
const MEMORY_LIMIT_BYTES: u64 = 4 << 30;
/// Folders below a class folder are followed this deep (a link could lead in a circle).
const MAX_DEPTH: usize = 16;

/// One folder of classes: what was found in it.
struct Root {
    /// As the user wrote it, with `/`.
    written: String,
    place: Place,
    split: Split,
    /// Class folders, with pictures or without.
    classes: BTreeSet<String>,
    /// Class and picture.
    pictures: Vec<(String, PictureFile)>,
    ignored: Vec<String>,
}

impl Root {
    fn new(written: &Path, split: Split, locations: &Locations) -> Result<Self, DataError> {
        let place = locations.resolve(written)?;
        let written = written.to_string_lossy().replace('\\', "/").trim_end_matches('/').to_owned();
        Ok(Self { written, place, split, classes: BTreeSet::new(), pictures: Vec::new(), ignored: Vec::new() })
    }

    /// Takes a file by its path below the root; `bytes` is asked only for pictures.
    fn add(&mut self, below: &str, bytes: impl FnOnce() -> Result<FileBytes, DataError>) -> Result<(), DataError> {
        if is_hidden(below) {
            return Ok(());
        }
        let name = format!("{}/{below}", self.written);
        match below.split_once('/') {
            Some((class, _)) => {
                self.classes.insert(class.to_owned());
                if picture::has_picture_name(below) {
                    let bytes = bytes()?;
                    self.pictures.push((class.to_owned(), PictureFile { name, bytes }));
                } else {
                    self.ignored.push(name);
                }
            }
            None => self.ignored.push(name),
        }
        Ok(())
    }

    fn add_dir(&mut self, below: &str) {
        if !below.is_empty() && !below.contains('/') && !is_hidden(below) {
            self.classes.insert(below.to_owned());
        }
    }

    fn read_directory(&mut self) -> Result<(), DataError> {
        let top = self.place.path.clone();
        if !top.is_dir() {
            return Err(DataError::malformed(
                &top,
                "is a file, not a folder",
                "name a folder that holds a folder for each class",
            ));
        }
        let mut open = vec![(top, String::new(), 0)];
        while let Some((dir, below, depth)) = open.pop() {
            for entry in fs::read_dir(&dir).map_err(|error| DataError::io(&dir, error))? {
                let entry = entry.map_err(|error| DataError::io(&dir, error))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let name = if below.is_empty() { name } else { format!("{below}/{name}") };
                let path = entry.path();
                // Follows links: a class folder may be one.
                let is_dir =
                    entry.file_type().is_ok_and(|kind| if kind.is_symlink() { path.is_dir() } else { kind.is_dir() });
                if !is_dir {
                    self.add(&name, || Ok(FileBytes::Path(path)))?;
                } else if !is_hidden(&name) {
                    self.add_dir(&name);
                    if depth < MAX_DEPTH {
                        open.push((path, name, depth + 1));
                    }
                }
            }
        }
        Ok(())
    }

    /// What can be wrong with a folder of classes.
    fn check(&self) -> Result<(), DataError> {
        let path = Path::new(&self.written);
        if self.classes.is_empty() {
            let problem = if self.ignored.is_empty() { "is empty, or not there" } else { "has no class folders" };
            return Err(DataError::malformed(
                path,
                problem,
                "put the pictures of each class into a folder of its own, named like the class",
            ));
        }
        // classes without pictures among others are the checker's to report
        if !self.pictures.is_empty() {
            return Ok(());
        }
        let empty: Vec<String> = self.classes.iter().map(|class| format!("`{class}`")).collect();
        let problem = format!("no pictures for {} classes: {}", empty.len(), empty.join(", "));
        let known = picture::EXTENSIONS.join(", ");
        Err(DataError::malformed(path, problem, format!("put pictures there ({known}), or take the folder away")))
    }
}

fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') || part == "__MACOSX")
}

/// Finds all pictures of a training folder and perhaps a test folder. An archive that holds both is read once.
fn list(train: &Path, test: Option<&Path>, locations: &Locations) -> Result<Vec<Root>, DataError> {
    let mut roots = vec![Root::new(train, Split::Train, locations)?];
    if let Some(test) = test {
        roots.push(Root::new(test, Split::Test, locations)?);
    }
    let archives: BTreeSet<_> =
        roots.iter().filter(|root| root.place.inner.is_some()).map(|root| root.place.path.clone()).collect();
    for root in roots.iter_mut().filter(|root| root.place.inner.is_none()) {
        root.read_directory()?;
    }
    for path in archives {
        read_archive(&path, &mut roots)?;
    }
    for root in &roots {
        root.pictures.iter().try_for_each(|(_, picture)| picture.may_be_read(locations))?;
        root.check()?;
    }
    Ok(roots)
}

fn read_archive(path: &Path, roots: &mut [Root]) -> Result<(), DataError> {
    let shared = Arc::new(path.to_path_buf());
    let (all, mut taken) = (Arc::new(OnceLock::new()), Vec::new());
    archive::walk(path, &mut |Member { name, is_dir, size, offset, bytes }| {
        let inside = |root: &Root| {
            let inner = root.place.inner.as_deref().filter(|_| root.place.path == path)?;
            let below =
                if inner.is_empty() { Some(name.as_str()) } else { name.strip_prefix(inner)?.strip_prefix('/') };
            below.map(str::to_owned)
        };
        let Some((root, below)) = roots.iter_mut().find_map(|root| inside(root).map(|below| (root, below))) else {
            return Ok(());
        };
        if is_dir {
            root.add_dir(&below);
            return Ok(());
        }
        root.add(&below, || {
            if let Some(offset) = offset {
                return Ok(FileBytes::Stretch { archive: Arc::clone(&shared), offset, len: size });
            }
            let (first, left) = (taken.len(), MEMORY_LIMIT_BYTES - taken.len() as u64);
            bytes.take(left + 1).read_to_end(&mut taken).map_err(|error| {
                DataError::malformed(
                    path,
                    format!("`{name}` cannot be read ({error})"),
                    "the archive is damaged or cut short: get it again",
                )
            })?;
            if taken.len() as u64 > MEMORY_LIMIT_BYTES {
                let problem = "holds more than 4 GiB of pictures, too much to keep in memory";
                return Err(DataError::malformed(
                    path,
                    problem,
                    "unpack it and name the folder, or use a .tar without compression",
                ));
            }
            Ok(FileBytes::Memory { all: Arc::clone(&all), range: first..taken.len() })
        })
    })?;
    // nobody else knows of it yet
    let _ = all.set(taken);
    Ok(())
}

/// Class names in the order of their bytes; the test folder may have no others.
fn classes_of(roots: &[Root]) -> Result<Vec<String>, DataError> {
    let classes: Vec<String> = roots[0].classes.iter().cloned().collect();
    for root in &roots[1..] {
        let unexpected: Vec<String> =
            root.classes.iter().filter(|&class| !roots[0].classes.contains(class)).cloned().collect();
        if !unexpected.is_empty() {
            let missing = roots[0].classes.iter().filter(|&class| !root.classes.contains(class)).cloned().collect();
            return Err(DataError::Classes {
                path: root.written.clone().into(),
                expected_of: format!("`{}`", roots[0].written),
                missing,
                unexpected,
                help: "the test folder must have the training folder's classes".to_owned(),
            });
        }
    }
    Ok(classes)
}

/// Finds the pictures and their classes. Nothing is decoded.
pub(super) fn load(train: &Path, test: Option<&Path>, locations: &Locations) -> Result<Source, DataError> {
    let roots = list(train, test, locations)?;
    let classes = classes_of(&roots)?;
    let mut ignored = Vec::new();
    let mut items = Vec::new();
    for root in roots {
        ignored.extend(root.ignored);
        items.extend(root.pictures.into_iter().map(|(class, file)| {
            let label = classes.binary_search(&class).map_or(0, |index| index as i32);
            (file, label, root.split)
        }));
    }
    items.sort_by(|(a, ..), (b, ..)| a.name.as_bytes().cmp(b.name.as_bytes()));
    ignored.sort_unstable();
    let labels = items.iter().map(|&(_, label, _)| label).collect();
    let splits = items.iter().map(|&(.., split)| split).collect();
    let files = items.into_iter().map(|(file, ..)| file).collect();
    Ok(Source { classes, labels, targets: None, splits, pictures: Pictures::Files(files), ignored })
}

/// What a folder's names and headers say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FolderFacts {
    /// Class names in the order of their indices.
    pub(crate) classes: Vec<String>,
    /// Training images of each class.
    pub(crate) class_counts: Vec<usize>,
    /// Images of each class in the test folder; empty where there is none.
    pub(crate) test_counts: Vec<usize>,
    /// What the headers of its pictures say.
    pub(crate) headers: HeaderFacts,
    /// Names are those of frames of tracks.
    pub(crate) grouped: bool,
    /// Classes without a picture to train on.
    pub(crate) empty_classes: Vec<String>,
}

/// What the headers of picture files say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HeaderFacts {
    /// Height and width of each picture that can be read; at least one.
    pub(crate) sizes: Vec<[usize; 2]>,
    /// 1 or 3; `None` where pictures differ.
    pub(crate) channels: Option<usize>,
    /// Pictures whose headers cannot be read.
    pub(crate) unreadable: Unreadable,
    /// Bytes of the files that are held in memory until they are decoded.
    pub(crate) held_bytes: usize,
}

/// Reads names and headers, in parallel; decodes nothing.
/// # Errors
/// [`DataError`]; also where no header at all can be read.
pub(crate) fn folder_facts(train: &Path, test: Option<&Path>, locations: &Locations) -> Result<FolderFacts, DataError> {
    let source = load(train, test, locations)?;
    let mut counts = [vec![0; source.classes.len()], vec![0; source.classes.len()]];
    for (&label, &split) in source.labels.iter().zip(&source.splits) {
        counts[usize::from(split == Split::Test)][label as usize] += 1;
    }
    let [class_counts, test_counts] = counts;
    let files = match source.pictures {
        Pictures::Files(files) => files,
        Pictures::Arrays { .. } => Vec::new(),
    };
    let without = |count: &&usize| **count == 0;
    let empty = class_counts.iter().zip(&source.classes).filter(|(count, _)| without(count));
    Ok(FolderFacts {
        headers: header_facts(&files)?,
        grouped: grouped(files.iter().map(|file| file.name.as_str())),
        empty_classes: empty.map(|(_, class)| class.clone()).collect(),
        test_counts: if test.is_some() { test_counts } else { Vec::new() },
        classes: source.classes,
        class_counts,
    })
}

/// Reads the headers of picture files, in parallel.
/// # Errors
/// [`DataError::Unreadable`] where no header at all can be read.
pub(super) fn header_facts(files: &[PictureFile]) -> Result<HeaderFacts, DataError> {
    let header = |file: &PictureFile| -> Result<PictureHeader, String> {
        store::read_bytes(&file.bytes)
            .and_then(|bytes| picture::header(&bytes))
            .map_err(|reason| format!("{}: {reason}", file.name))
    };
    let headers: Vec<Result<PictureHeader, String>> = files.par_iter().map(header).collect();
    let (good, bad): (Vec<_>, Vec<_>) = headers.into_iter().partition(Result::is_ok);
    let good: Vec<PictureHeader> = good.into_iter().flatten().collect();
    let bad: Vec<String> = bad.into_iter().filter_map(Result::err).collect();
    let Some(first) = good.first() else { return Err(store::unreadable(bad, files.len())) };
    Ok(HeaderFacts {
        sizes: good.iter().map(|header| [header.height, header.width]).collect(),
        channels: good.iter().all(|header| header.channels == first.channels).then_some(first.channels),
        unreadable: Unreadable { count: bad.len(), examples: bad.into_iter().take(store::EXAMPLES).collect() },
        held_bytes: files.iter().map(|file| file.bytes.held_bytes()).sum(),
    })
}

/// Whether names are those of frames of tracks: numbers, `00003_00011.ppm`, nearly all of them, and on the mean two frames or more a track.
fn grouped<'n>(paths: impl Iterator<Item = &'n str>) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mut all, mut frames, mut tracks) = (0, 0, BTreeSet::new());
    for path in paths {
        all += 1;
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        if stem.split_once('_').is_some_and(|(track, frame)| digits(track) && digits(frame)) {
            frames += 1;
            tracks.insert(split::track(path));
        }
    }
    frames * 100 >= all * 95 && frames >= 2 * tracks.len() && frames > 0
}

#[cfg(test)]
#[path = "folder_tests.rs"]
pub(crate) mod tests;
