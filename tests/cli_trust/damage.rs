//! Damaged states and weights, and those of older versions.

use std::fs;

use super::place::Place;

/// Places all over a file: its length, its header, and its tensors.
fn places(length: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..8).chain((0..count).map(move |number| 8 + number * (length - 9) / (count - 1)))
}

#[test]
fn a_damaged_state_is_found_and_the_one_before_leads_to_the_same_weights() {
    let place = Place::new();
    place.cnnc(&["run", "tiny.cnn", "--out", "run"]).success();
    let expected = place.results("run");
    let state = "damaged/state.safetensors";
    let length = place.bytes("run/state.safetensors").len();
    for (number, at) in places(length, 32).enumerate() {
        place.copy("run", "damaged");
        place.flip(state, at, [1, 0x80, 0xff][number % 3]);
        let warnings =
            ["warning: `damaged/state.safetensors`", "going on from `damaged/state-previous.safetensors`"];
        place.cnnc(&["run", "tiny.cnn", "--resume", "damaged"]).success().says(&warnings);
        place.results("damaged").are(&expected, &format!("byte {at}"));
        let said = place.cnnc(&["run", "tiny.cnn", "--resume", "damaged"]).success().said();
        assert!(!said.contains("warning: "), "it is mended: {said}");
    }
    // cut off, and gone
    place.copy("run", "damaged");
    fs::write(place.path(state), &place.bytes(state)[..length / 2]).expect("written");
    place.cnnc(&["run", "tiny.cnn", "--resume", "damaged"]).success().says(&["going on from"]);
    place.results("damaged").are(&expected, "cut");
    fs::remove_file(place.path(state)).expect("removed");
    place.cnnc(&["run", "tiny.cnn", "--resume", "damaged"]).success();
    place.results("damaged").are(&expected, "gone");
    // both
    place.copy("run", "damaged");
    place.flip(state, length - 2, 1);
    let previous = "damaged/state-previous.safetensors";
    place.flip(previous, place.bytes(previous).len() - 2, 1);
    let untouched = place.bytes("damaged/weights.safetensors");
    place.cnnc(&["run", "tiny.cnn", "--resume", "damaged"]).refused(&[
        "error[E0611]: `damaged/state.safetensors` is damaged: the run has no good state left",
        "`damaged/state-previous.safetensors` is damaged",
    ]);
    assert!(place.bytes("damaged/weights.safetensors") == untouched);
}

#[test]
fn damaged_weights_are_found_and_made_again() {
    let place = Place::new();
    place.cnnc(&["run", "tiny.cnn", "--out", "run"]).success();
    let expected = place.results("run");
    let weights = "run/weights.safetensors";
    let length = place.bytes(weights).len();
    for at in places(length, 12) {
        place.flip(weights, at, 1);
        let refused = place.cnnc(&["eval", "tiny.cnn", "--weights", weights]).refused(&[weights]);
        let is_named = ["E0611", "E0603"].iter().any(|code| refused.said().contains(code));
        assert!(is_named, "byte {at}: {}", refused.said());
        place.flip(weights, at, 1);
    }
    place.flip(weights, length - 1, 1);
    let words = ["error[E0611]", "the newest good state of the run is `run/state.safetensors`"];
    place.cnnc(&["eval", "tiny.cnn", "--weights", weights]).refused(&words);
    place.cnnc(&["run", "tiny.cnn", "--resume", "run"]).success();
    place.results("run").are(&expected, "made again");
}

/// The header of a safetensors file as JSON, and the bytes behind it.
fn opened(bytes: &[u8]) -> (serde_json::Map<String, serde_json::Value>, &[u8]) {
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
    (serde_json::from_slice(&bytes[8..8 + length]).expect("JSON"), &bytes[8 + length..])
}

fn closed(header: &serde_json::Map<String, serde_json::Value>, tensors: &[u8]) -> Vec<u8> {
    let header = serde_json::Value::Object(header.clone()).to_string();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), tensors].concat()
}

#[test]
fn runs_and_weights_of_older_versions_go_on() {
    let place = Place::new();
    place.cnnc(&["run", "tiny.cnn", "--out", "whole"]).success();
    place.cnnc(&["run", "tiny.cnn", "--epochs", "2", "--out", "old"]).success();
    // as they were written before: no checksum, no record, no history in the state; one state, no
    // lock, no index
    for (name, format) in [("state", "cnnc training state 1"), ("weights", "cnnc")] {
        let path = format!("old/{name}.safetensors");
        let bytes = place.bytes(&path);
        let (mut header, tensors) = opened(&bytes);
        let texts = header["__metadata__"].as_object_mut().expect("texts");
        texts.retain(|key, _| !["checksum", "record", "history"].contains(&key.as_str()));
        texts["format"] = format.into();
        fs::write(place.path(&path), closed(&header, tensors)).expect("written");
    }
    for name in ["state-previous.safetensors", "run.lock", "data-index.csv"] {
        fs::remove_file(place.path("old").join(name)).expect("removed");
    }
    let evaluated = place.cnnc(&["eval", "tiny.cnn", "--weights", "old/weights.safetensors"]).success();
    assert!(!evaluated.said().contains("warning: "), "{}", evaluated.said());
    place.cnnc(&["run", "tiny.cnn", "--resume", "old"]).success().says(&["the state is of an older version"]);
    place.results("old").are(&place.results("whole"), "old");
    assert!(place.path("old/data-index.csv").exists());
    // weights that another program has changed on purpose
    let bytes = place.bytes("old/weights.safetensors");
    let (mut header, tensors) = opened(&bytes);
    let mut tensors = tensors.to_vec();
    tensors[3] ^= 1;
    fs::write(place.path("changed.safetensors"), closed(&header, &tensors)).expect("written");
    place
        .cnnc(&["eval", "tiny.cnn", "--weights", "changed.safetensors"])
        .refused(&["E0611", "leave its `checksum` out"]);
    header.remove("__metadata__");
    fs::write(place.path("changed.safetensors"), closed(&header, &tensors)).expect("written");
    place.cnnc(&["eval", "tiny.cnn", "--weights", "changed.safetensors"]).success();
}
