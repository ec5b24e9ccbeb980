//! The callback `tensorboard`, through the command line: what TensorBoard itself reads from a run's event
//! files, that going on with a run doubles no point, and that nothing of it changes what is learnt.
//!
//! TensorBoard is a Python program. `CNNC_TENSORBOARD_PYTHON` names a Python that has it; else `python3` is
//! asked. Where neither has it, the tests that read say that they are skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Output};

use assert_cmd::Command;
use serde_json::Value;

/// A model with a block and moving statistics, pictures that are varied, and a phase that goes on.
const SMALL: &str = "\
block unit(n) { conv2d(n, 3x3, padding: same); batch_norm(momentum: 0.9); relu }
model Small {
    input(8x8x1)
    stem = conv2d(8, 3x3, padding: same)
    unit(8)
    add(stem)
    max_pool2d(2)
    flatten
    dense(classes, activation: softmax)
}
data { source: digits; test: 20% of all; validation: 20% of train }
prepare { rescale: 1/16 }
augment { shift(width: 10%, height: 10%) }
train { epochs: 3; batch: 64; optimizer: adam(lr: 0.005); metrics: [accuracy]; tensorboard }
";

fn cnnc(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
    command.env_remove("CNNC_DATA_DIR").env("CNNC_MEMORY_MIB", "65536").env("LC_ALL", "C");
    command.current_dir(folder).args(words).args(["--threads", "1"]).output().expect("started")
}

#[track_caller]
fn succeeds(folder: &Path, words: &[&str]) -> String {
    let done = cnnc(folder, words);
    let said = String::from_utf8(done.stderr).expect("text");
    assert!(done.status.success(), "{said}");
    said
}

fn place(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("small.cnn"), text).expect("written");
    folder
}

/// A Python that has TensorBoard.
fn python() -> Option<PathBuf> {
    let named = std::env::var_os("CNNC_TENSORBOARD_PYTHON").map(PathBuf::from);
    let python = named.clone().unwrap_or_else(|| "python3".into());
    let has_it = Process::new(&python).args(["-c", "import tensorboard"]).output();
    let has_it = has_it.is_ok_and(|done| done.status.success());
    assert!(has_it || named.is_none(), "{} has no `tensorboard`", python.display());
    has_it.then_some(python)
}

/// What TensorBoard reads: see `tests/tensorboard/read.py`. `None` where it is not there.
#[allow(clippy::print_stderr, reason = "it says that it is skipped")]
fn read(logs: &Path) -> Option<Value> {
    let Some(python) = python() else {
        eprintln!(
            "skipped: event files are read where `CNNC_TENSORBOARD_PYTHON` names a Python with TensorBoard \
             (pip install tensorboard)"
        );
        return None;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tensorboard/read.py");
    let done = Process::new(python).arg(script).arg(logs).output().expect("started");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Some(serde_json::from_slice(&done.stdout).expect("JSON"))
}

/// A column of a run's history.
fn column(run: &Path, name: &str) -> Vec<f32> {
    let text = fs::read_to_string(run.join("history.csv")).expect("there");
    let mut rows = text.lines().map(|row| row.split(',').collect::<Vec<_>>());
    let at = rows.next().expect("a header").iter().position(|column| *column == name).expect(name);
    rows.map(|row| row[at].parse().expect("a number")).collect()
}

/// Steps and values of a scalar.
fn scalar(told: &Value, run: &str, tag: &str) -> Vec<(u64, f32)> {
    let points = told[run]["scalars"][tag].as_array().unwrap_or_else(|| panic!("no {tag} of {run}: {told}"));
    let point = |point: &Value| Some((point[0].as_u64()?, point[1].as_f64()? as f32));
    points.iter().map(|value| point(value).expect("a step and a value")).collect()
}

fn steps(points: &Value) -> Vec<u64> {
    let points = points.as_array().expect("points");
    points.iter().map(|point| point[0].as_u64().expect("a step")).collect()
}

/// All that a run of so many epochs has, each step once.
#[track_caller]
fn is_whole(told: &Value, run: &Path, epochs: u64) {
    let epochs: Vec<u64> = (1..=epochs).collect();
    for (of, tag, name) in [
        ("train", "loss", "loss"),
        ("train", "accuracy", "accuracy"),
        ("train", "learning_rate", "learning_rate"),
        ("train", "seconds", "seconds"),
        ("validation", "loss", "val_loss"),
        ("validation", "accuracy", "val_accuracy"),
    ] {
        let wanted: Vec<(u64, f32)> = epochs.iter().copied().zip(column(run, name)).collect();
        let found = scalar(told, of, tag);
        if tag == "seconds" {
            assert_eq!(found.len(), wanted.len());
        } else {
            assert_eq!(found, wanted, "{of} {tag}");
        }
    }
    let histograms = told["train"]["histograms"].as_object().expect("histograms");
    assert_eq!(histograms.len(), 2 + 2 + 4 + 2, "{histograms:?}");
    assert!(histograms.values().all(|points| steps(points) == epochs), "{histograms:?}");
    assert_eq!(steps(&told["train"]["pictures"]["training_pictures"]), [0]);
}

#[test]
fn tensorboard_reads_what_a_run_writes() {
    let folder = place(SMALL);
    succeeds(folder.path(), &["run", "small.cnn", "--out", "run"]);
    let run = folder.path().join("run");
    let Some(told) = read(&run.join("logs")) else { return };
    is_whole(&told, &run, 3);
    assert_eq!(told.as_object().expect("runs").len(), 3, "train, validation and results");
    let last = &told["train"]["histograms"]["dense/kernel"][2];
    assert_eq!((last[0].as_u64(), last[1].as_f64()), (Some(3), Some(1280.0)), "all weights are counted");
    assert_eq!(steps(&told["results"]["pictures"]["confusion_matrix"]), [3]);
    // what the page asks for
    assert_eq!(
        told["train"]["plugins"]["scalars"],
        serde_json::json!(["accuracy", "learning_rate", "loss", "seconds"])
    );
    assert_eq!(told["train"]["plugins"]["images"], serde_json::json!(["training_pictures"]));
    assert_eq!(told["train"]["plugins"]["histograms"].as_array().map(Vec::len), Some(10));
    assert_eq!(told["results"]["plugins"]["images"], serde_json::json!(["confusion_matrix"]));
    let graph = &told["train"]["graph"];
    let node = |op: &str, inputs: &[&str], shape: &[i64]| serde_json::json!({ "op": op, "inputs": inputs, "shape": shape });
    assert_eq!(graph["unit/conv2d"], node("conv2d", &["stem"], &[-1, 8, 8, 8]));
    assert_eq!(graph["add"], node("add", &["unit/relu", "stem"], &[-1, 8, 8, 8]));
    assert_eq!(graph["dense"], node("dense", &["flatten"], &[-1, 10]));
    assert_eq!(graph.as_object().map(serde_json::Map::len), Some(9), "{graph}");
}

#[test]
fn going_on_with_a_run_doubles_no_point() {
    let folder = place(SMALL);
    let run = folder.path().join("run");
    succeeds(folder.path(), &["run", "small.cnn", "--out", "run", "--epochs", "2"]);
    let state = ["state.safetensors", "state-previous.safetensors"]
        .map(|name| (run.join(name), fs::read(run.join(name)).expect("there")));
    succeeds(folder.path(), &["run", "small.cnn", "--resume", "run", "--epochs", "4"]);
    // as if it had been killed between its event files and its state, twice: the second time in the middle
    // of a record
    for cut in [0, 7] {
        for (path, bytes) in &state {
            fs::write(path, bytes).expect("written");
        }
        let newest = newest(&run.join("logs/train"));
        let bytes = fs::read(&newest).expect("there");
        fs::write(&newest, &bytes[..bytes.len() - cut]).expect("written");
        succeeds(folder.path(), &["run", "small.cnn", "--resume", "run", "--epochs", "4"]);
    }
    let files = fs::read_dir(run.join("logs/train")).expect("there").count();
    assert_eq!(files, 4, "each process has a file of its own");
    let Some(told) = read(&run.join("logs")) else { return };
    is_whole(&told, &run, 4);
    assert_eq!(steps(&told["results"]["pictures"]["confusion_matrix"]), [2, 4]);
}

/// The event file that comes last by its name, as TensorBoard reads them.
fn newest(folder: &Path) -> PathBuf {
    let names = fs::read_dir(folder).expect("there").map(|entry| entry.expect("readable").path());
    names.max().expect("a file")
}

#[test]
fn phases_go_on_with_the_steps_of_the_one_before() {
    let text = SMALL.replace("epochs: 3;", "").replace(
        "tensorboard }",
        "phase one { epochs: 1; tensorboard(\"logs\") }\n    phase two { epochs: 2; tensorboard(\"logs\"); \
         tensorboard(\"late\") } }",
    );
    let folder = place(&text);
    succeeds(folder.path(), &["run", "small.cnn", "--out", "run"]);
    let run = folder.path().join("run");
    assert_eq!(fs::read_dir(run.join("logs/train")).expect("there").count(), 1);
    let Some(told) = read(&run.join("logs")) else { return };
    is_whole(&told, &run, 3);
    let late = read(&run.join("late")).expect("it is there");
    assert_eq!(steps(&late["train"]["scalars"]["loss"]), [2, 3]);
    assert_eq!(steps(&late["train"]["pictures"]["training_pictures"]), [0]);
}

#[test]
fn event_files_change_nothing_that_is_learnt() {
    let folder = place(SMALL);
    fs::write(folder.path().join("plain.cnn"), SMALL.replace("; tensorboard", "")).expect("written");
    for name in ["small", "plain"] {
        succeeds(folder.path(), &["run", &format!("{name}.cnn"), "--out", name]);
    }
    let tensors = |name: &str| {
        let bytes = fs::read(folder.path().join(name).join("weights.safetensors")).expect("there");
        // the settings, which differ, stand in the header
        let header = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"));
        bytes[8 + usize::try_from(header).expect("small")..].to_vec()
    };
    assert!(tensors("small") == tensors("plain"), "the weights are others");
    assert!(!folder.path().join("plain/logs").exists());
}

#[test]
fn what_stands_in_the_way_is_said_and_the_results_are_safe() {
    let folder = place(SMALL);
    let run = folder.path().join("run");
    succeeds(folder.path(), &["run", "small.cnn", "--out", "run", "--epochs", "1"]);
    // the last picture alone cannot be written
    fs::remove_dir_all(run.join("logs/results")).expect("removed");
    fs::write(run.join("logs/results"), "").expect("written");
    let said = succeeds(folder.path(), &["run", "small.cnn", "--resume", "run", "--epochs", "2"]);
    assert!(
        said.contains("warning: TensorBoard will not show the results of the run: cannot write"),
        "{said}"
    );
    let report: Value =
        serde_json::from_slice(&fs::read(run.join("run.json")).expect("there")).expect("JSON");
    assert_eq!(report["status"], "finished");
    // nothing can be written from the beginning
    fs::remove_dir_all(run.join("logs")).expect("removed");
    fs::write(run.join("logs"), "").expect("written");
    let refused = cnnc(folder.path(), &["run", "small.cnn", "--resume", "run", "--epochs", "3"]);
    let said = String::from_utf8(refused.stderr).expect("text");
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("error[E0604]: cannot write `run/logs/train`"), "{said}");
    fs::remove_file(run.join("logs")).expect("removed");
    succeeds(folder.path(), &["run", "small.cnn", "--resume", "run", "--epochs", "3"]);
    let Some(told) = read(&run.join("logs")) else { return };
    assert_eq!(steps(&told["train"]["scalars"]["loss"]), [3], "a folder that was lost begins anew");
    assert!(told["train"]["graph"]["dense"].is_object());
}

#[test]
fn what_is_not_there_is_not_written() {
    // no validation, answers that are no classes
    let text = "model Bright { input(8x8x1); flatten; dense(1) }\n\
                data { source: csv(\"t.csv\", image: file, label: value); labels: regression; \
                test: 25% of all }\n\
                prepare { rescale: 1/255; color: gray }\n\
                train { epochs: 2; tensorboard(\"고양이\") }\n";
    let folder = place(text);
    let mut table = "file,value\n".to_owned();
    for at in 0..24_u8 {
        let picture = image::GrayImage::from_pixel(8, 8, image::Luma([at * 10]));
        picture.save(folder.path().join(format!("{at}.png"))).expect("saved");
        table += &format!("{at}.png,{}\n", f32::from(at) / 24.0);
    }
    fs::write(folder.path().join("t.csv"), table).expect("written");
    succeeds(folder.path(), &["run", "small.cnn", "--out", "run", "--restricted"]);
    let names = fs::read_dir(folder.path().join("run/고양이")).expect("there");
    let names: Vec<_> = names.map(|entry| entry.expect("readable").file_name()).collect();
    assert_eq!(names, ["train"]);
    let Some(told) = read(&folder.path().join("run/고양이")) else { return };
    assert_eq!(steps(&told["train"]["scalars"]["mae"]), [1, 2]);
    assert_eq!(steps(&told["train"]["pictures"]["training_pictures"]), [0]);
}
