//! Losses, metrics and weights of pictures through the command line: that they are trained by, shown and kept
//! wherever accuracy is.

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
        let done =
            command.current_dir(self.0.path()).env_remove("CNNC_DATA_DIR").args(words).assert().success();
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
        (
            columns,
            rows.map(|row| row.iter().map(|value| value.parse().expect("a number")).collect()).collect(),
        )
    }
}

/// What a finished run says of the test split.
fn tested(report: &Value, name: &str) -> f64 {
    assert_eq!(report["status"], "finished");
    report["results"]["test"][name].as_f64().unwrap_or_else(|| panic!("no {name} in {report}"))
}

#[test]
fn smoothed_labels_leave_a_loss_to_the_surest_model() {
    let place =
        Place::new(&digits(CLASSES, "", "", "; loss: categorical_crossentropy(label_smoothing: 0.2)"));
    place.cnnc(&["run", "small.cnn"]);
    let report = place.report("runs/small-1");
    assert_eq!(report["settings"]["train.loss"], "categorical_crossentropy(label_smoothing: 0.2)");
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

/// Every metric of classes, one of them watched by callbacks.
const METRICS: &str = "; metrics: [accuracy, precision, recall, f1, auc]; \
     early_stopping(monitor: val_f1, patience: 9); checkpoint(\"best.safetensors\", monitor: val_auc)";

#[test]
fn counted_metrics_stand_wherever_accuracy_does() {
    let place = Place::new(&digits(CLASSES, "", "", METRICS));
    let said = place.cnnc(&["run", "small.cnn"]);
    let report = place.report("runs/small-1");
    let names = ["accuracy", "precision", "recall", "f1", "auc"];
    let (columns, rows) = place.history("runs/small-1");
    let expected: Vec<String> = ["", "val_"]
        .iter()
        .flat_map(|split| ["loss"].iter().chain(&names).map(move |name| format!("{split}{name}")))
        .collect();
    assert_eq!(columns[1..=12], expected);
    for (name, at) in expected.iter().zip(1..).filter(|(name, _)| !name.ends_with("loss")) {
        assert!(rows[3][at] > 0.85 && rows[3][at] <= 1.0, "{name} {:?}", rows[3]);
        assert_eq!(report["results"]["last_epoch"][name], rows[3][at], "{name}");
    }
    // the same from the weights alone
    let evaluated = place.cnnc(&[
        "eval",
        "small.cnn",
        "--weights",
        "runs/small-1/weights.safetensors",
        "--format",
        "json",
    ]);
    let evaluated: Value = serde_json::from_str(&evaluated).expect("JSON");
    for name in names {
        assert_eq!(evaluated["results"][name], report["results"]["test"][name], "{name}");
        assert!(said.contains(&format!("{name} {:.4}", tested(&report, name))), "{said}");
    }
    assert!(place.0.path().join("runs/small-1/best.safetensors").exists());
    // pictures are counted together and in their order: nothing depends on threads or batches
    place.cnnc(&["run", "small.cnn", "--threads", "1"]);
    assert_eq!(place.report("runs/small-2")["results"], report["results"]);
}

/// The tensors of a run's weights, by their bytes.
fn weights(place: &Place, run: &str) -> Vec<u8> {
    let bytes = fs::read(place.0.path().join(run).join("weights.safetensors")).expect("written");
    let header = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"));
    bytes[8 + usize::try_from(header).expect("short")..].to_vec()
}

#[test]
fn a_loss_that_counts_twice_is_a_step_that_is_twice_as_long() {
    let all = (0..10).map(|class| format!("{class}: 2")).collect::<Vec<_>>().join(", ");
    let place = Place::new(&digits(CLASSES, &format!("; class_weight: {{ {all} }}"), "", ""));
    place.cnnc(&["run", "small.cnn", "--set", "train.optimizer=sgd(lr: 0.125)"]);
    let (_, twice) = place.history("runs/small-1");
    let weighed = weights(&place, "runs/small-1");
    fs::write(place.0.path().join("small.cnn"), digits(CLASSES, "", "", "")).expect("written");
    place.cnnc(&["run", "small.cnn", "--set", "train.optimizer=sgd(lr: 0.25)"]);
    let (columns, once) = place.history("runs/small-2");
    // powers of two round nothing
    assert_eq!(weights(&place, "runs/small-2"), weighed);
    for (twice, once) in twice.iter().zip(&once) {
        assert_eq!((columns[1].as_str(), twice[1]), ("loss", 2.0 * once[1]));
        // accuracy, and all of the validation
        assert_eq!(twice[2..5], once[2..5]);
    }
}

#[test]
fn balanced_classes_train_on_any_number_of_threads() {
    let place = Place::new(&digits(CLASSES, "; class_weight: balanced", "", ""));
    place.cnnc(&["run", "small.cnn"]);
    let report = place.report("runs/small-1");
    assert_eq!(report["settings"]["data.class_weight"], "balanced");
    assert!(tested(&report, "accuracy") > 0.85, "{report}");
    let balanced = weights(&place, "runs/small-1");
    place.cnnc(&["run", "small.cnn", "--threads", "1"]);
    assert_eq!(weights(&place, "runs/small-2"), balanced, "threads change nothing");
}

#[test]
fn mixed_pictures_train_alike_on_any_number_of_threads() {
    // fewer of the training answers are right, as most pictures show two classes
    for augment in ["mixup(alpha: 1)", "cutmix", "shift(width: 10%); mixup(p: 50%); cutmix(p: 50%)"] {
        let place = Place::new(&digits(
            CLASSES,
            "",
            &format!("augment {{ {augment} }}"),
            "; metrics: [accuracy, top_k(3), f1]",
        ));
        place.cnnc(&["run", "small.cnn"]);
        let mixed = weights(&place, "runs/small-1");
        let report = place.report("runs/small-1");
        assert!(tested(&report, "accuracy") > 0.8, "{augment}: {report}");
        let (columns, rows) = place.history("runs/small-1");
        let of = |name: &str| rows[3][columns.iter().position(|column| column == name).expect("a column")];
        assert!(of("accuracy") < of("val_accuracy") && of("loss") > of("val_loss"), "{augment}: {rows:?}");
        assert!(of("top_3") > of("accuracy"), "{augment}: {rows:?}");
        place.cnnc(&["run", "small.cnn", "--threads", "1"]);
        assert_eq!(weights(&place, "runs/small-2"), mixed, "{augment}");
        assert_eq!(place.history("runs/small-2").1.len(), 4);
        // the same pictures on a sheet; and speed can be measured
        place.cnnc(&["augment", "small.cnn", "--output", "sheet.png"]);
        assert!(place.0.path().join("sheet.png").exists());
        place.cnnc(&["bench", "small.cnn", "--steps", "2"]);
    }
}

/// Pictures of one brightness each in two folders; in the middle both have the same.
fn two_classes(train: &str) -> Place {
    let text = format!(
        "model Two {{ input(4x4x3); conv2d(3, 3x3, activation: tanh); global_avg_pool2d; dense(1, activation: sigmoid) }}\n\
         data {{ source: folder(\"set\") }}\nprepare {{ rescale: 1/255 }}\n\
         train {{ epochs: 60; batch: 8; optimizer: adam(lr: 0.05){train} }}\n"
    );
    let place = Place::new(&text);
    for (class, first) in [("dark", 0_u8), ("light", 80)] {
        let folder = place.0.path().join("set").join(class);
        fs::create_dir_all(&folder).expect("made");
        for at in 0..24_u8 {
            let picture = [b"P6\n4 4\n255\n".to_vec(), vec![first + at * 7; 48]].concat();
            fs::write(folder.join(format!("{at:02}.ppm")), picture).expect("written");
        }
    }
    place
}

#[test]
fn metrics_of_one_output_are_those_of_its_predictions() {
    for loss in ["binary_crossentropy", "focal(alpha: 0.5)", "mse"] {
        let place = two_classes(&format!("; loss: {loss}; metrics: [accuracy, precision, recall, f1, auc]"));
        place.cnnc(&["run", "small.cnn"]);
        let weights = "runs/small-1/weights.safetensors";
        let evaluated =
            place.cnnc(&["eval", "small.cnn", "--weights", weights, "--split", "train", "--format", "json"]);
        let evaluated: Value = serde_json::from_str(&evaluated).expect("JSON");
        let pictures: Vec<String> = ["dark", "light"]
            .iter()
            .flat_map(|class| (0..24).map(move |at| format!("set/{class}/{at:02}.ppm")))
            .collect();
        let words = ["predict", "small.cnn", "--weights", weights, "--format", "csv"];
        let words: Vec<&str> = words.into_iter().chain(pictures.iter().map(String::as_str)).collect();
        let said = place.cnnc(&words);
        // of class 1, and whether it is
        let answers: Vec<(f64, bool)> = said
            .lines()
            .skip(1)
            .map(|row| {
                (
                    row.rsplit(',').next().expect("columns").parse().expect("a number"),
                    row.starts_with("set/light"),
                )
            })
            .collect();
        assert_eq!(answers.len(), 48);
        let count =
            |of: &dyn Fn(f64, bool) -> bool| answers.iter().filter(|(p, is)| of(*p, *is)).count() as f64;
        let (hits, said) = (count(&|p, is| p > 0.5 && is), count(&|p, _| p > 0.5));
        let pairs = answers.iter().filter(|(_, is)| *is).flat_map(|(p, _)| {
            answers.iter().filter(|(_, is)| !is).map(move |(q, _)| match p.total_cmp(q) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            })
        });
        let area = pairs.sum::<f64>() / (24.0 * 24.0);
        let expected = [
            ("accuracy", count(&|p, is| (p > 0.5) == is) / 48.0),
            ("precision", hits / said),
            ("recall", hits / 24.0),
            ("f1", 2.0 * hits / (said + 24.0)),
            ("auc", area),
        ];
        for (name, want) in expected {
            let got = evaluated["results"][name].as_f64().expect("a number");
            assert!((got - want).abs() < 1e-9, "{loss}: {name} is {got}, and {want} by the predictions");
        }
        assert!(area > 0.8 && area < 1.0, "{area}");
    }
}

/// The same probabilities, come about in two ways, have the same loss.
#[test]
fn a_join_of_probabilities_is_judged_by_them() {
    let one = digits("a = dense(classes, activation: softmax)", "", "", "");
    let place = Place::new(&one);
    place.cnnc(&["run", "small.cnn"]);
    let weights = "runs/small-1/weights.safetensors";
    let loss_of = |body: &str, loss: &str| -> f64 {
        let text = digits(&format!("a = dense(classes, activation: softmax)\n    {body}"), "", "", loss);
        fs::write(place.0.path().join("joined.cnn"), text).expect("written");
        let said = place.cnnc(&["eval", "joined.cnn", "--weights", weights, "--format", "json"]);
        let value: Value = serde_json::from_str(&said).expect("JSON");
        value["results"]["loss"].as_f64().unwrap_or_else(|| panic!("no loss in {said}"))
    };
    let wanted = loss_of("", "");
    assert!(wanted < 0.6, "{wanted}");
    for (body, loss) in [
        ("average(a, a, a)", ""),
        ("maximum(a, a)", ""),
        ("reshape(1x2x5)\n    flatten", "; loss: categorical_crossentropy(from_logits: false)"),
        ("add(a, a)", "; loss: categorical_crossentropy(from_logits: false)"),
        ("rescaling(1/8)", "; loss: categorical_crossentropy(from_logits: false)"),
    ] {
        let loss_of_join = loss_of(body, loss);
        assert!((loss_of_join - wanted).abs() < 2e-5, "{body}: {loss_of_join} for {wanted}");
    }
}
