//! Searches through the command line: the same trials for any number of jobs, whenever they are killed; the best
//! of them as a file that repeats it; spaces that are changed; what fails.

use std::fs;
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::{
    process::{Command as Process, Stdio},
    time::Duration,
};

use assert_cmd::Command;
use serde_json::Value;

const MODEL: &str = "\
model Small {
    input(8x8x1)
    conv2d(search(4..=12, step: 4), search([2, 3]), activation: relu)
    flatten
    dense(classes, activation: softmax)
}
data    { source: digits; test: 20% of all; validation: 20% of train }
prepare { rescale: 1/16 }
";

const TRAIN: &str =
    "train { epochs: 3; batch: 64; optimizer: adam(lr: search(1e-4..=1e-1, scale: log)); seed: 3 }";

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    /// A file that is searched so.
    fn with(tune: &str) -> Self {
        let place = Self::new();
        place.write("m.cnn", &format!("{MODEL}{TRAIN}\ntune {{ {tune} }}\n"));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
        command.env_remove("CNNC_DATA_DIR").env("CNNC_MEMORY_MIB", "65536");
        command.current_dir(self.folder.path()).args(words);
        command
    }

    /// What a command says on stderr, then on stdout.
    fn cnnc(&self, words: &[&str]) -> String {
        said(self.command(words).assert().success().get_output())
    }

    /// What a command says that fails with this code.
    fn refused(&self, words: &[&str], code: i32) -> String {
        said(self.command(words).assert().code(code).get_output())
    }

    fn entries(&self, search: &str) -> Vec<Value> {
        entries(&self.path(search))
    }

    fn best(&self, search: &str) -> String {
        fs::read_to_string(self.path(search).join("best.cnn")).expect("there")
    }

    /// Asserts that two searches came to the same.
    fn assert_same(&self, a: &str, b: &str) {
        assert_eq!(self.entries(a), self.entries(b), "{a} and {b}");
        assert_eq!(self.best(a), self.best(b));
    }
}

fn said(output: &std::process::Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    text(&output.stderr) + &text(&output.stdout)
}

/// The lines of a journal without times.
fn entries(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("trials.jsonl")).expect("there");
    let entry = |line: &str| {
        let mut entry: Value = serde_json::from_str(line).expect("JSON");
        if let Some(entry) = entry.as_object_mut() {
            entry.shift_remove("seconds");
        }
        entry
    };
    text.lines().map(entry).collect()
}

fn of_kind<'e>(entries: &'e [Value], kind: &str) -> Vec<&'e Value> {
    entries.iter().filter(|entry| entry["event"] == kind).collect()
}

/// The rows of a history, without times.
fn history(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("history.csv")).expect("there");
    text.lines().map(|row| row.rsplit_once(',').expect("columns").0.to_owned()).collect()
}

const HYPERBAND: &str = "objective: val_accuracy; strategy: hyperband(max_epochs: 4, factor: 2)";

#[test]
fn the_number_of_jobs_changes_nothing() {
    let place = Place::with(HYPERBAND);
    let first = place.cnnc(&["tune", "m.cnn", "--out", "one", "--jobs", "1", "--threads", "1"]);
    assert!(first.contains("best: one/best.cnn"), "{first}");
    for (jobs, threads) in [("2", "2"), ("3", "3")] {
        place.cnnc(&["tune", "m.cnn", "--out", jobs, "--jobs", jobs, "--threads", threads]);
        place.assert_same("one", jobs);
    }
    // trials of the last rung came there in several units, and each is a run that went through
    let entries = place.entries("one");
    let on = of_kind(&entries, "started").into_iter().filter(|unit| unit["point"].is_null()).count();
    assert!(on > 0);
}

/// Its journal is all that the page takes, and it says which parameters matter.
#[test]
fn the_page_of_a_search_is_written_again() {
    let place = Place::with(HYPERBAND);
    let first = place.cnnc(&["tune", "m.cnn", "--out", "s"]);
    let page = fs::read_to_string(place.path("s/report.html")).expect("there");
    fs::remove_file(place.path("s/report.html")).expect("there");
    let said = place.cnnc(&["report", "s"]);
    assert!(said.contains("report: s/report.html"), "{said}");
    let again = fs::read_to_string(place.path("s/report.html")).expect("written");
    let bars = |page: &str| {
        let at = page.find("<table class=\"bars\">").expect("importance");
        page[at..].split("</table>").next().map(str::to_owned)
    };
    assert_eq!(bars(&again), bars(&page));
    // the tables are those at the end of the search
    let text = place.cnnc(&["report", "s", "--text"]);
    let (_, tables) = text.split_once("trials\n").expect("model and strategy");
    assert!(text.contains("hyperband(max_epochs: 4, factor: 2") && first.contains(tables.trim()), "{text}");

    fs::create_dir(place.path("empty")).expect("made");
    place.write("empty/trials.jsonl", "{}\n");
    let refused = place.refused(&["report", "empty"], 1);
    assert!(refused.contains("does not begin as the list of a search's trials"), "{refused}");
}

/// The best file lies in another folder than the file that was searched, and names the same files.
#[test]
fn the_best_file_finds_what_lies_beside_the_other() {
    let place = Place::new();
    place.write("blocks.cnn", "block stem(n) { conv2d(n, 3, activation: relu) }\n");
    let model =
        MODEL.replace("conv2d(search(4..=12, step: 4), search([2, 3]), activation: relu)", "b.stem(8)");
    place.write(
        "m.cnn",
        &format!("use \"blocks.cnn\" as b\n{model}{TRAIN}\ntune {{ strategy: random(trials: 1) }}\n"),
    );
    place.cnnc(&["tune", "m.cnn", "--out", "deep/s"]);
    assert!(place.best("deep/s").contains("use \"../../blocks.cnn\" as b"), "{}", place.best("deep/s"));
    place.cnnc(&["check", "deep/s/best.cnn"]);
}

#[test]
fn the_best_file_repeats_its_trial_to_the_bit() {
    let place = Place::with(HYPERBAND);
    place.cnnc(&["tune", "m.cnn", "--out", "s"]);
    let best = place.best("s");
    assert!(!best.contains("search") && !best.contains("tune"), "{best}");
    place.cnnc(&["check", "s/best.cnn"]);
    place.cnnc(&["fmt", "--check", "s/best.cnn"]);
    place.cnnc(&["run", "s/best.cnn", "--out", "again", "--no-report"]);
    let entries = place.entries("s");
    let ended = of_kind(&entries, "ended");
    let value = |entry: &Value| entry["best"][0].as_f64().unwrap_or(f64::MIN);
    let top = ended.iter().fold(ended[0], |top, entry| if value(entry) > value(top) { entry } else { top });
    let trial = &top["trial"];
    let first = of_kind(&entries, "started").into_iter().find(|unit| unit["trial"] == *trial).expect("begun");
    let key = first["key"].as_str().expect("a folder");
    let rows = history(&place.path("s").join("trials").join(key));
    let again = history(&place.path("again"));
    assert!(rows.len() > 1);
    assert_eq!(rows, again[..rows.len()], "the trial's epochs are those of the run");
}

#[test]
fn every_strategy_comes_to_an_end() {
    for strategy in [
        "random(trials: 5)",
        "tpe(trials: 14)",
        "gaussian_process(trials: 14)",
        "asha(trials: 6, max_epochs: 4, factor: 2)",
        "hyperband(max_epochs: 2, factor: 2, sampler: tpe)",
    ] {
        let place = Place::with(&format!("objective: val_loss; strategy: {strategy}"));
        let file = format!("{MODEL}{TRAIN}\ntune {{ objective: val_loss; strategy: {strategy} }}\n");
        place.write("m.cnn", &file.replace("epochs: 3", "epochs: 1"));
        place.cnnc(&["tune", "m.cnn", "--out", "a"]);
        place.cnnc(&["tune", "m.cnn", "--out", "b", "--jobs", "1"]);
        place.assert_same("a", "b");
        let entries = place.entries("a");
        assert_eq!(of_kind(&entries, "started").len(), of_kind(&entries, "ended").len(), "{strategy}");
        assert_eq!(entries.last().expect("lines")["event"], "finished", "{strategy}");
    }
    let place = Place::new();
    let train = "train { epochs: 1; batch: 64; optimizer: adam }";
    place.write("m.cnn", &format!("{MODEL}{train}\ntune {{ strategy: grid }}\n"));
    place.cnnc(&["tune", "m.cnn", "--out", "g"]);
    assert_eq!(of_kind(&place.entries("g"), "ended").len(), 6, "three widths, two kernels");
}

#[test]
fn seeds_are_judged_by_their_mean() {
    let place = Place::with("objective: val_accuracy; strategy: random(trials: 2); seeds: 2");
    place.cnnc(&["tune", "m.cnn", "--out", "s"]);
    let entries = place.entries("s");
    let first = &of_kind(&entries, "started")[0];
    let trials = place.path("s").join("trials");
    let key = first["key"].as_str().expect("a folder").to_owned();
    let column = |folder: &Path| {
        let rows = history(folder);
        let at = rows[0].split(',').position(|name| name == "val_accuracy").expect("a column");
        let value =
            |row: &String| row.split(',').nth(at).and_then(|cell| cell.parse().ok()).expect("a number");
        rows[1..].iter().map(value).collect::<Vec<f64>>()
    };
    let (one, two) = (column(&trials.join(&key)), column(&trials.join(format!("{key}-seed-2"))));
    assert_ne!(one, two, "they have other seeds");
    let ended = of_kind(&entries, "ended").into_iter().find(|entry| entry["trial"] == 1).expect("ended");
    let curve: Vec<f64> =
        ended["curve"].as_array().expect("a curve").iter().filter_map(Value::as_f64).collect();
    let mean: Vec<f64> = one.iter().zip(&two).map(|(a, b)| (a + b) / 2.0).collect();
    assert_eq!(curve, mean);
}

#[test]
fn a_trial_that_diverges_is_a_result() {
    let place = Place::new();
    let train = "train { epochs: 2; batch: 64; optimizer: sgd(lr: search([0.05, 1e30])) }";
    let model = MODEL.replace("search(4..=12, step: 4)", "4").replace("search([2, 3])", "3");
    place.write("m.cnn", &format!("{model}{train}\ntune {{ strategy: grid }}\n"));
    let said = place.cnnc(&["tune", "m.cnn", "--out", "s"]);
    assert!(said.contains("1 of 2 trials failed"), "{said}");
    let entries = place.entries("s");
    let failed: Vec<&Value> =
        of_kind(&entries, "ended").into_iter().filter(|entry| !entry["failed"].is_null()).collect();
    assert_eq!(failed.len(), 1);
    assert!(place.best("s").contains("0.05"));
    // where all fail there is no best, and that is a mistake
    place.write("n.cnn", &format!("{model}{}\ntune {{ strategy: grid }}\n", train.replace("0.05", "1e29")));
    let said = place.refused(&["tune", "n.cnn", "--out", "n"], 1);
    assert!(said.contains("no trial has a value"), "{said}");
}

#[test]
fn a_changed_space_takes_over_the_trials_that_lie_in_it() {
    let place = Place::new();
    let file = |space: &str, trials: usize| {
        let model = MODEL.replace("search(4..=12, step: 4)", space).replace("search([2, 3])", "3");
        let train = "train { epochs: 1; batch: 64; optimizer: adam }";
        format!("{model}{train}\ntune {{ strategy: random(trials: {trials}) }}\n")
    };
    place.write("m.cnn", &file("search([4, 8, 12])", 3));
    place.cnnc(&["tune", "m.cnn", "--out", "s"]);
    let key_of = |entries: &[Value]| {
        let keys = of_kind(entries, "started").into_iter().filter_map(|unit| unit["key"].as_str());
        keys.map(str::to_owned).collect::<Vec<_>>()
    };
    let before = key_of(&place.entries("s"));
    assert_eq!(before.len(), 3);
    place.write("m.cnn", &file("search([8, 12, 16, 20])", 4));
    let said = place.cnnc(&["tune", "m.cnn", "--resume", "s"]);
    let after = key_of(&place.entries("s"));
    assert_eq!(after.len(), 4, "{said}");
    assert_eq!(after[..2].iter().filter(|key| before.contains(key)).count(), 2, "8 and 12 were known");
    assert!(place.path("s").join("trials-before-1.jsonl").exists());
    // more trials of the same space go on where it ended
    place.write("m.cnn", &file("search([8, 12, 16, 20, 24, 28])", 4));
    place.cnnc(&["tune", "m.cnn", "--resume", "s"]);
    // nothing lies in a space of another model
    place.write("m.cnn", &file("search([40, 44])", 2));
    let said = place.refused(&["tune", "m.cnn", "--resume", "s"], 1);
    assert!(said.contains("was begun with other settings"), "{said}");
    place
        .write("m.cnn", &file("search([8, 12])", 2).replace("strategy", "objective: val_accuracy; strategy"));
    let said = place.refused(&["tune", "m.cnn", "--resume", "s"], 1);
    assert!(said.contains("`objective` was val_loss, is val_accuracy"), "{said}");
}

#[test]
fn a_search_that_is_stopped_for_its_time_goes_on() {
    // it has passed before the first trial ends
    let place = Place::with("strategy: random(trials: 4); time_limit(0.001s)");
    let slow = fs::read_to_string(place.path("m.cnn")).expect("there");
    let said = place.cnnc(&["tune", "m.cnn", "--out", "s"]);
    assert!(said.contains("--resume s"), "{said}");
    place.write("m.cnn", &slow.replace("time_limit(0.001s)", ""));
    place.cnnc(&["tune", "m.cnn", "--resume", "s"]);
    place.cnnc(&["tune", "m.cnn", "--out", "whole"]);
    place.assert_same("s", "whole");
}

#[test]
fn little_is_kept_of_those_that_are_not_among_the_best() {
    let place = Place::with(HYPERBAND);
    place.cnnc(&["tune", "m.cnn", "--out", "s"]);
    for folder in fs::read_dir(place.path("s").join("trials")).expect("there").flatten() {
        let names: Vec<String> = fs::read_dir(folder.path())
            .expect("a folder")
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        assert!(names.iter().all(|name| !name.starts_with("state")), "{names:?}");
        assert!(names.contains(&"history.csv".to_owned()) && names.contains(&"validation.npy".to_owned()));
        assert!(names.contains(&"best.safetensors".to_owned()), "fewer than twenty trials: {names:?}");
    }
}

#[test]
fn the_best_trials_answer_together() {
    let place = Place::with("objective: val_loss; strategy: random(trials: 6)");
    let said = place.cnnc(&["tune", "m.cnn", "--out", "s", "--ensemble", "3"]);
    let line = said.lines().find(|line| line.starts_with("together: ")).expect("an ensemble");
    let number =
        |text: &str| text.rsplit(' ').next().and_then(|word| word.parse::<f64>().ok()).expect("a number");
    let together = number(line);
    let entries = place.entries("s");
    let ended = of_kind(&entries, "ended");
    let best = ended.iter().filter_map(|entry| entry["best"][0].as_f64()).fold(f64::MAX, f64::min);
    assert!(together < best, "{together} and {best}");
    // what was computed of the answers is what the network of all members gives
    let words = ["eval", "s/ensemble.cnn", "--weights", "s/ensemble.safetensors", "--split", "validation"];
    let evaluated = place.cnnc(&words);
    let loss = evaluated.lines().find_map(|line| line.split("loss ").nth(1)).expect("a loss");
    let loss: f64 = loss.split_whitespace().next().and_then(|word| word.parse().ok()).expect("a number");
    assert!((loss - together).abs() < 2e-4, "{loss} and {together}: {evaluated}");
}

#[test]
fn mistakes_are_told_before_anything_is_written() {
    let place = Place::new();
    place.write(
        "plain.cnn",
        &format!(
            "{}train {{ epochs: 1 }}\n",
            MODEL.replace("search(4..=12, step: 4)", "4").replace("search([2, 3])", "3")
        ),
    );
    let said = place.refused(&["tune", "plain.cnn"], 1);
    assert!(said.contains("search"), "{said}");
    let place = Place::with("strategy: random(trials: 2)");
    fs::create_dir(place.path("full")).expect("made");
    place.write("full/notes.txt", "mine");
    let said = place.refused(&["tune", "m.cnn", "--out", "full"], 1);
    assert!(said.contains("full"), "{said}");
    let said = place.refused(&["tune", "m.cnn", "--resume", "full"], 1);
    assert!(said.contains("trials.jsonl"), "{said}");
    assert_eq!(fs::read_to_string(place.path("full/notes.txt")).expect("there"), "mine");
    place.write("full/trials.jsonl", "{\"event\": 3}\n");
    let said = place.refused(&["tune", "m.cnn", "--resume", "full"], 1);
    assert!(said.contains("the journal of a search"), "{said}");
}

#[cfg(unix)]
impl Place {
    /// Begins a search, and sends it a signal after so long.
    fn broken_off(&self, words: &[&str], signal: &str, after: Duration) {
        let mut child = Process::new(env!("CARGO_BIN_EXE_cnnc"))
            .env_remove("CNNC_DATA_DIR")
            .env("CNNC_MEMORY_MIB", "65536")
            .current_dir(self.folder.path())
            .args(words)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("cnnc runs");
        std::thread::sleep(after);
        let sent = Process::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        // it may have ended by itself
        let _ = sent.expect("kill runs");
        child.wait().expect("it ends");
    }
}

#[cfg(unix)]
#[test]
fn a_search_that_was_killed_goes_on_to_the_same() {
    let place = Place::with(HYPERBAND);
    let begun = std::time::Instant::now();
    place.cnnc(&["tune", "m.cnn", "--out", "whole", "--jobs", "2"]);
    let whole = begun.elapsed();
    // how often it is killed, and when, is for `CNNC_KILLS` to say: many times by hand
    let kills: u32 = std::env::var("CNNC_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(5);
    for kill in 0..kills {
        let out = format!("killed-{kill}");
        let after = whole.mul_f64((f64::from(kill) + 0.7) / f64::from(kills));
        let signal = if kill % 3 == 2 { "INT" } else { "KILL" };
        place.broken_off(&["tune", "m.cnn", "--out", &out, "--jobs", "2"], signal, after);
        let journal = place.path(&out).join("trials.jsonl");
        if !journal.exists() {
            // it had no folder yet, or nothing in it
            let _ = fs::remove_dir_all(place.path(&out));
            continue;
        }
        if kill == 1 {
            let mut text = fs::read_to_string(&journal).expect("there");
            text.push_str("{\"event\":\"ended\",\"un");
            fs::write(&journal, text).expect("written");
        }
        place.cnnc(&["tune", "m.cnn", "--resume", &out, "--jobs", "2"]);
        place.assert_same("whole", &out);
        // a search that has ended is passed through without computing anything
        place.cnnc(&["tune", "m.cnn", "--resume", &out, "--jobs", "1"]);
        place.assert_same("whole", &out);
    }
}
