//! What the tests of ONNX files share: commands, and weights that hide nothing.

pub(crate) mod runtime;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

pub(crate) use runtime::{Numbers, python, root};

pub(crate) fn cnnc(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
    command.env_remove("CNNC_DATA_DIR").env("CNNC_MEMORY_MIB", "65536").env("LC_ALL", "C");
    command.current_dir(folder).args(words).output().expect("started")
}

/// What a command that succeeds says.
#[track_caller]
pub(crate) fn succeeds(folder: &Path, words: &[&str]) -> String {
    let done = cnnc(folder, words);
    let said = [done.stdout, done.stderr].map(|text| String::from_utf8(text).expect("text")).concat();
    assert!(done.status.success(), "{words:?}: {said}");
    said
}

/// Every number of a weights file as one that is not what a layer begins with: a bias that is 0 or a deviation
/// that is 1 would hide that it is in the wrong place.
pub(crate) fn shake(path: &Path) {
    let bytes = fs::read(path).expect("there");
    let file = SafeTensors::deserialize(&bytes).expect("weights");
    let mut numbers = Numbers(7);
    let mut tensors = BTreeMap::new();
    for (name, view) in file.tensors() {
        let change = |value: f32, random: f32| match name.rsplit('.').next() {
            Some("gamma" | "moving_variance") => 1.0 + random / 2.0,
            Some("beta" | "bias" | "moving_mean") => random / 2.0,
            _ => value,
        };
        let values = view.data().as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four));
        let changed: Vec<u8> = values.flat_map(|value| change(value, numbers.next()).to_le_bytes()).collect();
        tensors.insert(name, (view.shape().to_vec(), changed));
    }
    let views = tensors.iter().map(|(name, (shape, bytes))| {
        (name, TensorView::new(Dtype::F32, shape.clone(), bytes).expect("as many bytes as numbers"))
    });
    safetensors::serialize_to_file(views, None, path).expect("written");
}

/// Files in a folder of the repository that are programs, without those that would fetch published weights.
pub(crate) fn programs(folder: &str) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(root().join(folder)).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let fetches = |path: &Path| fs::read_to_string(path).expect("a text").contains("weights: imagenet");
    let mut found: Vec<(String, PathBuf)> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "cnn") && !fetches(path))
        .map(|path| (path.file_stem().expect("a name").to_string_lossy().into_owned(), path))
        .collect();
    found.sort();
    found
}
