//! Histories, indices and folders that somebody has had a hand in.

use std::fs;

use super::place::Place;
use super::programs::TINY;

#[test]
fn histories_are_written_anew_from_the_state() {
    let place = Place::new();
    for program in ["tiny.cnn", "phases.cnn"] {
        let run = format!("{program}-run");
        place.cnnc(&["run", program, "--out", &run]).success();
        let expected = place.results(&run);
        for name in ["history.csv", "log.csv"] {
            let path = format!("{run}/{name}");
            let whole = place.bytes(&path);
            fs::remove_file(place.path(&path)).expect("removed");
            place
                .cnnc(&["run", program, "--resume", &run])
                .success()
                .says(&[&format!("`{path}` was not there")]);
            place.results(&run).are(&expected, name);
            assert!(place.bytes(&path) == whole, "wall times are remembered too");
            fs::write(place.path(&path), &whole[..whole.len() / 2]).expect("written");
            place
                .cnnc(&["run", program, "--resume", &run])
                .success()
                .says(&[&format!("`{path}` was not as the run")]);
            place.results(&run).are(&expected, name);
        }
        let said = place.cnnc(&["run", program, "--resume", &run]).success().said();
        assert!(!said.contains("warning: "), "{said}");
        // an index that is damaged or gone is written again
        fs::remove_file(place.path(&run).join("data-index.csv")).expect("removed");
        place.cnnc(&["run", program, "--resume", &run]).success();
        let index = format!("{run}/data-index.csv");
        place.flip(&index, 700, 1);
        place
            .cnnc(&["run", program, "--resume", &run])
            .success()
            .says(&[&format!("`{index}` is damaged"), "written anew"]);
        let said = place.cnnc(&["run", program, "--resume", &run]).success().said();
        assert!(!said.contains("warning: "), "{said}");
    }
}

#[test]
fn a_run_that_was_only_begun_begins_again() {
    let place = Place::new();
    place.cnnc(&["run", "tiny.cnn", "--out", "whole"]).success();
    fs::create_dir(place.path("begun")).expect("made");
    for (name, text) in
        [("run.lock", ""), ("run.json", "{"), ("history.csv", "epoch,loss\n"), (".cnnc-unfinished-1", "x")]
    {
        fs::write(place.path("begun").join(name), text).expect("written");
    }
    place.cnnc(&["run", "tiny.cnn", "--out", "begun"]).refused(&["error[E0605]", "--resume begun"]);
    place.cnnc(&["run", "tiny.cnn", "--resume", "begun"]).success().says(&["begins again from the start"]);
    place.results("begun").are(&place.results("whole"), "begun");
    assert!(!place.path("begun/.cnnc-unfinished-1").exists());
    // results without a state are not overwritten
    for name in ["state.safetensors", "state-previous.safetensors"] {
        fs::remove_file(place.path("begun").join(name)).expect("removed");
    }
    place
        .cnnc(&["run", "tiny.cnn", "--resume", "begun"])
        .refused(&["error[E0614]", "no state to go on from"]);
    place.results("begun").are(&place.results("whole"), "untouched");
    // nor is a folder touched that is none of a run
    fs::create_dir(place.path("other")).expect("made");
    fs::write(place.path("other/notes.txt"), "mine").expect("written");
    place.cnnc(&["run", "tiny.cnn", "--resume", "other"]).refused(&["error[E0602]"]);
    let said = place.cnnc(&["run", "tiny.cnn", "--out", "other"]).refused(&["error[E0605]"]).said();
    assert!(!said.contains("--resume"), "nobody is sent in a circle: {said}");
    assert_eq!(fs::read_dir(place.path("other")).expect("a folder").count(), 1);
}

/// A named pipe waits for somebody at its other end: nothing of a run is one.
#[test]
#[cfg(unix)]
fn pipes_in_a_runs_folder_are_refused() {
    let place = Place::new();
    place.cnnc(&["run", "tiny.cnn", "--epochs", "1", "--out", "run"]).success();
    for name in ["state.safetensors", "history.csv", "run.json", "run.lock", "log.csv", "best.safetensors"] {
        place.copy("run", "piped");
        fs::remove_file(place.path("piped").join(name)).expect("removed");
        let made = std::process::Command::new("mkfifo").arg(place.path("piped").join(name)).status();
        assert!(made.is_ok_and(|status| status.success()), "mkfifo runs");
        let words = ["error[E0602]", name, "it is a named pipe"];
        place.cnnc(&["run", "tiny.cnn", "--epochs", "2", "--resume", "piped"]).refused(&words);
    }
}

#[test]
fn names_of_the_runs_own_files_are_refused() {
    let place = Place::new();
    for name in ["state-previous.safetensors", "Run.json", "data-index.csv", "run.lock", "best.safetensors"] {
        fs::write(place.path("names.cnn"), TINY.replace("log.csv", name)).expect("written");
        for command in ["check", "run"] {
            place.cnnc(&[command, "names.cnn"]).refused(&["error[E0525]", name]);
        }
    }
    assert!(!place.path("runs").exists());
}
