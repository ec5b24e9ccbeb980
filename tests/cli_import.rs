//! Models of Keras through the command line: files that Keras has saved (`tests/golden/import.py`), the programs
//! that are made of them, and what these answer.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use ndarray::Array2;
use ndarray_npy::read_npy;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/import").join(name)
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

/// Imports a golden file; gives the program.
fn imported(folder: &Path, file: &str, more: &[&str]) -> String {
    let file = golden(file).display().to_string();
    let (code, stdout, stderr) =
        cnnc(folder, &[&["import", &file, "-o", "net.cnn", "--force"], more].concat());
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.starts_with("net.cnn: "), "{stdout}");
    fs::read_to_string(folder.join("net.cnn")).expect("written")
}

/// How far the program's answers are off, as a share of the largest.
fn deviation(folder: &Path, answers: &str) -> f64 {
    let pictures = golden("pictures.npy").display().to_string();
    let arguments = ["--quiet", "predict", "net.cnn", "--weights", "net.safetensors", "--exact"];
    let (code, _, stderr) =
        cnnc(folder, &[&arguments[..], &["--input", &pictures, "--output", "y.npy"]].concat());
    assert_eq!(code, 0, "{stderr}");
    let ours: Array2<f32> = read_npy(folder.join("y.npy")).expect("answers");
    let theirs: Array2<f32> = read_npy(golden(answers)).expect("answers");
    assert_eq!(ours.dim(), theirs.dim());
    let largest = theirs.iter().fold(0.0, |largest: f32, value| largest.max(value.abs()));
    let pairs = ours.iter().zip(&theirs);
    f64::from(pairs.map(|(ours, theirs)| (ours - theirs).abs()).fold(0.0, f32::max) / largest)
}

#[test]
fn models_of_keras_answer_as_in_keras() {
    let folder = tempfile::tempdir().expect("a folder");
    for (file, answers) in [
        ("functional.keras", "functional.npy"),
        ("sequential.h5", "sequential.npy"),
        ("keras2.h5", "sequential.npy"),
    ] {
        imported(folder.path(), file, &[]);
        let off = deviation(folder.path(), answers);
        assert!(off < 1e-5, "{file} is off by {off}");
        let (code, _, stderr) = cnnc(folder.path(), &["--deny", "warnings", "check", "net.cnn"]);
        assert_eq!(code, 0, "{file}: {stderr}");
        let (code, stdout, _) = cnnc(folder.path(), &["fmt", "--check", "net.cnn"]);
        assert_eq!(code, 0, "{file}: {stdout}");
    }
}

#[test]
fn a_program_is_what_a_person_would_write() {
    let folder = tempfile::tempdir().expect("a folder");
    insta::assert_snapshot!("import_functional", imported(folder.path(), "functional.keras", &[]));
    insta::assert_snapshot!("import_keras2", imported(folder.path(), "keras2.h5", &[]));
}

#[test]
fn all_that_has_no_words_is_named_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = golden("refused.keras").display().to_string();
    let (code, stdout, stderr) = cnnc(folder.path(), &["import", &file, "-o", "net.cnn"]);
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert!(stderr.contains("`PReLU slopes`: slopes that are learnt; nearest is `leaky_relu"), "{stderr}");
    assert!(stderr.contains("--partial"), "{stderr}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is written");
    let (code, _, stderr) = cnnc(folder.path(), &["import", &file, "-o", "net.cnn", "--partial"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("the program ends with `first`"), "{stderr}");
    let text = fs::read_to_string(folder.path().join("net.cnn")).expect("written");
    assert!(text.contains("first = conv2d(4, 3)\n}"), "{text}");
}

#[test]
fn files_are_replaced_only_where_that_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = golden("sequential.h5").display().to_string();
    fs::write(folder.path().join("net.safetensors"), "mine").expect("written");
    let (code, _, stderr) = cnnc(folder.path(), &["import", &file, "-o", "net.cnn"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("`net.safetensors` is there already"), "{stderr}");
    assert!(!folder.path().join("net.cnn").exists());
    imported(folder.path(), "sequential.h5", &[]);
    // a program alone goes to stdout, if its weights have a place
    let (code, _, _) = cnnc(folder.path(), &["import", &file, "-o", "-"]);
    assert_eq!(code, 2);
    let (code, stdout, _) = cnnc(folder.path(), &["import", &file, "-o", "-", "--weights", "w.safetensors"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("model plain {"), "{stdout}");
}

#[test]
fn files_that_are_no_models_are_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/weights");
    for (file, wanted) in [
        ("net.weights.h5", "save the whole model (`model.save`)"),
        ("net.pth", "write the model as ONNX"),
        ("net_old.pth", "write the model as ONNX"),
        ("answers.npy", "neither ONNX nor a model of Keras"),
    ] {
        let file = weights.join(file).display().to_string();
        let (code, _, stderr) = cnnc(folder.path(), &["import", &file, "-o", "net.cnn"]);
        assert_eq!(code, 1, "{file}");
        assert!(stderr.contains(wanted), "{file}: {stderr}");
    }
}

#[test]
fn a_part_ends_where_it_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = imported(folder.path(), "functional.keras", &["--result", "gate"]);
    assert!(!text.contains("dense"), "{text}");
    let (code, _, stderr) = cnnc(
        folder.path(),
        &["import", &golden("functional.keras").display().to_string(), "-o", "x.cnn", "--result", "nothing"],
    );
    assert_eq!(code, 1);
    assert!(stderr.contains("gives no `nothing`"), "{stderr}");
}

#[test]
fn cut_files_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = fs::read(golden("functional.keras")).expect("there");
    let path = folder.path().join("cut.keras");
    for length in (0..whole.len()).step_by(4099) {
        fs::write(&path, &whole[..length]).expect("written");
        let (code, _, stderr) = cnnc(folder.path(), &["import", "cut.keras", "-o", "net.cnn"]);
        assert_eq!(code, 1, "{length}: {stderr}");
    }
}
