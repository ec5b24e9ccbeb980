//! `docs/run-json.md` describes each key that a run writes into `run.json`, and no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

/// Everything that may be written in `data`, `prepare`, `augment` and `train`, without phases.
const ONE: &str = "\
model One {
    input(8x8x1)
    flatten
    dense(classes, activation: softmax)
}
data { source: digits; test: 20% of all; validation: 20% of train }
prepare { resize: 8x8; color: gray; rescale: 1/255; normalize: per_image }
augment { shift(width: 10%, height: 10%) }
train { epochs: 1; batch: 64; schedule: cosine; terminate_on_nan }
";

/// Phases, of which the second has an optimizer of its own.
const PHASES: &str = "\
model Phases {
    input(8x8x1)
    base = conv2d(2, 3x3)
    flatten
    dense(classes, activation: softmax)
}
data { source: digits; validation: 20% of train }
prepare { rescale: 1/255 }
train {
    batch: 64
    phase head { epochs: 1; freeze: base; schedule: cosine }
    phase all { epochs: 1; unfreeze: base; optimizer: adam(lr: 0.001); terminate_on_nan }
}
";

/// The report of a run of this program.
fn report(program: &str) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.cnn"), program).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
    command.env_remove("CNNC_DATA_DIR").env("CNNC_MEMORY_MIB", "65536").current_dir(folder.path());
    command.args(["run", "a.cnn", "--out", "run", "-q"]).assert().success();
    let text = fs::read_to_string(folder.path().join("run/run.json")).expect("written");
    serde_json::from_str(&text).expect("JSON")
}

fn document() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/run-json.md")).expect("a page")
}

/// Keys of the tables whose heading begins with `| HEADING |`.
fn described(heading: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut inside = false;
    for line in document().lines() {
        let first = line.strip_prefix("| ").and_then(|row| row.split(" | ").next());
        match first {
            Some(cell) if inside && cell.starts_with('`') => {
                keys.extend(cell.split(", ").map(|key| key.trim_matches('`').to_owned()));
            }
            Some(cell) => inside = cell == heading,
            None => inside &= line.starts_with("|---"),
        }
    }
    keys
}

/// Objects whose keys are names of the user's or of metrics: they are described as a whole.
const WHOLE: &[&str] = &["kernels", "results.last_epoch", "results.test", "results.validation"];

/// The keys of a report without its settings, those of objects behind a dot.
fn keys(report: &Value) -> BTreeSet<String> {
    fn walk(value: &Value, path: &str, keys: &mut BTreeSet<String>) {
        let entries = value.as_object().filter(|_| !WHOLE.contains(&path) && path != "settings");
        let Some(entries) = entries else {
            keys.insert(path.to_owned());
            return;
        };
        for (key, value) in entries {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            walk(value, &path, keys);
        }
    }
    let mut found = BTreeSet::new();
    walk(report, "", &mut found);
    found.remove("settings");
    found
}

/// The keys of a report's settings as the page writes them.
fn settings(report: &Value, phases: &[&str]) -> BTreeSet<String> {
    let own = ["epochs", "optimizer.begins_anew", "frozen"];
    let entries = report["settings"].as_object().expect("settings");
    entries
        .keys()
        .map(|key| {
            if key.starts_with("model.") {
                return "model.LAYER".to_owned();
            }
            let in_phase = phases.iter().find_map(|phase| key.strip_prefix(&format!("train.{phase}.")));
            let key = match in_phase {
                Some(key) if own.contains(&key) => return format!("train.PHASE.{key}"),
                Some(key) => format!("train.{key}"),
                None => key.clone(),
            };
            let number = key.rsplit_once('.').filter(|(_, end)| end.parse::<usize>().is_ok());
            number.map_or(key.clone(), |(callbacks, _)| format!("{callbacks}.N"))
        })
        .collect()
}

#[test]
fn every_key_is_described_and_no_other() {
    let (one, phases) = (report(ONE), report(PHASES));
    let found = &keys(&one) | &keys(&phases);
    assert_eq!(found, described("Key"));
    let found = &settings(&one, &[]) | &settings(&phases, &["head", "all"]);
    assert_eq!(found, described("Key in `settings`"));
    assert_eq!(one["settings"]["format"], 2, "the page says so");
    assert_eq!(phases["results"]["test"], Value::Null);
    assert_eq!(phases["images"]["test"], Value::Null);
}

#[test]
fn the_example_is_what_its_program_writes() {
    let document = document();
    let fenced = |kind: &str| {
        let (_, text) = document.split_once(&format!("```{kind}\n")).expect("an example");
        text.split("```").next().expect("it ends").to_owned()
    };
    let shown: Value = serde_json::from_str(&fenced("json")).expect("JSON");
    let written = report(&fenced("cnn"));
    assert_eq!(keys(&shown), keys(&written));
    assert_eq!(shown["settings"], written["settings"]);
    for key in ["status", "error", "model", "seed", "images", "progress", "data"] {
        assert_eq!(shown[key], written[key], "{key}");
    }
    let metrics = |report: &Value, of: &str| -> Vec<String> {
        report["results"][of].as_object().expect("an object").keys().cloned().collect()
    };
    for of in ["last_epoch", "test"] {
        assert_eq!(metrics(&shown, of), metrics(&written, of));
    }
}
