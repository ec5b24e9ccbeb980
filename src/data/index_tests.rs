use super::*;

fn entry(name: &str, split: Split, label: u64, contents: &[u8]) -> Entry {
    Entry { name: name.into(), split, label, content: Content::of(contents) }
}

fn index() -> DataIndex {
    let entries = vec![
        entry("set/a/1.png", Split::Train, 0, b"one"),
        entry("set/a/2.png", Split::Test, 0, b"two"),
        entry("set/b/3, \"x\"\n.png", Split::Validation, 1, b"three"),
        entry("set/b/4.png", Split::Train, 1, &vec![7; 3 * STRETCH + 1]),
    ];
    DataIndex { classes: vec!["a".into(), "b, c".into()], entries }
}

#[test]
fn an_index_comes_back_and_every_byte_of_it_counts() {
    let mut index = index();
    index.entries[3].content.whole = None;
    let text = index.to_text().into_bytes();
    assert_eq!(DataIndex::from_text(&text), Ok(index));
    for at in 0..text.len() {
        let mut damaged = text.clone();
        damaged[at] ^= 1;
        assert!(DataIndex::from_text(&damaged).is_err(), "byte {at}");
    }
}

#[test]
fn every_kind_of_difference_is_named() {
    let before = index();
    assert_eq!(before.differences(&index()), Vec::<String>::new());
    let said = |change: &dyn Fn(&mut DataIndex)| {
        let mut now = index();
        change(&mut now);
        assert!(!before.digest().is(&now.digest()));
        before.differences(&now)
    };
    assert_eq!(
        said(&|now| now.entries.push(entry("set/b/5.png", Split::Train, 1, b"five"))),
        ["1 picture was added (train 1): `set/b/5.png`"]
    );
    assert_eq!(said(&|now| drop(now.entries.remove(1))), ["1 picture was removed (test 1): `set/a/2.png`"]);
    assert_eq!(
        said(&|now| now.entries[0].content = Content::of(b"oNe")),
        ["1 picture has other contents (train 1): `set/a/1.png`"]
    );
    // in a part that no sample takes
    let mut pixels = vec![7; 3 * STRETCH + 1];
    pixels[STRETCH] = 8;
    let changed = said(&|now| now.entries[3].content = Content::of(&pixels));
    assert_eq!(changed, ["1 picture has other contents (train 1): `set/b/4.png`"]);
    assert_eq!(
        said(&|now| now.entries.iter_mut().for_each(|entry| entry.label = 1 - entry.label)),
        [
            "4 pictures have other labels (train 2, validation 1, test 1): such as `set/a/1.png`, `set/a/2.png`, `set/b/3, \"x\"\\n.png`"
        ]
    );
    // from one class folder to the other
    let moved = said(&|now| {
        now.entries[0].name = "set/b/1.png".into();
        now.entries[0].label = 1;
    });
    let relabelled = "1 picture has another label (train 1): `set/a/1.png`";
    assert_eq!(moved, [relabelled, "1 picture has another name (train 1): `set/a/1.png`"]);
    assert_eq!(
        said(&|now| now.entries[0].split = Split::Test),
        [
            "1 picture stands in another split (train 1): `set/a/1.png`; 1 of them would no longer be trained on"
        ]
    );
    // a class folder that was renamed, and comes last now
    let renamed = said(&|now| {
        now.classes = vec!["b, c".into(), "z".into()];
        for entry in &mut now.entries {
            entry.name = entry.name.replace("/a/", "/z/");
            entry.label = 1 - entry.label;
        }
    });
    let names = "2 pictures have other names (train 1, test 1): `set/a/1.png`, `set/a/2.png`";
    assert_eq!(renamed, ["classes that are gone: `a`, and new: `z`", names]);
}

#[test]
fn samples_and_wholes_are_compared_as_far_as_both_know() {
    let bytes: Vec<u8> = (0..40_000_u32).map(|n| n as u8).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("picture");
    std::fs::write(&path, [&[9; 100], &bytes[..]].concat()).expect("written");
    let archive = FileBytes::Stretch { archive: path.into(), offset: 100, len: bytes.len() as u64 };
    let (whole, sample) = (
        Content::of(&bytes),
        Content::sampled(&PictureFile { name: String::new(), bytes: archive }, Bounds::default()),
    );
    let sample = sample.expect("read");
    assert!(whole.is(&sample) && sample.is(&whole) && sample.whole.is_none());
    let mut other = bytes.clone();
    other[STRETCH + 5] ^= 1;
    assert!(Content::of(&other).is(&sample), "between two stretches");
    assert!(!Content::of(&other).is(&whole));
    let with = |content| DataIndex {
        classes: vec![],
        entries: vec![Entry { content, ..entry("", Split::Train, 0, b"") }],
    };
    assert!(with(whole).digest().is(&with(sample).digest()));
    assert!(!with(whole).digest().is(&with(Content::of(&other)).digest()));
}

#[test]
fn what_was_trained_on_is_known_by_its_contents() {
    let before = index();
    let mut now = index();
    now.entries[1].content = Content::of(b"one");
    assert_eq!(now.trained_on(Split::Test, &before), 1);
    assert_eq!(before.trained_on(Split::Test, &before), 0);
    assert_eq!(before.trained_on(Split::Train, &before), 2);
}
