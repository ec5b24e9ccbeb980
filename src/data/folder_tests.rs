//! Folders and archives made for the test.

use std::fs;
use std::io::{Cursor, Write};

use image::{ImageFormat, Rgb, RgbImage};

use super::*;

/// A picture of one colour.
pub(crate) fn png(width: u32, height: u32, color: [u8; 3]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(width, height, Rgb(color)).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Files of a small set: two classes, one file that is no picture, one that is hidden.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("set/train/dogs/b.png", png(3, 2, [200, 0, 0])),
        ("set/train/cats/deep/er/a.PNG", png(2, 2, [1, 2, 3])),
        ("set/train/cats/c.png", png(4, 5, [0, 0, 9])),
        ("set/train/cats/notes.txt", b"notes".to_vec()),
        ("set/train/cats/.hidden.png", b"no picture".to_vec()),
        ("set/test/cats/t.png", png(2, 2, [5, 5, 5])),
        ("set/test/dogs/t.png", png(2, 2, [6, 6, 6])),
    ]
}

fn write_files(dir: &Path, files: &[(&str, Vec<u8>)]) {
    for (name, bytes) in files {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn tar(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = ::tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // Written directly: `set_path` refuses names that climb, archives from elsewhere may have them.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, bytes.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip_of(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, ::zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn folders<'a>(train: &'a str, validation: Option<&'a str>, test: Option<&'a str>) -> SplitFolders<'a> {
    SplitFolders { train: Path::new(train), validation: validation.map(Path::new), test: test.map(Path::new) }
}

fn load_from(dir: &Path, train: &str, test: Option<&str>) -> Result<Source, DataError> {
    load(folders(train, None, test), &Locations::only(dir))
}

fn failure(dir: &Path, train: &str, test: Option<&str>) -> String {
    load_from(dir, train, test).unwrap_err().to_string()
}

#[test]
fn directories_and_archives_give_the_same_set() {
    let dir = tempfile::tempdir().unwrap();
    write_files(dir.path(), &files());
    let plain = tar(&files());
    fs::write(dir.path().join("a.tar"), &plain).unwrap();
    fs::write(dir.path().join("a.tar.gz"), gzip(&plain)).unwrap();
    fs::write(dir.path().join("a.zip"), zip_of(&files())).unwrap();
    for prefix in ["", "a.tar/", "a.tar.gz/", "a.zip/"] {
        let source =
            load_from(dir.path(), &format!("{prefix}set/train"), Some(&format!("{prefix}set/test/")))
                .unwrap();
        assert_eq!(source.classes, ["cats", "dogs"]);
        let Pictures::Files(pictures) = &source.pictures else { panic!("folders hold files") };
        let names: Vec<&str> = pictures.iter().map(|file| file.name.strip_prefix(prefix).unwrap()).collect();
        let expected = [
            "set/test/cats/t.png",
            "set/test/dogs/t.png",
            "set/train/cats/c.png",
            "set/train/cats/deep/er/a.PNG",
            "set/train/dogs/b.png",
        ];
        assert_eq!(names, expected);
        assert_eq!(source.labels, [0, 1, 0, 0, 1]);
        assert_eq!(source.splits, [Split::Test, Split::Test, Split::Train, Split::Train, Split::Train]);
        assert_eq!(source.ignored, [format!("{prefix}set/train/cats/notes.txt")]);
        for (file, (_, bytes)) in pictures
            .iter()
            .map(|file| (file, files().into_iter().find(|(name, _)| file.name.ends_with(name)).unwrap()))
        {
            assert_eq!(
                store::read_bytes(&file.bytes, Bounds::default()).unwrap().as_ref(),
                bytes,
                "{}",
                file.name
            );
        }
    }
}

#[test]
fn a_folder_for_each_split_on_disk_and_in_an_archive() {
    let dir = tempfile::tempdir().unwrap();
    let more = ("set/valid/dogs/v.png", png(2, 2, [7, 7, 7]));
    write_files(dir.path(), &[&files()[..], std::slice::from_ref(&more)].concat());
    fs::write(dir.path().join("a.zip"), zip_of(&[&files()[..], &[more]].concat())).unwrap();
    for place in ["", "a.zip/"] {
        let [train, valid, test] = ["train", "valid", "test"].map(|split| format!("{place}set/{split}"));
        let folders = folders(&train, Some(&valid), Some(&test));
        let locations = Locations::only(dir.path());
        let source = load(folders, &locations).unwrap();
        let count = |wanted| source.splits.iter().filter(|split| **split == wanted).count();
        assert_eq!([Split::Train, Split::Validation, Split::Test].map(count), [3, 1, 2], "{place}");
        let facts = folder_facts(folders, &locations).unwrap();
        assert_eq!((facts.validation_counts, facts.test_counts), (vec![0, 1], vec![1, 1]), "{place}");
    }
}

#[test]
fn headers_say_sizes_and_counts() {
    let dir = tempfile::tempdir().unwrap();
    write_files(dir.path(), &files());
    let facts =
        folder_facts(folders("set/train", None, Some("set/test")), &Locations::only(dir.path())).unwrap();
    let expected = FolderFacts {
        classes: vec!["cats".to_owned(), "dogs".to_owned()],
        class_counts: vec![2, 1],
        validation_counts: Vec::new(),
        test_counts: vec![1, 1],
        headers: HeaderFacts {
            sizes: vec![[2, 2], [2, 2], [5, 4], [2, 2], [2, 3]],
            channels: Some(3),
            unreadable: Unreadable::default(),
            held_bytes: 0,
            decoding_bytes: facts.headers.decoding_bytes,
        },
        grouped: false,
        empty_classes: Vec::new(),
    };
    let mut facts = facts;
    facts.headers.sizes.sort_unstable();
    let mut expected = expected;
    expected.headers.sizes.sort_unstable();
    assert_eq!(facts, expected);
}

#[test]
fn climbing_names_in_archives_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let climbing = vec![
        ("set/a/../../../evil/x.png", png(1, 1, [0; 3])),
        ("../set/b/x.png", png(1, 1, [0; 3])),
        ("set/good/x.png", png(1, 1, [0; 3])),
    ];
    fs::write(dir.path().join("a.tar"), tar(&climbing)).unwrap();
    fs::write(dir.path().join("a.zip"), zip_of(&climbing)).unwrap();
    for archive in ["a.tar/set", "a.zip/set"] {
        let error = failure(dir.path(), archive, None);
        assert!(error.contains("x.png` in it leads out of the archive"), "{error}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is unpacked");
}

#[test]
fn what_is_wrong_with_a_folder_is_said() {
    let dir = tempfile::tempdir().unwrap();
    write_files(dir.path(), &files());
    fs::create_dir(dir.path().join("set/train/birds")).unwrap();
    // one class without pictures is the checker's to report
    let facts = folder_facts(folders("set/train", None, None), &Locations::only(dir.path())).unwrap();
    assert_eq!((facts.empty_classes, facts.class_counts), (vec!["birds".to_owned()], vec![0, 2, 1]));
    fs::create_dir_all(dir.path().join("bare/birds")).unwrap();
    let error = failure(dir.path(), "bare", None);
    assert!(error.contains("no pictures for 1 classes: `birds`"), "{error}");
    let error = failure(dir.path(), "set/train/dogs", None);
    assert!(error.contains("has no class folders") && error.contains("folder of its own"), "{error}");
    let error = failure(dir.path(), "set/train/birds", None);
    assert!(error.contains("is empty"), "{error}");
    let error = failure(dir.path(), "set/none", None);
    assert!(error.contains("`set/none` was not found"), "{error}");
    let error = failure(dir.path(), "set/train/dogs/b.png", None);
    assert!(error.contains("is a file"), "{error}");
    fs::write(dir.path().join("a.tar"), tar(&files())).unwrap();
    let error = failure(dir.path(), "a.tar/other", None);
    assert!(error.contains("is empty, or not there"), "{error}");
}

#[test]
fn classes_of_the_test_folder_must_be_known() {
    let dir = tempfile::tempdir().unwrap();
    write_files(dir.path(), &files());
    write_files(dir.path(), &[("set/test/birds/t.png", png(2, 2, [5, 5, 5]))]);
    let error = failure(dir.path(), "set/train", Some("set/test"));
    assert!(error.contains("`birds`") && error.contains("`set/train`"), "{error}");
}

#[test]
fn an_archive_that_ends_early_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let whole = gzip(&tar(&files()));
    fs::write(dir.path().join("a.tar.gz"), &whole[..whole.len() / 2]).unwrap();
    let error = failure(dir.path(), "a.tar.gz/set/train", None);
    assert!(error.contains("a.tar.gz") && error.contains("get it again"), "{error}");
}

#[test]
fn unreadable_headers_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    write_files(dir.path(), &files());
    write_files(
        dir.path(),
        &[("set/train/cats/x.jpg", b"not a picture".to_vec()), ("set/train/cats/y.jpg", Vec::new())],
    );
    let found = folder_facts(folders("set/train", None, None), &Locations::only(dir.path()))
        .unwrap()
        .headers
        .unreadable;
    assert_eq!(found.count, 2);
    assert!(
        found.examples[0].contains("cats/x.jpg") && found.examples[1].contains("the file is empty"),
        "{found:?}"
    );
    fs::create_dir_all(dir.path().join("bad/cats")).unwrap();
    fs::write(dir.path().join("bad/cats/z.png"), b"").unwrap();
    let error =
        folder_facts(folders("bad", None, None), &Locations::only(dir.path())).unwrap_err().to_string();
    assert!(error.contains("1 of 1 pictures") && error.contains("bad/cats/z.png"), "{error}");
}

#[test]
fn frames_of_tracks_are_known_by_their_names() {
    let names = |pattern: fn(usize) -> String| -> Vec<String> { (0..40).map(pattern).collect() };
    let is = |names: Vec<String>| grouped(names.iter().map(String::as_str));
    assert!(is(names(|i| format!("train/{:05}/{:05}_{:05}.ppm", i / 20, i / 5, i % 5))));
    // a breed and a number, a number alone, one picture a track
    assert!(!is(names(|i| format!("train/cats/Abyssinian_{i}.jpg"))));
    assert!(!is(names(|i| format!("train/cats/{i}.jpg"))));
    assert!(!is(names(|i| format!("train/cats/{i}_0.jpg"))));
}

/// A member whose header is made by `set`.
fn member(name: &str, set: impl FnOnce(&mut ::tar::Header), bytes: &[u8]) -> Vec<u8> {
    let mut header = ::tar::Header::new_gnu();
    header.set_path(name).unwrap();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    set(&mut header);
    header.set_cksum();
    let mut member = [header.as_bytes().as_slice(), bytes].concat();
    member.resize(member.len().next_multiple_of(512), 0);
    member
}

#[test]
fn unusual_members_of_a_tar_are_read_or_named() {
    let dir = tempfile::tempdir().unwrap();
    let picture = png(3, 2, [1, 2, 3]);
    let link = |kind: ::tar::EntryType| {
        move |header: &mut ::tar::Header| {
            header.set_entry_type(kind);
            header.set_link_name("set/a/1.png").unwrap();
        }
    };
    // one run of bytes, then a hole
    let sparse = |header: &mut ::tar::Header| {
        header.set_entry_type(::tar::EntryType::GNUSparse);
        let gnu = header.as_gnu_mut().unwrap();
        let octal = |value: usize| format!("{value:011o}\0").into_bytes();
        gnu.sparse[0].offset.copy_from_slice(&octal(0));
        gnu.sparse[0].numbytes.copy_from_slice(&octal(picture.len()));
        gnu.sparse[1].offset.copy_from_slice(&octal(1000));
        gnu.sparse[1].numbytes.copy_from_slice(&octal(0));
        gnu.realsize.copy_from_slice(&octal(1000));
    };
    let long = format!("set/b/{}/{}.png", "folder".repeat(20), "name".repeat(30));
    let mut longer = ::tar::Builder::new(Vec::new());
    let mut header = ::tar::Header::new_gnu();
    header.set_size(picture.len() as u64);
    longer.append_data(&mut header, &long, picture.as_slice()).unwrap();
    let tar = [
        member("set/a/1.png", |_| {}, &png(9, 9, [0; 3])),
        member("set/a/1.png", |_| {}, &picture),
        member("set/a/sparse.png", sparse, &picture),
        member("set/a/hard.png", link(::tar::EntryType::Link), &[]),
        member("set/a/soft.png", link(::tar::EntryType::Symlink), &[]),
        member("set/a/pipe.png", |header| header.set_entry_type(::tar::EntryType::Fifo), &[]),
        longer.into_inner().unwrap(),
    ]
    .concat();
    fs::write(dir.path().join("a.tar"), &tar).unwrap();
    fs::write(dir.path().join("a.tgz"), gzip(&tar)).unwrap();
    for archive in ["a.tar/set", "a.tgz/set"] {
        let source = load_from(dir.path(), archive, None).unwrap();
        let Pictures::Files(files) = &source.pictures else { panic!("archives hold files") };
        let sizes: Vec<_> = files
            .iter()
            .map(|file| {
                store::header(&file.bytes, Bounds::default()).map(|header| [header.height, header.width])
            })
            .collect();
        let [first, hard, pipe, soft, sparse, long] = &sizes[..] else { panic!("{sizes:?}") };
        // the later of two members of one name
        assert_eq!([first, sparse, long], [&Ok([2, 3]); 3], "{archive}");
        for (refused, what) in
            [(hard, "a link inside"), (soft, "a link inside"), (pipe, "a device or pipe inside")]
        {
            assert!(refused.as_ref().is_err_and(|reason| reason.contains(what)), "{refused:?}");
        }
    }
}

#[test]
fn a_zip_that_cannot_be_read_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let whole = zip_of(&[("set/a/1.png", png(3, 2, [1, 2, 3])), ("set/b/1.png", png(3, 2, [1, 2, 3]))]);
    // flags stand at 6 of a local head and at 8 of a central one, methods behind them, lengths 14 further on
    let changed = |at: usize, value: u8| {
        let mut bytes = whole.clone();
        for (mark, more) in [(b"PK\x03\x04", 0), (b"PK\x01\x02", 2)] {
            let heads = (0..whole.len() - 4).filter(|&place| whole[place..].starts_with(mark));
            heads.for_each(|head| bytes[head + at + more] = value);
        }
        bytes
    };
    for (at, value, expected) in
        [(6, 1, "password"), (8, 14, "stored or deflated"), (22, 1, "larger than its declared")]
    {
        fs::write(dir.path().join("a.zip"), changed(at, value)).unwrap();
        let facts = folder_facts(folders("a.zip/set", None, None), &Locations::only(dir.path()));
        let error = facts.unwrap_err().to_string().to_lowercase();
        assert!(error.contains("a.zip") && error.contains(expected), "{at}: {error}");
    }
    fs::write(dir.path().join("a.zip"), &whole[..whole.len() / 2]).unwrap();
    assert!(failure(dir.path(), "a.zip/set", None).contains("no readable zip archive"));
}
