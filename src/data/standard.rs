//! The built-in sets: which files, where they come from officially, what they must be, and how they are read.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use super::error::DataError;
use super::fetch::{self, Checksum, RemoteFile};
use super::locations::{FetchPolicy, Locations};
use super::source::{Arrays, Pixels, Split};
use super::{Progress, idx};

/// A set that comes as four idx files.
struct IdxSet {
    name: &'static str,
    /// Directory below a data directory or the cache.
    dir: &'static str,
    /// The official place, with a slash at its end.
    url: &'static str,
    /// Training images, training labels, test images, test labels.
    files: [RemoteFile; 4],
    /// Images in the two splits.
    images: [usize; 2],
    size: [usize; 2],
    classes: u8,
}

const fn idx_file(name: &'static str, contents_sha256: &'static str) -> RemoteFile {
    RemoteFile { name, checksum: Checksum::Contents(contents_sha256), limit_bytes: 64 << 20 }
}

const MNIST: IdxSet = IdxSet {
    name: "mnist",
    dir: "mnist",
    url: "https://ossci-datasets.s3.amazonaws.com/mnist/",
    files: [
        idx_file("train-images-idx3-ubyte.gz", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        idx_file("train-labels-idx1-ubyte.gz", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        idx_file("t10k-images-idx3-ubyte.gz", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        idx_file("t10k-labels-idx1-ubyte.gz", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    ],
    images: [60_000, 10_000],
    size: [28, 28],
    classes: 10,
};

const FASHION_MNIST: IdxSet = IdxSet {
    name: "fashion_mnist",
    dir: "fashion-mnist",
    // The publisher offers no https; the checksum decides.
    url: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    files: [
        idx_file("train-images-idx3-ubyte.gz", "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
        idx_file("train-labels-idx1-ubyte.gz", "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
        idx_file("t10k-images-idx3-ubyte.gz", "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
        idx_file("t10k-labels-idx1-ubyte.gz", "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
    ],
    ..MNIST
};

const CIFAR10_DIR: &str = "cifar-10-batches-bin";
const CIFAR10_URL: &str = "https://www.cs.toronto.edu/~kriz/";
/// The publisher states the MD5 c32a1d4ab5d03f1284b67883e8d87530; this is the SHA-256 that dataset catalogues list for the same file.
const CIFAR10_ARCHIVE: RemoteFile = RemoteFile {
    name: "cifar-10-binary.tar.gz",
    checksum: Checksum::File("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
    limit_bytes: 256 << 20,
};
const CIFAR10_BATCHES: [&str; 6] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
    "test_batch.bin",
];
/// A label, then 32x32 red, green and blue values.
const CIFAR10_RECORD: usize = 1 + 3 * 1024;
const CIFAR10_RECORDS: usize = 10_000;

/// The digits in the binary.
pub(super) fn digits() -> Result<Arrays, DataError> {
    let part = |bytes: &[u8], name: &str, rank| idx::read(&mut GzDecoder::new(bytes), Path::new(name), rank);
    let images = part(include_bytes!("digits/digits-images-idx3-ubyte.gz"), "digits-images (built in)", 3)?;
    let labels = part(include_bytes!("digits/digits-labels-idx1-ubyte.gz"), "digits-labels (built in)", 1)?;
    Ok(Arrays {
        pixels: Pixels::Bytes(images.bytes),
        size: [8, 8, 1],
        labels: labels.bytes.into_iter().map(i32::from).collect(),
        splits: vec![Split::Train; 1797],
    })
}

/// MNIST.
pub(super) fn mnist(locations: &Locations, progress: &mut dyn FnMut(Progress)) -> Result<Arrays, DataError> {
    MNIST.load(locations, progress)
}

/// Fashion-MNIST.
pub(super) fn fashion_mnist(locations: &Locations, progress: &mut dyn FnMut(Progress)) -> Result<Arrays, DataError> {
    FASHION_MNIST.load(locations, progress)
}

impl IdxSet {
    fn load(&self, locations: &Locations, progress: &mut dyn FnMut(Progress)) -> Result<Arrays, DataError> {
        let mut paths = Vec::with_capacity(4);
        for file in &self.files {
            paths.push(find_or_fetch(
                self.name,
                self.dir,
                file,
                &[file.name.trim_end_matches(".gz")],
                self.url,
                locations,
                progress,
            )?);
        }
        let (train, test) = rayon::join(|| self.split(&paths[0], &paths[1], 0), || self.split(&paths[2], &paths[3], 1));
        let ((mut pixels, mut labels), (test_pixels, test_labels)) = (train?, test?);
        pixels.extend_from_slice(&test_pixels);
        labels.extend_from_slice(&test_labels);
        let mut splits = vec![Split::Train; self.images[0]];
        splits.resize(labels.len(), Split::Test);
        Ok(Arrays { pixels: Pixels::Bytes(pixels), size: [self.size[0], self.size[1], 1], labels, splits })
    }

    fn split(&self, images_path: &Path, labels_path: &Path, split: usize) -> Result<(Vec<u8>, Vec<i32>), DataError> {
        let official = |path, problem| {
            DataError::malformed(path, problem, format!("the official files of {} are wanted here", self.name))
        };
        let images = idx::read_file(images_path, 3)?;
        let expected = [self.images[split], self.size[0], self.size[1]];
        if images.extents != expected {
            return Err(official(images_path, format!("holds images {:?}, expected {expected:?}", images.extents)));
        }
        let labels = idx::read_file(labels_path, 1)?;
        if labels.extents != expected[..1] {
            return Err(official(
                labels_path,
                format!("holds {} labels for {} images", labels.extents[0], expected[0]),
            ));
        }
        if let Some((i, label)) = labels.bytes.iter().enumerate().find(|&(_, &label)| label >= self.classes) {
            return Err(official(
                labels_path,
                format!("label {i} is {label}, the largest class is {}", self.classes - 1),
            ));
        }
        Ok((images.bytes, labels.bytes.into_iter().map(i32::from).collect()))
    }
}

/// CIFAR-10: the binary batches as files, or in the official archive.
pub(super) fn cifar10(locations: &Locations, progress: &mut dyn FnMut(Progress)) -> Result<Arrays, DataError> {
    let found = find_or_fetch(
        "cifar10",
        CIFAR10_DIR,
        &CIFAR10_ARCHIVE,
        &["data_batch_1.bin"],
        CIFAR10_URL,
        locations,
        progress,
    )?;
    let mut arrays = Arrays {
        pixels: Pixels::Bytes(Vec::new()),
        size: [32, 32, 3],
        labels: Vec::with_capacity(CIFAR10_BATCHES.len() * CIFAR10_RECORDS),
        splits: Vec::with_capacity(CIFAR10_BATCHES.len() * CIFAR10_RECORDS),
    };
    let mut pixels = Vec::with_capacity(CIFAR10_BATCHES.len() * CIFAR10_RECORDS * (CIFAR10_RECORD - 1));
    for (i, batch) in cifar10_batches(&found)?.iter().enumerate() {
        let path = found.with_file_name(CIFAR10_BATCHES[i]);
        append_cifar_batch(batch, &path, &mut pixels, &mut arrays.labels)?;
        arrays.splits.resize(arrays.labels.len(), if i == 5 { Split::Test } else { Split::Train });
    }
    arrays.pixels = Pixels::Bytes(pixels);
    Ok(arrays)
}

/// The six batches' bytes, in the order of [`CIFAR10_BATCHES`]. Reads at most one record more than a batch has.
fn cifar10_batches(found: &Path) -> Result<Vec<Vec<u8>>, DataError> {
    let limit = (CIFAR10_RECORD * CIFAR10_RECORDS + 1) as u64;
    let open = |path: &Path| File::open(path).map_err(|error| DataError::io(path, error));
    let read = |stream: &mut dyn Read, path: &Path| {
        let mut bytes = Vec::new();
        stream.take(limit).read_to_end(&mut bytes).map_err(|error| DataError::io(path, error))?;
        Ok(bytes)
    };
    if !found.ends_with(CIFAR10_ARCHIVE.name) {
        return CIFAR10_BATCHES
            .iter()
            .map(|name| {
                let path = found.with_file_name(name);
                read(&mut open(&path)?, &path)
            })
            .collect();
    }
    let mut batches = vec![Vec::new(); CIFAR10_BATCHES.len()];
    let mut archive = tar::Archive::new(GzDecoder::new(std::io::BufReader::new(open(found)?)));
    for entry in archive.entries().map_err(|error| DataError::io(found, error))? {
        let mut entry = entry.map_err(|error| DataError::io(found, error))?;
        let name = entry.path().ok().and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()));
        if let Some(i) = CIFAR10_BATCHES.iter().position(|batch| name.as_deref() == Some(batch)) {
            batches[i] = read(&mut entry, found)?;
        }
    }
    Ok(batches)
}

/// Appends a batch: records of a label and three planes become `[H, W, C]` pixels.
fn append_cifar_batch(batch: &[u8], path: &Path, pixels: &mut Vec<u8>, labels: &mut Vec<i32>) -> Result<(), DataError> {
    let official = |problem| {
        DataError::malformed(path, problem, "the binary version of CIFAR-10 is wanted here (cifar-10-binary.tar.gz)")
    };
    let expected = CIFAR10_RECORD * CIFAR10_RECORDS;
    if batch.len() != expected {
        let found = if batch.len() > expected { "more".to_owned() } else { batch.len().to_string() };
        return Err(official(format!("a batch has {expected} bytes, this one has {found}")));
    }
    for (i, record) in batch.chunks_exact(CIFAR10_RECORD).enumerate() {
        if record[0] > 9 {
            return Err(official(format!("label {i} is {}, the largest class is 9", record[0])));
        }
        labels.push(i32::from(record[0]));
        let (red, green, blue) = (&record[1..1025], &record[1025..2049], &record[2049..]);
        pixels.extend(red.iter().zip(green).zip(blue).flat_map(|((&r, &g), &b)| [r, g, b]));
    }
    Ok(())
}

/// The first of `file` or one of `plain` in `dir` below the data directories and the cache (or in these directories themselves); else fetches `file`.
fn find_or_fetch(
    set: &str,
    dir: &str,
    file: &RemoteFile,
    plain: &[&str],
    url: &str,
    locations: &Locations,
    progress: &mut dyn FnMut(Progress),
) -> Result<PathBuf, DataError> {
    let mut looked = Vec::new();
    for base in locations.data_dirs.iter().chain(&locations.cache) {
        for name in plain.iter().chain(std::iter::once(&file.name)) {
            for path in [base.join(dir).join(name), base.join(name)] {
                // Files of mnist and fashion_mnist have the same names: only a directory that is called so can hold them.
                let named = path.parent().is_some_and(|parent| parent.ends_with(dir));
                if path.is_file() && (named || matches!(file.checksum, Checksum::File(_))) {
                    return Ok(path);
                }
            }
        }
        looked.push(base.join(dir));
    }
    match (locations.fetch, &locations.cache) {
        (FetchPolicy::WhenMissing, Some(cache)) => {
            let name = format!("{set}/{}", file.name);
            let mut report = |done, total| progress(Progress::Fetch { file: &name, done, total });
            Ok(fetch::fetch(file, &format!("{url}{}", file.name), &cache.join(dir), &mut report)?)
        }
        (FetchPolicy::WhenMissing, None) | (FetchPolicy::Never, _) => Err(DataError::NotFound {
            what: format!("{} of {set}", file.name),
            looked,
            help: format!(
                "put the official files ({url}) into one of these directories, or give another with --data-dir"
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_in_the_binary() {
        let digits = digits().unwrap();
        let mut counts = [0; 10];
        digits.labels.iter().for_each(|&label| counts[label as usize] += 1);
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        let Pixels::Bytes(pixels) = &digits.pixels else { panic!("digits are bytes") };
        assert_eq!(pixels.len(), 1797 * 64);
        // The first row of the first digit is 0 0 5 13 9 1 0 0 in sixteenths.
        assert_eq!(pixels[..8], [0, 0, 80, 207, 143, 16, 0, 0]);
    }

    #[test]
    fn a_cifar_record_becomes_pixels() {
        let mut batch = vec![0u8; CIFAR10_RECORD * CIFAR10_RECORDS];
        (batch[0], batch[1], batch[1025], batch[2049], batch[2]) = (7, 10, 20, 30, 11);
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        append_cifar_batch(&batch, Path::new("b"), &mut pixels, &mut labels).unwrap();
        assert_eq!((pixels[..4].to_vec(), labels[0], labels.len()), (vec![10, 20, 30, 11], 7, 10_000));
        batch[CIFAR10_RECORD] = 10;
        let error = append_cifar_batch(&batch, Path::new("b"), &mut pixels, &mut labels).unwrap_err().to_string();
        assert!(error.contains("label 1 is 10"), "{error}");
        let error = append_cifar_batch(&batch[1..], Path::new("b"), &mut pixels, &mut labels).unwrap_err().to_string();
        assert!(error.contains("this one has 30729999"), "{error}");
    }

    #[test]
    fn missing_files_name_the_places_and_the_source() {
        let dir = tempfile::tempdir().unwrap();
        let error = mnist(&Locations::only(dir.path()), &mut |_| {}).unwrap_err();
        assert!(error.is_not_at_hand());
        let text = error.to_string();
        for part in [
            "train-images-idx3-ubyte.gz of mnist",
            "--data-dir",
            "ossci-datasets",
            &dir.path().join("mnist").display().to_string(),
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn files_of_another_size_are_not_the_official_ones() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("mnist")).unwrap();
        for file in MNIST.files {
            let contents: &[u8] = if file.name.contains("idx3") {
                &[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5]
            } else {
                &[0, 0, 8, 1, 0, 0, 0, 1, 5]
            };
            std::fs::write(dir.path().join("mnist").join(file.name.trim_end_matches(".gz")), contents).unwrap();
        }
        let text = mnist(&Locations::only(dir.path()), &mut |_| {}).unwrap_err().to_string();
        assert!(text.contains("[1, 1, 1]") && text.contains("[60000, 28, 28]"), "{text}");
    }
}
