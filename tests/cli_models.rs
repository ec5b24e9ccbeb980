//! Files with several models, and folders of files, through the command line.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

const TWO: &str = "model Small {\n    input(8x8x1)\n    flatten\n    dense(10, activation: softmax)\n}\n\n\
    model Large {\n    input(8x8x1)\n    conv2d(8, 3x3, activation: relu)\n    flatten\n    dense(10, activation: softmax)\n}\n\n\
    data { source: digits; test: 20% of all; validation: 20% of train }\n\
    prepare { rescale: 1/255 }\n\
    train { epochs: 2; optimizer: adam(lr: 0.01); metrics: [accuracy] }\n";

fn cnnc(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
    command.current_dir(folder).env_remove("CNNC_DATA_DIR").env("LC_ALL", "C");
    command
}

/// Standard output of a command that succeeds.
fn said(folder: &Path, words: &[&str]) -> String {
    let done = cnnc(folder).args(words).assert().success();
    String::from_utf8(done.get_output().stdout.clone()).expect("text")
}

fn written(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("two.cnn"), text).expect("written");
    folder
}

#[test]
fn every_model_of_a_file_is_looked_at() {
    let place = written(TWO);
    let folder = place.path();
    let summary = said(folder, &["summary", "two.cnn", "--threads", "1"]);
    assert!(summary.contains("model Small\n") && summary.contains("\n\nmodel Large\n"), "{summary}");
    assert_eq!(said(folder, &["check", "two.cnn"]), "two.cnn: ok\n");
    said(folder, &["graph", "two.cnn", "-o", "net.svg"]);
    let picture = |name: &str| fs::read_to_string(folder.join(name)).expect("written");
    assert!(picture("net-Small.svg").contains("<title>Small</title>"));
    assert!(picture("net-Large.svg").contains("<title>Large</title>"));
    let dot = said(folder, &["graph", "two.cnn", "--format", "dot"]);
    assert!(dot.contains("digraph \"Small\"") && dot.contains("digraph \"Large\""), "{dot}");
    // a stream of several pictures is none
    cnnc(folder).args(["graph", "two.cnn"]).assert().code(2);
    // one is one
    assert!(!said(folder, &["summary", "two.cnn", "--model", "Large", "--threads", "1"]).contains("Small"));
}

#[test]
fn what_models_share_is_said_once() {
    // a layer that is not there in one of them, data that neither can have, a scale that both lack
    let wrong = TWO
        .replace("conv2d(8", "conv2x(8")
        .replace("prepare { rescale: 1/255 }\n", "")
        .replace("epochs: 2", "epochs: 2; patience: 3");
    let place = written(&wrong);
    let done = cnnc(place.path()).args(["check", "two.cnn"]).assert().code(1);
    let shown = String::from_utf8(done.get_output().stderr.clone()).expect("text");
    assert_eq!(shown.matches("error[E0006]").count(), 1, "{shown}");
    assert_eq!(shown.matches("error[E0008]").count(), 1, "{shown}");
}

#[test]
fn every_model_of_a_file_is_run() {
    let place = written(TWO);
    let folder = place.path();
    let all = said(folder, &["run", "two.cnn"]);
    let table: Vec<&str> = all.lines().skip_while(|line| !line.starts_with("model  epochs")).collect();
    assert_eq!(table.len(), 3, "{all}");
    assert!(table[0].split_whitespace().eq(["model", "epochs", "accuracy", "loss", "folder"]), "{all}");
    assert!(table[1].starts_with("Small") && table[1].ends_with("runs/two-Small-1"), "{all}");
    assert!(table[2].starts_with("Large") && table[2].ends_with("runs/two-Large-1"), "{all}");
    // each as it would be by itself, and each goes on without being told its name
    let weights = |run: &str| fs::read(folder.join(run).join("weights.safetensors")).expect("written");
    said(folder, &["run", "two.cnn", "--model", "Large", "--out", "alone"]);
    assert!(weights("alone") == weights("runs/two-Large-1"));
    said(folder, &["run", "two.cnn", "--resume", "runs/two-Small-1", "--epochs", "3"]);
    said(folder, &["run", "two.cnn", "--epochs", "1", "--out", "both"]);
    assert!(folder.join("both/Small/run.json").exists() && folder.join("both/Large/run.json").exists());
    // what they share is said once
    fs::write(folder.join("loud.cnn"), TWO.replace("epochs: 2", "epochs: 1; early_stopping(patience: 9)"))
        .expect("written");
    let done = cnnc(folder).args(["run", "loud.cnn"]).assert().success();
    let shown = String::from_utf8(done.get_output().stderr.clone()).expect("text");
    assert_eq!(shown.matches("warning[W0503]").count(), 1, "{shown}");
    // nothing is trained where one of them cannot be
    fs::write(folder.join("half.cnn"), TWO.replace("conv2d(8, 3x3", "conv2d(8, 9x9")).expect("written");
    cnnc(folder).args(["run", "half.cnn"]).assert().code(1);
    assert!(!folder.join("runs/half-Small-1").exists());
}

#[test]
fn folders_are_checked_with_all_that_is_below() {
    let place = written(TWO);
    let folder = place.path();
    for name in ["more/deep", "empty", ".hidden"] {
        fs::create_dir_all(folder.join(name)).expect("made");
    }
    let one = TWO.replace("model Large", "model Unused");
    fs::write(folder.join("more/a.cnn"), one).expect("written");
    fs::write(folder.join("more/deep/b.cnn"), TWO.replace("flatten\n", "flaten\n")).expect("written");
    fs::write(folder.join("more/notes.txt"), "no model").expect("written");
    fs::write(folder.join(".hidden/c.cnn"), "wrong").expect("written");
    let done = cnnc(folder).args(["check", "."]).assert().code(1);
    let shown = String::from_utf8(done.get_output().stdout.clone()).expect("text");
    assert_eq!(shown.lines().last(), Some("3 files: 2 errors, 0 warnings"), "{shown}");
    assert!(shown.contains("./more/a.cnn: ok") && !shown.contains("c.cnn"), "{shown}");
    let none = cnnc(folder).args(["check", "empty"]).assert().code(1);
    let shown = String::from_utf8(none.get_output().stderr.clone()).expect("text");
    assert!(shown.contains("there is no .cnn file in empty or below it"), "{shown}");
}

/// A search is not run yet: a model that is asked for, and has no part in it, is.
#[test]
fn a_model_that_is_asked_for_is_trained_by_itself() {
    let searched = TWO.replacen("conv2d(8, 3x3", "conv2d(search([4, 8]), 3x3", 1);
    let more = "tune { strategy: grid }\nensemble Both { members: [Small, Large] }\n";
    let place = written(&format!("{searched}{more}"));
    let run =
        |more: &[&str]| cnnc(place.path()).args(["run", "two.cnn", "--threads", "1"]).args(more).assert();
    run(&["--model", "Small"]).success();
    let refused = run(&["--model", "Large"]).code(1);
    let said = String::from_utf8(refused.get_output().stderr.clone()).expect("text");
    assert!(said.contains("E0010") && said.contains("tune"), "{said}");
    // nor an ensemble that has such a member
    let refused = run(&[]).code(1);
    let said = String::from_utf8(refused.get_output().stderr.clone()).expect("text");
    assert!(said.contains("E0010") && said.contains("tune"), "{said}");
}

/// What layers of a model do to pictures in training is on the sheet too.
#[test]
fn layers_that_vary_pictures_are_shown() {
    let place = written(&TWO.replacen(
        "    flatten\n",
        "    random_flip(horizontal)\n    random_crop(6, 6)\n    flatten\n",
        1,
    ));
    let folder = place.path();
    let augment = |more: &[&str]| {
        let words = ["augment", "two.cnn", "--count", "12", "--type", "ppm"];
        let done = cnnc(folder).args(words).args(more).assert().success();
        String::from_utf8(done.get_output().stderr.clone()).expect("text")
    };
    let said = augment(&["--model", "Small", "--output", "a/"]);
    assert!(said.contains("as they leave `random_crop`"), "{said}");
    augment(&["--model", "Small", "--output", "b/"]);
    augment(&["--model", "Small", "--output", "one/", "--picture", "3"]);
    assert!(augment(&["--model", "Large", "--output", "c/"]).contains("pictures are shown as they are"));
    let files = |name: &str| -> Vec<Vec<u8>> {
        let mut paths: Vec<_> = fs::read_dir(folder.join(name))
            .expect("there")
            .map(|entry| entry.expect("a file").path())
            .collect();
        paths.sort();
        paths.into_iter().map(|path| fs::read(path).expect("readable")).collect()
    };
    assert_eq!((files("a").len(), files("a") == files("b")), (12, true));
    assert!(files("a").iter().all(|bytes| bytes.starts_with(b"P6\n6 6 ")));
    // one picture, varied in epoch after epoch
    let one = files("one");
    assert!(one.len() == 12 && one.iter().any(|other| *other != one[0]), "it never changes");
    assert!(files("c").iter().all(|bytes| bytes.starts_with(b"P6\n8 8 ")));
}
