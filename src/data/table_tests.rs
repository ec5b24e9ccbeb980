//! Tables of pictures: what is read, and what is refused with the line that is wrong.

use super::super::folder::tests::png;
use super::*;
use crate::source::Span;

fn name(text: &str) -> Spanned<String> {
    Spanned::new(text.to_owned(), Span::default())
}

fn spec(labels: &[&str], split: Option<&str>) -> CsvSource {
    let labels = labels.iter().map(|column| name(column)).collect();
    CsvSource { path: "set/labels.csv".into(), image: name("path"), labels, split: split.map(name) }
}

/// A folder `set` with a table of this text beside two pictures.
fn place(text: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("set/pictures")).unwrap();
    for (picture, width) in [("b.png", 3), ("a.png", 4)] {
        fs::write(dir.path().join("set/pictures").join(picture), png(width, 2, [9; 3])).unwrap();
    }
    fs::write(dir.path().join("set/labels.csv"), text).unwrap();
    dir
}

fn read(text: &str, spec: &CsvSource, kind: LabelKind) -> Result<Source, String> {
    let dir = place(text);
    load(spec, kind, &Locations::only(dir.path())).map_err(|error| error.to_string())
}

#[test]
fn classes_and_splits() {
    let text = "path,kind,part\npictures/b.png,dog,test\npictures/a.png,\"cat, small\",train\n";
    let source = read(text, &spec(&["kind"], Some("part")), LabelKind::Single).unwrap();
    assert_eq!(source.classes, ["cat, small", "dog"]);
    assert_eq!((&source.labels[..], &source.splits[..]), (&[0, 1][..], &[Split::Train, Split::Test][..]));
    assert_eq!(source.targets, None);
    let Pictures::Files(files) = source.pictures else { panic!("files") };
    assert!(files[0].name.ends_with("set/pictures/a.png"), "{}", files[0].name);
}

#[test]
fn numbers() {
    // a byte order mark, blanks and CRLF, as spreadsheets write them
    let text = "\u{feff}path, x ,y\r\npictures/b.png, 1.5 ,-2\r\npictures/a.png,1e3,0\r\n";
    let source = read(text, &spec(&["y", "x"], None), LabelKind::Regression).unwrap();
    let targets = source.targets.unwrap();
    assert_eq!(
        (&targets.names[..], &targets.values[..]),
        (&["y".to_owned(), "x".into()][..], &[0.0, 1e3, -2.0, 1.5][..])
    );
    assert!(source.classes.is_empty());
}

#[test]
fn several_classes_in_either_form() {
    let in_one = "path,tags\npictures/b.png,dog; cat\npictures/a.png,\n";
    let source = read(in_one, &spec(&["tags"], None), LabelKind::Multi).unwrap();
    assert_eq!(
        (source.classes, source.targets.unwrap().values),
        (vec!["cat".to_owned(), "dog".into()], vec![0.0, 0.0, 1.0, 1.0])
    );
    let in_columns = "path,dog,cat\npictures/b.png,1,0\npictures/a.png,1,1\n";
    let mut source = read(in_columns, &spec(&["dog", "cat"], None), LabelKind::Multi).unwrap();
    assert_eq!(source.classes, ["dog", "cat"]);
    assert_eq!(source.targets.as_ref().unwrap().values, [1.0, 1.0, 1.0, 0.0]);
    // `classes:` decides the order
    source.reorder_classes(&["cat".into(), "dog".into()], Path::new("set")).unwrap();
    assert_eq!(source.targets.unwrap().values, [1.0, 1.0, 0.0, 1.0]);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let regression = |text: &str| read(text, &spec(&["age"], None), LabelKind::Regression).unwrap_err();
    for (text, expected) in [
        ("path,ages\n", "it has no column `age`; its columns are `path`, `ages`"),
        ("path,age\n", "lists no pictures"),
        ("path,age\npictures/a.png,old\n", "line 2: `age` is `old`, which is no number"),
        ("path,age\npictures/a.png,1\npictures/b.png,\n", "line 3: `age` is empty"),
        ("path,age\npictures/a.png,inf\n", "line 2: `age` is `inf`"),
        ("path,age\n,3\n", "line 2: `path` is empty"),
        ("path,age\npictures/a.png,3,4\n", "line: 2"),
        ("path,age\npictures/a.png,3\npictures/a.png,4\n", "is listed before, on line 2"),
        ("path,age\npictures/c.png,3\npictures/a.png,4\n", "1 of 2 pictures are not there: `"),
        ("path,age\npictures,3\n", "(line 2)"),
    ] {
        let error = regression(text);
        assert!(error.contains(expected), "{text}: {error}");
    }
    let multi = read("path,cat,dog\npictures/a.png,1,yes\n", &spec(&["cat", "dog"], None), LabelKind::Multi);
    assert!(multi.unwrap_err().contains("line 2: `dog` is `yes`"));
    let split =
        read("path,kind,part\npictures/a.png,cat,val\n", &spec(&["kind"], Some("part")), LabelKind::Single);
    assert!(split.unwrap_err().contains("line 2: the split is `val`"));
}

#[test]
fn facts_are_those_of_training_pictures_and_all_headers() {
    let text = "path,kind,part\npictures/b.png,dog,test\npictures/a.png,cat,train\n";
    let dir = place(text);
    let facts =
        table_facts(&spec(&["kind"], Some("part")), LabelKind::Single, &Locations::only(dir.path())).unwrap();
    assert_eq!((facts.counts, facts.images), ([vec![1, 0], vec![], vec![0, 1]], [1, 0, 1]));
    assert_eq!(facts.headers.sizes, [[2, 4], [2, 3]]);
}
