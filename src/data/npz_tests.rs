//! Array files made for the test.

use std::io::{Cursor, Write};

use super::*;
use crate::data::Locations;

fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let dictionary = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((dictionary.len() as u16).to_le_bytes());
    bytes.extend(dictionary.as_bytes());
    bytes.extend(data);
    bytes
}

/// A directory with `a.npz`, made of these arrays.
fn npz(arrays: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        writer.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    std::fs::write(dir.path().join("a.npz"), writer.finish().unwrap().into_inner()).unwrap();
    dir
}

fn facts(dir: &tempfile::TempDir) -> Result<ArrayFacts, String> {
    super::facts(Path::new("a.npz"), LabelKind::Single, &Locations::only(dir.path()))
        .map_err(|error| error.to_string())
}

fn source(dir: &tempfile::TempDir) -> Result<Source, String> {
    load(Path::new("a.npz"), LabelKind::Single, &Locations::only(dir.path()))
        .map_err(|error| error.to_string())
}

#[test]
fn bytes_with_a_test_split() {
    let dir = npz(&[
        ("x_train", npy("|u1", "3, 2, 2", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])),
        ("y_train", npy("<i8", "3,", &[2i64, 0, 2].map(i64::to_le_bytes).concat())),
        ("x_test", npy("|u1", "1, 2, 2", &[20, 21, 22, 23])),
        ("y_test", npy("|u1", "1, 1", &[1])),
    ]);
    let facts = facts(&dir).unwrap();
    assert_eq!((facts.size, facts.test_counts.iter().sum(), facts.range), ([2, 2, 1], 1, (0.0, 255.0)));
    assert_eq!((facts.classes.join(" "), facts.class_counts), ("0 1 2".to_owned(), vec![1, 0, 2]));
    let source = source(&dir).unwrap();
    assert_eq!(source.labels, [2, 0, 2, 1]);
    assert_eq!(source.splits, [Split::Train, Split::Train, Split::Train, Split::Test]);
    let last = source.pictures.array(3).unwrap();
    assert_eq!((last.height, last.width, last.channels), (2, 2, 1));
    assert_eq!(last.pixels.to_floats().as_ref(), [20.0, 21.0, 22.0, 23.0]);
}

#[test]
fn floats_have_the_range_that_they_have() {
    let values = [-1.0f32, 0.5, 0.25, 1.0, 0.0, 0.0].map(f32::to_le_bytes).concat();
    let dir =
        npz(&[("x_train", npy("<f4", "1, 1, 2, 3", &values)), ("y_train", npy("<i4", "1,", &[0, 0, 0, 0]))]);
    assert_eq!((facts(&dir).unwrap().range, facts(&dir).unwrap().size), ((-1.0, 1.0), [1, 2, 3]));
    assert_eq!(source(&dir).unwrap().pictures.array(0).unwrap().pixels.to_floats()[0], -1.0);
    let broken = [f32::NAN; 6].map(f32::to_le_bytes).concat();
    let dir =
        npz(&[("x_train", npy("<f4", "1, 1, 2, 3", &broken)), ("y_train", npy("<i4", "1,", &[0, 0, 0, 0]))]);
    assert!(source(&dir).unwrap_err().contains("not finite"));
}

#[test]
fn what_is_wrong_with_an_array_is_said() {
    let x = || ("x_train", npy("|u1", "2, 1, 1", &[1, 2]));
    let y = || ("y_train", npy("|u1", "2,", &[0, 1]));
    for (arrays, expected) in [
        (vec![y()], "`x_train`: there is no such array"),
        (vec![x()], "`y_train`: there is no such array"),
        (vec![x(), ("y_train", npy("|u1", "3,", &[0, 1, 2]))], "shape [3] for 2 pictures"),
        (vec![x(), ("y_train", npy("<f4", "2,", &[0; 8]))], "labels must be integers"),
        (vec![x(), ("y_train", npy("|i1", "2,", &[0, 0xff]))], "label 1 is -1, and 1 of 2 are negative"),
        (
            vec![x(), ("y_train", npy("<i4", "2,", &[0, 0, 0, 0, 0, 0, 0, 1]))],
            "label 1 is 16777216: class indices are below",
        ),
        (vec![("x_train", npy("<f8", "2, 1, 1", &[0; 16])), y()], "pictures are uint8 or float32"),
        (vec![("x_train", npy("|u1", "2, 1", &[1, 2])), y()], "[N, H, W]"),
        (vec![("x_train", npy("|u1", "0, 1, 1", &[])), y()], "no pictures"),
        (
            vec![x(), y(), ("x_test", npy("|u1", "1, 2, 1", &[1, 2])), ("y_test", npy("|u1", "1,", &[0]))],
            "`x_test`: its pictures are",
        ),
        (vec![x(), y(), ("x_test", npy("|u1", "1, 1, 1", &[1]))], "`y_test`: there is no such array"),
        (vec![("x_train", b"no array".to_vec()), y()], "no NumPy array"),
    ] {
        let error = facts(&npz(&arrays)).unwrap_err();
        assert!(
            error.contains("a.npz") && error.contains(expected) && error.contains("numpy.savez"),
            "{expected}: {error}"
        );
    }
    let cut = npz(&[("x_train", npy("|u1", "2, 1, 1", &[1])), y()]);
    assert!(source(&cut).unwrap_err().contains("2 bytes, but there are 1"));
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.npz"), b"PK no zip").unwrap();
    assert!(facts(&dir).unwrap_err().contains("no readable .npz"));
}
