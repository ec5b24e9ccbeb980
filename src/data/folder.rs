//! Picture folders: a folder a class, on disk or inside an archive.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::archive::{self, Member, MemberKind};
use super::bounds::{Bounds, size_text};
use super::error::DataError;
use super::locations::{ClassFolders, FoundPath, Locations};
use super::picture::{self, PictureHeader};
use super::source::{FileBytes, PictureFile, Pictures, Seen, Source, Split};
use super::tree::{self, Descent, Kind};
use super::{split, store};
use crate::card::Unreadable;
use crate::printed::shown;

/// What a picture's class, name and path take.
const NAME_BYTES: u64 = 256;

/// Empty classes that a message names.
const CLASSES_NAMED: usize = 8;

/// What is kept of the pictures in a compressed archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    /// Their bytes.
    Bytes,
    /// What their headers say.
    Headers,
}

/// The folders of the splits, as written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SplitFolders<'a> {
    pub(crate) train: &'a Path,
    pub(crate) validation: Option<&'a Path>,
    pub(crate) test: Option<&'a Path>,
}

/// One folder of classes: what was found in it.
struct Root {
    /// As the user wrote it, with `/`.
    written: String,
    place: FoundPath,
    split: Split,
    bounds: Bounds,
    /// Class folders, with pictures or without.
    classes: BTreeSet<String>,
    /// Class and picture.
    pictures: Vec<(String, PictureFile)>,
    /// Pictures that lie in no class folder, where they may.
    loose: Vec<PictureFile>,
    class_folders: ClassFolders,
    ignored: Vec<String>,
}

impl Root {
    fn new(written: &Path, split: Split, locations: &Locations) -> Result<Self, DataError> {
        let place = locations.resolve(written)?;
        let written = written.to_string_lossy().replace('\\', "/").trim_end_matches('/').to_owned();
        let bounds = locations.bounds;
        Ok(Self {
            written,
            place,
            split,
            bounds,
            classes: BTreeSet::new(),
            pictures: Vec::new(),
            loose: Vec::new(),
            class_folders: locations.class_folders,
            ignored: Vec::new(),
        })
    }

    /// Takes a file by its path below the root; `bytes` is asked only for pictures. `what` says of something
    /// else than a file what it is.
    fn add(
        &mut self,
        below: &str,
        what: Option<&str>,
        bytes: impl FnOnce() -> Result<FileBytes, DataError>,
    ) -> Result<(), DataError> {
        if is_hidden(below) {
            return Ok(());
        }
        let name = format!("{}/{below}", self.written);
        let class = below.split_once('/').map(|(class, _)| class);
        if let Some(class) = class.filter(|class| !self.classes.contains(*class)) {
            self.classes.insert(class.to_owned());
        }
        let may_be_loose = self.class_folders == ClassFolders::Optional;
        if !picture::has_picture_name(below) || (class.is_none() && !may_be_loose) {
            self.ignored.push(what.map_or(name.clone(), |what| format!("{name} ({what})")));
            return Ok(());
        }
        self.check_count()?;
        let bytes = what.map_or_else(bytes, |what| Ok(FileBytes::refused(format!("it is {what}"))))?;
        let file = PictureFile { name, bytes };
        match class {
            Some(class) => self.pictures.push((class.to_owned(), file)),
            None => self.loose.push(file),
        }
        Ok(())
    }

    /// Loose pictures are one class where there is no other, and else none of the set's.
    fn settle_loose(&mut self) {
        let loose = std::mem::take(&mut self.loose);
        if !self.classes.is_empty() || loose.is_empty() {
            self.ignored.extend(loose.into_iter().map(|file| file.name));
            return;
        }
        let class =
            self.written.rsplit('/').find(|part| !part.is_empty() && *part != ".").unwrap_or("pictures");
        self.classes.insert(class.to_owned());
        self.pictures = loose.into_iter().map(|file| (class.to_owned(), file)).collect();
    }

    /// Names take memory too: half of it at most.
    fn check_count(&self) -> Result<(), DataError> {
        let most = self.bounds.memory_bytes / 2;
        if (self.pictures.len() + self.loose.len()) as u64 * NAME_BYTES <= most {
            return Ok(());
        }
        let problem = format!(
            "holds more than {} pictures, whose names alone take half of the memory ({})",
            self.pictures.len(),
            size_text(most)
        );
        Err(DataError::malformed(Path::new(&self.written), problem, "name a folder with fewer pictures"))
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
        tree::walk(&top, &mut |found| {
            if is_hidden(found.below) {
                return Ok(Descent::Past);
            }
            let is_class = !found.below.contains('/');
            match found.kind {
                Kind::Folder if is_class && !found.is_text => return Err(no_text(found.path)),
                Kind::Folder => self.add_dir(found.below),
                Kind::File => {
                    self.add(found.below, None, || Ok(FileBytes::Path(found.path.to_path_buf())))?
                }
                // it may have been a folder full of pictures
                Kind::Other(what)
                    if what == tree::LEADS_NOWHERE && !picture::has_picture_name(found.below) =>
                {
                    let help = "mend the link, or take it away";
                    return Err(DataError::malformed(found.path, format!("is {what}"), help));
                }
                Kind::Other(what) => {
                    self.add(found.below, Some(what), || Ok(FileBytes::refused(String::new())))?
                }
            }
            Ok(Descent::Into)
        })
    }

    /// What can be wrong with a folder of classes.
    fn check(&self) -> Result<(), DataError> {
        let path = Path::new(&self.written);
        if self.classes.is_empty() {
            let problem =
                if self.ignored.is_empty() { "is empty, or not there" } else { "has no class folders" };
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
        let empty: Vec<String> =
            self.classes.iter().take(CLASSES_NAMED).map(|class| format!("`{}`", shown(class))).collect();
        let more = if self.classes.len() > CLASSES_NAMED { ", …" } else { "" };
        let problem = format!("no pictures for {} classes: {}{more}", self.classes.len(), empty.join(", "));
        let known = picture::EXTENSIONS.join(", ");
        Err(DataError::malformed(
            path,
            problem,
            format!("put pictures there ({known}), or take the folder away"),
        ))
    }
}

/// A class whose name is not UTF-8: weights keep the names of their classes as text.
fn no_text(path: &Path) -> DataError {
    let problem = "the name of this class is no text (UTF-8)";
    DataError::malformed(
        path,
        problem,
        "give the folder another name: weights keep the names of their classes as text",
    )
}

fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') || part == "__MACOSX")
}

/// Finds all pictures of the folders of the splits. An archive that holds several is read once.
fn list(folders: SplitFolders<'_>, locations: &Locations, keep: Keep) -> Result<Vec<Root>, DataError> {
    let SplitFolders { train, validation, test } = folders;
    let written = [(Some(train), Split::Train), (validation, Split::Validation), (test, Split::Test)];
    let written = written.into_iter().filter_map(|(path, split)| Some((path?, split)));
    let mut roots =
        written.map(|(path, split)| Root::new(path, split, locations)).collect::<Result<Vec<_>, _>>()?;
    let archives: BTreeSet<_> =
        roots.iter().filter(|root| root.place.inner.is_some()).map(|root| root.place.path.clone()).collect();
    for root in roots.iter_mut().filter(|root| root.place.inner.is_none()) {
        root.read_directory()?;
    }
    for path in archives {
        read_archive(&path, &mut roots, locations.bounds, keep)?;
    }
    for root in &mut roots {
        root.settle_loose();
        root.pictures.iter().try_for_each(|(_, picture)| picture.may_be_read(locations))?;
        root.check()?;
    }
    Ok(roots)
}

/// Reads the archive once for all roots inside it. Long: a member is judged by all that is said of it, in
/// the order in which an archive says it.
fn read_archive(path: &Path, roots: &mut [Root], bounds: Bounds, keep: Keep) -> Result<(), DataError> {
    let shared = Arc::new(path.to_path_buf());
    let (all, mut taken) = (Arc::new(OnceLock::new()), Vec::new());
    archive::walk(path, &mut |member| {
        let Member { name, is_text, kind, size, offset, bytes } = member;
        let inside = |root: &Root| {
            let inner = root.place.inner.as_deref().filter(|_| root.place.path == path)?;
            let below = if inner.is_empty() {
                Some(name.as_str())
            } else {
                name.strip_prefix(inner)?.strip_prefix('/')
            };
            below.map(str::to_owned)
        };
        let Some((root, below)) = roots.iter_mut().find_map(|root| inside(root).map(|below| (root, below)))
        else {
            return Ok(());
        };
        if !is_text && below.split('/').next().is_some_and(|class| class.contains("\\x")) {
            return Err(no_text(&path.join(&name)));
        }
        let what = match kind {
            MemberKind::Folder => {
                root.add_dir(&below);
                return Ok(());
            }
            MemberKind::File => None,
            MemberKind::Other(what) => Some(what),
        };
        root.add(&below, what, || {
            if let Some(offset) = offset {
                return Ok(FileBytes::Stretch { archive: Arc::clone(&shared), offset, len: size });
            }
            if size > bounds.file_bytes() {
                return Ok(FileBytes::refused(store::too_large(size, bounds)));
            }
            if keep == Keep::Headers {
                taken.clear();
            }
            let first = taken.len();
            if first as u64 + size > bounds.held_bytes() {
                return Err(too_much(path, bounds));
            }
            read_member(bytes, size, &mut taken).map_err(|problem| {
                let problem = format!("`{}` {problem}", shown(&name));
                DataError::malformed(path, problem, "the archive is damaged or cut short: get it again")
            })?;
            Ok(match keep {
                Keep::Bytes => FileBytes::Memory { all: Arc::clone(&all), range: first..taken.len() },
                Keep::Headers => {
                    let header = picture::header(&taken, bounds);
                    FileBytes::Seen(Box::new(Seen { header, len: taken.len() }))
                }
            })
        })
    })?;
    if keep == Keep::Bytes {
        // nobody else knows of it yet
        let _ = all.set(taken);
    }
    Ok(())
}

/// Adds a member's bytes: exactly as many as its archive says.
fn read_member(bytes: &mut dyn Read, size: u64, taken: &mut Vec<u8>) -> Result<(), String> {
    let read =
        bytes.take(size + 1).read_to_end(taken).map_err(|error| format!("cannot be read ({error})"))?;
    if read as u64 == size {
        return Ok(());
    }
    Err(format!(
        "should have {size} bytes, and has {}",
        if read as u64 > size { "more".to_owned() } else { read.to_string() }
    ))
}

fn too_much(path: &Path, bounds: Bounds) -> DataError {
    let problem = format!(
        "holds more than {} of pictures, too much to keep in memory (at most 4 GiB, and half of what there is)",
        size_text(bounds.held_bytes())
    );
    DataError::malformed(path, problem, "unpack it and name the folder, or use a .tar without compression")
}

/// Class names in the order of their bytes; the folders of other splits may have no others.
fn classes_of(roots: &[Root]) -> Result<Vec<String>, DataError> {
    let classes: Vec<String> = roots[0].classes.iter().cloned().collect();
    for root in &roots[1..] {
        let unexpected: Vec<String> =
            root.classes.iter().filter(|&class| !roots[0].classes.contains(class)).cloned().collect();
        if !unexpected.is_empty() {
            let missing =
                roots[0].classes.iter().filter(|&class| !root.classes.contains(class)).cloned().collect();
            return Err(DataError::Classes {
                path: root.written.clone().into(),
                expected_of: format!("`{}`", roots[0].written),
                missing,
                unexpected,
                help: format!("the {} folder must have the training folder's classes", root.split.name()),
            });
        }
    }
    Ok(classes)
}

/// Finds the pictures and their classes. Nothing is decoded.
pub(super) fn load(folders: SplitFolders<'_>, locations: &Locations) -> Result<Source, DataError> {
    source_of(list(folders, locations, Keep::Bytes)?)
}

fn source_of(roots: Vec<Root>) -> Result<Source, DataError> {
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
    // names that are not UTF-8 may be written alike: then the files' own decide
    let order = |file: &PictureFile| match &file.bytes {
        FileBytes::Path(path) => path.as_os_str().as_encoded_bytes().to_vec(),
        FileBytes::Stretch { .. } | FileBytes::Memory { .. } | FileBytes::Seen(_) => Vec::new(),
    };
    items.sort_by(|(a, ..), (b, ..)| {
        a.name.as_bytes().cmp(b.name.as_bytes()).then_with(|| order(a).cmp(&order(b)))
    });
    // of members of one name the last counts, as it does when an archive is unpacked
    items.dedup_by(|(later, _, split), (file, _, other)| {
        let is_same = later.name == file.name && split == other && !matches!(later.bytes, FileBytes::Path(_));
        if is_same {
            std::mem::swap(file, later);
        }
        is_same
    });
    ignored.sort_unstable();
    let labels = items.iter().map(|&(_, label, _)| label).collect();
    let splits = items.iter().map(|&(.., split)| split).collect();
    let files = items.into_iter().map(|(file, ..)| file).collect();
    Ok(Source {
        classes,
        labels,
        targets: None,
        splits,
        pictures: Pictures::Files(files),
        ignored,
        damaged: Vec::new(),
    })
}

/// What a folder's names and headers say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FolderFacts {
    /// Class names in the order of their indices.
    pub(crate) classes: Vec<String>,
    /// Training images of each class.
    pub(crate) class_counts: Vec<usize>,
    /// Images of each class in the validation folder; empty where there is none.
    pub(crate) validation_counts: Vec<usize>,
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
    /// What decoding the largest takes.
    pub(crate) decoding_bytes: u64,
}

/// Reads names and headers, in parallel; decodes nothing.
/// # Errors
/// [`DataError`]; also where no header at all can be read.
pub(crate) fn folder_facts(
    folders: SplitFolders<'_>,
    locations: &Locations,
) -> Result<FolderFacts, DataError> {
    let source = source_of(list(folders, locations, Keep::Headers)?)?;
    let mut counts = [0; 3].map(|_: usize| vec![0; source.classes.len()]);
    for (&label, &split) in source.labels.iter().zip(&source.splits) {
        counts[split as usize][label as usize] += 1;
    }
    let [class_counts, validation_counts, test_counts] = counts;
    let of = |folder: Option<&Path>, counts| if folder.is_some() { counts } else { Vec::new() };
    let files = match source.pictures {
        Pictures::Files(files) => files,
        Pictures::Arrays { .. } => Vec::new(),
    };
    let without = |count: &&usize| **count == 0;
    let empty = class_counts.iter().zip(&source.classes).filter(|(count, _)| without(count));
    Ok(FolderFacts {
        headers: header_facts(&files, locations.bounds)?,
        grouped: grouped(files.iter().map(|file| file.name.as_str())),
        empty_classes: empty.map(|(_, class)| class.clone()).collect(),
        validation_counts: of(folders.validation, validation_counts),
        test_counts: of(folders.test, test_counts),
        classes: source.classes,
        class_counts,
    })
}

/// Reads the headers of picture files, in parallel.
/// # Errors
/// [`DataError::Unreadable`] where no header at all can be read.
pub(super) fn header_facts(files: &[PictureFile], bounds: Bounds) -> Result<HeaderFacts, DataError> {
    let header = |file: &PictureFile| -> Result<PictureHeader, String> {
        store::header(&file.bytes, bounds).map_err(|reason| format!("{}: {reason}", shown(&file.name)))
    };
    let headers: Vec<Result<PictureHeader, String>> = files.par_iter().map(header).collect();
    let (good, bad): (Vec<_>, Vec<_>) = headers.into_iter().partition(Result::is_ok);
    let good: Vec<PictureHeader> = good.into_iter().flatten().collect();
    let bad: Vec<String> = bad.into_iter().filter_map(Result::err).collect();
    let Some(first) = good.first() else { return Err(store::unreadable(bad, files.len())) };
    Ok(HeaderFacts {
        sizes: good.iter().map(|header| [header.height, header.width]).collect(),
        channels: good.iter().all(|header| header.channels == first.channels).then_some(first.channels),
        unreadable: Unreadable {
            count: bad.len(),
            examples: bad.into_iter().take(store::EXAMPLES).collect(),
        },
        held_bytes: files.iter().map(|file| file.bytes.held_bytes()).sum(),
        decoding_bytes: good.iter().map(|header| header.decoding_bytes).max().unwrap_or(0),
    })
}

/// Whether names are those of frames of tracks: numbers, `00003_00011.ppm`, nearly all of them, and on the
/// mean two frames or more a track.
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
