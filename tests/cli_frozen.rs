//! Networks with a frozen beginning, through the command line: features that are kept change no bit of a run, and
//! what is told of them is so.

use std::fs;
use std::path::PathBuf;
#[cfg(unix)]
use std::{
    path::Path,
    process::{Command as Process, Stdio},
    time::{Duration, Instant},
};

use assert_cmd::Command;

/// Everything up to `g` can be frozen; `d` is there for dropout.
const MODEL: &str = "\
model Small {
    input(8x8x1)
    a = conv2d(8, 3x3, padding: same)
    n = batch_norm
    r = relu
    b = conv2d(12, 3x3, padding: same, activation: relu)
    g = max_pool2d(4)
    flatten
    d = dropout(0.2)
    dense(classes, activation: softmax)
}
prepare { rescale: 1/255 }
";

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file with this in `data`, and these sections behind it.
    fn write(&self, name: &str, data: &str, sections: &str) {
        let data = format!("data {{ source: digits; test: 20% of all; validation: 20% of train; {data} }}");
        fs::write(self.path(name), format!("{MODEL}{data}\n{sections}\n")).expect("written");
    }

    /// What a command says on stderr, then on stdout.
    fn cnnc(&self, words: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
        command.env_remove("CNNC_DATA_DIR").env("CNNC_MEMORY_MIB", "65536");
        let done = command.current_dir(self.folder.path()).args(words).assert().success();
        let output = done.get_output();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        text(&output.stderr) + &text(&output.stdout)
    }

    /// Trains without the page, and tells what is said.
    fn run(&self, file: &str, out: &str, more: &[&str]) -> String {
        self.cnnc(&[&["run", file, "--out", out, "--no-report"], more].concat())
    }

    fn report(&self, run: &str) -> serde_json::Value {
        let text = fs::read(self.path(run).join("run.json")).expect("there");
        serde_json::from_slice(&text).expect("JSON")
    }

    /// What two runs have in common if nothing changed a bit of them: weights, and the history without times.
    fn numbers(&self, run: &str) -> (Vec<u8>, String) {
        let history = fs::read_to_string(self.path(run).join("history.csv")).expect("there");
        let rows = history.lines().map(|row| row.rsplit_once(',').expect("columns").0);
        let weights = fs::read(self.path(run).join("weights.safetensors")).expect("there");
        // the program is part of the file, and says how pictures are kept
        let begin = 8 + u64::from_le_bytes(weights[..8].try_into().expect("eight bytes")) as usize;
        (weights[begin..].to_vec(), rows.collect::<Vec<_>>().join("\n"))
    }

    fn assert_same(&self, runs: &[&str]) {
        for run in &runs[1..] {
            assert!(self.numbers(runs[0]) == self.numbers(run), "`{run}` is not `{}`", runs[0]);
        }
    }
}

const FROZEN: &str = "train { epochs: 3; batch: 40; optimizer: adam(lr: 0.01); freeze: [a, n, b] }";

#[test]
fn where_features_are_kept_changes_no_bit() {
    let place = Place::new();
    for (name, cache) in
        [("plain", ""), ("memory", "cache: memory"), ("disk", "cache: disk"), ("none", "cache: none")]
    {
        place.write(&format!("{name}.cnn"), cache, FROZEN);
        let said = place.run(&format!("{name}.cnn"), name, &["--threads", "2"]);
        let frozen = "the network up to `flatten` is frozen and compiled for inference (layers: 6, batch norms folded: 1)";
        assert!(said.contains(frozen), "{said}");
        let kept = match name {
            "none" => "features are computed in every epoch: `cache: none`",
            "disk" => "features of 1438 pictures are computed once and kept on disk: 269.6 KiB",
            _ => "features of 1438 pictures are computed once and kept in memory: 269.6 KiB",
        };
        assert!(said.contains(kept), "{said}");
        let told = "features of 1438 pictures were computed once (";
        assert_eq!(
            said.contains(told) && said.contains(" s) instead of in each of 3 epochs"),
            name != "none",
            "{said}"
        );
        let features = &place.report(name)["features"];
        if name == "none" {
            assert_eq!(features, &serde_json::json!([]));
        } else {
            assert_eq!((&features[0]["pictures"], &features[0]["epochs"]), (&1438.into(), &3.into()));
            let kept = if name == "disk" { "disk" } else { "memory" };
            assert_eq!(
                (&features[0]["kept"], &features[0]["phase"]),
                (&kept.into(), &serde_json::Value::Null)
            );
            assert!(features[0]["compute_s"].is_number());
        }
    }
    place.run("plain.cnn", "one", &["--threads", "1"]);
    place.assert_same(&["plain", "memory", "disk", "none", "one"]);
}

#[test]
fn the_summary_says_what_is_frozen_and_why_features_are_not_kept() {
    let place = Place::new();
    let summary = |data: &str, sections: &str| {
        place.write("m.cnn", data, sections);
        place.cnnc(&["summary", "m.cnn", "--threads", "1"])
    };
    let said = summary("", FROZEN);
    assert!(
        said.contains("features of 1438 pictures are computed once and kept in memory: 269.6 KiB"),
        "{said}"
    );
    assert!(said.contains("features 269.6 KiB"), "the memory of a run has them: {said}");
    let said = summary("", &format!("augment {{ flip(horizontal); mixup }} {FROZEN}"));
    assert!(
        said.contains("features are computed in every epoch: `flip` of `augment` changes the pictures"),
        "{said}"
    );
    assert!(said.contains(" pictures for validation are computed once and kept in memory"), "{said}");
    let said = summary("", &format!("augment {{ mixup }} {FROZEN}"));
    assert!(said.contains("features are computed in every epoch: `mixup` of `augment` changes"), "{said}");
    let phases = "train { optimizer: adam(lr: 0.01); phase head { epochs: 2; freeze: [a, n, b] } phase all { epochs: 2; unfreeze: b onward } }";
    let said = summary("", phases);
    assert!(said.contains("phase head: features of 1438 pictures are computed once"), "{said}");
    assert!(said.contains("phase all: the network up to `r` is frozen"), "{said}");
    let said = summary("", "train { optimizer: adam(lr: 0.01) }");
    assert!(!said.contains("frozen") && !said.contains("features"), "{said}");
}

/// Where pictures are changed at random those to train on go through the network in every epoch; those for
/// validation do not.
#[test]
fn with_augmentation_the_features_for_validation_are_kept() {
    let place = Place::new();
    let sections = format!("augment {{ shift(width: 10%, height: 10%); mixup(p: 50%) }} {FROZEN}");
    for (name, cache) in [("kept", ""), ("none", "cache: none")] {
        place.write(&format!("{name}.cnn"), cache, &sections);
        let said = place.run(&format!("{name}.cnn"), name, &["--threads", "2"]);
        assert!(
            said.contains("features are computed in every epoch: `shift` of `augment`") || name == "none",
            "{said}"
        );
        assert_eq!(said.contains("features of 287 pictures were computed once"), name == "kept", "{said}");
    }
    place.assert_same(&["kept", "none"]);
}

/// Each phase has its own part: what is learnt again has no features any more, what is frozen still has others.
#[test]
fn phases_make_their_own_features() {
    let place = Place::new();
    let phases = "train { batch: 40; optimizer: adam(lr: 0.01)
        phase head { epochs: 2; freeze: [a, n, b] }
        phase end { epochs: 3; unfreeze: b onward; batch: 25 }
        phase all { epochs: 1; unfreeze: a onward; optimizer: sgd(lr: 0.01) } }";
    for (name, cache) in [("kept", ""), ("none", "cache: none")] {
        place.write(&format!("{name}.cnn"), cache, phases);
        let said = place.run(&format!("{name}.cnn"), name, &["--threads", "2"]);
        assert!(said.contains("the network up to `r` is frozen"), "{said}");
        let once = ["in each of 2 epochs", "in each of 3 epochs"].map(|epochs| said.contains(epochs));
        assert_eq!(once, [name == "kept"; 2], "{said}");
    }
    let phases = &place.report("kept")["features"];
    assert_eq!([0, 1].map(|at| phases[at]["phase"].clone()), ["head", "end"]);
    assert_eq!(phases.as_array().expect("a list").len(), 2);
    place.assert_same(&["kept", "none"]);
}

/// Features are no part of a state: a run that goes on makes them again, and ends as one that was never stopped.
#[test]
#[cfg(unix)]
fn a_run_that_goes_on_makes_them_again() {
    let place = Place::new();
    let slow = "train { epochs: 12; batch: 2; optimizer: adam(lr: 0.001); ema: 0.9; freeze: [a, n, b]
        early_stopping(monitor: val_loss, patience: 20) }";
    place.write("m.cnn", "", slow);
    place.run("m.cnn", "whole", &["--threads", "1"]);
    for signal in ["KILL", "INT"] {
        let words = ["run", "m.cnn", "--no-report", "--threads", "1", "--out", signal];
        let mut child = Process::new(env!("CARGO_BIN_EXE_cnnc"))
            .current_dir(place.folder.path())
            .env_remove("CNNC_DATA_DIR")
            .env("CNNC_MEMORY_MIB", "65536")
            .args(words)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        wait_for_lines(&place.path(signal).join("history.csv"), 3);
        // in the middle of an epoch, in all likelihood
        let sent = Process::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        child.wait().expect("ended");
        let status = place.report(signal)["status"].clone();
        assert_eq!(status, if signal == "KILL" { "running" } else { "interrupted" });
        let said = place.cnnc(&["run", "m.cnn", "--no-report", "--threads", "2", "--resume", signal]);
        assert!(said.contains("features of 1438 pictures were computed once ("), "{said}");
        place.assert_same(&["whole", signal]);
    }
    // and where the pictures are kept may change meanwhile
    place.run("m.cnn", "moved", &["--threads", "2", "--epochs", "3"]);
    place.write("m.cnn", "cache: disk", slow);
    place.cnnc(&["run", "m.cnn", "--no-report", "--resume", "moved"]);
    place.assert_same(&["whole", "moved"]);
}

/// Dropout that is not frozen itself works while training.
#[test]
fn what_is_random_in_a_frozen_network_is_told() {
    let place = Place::new();
    let text = MODEL.replace("r = relu\n", "r = relu\n    drop = dropout(0.3)\n");
    for (name, cache) in [("kept", ""), ("none", "cache: none")] {
        let data = format!("data {{ source: digits; validation: 20% of train; {cache} }}");
        fs::write(place.path(&format!("{name}.cnn")), format!("{text}{data}\n{FROZEN}")).expect("written");
        let said = place.run(&format!("{name}.cnn"), name, &["--threads", "2"]);
        assert!(said.contains("the network up to `r` is frozen and compiled for inference (layers: 3, batch norms folded: 1)"), "{said}");
        assert!(
            said.contains(
                "`drop` is random while training: the frozen layers behind it are computed in every step"
            ),
            "{said}"
        );
    }
    place.assert_same(&["kept", "none"]);
}

/// The last evaluation is of the whole model, as `eval` computes it.
#[test]
fn the_results_are_those_of_eval() {
    let place = Place::new();
    place.write("m.cnn", "", FROZEN);
    let ran = place.run("m.cnn", "run", &["--threads", "2"]);
    let line = |said: &str| said.lines().find(|line| line.starts_with("test accuracy")).map(str::to_owned);
    let (run, evaluated) = (line(&ran), line(&place.cnnc(&["eval", "run"])));
    assert!(run.is_some(), "{ran}");
    assert_eq!(run, evaluated);
}

/// Where pictures have any size each is of a batch with others of its own, and goes through the frozen network in
/// every epoch.
#[test]
fn networks_that_leave_sizes_open_are_divided_too() {
    let place = Place::new();
    for (class, level) in [("dark", 40_u8), ("light", 200)] {
        fs::create_dir_all(place.path(&format!("set/{class}"))).expect("made");
        for at in 0..20_u8 {
            let [height, width] = [[6, 6], [7, 9]][usize::from(at % 2)];
            let header = format!("P6\n{width} {height}\n255\n").into_bytes();
            let picture = [header, vec![level + at; 3 * width * height]].concat();
            fs::write(place.path(&format!("set/{class}/{at:02}.ppm")), picture).expect("written");
        }
    }
    let text = |data: &str| {
        format!(
            "model Any {{
    input(?x?x3)
    a = conv2d(4, 3x3)
    n = batch_norm
    b = conv2d(6, 3x3, padding: same, activation: relu)
    global_avg_pool2d
    dense(classes, activation: softmax)
}}
data {{ source: folder(\"set\"); validation: 20% of train; test: 20% of all; {data} }}
prepare {{ rescale: 1/255 }}
train {{ epochs: 3; batch: 4; seed: 1; optimizer: adam(lr: 0.01); freeze: [a, n] }}
"
        )
    };
    for (name, data, threads) in [("one", "", "1"), ("two", "cache: disk", "2")] {
        fs::write(place.path(&format!("{name}.cnn")), text(data)).expect("written");
        let said = place.run(&format!("{name}.cnn"), name, &["--threads", threads]);
        assert!(said.contains("the network up to `n` is frozen and compiled for inference"), "{said}");
        let why = "features are computed in every epoch: the model leaves the size of its pictures open";
        assert!(said.contains(why), "{said}");
    }
    place.assert_same(&["one", "two"]);
}

/// What is frozen has a program of its own in the stages of the compiler too.
#[test]
fn the_frozen_beginning_can_be_looked_at() {
    let place = Place::new();
    place.write("m.cnn", "", FROZEN);
    let frozen = place.cnnc(&["emit", "m.cnn", "--stage", "opt", "--mode", "frozen"]);
    assert!(frozen.contains("a.kernel") && !frozen.contains("dense.kernel"), "{frozen}");
    let trained = place.cnnc(&["emit", "m.cnn", "--stage", "ir", "--mode", "train"]);
    assert!(trained.contains("features 0") && trained.contains("dense.kernel"), "{trained}");
    assert!(!trained.contains("a.kernel"), "{trained}");
    place.cnnc(&["emit", "m.cnn", "--stage", "plan", "--mode", "frozen"]);
    place.write("plain.cnn", "", "train { epochs: 1; optimizer: adam(lr: 0.01) }");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
    command.current_dir(place.folder.path()).args(["emit", "plain.cnn", "--stage", "ir", "--mode", "frozen"]);
    let failed = command.assert().code(2);
    let said = String::from_utf8_lossy(&failed.get_output().stderr).into_owned();
    assert!(said.contains("nothing is frozen in front of what is trained"), "{said}");
}

/// Where the loss becomes no number, the reason is looked for behind the features.
#[test]
fn a_run_that_diverges_says_so() {
    let place = Place::new();
    place.write("m.cnn", "", &FROZEN.replace("adam(lr: 0.01)", "sgd(lr: 3e38)"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
    command.env_remove("CNNC_DATA_DIR").env("CNNC_MEMORY_MIB", "65536").current_dir(place.folder.path());
    let failed = command.args(["run", "m.cnn", "--no-report"]).assert().code(1);
    let said = String::from_utf8_lossy(&failed.get_output().stderr).into_owned();
    assert!(said.contains("the loss became") && said.contains("every layer's result is finite"), "{said}");
}

#[test]
fn the_page_tells_it() {
    let place = Place::new();
    place.write("m.cnn", "", FROZEN);
    place.cnnc(&["run", "m.cnn", "--out", "run", "--threads", "2"]);
    let page = fs::read_to_string(place.path("run/report.html")).expect("there");
    assert!(page.contains("Features of 1,438 pictures were computed once, in "), "the time");
    assert!(page.contains(" instead of in each of 3 epochs."), "the time");
    assert!(page.contains("Its frozen beginning, 6 layers, is not among these"), "what the compiler did");
    // how products of frozen layers are computed is told beside the others
    assert!(page.contains("<tr><td>a</td>") && page.contains("<tr><td>dense</td>"), "the products");
}

#[test]
fn korean_says_it_too() {
    let place = Place::new();
    place.write("m.cnn", "", FROZEN);
    let said = place.run("m.cnn", "run", &["--threads", "2", "--lang", "ko"]);
    assert!(said.contains("동결해서 추론용으로 컴파일합니다"), "{said}");
    assert!(said.contains("이미지 1438장의 특징을 한 번만 계산해서 메모리에 둡니다"), "{said}");
    assert!(said.contains("한 번만 계산했습니다"), "{said}");
    assert!(!said.contains("features") && !said.contains("frozen"), "{said}");
}

#[cfg(unix)]
fn wait_for_lines(path: &Path, lines: usize) {
    let begun = Instant::now();
    while fs::read_to_string(path).map_or(0, |text| text.lines().count()) < lines {
        assert!(begun.elapsed() < Duration::from_secs(120), "`{}` does not grow", path.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}
