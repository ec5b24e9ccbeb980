//! What is fuzzed: one function a target, each over any bytes at all. `cargo fuzz` runs them without end
//! (`tests/fuzz/run`); `tests/parse.rs` runs them over the corpora, so that what was found once is looked at
//! with every change.
//!
//! A target ends well or with an error; a panic, an overflow, endless time or memory without bounds is a
//! finding. All go through the doors that programs and users go through: a `.cnn` text that names the file.

use std::path::Path;

use cnnc::diag::{Language, RenderStyle, render_all, render_json, repair};
use cnnc::format::format;
use cnnc::front::{Loaded, load};
use cnnc::internals::data::{Bounds, Dataset, Locations, decode};
use cnnc::internals::import::{Asked, read as import_model};
use cnnc::internals::ir::CheckedProgram;
use cnnc::internals::kernel::{Simd, Target};
use cnnc::internals::lower::LowerOptions;
use cnnc::internals::plan::{plan, verify_plan};
use cnnc::internals::runtime::{optimized_evaluation_graph, optimized_training_graph};
use cnnc::internals::settings::Settings;
use cnnc::internals::train::{State, weights};
use cnnc::internals::weights::open as open_weights;
use cnnc::source::SourceFile;

/// A target's name, and what it does with an input.
pub(crate) type FuzzTarget = (&'static str, fn(&[u8]));

/// All targets, by the names of their corpora.
pub(crate) const ALL: &[FuzzTarget] = &[
    ("text", text),
    ("picture", picture),
    ("archive", archive),
    ("idx", idx),
    ("npz", npz),
    ("npy", npy),
    ("csv", csv),
    ("safetensors", safetensors),
    ("state", state),
    ("keras", keras),
    ("torch", torch),
    ("onnx", onnx),
    ("arrays", arrays),
    ("import", import),
    ("plan", network),
];

fn loaded(text: &str) -> Loaded {
    load(SourceFile::new("fuzz.cnn", text), &LowerOptions::default(), &|_| None)
}

/// Parses, checks, draws, lays out and shows a program.
pub(crate) fn text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let loaded = loaded(text);
    for language in [Language::English, Language::Korean] {
        render_all(&loaded.problems, &loaded.sources, RenderStyle { language, ..RenderStyle::plain() });
    }
    for problem in loaded.problems.iter().take(100) {
        render_json(problem, &loaded.sources, Language::English);
    }
    repair(&loaded.problems, &loaded.sources, &|_| true);
    if let Ok(formatted) = format(text) {
        assert_eq!(
            format(&formatted).as_deref(),
            Ok(formatted.as_str()),
            "laying out again changes something"
        );
    }
    if let Some(program) = &loaded.program {
        let shown = cnnc::show::show(&[program], &loaded.ast);
        let again = self::loaded(&shown);
        assert!(again.program.is_some(), "what is shown cannot be read:\n{shown}\n{:?}", again.problems);
    }
}

/// Decodes a picture, unless it says that it is too large for a quick look.
pub(crate) fn picture(bytes: &[u8]) {
    drop(decode(bytes, Bounds::default()));
}

/// Opens a data set of one file, or of files beside each other, that a program names.
fn open(source: &str, files: &[(&str, &[u8])]) {
    let Ok(folder) = tempfile::tempdir() else { return };
    for (name, bytes) in files {
        if std::fs::write(folder.path().join(name), bytes).is_err() {
            return;
        }
    }
    let text = format!(
        "model M {{ input(4x4x1); flatten; dense(classes, activation: softmax) }}
         data {{ source: {source} }}
         prepare {{ resize: 4x4; color: gray }}
         train {{ epochs: 1 }}"
    );
    let locations = Locations::only(folder.path());
    let card_of =
        |data: &cnnc::internals::ir::DataSpec| cnnc::internals::data::cards::of(data, &locations).ok();
    let loaded = load(SourceFile::new("fuzz.cnn", text), &LowerOptions::default(), &card_of);
    if let Some(program) = &loaded.program {
        open_data(program, &locations);
    }
}

fn open_data(program: &CheckedProgram, locations: &Locations) {
    let Some(data) = &program.program().data else { return };
    drop(Dataset::open(data, &program.program().prepare, program.input_shape(), locations, &mut |_| {}));
}

/// The first byte, and the rest.
fn split(bytes: &[u8]) -> Option<(u8, &[u8])> {
    bytes.split_first().map(|(first, rest)| (*first, rest))
}

/// An archive of class folders; the first byte says how its name ends.
pub(crate) fn archive(bytes: &[u8]) {
    let Some((kind, rest)) = split(bytes) else { return };
    let name = ["a.zip", "a.tar", "a.tar.gz"][usize::from(kind) % 3];
    open(&format!("folder(\"{name}\")"), &[(name, rest)]);
}

/// Files of the idx format; the first byte says which of both the rest is.
pub(crate) fn idx(bytes: &[u8]) {
    let Some((which, rest)) = split(bytes) else { return };
    let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2][..], &[1, 2, 3, 4, 5, 6, 7, 8]].concat();
    let labels = [0, 0, 8, 1, 0, 0, 0, 2, 0, 1];
    let (images, labels) = if which % 2 == 0 { (rest, &labels[..]) } else { (&images[..], rest) };
    open("idx(\"images\", \"labels\")", &[("images", images), ("labels", labels)]);
}

/// An `.npz` file.
pub(crate) fn npz(bytes: &[u8]) {
    open("npz(\"a.npz\")", &[("a.npz", bytes)]);
}

/// The pictures of an `.npz` file whose other array is sound.
pub(crate) fn npy(bytes: &[u8]) {
    const LABELS: &[u8] =
        b"\x93NUMPY\x01\x00\x36\x00{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}\n\x00\x01";
    open("npz(\"a.npz\")", &[("a.npz", &stored(&[("x_train.npy", bytes), ("y_train.npy", LABELS)]))]);
}

/// A zip file that compresses nothing.
fn stored(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes();
    for (name, bytes) in files {
        let at = zip.len();
        let length = u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes();
        let sizes = [crc32(bytes).to_le_bytes(), number(bytes.len()), number(bytes.len())].concat();
        let common = [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &sizes, &length, &[0, 0]].concat();
        zip.extend([b"PK\x03\x04", &common[..], name.as_bytes(), bytes].concat());
        let tail = [&[0; 10][..], &number(at), name.as_bytes()].concat();
        directory.extend([b"PK\x01\x02\x14\x00", &common[..], &tail].concat());
    }
    let count = u16::try_from(files.len()).unwrap_or(u16::MAX).to_le_bytes();
    let (size, start) = (number(directory.len()), number(zip.len()));
    zip.extend(directory);
    zip.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &size, &start, &[0, 0]].concat());
    zip
}

/// The checksum of zip files (CRC-32, ISO-HDLC), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

/// A table of pictures and labels, of pictures that are not there.
pub(crate) fn csv(bytes: &[u8]) {
    open("csv(\"a.csv\", image: file, label: class)", &[("a.csv", bytes), ("a.png", b"no picture")]);
}

/// A small program with a state: what weights and states are read for.
fn small() -> Option<CheckedProgram> {
    loaded(
        "model M { input(4x4x1); flatten; dense(2, activation: softmax) }
         data { source: digits }
         train { epochs: 1; batch: 2; optimizer: adam }",
    )
    .program
}

fn with_file(bytes: &[u8], read: impl FnOnce(&Path)) {
    let Ok(folder) = tempfile::tempdir() else { return };
    let path = folder.path().join("a.safetensors");
    if std::fs::write(&path, bytes).is_ok() {
        read(&path);
    }
}

/// Weights: of a model, and as what a pretrained model is to begin with.
pub(crate) fn safetensors(bytes: &[u8]) {
    let Some(program) = small() else { return };
    let params = optimized_evaluation_graph(&program).params;
    with_file(bytes, |path| drop(weights::load(path, &program, &params, weights::Taking::default())));
}

/// All numbers of a file of weights, of whichever kind.
fn foreign(bytes: &[u8]) {
    with_file(bytes, |path| {
        let Ok(archive) = open_weights(path) else { return };
        for at in 0..archive.listing.tensors.len() {
            drop(archive.numbers(at));
        }
    });
}

/// HDF5 and archives of Keras.
pub(crate) fn keras(bytes: &[u8]) {
    foreign(bytes);
}

/// Pickles of PyTorch.
pub(crate) fn torch(bytes: &[u8]) {
    foreign(bytes);
}

/// Messages of ONNX.
pub(crate) fn onnx(bytes: &[u8]) {
    foreign(bytes);
}

/// Whole models, of ONNX and Keras.
pub(crate) fn import(bytes: &[u8]) {
    with_file(bytes, |path| drop(import_model(path, &Asked::default())));
}

/// Archives of NumPy, as weights.
pub(crate) fn arrays(bytes: &[u8]) {
    foreign(bytes);
}

/// The state of a run.
pub(crate) fn state(bytes: &[u8]) {
    let Some(program) = small() else { return };
    let Ok(graph) = optimized_training_graph(&program, true) else { return };
    with_file(bytes, |path| drop(State::load(path, &graph.params, &Settings::to_resume(&program))));
}

/// A network that the bytes choose, as text; not every one is accepted.
fn network_of(bytes: &[u8]) -> String {
    const LAYERS: &[&str] = &[
        "relu",
        "conv2d(4, 3x3, padding: same)",
        "conv2d(3, 1x1, activation: relu)",
        "conv2d(2, 5x5, stride: 2, padding: same)",
        "conv2d(16, 3x3, padding: same, activation: relu)",
        "depthwise_conv2d(3x3, padding: same)",
        "separable_conv2d(4, 3x3, padding: same)",
        "conv2d_transpose(3, 3x3, stride: 2, padding: same)",
        "conv2d_transpose(16, 3x3, padding: same, activation: relu)",
        "batch_norm",
        "layer_norm",
        "dropout(0.3)",
        "max_pool2d(2)",
        "avg_pool2d(3x3, stride: 1, padding: same)",
        "upsample2d(2)",
        "zero_pad2d(1)",
        "tanh",
        "softplus",
        "a = relu; add(a)",
        "concat { branch { conv2d(2, 3x3, padding: same) } branch { } }",
        "add { branch { conv2d(4, 1x1); batch_norm } branch { conv2d(4, 3x3, padding: same) } }",
        "repeat 3 { conv2d(3, 3x3, padding: same); batch_norm; relu }",
        "global_avg_pool2d",
        "flatten",
        "dense(5, activation: relu)",
    ];
    let side = 1 + bytes.first().map_or(7, |byte| usize::from(*byte) % 24);
    let channels = 1 + bytes.get(1).map_or(0, |byte| usize::from(*byte) % 20);
    let layers: Vec<&str> =
        bytes.iter().skip(3).take(24).map(|byte| LAYERS[usize::from(*byte) % LAYERS.len()]).collect();
    // a name is given once
    let body: Vec<String> = layers
        .iter()
        .enumerate()
        .map(|(at, layer)| layer.replace("a = relu; add(a)", &format!("a{at} = relu; tanh; add(a{at})")))
        .collect();
    let end = if layers.iter().any(|layer| ["flatten", "global_avg_pool2d"].contains(layer)) {
        ""
    } else {
        "flatten\n"
    };
    format!(
        "model M {{\ninput({side}x{side}x{channels})\n{}\n{end}dense(3, activation: softmax)\n}}\ntrain {{ epochs: 1; optimizer: adam }}\n",
        body.join("\n")
    )
}

/// Plans a network for training and inference, and proves both plans.
pub(crate) fn network(bytes: &[u8]) {
    let Some(program) = loaded(&network_of(bytes)).program else { return };
    let batch = 1 + bytes.get(2).map_or(0, |byte| usize::from(*byte) % 40);
    let training = optimized_training_graph(&program, true).expect("it has a schedule");
    for graph in [training, optimized_evaluation_graph(&program)] {
        assert_eq!(graph.verify(), Ok(()));
        for simd in [Simd::Portable, Simd::Avx2, Simd::Avx512] {
            verify_plan(plan(&graph, Target::of(simd), batch)).expect("it can be proved");
        }
    }
}
