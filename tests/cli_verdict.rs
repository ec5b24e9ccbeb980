//! What a run and `eval` say of a model beside loss and metrics, through the command line.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

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

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// A folder with a program of the digits, whose `data` and `train` begin like this.
fn digits(data: &str, train: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "model Digits {{\n    input(8x8x1)\n    flatten\n    dense(classes, activation: softmax)\n}}\n\
         data {{ source: digits; {data} }}\nprepare {{ rescale: 1/16 }}\n\
         train {{ epochs: 2; optimizer: adam(lr: 0.01); {train} }}\n"
    );
    fs::write(folder.path().join("a.cnn"), text).expect("written");
    folder
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn a_run_says_how_good_it_is_and_what_it_mixes_up() {
    let place = digits("test: 20% of all; validation: 10% of train", "metrics: [accuracy]");
    let folder = place.path();
    let run = said(folder, &["run", "a.cnn", "--out", "run"]);
    let lines: Vec<&str> = run.lines().collect();
    assert!(lines[0].starts_with("test accuracy 0."), "{run}");
    assert!(lines[1].starts_with("accuracy 0.") && lines[1].contains(", 95% interval 0."), "{run}");
    assert!(lines[2].starts_with("calibration error (ECE) 0."), "{run}");
    let at = |start: &str| lines.iter().position(|line| line.starts_with(start)).expect(start);
    let heading: Vec<&str> = lines[at("class  ")].split_whitespace().collect();
    assert_eq!(heading, ["class", "precision", "recall", "f1", "support"], "{run}");
    assert_eq!(at("macro mean"), at("class  ") + 11, "a row a class: {run}");
    assert_eq!(lines[at("weighted mean")].split_whitespace().next_back(), Some("359"), "{run}");
    // the rows of the matrix are all pictures
    let matrix = &lines[at("class \\ answer") + 1..][..10];
    let counts = |line: &&str| -> u64 {
        line.split_whitespace().skip(1).filter_map(|cell| cell.parse::<u64>().ok()).sum()
    };
    assert_eq!(matrix.iter().map(counts).sum::<u64>(), 359, "{run}");
    assert!(lines[at("weights: ")].ends_with("weights.safetensors"));
    assert_eq!(at("report: ") + 1, lines.len(), "{run}");

    // the same from the weights, and in the files of the run
    let found = json(&said(folder, &["eval", "run", "--format", "json"]));
    let metrics = json(&fs::read_to_string(folder.join("run/metrics.json")).expect("written"));
    assert_eq!(found["assessment"], metrics["assessment"]);
    assert_eq!((&found["results"], &found["split"]), (&metrics["results"], &metrics["split"]));
    let assessment = &metrics["assessment"];
    assert_eq!((assessment["task"].as_str(), assessment["pictures"].as_u64()), (Some("classes"), Some(359)));
    assert!((number(&assessment["accuracy"]) - number(&metrics["results"]["accuracy"])).abs() < 1e-12);
    let human = said(folder, &["eval", "run"]);
    assert_eq!(human.lines().collect::<Vec<_>>(), lines[..lines.len() - 2]);

    // the answers of all pictures, by name
    let predictions = fs::read_to_string(folder.join("run/predictions.csv")).expect("written");
    let rows: Vec<Vec<&str>> = predictions.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 360);
    assert_eq!(rows[0][..5], ["picture", "truth", "answer", "p(0)", "p(1)"]);
    let right = rows[1..].iter().filter(|row| row[1] == row[2]).count();
    assert_eq!(right as f64 / 359.0, number(&assessment["accuracy"]));

    // other pictures, into a folder
    said(folder, &["eval", "run", "--split", "train", "--output", "answers"]);
    let of_train = fs::read_to_string(folder.join("answers/predictions.csv")).expect("written");
    assert_eq!(of_train.lines().count(), 1 + 1438 - 145);
    assert!(fs::read_to_string(folder.join("answers/metrics.json")).expect("written").contains("\"train\""));
}

#[test]
fn without_test_pictures_those_for_validation_are_judged() {
    let place = digits("validation: 20% of all", "metrics: [accuracy]");
    let folder = place.path();
    let run = said(folder, &["run", "a.cnn", "--out", "run"]);
    assert!(run.contains("\nvalidation accuracy 0."), "{run}");
    let report = json(&fs::read_to_string(folder.join("run/run.json")).expect("written"));
    assert!(report["results"]["test"].is_null());
    // the last epoch's weights are the final ones
    let last = &report["results"]["last_epoch"]["val_accuracy"];
    assert_eq!(last, &report["results"]["validation"]["accuracy"]);
    let done = cnnc(folder).args(["eval", "run"]).assert().success();
    let note = String::from_utf8(done.get_output().stderr.clone()).expect("text");
    assert!(note.contains("there is no test split"), "{note}");
    // a path that leads nowhere is said to
    let done = cnnc(folder).args(["eval", "nothing"]).assert().code(1);
    let said = String::from_utf8(done.get_output().stderr.clone()).expect("text");
    assert!(said.contains("cannot read `nothing`") && !said.contains("is a program"), "{said}");
    // asked for by name it is an error
    cnnc(folder).args(["eval", "run", "--split", "test"]).assert().code(1);
}

#[test]
fn numbers_and_labels_have_figures_of_their_own() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    fs::create_dir(folder.join("p")).expect("made");
    let mut table = "file,x,y\n".to_owned();
    for at in 0..24_u8 {
        let picture = image::GrayImage::from_pixel(4, 4, image::Luma([at * 10]));
        picture.save(folder.join(format!("p/{at}.png"))).expect("saved");
        table.push_str(&format!("p/{at}.png,{},{}\n", u8::from(at > 11), u8::from(at % 2 == 0)));
    }
    fs::write(folder.join("t.csv"), table).expect("written");
    let program = |labels: &str, head: &str| {
        format!(
            "model M {{\n    input(4x4x1)\n    flatten\n    {head}\n}}\n\
             data {{ source: csv(\"t.csv\", image: file, label: [x, y]); labels: {labels}; test: 25% of all }}\n\
             prepare {{ rescale: 1/255; color: gray }}\ntrain {{ epochs: 2 }}\n"
        )
    };
    fs::write(folder.join("n.cnn"), program("regression", "dense(2)")).expect("written");
    let run = said(folder, &["run", "n.cnn", "--out", "n"]);
    let heading = run.lines().find(|line| line.starts_with("number")).expect(&run);
    assert_eq!(heading.split_whitespace().collect::<Vec<_>>(), ["number", "MAE", "RMSE", "R²"]);
    let found = json(&said(folder, &["eval", "n", "--format", "json"]));
    assert_eq!(found["assessment"]["numbers"][1]["number"], "y");

    fs::write(folder.join("m.cnn"), program("multi", "dense(2, activation: sigmoid)")).expect("written");
    let run = said(folder, &["run", "m.cnn", "--out", "m"]);
    assert!(run.contains("all classes right ") && run.contains("micro mean"), "{run}");
    let found = json(&said(folder, &["eval", "m", "--format", "json"]));
    assert_eq!(found["assessment"]["ranking"][0]["class"], "x");
    let predictions = fs::read_to_string(folder.join("m/predictions.csv")).expect("written");
    assert!(predictions.starts_with("picture,truth(x),truth(y),p(x),p(y)\np/"), "{predictions}");
}

#[test]
fn runs_are_compared_on_the_same_pictures() {
    let place = digits("test: 20% of all", "metrics: [accuracy]");
    let folder = place.path();
    said(folder, &["run", "a.cnn", "--out", "short", "--epochs", "1", "--set", "train.optimizer.lr=0.0001"]);
    said(folder, &["run", "a.cnn", "--out", "long", "--epochs", "3"]);
    let told = said(folder, &["compare", "short", "long"]);
    assert!(told.contains("long against short, on 359 common pictures: it is better"), "{told}");
    assert!(told.lines().any(|line| line.split_whitespace().eq(["train.epochs", "1", "3"])), "{told}");
    assert!(told.lines().any(|line| line.starts_with("95% interval")), "{told}");
    let found = json(&said(folder, &["compare", "short", "long", "--format", "json"]));
    let pair = &found["pairs"][0];
    assert_eq!((&pair["verdict"], pair["pictures"].as_u64()), (&Value::from("better"), Some(359)));
    assert!(
        number(&pair["p"]) < 0.05 && number(&pair["only_other_right"]) > number(&pair["only_first_right"])
    );
    // a run is as good as itself
    let told = said(folder, &["compare", "long", "long"]);
    assert!(told.contains("no setting differs") && told.contains("cannot tell which is better"), "{told}");
    // seeds
    let runs: Vec<String> = (0..6).flat_map(|seed| [format!("a{seed}"), format!("b{seed}")]).collect();
    for seed in 0..6 {
        let number = seed.to_string();
        let slow = ["--set", "train.optimizer.lr=0.0001"];
        let run = |out: String, more: &[&str]| {
            said(
                folder,
                &[&["run", "a.cnn", "--epochs", "1", "--seed", &number, "--out", &out], more].concat(),
            );
        };
        run(format!("a{seed}"), &slow);
        run(format!("b{seed}"), &[]);
    }
    let words: Vec<&str> = std::iter::once("compare").chain(runs.iter().map(String::as_str)).collect();
    let told = said(folder, &words);
    assert!(told.contains("settings of b0 against those of a0, with 6 seeds"), "{told}");
    assert!(told.contains("it is better (Wilcoxon's test over the seeds, p = 0.031)"), "{told}");
    // of other pictures those alone that both were tested on, and no class is compared with numbers
    said(folder, &["run", "a.cnn", "--out", "other", "--epochs", "1", "--set", "data.seed=7"]);
    let found = json(&said(folder, &["compare", "long", "other", "--format", "json"]));
    let common = found["pairs"][0]["pictures"].as_u64().expect("a count");
    assert!((1..200).contains(&common), "{common} of 359 pictures chosen twice among 1,797");
    let unfinished = folder.join("nothing");
    fs::create_dir(&unfinished).expect("made");
    cnnc(folder).args(["compare", "long", "nothing"]).assert().code(1);
    cnnc(folder).args(["compare", "long"]).assert().code(2);
}

/// Pictures whose brightness rises to the right or to the left, more or less, so that a few epochs mix some
/// of them up; and the same, mirrored, in another folder.
fn slopes(folder: &Path) {
    for (class, name) in ["falls", "rises"].iter().enumerate() {
        for at in 0..20_u8 {
            let mut picture = image::GrayImage::new(4, 4);
            for (x, y, pixel) in picture.enumerate_pixels_mut() {
                let slope = (x * u32::from(at)) as u8;
                let slope = if class == 1 { slope } else { 57 - slope };
                *pixel = image::Luma([slope * 2 + 40 * u8::from((x * 3 + y * 5 + u32::from(at)) % 4 == 0)]);
            }
            for (set, picture) in
                [("set", &picture), ("mirrored", &image::imageops::flip_horizontal(&picture))]
            {
                let place = folder.join(set).join(name);
                fs::create_dir_all(&place).expect("made");
                picture.save(place.join(format!("{at:02}.png"))).expect("saved");
            }
        }
    }
}

/// The probabilities in a file of predictions, by the pictures' names within their set.
fn probabilities(path: &Path) -> Vec<(String, Vec<f32>)> {
    let text = fs::read_to_string(path).expect("written");
    let row = |row: &str| {
        let cells: Vec<&str> = row.split(',').collect();
        let name = cells[0].split('/').skip(1).collect::<Vec<_>>().join("/");
        (name, cells[3..].iter().map(|cell| cell.parse().expect("a number")).collect())
    };
    text.lines().skip(1).map(row).collect()
}

#[test]
fn answers_are_averaged_over_a_flip() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    slopes(folder);
    let write = |name: &str, set: &str, data: &str| {
        let text = format!(
            "model M {{\n    input(4x4x1)\n    conv2d(3, 3x3, activation: relu)\n    flatten\n    \
             dense(classes, activation: softmax)\n}}\n\
             data {{ source: folder(\"{set}\"); {data} }}\nprepare {{ rescale: 1/255; color: gray }}\n\
             train {{ epochs: 2; batch: 7; metrics: [accuracy] }}\n"
        );
        fs::write(folder.join(name), text).expect("written");
    };
    write("a.cnn", "set", "");
    write("flipped.cnn", "mirrored", "");
    write("turned.cnn", "set", "mirror: { falls: rises }");
    said(folder, &["run", "a.cnn", "--out", "run"]);
    let eval = |file: &str, more: &[&str]| {
        let words = [&["eval", file, "--weights", "run", "--split", "train"][..], more].concat();
        said(folder, &words)
    };
    eval("flipped.cnn", &["--output", "flipped"]);
    let mirrored = probabilities(&folder.join("flipped/predictions.csv"));
    for (file, output, image) in [("a.cnn", "out", [0, 1]), ("turned.cnn", "turned", [1, 0])] {
        let found = json(&eval(file, &["--tta", "--format", "json", "--output", output]));
        let plain = probabilities(&folder.join(output).join("predictions.csv"));
        let averaged = probabilities(&folder.join(output).join("predictions-tta.csv"));
        assert_eq!((plain.len(), averaged.len()), (40, 40));
        let mut right = 0;
        for (at, (name, scores)) in averaged.iter().enumerate() {
            assert_eq!((&plain[at].0, &mirrored[at].0), (name, name));
            let mean = [0, 1].map(|class| plain[at].1[class].midpoint(mirrored[at].1[image[class]]));
            assert_eq!(scores[..], mean, "{file}: {name}");
            right += usize::from((mean[1] > mean[0]) == name.starts_with("rises"));
        }
        let accuracy = number(&found["tta"]["assessment"]["accuracy"]);
        assert!((accuracy - right as f64 / 40.0).abs() < 1e-9, "{found}");
        let plainly = number(&found["assessment"]["accuracy"]);
        let gained = number(&found["tta"]["only_averaged_right"]) - number(&found["tta"]["only_plain_right"]);
        assert!(((accuracy - plainly) * 40.0 - gained).abs() < 1e-9, "{found}");
        // for people: the same figures, the plain ones first
        let text = eval(file, &["--tta"]);
        let (_, after) = text.split_once("averaged over a horizontal flip:\n").expect(&text);
        let change = format!("accuracy {accuracy:.4} ({:+.4}), 95% interval ", accuracy - plainly);
        assert!(after.starts_with(&change), "{text}");
        assert!(after.contains("McNemar's exact test, p = "), "{text}");
        assert!(text.starts_with(&eval(file, &[])), "what is said without it comes first");
        let korean = eval(file, &["--tta", "--lang", "ko"]);
        assert!(!korean.contains("averaged") && !korean.contains("right about"), "{korean}");
    }
}

#[test]
fn a_flip_that_changes_what_is_right_is_refused() {
    let refused = |folder: &Path, file: &str, words: &[&str]| {
        let done =
            cnnc(folder).args(["eval", file, "--weights", "run", "--tta"]).args(words).assert().code(1);
        String::from_utf8(done.get_output().stderr.clone()).expect("text")
    };
    let place = digits("test: 20% of all", "metrics: [accuracy]");
    said(place.path(), &["run", "a.cnn", "--out", "run"]);
    let told = refused(place.path(), "a.cnn", &[]);
    let wanted =
        "mirrored, pictures of `digits` are of another class or of none: `0`, `1`, `2`, `3`, `4` and 5";
    assert!(told.contains(wanted) && told.contains("leave `--tta` out"), "{told}");

    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    slopes(folder);
    let program = |data: &str, head: &str| {
        format!(
            "model M {{\n    input(4x4x1)\n    flatten\n    {head}\n}}\ndata {{ {data}; test: 25% of all }}\n\
             prepare {{ rescale: 1/255; color: gray }}\ntrain {{ epochs: 1 }}\n"
        )
    };
    let some = "source: folder(\"set\"); mirror: { falls: falls }";
    fs::write(folder.join("some.cnn"), program(some, "dense(classes, activation: softmax)"))
        .expect("written");
    said(folder, &["run", "some.cnn", "--out", "run"]);
    let told = refused(folder, "some.cnn", &[]);
    let wanted = "`mirror:` does not say what these classes are when they are mirrored: `rises`";
    assert!(told.contains(wanted) && told.contains("one that stays what it is with itself"), "{told}");

    let mut table = "file,x\n".to_owned();
    (0..20).for_each(|at| table.push_str(&format!("set/falls/{at:02}.png,{at}\n")));
    fs::write(folder.join("t.csv"), table).expect("written");
    let numbers = "source: csv(\"t.csv\", image: file, label: x); labels: regression";
    fs::write(folder.join("numbers.cnn"), program(numbers, "dense(1)")).expect("written");
    fs::remove_dir_all(folder.join("run")).expect("removed");
    said(folder, &["run", "numbers.cnn", "--out", "run"]);
    let told = refused(folder, "numbers.cnn", &[]);
    assert!(
        told.contains("the model answers with numbers, and those of a mirrored picture may be"),
        "{told}"
    );
}
