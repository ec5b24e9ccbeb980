//! Trained models in use: what `predict` and `eval` take, what they make of pictures, and what they say.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use ndarray::{Array2, Array4, ArrayD};
use ndarray_npy::{read_npy, write_npy};
use serde_json::Value;

/// A classifier without a last activation, in a file of its own.
const SCORES: &str = "\
model Scores { input(8x8x1); conv2d(4, 3x3, activation: relu); flatten; dense(classes) }
data { source: digits; test: 20% of all; validation: 10% of train }
prepare { rescale: 1/255 }
train { epochs: 2; batch: 64; optimizer: adam(lr: 0.01); metrics: [accuracy] }
";

struct Place(tempfile::TempDir);

/// What a command did.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// A folder with `a.cnn`, which was trained into `run`.
    fn trained(text: &str) -> Self {
        let place = Self::new();
        place.write("a.cnn", text);
        let said = place.cnnc(&["run", "a.cnn", "--out", "run", "-q"]);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{}", said.out);
        place
    }

    /// A folder with `a.cnn`, whose initial weights are in `w.safetensors`.
    fn initial(text: &str) -> Self {
        let place = Self::new();
        place.write("a.cnn", text);
        assert_eq!(place.cnnc(&["init", "a.cnn", "--output", "w.safetensors"]).code, Some(0));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("made");
        fs::write(path, bytes).expect("written");
    }

    /// A grey picture.
    fn picture(&self, name: &str, [height, width]: [usize; 2]) {
        let pixels = (0..height * width).map(|at| (at * 37 % 251) as u8);
        let header = format!("P5\n{width} {height}\n255\n").into_bytes();
        self.write(name, header.into_iter().chain(pixels).collect::<Vec<u8>>());
    }

    fn cnnc(&self, words: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
        command.env_remove("CNNC_DATA_DIR").env("CNNC_MEMORY_MIB", "65536").env("LC_ALL", "C");
        let done = command.current_dir(self.0.path()).args(words).output().expect("started");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Said { code: done.status.code(), out: text(done.stdout), err: text(done.stderr) }
    }

    /// What a command prints that must succeed.
    fn said(&self, words: &[&str]) -> Said {
        let said = self.cnnc(words);
        assert_eq!(said.code, Some(0), "{words:?}\n{}{}", said.out, said.err);
        said
    }
}

/// The numbers of the classes in a line of JSON.
fn scores(line: &str) -> Vec<f64> {
    let line: Value = serde_json::from_str(line).expect("JSON");
    line["scores"].as_object().expect("scores").values().map(|value| value.as_f64().expect("one")).collect()
}

fn array(path: &Path) -> ArrayD<f32> {
    read_npy(path).expect("an array")
}

#[test]
fn scores_become_probabilities_and_this_is_said() {
    let place = Place::trained(SCORES);
    place.picture("one.pgm", [8, 8]);
    let said = place.said(&["predict", "run", "one.pgm", "--format", "json", "--output", "y.npy"]);
    let probabilities = scores(&said.out);
    assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-5, "{}", said.out);
    assert!(said.err.contains("scores; probabilities are made of them by softmax"), "{}", said.err);
    assert!(said.err.contains("`categorical_crossentropy"), "{}", said.err);
    // what is written are the scores
    let written: Array2<f32> = read_npy(place.path("y.npy")).expect("an array");
    let exp: Vec<f64> = written.iter().map(|&score| f64::from(score).exp()).collect();
    let sum: f64 = exp.iter().sum();
    for (probability, exp) in probabilities.iter().zip(&exp) {
        assert!((probability - exp / sum).abs() < 1e-5, "{}", said.out);
    }
    // near miss: a model that makes them itself says nothing
    place.write("b.cnn", SCORES.replace("dense(classes)", "dense(classes, activation: softmax)"));
    let said = place.said(&["predict", "b.cnn", "--weights", "run", "one.pgm", "--format", "json"]);
    assert_eq!(said.err, "");
    for (one, other) in probabilities.iter().zip(scores(&said.out)) {
        assert!((one - other).abs() < 1e-5, "{}", said.out);
    }
}

#[test]
fn a_single_score_becomes_two_probabilities() {
    let text = "model M { input(4x4x1); flatten; dense(1) }\n\
                data { source: folder(\"set\") }\ntrain { epochs: 1; batch: 2; optimizer: sgd(lr: 0.1) }\n";
    let place = Place::new();
    for name in ["set/cat/1.pgm", "set/cat/2.pgm", "set/dog/1.pgm", "set/dog/2.pgm"] {
        place.picture(name, [4, 4]);
    }
    place.write("a.cnn", format!("{text}prepare {{ color: gray; rescale: 1/255 }}\n"));
    place.said(&["run", "a.cnn", "--out", "run", "-q"]);
    let said = place.said(&["predict", "run", "set/cat/1.pgm", "--format", "json"]);
    assert!((scores(&said.out).iter().sum::<f64>() - 1.0).abs() < 1e-6, "{}", said.out);
    assert!(said.err.contains("by sigmoid, as in its loss `binary_crossentropy"), "{}", said.err);
    // a loss that compares the scores as they are: they are no probabilities
    for loss in ["hinge", "mse"] {
        let words = ["predict", "a.cnn", "--set"];
        let setting = format!("train.loss={loss}");
        let more = [setting.as_str(), "--weights", "run", "set/cat/1.pgm"];
        let said = place.said(&[&words[..], &more].concat());
        assert!(said.err.contains("scores and no probabilities"), "{}", said.err);
        assert!(!said.out.contains('%') && said.out.contains("cat "), "{}", said.out);
    }
}

#[test]
fn probabilities_of_joins_are_probabilities() {
    let of = |join: &str| {
        format!(
            "model M {{
                input(8x8x1)
                start = flatten
                a = dense(10, activation: softmax)
                from start
                b = dense(10, activation: softmax)
                {join}(a, b)
            }}\n{}",
            SCORES.split_once('\n').expect("lines").1
        )
    };
    for join in ["average", "multiply"] {
        let place = Place::trained(&of(join));
        place.picture("one.pgm", [8, 8]);
        let said = place.said(&["predict", "run", "one.pgm", "--format", "json", "--output", "y.npy"]);
        let (found, sum) = (scores(&said.out), array(&place.path("y.npy")).sum());
        assert_eq!(said.err, "");
        assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-4, "{join}: {}", said.out);
        // as the loss sees them: shares of their sum
        for (found, written) in found.iter().zip(&array(&place.path("y.npy"))) {
            assert!((found - f64::from(written / sum)).abs() < 1e-4, "{join}: {}", said.out);
        }
    }
}

#[test]
fn numbers_and_maps_are_no_classes() {
    let place = Place::initial("model Filter { input(16x12x1); conv2d(4, 3x3, padding: same); flatten }");
    place.picture("one.pgm", [16, 12]);
    let predict = |place: &Place, more: &[&str]| {
        place.said(&[&["predict", "a.cnn", "--weights", "w.safetensors", "one.pgm"], more].concat())
    };
    let said = predict(&place, &[]);
    assert!(said.out.starts_with("one.pgm: 768 numbers from "), "{}", said.out);
    // few numbers are said one by one
    let few = Place::initial("model Few { input(16x12x1); conv2d(4, 3x3); global_avg_pool2d }");
    few.picture("one.pgm", [16, 12]);
    let said = predict(&few, &[]);
    assert!(said.out.starts_with("one.pgm: value_0 ") && said.out.contains("value_3 "), "{}", said.out);
    assert!(!said.out.contains('%'), "{}", said.out);
    // a map says its shape, and how its numbers are had
    let map = Place::initial("model Map { input(?x?x1); conv2d(4, 3x3, padding: same) }");
    map.picture("one.pgm", [16, 12]);
    map.picture("two.pgm", [9, 9]);
    let said = predict(&map, &["two.pgm"]);
    let lines: Vec<&str> = said.out.lines().collect();
    assert!(lines[0].starts_with("one.pgm: 16x12x4 numbers from "), "{}", said.out);
    assert!(lines[1].starts_with("two.pgm: 9x9x4 numbers from "), "{}", said.out);
    assert!(said.err.contains("`--output maps.npy`"), "{}", said.err);
    let said = predict(&map, &["--output", "maps.npy"]);
    assert!(!said.err.contains("maps.npy"), "{}", said.err);
    assert_eq!(array(&map.path("maps.npy")).shape(), [1, 16, 12, 4]);
    let line: Value = serde_json::from_str(&predict(&map, &["--format", "json"]).out).expect("JSON");
    assert_eq!(line["shape"], serde_json::json!([16, 12, 4]));
    // arrays of open sizes, too
    write_npy(map.path("x.npy"), &Array4::<f32>::ones((2, 5, 7, 1))).expect("written");
    map.said(&["predict", "a.cnn", "--weights", "w.safetensors", "--input", "x.npy", "--output", "z.npy"]);
    assert_eq!(array(&map.path("z.npy")).shape(), [2, 5, 7, 4]);
    // rows of one array have one shape
    let words = ["predict", "a.cnn", "--weights", "w.safetensors", "one.pgm", "two.pgm", "--output", "y.npy"];
    let refused = map.cnnc(&words);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.err.contains("gives 9x9x4 numbers") && refused.err.contains("--resize"),
        "{}",
        refused.err
    );
    map.said(&[&words[..], &["--resize", "10x10"]].concat());
    assert_eq!(array(&map.path("y.npy")).shape(), [2, 10, 10, 4]);
}

#[test]
fn results_of_layers_are_written() {
    let place = Place::trained(SCORES);
    for name in ["set/a.pgm", "set/b.pgm"] {
        place.picture(name, [8, 8]);
    }
    let said = place.said(&["predict", "run", "set", "--layer", "conv2d", "--output", "maps.npy"]);
    assert_eq!((said.out.as_str(), said.err.as_str()), ("", ""));
    let maps = array(&place.path("maps.npy"));
    assert_eq!(maps.shape(), [2, 6, 6, 4]);
    assert!(maps.iter().all(|value| *value >= 0.0), "a relu's");
    // the last layer is the output; an array of prepared pictures is taken alike
    place.said(&["predict", "run", "set", "--layer", "dense", "--output", "last.npy"]);
    place.said(&["predict", "run", "set", "--output", "y.npy"]);
    assert_eq!(array(&place.path("last.npy")), array(&place.path("y.npy")));
    write_npy(place.path("x.npy"), &Array4::<f32>::ones((3, 8, 8, 1))).expect("written");
    place.said(&["predict", "run", "--input", "x.npy", "--layer", "flatten", "--output", "flat.npy"]);
    assert_eq!(array(&place.path("flat.npy")).shape(), [3, 144]);
    let refused = place.cnnc(&["predict", "run", "set", "--layer", "conv3d", "--output", "no.npy"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("`conv2d`, `flatten`, `dense`"), "{}", refused.err);
    // answers on standard output are the array alone
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
    command.current_dir(place.0.path()).args(["predict", "run", "set", "--output", "-"]);
    assert!(command.output().expect("started").stdout.starts_with(b"\x93NUMPY"));
}

#[test]
fn a_row_that_cannot_be_had_is_none_and_the_others_stay_in_place() {
    let place = Place::trained(SCORES);
    place.picture("a.pgm", [8, 8]);
    place.write("b.png", "no picture");
    let done = place.cnnc(&["predict", "run", "b.png", "a.pgm", "c.png", "--output", "y.npy"]);
    assert_eq!(done.code, Some(1), "{}", done.err);
    assert!(done.err.contains("`b.png` cannot be taken") && done.err.contains("2 of 3"), "{}", done.err);
    let rows: Array2<f32> = read_npy(place.path("y.npy")).expect("an array");
    let known: Vec<bool> = rows.rows().into_iter().map(|row| row.iter().all(|v| v.is_finite())).collect();
    assert_eq!(known, [false, true, false]);
    assert_eq!(done.out.lines().count(), 1, "{}", done.out);
}

#[test]
fn folders_and_patterns_of_pictures_are_taken() {
    let place = Place::trained(SCORES);
    for name in ["photos/b.pgm", "photos/a.pgm", "photos/deep/c.pgm", "photos/.hidden.pgm"] {
        place.picture(name, [8, 8]);
    }
    place.write("photos/notes.txt", "no picture");
    let files = |words: &[&str]| -> Vec<String> {
        let said = place.said(&[&["predict", "run"], words].concat());
        said.out.lines().map(|line| line.split(':').next().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(files(&["photos"]), ["photos/a.pgm", "photos/b.pgm", "photos/deep/c.pgm"]);
    assert_eq!(files(&["photos/*.pgm"]), ["photos/a.pgm", "photos/b.pgm"]);
    assert_eq!(files(&["photos/**/c.*", "photos/a.pgm"]), ["photos/deep/c.pgm", "photos/a.pgm"]);
    let missing = place.cnnc(&["predict", "run", "photos/*.gif", "photos/a.pgm"]);
    assert_eq!((missing.code, missing.out.lines().count()), (Some(1), 1), "{}", missing.err);
    assert!(missing.err.contains("`photos/*.gif` cannot be taken: no file"), "{}", missing.err);
}

#[test]
fn a_run_stands_for_its_program_and_weights() {
    let place = Place::trained(SCORES);
    place.picture("one.pgm", [8, 8]);
    let apart = place.said(&["eval", "a.cnn", "--weights", "run/weights.safetensors"]);
    for words in [
        &["eval", "run"][..],
        &["eval", "run/weights.safetensors"],
        &["eval", "run", "--weights", "run/weights.safetensors"],
        &["eval", "a.cnn", "--weights", "run"],
    ] {
        assert_eq!(place.said(words).out, apart.out, "{words:?}");
    }
    place.said(&["eval", "run", "--split", "validation", "--set", "data.validation=20% of train"]);
    // the program is the run's own, whatever has become of the file
    place.write("a.cnn", "model Other {");
    assert_eq!(place.said(&["eval", "run"]).out, apart.out);
    for (words, code, part) in [
        (&["eval", "a.cnn"][..], 2, "its weights are not named: write `--weights FILE`"),
        (
            &["predict", "photos", "one.pgm"],
            1,
            "`photos` holds no weights: it is a folder, and not that of a run",
        ),
        (&["eval", "broken"], 1, "has no weights: it was interrupted"),
        (&["eval", "bare.safetensors"], 1, "bare.safetensors"),
    ] {
        place.write("photos/notes.txt", "");
        let report = fs::read_to_string(place.path("run/run.json")).expect("a report");
        place.write("broken/run.json", report.replace("\"finished\"", "\"interrupted\""));
        let refused = place.cnnc(words);
        assert_eq!(refused.code, Some(code), "{words:?}: {}", refused.err);
        assert!(refused.err.contains(part), "{words:?}: {}", refused.err);
    }
}

#[test]
fn data_of_a_run_are_found_beside_its_file() {
    let place = Place::new();
    for at in 0..4 {
        place.picture(&format!("project/set/cat/{at}.pgm"), [4, 4]);
        place.picture(&format!("project/set/dog/{at}.pgm"), [4, 4]);
    }
    place.write(
        "project/a.cnn",
        "model M { input(4x4x1); flatten; dense(classes, activation: softmax) }
         data { source: folder(\"set\"); test: 50% of all }
         prepare { color: gray; rescale: 1/255 }
         train { epochs: 1; batch: 2; optimizer: sgd(lr: 0.1) }",
    );
    place.said(&["run", "project/a.cnn", "-q", "--out", "project/run"]);
    let here = place.said(&["eval", "project/run"]);
    // from elsewhere, the file is found above the run's folder
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
    let run = place.path("project/run");
    let there =
        command.current_dir(place.path("project/set")).arg("eval").arg(run).output().expect("started");
    assert_eq!(
        String::from_utf8_lossy(&there.stdout),
        here.out,
        "{}",
        String::from_utf8_lossy(&there.stderr)
    );
    // what a run of unknown origin says of that place counts for nothing
    let refused = place.cnnc(&["--restricted", "eval", "project/run"]);
    assert!(refused.code == Some(1) && refused.err.contains("`set`"), "{}", refused.err);
    place.said(&["--restricted", "eval", "project/run", "--data-dir", "project"]);
}

#[test]
fn pictures_are_prepared_as_those_of_the_weights() {
    let place = Place::trained(SCORES);
    place.picture("one.pgm", [8, 8]);
    place.picture("photo.pgm", [43, 64]);
    let predict = |file: &str, more: &[&str]| {
        place.said(&[&["predict", file, "--weights", "run", "--format", "json"], more].concat())
    };
    let own = predict("a.cnn", &["one.pgm"]);
    // another `prepare` than the weights' is not used, which is said
    place.write("other.cnn", SCORES.replace("rescale: 1/255", "rescale: 1/16"));
    let other = predict("other.cnn", &["one.pgm"]);
    assert_eq!(other.out, own.out);
    let warning = "(the file says `rescale: 1/16`)";
    assert!(other.err.contains("`rescale: 1/255`") && other.err.contains(warning), "{}", other.err);
    let evaluated = place.said(&["eval", "other.cnn", "--weights", "run"]);
    assert_eq!(evaluated.out, place.said(&["eval", "run"]).out);
    assert!(evaluated.err.contains(warning), "{}", evaluated.err);
    // near miss: a `resize` that the weights know nothing of changes nothing for pictures of their size
    place.write("sized.cnn", SCORES.replace("rescale: 1/255", "rescale: 1/255; resize: 8x8"));
    let sized = predict("sized.cnn", &["one.pgm"]);
    assert_eq!((sized.out.as_str(), sized.err.contains("the file says")), (own.out.as_str(), false));
    // pictures of another size
    let cut = predict("a.cnn", &["photo.pgm"]);
    assert!(cut.err.contains("`photo.pgm` is 43x64 and the model takes 8x8"), "{}", cut.err);
    let said = predict("a.cnn", &["photo.pgm", "--resize", "crop,area"]);
    assert_eq!((said.out.as_str(), said.err.contains("is 43x64")), (cut.out.as_str(), false));
    let stretched = predict("a.cnn", &["photo.pgm", "--resize", "stretch"]);
    assert_ne!(stretched.out, cut.out);
    assert_eq!(predict("sized.cnn", &["photo.pgm"]).out, stretched.out);
    let refused = place.cnnc(&["predict", "run", "photo.pgm", "--resize", "9x9"]);
    assert!(refused.code == Some(2) && refused.err.contains("takes pictures of 8x8"), "{}", refused.err);
}

#[test]
fn data_of_another_size_are_resized_for_an_evaluation() {
    let place = Place::new();
    for at in 0..4 {
        place.picture(&format!("small/cat/{at}.pgm"), [8, 8]);
        place.picture(&format!("small/dog/{at}.pgm"), [8, 8]);
        place.picture(&format!("large/cat/{at}.pgm"), [20, 24]);
        place.picture(&format!("large/dog/{at}.pgm"), [20, 24]);
    }
    place.write(
        "a.cnn",
        "model M { input(8x8x1); flatten; dense(classes, activation: softmax) }
         data { source: folder(\"small\"); test: 50% of all }
         prepare { color: gray; rescale: 1/255 }
         train { epochs: 1; batch: 2; optimizer: sgd(lr: 0.1) }",
    );
    place.said(&["run", "a.cnn", "--out", "run", "-q"]);
    let words = ["eval", "run", "--set", "data.source=folder(\"large\")"];
    let refused = place.cnnc(&words);
    assert!(refused.code == Some(1) && refused.err.contains("E0119"), "{}", refused.err);
    place.said(&[&words[..], &["--resize", "8x8,crop"]].concat());
}

#[test]
fn a_run_begins_with_the_weights_of_another() {
    let place = Place::trained(SCORES);
    let results = |run: &str| -> Value {
        let report: Value =
            serde_json::from_slice(&fs::read(place.path(run).join("run.json")).expect("there"))
                .expect("JSON");
        serde_json::json!([report["weights"], report["results"]["test"]])
    };
    // steps that are too small to change a weight leave it as it was
    let rate = "train.optimizer=sgd(lr: 1e-30)";
    let words = ["run", "a.cnn", "--epochs", "1", "-q", "--set", rate];
    for (weights, out) in [("run", "second"), ("run/weights.safetensors", "third")] {
        place.said(&[&words[..], &["--weights", weights, "--out", out]].concat());
        assert_eq!(results(out)[0], "run/weights.safetensors");
        assert_eq!(results(out)[1], results("run")[1]);
    }
    place.said(&[&words[..], &["--out", "fresh"]].concat());
    assert_ne!(results("fresh")[1], results("run")[1]);
    assert!(results("fresh")[0].is_null());
    // what does not fit is refused before a folder is made; another preparation is said
    place.write("wide.cnn", SCORES.replace("conv2d(4", "conv2d(5"));
    let refused = place.cnnc(&["run", "wide.cnn", "--weights", "run", "--out", "wide"]);
    assert!(refused.code == Some(1) && refused.err.contains("E0601"), "{}", refused.err);
    assert!(!place.path("wide").exists());
    place.write("other.cnn", SCORES.replace("1/255", "1/16"));
    let said = place.said(&["run", "other.cnn", "--epochs", "1", "--weights", "run", "--out", "other"]);
    assert!(said.err.contains("prepared otherwise: `rescale: 1/255`"), "{}", said.err);
    let both = place.cnnc(&["run", "a.cnn", "--weights", "run", "--resume", "run"]);
    assert_eq!(both.code, Some(2), "{}", both.err);
}

#[test]
fn whoever_uses_a_model_hears_nothing_of_its_training() {
    let text = SCORES.replace("metrics:", "early_stopping(monitor: val_loss, patience: 5); metrics:");
    let place = Place::new();
    place.write("a.cnn", &text);
    place.picture("one.pgm", [8, 8]);
    // what the file says is warned of where it is checked and trained
    assert!(place.cnnc(&["check", "a.cnn"]).err.contains("W0503"));
    assert!(place.said(&["run", "a.cnn", "--out", "run"]).err.contains("W0503"));
    // not where quiet is asked for, or where the model is used or looked at
    assert_eq!(place.said(&["run", "a.cnn", "--out", "quiet", "-q"]).err, "");
    for words in [
        &["predict", "a.cnn", "--weights", "run", "one.pgm"][..],
        &["eval", "a.cnn", "--weights", "run"],
        &["summary", "a.cnn"],
        &["graph", "a.cnn"],
        &["init", "a.cnn", "--output", "w.safetensors"],
    ] {
        let said = place.said(words);
        assert!(!said.err.contains("W0503"), "{words:?}: {}", said.err);
    }
    // and not because of a setting for one command
    place.write("long.cnn", text.replace("epochs: 2", "epochs: 20"));
    let said = place.said(&["run", "long.cnn", "--epochs", "2", "--out", "short"]);
    assert!(!said.err.contains("W0503"), "{}", said.err);
    // denied warnings are errors, which are not kept quiet
    let denied = place.cnnc(&["run", "a.cnn", "-q", "--deny", "warnings"]);
    assert!(denied.code == Some(1) && denied.err.contains("W0503"), "{}", denied.err);
}
