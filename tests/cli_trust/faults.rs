//! Calls to the system that go wrong on purpose.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::place::{Done, Place};

/// The library of `tests/faults`, compiled; or why it cannot be.
fn faults(place: &Place) -> Result<PathBuf, &'static str> {
    if !cfg!(target_os = "linux") {
        return Err("faults are preloaded on Linux only");
    }
    let library = place.path("faults.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/faults.c");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(source)
        .arg("-ldl")
        .status();
    if compiled.is_ok_and(|status| status.success()) { Ok(library) } else { Err("there is no C compiler") }
}

/// Runs with the n-th call that writes into a folder going wrong.
fn with_fault(place: &Place, library: &Path, words: &[&str], (out, kind, at): (&str, &str, usize)) -> Done {
    let mut command = place.command(words);
    let under = fs::canonicalize(place.folder.path()).expect("there").join(out);
    command.env("LD_PRELOAD", library).env("FAULTS_UNDER", under);
    command
        .env("FAULTS_KIND", kind)
        .env("FAULTS_AT", at.to_string())
        .env("FAULTS_COUNT", place.path("count"));
    Done(command.output().expect("started"))
}

/// Every call of a short run that writes, killed, failed or met by a full disk: afterwards the run
/// goes on to the weights of an undisturbed one.
#[test]
fn whatever_call_goes_wrong_nothing_is_lost() {
    nothing_is_lost("tiny.cnn", "2");
}

/// The same of a run that also writes event files.
#[test]
fn whatever_call_goes_wrong_event_files_lose_nothing() {
    nothing_is_lost("logged.cnn", "1");
}

#[allow(clippy::print_stderr, reason = "it says that it is skipped, and what it did")]
fn nothing_is_lost(file: &str, epochs: &str) {
    let place = Place::new();
    let library = match faults(&place) {
        Ok(library) => library,
        Err(why) => return eprintln!("skipped: {why}"),
    };
    let run = ["run", file, "--epochs", epochs, "--out", "run"];
    with_fault(&place, &library, &run, ("run", "none", 0)).success();
    let calls: usize =
        fs::read_to_string(place.path("count")).expect("counted").trim().parse().expect("a number");
    let expected = place.results("run");
    assert!(calls > 50, "only {calls} calls were seen");
    for kind in ["kill", "error", "full"] {
        for at in 1..=calls {
            let what = format!("{kind} at call {at}");
            let _ = fs::remove_dir_all(place.path("run"));
            let done = with_fault(&place, &library, &run, ("run", kind, at));
            if done.0.status.success() {
                // what failed was no part of the results
                place.results("run").are(&expected, &what);
            } else if kind != "kill" {
                done.refused(&["error"]);
            }
            let begun = fs::read_dir(place.path("run")).is_ok_and(|mut entries| entries.next().is_some());
            let flag = if begun { "--resume" } else { "--out" };
            let said = place.cnnc(&["run", file, "--epochs", epochs, flag, "run"]).success().said();
            assert!(!said.contains("damaged"), "{what}: {said}");
            place.results("run").are(&expected, &what);
            let unfinished = fs::read_dir(place.path("run")).expect("a folder").flatten();
            let mut names = unfinished.map(|entry| entry.file_name().to_string_lossy().into_owned());
            assert!(
                names.all(|name| !name.starts_with('.') && !name.contains("next")),
                "{what}: something is left"
            );
        }
    }
    eprintln!("{calls} calls, each killed, failed and met by a full disk");
}
