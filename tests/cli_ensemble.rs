//! Ensembles, through the command line: members are runs of their own, their answers become one as they should,
//! an interruption changes nothing, and what does not fit is refused.
//!
//! ONNX Runtime is asked as in `cli_export.rs`.

#[path = "onnx/runtime.rs"]
mod runtime;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use cnnc::{Chosen, Experiment, Options, Silent, compose};
use ndarray::{Array2, Array4};
use ndarray_npy::{read_npy, write_npy};
use safetensors::SafeTensors;
use serde_json::{Value, json};

use runtime::{Numbers, python, root};

const MODELS: &str = "\
model Small {
    input(8x8x1)
    conv2d(4, 3x3, activation: relu)
    flatten
    dense(classes, activation: softmax)
}
model Flat {
    input(8x8x1)
    flatten
    dense(16, activation: relu)
    dense(classes)
}
data { source: digits; test: 20% of all; validation: 20% of train }
prepare { rescale: 1/16 }
train { epochs: 2; optimizer: adam(lr: 0.01) }
train Flat { epochs: 3; loss: categorical_crossentropy(from_logits: true) }
";

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// With an ensemble of three for each way of combining: `mean.cnn`, `vote.cnn`, `weighted.cnn`.
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a folder") };
        for combine in ["mean", "vote", "weighted"] {
            let ensemble = format!("ensemble Three {{ members: [2 of Small, Flat]; combine: {combine} }}\n");
            place.write(&format!("{combine}.cnn"), &format!("{MODELS}{ensemble}"));
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&self.bytes(name)).expect("JSON")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
        command.env_remove("CNNC_DATA_DIR").env("CNNC_MEMORY_MIB", "65536").env("LC_ALL", "C");
        command.current_dir(self.folder.path()).args(words);
        command
    }

    fn cnnc(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("started")
    }

    /// What a command that succeeds says.
    #[track_caller]
    fn said(&self, words: &[&str]) -> String {
        let done = self.cnnc(words);
        let said = [done.stdout, done.stderr].map(|text| String::from_utf8(text).expect("text")).concat();
        assert!(done.status.success(), "{words:?}: {said}");
        said
    }

    /// What a command that fails says.
    #[track_caller]
    fn refused(&self, words: &[&str], code: i32) -> String {
        let done = self.cnnc(words);
        let said = String::from_utf8(done.stderr).expect("text");
        assert_eq!(done.status.code(), Some(code), "{words:?}: {said}");
        said
    }

    /// What a model answers to pictures.
    fn answers(&self, words: &[&str]) -> Array2<f32> {
        self.said(&[&["predict"], words, &["--input", "x.npy", "--output", "y.npy"]].concat());
        read_npy(self.path("y.npy")).expect("answers")
    }

    /// Pictures of noise, as they are when they are prepared.
    fn noise(&self, count: usize) {
        let mut numbers = Numbers(3);
        let noise = Array4::from_shape_fn((count, 8, 8, 1), |_| numbers.next().abs());
        write_npy(self.path("x.npy"), &noise).expect("written");
    }

    /// The tensors of a weights file.
    fn tensors(&self, name: &str) -> BTreeMap<String, Vec<f32>> {
        let bytes = self.bytes(name);
        let file = SafeTensors::deserialize(&bytes).expect("weights");
        let numbers =
            |data: &[u8]| data.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
        file.tensors().into_iter().map(|(name, view)| (name, numbers(view.data()))).collect()
    }
}

const MEMBERS: [&str; 3] = ["Small_1", "Small_2", "Flat"];

/// Each member is trained to the bits of a run by itself, whatever the number of threads; the ensemble's weights
/// are theirs.
#[test]
fn members_are_runs_of_their_own() {
    let place = Place::new();
    let said = place.said(&["run", "mean.cnn", "--out", "e", "--threads", "2"]);
    for line in [
        "member 1 of 3: Small_1",
        "Three (mean)",
        "against its best member",
        "weights: e/weights.safetensors",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    for (member, words) in [("Small_1", ["Small", "0"]), ("Small_2", ["Small", "1"]), ("Flat", ["Flat", "0"])]
    {
        let [model, seed] = words;
        let out = format!("alone-{member}");
        place.said(&["run", "mean.cnn", "--model", model, "--seed", seed, "--out", &out, "--threads", "1"]);
        for file in ["weights.safetensors", "predictions.csv"] {
            assert!(
                place.bytes(&format!("e/{member}/{file}")) == place.bytes(&format!("{out}/{file}")),
                "{member}"
            );
        }
    }
    let whole = place.tensors("e/weights.safetensors");
    let parts: BTreeMap<String, Vec<f32>> = MEMBERS
        .iter()
        .flat_map(|member| {
            let own = place.tensors(&format!("e/{member}/weights.safetensors"));
            own.into_iter().map(move |(name, values)| (format!("{member}.{name}"), values))
        })
        .collect();
    assert_eq!(whole, parts);
    place.said(&["run", "mean.cnn", "--out", "again", "--threads", "1"]);
    for file in ["weights.safetensors", "predictions.csv", "metrics.json"] {
        assert!(place.bytes(&format!("e/{file}")) == place.bytes(&format!("again/{file}")), "{file}");
    }
    // what is told of it
    let report = place.json("e/run.json");
    assert_eq!((&report["status"], &report["model"]), (&json!("finished"), &json!("Three")));
    assert_eq!(report["progress"]["epochs"], 7);
    let names: Vec<&str> = report["ensemble"]["members"]
        .as_array()
        .expect("members")
        .iter()
        .filter_map(|m| m["name"].as_str())
        .collect();
    assert_eq!(names, MEMBERS);
    assert!(report["ensemble"]["gain"]["p"].as_f64().is_some_and(|p| (0.0..=1.0).contains(&p)), "{report}");
    let page = fs::read_to_string(place.path("e/report.html")).expect("a page");
    assert!(page.contains("Members and ensemble") && page.contains("against its best member"));
    let text = place.said(&["report", "e", "--text"]);
    assert!(text.contains("Three (mean)") && !text.contains("no epoch"), "{text}");
    let text = place.said(&["report", "e", "--text", "--lang", "ko"]);
    assert!(text.contains("구성원") && text.contains("앙상블 Three") && !text.contains("member"), "{text}");
    // a run that is done changes nothing when it is gone on with
    place.said(&["run", "mean.cnn", "--resume", "e"]);
    assert!(place.bytes("e/weights.safetensors") == place.bytes("again/weights.safetensors"));
}

/// The mean, the vote and the weighted mean of what the members answer by themselves.
#[test]
fn answers_become_one() {
    let place = Place::new();
    place.said(&["run", "weighted.cnn", "--out", "w", "--no-report"]);
    place.noise(50);
    let softmax = |scores: Array2<f32>| {
        let mut shares = scores;
        for mut row in shares.rows_mut() {
            let most = row.fold(f32::NEG_INFINITY, |most, &score| most.max(score));
            row.mapv_inplace(|score| (score - most).exp());
            let sum = row.sum();
            row.mapv_inplace(|share| share / sum);
        }
        shares
    };
    // the last member is trained on scores
    let own: Vec<Array2<f32>> = MEMBERS
        .iter()
        .map(|member| place.answers(&[&format!("w/{member}")]))
        .enumerate()
        .map(|(at, answers)| if at == 2 { softmax(answers) } else { answers })
        .collect();
    let near = |a: &Array2<f32>, b: &Array2<f32>| (a - b).iter().fold(0.0_f32, |most, d| most.max(d.abs()));
    let weights = place.tensors("w/weights.safetensors");
    let shares: Vec<f32> =
        MEMBERS.iter().map(|member| weights[&format!("{member}.share.weight")][0]).collect();
    assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{shares:?}");
    assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{shares:?}");
    let told = place.json("w/run.json");
    for (at, share) in shares.iter().enumerate() {
        assert_eq!(told["ensemble"]["members"][at]["share"].as_f64().map(|told| told as f32), Some(*share));
    }
    let weighted = own.iter().zip(&shares).map(|(answers, share)| answers * *share).reduce(|a, b| a + b);
    assert!(near(&place.answers(&["w"]), &weighted.expect("three")) < 1e-6);
    // the same weights for the other ways, which want no shares
    let with = ["--weights", "w/weights.safetensors"];
    let mean = own.iter().cloned().reduce(|a, b| a + b).expect("three") / 3.0;
    assert!(near(&place.answers(&[&["mean.cnn"][..], &with].concat()), &mean) < 1e-6);
    let mut votes = Array2::<f32>::zeros(mean.dim());
    for answers in &own {
        for (mut vote, row) in votes.rows_mut().into_iter().zip(answers.rows()) {
            let best = (1..row.len()).fold(0, |best, at| if row[at] > row[best] { at } else { best });
            vote[best] += 1.0;
        }
    }
    assert_eq!(place.answers(&[&["vote.cnn"][..], &with].concat()), votes / 3.0);
    // no other weights make the loss on the validation pictures smaller
    let loss = |shares: [f32; 3]| -> f64 {
        let mut changed = weights.clone();
        for (member, share) in MEMBERS.iter().zip(shares) {
            changed.insert(format!("{member}.share.weight"), vec![share]);
        }
        let shapes = place.bytes("w/weights.safetensors");
        let file = SafeTensors::deserialize(&shapes).expect("weights");
        let bytes: BTreeMap<String, Vec<u8>> = changed
            .iter()
            .map(|(name, values)| {
                (name.clone(), values.iter().flat_map(|value| value.to_le_bytes()).collect())
            })
            .collect();
        let views = file.tensors().into_iter().map(|(name, view)| {
            let data = &bytes[&name];
            (
                name,
                safetensors::tensor::TensorView::new(view.dtype(), view.shape().to_vec(), data)
                    .expect("sound"),
            )
        });
        safetensors::serialize_to_file(views, None, &place.path("changed.safetensors")).expect("written");
        let words = ["eval", "weighted.cnn", "--weights", "changed.safetensors", "--split", "validation"];
        let said = place.cnnc(&[&words[..], &["--format", "json"]].concat());
        let judged: Value = serde_json::from_slice(&said.stdout).expect("JSON");
        judged["results"]["loss"].as_f64().expect("a loss")
    };
    let [a, b, c] = [shares[0], shares[1], shares[2]];
    let least = loss([a, b, c]);
    let step = 0.05;
    for other in [[a + step, b, c], [a, b + step, c], [a, b, c + step], [1.0, 1.0, 1.0]] {
        let sum: f32 = other.iter().sum();
        assert!(least <= loss(other.map(|share| share / sum)) + 1e-6, "{shares:?} against {other:?}");
    }
}

/// Votes of members that are equally sure of several classes, and of those that judge one class, or each by
/// itself.
#[test]
fn ties_go_to_the_first_class() {
    let place = Place::new();
    let text = |head: &str, labels: &str| {
        format!(
            "model A {{ input(8x8x1); flatten; {head} }}\nmodel B {{ input(8x8x1); conv2d(2, 3x3); flatten; {head} }}\n\
             ensemble Two {{ members: [2 of A, B]; combine: vote }}\n{labels}"
        )
    };
    place.noise(2);
    // weights that are all 0: every class is as likely as any other
    place.write("ties.cnn", &text("dense(3, kernel_initializer: zeros, activation: softmax)", ""));
    place.said(&["init", "ties.cnn", "--output", "zeros.safetensors"]);
    let answers = place.answers(&["ties.cnn", "--weights", "zeros.safetensors"]);
    assert_eq!(answers, ndarray::arr2(&[[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]));
    // 1/2 is no yes
    let labels = "data { source: csv(\"t.csv\", image: file, label: [a, b]); labels: multi }\nprepare { color: gray }\n\
                  train { loss: binary_crossentropy }\n";
    place.write("each.cnn", &text("dense(2, kernel_initializer: zeros, activation: sigmoid)", labels));
    place.said(&["init", "each.cnn", "--output", "each.safetensors"]);
    let answers = place.answers(&["each.cnn", "--weights", "each.safetensors"]);
    assert_eq!(answers, Array2::<f32>::zeros((2, 2)));
    let sure =
        text("dense(2, kernel_initializer: zeros, bias_initializer: ones, activation: sigmoid)", labels);
    place.write("sure.cnn", &sure);
    place.said(&["init", "sure.cnn", "--output", "sure.safetensors"]);
    let answers = place.answers(&["sure.cnn", "--weights", "sure.safetensors"]);
    assert_eq!(answers, Array2::<f32>::ones((2, 2)));
}

/// A run that is stopped or killed goes on to the same weights, wherever it was.
#[test]
#[cfg(unix)]
fn interruptions_change_nothing() {
    let place = Place::new();
    let slow = place.bytes("mean.cnn");
    let slow = String::from_utf8(slow).expect("text").replace("epochs: 2", "epochs: 6; batch: 4");
    place.write("slow.cnn", &slow.replace("epochs: 3", "epochs: 8"));
    let begun = std::time::Instant::now();
    place.said(&["run", "slow.cnn", "--out", "whole", "--threads", "1", "--no-report"]);
    let whole = begun.elapsed();
    for (at, signal) in ["INT", "KILL", "INT", "KILL", "KILL"].into_iter().enumerate() {
        let out = format!("run-{at}");
        let mut words = vec!["run", "slow.cnn", "--out", &out, "--threads", "1", "--no-report"];
        for part in [at as u32 + 1, 2] {
            let mut command = place.command(&words);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started");
            std::thread::sleep(whole * part / 8 + Duration::from_millis(20));
            let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
            assert!(sent.expect("kill runs").success());
            let mut said = String::new();
            let mut stderr = child.stderr.take().expect("piped");
            std::io::Read::read_to_string(&mut stderr, &mut said).expect("text");
            child.wait().expect("ended");
            if signal == "INT" && said.contains("interrupted in epoch") {
                assert!(said.contains(&format!("--resume {out}\n")), "{said}");
                assert_eq!(place.json(&format!("{out}/run.json"))["status"], "interrupted");
            }
            if place.path(&out).exists() {
                words = vec!["run", "slow.cnn", "--resume", &out, "--threads", "1", "--no-report"];
            }
        }
        place.said(&words);
        for file in ["weights.safetensors", "predictions.csv", "metrics.json", "Flat/weights.safetensors"] {
            let same = place.bytes(&format!("{out}/{file}")) == place.bytes(&format!("whole/{file}"));
            assert!(same, "{signal} {at}: {file}");
        }
    }
    // no member's settings may change, but its epochs may grow
    let other = slow.replace("dense(16", "dense(17").replace("epochs: 3", "epochs: 8");
    place.write("other.cnn", &other);
    let said = place.refused(&["run", "other.cnn", "--resume", "whole"], 1);
    assert!(said.contains("E0606") && said.contains("17"), "{said}");
    let said = place.refused(&["run", "slow.cnn", "--model", "Flat", "--resume", "whole"], 1);
    assert!(said.contains("E0606"), "{said}");
    place.write("longer.cnn", &slow.replace("epochs: 3", "epochs: 9"));
    place.said(&["run", "longer.cnn", "--resume", "whole", "--no-report"]);
    assert_eq!(place.json("whole/run.json")["progress"]["epochs"], 6 + 6 + 9);
    // a member's folder is a run's of its own
    let alone = place.json("whole/Flat/run.json");
    assert_eq!(alone["progress"]["epochs"], 9);
}

/// Members that are trained already are taken as they are.
#[test]
fn trained_members_keep_their_weights() {
    let place = Place::new();
    place.said(&["run", "mean.cnn", "--model", "Small", "--out", "small", "--no-report"]);
    let members = "ensemble Two { members: [Small(weights: \"small/weights.safetensors\"), Flat] }\n";
    place.write("given.cnn", &format!("{MODELS}{members}"));
    let said = place.said(&["run", "given.cnn", "--out", "g"]);
    assert!(said.contains("member 1 of 2: Small has its weights from a file"), "{said}");
    assert!(!place.path("g/Small").exists() && place.path("g/Flat").exists());
    let whole = place.tensors("g/weights.safetensors");
    for (name, values) in place.tensors("small/weights.safetensors") {
        assert_eq!(whole[&format!("Small.{name}")], values);
    }
    let report = place.json("g/run.json");
    let [given, trained] = [0, 1].map(|at| &report["ensemble"]["members"][at]);
    assert_eq!((&given["weights"], &given["seed"]), (&json!("small/weights.safetensors"), &Value::Null));
    // it is judged as its own run has judged it
    assert_eq!(given["judged"]["results"], place.json("small/run.json")["results"]["test"]);
    assert_eq!(trained["judged"]["results"], place.json("g/Flat/run.json")["results"]["test"]);
    // shown, and read again, it is the same
    let shown = place.said(&["show", "given.cnn"]);
    assert!(shown.contains("members: [Small(weights: \"small/weights.safetensors\"), Flat]"), "{shown}");
    place.write("shown.cnn", &shown);
    assert_eq!(place.said(&["show", "shown.cnn"]), shown);
    // damaged weights, weights of another model, and none
    let mut bytes = place.bytes("small/weights.safetensors");
    let at = bytes.len() - 5;
    bytes[at] ^= 4;
    fs::write(place.path("damaged.safetensors"), bytes).expect("written");
    let with = |file: &str| format!("{MODELS}{}", members.replace("small/weights.safetensors", file));
    place.write("damaged.cnn", &with("damaged.safetensors"));
    let said = place.refused(&["run", "damaged.cnn", "--out", "d"], 1);
    assert!(said.contains("E0611"), "{said}");
    place.write("other.cnn", &with("g/Flat/weights.safetensors"));
    let said = place.refused(&["check", "other.cnn"], 1);
    assert!(said.contains("E0113"), "{said}");
    place.write("none.cnn", &with("none.safetensors"));
    assert!(place.said(&["check", "none.cnn"]).contains("W0125"));
    // of pictures that were prepared otherwise
    place.write("prepared.cnn", &with("small/weights.safetensors").replace("1/16", "1/8"));
    let said = place.refused(&["run", "prepared.cnn", "--out", "p"], 1);
    assert!(said.contains("its pictures were prepared with"), "{said}");
}

/// What commands make of an ensemble and its one file of weights.
#[test]
fn an_ensemble_is_used_like_a_model() {
    let place = Place::new();
    place.said(&["run", "mean.cnn", "--out", "e", "--no-report"]);
    let judged = place.said(&["eval", "e"]);
    let written = place.json("e/run.json");
    let accuracy = written["results"]["test"]["accuracy"].as_f64().expect("an accuracy");
    assert!(judged.contains(&format!("accuracy {accuracy:.4}")), "{judged}");
    let same = place.said(&["eval", "mean.cnn", "--weights", "e/weights.safetensors"]);
    assert!(same.contains(&format!("accuracy {accuracy:.4}")), "{same}");
    let summary = place.said(&["summary", "mean.cnn"]);
    assert!(summary.contains("Small_1.conv2d") && summary.contains("average"), "{summary}");
    let shown = place.said(&["weights", "show", "e/weights.safetensors", "--for", "mean.cnn"]);
    assert!(shown.contains("Small_2.conv2d.kernel"), "{shown}");
    let picture = image::GrayImage::from_fn(8, 8, |x, y| image::Luma([(30 * x + y) as u8]));
    picture.save(place.path("p.png")).expect("written");
    for look in [&["mistakes", "e"][..], &["grad_cam", "e", "--image", "p.png", "--layer", "Small_2.conv2d"]]
    {
        place.said(&[&["see"], look, &["-o", "seen.png"]].concat());
    }
    place.said(&["graph", "mean.cnn", "-o", "net.svg"]);
    let drawn = String::from_utf8(place.bytes("mean.cnn")).expect("text");
    place.write("drawn.cnn", &(drawn + "report Small { curves; grad_cam(conv2d); confusion_matrix }\n"));
    place.said(&["run", "drawn.cnn", "--out", "d"]);
    let files = fs::read_dir(place.path("d/report")).expect("drawings").flatten();
    let mut files: Vec<String> = files.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    files.sort();
    assert_eq!(files, ["confusion_matrix.png", "grad_cam-Small_1.conv2d.png"]);
    place.said(&["compare", "e", "e/Flat"]);
    // the weights of a member are not those of the ensemble, nor the other way round
    let said = place.refused(&["eval", "mean.cnn", "--weights", "e/Small_1/weights.safetensors"], 1);
    assert!(said.contains("E0601"), "{said}");
    let said = place.refused(&["eval", "weighted.cnn", "--weights", "e/weights.safetensors"], 1);
    assert!(said.contains("E0601") && said.contains("share.weight"), "{said}");
    place.said(&["eval", "mean.cnn", "--model", "Flat", "--weights", "e/Flat"]);
    let said = place.refused(&["run", "mean.cnn", "--weights", "e/weights.safetensors", "--out", "n"], 1);
    assert!(said.contains("members: ["), "{said}");
    let said = place.refused(&["run", "mean.cnn", "--ui", "--ui-exit", "--out", "n"], 2);
    assert!(said.contains("--model"), "{said}");
}

/// ONNX Runtime answers as cnnc does, whatever the way of combining.
#[test]
#[allow(clippy::print_stderr, reason = "it says that it is skipped")]
fn other_programs_answer_alike() {
    let place = Place::new();
    place.said(&["run", "weighted.cnn", "--out", "w", "--no-report"]);
    place.noise(40);
    let Some(python) = python() else {
        eprintln!(
            "skipped: exported ensembles are run where `CNNC_ONNX_PYTHON` names a Python with ONNX Runtime"
        );
        return;
    };
    let mut jobs = Vec::new();
    let labels = "data { source: csv(\"t.csv\", image: file, label: [a, b]); labels: multi }\nprepare { color: gray }\n\
                  train { loss: binary_crossentropy }\n";
    let each = "model A { input(8x8x1); flatten; dense(2, activation: sigmoid) }\n\
                ensemble Two { members: 3 of A; combine: vote }\n";
    place.write("each.cnn", &format!("{each}{labels}"));
    place.said(&["init", "each.cnn", "--output", "each.safetensors"]);
    for (program, weights) in [
        ("mean.cnn", "w/weights.safetensors"),
        ("vote.cnn", "w/weights.safetensors"),
        ("weighted.cnn", "w/weights.safetensors"),
        ("each.cnn", "each.safetensors"),
    ] {
        let [model, y] = ["onnx", "npy"].map(|end| format!("{program}.{end}"));
        let with = [program, "--weights", weights];
        place.said(&[&["predict"], &with[..], &["--input", "x.npy", "--output", &y]].concat());
        place.said(&[&["export"], &with[..], &["-o", &model, "--no-prepare"]].concat());
        let path = |name: &str| place.path(name);
        jobs.push(json!({
            "model": path(&model), "input": path("x.npy"), "want": path(&y), "layout": "nchw", "tolerance": 1e-5,
        }));
    }
    place.write("jobs.json", &Value::from(jobs).to_string());
    let check =
        Command::new(python).arg(root().join("tests/onnx/check.py")).arg(place.path("jobs.json")).output();
    let done = check.expect("started");
    let [said, failed] = [done.stdout, done.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(done.status.success() && said.is_empty(), "{said}{failed}");
}

/// Trained models of several files become one, each with the weight of how often it was chosen.
#[test]
fn chosen_models_become_one_file() {
    let place = Place::new();
    let one = "model Net { input(8x8x1); flatten; dense(UNITS, activation: relu); dense(classes, activation: softmax) }\n\
               data { source: digits; test: 20% of all; validation: 20% of train }\n\
               prepare { rescale: 1/16 }\n\
               train { epochs: 1; optimizer: adam(lr: RATE) }\n";
    let members = [("a", "8", "0.01"), ("b", "16", "0.02"), ("c", "8", "0.03")];
    for (name, units, rate) in members {
        place.write(&format!("{name}.cnn"), &one.replace("UNITS", units).replace("RATE", rate));
        place.said(&["run", &format!("{name}.cnn"), "--out", name, "--no-report"]);
    }
    let experiments: Vec<Experiment> = members
        .iter()
        .map(|(name, ..)| {
            Experiment::open(place.path(&format!("{name}.cnn")), &Options::default()).expect("sound")
        })
        .collect();
    let weights: Vec<PathBuf> =
        members.iter().map(|(name, ..)| place.path(&format!("{name}/weights.safetensors"))).collect();
    let chosen = |counts: [usize; 3]| -> Vec<Chosen<'_>> {
        let all = experiments.iter().zip(&weights).zip(counts);
        all.map(|((experiment, weights), count)| Chosen { experiment, weights, count }).collect()
    };
    let written = |name: &str, counts: [usize; 3]| {
        let [program, weights] = ["cnn", "safetensors"].map(|end| place.path(&format!("{name}.{end}")));
        let files: (&Path, &Path) = (&program, &weights);
        compose(
            "Best",
            &chosen(counts),
            "Of the best trials,\nby their loss.",
            files,
            &Options::default(),
            &mut Silent,
        )
        .expect("they go together");
        fs::read_to_string(&program).expect("a text")
    };
    let text = written("best", [3, 1, 1]);
    assert!(text.starts_with("// Of the best trials,\n// by their loss.\nlanguage 1\n"), "{text}");
    assert!(text.contains("combine: weighted") && text.contains("train Net_2 {"), "{text}");
    assert_eq!(text.matches("\ndata {").count(), 1, "{text}");
    let shares = place.tensors("best.safetensors");
    let share = |member: &str| shares[&format!("{member}.share.weight")][0];
    assert_eq!(["Net_1", "Net_2", "Net_3"].map(share), [0.6, 0.2, 0.2]);
    place.noise(20);
    let own: Vec<Array2<f32>> = members.iter().map(|(name, ..)| place.answers(&[name])).collect();
    let together = &own[0] * 0.6 + &own[1] * 0.2 + &own[2] * 0.2;
    let answers = place.answers(&["best.cnn", "--weights", "best.safetensors"]);
    assert!((answers - together).iter().all(|difference| difference.abs() < 1e-6));
    place.said(&["eval", "best.cnn", "--weights", "best.safetensors"]);
    assert!(written("equal", [1, 1, 1]).contains("combine: mean"));
    // what cannot answer together is refused before anything is written
    place.write("d.cnn", &one.replace("UNITS", "8").replace("RATE", "0.1").replace("1/16", "1/8"));
    let other = Experiment::open(place.path("d.cnn"), &Options::default()).expect("sound");
    let pair = [
        Chosen { experiment: &experiments[0], weights: &weights[0], count: 1 },
        Chosen { experiment: &other, weights: &weights[2], count: 1 },
    ];
    let files = (place.path("no.cnn"), place.path("no.safetensors"));
    let error = compose("Best", &pair, "", (&files.0, &files.1), &Options::default(), &mut Silent);
    assert!(error.expect_err("another `prepare`").to_string().contains("E0540"));
    assert!(!files.0.exists() && !files.1.exists());
}
