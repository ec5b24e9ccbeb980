//! Data that are damaged, hostile or too large: said with names and figures, within the memory
//! there is, and nothing lost in silence.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use image::{GrayImage, ImageFormat, Rgb, RgbImage};
use serde_json::Value;

const MODEL: &str = "model A { input(8x8x3); flatten; dense(classes, activation: softmax) }\n";
const REST: &str =
    "prepare { resize: 8x8; rescale: 1/255 }\ntrain { epochs: 1; batch: 4; optimizer: sgd(lr: 0.01) }\n";

struct Place(tempfile::TempDir);

/// What a command said, and the most memory that it had.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
    peak_mib: u64,
    seconds: f64,
    /// Time of the processor, without the system's, to some hundredths.
    busy_seconds: f64,
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("made");
        fs::write(path, bytes).expect("written");
    }

    /// A program with this source of data.
    fn program(&self, data: &str) {
        self.write("a.cnn", format!("{MODEL}data {{ {data} }}\n{REST}"));
    }

    fn run(&self, arguments: &[&str]) -> Said {
        self.run_within(65_536, arguments)
    }

    /// Runs a command that is told of so much memory.
    fn run_within(&self, mib: u64, arguments: &[&str]) -> Said {
        let begun = Instant::now();
        let child = std::process::Command::new(env!("CARGO_BIN_EXE_cnnc"))
            .env_remove("CNNC_DATA_DIR")
            .env("CNNC_MEMORY_MIB", mib.to_string())
            .env("XDG_CACHE_HOME", self.0.path().join("cache"))
            .env("NO_COLOR", "1")
            .env("LC_ALL", "C")
            .current_dir(self.0.path())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let (status, stat) = (format!("/proc/{}/status", child.id()), format!("/proc/{}/stat", child.id()));
        let watched = std::thread::spawn(move || {
            let (mut peak, mut ticks) = (0, 0);
            // of one that has ended the system tells no memory
            while let Some(kib) = fs::read_to_string(&status).ok().and_then(|text| peak_kib(&text)) {
                peak = kib;
                ticks = fs::read_to_string(&stat).ok().and_then(|text| user_ticks(&text)).unwrap_or(ticks);
                std::thread::sleep(Duration::from_millis(1));
            }
            (peak / 1024, ticks as f64 / 100.0)
        });
        let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
        let text = |bytes| String::from_utf8(bytes).expect("what is said is UTF-8");
        let seconds = begun.elapsed().as_secs_f64();
        let (peak_mib, busy_seconds) = watched.join().expect("counted");
        Said { code: status.code(), out: text(stdout), err: text(stderr), peak_mib, seconds, busy_seconds }
    }
}

fn peak_kib(status: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?.parse().ok()
}

/// The 14th field, behind the name in brackets.
fn user_ticks(stat: &str) -> Option<u64> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(11)?.parse().ok()
}

impl Said {
    /// It ended with a mistake of the data's, and said all of these.
    #[track_caller]
    fn refuses(&self, all: &[&str]) -> &Self {
        assert_eq!(self.code, Some(1), "{}\n{}", self.out, self.err);
        for wanted in all {
            assert!(self.err.contains(wanted), "`{wanted}` is not in:\n{}", self.err);
        }
        self
    }

    #[track_caller]
    fn succeeds(&self) -> &Self {
        assert_eq!(self.code, Some(0), "{}\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    fn within(&self, mib: u64) -> &Self {
        assert!(self.peak_mib <= mib, "{} MiB were taken:\n{}", self.peak_mib, self.err);
        self
    }
}

fn encoded(format: ImageFormat, size: u32, seed: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let pixel = |x: u32, y: u32| {
        Rgb([((x * 37) ^ (y * 91)) as u8, (x * y * seed) as u8, (x * 5 + y * 3 + seed) as u8])
    };
    RgbImage::from_fn(size, size, pixel).write_to(&mut bytes, format).expect("encoded");
    bytes.into_inner()
}

/// A grey picture of one value: small, and large when it is decoded.
fn plain(format: ImageFormat, size: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    GrayImage::new(size, size).write_to(&mut bytes, format).expect("encoded");
    bytes.into_inner()
}

/// Two classes of four pictures each.
fn write_classes(place: &Place) {
    for (class, first) in [("cats", 1), ("dogs", 10)] {
        for number in 0..4 {
            place.write(&format!("set/{class}/{number}.png"), encoded(ImageFormat::Png, 16, first + number));
        }
    }
}

fn gzip(write: impl FnOnce(&mut GzEncoder<Vec<u8>>)) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    write(&mut encoder);
    encoder.finish().expect("compressed")
}

fn tar_of(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, bytes.as_slice()).expect("appended");
    }
    builder.into_inner().expect("ended")
}

fn member(name: &str, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_path(name).expect("a name");
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

#[test]
fn pictures_that_are_cut_short_are_errors_with_their_names() {
    let place = Place::new();
    write_classes(&place);
    for share in [60, 75, 85, 95] {
        let whole = encoded(ImageFormat::Jpeg, 64, 3);
        place.write(&format!("set/cats/cut{share}.jpg"), &whole[..whole.len() * share / 100]);
    }
    for (end, format) in [("png", ImageFormat::Png), ("gif", ImageFormat::Gif), ("webp", ImageFormat::WebP)] {
        let whole = encoded(format, 32, 3);
        place.write(&format!("set/dogs/cut.{end}"), &whole[..whole.len() - 40]);
    }
    place.program("source: folder(\"set\")");
    for command in ["check", "run"] {
        place.run(&[command, "a.cnn"]).refuses(&[
            "error[E0315]",
            "7 picture files",
            "cut60.jpg",
            "cut95.jpg",
            "cut.webp",
            "cut short",
            "damaged: skip",
        ]);
    }
    // they are left out, and the run knows which
    place.program("source: folder(\"set\"); damaged: skip");
    let said = place.run(&["run", "a.cnn", "--out", "out"]);
    said.succeeds();
    assert!(
        said.err.contains("7 damaged pictures were left out") && said.err.contains("cut60.jpg"),
        "{}",
        said.err
    );
    let report: Value =
        serde_json::from_slice(&fs::read(place.0.path().join("out/run.json")).expect("there")).expect("JSON");
    assert_eq!(report["images"]["train"], 8);
    assert_eq!(report["damaged"].as_array().map(Vec::len), Some(7));
    assert!(
        report["damaged"][0].as_str().is_some_and(|first| first.starts_with("set/cats/cut60.jpg: ")),
        "{report}"
    );
    assert_eq!(report["settings"]["data.damaged"], "skip");
    let shown = place.run(&["show", "a.cnn"]);
    assert!(shown.out.contains("damaged: skip"), "{}", shown.out);
    place.program("source: digits; damaged: skip");
    place.run(&["check", "a.cnn"]).refuses(&["E0018"]);
}

#[test]
fn an_archive_that_is_cut_between_two_pictures_is_an_error() {
    let place = Place::new();
    let picture = |seed| encoded(ImageFormat::Png, 16, seed);
    let files = [("set/a/1.png", picture(1)), ("set/b/1.png", picture(2)), ("set/b/2.png", picture(3))];
    let whole = tar_of(&files);
    // the last member's head and its one block or more
    let cut = whole.len() - 1024 - 512 - files[2].1.len().next_multiple_of(512);
    place.write("set.tar", &whole[..cut]);
    place.program("source: folder(\"set.tar/set\")");
    for command in ["check", "data", "run"] {
        place.run(&[command, "a.cnn"]).refuses(&[
            "set.tar",
            "no end mark",
            "members may be missing",
            "get it again",
        ]);
    }
    place.write("set.tgz", gzip(|stream| stream.write_all(&whole[..cut]).expect("written")));
    place.program("source: folder(\"set.tgz/set\")");
    place.run(&["run", "a.cnn"]).refuses(&["set.tgz", "members may be missing"]);
    place.write("set.tgz", gzip(|stream| stream.write_all(&whole).expect("written")));
    place.run(&["run", "a.cnn"]).succeeds();
}

#[test]
fn archives_that_unpack_to_more_than_the_memory_are_refused() {
    const MANY: u64 = 500 << 20;
    let place = Place::new();
    let zeros = vec![0; 1 << 20];
    // one member of that size, then many that have it together
    let one = gzip(|stream| {
        stream.write_all(member("a/0.png", MANY).as_bytes()).expect("written");
        (0..MANY >> 20).for_each(|_| stream.write_all(&zeros).expect("written"));
        stream.write_all(&[0; 1024]).expect("written");
    });
    let mut padded = encoded(ImageFormat::Png, 8, 1);
    padded.resize(1 << 20, 0);
    let many = gzip(|stream| {
        for number in 0..MANY >> 20 {
            let class = ["a", "b"][number as usize % 2];
            stream.write_all(member(&format!("{class}/{number}.png"), 1 << 20).as_bytes()).expect("written");
            stream.write_all(&padded).expect("written");
        }
        stream.write_all(&[0; 1024]).expect("written");
    });
    place.write("one.tar.gz", one);
    place.write("many.tar.gz", many);
    place.program("source: folder(\"one.tar.gz\")");
    place
        .run_within(300, &["check", "a.cnn"])
        .refuses(&["a/0.png: the file has 524288000 bytes", "75 MiB"])
        .within(120);
    place.program("source: folder(\"many.tar.gz\")");
    place.run_within(300, &["check", "a.cnn"]).refuses(&["E0515", "300 MiB"]).within(120);
    for command in ["data", "run"] {
        let said = place.run_within(300, &[command, "a.cnn", "--set", "train.batch=1"]);
        assert!(
            said.err.contains("more than 150 MiB of pictures") || said.err.contains("E0515"),
            "{}",
            said.err
        );
        said.within(290);
        assert_eq!(said.code, Some(1));
    }
}

#[test]
fn arrays_that_unpack_to_more_than_the_memory_are_refused() {
    let place = Place::new();
    let npy = |dictionary: &str| {
        [b"\x93NUMPY\x01\x00", &(dictionary.len() as u16).to_le_bytes()[..], dictionary.as_bytes()].concat()
    };
    let many = 100_000_000;
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, head, bytes) in [
        (
            "x_train.npy",
            npy(&format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({many}, 1, 1), }}")),
            many,
        ),
        (
            "y_train.npy",
            npy(&format!("{{'descr': '<i8', 'fortran_order': False, 'shape': ({many},), }}")),
            8 * many,
        ),
    ] {
        zip.start_file(name, options).expect("begun");
        zip.write_all(&head).expect("written");
        std::io::copy(&mut std::io::Read::take(std::io::repeat(0), bytes), &mut zip).expect("written");
    }
    place.write("a.npz", zip.finish().expect("ended").into_inner());
    place.program("source: npz(\"a.npz\")");
    for command in ["check", "data"] {
        place
            .run_within(300, &[command, "a.cnn"])
            .refuses(&["a.npz", "`y_train`", "763 MiB", "38 MiB"])
            .within(120);
    }
    let images = gzip(|stream| {
        stream.write_all(&[0, 0, 8, 3, 0, 0, 0, 100, 0, 0, 0x10, 0, 0, 0, 0x10, 0]).expect("written");
        (0..1600).for_each(|_| stream.write_all(&vec![0; 1 << 20]).expect("written"));
    });
    place.write("x.gz", images);
    place.write("y", [&[0, 0, 8, 1, 0, 0, 0, 100][..], &[1; 100]].concat());
    place.program("source: idx(\"x.gz\", \"y\")");
    place.run_within(300, &["check", "a.cnn"]).refuses(&["x.gz", "1.6 GiB", "300 MiB"]).within(120);
}

#[test]
fn large_pictures_are_refused_by_their_headers() {
    let place = Place::new();
    let large = plain(ImageFormat::Png, 9000);
    assert!(large.len() < 1 << 20);
    for number in 0..4 {
        place.write(&format!("set/a/{number}.png"), &large);
        place.write(&format!("set/b/{number}.png"), encoded(ImageFormat::Png, 16, number));
    }
    place.program("source: folder(\"set\"); validation: 25% of train");
    // 81 million bytes each, and half of the memory
    place
        .run_within(150, &["data", "a.cnn"])
        .refuses(&["9000x9000 takes 78 MiB to decode", "75 MiB"])
        .within(150);
    place
        .run(&["data", "a.cnn", "--max-pixels", "80999999"])
        .refuses(&["9000x9000 has 81000000 pixels", "--max-pixels"]);
    // where they fit they are decoded one after the other
    place.run_within(200, &["data", "a.cnn"]).succeeds().within(190);
    place.run_within(200, &["run", "a.cnn"]).succeeds().within(200);
}

#[test]
fn data_that_are_not_there_are_warned_of_and_refused_where_they_are_looked_through() {
    let place = Place::new();
    write_classes(&place);
    place.program("source: folder(\"nowhere\"); classes: [cats, dogs]");
    let said = place.run(&["check", "a.cnn"]);
    said.succeeds();
    assert!(said.err.contains("warning[W0321]: there is nothing at `nowhere`"), "{}", said.err);
    place.run(&["check", "a.cnn", "--deny", "warnings"]).refuses(&["W0321", "1 warning"]);
    let line: Value =
        serde_json::from_str(&place.run(&["check", "a.cnn", "--format", "json"]).out).expect("JSON");
    assert_eq!(line["code"], "W0321");
    for format in ["human", "json"] {
        place.run(&["check", "a.cnn", "--data", "--format", format]).refuses(&["`nowhere` is not there"]);
    }
    // whoever looks at the model alone hears nothing of it
    let summary = place.run(&["summary", "a.cnn"]);
    assert!(summary.code == Some(0) && !summary.err.contains("nowhere"), "{}", summary.err);
    // weights
    let uses = "model B { input(8x8x3); flatten; dense(4) }\n\
                model A { input(8x8x3); B(weights: \"w.safetensors\", frozen: true); relu; dense(2, activation: softmax) }\n\
                data { source: folder(\"set\") }\n";
    place.write("b.cnn", format!("{uses}{REST}"));
    let said = place.run(&["check", "b.cnn", "--model", "A"]);
    assert!(said.code == Some(0) && said.err.contains("W0125"), "{}", said.err);
    place.run(&["check", "b.cnn", "--model", "A", "--data"]).refuses(&["W0125", "a weights file"]);
    // near miss: all is there
    place.program("source: folder(\"set\")");
    let said = place.run(&["check", "a.cnn", "--data"]);
    assert!(said.code == Some(0) && !said.err.contains("W0321"), "{}", said.err);
}

#[test]
fn a_folder_of_splits_is_found_and_mended() {
    let place = Place::new();
    for (at, name) in ["train/cats", "train/dogs", "test/cats", "test/dogs"].iter().enumerate() {
        for picture in 0..4 {
            let seed = (at * 4 + picture) as u32;
            place.write(&format!("photos/{name}/{picture}.png"), encoded(ImageFormat::Png, 16, seed));
        }
    }
    place.program("source: folder(\"photos\")");
    let said = place.run(&["check", "a.cnn"]);
    assert!(said.err.contains("W0322") && said.err.contains("`test` and `train`"), "{}", said.err);
    place.run(&["check", "a.cnn", "--fix"]).succeeds();
    let text = fs::read_to_string(place.0.path().join("a.cnn")).expect("there");
    assert!(text.contains("folder(\"photos/train\", test: \"photos/test\")"), "{text}");
    let said = place.run(&["data", "a.cnn", "--format", "json"]);
    let card: Value = serde_json::from_str(&said.out).expect("JSON");
    assert!(card["classes"].to_string().contains("cats"), "{card}");
    assert!(!place.run(&["check", "a.cnn"]).err.contains("W0322"));
}

/// A folder for each split, and a table that says which picture is of which.
#[test]
fn validation_pictures_may_lie_apart() {
    let place = Place::new();
    let mut table = "path,kind,part\n".to_owned();
    let mut seed = 0;
    for (split, called, count) in [("train", "train", 4), ("valid", "validation", 2), ("test", "test", 1)] {
        for (class, number) in
            ["cats", "dogs"].into_iter().flat_map(|class| (0..count).map(move |n| (class, n)))
        {
            seed += 1;
            let name = format!("photos/{split}/{class}/{number}.png");
            place.write(&name, encoded(ImageFormat::Png, 16, seed));
            table += &format!("{name},{class},{called}\n");
        }
    }
    place.write("table.csv", table);
    place.program("source: folder(\"photos\")");
    assert!(place.run(&["check", "a.cnn"]).err.contains("W0322"));
    place.run(&["check", "a.cnn", "--fix"]).succeeds();
    let text = fs::read_to_string(place.0.path().join("a.cnn")).expect("there");
    let source = "folder(\"photos/train\", validation: \"photos/valid\", test: \"photos/test\")";
    assert!(text.contains(source), "{text}");
    for (run, source) in
        [("one", source), ("two", "csv(\"table.csv\", image: path, label: kind, split: part)")]
    {
        place.program(&format!("source: {source}"));
        let said = place.run(&["data", "a.cnn"]);
        assert!(
            said.out.contains("8 pictures in 2 classes, 4 more for validation, 2 more for the test"),
            "{}",
            said.out
        );
        assert!(said.out.contains("\ncats       4           2     1  #"), "{}", said.out);
        place.run(&["run", "a.cnn", "--out", run]).succeeds();
        let history = fs::read_to_string(place.0.path().join(run).join("history.csv")).expect("written");
        assert!(history.starts_with("epoch,loss,accuracy,val_loss,val_accuracy"), "{history}");
        let index = fs::read_to_string(place.0.path().join(run).join("data-index.csv")).expect("written");
        assert_eq!(index.lines().filter(|line| line.starts_with("validation,")).count(), 4, "{index}");
        place.program(&format!("source: {source}; validation: 20% of train"));
        place.run(&["run", "a.cnn"]).refuses(&["E0323", "validation pictures of its own"]);
    }
}

#[test]
fn data_says_where_it_looked_and_what_would_do() {
    let place = Place::new();
    let set = |set: &str, size: &str| {
        let model = format!("model A {{ input({size}); flatten; dense(classes, activation: softmax) }}");
        place.write("set.cnn", format!("{model}\ndata {{ source: {set} }}\nprepare {{ rescale: 1/255 }}\n"));
    };
    for (name, size, folder, file) in [
        ("cifar10", "32x32x3", "cifar-10-batches-bin", "`data_batch_5.bin`"),
        ("cifar100", "32x32x3", "cifar-100-binary", "`train.bin`"),
        ("mnist", "28x28x1", "mnist", "`t10k-labels-idx1-ubyte.gz`"),
        ("fashion_mnist", "28x28x1", "fashion-mnist", "`t10k-labels-idx1-ubyte.gz`"),
    ] {
        set(name, size);
        let said = place.run(&["data", "set.cnn", "--data-dir", "here"]);
        let pictures = format!("folder(\"{name}/train\", test: \"{name}/test\")");
        for part in [&format!("looked for here/{folder}\n"), file, &pictures] {
            assert!(said.err.contains(part), "{name}: {part}: {}", said.err);
        }
    }
    place.program("source: folder(\"nowhere\")");
    let said = place.run(&["data", "a.cnn", "--data-dir", "here"]);
    said.refuses(&["`nowhere` is not at hand", "looked for nowhere\n", "here/nowhere"]);
    // what is there is read from there
    write_classes(&place);
    place.program("source: folder(\"set\")");
    let said = place.run(&["data", "a.cnn"]);
    assert!(said.out.contains("\nfrom set\n"), "{}", said.out);
}

#[test]
fn a_folder_without_classes_is_told_once() {
    let place = Place::new();
    place.write("flat/1.png", encoded(ImageFormat::Png, 16, 1));
    place.program("source: folder(\"flat\")");
    for command in ["check", "run"] {
        let said = place.run(&[command, "a.cnn"]);
        said.refuses(&["flat: has no class folders", "a folder of its own, named like the class"]);
        assert!(!said.err.contains("E0016"), "{}", said.err);
    }
    // of a folder that is not there the number of classes is not known
    place.program("source: folder(\"nowhere\")");
    place.run(&["check", "a.cnn"]).refuses(&["error[E0016]", "`nowhere` is not there to tell", "W0321"]);
}

#[test]
fn a_prediction_answers_all_that_it_can() {
    let place = Place::new();
    write_classes(&place);
    place.program("source: folder(\"set\")");
    place.run(&["init", "a.cnn", "--output", "w.safetensors"]).succeeds();
    place.write("cut.jpg", &encoded(ImageFormat::Jpeg, 64, 3)[..1200]);
    place.write("empty/notes.txt", "");
    place.write("esc\x1b[31m.png", encoded(ImageFormat::Png, 16, 3));
    let predict =
        |more: &[&str]| place.run(&[&["predict", "a.cnn", "--weights", "w.safetensors"], more].concat());
    let pictures = ["set/cats/0.png", "cut.jpg", "none.png", "empty", "esc\x1b[31m.png"];
    let said = predict(&pictures);
    said.refuses(&[
        "`cut.jpg` cannot be taken",
        "cut short",
        "`none.png`",
        "`empty` cannot be taken: no pictures are in this folder",
        "3 of 5 pictures",
    ]);
    assert_eq!(said.out.lines().count(), 2, "{}", said.out);
    assert!(said.out.contains("esc\\x1b[31m.png: ") && !said.out.contains('\x1b'), "{}", said.out);
    let said = predict(&[&pictures[..], &["--format", "json"]].concat());
    let lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let answered: Vec<bool> = lines.iter().map(|line| line["error"].is_null()).collect();
    assert_eq!((said.code, answered), (Some(1), vec![true, false, false, false, true]), "{}", said.out);
    let said = predict(&[&pictures[..], &["--format", "csv"]].concat());
    let cells: Vec<usize> = said.out.lines().map(|line| line.split(',').count()).collect();
    assert_eq!(cells, [5; 6], "{}", said.out);
    predict(&["set/cats/0.png", "set/dogs/0.png"]).succeeds();
}

#[test]
#[cfg(unix)]
fn a_prediction_reads_what_ends() {
    let place = Place::new();
    write_classes(&place);
    place.program("source: folder(\"set\")");
    place.run(&["init", "a.cnn", "--output", "w.safetensors"]).succeeds();
    let made =
        std::process::Command::new("mkfifo").arg(place.0.path().join("pipe.png")).status().expect("mkfifo");
    assert!(made.success());
    let said = place.run(&["predict", "a.cnn", "--weights", "w.safetensors", "/dev/zero", "pipe.png"]);
    said.refuses(&[
        "`/dev/zero` cannot be taken: it is a device",
        "`pipe.png` cannot be taken: it is a named pipe",
    ])
    .within(120);
}

#[test]
fn a_prediction_plans_its_memory_first() {
    let place = Place::new();
    let model = "model A { input(?x?x1); conv2d(16, 3x3, padding: same, activation: relu); conv2d(16, 3x3, padding: same); \
                 global_avg_pool2d; dense(2, activation: softmax) }\nprepare { rescale: 1/255 }\n";
    place.write("a.cnn", model);
    place.write("large.png", plain(ImageFormat::Png, 4000));
    place.write("small.png", plain(ImageFormat::Png, 64));
    place.run(&["init", "a.cnn", "--output", "w.safetensors"]).succeeds();
    let predict = |mib| {
        place.run_within(
            mib,
            &["predict", "a.cnn", "--weights", "w.safetensors", "small.png", "large.png", "small.png"],
        )
    };
    let said = predict(300);
    said.refuses(&["`large.png`", "for a picture of 4000x4000 the model takes", "the machine has 300 MiB"])
        .within(200);
    assert_eq!(said.out.lines().count(), 2);
}

#[test]
#[cfg(unix)]
fn only_files_are_read_in_class_folders() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    write_classes(&place);
    let at = |name: &str| place.0.path().join(name);
    assert!(
        std::process::Command::new("mkfifo").arg(at("set/cats/pipe.png")).status().expect("mkfifo").success()
    );
    symlink("/dev/zero", at("set/cats/zero.jpg")).expect("linked");
    symlink("nothing.png", at("set/dogs/lost.png")).expect("linked");
    let _socket = std::os::unix::net::UnixListener::bind(at("set/dogs/socket.png")).expect("bound");
    place.program("source: folder(\"set\")");
    for command in ["check", "run"] {
        let said = place.run(&[command, "a.cnn"]);
        said.refuses(&[
            "4 picture files",
            "pipe.png: it is a named pipe",
            "zero.jpg: it is a device",
            "socket.png: it is a socket",
        ]);
        said.refuses(&["lost.png: it is a link that leads nowhere"]);
        assert!(said.seconds < 20.0, "{command} took {} s", said.seconds);
    }
    for name in ["cats/pipe.png", "cats/zero.jpg", "dogs/lost.png", "dogs/socket.png"] {
        fs::remove_file(at(&format!("set/{name}"))).expect("removed");
    }
    // links in circles add nothing
    for (target, link) in [(".", "cats/a"), (".", "cats/b"), (".", "cats/c"), ("..", "cats/up"), (".", "all")]
    {
        symlink(target, at(&format!("set/{link}"))).expect("linked");
    }
    let said = place.run(&["data", "a.cnn"]);
    assert!(said.succeeds().out.contains("8 pictures in 2 classes"), "{}", said.out);
    // a class folder on a disk that is not there
    symlink("/nowhere/birds", at("set/birds")).expect("linked");
    place.run(&["check", "a.cnn"]).refuses(&["set/birds: is a link that leads nowhere"]);
}

#[test]
#[cfg(target_os = "linux")]
fn names_are_kept_apart_and_never_obeyed() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    write_classes(&place);
    place.write("set/esc\x1b]0;x\x07/\u{202e}gnp.1.png", encoded(ImageFormat::Png, 16, 5));
    place.write("set/esc\x1b]0;x\x07/cut\x1b[2J.png", "");
    place.program("source: folder(\"set\")");
    for arguments in [&["check", "a.cnn"][..], &["data", "a.cnn"], &["data", "a.cnn", "--format", "json"]] {
        let said = place.run(arguments);
        let obeyed = |letter: char| letter == '\x1b' || letter == '\x07' || letter == '\u{202e}';
        if arguments[0] == "data" {
            assert!(!said.out.contains(obeyed), "{:?}", said.out);
        }
    }
    let table = place.run(&["data", "a.cnn"]).out;
    assert!(table.contains("\nesc\\x1b]0;x\\x07 "), "{table}");
    let set = place.0.path().join("set");
    for name in [&b"\xff"[..], b"\xfe"] {
        fs::create_dir(set.join(std::ffi::OsStr::from_bytes(name))).expect("made");
    }
    for command in ["check", "data", "run"] {
        let said = place.run(&[command, "a.cnn"]);
        said.refuses(&["no text (UTF-8)", "another name"]);
        assert!(said.err.contains("set/\\xff") || said.err.contains("set/\\xfe"), "{}", said.err);
    }
}

#[test]
fn pictures_stand_as_their_exif_data_say() {
    let place = Place::new();
    let mut jpeg = Cursor::new(Vec::new());
    RgbImage::new(30, 20).write_to(&mut jpeg, ImageFormat::Jpeg).expect("encoded");
    let jpeg = jpeg.into_inner();
    let tiff = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let turned = [&jpeg[..2], &[0xff, 0xe1, 0, tiff.len() as u8 + 2], &tiff[..], &jpeg[2..]].concat();
    for class in ["a", "b"] {
        place.write(&format!("set/{class}/1.jpg"), &turned);
    }
    place.program("source: folder(\"set\")");
    let said = place.run(&["data", "a.cnn"]);
    assert!(said.succeeds().out.contains("\n30x20, "), "{}", said.out);
}

/// With a look through all classes for each of them this takes 3 s and more.
#[test]
fn many_classes_take_no_longer_each() {
    let place = Place::new();
    for class in 0..30_001 {
        fs::create_dir_all(place.0.path().join(format!("set/{class:05}"))).expect("made");
    }
    for class in ["00000", "30000"] {
        place.write(&format!("set/{class}/1.pgm"), b"P5\n1 1\n255\nx");
    }
    place.program("source: folder(\"set\")");
    for command in ["check", "data"] {
        let said = place.run(&[command, "a.cnn"]);
        assert!(said.out.contains(if command == "data" { "in 30001 classes" } else { "" }), "{}", said.out);
        assert!(said.busy_seconds < 1.5, "{command} took {} s", said.busy_seconds);
    }
}

#[test]
fn tables_are_bounded() {
    let place = Place::new();
    place.program("source: csv(\"t.csv\", image: path, label: class)");
    let columns: Vec<String> = (0..50_000).map(|at| format!("column{at}")).collect();
    place.write("t.csv", columns.join(","));
    let said = place.run(&["check", "a.cnn"]);
    said.refuses(&["no column `path`", "`column19`, …"]);
    place.write("t.csv", format!("path,class\n\"{}\",a\n", "x".repeat(2 << 20)));
    place.run(&["check", "a.cnn"]).refuses(&["a line has more than 1 MiB"]);
    place.write("t.csv", format!("path,class\n{}", "a.png,b\n".repeat(6 << 20)));
    place.run_within(300, &["check", "a.cnn"]).refuses(&["tables are read up to 38 MiB"]).within(120);
}

/// A path below which nothing may be read.
#[test]
#[cfg(unix)]
fn folders_that_may_not_be_read_are_named() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    write_classes(&place);
    place.program("source: folder(\"set\")");
    let locked = place.0.path().join("set/dogs");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).expect("set");
    // whoever may read everything is not kept out
    let kept_out = fs::read_dir(&locked).is_err();
    let said = place.run(&["check", "a.cnn"]);
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).expect("set");
    if kept_out {
        said.refuses(&["could not read", "set/dogs", "ermission"]);
    }
    assert!(Path::new(&locked).is_dir());
}
