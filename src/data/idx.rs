//! The idx format of MNIST and its kin: a magic number, extents, then bytes.
//!
//! ```text
//! 0  u8 0, u8 0, u8 element (8: unsigned bytes), u8 rank
//! 4  rank × u32 big-endian: extents, the number of items first
//! …  the elements, last axis fastest
//! ```

use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::bounds::size_text;
use super::error::DataError;
use super::locations::Locations;
use super::source::{Arrays, Contents, Pixels, Split};
use crate::files;

/// Nothing larger is read: 2 GiB.
const LIMIT_BYTES: u64 = 1 << 31;
/// Reserved before the first byte is read; beyond it memory grows with what really comes.
const RESERVE_BYTES: u64 = 64 << 20;

/// An idx file's contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Idx {
    /// Extents, the number of items first.
    pub(crate) extents: Vec<usize>,
    /// The elements.
    pub(crate) bytes: Vec<u8>,
}

/// Reads an idx file of at most `most` bytes, plain or compressed with gzip (told by its first bytes).
pub(crate) fn read_file(path: &Path, rank: usize, most: u64) -> Result<Idx, DataError> {
    read(&mut open(path)?, path, rank, Contents::Kept, most)
}

fn open(path: &Path) -> Result<Box<dyn Read>, DataError> {
    let mut file =
        BufReader::with_capacity(1 << 16, files::open(path).map_err(|error| DataError::io(path, error))?);
    let compressed = std::io::BufRead::fill_buf(&mut file)
        .map_err(|error| DataError::io(path, error))?
        .starts_with(&[0x1f, 0x8b]);
    Ok(if compressed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

/// `idx(…)`: images `[N, H, W]` or `[N, H, W, C]` and their labels `[N]`, and perhaps others for the test.
pub(super) fn load(
    train: [&Path; 2],
    test: Option<[&Path; 2]>,
    contents: Contents,
    locations: &Locations,
) -> Result<Arrays, DataError> {
    let mut arrays = pair(train, Split::Train, contents, locations)?;
    if let Some(test) = test {
        let more = pair(test, Split::Test, contents, locations)?;
        if more.size != arrays.size {
            let problem = format!("its images are {:?}, those to train on {:?}", more.size, arrays.size);
            return Err(DataError::malformed(test[0], problem, "both splits must have images of one size"));
        }
        let (Pixels::Bytes(pixels), Pixels::Bytes(more_pixels)) = (&mut arrays.pixels, more.pixels) else {
            return Ok(arrays);
        };
        pixels.extend_from_slice(&more_pixels);
        arrays.labels.extend(more.labels);
        arrays.splits.extend(more.splits);
    }
    Ok(arrays)
}

fn pair(
    [images, labels]: [&Path; 2],
    split: Split,
    contents: Contents,
    locations: &Locations,
) -> Result<Arrays, DataError> {
    let (images_path, labels_path) = (locations.resolve(images)?.path, locations.resolve(labels)?.path);
    let mut magic = [0; 4];
    // a file that is too short for its magic number is told below
    let coloured = open(&images_path)?.read_exact(&mut magic).is_ok() && magic == [0, 0, 8, 4];
    let most = LIMIT_BYTES.min(locations.bounds.array_bytes());
    let images = read(&mut open(&images_path)?, &images_path, if coloured { 4 } else { 3 }, contents, most)?;
    let labels = read_file(&labels_path, 1, LIMIT_BYTES.min(locations.bounds.label_bytes()))?;
    if labels.extents[0] != images.extents[0] {
        let problem = format!("holds {} labels for {} images", labels.extents[0], images.extents[0]);
        return Err(DataError::malformed(&labels_path, problem, "give the labels that belong to the images"));
    }
    let channels = images.extents.get(3).copied().unwrap_or(1);
    Ok(Arrays {
        size: [images.extents[1], images.extents[2], channels],
        splits: vec![split; labels.bytes.len()],
        labels: labels.bytes.into_iter().map(i32::from).collect(),
        pixels: Pixels::Bytes(images.bytes),
    })
}

/// Reads idx of at most `most` bytes from a stream; `path` is for messages. That the data are as long as the
/// header says is looked at even where they are not kept.
pub(crate) fn read(
    stream: &mut dyn Read,
    path: &Path,
    rank: usize,
    contents: Contents,
    most: u64,
) -> Result<Idx, DataError> {
    let malformed =
        |problem: String| DataError::malformed(path, problem, "get the official file again (plain or .gz)");
    let broken = |what: &str, error: std::io::Error| {
        malformed(format!("the file ends or breaks off in {what} ({error})"))
    };
    let mut magic = [0u8; 4];
    stream.read_exact(&mut magic).map_err(|error| broken("its first four bytes", error))?;
    if magic != [0, 0, 8, rank as u8] {
        return Err(malformed(format!(
            "not an idx file of bytes with {rank} axes: it starts with {:#010x}, expected {:#010x}",
            u32::from_be_bytes(magic),
            0x0800 + rank
        )));
    }
    let mut extents = Vec::with_capacity(rank);
    for _ in 0..rank {
        let mut extent = [0u8; 4];
        stream.read_exact(&mut extent).map_err(|error| broken("its header", error))?;
        extents.push(u32::from_be_bytes(extent) as usize);
    }
    let shown = extents.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
    let expected = extents
        .iter()
        .try_fold(1u64, |product, &extent| product.checked_mul(extent as u64))
        .filter(|&bytes| (1..=LIMIT_BYTES).contains(&bytes))
        .ok_or_else(|| malformed(format!("its header says {shown}, which is no size of a data set")))?;
    if expected > most {
        let (wanted, most) = (size_text(expected), size_text(most));
        return Err(malformed(format!("its header says {shown}, {wanted}, more than is read here ({most})")));
    }
    let mut bytes = Vec::new();
    let mut data = stream.take(expected + 1);
    let found = match contents {
        Contents::Kept => {
            bytes.reserve(expected.min(RESERVE_BYTES) as usize);
            data.read_to_end(&mut bytes).map(|read| read as u64)
        }
        Contents::PassedOver => io::copy(&mut data, &mut io::sink()),
    };
    let found = found.map_err(|error| broken("its data", error))?;
    if found != expected {
        let found = if found > expected { "more".to_owned() } else { found.to_string() };
        return Err(malformed(format!("its header says {shown}, {expected} bytes, but there are {found}")));
    }
    Ok(Idx { extents, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8], rank: usize) -> Result<Idx, String> {
        let read = |contents| read(&mut &bytes[..], Path::new("x-idx"), rank, contents, LIMIT_BYTES);
        let found = read(Contents::Kept).map_err(|error| error.to_string());
        let passed = read(Contents::PassedOver).map_err(|error| error.to_string());
        assert_eq!(found.as_ref().map(|idx| &idx.extents), passed.as_ref().map(|idx| &idx.extents));
        found
    }

    #[test]
    fn reads_what_the_header_says() {
        let few = read(&mut &[0u8, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9][..], Path::new("x"), 1, Contents::Kept, 2);
        assert!(few.unwrap_err().to_string().contains("more than is read here (2 bytes)"));
        let idx = parse(&[0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9], 1).unwrap();
        assert_eq!(idx, Idx { extents: vec![3], bytes: vec![7, 8, 9] });
    }

    #[test]
    fn refuses_what_is_no_idx_file() {
        for (bytes, expected) in [
            (&b""[..], "first four bytes"),
            (b"\x00\x00\x08\x03\x00\x00\x00\x01", "axes"),
            (b"\x00\x00\x0d\x01\x00\x00\x00\x01", "axes"),
            (b"\x00\x00\x08\x01\x00\x00", "header"),
            (b"\x00\x00\x08\x01\x00\x00\x00\x03\x01\x02", "3 bytes, but there are 2"),
            (b"\x00\x00\x08\x01\x00\x00\x00\x01\x01\x02", "there are more"),
            (b"\x00\x00\x08\x01\x00\x00\x00\x00", "no size"),
            (b"\x00\x00\x08\x01\xff\xff\xff\xff", "no size"),
        ] {
            let error = parse(bytes, 1).unwrap_err();
            assert!(error.contains("x-idx") && error.contains(expected), "{bytes:?}: {error}");
        }
        // 2^96 elements: the product does not fit, nothing is allocated.
        let absurd = [[0, 0, 8, 3].as_slice(), &[0xff; 12]].concat();
        assert!(parse(&absurd, 3).unwrap_err().contains("no size"));
        // 1 GiB announced, three bytes there: fails without taking 1 GiB.
        assert!(parse(&[0, 0, 8, 1, 0x40, 0, 0, 0, 1, 2, 3], 1).unwrap_err().contains("there are 3"));
    }

    #[test]
    fn images_and_labels_of_a_program() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
        write("x", &[0, 0, 8, 4, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]);
        write("y", &[0, 0, 8, 1, 0, 0, 0, 2, 7, 8]);
        write("one", &[0, 0, 8, 1, 0, 0, 0, 1, 7]);
        write("grey", &[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9]);
        let locations = Locations::only(dir.path());
        let path = Path::new;
        let set =
            load([path("x"), path("y")], Some([path("x"), path("y")]), Contents::Kept, &locations).unwrap();
        assert_eq!((set.size, set.labels, set.splits[2]), ([1, 1, 3], vec![7, 8, 7, 8], Split::Test));
        assert_eq!(
            load([path("grey"), path("one")], None, Contents::Kept, &locations).unwrap().size,
            [1, 1, 1]
        );
        let error = |train, test| {
            load(train, test, Contents::Kept, &locations).err().map(|error| error.to_string()).unwrap()
        };
        assert!(error([path("x"), path("one")], None).contains("1 labels for 2 images"));
        assert!(error([path("x"), path("y")], Some([path("grey"), path("one")])).contains("[1, 1, 1]"));
    }

    #[test]
    fn reads_gzip_and_reports_a_truncated_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("labels.gz");
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, &[0, 0, 8, 1, 0, 0, 0, 2, 4, 5]).unwrap();
        let gz = encoder.finish().unwrap();
        std::fs::write(&path, &gz).unwrap();
        assert_eq!(read_file(&path, 1, 100).unwrap().bytes, [4, 5]);
        std::fs::write(&path, &gz[..gz.len() - 12]).unwrap();
        assert!(read_file(&path, 1, 100).unwrap_err().to_string().contains("breaks off"));
    }
}
