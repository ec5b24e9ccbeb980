//! Files that are broken, and files that mean harm: an error, soon, and in little memory.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::*;
use crate::random::Random;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/weights").join(name)
}

const FILES: [&str; 10] = [
    "net.keras",
    "net.weights.h5",
    "net.h5",
    "net_2015.h5",
    "net.npz",
    "net.onnx",
    "net.pth",
    "net_old.pth",
    "net_brain.pth",
    "net_checkpoint.pth",
];

/// Reads all of a file.
fn read(path: &Path) -> Result<Vec<Vec<f32>>, FileError> {
    let archive = open(path)?;
    (0..archive.listing.tensors.len()).map(|at| archive.numbers(at)).collect()
}

/// Reads bytes as a file, which must take no long time.
fn read_bytes(folder: &Path, bytes: &[u8]) -> Result<Vec<Vec<f32>>, FileError> {
    let path = folder.join("w");
    fs::write(&path, bytes).expect("written");
    let begun = Instant::now();
    let read = read(&path);
    assert!(begun.elapsed() < Duration::from_secs(20), "it took {:?}", begun.elapsed());
    read
}

#[test]
fn cut_files_are_refused_or_read_as_they_were() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in FILES {
        let whole = fs::read(golden(name)).expect("there");
        let numbers = read(&golden(name)).expect("sound");
        assert!(numbers.iter().flatten().all(|number| number.is_finite()), "{name}");
        for cut in (0..whole.len()).step_by(64) {
            // what is behind the last tensor is not missed
            if let Ok(found) = read_bytes(folder.path(), &whole[..cut]) {
                assert_eq!(found, numbers, "{name} cut to {cut}");
            }
        }
        assert!(read_bytes(folder.path(), &whole[..whole.len() / 2]).is_err(), "half of {name}");
    }
}

#[test]
fn changed_files_never_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut random = Random::seeded(16);
    for name in FILES {
        let whole = fs::read(golden(name)).expect("there");
        for _ in 0..150 {
            let mut changed = whole.clone();
            for _ in 0..1 + random.below(4) {
                let at = random.below(whole.len() as u64) as usize;
                changed[at] = random.below(256) as u8;
            }
            let _ = read_bytes(folder.path(), &changed);
        }
    }
}

/// The sentence about bytes that are no weights.
fn refusal(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    read_bytes(folder.path(), bytes).expect_err("refused").reason()
}

fn safetensors_of(header: &str) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes
}

#[test]
fn headers_that_lie_are_not_believed() {
    let huge = r#"{"a":{"dtype":"F32","shape":[1099511627776,4],"data_offsets":[0,17592186044416]}}"#;
    assert!(!refusal(&safetensors_of(huge)).is_empty());
    let overlapping = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#;
    assert!(!refusal(&safetensors_of(overlapping)).is_empty());
    let many: Vec<String> = (0..20_001)
        .map(|at| format!(r#""t{at}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#))
        .collect();
    assert!(refusal(&safetensors_of(&format!("{{{}}}", many.join(",")))).contains("more than 20000"));
}

/// The length of a header may look like the beginning of a pickle or of a message.
#[test]
fn headers_of_any_length_are_headers() {
    let folder = tempfile::tempdir().expect("a folder");
    for length in [0x280_usize, 0x308, 0x50a] {
        let mut header = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#.to_owned();
        header.extend(std::iter::repeat_n(' ', length - header.len()));
        let mut bytes = safetensors_of(&header);
        bytes.extend_from_slice(&1.5_f32.to_le_bytes());
        assert_eq!(read_bytes(folder.path(), &bytes).expect("sound"), [[1.5]], "{length}");
    }
}

#[test]
fn pickles_run_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let sign = folder.path().join("ran");
    let code = format!("cos\nsystem\n(S'touch {}'\ntR.", sign.display());
    // by itself, and in an archive of PyTorch
    let mut plain = b"\x80\x02".to_vec();
    plain.extend_from_slice(code.as_bytes());
    assert!(read_bytes(folder.path(), &plain).is_err());
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("net/data.pkl", zip::write::SimpleFileOptions::default()).expect("begun");
    archive.write_all(&plain).expect("written");
    let bytes = archive.finish().expect("whole").into_inner();
    assert!(read_bytes(folder.path(), &bytes).is_err());
    assert!(!sign.exists());
}

#[test]
fn messages_in_messages_end() {
    // a graph in an attribute of a node of a graph, 10,000 deep
    let mut bytes = Vec::new();
    for field in (0..10_000).map(|depth| [0x3a_u8, 0x0a, 0x2a, 0x32][depth % 4]) {
        let mut length = bytes.len();
        let mut around = vec![field];
        while length >= 0x80 {
            around.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        around.push(length as u8);
        around.extend_from_slice(&bytes);
        bytes = around;
    }
    let mut model = vec![0x08, 0x08, 0x3a];
    model.extend_from_slice(&bytes);
    assert!(!refusal(&model).is_empty());
}

#[test]
fn bombs_are_not_unpacked() {
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    let zeros = vec![0_u8; 1 << 20];
    let packed = |name: &str, head: &[u8]| {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        archive.start_file(name, options).expect("begun");
        archive.write_all(head).expect("written");
        // 64 MiB in 64 KiB
        (0..64).for_each(|_| archive.write_all(&zeros).expect("written"));
        archive.finish().expect("whole").into_inner()
    };
    assert!(refusal(&packed("model.weights.h5", b"\x89HDF\r\n\x1a\n")).contains("far larger"));
    let dictionary = format!("{:117}\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (16777216,), }");
    let mut npy = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    npy.extend_from_slice(dictionary.as_bytes());
    assert!(refusal(&packed("a.npy", &npy)).contains("far larger"));
}

#[test]
fn groups_that_lie_in_themselves_end() {
    assert!(read(&golden("loop.h5")).is_err());
}
