//! Whole runs through the command line: what they write, and that nothing which disturbs them changes it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::Command;

const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/digits.cnn");

/// A model that trains in a blink, with every kind of layer that keeps a state or draws numbers, pictures
/// that are mixed and weighed, metrics that are counted, and every callback.
const SMALL: &str = "\
model Small {
    input(8x8x1)
    conv2d(8, 3x3, padding: same)
    batch_norm
    relu
    max_pool2d(2)
    dropout(0.2)
    flatten
    dense(classes, activation: softmax)
}
data { source: digits; test: 20% of all; validation: 20% of train; class_weight: balanced }
prepare { rescale: 1/255 }
augment { shift(width: 10%, height: 10%); mixup(p: 50%) }
train {
    epochs: 6
    batch: 64
    optimizer: adam(lr: 0.005)
    metrics: [accuracy, f1, auc]
    checkpoint(\"best.safetensors\", monitor: val_loss)
    early_stopping(monitor: val_loss, patience: 4)
    reduce_lr_on_plateau(monitor: val_loss, factor: 0.5, patience: 2)
}
";

/// Makes a run of the small model last long enough to be disturbed: eight times the steps.
const SLOW: &str = "--set=train.batch=8";

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("small.cnn"), SMALL).expect("written");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn cnnc(&self, words: &[&str]) -> assert_cmd::assert::Assert {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
        command.env_remove("CNNC_DATA_DIR").env("CNNC_MEMORY_MIB", "65536");
        command.current_dir(self.folder.path()).args(words).assert()
    }

    /// A run that goes on beside the test.
    fn start(&self, words: &[&str]) -> Child {
        Process::new(env!("CARGO_BIN_EXE_cnnc"))
            .current_dir(self.folder.path())
            .env_remove("CNNC_DATA_DIR")
            .env("CNNC_MEMORY_MIB", "65536")
            .args(words)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started")
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn report(&self, run: &str) -> serde_json::Value {
        serde_json::from_slice(&self.bytes(&format!("{run}/run.json"))).expect("run.json is JSON")
    }

    /// History without its wall times.
    fn history(&self, run: &str) -> String {
        let text = String::from_utf8(self.bytes(&format!("{run}/history.csv"))).expect("text");
        text.lines().map(|row| row.rsplit_once(',').expect("columns").0.to_owned() + "\n").collect()
    }
}

fn output(done: &assert_cmd::assert::Assert) -> String {
    String::from_utf8(done.get_output().stdout.clone()).expect("text")
}

/// Waits until a file has this many lines.
fn wait_for_lines(path: &Path, lines: usize) {
    let begun = Instant::now();
    while fs::read_to_string(path).map_or(0, |text| text.lines().count()) < lines {
        assert!(begun.elapsed() < Duration::from_secs(120), "{} does not grow", path.display());
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_run_writes_what_it_should() {
    let place = Place::new();
    let done = place.cnnc(&["run", "small.cnn", "--threads", "1"]).success();
    assert!(output(&done).starts_with("test accuracy 0."), "{}", output(&done));
    for name in ["weights.safetensors", "best.safetensors", "state.safetensors"] {
        assert!(!place.bytes(&format!("runs/small-1/{name}")).is_empty());
    }
    let report = place.report("runs/small-1");
    assert_eq!(report["status"], "finished");
    assert_eq!(report["settings"]["train.batch"], 64);
    let accuracy = report["results"]["test"]["accuracy"].as_f64().expect("a number");
    assert!(accuracy > 0.5 && report["results"]["test"]["loss"].is_f64(), "{report}");
    let history = place.history("runs/small-1");
    assert!(
        history
            .starts_with("epoch,loss,accuracy,f1,auc,val_loss,val_accuracy,val_f1,val_auc,learning_rate\n1,"),
        "{history}"
    );

    // A second run takes a folder of its own, and `eval` finds what the first one reported.
    place.cnnc(&["run", "small.cnn", "--threads", "1", "--epochs", "1", "--quiet"]).success();
    assert!(place.path("runs/small-2/weights.safetensors").exists());
    let weights = "runs/small-1/weights.safetensors";
    let done = place
        .cnnc(&["eval", "small.cnn", "--weights", weights, "--format", "json", "--threads", "1"])
        .success();
    let evaluated: serde_json::Value = serde_json::from_str(&output(&done)).expect("JSON");
    assert_eq!(evaluated["results"], report["results"]["test"]);
}

#[test]
fn threads_change_no_bit() {
    let place = Place::new();
    for threads in ["1", "2", "5"] {
        place.cnnc(&["run", "small.cnn", "--epochs", "2", "--threads", threads, "--out", threads]).success();
    }
    for threads in ["2", "5"] {
        let name = |threads: &str| format!("{threads}/weights.safetensors");
        assert!(
            place.bytes(&name("1")) == place.bytes(&name(threads)),
            "{threads} threads give other weights"
        );
        assert_eq!(place.history("1"), place.history(threads));
    }
}

#[test]
fn a_killed_run_is_resumed_exactly() {
    let place = Place::new();
    place.cnnc(&["run", "small.cnn", "--threads", "1", "--out", "whole", SLOW]).success();
    let mut child = place.start(&["run", "small.cnn", "--threads", "1", "--out", "killed", SLOW]);
    wait_for_lines(&place.path("killed/history.csv"), 3);
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert_eq!(place.report("killed")["status"], "running");
    place.cnnc(&["run", "small.cnn", "--threads", "2", "--resume", "killed", SLOW]).success();
    for name in ["weights.safetensors", "best.safetensors"] {
        assert!(
            place.bytes(&format!("whole/{name}")) == place.bytes(&format!("killed/{name}")),
            "{name} differs"
        );
    }
    assert_eq!(place.history("whole"), place.history("killed"));
    let names = fs::read_dir(place.path("killed")).expect("a folder");
    let names = names.map(|entry| entry.expect("readable").file_name().into_string().expect("text"));
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    let own = [
        "best.safetensors",
        "data-index.csv",
        "history.csv",
        "metrics.json",
        "predictions.csv",
        "report.html",
        "run.json",
        "run.lock",
    ];
    let states = ["state-previous.safetensors", "state.safetensors", "weights.safetensors"];
    assert_eq!(names, [&own[..], &states].concat(), "nothing unfinished is left");
}

#[test]
#[cfg(unix)]
fn ctrl_c_saves_and_says_how_to_go_on() {
    let place = Place::new();
    place.cnnc(&["run", "small.cnn", "--threads", "1", "--out", "whole", SLOW]).success();
    for signal in ["INT", "TERM"] {
        let child = place.start(&["run", "small.cnn", "--threads", "1", "--out", signal, SLOW]);
        wait_for_lines(&place.path(signal).join("history.csv"), 2);
        let sent =
            Process::new("kill").args(["-s", signal, &child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
        let ended = child.wait_with_output().expect("ended");
        assert_eq!(ended.status.code(), Some(1), "{signal}");
        let said = String::from_utf8(ended.stderr).expect("text");
        assert!(said.contains(&format!("run small.cnn --threads 1 {SLOW} --resume {signal}")), "{said}");
        assert!(said.contains("state and weights are saved"), "{said}");
        assert_eq!(place.report(signal)["status"], "interrupted");
        // what was learnt so far can be used
        let used = place.cnnc(&["eval", signal]).success();
        let said = String::from_utf8(used.get_output().stderr.clone()).expect("text");
        assert!(
            said.contains(&format!("the run in `{signal}` was interrupted: its weights are those after")),
            "{said}"
        );
        let saved = place.bytes(&format!("{signal}/weights.safetensors"));
        assert!(saved != place.bytes("whole/weights.safetensors"), "{signal}: it was interrupted too late");
        place.cnnc(&["run", "small.cnn", "--threads", "1", SLOW, &format!("--resume={signal}")]).success();
        let weights = |run: &str| place.bytes(&format!("{run}/weights.safetensors"));
        assert!(weights("whole") == weights(signal), "{signal}: the weights differ");
        assert_eq!(place.history("whole"), place.history(signal));
    }
}

/// Evaluation and prediction time the same convolution forward, with batches of 64, of 32, and a picture
/// alone.
#[test]
fn evaluation_and_prediction_time_kernels_too() {
    let place = Place::new();
    place.cnnc(&["init", "small.cnn", "--output", "w.safetensors"]).success();
    let picture = place.path("picture.png");
    image::GrayImage::from_fn(8, 8, |x, y| image::Luma([(x * 30 + y) as u8]))
        .save(&picture)
        .expect("written");
    let cache = place.path("cache");
    let picture = picture.to_str().expect("text");
    let evaluate = ["eval", "small.cnn", "--weights", "w.safetensors"];
    let predict_one = ["predict", "small.cnn", "--weights", "w.safetensors", picture];
    let predict_two = ["predict", "small.cnn", "--weights", "w.safetensors", picture, picture];
    for words in [&evaluate[..], &predict_one, &predict_two] {
        for timed in [1, 0] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
            command
                .env_remove("CNNC_DATA_DIR")
                .env("XDG_CACHE_HOME", &cache)
                .current_dir(place.folder.path());
            let done = command.args(words).arg("--tune-kernels").assert().success();
            let said = String::from_utf8(done.get_output().stderr.clone()).expect("text");
            let expected = format!("kernels tuned: {timed} convolutions timed, {} known", 1 - timed);
            assert!(said.contains(&expected), "{words:?}: {said}");
        }
    }
}

/// The text of a file of remembered choices, with their checksum.
fn proven(mut remembered: serde_json::Value) -> String {
    let sum = cnnc::internals::checksum::Checksum::of(remembered["choices"].to_string().as_bytes());
    remembered["checksum"] = sum.to_string().into();
    remembered.to_string()
}

/// The model's 3x3 convolution and its gradient by the weights can be computed in three ways.
#[test]
fn timed_kernels_are_remembered_and_a_run_goes_on_with_them() {
    let place = Place::new();
    let cache = place.path("cache");
    let tuned = |out: &str, epochs: &str| {
        let words =
            ["run", "small.cnn", "--threads", "1", "--tune-kernels", "--epochs", epochs, "--out", out];
        let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
        command.env_remove("CNNC_DATA_DIR").env("CNNC_MEMORY_MIB", "65536").env("XDG_CACHE_HOME", &cache);
        let done = command.current_dir(place.folder.path()).args(words).assert().success();
        String::from_utf8(done.get_output().stderr.clone()).expect("text")
    };
    let said = tuned("first", "1");
    assert!(said.contains("kernels tuned: 3 convolutions timed, 0 known"), "{said}");
    let said = tuned("second", "1");
    assert!(said.contains("kernels tuned: 0 convolutions timed, 3 known"), "{said}");
    assert_eq!(place.report("first")["kernels"], place.report("second")["kernels"]);
    assert!(place.bytes("first/weights.safetensors") == place.bytes("second/weights.safetensors"));

    // Whatever is remembered is used: each of the ways, and a run that goes on does so with its own.
    let files: Vec<PathBuf> = fs::read_dir(cache.join("cnnc/kernels"))
        .expect("the cache is there")
        .map(|entry| entry.expect("readable").path())
        .collect();
    let [file] = &files[..] else { panic!("{files:?}") };
    let remembered = fs::read_to_string(file).expect("text");
    let mut weights = Vec::new();
    for way in ["direct", "winograd 2x2", "winograd 4x4"] {
        let mut other: serde_json::Value = serde_json::from_str(&remembered).expect("JSON");
        let choices = other["choices"].as_object_mut().expect("choices");
        choices.values_mut().for_each(|chosen| *chosen = way.into());
        fs::write(file, proven(other)).expect("written");
        let (whole, parts) = (format!("{way}, whole"), format!("{way}, in parts"));
        tuned(&whole, "3");
        tuned(&parts, "1");
        assert!(
            place.report(&whole)["kernels"]
                .as_object()
                .expect("choices")
                .values()
                .all(|chosen| chosen == way)
        );
        place.cnnc(&["run", "small.cnn", "--epochs", "3", "--resume", &parts, "--threads", "2"]).success();
        weights.push(place.bytes(&format!("{whole}/weights.safetensors")));
        assert!(weights.last() == Some(&place.bytes(&format!("{parts}/weights.safetensors"))), "{way}");
    }
    assert!(weights[0] != weights[1] && weights[1] != weights[2], "each way rounds in its own manner");

    // Nor is a way believed that these windows do not have.
    let impossible = remembered.replace("direct", "strassen").replace("winograd 2x2", "strassen");
    let impossible = serde_json::from_str(&impossible.replace("winograd 4x4", "strassen")).expect("JSON");
    fs::write(file, proven(impossible)).expect("written");
    assert!(tuned("impossible", "1").contains("kernels tuned: 3 convolutions timed, 0 known"));

    // Nor one that the checksum does not speak for: it would round in another manner.
    fs::write(file, remembered.replace("direct", "winograd 2x2").replace("winograd 4x4", "direct"))
        .expect("written");
    let known = if remembered == fs::read_to_string(file).expect("text") { 3 } else { 0 };
    let said = tuned("damaged", "1");
    assert!(
        said.contains(&format!("kernels tuned: {} convolutions timed, {known} known", 3 - known)),
        "{said}"
    );

    // A file that is none of ours is not believed.
    fs::write(file, "{\"choices\": 1").expect("written");
    assert!(tuned("third", "1").contains("kernels tuned: 3 convolutions timed, 0 known"));
}

#[test]
fn a_resume_with_other_settings_is_refused() {
    let place = Place::new();
    place.cnnc(&["run", "small.cnn", "--epochs", "1", "--threads", "1", "--out", "run"]).success();
    let words =
        ["run", "small.cnn", "--epochs", "1", "--resume", "run", "--set", "train.batch=32", "--seed", "5"];
    let refused = place.cnnc(&words).code(1);
    let said = String::from_utf8(refused.get_output().stderr.clone()).expect("text");
    assert!(said.contains("error[E0606]"), "{said}");
    assert!(said.contains("`train.batch` was 64, is 32; `train.seed` was 0, is 5"), "{said}");
    // More epochs are not a change: they give what a longer run gives.
    place.cnnc(&["run", "small.cnn", "--epochs", "3", "--resume", "run", "--threads", "1"]).success();
    place.cnnc(&["run", "small.cnn", "--epochs", "3", "--out", "long", "--threads", "1"]).success();
    assert!(place.bytes("run/weights.safetensors") == place.bytes("long/weights.safetensors"));
}

#[test]
fn a_run_that_diverges_names_the_layer() {
    let place = Place::new();
    let words =
        ["run", "small.cnn", "--threads", "1", "--out", "run", "--set", "train.optimizer=sgd(lr: 1e30)"];
    let failed = place.cnnc(&words).code(1);
    let said = String::from_utf8(failed.get_output().stderr.clone()).expect("text");
    assert!(said.contains("error[E0521]: the loss became"), "{said}");
    assert!(said.contains("lower the learning rate"), "{said}");
    assert_eq!(place.report("run")["status"], "failed");
}

#[test]
fn weights_of_another_model_are_refused() {
    let place = Place::new();
    place.cnnc(&["init", "small.cnn", "--output", "w.safetensors"]).success();
    let refused = place.cnnc(&["eval", DIGITS, "--weights", "w.safetensors"]).code(1);
    let said = String::from_utf8(refused.get_output().stderr.clone()).expect("text");
    assert!(said.contains("error[E0601]") && said.contains("`conv2d_1.kernel`"), "{said}");
}

#[test]
fn a_run_without_a_test_split_says_so() {
    let place = Place::new();
    fs::write(place.path("untested.cnn"), SMALL.replace("test: 20% of all; ", "")).expect("written");
    let done =
        place.cnnc(&["run", "untested.cnn", "--epochs", "1", "--threads", "1", "--out", "run"]).success();
    assert!(output(&done).contains("no test split"), "{}", output(&done));
    // those for validation are judged in its place
    let results = &place.report("run")["results"];
    assert!(results["test"].is_null() && results["validation"]["loss"].is_number(), "{results}");
}

#[test]
fn steps_and_predictions_take_arrays() {
    use ndarray::{Array1, Array4};
    use ndarray_npy::{read_npy, write_npy};
    let place = Place::new();
    let images =
        Array4::from_shape_fn((10, 8, 8, 1), |(n, y, x, _)| ((n * 7 + y * 3 + x * 5) % 16) as f32 / 16.0);
    let labels = Array1::from_iter(0..10_i64);
    write_npy(place.path("x.npy"), &images).expect("written");
    write_npy(place.path("y.npy"), &labels).expect("written");
    place.cnnc(&["init", "small.cnn", "--seed", "3", "--output", "w0.safetensors"]).success();
    let words = ["step", "small.cnn", "--weights", "w0.safetensors", "--input", "x.npy", "--labels", "y.npy"];
    let words = [&words[..], &["--steps", "20", "--output", "w1.safetensors", "--threads", "1"]].concat();
    let printed = output(&place.cnnc(&words).success());
    let losses: Vec<f64> = printed
        .lines()
        .map(|line| line.rsplit_once(' ').expect("a number").1.parse().expect("a number"))
        .collect();
    assert_eq!(losses.len(), 20);
    assert!(losses[19] < 0.7 * losses[0], "ten images are learnt by heart: {losses:?}");
    let words =
        ["predict", "small.cnn", "--weights", "w1.safetensors", "--input", "x.npy", "--output", "p.npy"];
    place.cnnc(&words).success();
    let output: ndarray::Array2<f32> = read_npy(place.path("p.npy")).expect("an array");
    assert_eq!(output.shape(), [10, 10]);
    assert!(output.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-5), "rows are probabilities");
}

#[test]
fn bench_prints_one_line() {
    let place = Place::new();
    for mode in ["train", "infer"] {
        let words =
            ["bench", "small.cnn", "--mode", mode, "--batch", "4", "--steps", "3", "--warmup", "1", "--json"];
        let line = output(&place.cnnc(&words).success());
        assert_eq!(line.lines().count(), 1);
        let figures: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        for key in
            ["images_per_s", "step_ms", "step_ms_min", "start_to_first_step_s", "peak_rss_mib", "compile_ms"]
        {
            assert!(figures[key].is_number(), "{key} in {line}");
        }
    }
}

#[test]
fn digits_reach_97_percent() {
    let place = Place::new();
    place.cnnc(&["run", DIGITS, "--out", "run", "--quiet"]).success();
    let accuracy = place.report("run")["results"]["test"]["accuracy"].as_f64().expect("a number");
    assert!(accuracy >= 0.97, "test accuracy {accuracy}");
}

/// The tensors of a weights file, by name.
fn tensors(path: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let bytes = fs::read(path).expect("there");
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("a safetensors file");
    file.tensors().into_iter().map(|(name, tensor)| (name, tensor.data().to_vec())).collect()
}

#[test]
fn what_is_frozen_in_a_phase_stays_as_it_is() {
    let place = Place::new();
    let phased = SMALL
        .replace(
            "    conv2d(8, 3x3, padding: same)\n    batch_norm\n",
            "    conv = conv2d(8, 3x3, padding: same)\n    norm = batch_norm\n",
        )
        .replace("    epochs: 6\n", "    phase head { epochs: 2; freeze: [conv, norm] }\n");
    fs::write(place.path("head.cnn"), &phased).expect("written");
    let second = "    phase head { epochs: 2; freeze: [conv, norm] }\n    phase finetune { epochs: 2; unfreeze: conv onward; optimizer: sgd(lr: 0.01) }\n";
    let both = phased.replace("    phase head { epochs: 2; freeze: [conv, norm] }\n", second);
    fs::write(place.path("both.cnn"), both).expect("written");
    place.cnnc(&["init", "head.cnn", "--seed", "0", "--output", "w0.safetensors"]).success();
    let before = tensors(&place.path("w0.safetensors"));
    for (file, moved) in [("head.cnn", false), ("both.cnn", true)] {
        let folder = file.trim_end_matches(".cnn");
        let output = place.cnnc(&["run", file, "--out", folder]).success();
        let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(said.contains("phase `head`, 2 of 8 layers frozen"), "{said}");
        assert_eq!(said.contains("phase `finetune`"), moved, "{said}");
        let after = tensors(&place.path(folder).join("weights.safetensors"));
        assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
        for (name, values) in &after {
            let is_frozen = name.starts_with("conv.") || name.starts_with("norm.");
            assert_eq!(*values != before[name], moved || !is_frozen, "{file}: {name}");
        }
    }
}

/// A power of two is exact: a rate and its double with half of it for a part are one and the same there.
#[test]
fn a_part_of_the_network_learns_at_a_rate_of_its_own() {
    let place = Place::new();
    let text = SMALL
        .replace("    conv2d(8, 3x3", "    conv = conv2d(8, 3x3")
        .replace("    dense(classes", "    head = dense(classes")
        .replace("epochs: 6", "epochs: 2\n    weight_decay: 0.01");
    let write = |name: &str, rate: &str, scale: &str| {
        let scaled = text.replace("adam(lr: 0.005)", &format!("adam(lr: {rate})\n    {scale}"));
        fs::write(place.path(name), scaled).expect("written");
    };
    write("plain.cnn", "0.005", "");
    write("halved.cnn", "0.01", "lr_scale: { conv onward: 0.5 }");
    write("apart.cnn", "0.005", "lr_scale: { conv: 0.125 }");
    for name in ["plain", "halved", "apart"] {
        place.cnnc(&["run", &format!("{name}.cnn"), "--out", name, "--threads", "2"]).success();
    }
    let weights = |run: &str| tensors(&place.path(run).join("weights.safetensors"));
    assert_eq!(weights("plain"), weights("halved"));
    assert_ne!(weights("plain")["conv.kernel"], weights("apart")["conv.kernel"]);
    // the factor is part of the run: a resume has the same one, and no other
    let first = ["run", "apart.cnn", "--out", "parts", "--epochs", "1"];
    place.cnnc(&first).success();
    let other = place.cnnc(&["run", "plain.cnn", "--resume", "parts", "--epochs", "2"]).code(1);
    let said = String::from_utf8_lossy(&other.get_output().stderr).into_owned();
    assert!(said.contains("lr_scale"), "{said}");
    let summary = place.cnnc(&["summary", "apart.cnn", "--threads", "1"]).success();
    let said = String::from_utf8_lossy(&summary.get_output().stdout).into_owned();
    assert!(said.contains("the learning rate of `conv` is multiplied by 0.125"), "{said}");
    let shown = place.cnnc(&["show", "apart.cnn"]).success();
    let shown = String::from_utf8_lossy(&shown.get_output().stdout).into_owned();
    assert!(shown.contains("lr_scale: { conv: 0.125 }"), "{shown}");
}

#[test]
fn what_is_not_run_yet_is_refused_before_anything_is_read() {
    let place = Place::new();
    let text = SMALL
        .replace("conv2d(8,", "conv2d(search([8, 16]),")
        // so short a run would leave the moving statistics where they began
        .replace("batch_norm", "batch_norm(momentum: 0.9)")
        + "tune { objective: val_accuracy; strategy: random(trials: 2) }\n\
           report { curves }\n";
    fs::write(place.path("later.cnn"), text).expect("written");
    place.cnnc(&["check", "later.cnn", "--deny", "warnings"]).success();
    for command in [&["run", "later.cnn"][..], &["bench", "later.cnn"]] {
        let output = place.cnnc(command).code(1);
        let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert_eq!(said.matches("error[E0010]").count(), 1, "{said}");
    }
    assert!(!place.path("runs").exists());
}

/// Pictures of one brightness each, with a table that says it: `bright` is the brightness in 0..=1, `dark`
/// and `light` are classes that overlap in the middle.
fn write_brightness(place: &Place) {
    fs::create_dir(place.path("pictures")).expect("made");
    let mut table = "file,bright,inverse,tags,part\n".to_owned();
    for at in 0..48_u8 {
        let level = at * 5;
        // a portable pixmap: a header and the bytes
        let picture = [b"P6\n6 6\n255\n".to_vec(), vec![level; 108]].concat();
        fs::write(place.path(&format!("pictures/{at:02}.ppm")), picture).expect("written");
        let bright = f32::from(level) / 255.0;
        let tags = ["dark", "dark;light", "light"][usize::from(at / 16)];
        let part = if at % 6 == 3 { "test" } else { "train" };
        table += &format!("pictures/{at:02}.ppm,{bright},{},{tags},{part}\n", 1.0 - bright);
    }
    fs::write(place.path("labels.csv"), table).expect("written");
}

/// A file that learns from that table.
fn brightness(ending: &str, source: &str, train: &str) -> String {
    format!(
        "model Brightness {{
    input(6x6x3)
    conv2d(4, 3x3, activation: relu)
    global_avg_pool2d
    {ending}
}}
data {{
    {source}
    validation: 20% of train
}}
prepare {{ rescale: 1/255 }}
train {{
    epochs: 60
    batch: 8
    optimizer: adam(lr: 0.01)
    {train}
}}
"
    )
}

#[test]
fn numbers_are_learnt_from_a_table() {
    let place = Place::new();
    write_brightness(&place);
    let source = "source: csv(\"labels.csv\", image: file, label: [bright, inverse], split: part)\n    labels: regression";
    let text = brightness("dense(2)", source, "checkpoint(\"best.safetensors\", monitor: val_mae)");
    fs::write(place.path("numbers.cnn"), text).expect("written");
    place.cnnc(&["check", "numbers.cnn", "--deny", "warnings"]).success();
    let done = place.cnnc(&["run", "numbers.cnn", "--threads", "1"]).success();
    assert!(output(&done).starts_with("test mae 0.0"), "{}", output(&done));
    assert!(place.history("runs/numbers-1").starts_with("epoch,loss,mae,val_loss,val_mae,learning_rate\n"));
    let report = place.report("runs/numbers-1");
    assert_eq!(report["images"], serde_json::json!({ "train": 32, "validation": 8, "test": 8 }));
    assert_eq!(report["settings"]["data.labels"], "regression");
    assert_eq!(report["settings"]["train.loss"], "mse");
    let mae = report["results"]["test"]["mae"].as_f64().expect("measured");
    assert!(mae < 0.05, "the mean error on the test is {mae}");

    let weights = "runs/numbers-1/weights.safetensors";
    let evaluated = place.cnnc(&["eval", "numbers.cnn", "--weights", weights]).success();
    assert!(output(&evaluated).starts_with("test mae 0.0"), "{}", output(&evaluated));
    let predict = |format: &str| {
        let words = ["predict", "numbers.cnn", "--weights", weights, "--format", format, "pictures/32.ppm"];
        output(&place.cnnc(&words).success())
    };
    assert!(predict("human").starts_with("pictures/32.ppm: bright 0.6"), "{}", predict("human"));
    assert!(predict("csv").starts_with("file,bright,inverse\npictures/32.ppm,0.6"), "{}", predict("csv"));
    let line: serde_json::Value = serde_json::from_str(&predict("json")).expect("JSON");
    let sum = line["values"]["bright"].as_f64().expect("a number")
        + line["values"]["inverse"].as_f64().expect("a number");
    assert!((sum - 1.0).abs() < 0.1, "{line}");
}

#[test]
fn several_classes_are_learnt_from_a_table() {
    let place = Place::new();
    write_brightness(&place);
    let source = "source: csv(\"labels.csv\", image: file, label: tags, split: part)\n    labels: multi";
    let text = brightness(
        "dense(8, activation: relu) -> dense(classes, activation: sigmoid)",
        source,
        "seed: 1\n    metrics: [accuracy, f1, auc]",
    );
    fs::write(place.path("tags.cnn"), text).expect("written");
    place.cnnc(&["check", "tags.cnn", "--deny", "warnings"]).success();
    let done = place.cnnc(&["run", "tags.cnn", "--threads", "1", "--epochs", "150"]).success();
    let report = place.report("runs/tags-1");
    assert_eq!(report["settings"]["train.loss"], "binary_crossentropy(label_smoothing: 0)");
    let accuracy = report["results"]["test"]["accuracy"].as_f64().expect("measured");
    assert!(accuracy > 0.8, "{}", output(&done));
    for name in ["f1", "auc"] {
        let value = report["results"]["test"][name].as_f64().expect("measured");
        assert!(value > 0.8 && value <= 1.0, "{}", output(&done));
    }
    let weights = "runs/tags-1/weights.safetensors";
    let said = place
        .cnnc(&["predict", "tags.cnn", "--weights", weights, "pictures/00.ppm", "pictures/47.ppm"])
        .success();
    let said = output(&said);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("pictures/00.ppm: dark ") && !lines[0].contains("light"), "{said}");
    assert!(lines[1].starts_with("pictures/47.ppm: light ") && !lines[1].contains("dark"), "{said}");
}

#[test]
fn a_table_that_is_wrong_is_refused_with_its_line() {
    let place = Place::new();
    write_brightness(&place);
    let table =
        String::from_utf8(place.bytes("labels.csv")).expect("text").replacen("0.01960784", "bright", 1);
    fs::write(place.path("labels.csv"), table).expect("written");
    let source = "source: csv(\"labels.csv\", image: file, label: bright)\n    labels: regression";
    fs::write(place.path("numbers.cnn"), brightness("dense(1)", source, "")).expect("written");
    let failed = place.cnnc(&["check", "numbers.cnn"]).code(1);
    let said = String::from_utf8(failed.get_output().stderr.clone()).expect("text");
    assert!(said.contains("line 3: `bright` is `bright") && said.contains("which is no number"), "{said}");
}

#[test]
fn pictures_of_all_sizes_are_trained_on() {
    let place = Place::new();
    // three sizes, the brightness of which tells the class
    for (class, level) in [("dark", 40_u8), ("light", 200)] {
        fs::create_dir_all(place.path(&format!("set/{class}"))).expect("made");
        for at in 0..30_u8 {
            let [height, width] = [[6, 6], [7, 9], [12, 6]][usize::from(at % 3)];
            let header = format!("P6\n{width} {height}\n255\n").into_bytes();
            let picture = [header, vec![level + at; 3 * width * height]].concat();
            fs::write(place.path(&format!("set/{class}/{at:02}.ppm")), picture).expect("written");
        }
    }
    let text = "model Any {
    input(?x?x3)
    conv2d(4, 3x3, activation: relu)
    max_pool2d(2)
    global_avg_pool2d
    dense(classes, activation: softmax)
}
data { source: folder(\"set\"); validation: 20% of train; test: 20% of all }
prepare { rescale: 1/255 }
train { epochs: 40; batch: 4; seed: 1; optimizer: adam(lr: 0.01) }
";
    fs::write(place.path("any.cnn"), text).expect("written");
    place.cnnc(&["check", "any.cnn", "--deny", "warnings"]).success();
    let summary = output(&place.cnnc(&["summary", "any.cnn"]).success());
    assert!(summary.contains("?x?x4") && summary.contains("takes pictures from 4x4 on"), "{summary}");
    let summary = output(&place.cnnc(&["summary", "any.cnn", "--size", "8x10"]).success());
    assert!(summary.contains("6x8x4") && summary.contains("peak memory"), "{summary}");
    for threads in ["1", "2"] {
        place.cnnc(&["run", "any.cnn", "--threads", threads, "--out", threads]).success();
    }
    let weights = |run: &str| place.bytes(&format!("{run}/weights.safetensors"));
    assert!(weights("1") == weights("2"), "threads change no bit");
    let accuracy = place.report("1")["results"]["test"]["accuracy"].as_f64().expect("measured");
    assert!(accuracy > 0.9, "{accuracy}");
    // each picture by itself gives what it gives among others
    let predict = |pictures: &[&str]| {
        let words =
            [&["predict", "any.cnn", "--weights", "1/weights.safetensors", "--format", "csv"], pictures]
                .concat();
        output(&place.cnnc(&words).success())
    };
    let together = predict(&["set/dark/00.ppm", "set/light/01.ppm", "set/dark/02.ppm", "set/dark/03.ppm"]);
    for (at, picture) in
        ["set/dark/00.ppm", "set/light/01.ppm", "set/dark/02.ppm", "set/dark/03.ppm"].iter().enumerate()
    {
        assert_eq!(predict(&[picture]).lines().nth(1), together.lines().nth(at + 1));
    }
    assert!(
        together.lines().nth(2).is_some_and(|line| line.starts_with("set/light/01.ppm,light,")),
        "{together}"
    );
    // pictures below the least size are refused when the file is read
    fs::write(place.path("set/dark/30.ppm"), b"P6\n3 3\n255\n012345678012345678012345678").expect("written");
    let failed = place.cnnc(&["check", "any.cnn"]).code(1);
    let said = String::from_utf8(failed.get_output().stderr.clone()).expect("text");
    assert!(said.contains("E0119") && said.contains("from 4x4 on"), "{said}");
}

/// A run that version 0.1 wrote, with its settings in format 1, goes on; from then on they are in today's
/// notation.
#[test]
fn a_run_of_an_earlier_version_goes_on() {
    let place = Place::new();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/settings");
    fs::copy(kept.join("table.cnn"), place.path("table.cnn")).expect("copied");
    for folder in ["table", "run-table"] {
        fs::create_dir(place.path(folder)).expect("a folder");
        for entry in fs::read_dir(kept.join(folder)).expect("a fixture") {
            let entry = entry.expect("a file");
            fs::copy(entry.path(), place.path(folder).join(entry.file_name())).expect("copied");
        }
    }
    place.cnnc(&["run", "table.cnn", "--resume", "run-table", "--set", "train.batch=8"]).failure().code(1);
    place.cnnc(&["run", "table.cnn", "--resume", "run-table"]).success();
    let settings = &place.report("run-table")["settings"];
    assert_eq!(settings["format"], 2);
    assert_eq!(
        settings["train.optimizer"],
        "adagrad(lr: 0.001, initial_accumulator_value: 0.1, epsilon: 0.0000001)"
    );
    assert_eq!(settings["model.dense"].as_str().map(|text| text.starts_with("dense(units: 2, ")), Some(true));
    place.cnnc(&["run", "table.cnn", "--resume", "run-table"]).success();
}
