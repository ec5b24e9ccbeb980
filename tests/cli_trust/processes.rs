//! Two processes in one folder.

use super::place::{Place, wait_for};

#[test]
#[cfg(unix)]
fn one_process_at_a_time_works_in_a_folder() {
    let place = Place::new();
    let slow =
        ["--set", "train.batch=4", "--set", "train.epochs=40", "--set", "train.early_stopping.patience=400"];
    let run = |words: &[&str]| place.cnnc(&[words, &slow[..]].concat());
    run(&["run", "tiny.cnn", "--out", "whole"]).success();
    let mut child = place.start(&[&["run", "tiny.cnn", "--out", "run"][..], &slow].concat());
    wait_for("the first checkpoint", || place.path("run/best.safetensors").exists());
    let holder = format!("another run works in `run`: process {} on ", child.id());
    run(&["run", "tiny.cnn", "--resume", "run"]).refused(&["error[E0613]", &holder]);
    run(&["run", "tiny.cnn", "--out", "run"]).refused(&["error[E0613]", &holder]);
    // readers are not locked out
    place.cnnc(&["eval", "tiny.cnn", "--weights", "run/best.safetensors"]).success();
    assert!(child.try_wait().expect("asked").is_none(), "all of that while the first run was at work");
    child.kill().expect("killed");
    child.wait().expect("ended");
    // a dead holder's lock is free; of two that come at once one has it
    let mut pair =
        [(); 2].map(|()| place.start(&[&["run", "tiny.cnn", "--resume", "run"][..], &slow].concat()));
    let codes = [0, 1].map(|at| pair[at].wait().expect("ended").code());
    assert!(codes.contains(&Some(0)), "{codes:?}");
    place.results("run").are(&place.results("whole"), "after the pair");
}
