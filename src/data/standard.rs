//! The built-in sets of idx files: which files, where they come from officially, what they must be, and how
//! they are read.

use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use super::error::DataError;
use super::fetch::{self, Checksum, RemoteFile};
use super::locations::{FetchPolicy, Locations};
use super::source::{Arrays, Contents, Pixels, Split};
use super::{Progress, idx};
use crate::ir::DataSource;

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
        idx_file(
            "train-images-idx3-ubyte.gz",
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        idx_file(
            "train-labels-idx1-ubyte.gz",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        idx_file(
            "t10k-images-idx3-ubyte.gz",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        idx_file(
            "t10k-labels-idx1-ubyte.gz",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
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
        idx_file(
            "train-images-idx3-ubyte.gz",
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        idx_file(
            "train-labels-idx1-ubyte.gz",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
        idx_file(
            "t10k-images-idx3-ubyte.gz",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        idx_file(
            "t10k-labels-idx1-ubyte.gz",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ],
    ..MNIST
};

/// The digits in the binary.
pub(super) fn digits() -> Result<Arrays, DataError> {
    let part = |bytes: &[u8], name: &str, rank| {
        idx::read(&mut GzDecoder::new(bytes), Path::new(name), rank, Contents::Kept, 1 << 20)
    };
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
pub(super) fn fashion_mnist(
    locations: &Locations,
    progress: &mut dyn FnMut(Progress),
) -> Result<Arrays, DataError> {
    FASHION_MNIST.load(locations, progress)
}

/// The folder with the files of a set of idx files, where they are at hand.
pub(super) fn folder_of_idx(set: &DataSource, locations: &Locations) -> Option<PathBuf> {
    let set = [&MNIST, &FASHION_MNIST].into_iter().find(|known| set.built_in() == Some(known.name))?;
    let [first, ..] = &set.files;
    set.file(first, &[first.name.trim_end_matches(".gz")], "").folder(locations)
}

impl IdxSet {
    fn load(&self, locations: &Locations, progress: &mut dyn FnMut(Progress)) -> Result<Arrays, DataError> {
        let official = self.official();
        let mut paths = Vec::with_capacity(4);
        for file in &self.files {
            let plain = [file.name.trim_end_matches(".gz")];
            paths.push(self.file(file, &plain, &official).find_or_fetch(locations, progress)?);
        }
        let (train, test) =
            rayon::join(|| self.split(&paths[0], &paths[1], 0), || self.split(&paths[2], &paths[3], 1));
        let ((mut pixels, mut labels), (test_pixels, test_labels)) = (train?, test?);
        pixels.extend_from_slice(&test_pixels);
        labels.extend_from_slice(&test_labels);
        let mut splits = vec![Split::Train; self.images[0]];
        splits.resize(labels.len(), Split::Test);
        Ok(Arrays { pixels: Pixels::Bytes(pixels), size: [self.size[0], self.size[1], 1], labels, splits })
    }

    /// One of its files.
    fn file<'f>(&'f self, file: &'f RemoteFile, plain: &'f [&'f str], official: &'f str) -> SetFile<'f> {
        SetFile { set: self.name, dir: self.dir, file, plain, url: self.url, official }
    }

    /// All of its files.
    fn official(&self) -> String {
        let names: Vec<String> = self.files.iter().map(|file| format!("`{}`", file.name)).collect();
        format!("{}, with or without `.gz`,", names.join(", "))
    }

    fn split(
        &self,
        images_path: &Path,
        labels_path: &Path,
        split: usize,
    ) -> Result<(Vec<u8>, Vec<i32>), DataError> {
        let official = |path, problem| {
            DataError::malformed(
                path,
                problem,
                format!("the official files of {} are wanted here", self.name),
            )
        };
        let images = idx::read_file(images_path, 3, self.files[2 * split].limit_bytes)?;
        let expected = [self.images[split], self.size[0], self.size[1]];
        if images.extents != expected {
            return Err(official(
                images_path,
                format!("holds images {:?}, expected {expected:?}", images.extents),
            ));
        }
        let labels = idx::read_file(labels_path, 1, self.files[2 * split + 1].limit_bytes)?;
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

/// A file of a built-in set.
#[derive(Debug, Clone, Copy)]
pub(super) struct SetFile<'a> {
    /// The set, as a program names it.
    pub(super) set: &'a str,
    /// The folder below a data directory or the cache.
    pub(super) dir: &'a str,
    /// The official file.
    pub(super) file: &'a RemoteFile,
    /// Names of files that stand for it, unpacked.
    pub(super) plain: &'a [&'a str],
    /// The official place, with a slash at its end.
    pub(super) url: &'a str,
    /// All files of the set that would do, for a sentence.
    pub(super) official: &'a str,
}

impl SetFile<'_> {
    /// The first of the file or those that stand for it in the set's folder below the data directories and
    /// the cache (or in these directories themselves).
    /// # Errors
    /// The folders that were looked into.
    fn find(&self, locations: &Locations) -> Result<PathBuf, Vec<PathBuf>> {
        let mut looked = Vec::new();
        for base in locations.data_dirs.iter().chain(&locations.cache) {
            for name in self.plain.iter().chain(std::iter::once(&self.file.name)) {
                for path in [base.join(self.dir).join(name), base.join(name)] {
                    // Files of mnist and fashion_mnist have the same names: only a directory that is called
                    // so can hold them.
                    let named = path.parent().is_some_and(|parent| parent.ends_with(self.dir));
                    if path.is_file() && (named || matches!(self.file.checksum, Checksum::File(_))) {
                        return Ok(path);
                    }
                }
            }
            looked.push(base.join(self.dir));
        }
        Err(looked)
    }

    /// What to write where the pictures of the set are there in another form.
    fn pictures_would_do(&self) -> String {
        let set = self.set;
        format!(
            "its pictures as files would do too, in a folder for each class: \
             `source: folder(\"{set}/train\", test: \"{set}/test\")`"
        )
    }

    /// The folder that it lies in, where it is found.
    pub(super) fn folder(&self, locations: &Locations) -> Option<PathBuf> {
        Some(self.find(locations).ok()?.parent()?.to_owned())
    }

    /// The file where it is found; else it is fetched.
    /// # Errors
    /// [`DataError::NotFound`] where it may not be fetched, [`DataError::Fetch`].
    pub(super) fn find_or_fetch(
        &self,
        locations: &Locations,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<PathBuf, DataError> {
        let SetFile { set, dir, file, url, .. } = *self;
        let looked = match self.find(locations) {
            Ok(found) => return Ok(found),
            Err(looked) => looked,
        };
        match (locations.fetch, &locations.cache) {
            (FetchPolicy::WhenMissing, Some(cache)) => {
                let name = format!("{set}/{}", file.name);
                let mut report = |done, total| progress(Progress::Fetch { file: &name, done, total });
                fetch::fetch(file, &format!("{url}{}", file.name), &cache.join(dir), &mut report)
                    .map_err(|error| error.with_instead(self.pictures_would_do()).into())
            }
            (FetchPolicy::WhenMissing, None) | (FetchPolicy::Never, _) => Err(DataError::NotFound {
                what: format!("{} of {set}", file.name),
                looked,
                help: format!(
                    "put {} from {url} into one of these folders, or into a folder `{dir}` and name the one above \
                     it with --data-dir; {}",
                    self.official,
                    self.pictures_would_do()
                ),
            }),
        }
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
    fn missing_files_name_the_places_and_the_source() {
        let dir = tempfile::tempdir().unwrap();
        let error = mnist(&Locations::only(dir.path()), &mut |_| {}).unwrap_err();
        assert!(error.is_not_at_hand());
        let text = error.to_string();
        for part in [
            "train-images-idx3-ubyte.gz of mnist",
            "`t10k-labels-idx1-ubyte.gz`, with or without `.gz`",
            "`source: folder(\"mnist/train\", test: \"mnist/test\")`",
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
            std::fs::write(dir.path().join("mnist").join(file.name.trim_end_matches(".gz")), contents)
                .unwrap();
        }
        let text = mnist(&Locations::only(dir.path()), &mut |_| {}).unwrap_err().to_string();
        assert!(text.contains("[1, 1, 1]") && text.contains("[60000, 28, 28]"), "{text}");
    }
}
