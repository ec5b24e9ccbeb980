//! Whatever is changed in a file: every reader gives an answer or a reason, within its bounds.

use std::io::{Cursor, Write};
use std::path::Path;

use image::{ImageFormat, Rgb, RgbImage};
use proptest::prelude::*;

use super::bounds::Bounds;
use super::locations::Locations;
use super::source::Contents;
use super::{archive, folder, idx, npy, npz, picture, table};
use crate::ir::{CsvSource, LabelKind};
use crate::source::{Span, Spanned};

const BOUNDS: Bounds = Bounds { max_pixels: 1 << 20, memory_bytes: 64 << 20 };

/// A change of a file: bytes that are set, and where it is cut.
fn changes() -> impl Strategy<Value = (Vec<(prop::sample::Index, u8)>, Option<prop::sample::Index>)> {
    (
        prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        prop::option::of(any::<prop::sample::Index>()),
    )
}

fn changed(
    bytes: &[u8],
    (set, cut): &(Vec<(prop::sample::Index, u8)>, Option<prop::sample::Index>),
) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (at, value) in set {
        let at = at.index(bytes.len());
        bytes[at] = *value;
    }
    if let Some(cut) = cut {
        bytes.truncate(cut.index(bytes.len()));
    }
    bytes
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let pixel = |x: u32, y: u32| Rgb([((x * 37) ^ (y * 91)) as u8, (x * y) as u8, 7]);
    RgbImage::from_fn(9, 7, pixel).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn npy_of(dictionary: &str, data: &[u8]) -> Vec<u8> {
    [b"\x93NUMPY\x01\x00", &(dictionary.len() as u16).to_le_bytes()[..], dictionary.as_bytes(), data].concat()
}

fn zip_of(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn tar_of(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A folder with one file, and what finds it.
fn with_file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, Locations) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(name), bytes).unwrap();
    let locations = Locations { bounds: BOUNDS, ..Locations::only(dir.path()) };
    (dir, locations)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn pictures(change in changes()) {
        let formats = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::Pnm, ImageFormat::WebP];
        for format in formats {
            let bytes = changed(&encoded(format), &change);
            let header = picture::header(&bytes, BOUNDS);
            if let Ok(decoded) = picture::decode(&bytes, BOUNDS) {
                // what is decoded has been announced
                let header = header.expect("its header was read");
                prop_assert_eq!([header.height, header.width, header.channels], [decoded.height, decoded.width, decoded.channels]);
                prop_assert_eq!(decoded.pixels.len(), decoded.height * decoded.width * decoded.channels);
            }
        }
    }

    #[test]
    fn archives(change in changes()) {
        let files = [("a/1.png", encoded(ImageFormat::Png)), ("b/2.png", encoded(ImageFormat::Png)), ("b/notes", vec![1; 700])];
        for (name, bytes) in [("a.tar", tar_of(&files)), ("a.zip", zip_of(&files))] {
            let (dir, locations) = with_file(name, &changed(&bytes, &change));
            let _ = archive::walk(&dir.path().join(name), &mut |_| Ok(()));
            let folders =
                || folder::SplitFolders { train: Path::new(name), validation: None, test: None };
            let _ = folder::folder_facts(folders(), &locations);
            if let Ok(source) = folder::load(folders(), &locations) {
                prop_assert!(source.labels.iter().all(|label| (*label as usize) < source.classes.len()));
            }
        }
    }

    #[test]
    fn arrays(change in changes()) {
        let x = npy_of("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 2), }", &[9; 12]);
        let y = npy_of("{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }", &[0; 12]);
        // the members are changed, then the archive around them
        for bytes in [
            changed(&zip_of(&[("x_train.npy", x.clone()), ("y_train.npy", y.clone())]), &change),
            zip_of(&[("x_train.npy", changed(&x, &change)), ("y_train.npy", changed(&y, &change))]),
        ] {
            let (_dir, locations) = with_file("a.npz", &bytes);
            for kind in [LabelKind::Single, LabelKind::Multi, LabelKind::Regression] {
                let _ = npz::facts(Path::new("a.npz"), kind, &locations);
                let _ = npz::load(Path::new("a.npz"), kind, &locations);
            }
        }
        let _ = npy::header(&mut changed(&x, &change).as_slice());
        let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1][..], &[1, 2, 3, 4]].concat();
        let _ = idx::read(&mut changed(&images, &change).as_slice(), Path::new("x"), 3, Contents::Kept, 1 << 20);
    }

    #[test]
    fn tables(change in changes()) {
        let text = b"path,label,split\na.png,cat,train\n\"b,c.png\",\"dog;cat\",test\nd.png,3.5,train\n";
        let (dir, locations) = with_file("t.csv", &changed(text, &change));
        for name in ["a.png", "b,c.png", "d.png"] {
            std::fs::write(dir.path().join(name), b"").unwrap();
        }
        let column = |name: &str| Spanned::new(name.to_owned(), Span::default());
        let spec = CsvSource { path: "t.csv".into(), image: column("path"), labels: vec![column("label")], split: Some(column("split")) };
        for kind in [LabelKind::Single, LabelKind::Multi, LabelKind::Regression] {
            let _ = table::load(&spec, kind, &locations);
        }
    }
}
