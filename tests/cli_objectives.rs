//! Losses, metrics and weights of pictures through the command line: that they are trained by, shown and kept wherever accuracy is.

use std::fs;

use assert_cmd::Command;
use serde_json::Value;

/// The embedded digits; `{}` stands for what a test adds to a section.
fn digits(body: &str, data: &str, augment: &str, train: &str) -> String {
    format!(
        "model Small {{\n    input(8x8x1)\n    conv2d(8, 3x3, activation: relu)\n    max_pool2d(2)\n    flatten\n    {body}\n}}\n\
         data {{ source: digits; test: 20% of all; validation: 20% of train{data} }}\n\
         prepare {{ rescale: 1/255 }}\n\
         {augment}\n\
         train {{ epochs: 4; batch: 32; optimizer: adam(lr: 0.01){train} }}\n"
    )
}

const CLASSES: &str = "dense(classes, activation: softmax)";

/// A file in a folder of its own.
struct Place(tempfile::TempDir);

impl Place {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("small.cnn"), text).expect("written");
        Self(folder)
    }

    /// Standard output of a command that succeeds.
    fn cnnc(&self, words: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
        let done = command.current_dir(self.0.path()).env_remove("CNNC_DATA_DIR").args(words).assert().success();
        String::from_utf8(done.get_output().stdout.clone()).expect("text")
    }

    fn report(&self, run: &str) -> Value {
        let text = fs::read(self.0.path().join(run).join("run.json")).expect("written");
        serde_json::from_slice(&text).expect("run.json is JSON")
    }

    /// Columns of a run's history, and its rows.
    fn history(&self, run: &str) -> (Vec<String>, Vec<Vec<f64>>) {
        let text = fs::read_to_string(self.0.path().join(run).join("history.csv")).expect("written");
        let mut rows = text.lines().map(|row| row.split(',').map(str::to_owned).collect::<Vec<_>>());
        let columns = rows.next().expect("a head");
        (columns, rows.map(|row| row.iter().map(|value| value.parse().expect("a number")).collect()).collect())
    }
}

/// What a finished run says of the test split.
fn tested(report: &Value, name: &str) -> f64 {
    assert_eq!(report["status"], "finished");
    report["results"]["test"][name].as_f64().unwrap_or_else(|| panic!("no {name} in {report}"))
}

#[test]
fn smoothed_labels_leave_a_loss_to_the_surest_model() {
    let place = Place::new(&digits(CLASSES, "", "", "; loss: categorical_crossentropy(label_smoothing: 0.2)"));
    place.cnnc(&["run", "small.cnn"]);
    let report = place.report("runs/small-1");
    assert_eq!(report["settings"]["train.loss.label_smoothing"], 0.2);
    // a model that gives the smoothed labels themselves has their entropy for its loss, and none has less
    let entropy = -(0.82 * 0.82_f64.ln() + 9.0 * 0.02 * 0.02_f64.ln());
    let loss = tested(&report, "loss");
    assert!(loss > entropy && loss < 1.5 * entropy, "{loss}");
    assert!(tested(&report, "accuracy") > 0.85, "{report}");
}

#[test]
fn focal_and_hinge_losses_train() {
    // (the end of the model, its loss)
    for (end, loss) in
        [(CLASSES, "focal(gamma: 1)"), ("dense(classes)", "hinge"), (CLASSES, "focal(label_smoothing: 0.1)")]
    {
        let place = Place::new(&digits(end, "", "", &format!("; loss: {loss}")));
        let said = place.cnnc(&["run", "small.cnn"]);
        let report = place.report("runs/small-1");
        assert!(tested(&report, "accuracy") > 0.85, "{loss}: {said}");
        let (columns, rows) = place.history("runs/small-1");
        let at = columns.iter().position(|name| name == "val_loss").expect("there is a validation split");
        assert!(rows[3][at] < 0.8 * rows[0][at], "{loss} falls: {rows:?}");
    }
}
