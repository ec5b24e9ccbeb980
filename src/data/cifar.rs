//! CIFAR-10, CIFAR-100, and other files of their binary format: records of labels (a byte each), then the
//! red, green and blue planes of a 32x32 picture.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::Progress;
use super::archive::{self, Member};
use super::bounds::size_text;
use super::error::DataError;
use super::fetch::{Checksum, RemoteFile};
use super::locations::Locations;
use super::source::{Arrays, Contents, Pixels, Split};
use super::standard::SetFile;
use crate::files;
use crate::ir::DataSource;

/// Values of a picture.
const PIXELS: usize = 3 * 1024;
/// Nothing larger is read: 4 GiB.
const LIMIT_BYTES: u64 = 4 << 30;
const URL: &str = "https://www.cs.toronto.edu/~kriz/";

/// A standard set.
struct CifarSet {
    name: &'static str,
    /// Directory below a data directory or the cache.
    dir: &'static str,
    /// The publisher states MD5 sums; these are the SHA-256 that dataset catalogues list for the same files.
    archive: RemoteFile,
    /// Its files, with the number of records and the split.
    files: &'static [(&'static str, usize, Split)],
    /// Bytes of labels before each picture; the last one counts.
    label_bytes: usize,
    classes: u8,
}

const fn archive(name: &'static str, sha256: &'static str) -> RemoteFile {
    RemoteFile { name, checksum: Checksum::File(sha256), limit_bytes: 256 << 20 }
}

const CIFAR10: CifarSet = CifarSet {
    name: "cifar10",
    dir: "cifar-10-batches-bin",
    archive: archive(
        "cifar-10-binary.tar.gz",
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    ),
    files: &[
        ("data_batch_1.bin", 10_000, Split::Train),
        ("data_batch_2.bin", 10_000, Split::Train),
        ("data_batch_3.bin", 10_000, Split::Train),
        ("data_batch_4.bin", 10_000, Split::Train),
        ("data_batch_5.bin", 10_000, Split::Train),
        ("test_batch.bin", 10_000, Split::Test),
    ],
    label_bytes: 1,
    classes: 10,
};

/// Records begin with the coarse label; the fine one, which counts, follows.
const CIFAR100: CifarSet = CifarSet {
    name: "cifar100",
    dir: "cifar-100-binary",
    archive: archive(
        "cifar-100-binary.tar.gz",
        "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    ),
    files: &[("train.bin", 50_000, Split::Train), ("test.bin", 10_000, Split::Test)],
    label_bytes: 2,
    classes: 100,
};

/// CIFAR-10: the binary batches as files, or in the official archive.
pub(super) fn cifar10(
    locations: &Locations,
    progress: &mut dyn FnMut(Progress),
) -> Result<Arrays, DataError> {
    CIFAR10.load(locations, progress)
}

/// CIFAR-100 with its fine labels.
pub(super) fn cifar100(
    locations: &Locations,
    progress: &mut dyn FnMut(Progress),
) -> Result<Arrays, DataError> {
    CIFAR100.load(locations, progress)
}

/// The folder with the files of a set, where they are at hand.
pub(super) fn folder_of_cifar(set: &DataSource, locations: &Locations) -> Option<PathBuf> {
    let set = [&CIFAR10, &CIFAR100].into_iter().find(|known| set.built_in() == Some(known.name))?;
    set.file(&[set.files[0].0], "").folder(locations)
}

impl CifarSet {
    fn load(&self, locations: &Locations, progress: &mut dyn FnMut(Progress)) -> Result<Arrays, DataError> {
        let official = self.official();
        let found = self.file(&[self.files[0].0], &official).find_or_fetch(locations, progress)?;
        let mut records = Records::new(self.label_bytes);
        let total: usize = self.files.iter().map(|(_, count, _)| count).sum();
        records.pixels.reserve_exact(total * PIXELS);
        // each file's bytes are given back before those of the next are taken apart
        for (contents, (name, count, split)) in self.contents(&found)?.into_iter().zip(self.files) {
            let path = found.with_file_name(name);
            let official = |problem| {
                let help =
                    format!("the binary version of {} is wanted here ({})", self.name, self.archive.name);
                DataError::malformed(&path, problem, help)
            };
            let expected = records.record_bytes() * count;
            if contents.len() != expected {
                let found =
                    if contents.len() > expected { "more".to_owned() } else { contents.len().to_string() };
                return Err(official(format!("it should have {expected} bytes, but has {found}")));
            }
            records.append(&contents, *split);
            let labels = &records.labels[records.labels.len() - count..];
            if let Some(at) = labels.iter().position(|label| *label >= i32::from(self.classes)) {
                let problem =
                    format!("label {at} is {}, the largest class is {}", labels[at], self.classes - 1);
                return Err(official(problem));
            }
        }
        Ok(records.into_arrays())
    }

    /// The archive, or the first of the files in it.
    fn file<'f>(&'f self, plain: &'f [&'f str], official: &'f str) -> SetFile<'f> {
        SetFile { set: self.name, dir: self.dir, file: &self.archive, plain, url: URL, official }
    }

    /// All files that would do.
    fn official(&self) -> String {
        let names: Vec<String> = self.files.iter().map(|(name, ..)| format!("`{name}`")).collect();
        format!("`{}`, or what is in it ({}),", self.archive.name, names.join(", "))
    }

    /// The files' bytes, in order; of each at most one byte more than it should have.
    fn contents(&self, found: &Path) -> Result<Vec<Vec<u8>>, DataError> {
        let open = |path: &Path| files::open(path).map_err(|error| DataError::io(path, error));
        let read = |stream: &mut dyn Read, path: &Path, count: usize| {
            let limit = ((self.label_bytes + PIXELS) * count + 1) as u64;
            let mut bytes = Vec::new();
            stream.take(limit).read_to_end(&mut bytes).map_err(|error| DataError::io(path, error))?;
            Ok(bytes)
        };
        if !found.ends_with(self.archive.name) {
            return (self.files.iter())
                .map(|(name, count, _)| {
                    let path = found.with_file_name(name);
                    read(&mut open(&path)?, &path, *count)
                })
                .collect();
        }
        let mut contents = vec![Vec::new(); self.files.len()];
        archive::walk(found, &mut |Member { name, bytes, .. }| {
            let name = name.rsplit('/').next().unwrap_or_default();
            if let Some(i) = self.files.iter().position(|(file, ..)| name == *file) {
                contents[i] = read(bytes, found, self.files[i].1)?;
            }
            Ok(())
        })?;
        Ok(contents)
    }
}

/// `cifar_binary(…)`: one file, or the `.bin` files of a folder, of which those called `test…` are for test.
pub(super) fn binary(
    written: &Path,
    test: Option<&Path>,
    label_bytes: usize,
    contents: Contents,
    locations: &Locations,
) -> Result<Arrays, DataError> {
    let mut records = Records { contents, ..Records::new(label_bytes) };
    let (most, mut taken) = (locations.bounds.array_bytes(), 0);
    for (path, split) in files_of(written, test, locations)? {
        let file = files::open(&path).map_err(|error| DataError::io(&path, error))?;
        let size = file.metadata().map_err(|error| DataError::io(&path, error))?.len();
        let record = records.record_bytes() as u64;
        if size == 0 || !size.is_multiple_of(record) || size > LIMIT_BYTES {
            return Err(DataError::malformed(
                &path,
                format!("has {size} bytes, which are no whole records of {label_bytes} + {PIXELS}"),
                "give the number of labels before each picture: label_bytes: 2 for files like CIFAR-100's",
            ));
        }
        taken += size;
        if taken > most {
            let problem = format!(
                "with it there are {} of pictures, and the memory has {}",
                size_text(taken),
                size_text(most)
            );
            return Err(DataError::malformed(&path, problem, "take some of the files away"));
        }
        // a file that has grown since: whole records of what was announced
        read_records(file, size / record, &mut records, split)
            .map_err(|error| DataError::io(&path, error))?;
    }
    Ok(records.into_arrays())
}

/// Reads whole records, one after the other.
fn read_records(file: File, count: u64, records: &mut Records, split: Split) -> std::io::Result<()> {
    let mut stream = BufReader::with_capacity(1 << 16, file);
    let mut record = vec![0; records.record_bytes()];
    for _ in 0..count {
        stream.read_exact(&mut record)?;
        records.append(&record, split);
    }
    Ok(())
}

fn files_of(
    written: &Path,
    test: Option<&Path>,
    locations: &Locations,
) -> Result<Vec<(PathBuf, Split)>, DataError> {
    let found = locations.resolve(written)?.path;
    let mut files = Vec::new();
    if found.is_dir() {
        for entry in fs::read_dir(&found).map_err(|error| DataError::io(&found, error))? {
            let path = entry.map_err(|error| DataError::io(&found, error))?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name.ends_with(".bin") {
                locations.may_read(&path)?;
                files.push((path, if name.starts_with("test") { Split::Test } else { Split::Train }));
            }
        }
        files
            .sort_by(|(a, _), (b, _)| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    } else {
        files.push((found.clone(), Split::Train));
    }
    if let Some(test) = test {
        files.push((locations.resolve(test)?.path, Split::Test));
    }
    if files.iter().all(|(_, split)| *split == Split::Test) {
        return Err(DataError::malformed(
            &found,
            "has no `.bin` files to train on",
            "files called `test….bin` are for the test; all other `.bin` files of the folder for training",
        ));
    }
    Ok(files)
}

/// Records of several files, taken apart.
struct Records {
    label_bytes: usize,
    contents: Contents,
    pixels: Vec<u8>,
    labels: Vec<i32>,
    splits: Vec<Split>,
}

impl Records {
    fn new(label_bytes: usize) -> Self {
        Self {
            label_bytes,
            contents: Contents::Kept,
            pixels: Vec::new(),
            labels: Vec::new(),
            splits: Vec::new(),
        }
    }

    fn record_bytes(&self) -> usize {
        self.label_bytes + PIXELS
    }

    /// Takes whole records; their planes become `[H, W, C]` pixels.
    fn append(&mut self, contents: &[u8], split: Split) {
        for record in contents.chunks_exact(self.record_bytes()) {
            let (labels, planes) = record.split_at(self.label_bytes);
            self.labels.push(labels.last().map_or(0, |label| i32::from(*label)));
            if self.contents == Contents::PassedOver {
                continue;
            }
            let (red, green, blue) = (&planes[..1024], &planes[1024..2048], &planes[2048..]);
            self.pixels.extend(red.iter().zip(green).zip(blue).flat_map(|((&r, &g), &b)| [r, g, b]));
        }
        self.splits.resize(self.labels.len(), split);
    }

    fn into_arrays(self) -> Arrays {
        Arrays {
            pixels: Pixels::Bytes(self.pixels),
            size: [32, 32, 3],
            labels: self.labels,
            splits: self.splits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_becomes_pixels() {
        let mut record = vec![0u8; 2 + PIXELS];
        (record[0], record[1], record[2], record[1026], record[2050], record[3]) = (3, 7, 10, 20, 30, 11);
        let mut records = Records::new(2);
        records.append(&record, Split::Test);
        assert_eq!(
            (records.labels, records.splits, records.pixels[..4].to_vec()),
            (vec![7], vec![Split::Test], vec![10, 20, 30, 11])
        );
    }

    #[test]
    fn files_of_a_folder_are_told_by_their_names() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("set")).unwrap();
        for (name, label) in [("set/b.bin", 2), ("set/a.bin", 1), ("set/test_a.bin", 9), ("set/notes.txt", 0)]
        {
            let mut record = vec![0u8; 1 + PIXELS];
            record[0] = label;
            fs::write(dir.path().join(name), record).unwrap();
        }
        let locations = Locations::only(dir.path());
        let set = binary(Path::new("set"), None, 1, Contents::Kept, &locations).unwrap();
        assert_eq!((set.labels, set.splits), (vec![1, 2, 9], vec![Split::Train, Split::Train, Split::Test]));
        let set = binary(Path::new("set/b.bin"), Some(Path::new("set/a.bin")), 1, Contents::Kept, &locations)
            .unwrap();
        assert_eq!((set.labels, set.splits), (vec![2, 1], vec![Split::Train, Split::Test]));
        let error = binary(Path::new("set"), None, 2, Contents::Kept, &locations)
            .err()
            .map(|error| error.to_string())
            .unwrap();
        assert!(error.contains("3073 bytes") && error.contains("label_bytes"), "{error}");
    }

    #[test]
    fn standard_files_have_their_sizes() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(CIFAR100.dir)).unwrap();
        for (name, count, _) in CIFAR100.files {
            let mut file = vec![5u8; (2 + PIXELS) * (count / 1000)];
            file[1] = 99;
            fs::write(dir.path().join(CIFAR100.dir).join(name), file).unwrap();
        }
        let locations = Locations::only(dir.path());
        let error = cifar100(&locations, &mut |_| {}).err().map(|error| error.to_string()).unwrap();
        assert!(error.contains("it should have 153700000 bytes, but has 153700"), "{error}");
        // a tenth of a thousandth of the set, read as it is
        let small =
            CifarSet { files: &[("train.bin", 50, Split::Train), ("test.bin", 10, Split::Test)], ..CIFAR100 };
        let set = small.load(&locations, &mut |_| {}).unwrap();
        assert_eq!((set.labels.len(), set.labels[0], set.labels[1]), (60, 99, 5));
        let few = CifarSet { classes: 50, ..small };
        let error = few.load(&locations, &mut |_| {}).err().map(|error| error.to_string()).unwrap();
        assert!(error.contains("label 0 is 99, the largest class is 49"), "{error}");
    }
}
