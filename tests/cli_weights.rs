//! Weights of other programs through the command line: files that Keras, PyTorch, ONNX and NumPy have written
//! (`tests/golden/weights.py`), what a model takes of them, and what is said of the rest.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use ndarray::Array2;
use ndarray_npy::read_npy;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/weights").join(name)
}

/// Exit code, standard output and standard error of a command in a folder.
fn cnnc(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_cnnc"))
        .args(arguments)
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", folder)
        .env("XDG_CACHE_HOME", folder)
        .env_remove("CNNC_DATA_DIR")
        .output()
        .expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// The answers of the network to the golden pictures with these weights, and how far they are off, as a share
/// of the largest.
fn deviation(folder: &Path, program: &Path, weights: &[&str]) -> f64 {
    let (program, pictures) = (program.display().to_string(), golden("pictures.npy").display().to_string());
    let mut arguments = vec!["--quiet", "predict", &program, "--exact", "--input", &pictures];
    arguments.extend(["--output", "y.npy"]);
    arguments.extend(weights);
    let (code, _, stderr) = cnnc(folder, &arguments);
    assert_eq!(code, 0, "{weights:?}: {stderr}");
    let ours: Array2<f32> = read_npy(folder.join("y.npy")).expect("answers");
    let theirs: Array2<f64> = read_npy(golden("answers.npy")).expect("answers");
    let largest = theirs.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let pairs = ours.iter().zip(&theirs);
    pairs.map(|(ours, theirs)| (f64::from(*ours) - theirs).abs()).fold(0.0, f64::max) / largest
}

/// The golden network in a file of its own, with changes.
fn network(folder: &Path, change: impl Fn(String) -> String) -> PathBuf {
    let path = folder.join("net.cnn");
    let text = fs::read_to_string(golden("net.cnn")).expect("there");
    fs::write(&path, change(text)).expect("written");
    path
}

#[test]
fn every_kind_of_file_gives_the_references_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let net = network(folder.path(), |text| text);
    for (file, tolerance) in [
        ("net.keras", 1e-5),
        ("net.weights.h5", 1e-5),
        ("net.h5", 1e-5),
        ("net_2015.h5", 1e-5),
        ("net.npz", 1e-5),
        ("net.onnx", 1e-5),
        ("net.pth", 1e-5),
        ("net_old.pth", 1e-5),
        ("net_checkpoint.pth", 1e-5),
        ("net_half.pth", 2e-3),
        ("net_brain.pth", 2e-2),
    ] {
        let path = golden(file).display().to_string();
        let off = deviation(folder.path(), &net, &["--model", "net", "--weights", &path]);
        assert!(off < tolerance, "{file} is off by {off}");
    }
}

#[test]
fn order_matches_where_names_do_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let net = network(folder.path(), |text| {
        text.replace("conv_a = conv2d", "first = conv2d").replace("top = dense", "last = dense")
    });
    for file in ["net.keras", "net.h5", "net_2015.h5", "net.pth", "net.onnx", "net_old.pth"] {
        let path = golden(file).display().to_string();
        let arguments = ["--model", "net", "--weights", &path];
        let program = net.display().to_string();
        let all: Vec<&str> = ["predict", &program, "x.png"].into_iter().chain(arguments).collect();
        let (code, _, stderr) = cnnc(folder.path(), &all);
        assert!(code == 1 && stderr.contains("E0601") && stderr.contains("base.first."), "{stderr}");
        // in a file of Keras 2 a model within comes with its own order: weights, then statistics
        let off = deviation(folder.path(), &net, &[&arguments[..], &["--match", "order"]].concat());
        assert!(off < 1e-5, "{file} is off by {off}");
    }
}

#[test]
fn the_account_names_every_tensor() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = golden("net.keras").display().to_string();
    let (code, stdout, _) = cnnc(folder.path(), &["weights", "show", &path]);
    assert_eq!(code, 0);
    for part in ["Keras, 12 tensors", "layers/dense/vars/0 (top)", "180x4", "beside the weights: `optimizer`"]
    {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
    network(folder.path(), |text| {
        text.replace("dropout(0.5)", "more = batch_norm").replace("top = dense(4", "top = dense(5")
    });
    let show = ["--quiet", "weights", "show", &path, "--for", "net.cnn", "--model", "net"];
    let (code, stdout, _) = cnnc(folder.path(), &show);
    assert_eq!(code, 1, "something is missing");
    for line in ["used         base.conv_a.kernel", "missing      more.gamma", "wrong shape  top.kernel"] {
        assert!(stdout.contains(line), "{line}: {stdout}");
    }
    // in Korean too
    let (_, stdout, _) = cnnc(folder.path(), &[&show[..], &["--lang", "ko"]].concat());
    assert!(stdout.contains("사용"), "{stdout}");
}

#[test]
fn converted_weights_are_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let net = network(folder.path(), |text| text);
    let path = golden("net.pth").display().to_string();
    let (code, _, stderr) = cnnc(
        folder.path(),
        &["weights", "convert", &path, "--for", "net.cnn", "--model", "net", "-o", "w.safetensors"],
    );
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("12 tensors used"), "{stderr}");
    assert!(deviation(folder.path(), &net, &["--model", "net", "--weights", "w.safetensors"]) < 1e-5);
    // the file tells what it is for
    assert!(deviation(folder.path(), Path::new("w.safetensors"), &[]) < 1e-5);
    for (from, to) in [("w.safetensors", "w.npz"), ("w.npz", "again.safetensors")] {
        let (code, _, stderr) = cnnc(folder.path(), &["weights", "convert", from, "-o", to]);
        assert_eq!(code, 0, "{stderr}");
        let (_, stdout, _) = cnnc(folder.path(), &["weights", "diff", from, to]);
        assert_eq!(stdout, "12 tensors are equal to the bit, 0 differ\n");
    }
    let half = golden("net_half.pth").display().to_string();
    let (_, stdout, _) = cnnc(folder.path(), &["weights", "diff", &path, &half]);
    assert!(stdout.contains("base.conv_a.weight") && stdout.contains("differ"), "{stdout}");
    let (code, _, stderr) = cnnc(folder.path(), &["weights", "convert", &path, "-o", "w.h5"]);
    assert!(code == 2 && stderr.contains(".safetensors"), "{stderr}");
}

const DIGITS: &str = "\
model Digits {
    input(8x8x1)
    conv2d(4, 3x3, activation: relu)
    flatten
    top = dense(10, activation: softmax)
}

data {
    source: digits
    validation: 20% of train
    test: 20% of all
}

prepare {
    rescale: 1/255
}

train {
    epochs: 1
    batch: 64
    optimizer: adam(lr: 0.001)
}
";

#[test]
fn a_run_begins_with_a_part_where_that_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.cnn"), DIGITS).expect("written");
    let other = DIGITS.replace("top = dense", "head = dense");
    fs::write(folder.path().join("b.cnn"), other).expect("written");
    let (code, _, stderr) = cnnc(folder.path(), &["init", "a.cnn", "--output", "w.safetensors"]);
    assert_eq!(code, 0, "{stderr}");
    let run = ["run", "b.cnn", "--weights", "w.safetensors", "--no-report", "--out", "out"];
    let (code, _, stderr) = cnnc(folder.path(), &run);
    assert!(code == 1 && stderr.contains("E0601") && stderr.contains("head.kernel"), "{stderr}");
    let (code, _, stderr) = cnnc(folder.path(), &[&run[..], &["--partial"]].concat());
    assert_eq!(code, 0, "{stderr}");
    for part in ["2 tensors used, 2 unused, 2 missing", "unused: `top.kernel`", "nothing for `head.kernel`"] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    // of nothing at all even a part cannot be taken
    let weights = golden("net.pth").display().to_string();
    let none = ["run", "b.cnn", "--weights", &weights, "--partial", "--no-report", "--out", "none"];
    assert_eq!(cnnc(folder.path(), &none).0, 1);
}

#[test]
fn a_backbone_takes_foreign_weights_and_says_what_it_left() {
    let folder = tempfile::tempdir().expect("a folder");
    network(folder.path(), |text| {
        let (base, _) = text.split_once("model net").expect("two models");
        let weights = golden("net.keras").display().to_string();
        format!(
            "{base}model Mine {{\n    input(7x7x3)\n    base = base(weights: \"{weights}\", frozen: true)\n    \
             flatten\n    dense(3, activation: softmax)\n}}\n"
        )
    });
    let (code, _, stderr) =
        cnnc(folder.path(), &["init", "net.cnn", "--model", "Mine", "--output", "w.safetensors"]);
    assert_eq!(code, 0, "{stderr}");
    let whole = golden("net.keras").display().to_string();
    let (_, stdout, _) = cnnc(folder.path(), &["weights", "show", &whole]);
    assert!(stdout.contains("base.conv_a"), "{stdout}");
    let (_, stdout, _) = cnnc(folder.path(), &["weights", "diff", "w.safetensors", "w.safetensors"]);
    assert!(stdout.contains("8 tensors are equal"), "{stdout}");
}

#[test]
fn models_of_the_zoo_stand_where_files_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, stdout, _) = cnnc(folder.path(), &["summary", "zoo.lenet5"]);
    assert!(code == 0 && stdout.starts_with("model lenet5\n"), "{stdout}");
    let (code, stdout, _) = cnnc(folder.path(), &["show", "zoo.lenet5"]);
    assert!(code == 0 && stdout.contains("model lenet5"), "{stdout}");
    let (code, _, stderr) = cnnc(folder.path(), &["summary", "zoo.lenet6"]);
    assert!(code == 1 && stderr.contains("cannot read `zoo.lenet6`"), "{stderr}");
}

#[test]
fn published_weights_that_cannot_be_fetched_say_where_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    image_at(&folder.path().join("cat.png"));
    let (code, _, stderr) =
        cnnc(folder.path(), &["predict", "zoo.resnet18", "cat.png", "--weights", "imagenet", "--restricted"]);
    assert_eq!(code, 1, "{stderr}");
    for part in ["resnet18-f37072fd.pth", "https://download.pytorch.org/models/", "--data-dir"] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    // another file of that name is not taken for it
    fs::write(folder.path().join("resnet18-f37072fd.pth"), "<html>").expect("written");
    let (code, _, stderr) =
        cnnc(folder.path(), &["predict", "zoo.resnet18", "cat.png", "--weights", "imagenet"]);
    assert!(code == 1 && stderr.contains("another file than torchvision publishes"), "{stderr}");
    let (code, _, stderr) =
        cnnc(folder.path(), &["predict", "zoo.lenet5", "cat.png", "--weights", "imagenet"]);
    assert!(code == 1 && stderr.contains("nobody publishes") && stderr.contains("`zoo.vgg16`"), "{stderr}");
}

fn image_at(path: &Path) {
    image::RgbImage::from_pixel(32, 32, image::Rgb([10, 200, 30])).save(path).expect("written");
}

#[test]
fn what_is_no_file_of_weights_is_told_for_what_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, contents, words) in [
        ("empty.h5", "", "it is empty"),
        ("lfs.h5", "version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        ("page.pth", "<!doctype html>", "web page"),
        ("text.onnx", "some text of no kind", "none of safetensors"),
    ] {
        fs::write(folder.path().join(name), contents).expect("written");
        let (code, _, stderr) = cnnc(folder.path(), &["weights", "show", name]);
        assert!(code == 1 && stderr.contains(words) && stderr.contains(name), "{name}: {stderr}");
    }
    // weights of others hold no program
    let path = golden("net.h5").display().to_string();
    let (code, _, stderr) = cnnc(folder.path(), &["predict", &path, "x.png"]);
    assert!(code == 1 && stderr.contains("does not hold the program"), "{stderr}");
}

/// What a command says that may take 200 MiB of memory.
fn within_200_mib(folder: &Path, command: &str) -> (i32, String) {
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -d {}; exec \"$CNNC\" {command}", 200 << 10)])
        .current_dir(folder)
        .env("CNNC", env!("CARGO_BIN_EXE_cnnc"))
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("it runs");
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stderr).expect("UTF-8"))
}

/// A message within a message.
fn message(field: u8, inside: &[u8]) -> Vec<u8> {
    let mut bytes = vec![field << 3 | 2];
    let mut length = inside.len();
    while length >= 0x80 {
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(inside);
    bytes
}

/// An archive of one file, which is these bytes and then so many MiB of one byte.
fn packed(name: &str, head: &[u8], mib: usize, byte: u8) -> Vec<u8> {
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file(name, options).expect("begun");
    archive.write_all(head).expect("written");
    (0..mib).for_each(|_| archive.write_all(&vec![byte; 1 << 20]).expect("written"));
    archive.finish().expect("whole").into_inner()
}

/// Files that mean harm.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let safetensors = |header: &str| [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat();
    let tensors = |count: usize| {
        let tensor = |at| format!(r#""{at}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#);
        safetensors(&format!("{{{}}}", (0..count).map(tensor).collect::<Vec<_>>().join(",")))
    };
    let texts = (0..1_000_000).map(|at| format!(r#""{at}":"""#)).collect::<Vec<_>>().join(",");

    // a pair of the pair before, again and again
    let mut pairs = b"\x80\x02}q\x00".to_vec();
    (0..60).for_each(|at| pairs.extend([b'h', at, b'h', at, 0x86, b'q', at + 1]));
    // the same with dictionaries
    let mut entries = b"\x80\x02}q\x00".to_vec();
    (0..60).for_each(|at| {
        entries.extend([b"}(U\x01ah", &[at][..], b"U\x01bh", &[at], b"uq", &[at + 1]].concat());
    });
    // tuples in tuples, all of them kept
    let mut kept = b"\x80\x02".to_vec();
    for start in (0_u32..200_000).step_by(500) {
        kept.push(b')');
        (start..start + 500).for_each(|at| kept.extend([&[0x85, b'r'][..], &at.to_le_bytes()].concat()));
    }
    let graph = |field, inside: &[u8]| message(7, &message(field, inside).repeat(1_000_000));
    let deep = (0..10_000).fold(Vec::new(), |inside, depth| message([7, 1, 5, 6][depth % 4], &inside));
    let npy = format!("{:117}\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (268435456,), }");
    vec![
        ("tensors.safetensors", tensors(400_000)),
        ("more.safetensors", tensors(1_000_000)),
        ("texts.safetensors", safetensors(&format!(r#"{{"__metadata__":{{{texts}}}}}"#))),
        ("deep.safetensors", safetensors(&format!(r#"{{"a":{}"#, "[".repeat(1_000_000)))),
        ("pairs.pth", [&pairs[..], b"."].concat()),
        ("packed_pairs.pth", packed("net/data.pkl", &[&pairs[..], b"."].concat(), 0, 0)),
        ("entries.pth", [&entries[..], b"."].concat()),
        ("kept.pth", [&kept[..], b"."].concat()),
        ("nothings.pth", packed("net/data.pkl", b"\x80\x02](", 15, b'N')),
        ("bomb.pth", packed("net/data.pkl", b"\x80\x02](", 512, b'N')),
        ("bomb.npz", packed("a.npy", &[b"\x93NUMPY\x01\x00\x76\x00", npy.as_bytes()].concat(), 512, 0)),
        ("bomb.keras", packed("model.weights.h5", b"\x89HDF\r\n\x1a\n", 512, 0)),
        ("loop.h5", fs::read(golden("loop.h5")).expect("there")),
        ("nodes.onnx", [b"\x08\x08", &graph(1, &message(4, b"Relu"))[..]].concat()),
        (
            "weights.onnx",
            [b"\x08\x08", &graph(5, &[&b"\x08\x01\x10\x01"[..], &message(8, b"w")].concat())[..]].concat(),
        ),
        ("deep.onnx", [b"\x08\x08", &message(7, &deep)[..]].concat()),
    ]
}

#[test]
fn files_that_mean_harm_take_little_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, contents) in hostile() {
        fs::write(folder.path().join(name), contents).expect("written");
        // a model is imported from two kinds of files, and a file of weights begins a run
        for command in ["weights show FILE", "import FILE -o net.cnn", "eval zoo.squeezenet --weights FILE"] {
            let (code, stderr) = within_200_mib(folder.path(), &command.replace("FILE", name));
            // a graph without nodes has no weights, and that is no error where they are only shown
            let is_empty = name == "deep.onnx" && command.starts_with("weights");
            assert!(code == i32::from(!is_empty), "{command} {name}: {code} {stderr}");
            // the file is refused, and not for want of memory
            for word in ["E0630", "memory alloc", "panicked"] {
                assert!(!stderr.contains(word), "{command} {name}: {stderr}");
            }
        }
    }
}
