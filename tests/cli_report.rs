//! The page of a run, through the command line: what it holds, what it says is missing, that what comes from files
//! stays text, and that a browser finds nothing wrong with it.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;

/// No page is larger, in bytes.
const MOST_BYTES: usize = 3 << 20;

fn cnnc(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
    command
        .current_dir(folder)
        .env_remove("CNNC_DATA_DIR")
        .env("LC_ALL", "C")
        .env("CNNC_MEMORY_MIB", "65536");
    command
}

/// What a command prints and complains of, that ends so.
fn ends(folder: &Path, words: &[&str], code: i32) -> (String, String) {
    let done = cnnc(folder).args(words).assert().code(code);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (text(&done.get_output().stdout), text(&done.get_output().stderr))
}

fn page(folder: &Path, run: &str) -> String {
    fs::read_to_string(folder.join(run).join("report.html")).expect("written")
}

/// A page without its script, its style and its data: what is read.
fn read(page: &str) -> String {
    let body = page.split_once("<body>").expect("a body").1;
    body.split_once("<script").expect("a script").0.to_owned()
}

/// A program of the digits, whose sections end like this.
fn digits(data: &str, train: &str) -> String {
    format!(
        "model Digits {{\n    input(8x8x1)\n    flatten\n    dense(classes, activation: softmax)\n}}\n\
         data {{ source: digits; {data} }}\nprepare {{ rescale: 1/16 }}\n\
         train {{ epochs: 4; optimizer: adam(lr: 0.01); metrics: [accuracy]; {train} }}\n"
    )
}

fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("written");
    }
    folder
}

/// Twelve pictures a class, each class of another brightness, and a table of them.
fn pictures(folder: &Path, classes: &[&str], count: u8) -> String {
    let mut table = "file,label,x,y\n".to_owned();
    fs::create_dir_all(folder.join("p")).expect("made");
    for (class, name) in classes.iter().enumerate() {
        for at in 0..count {
            let value = u8::try_from(class * 240 / classes.len()).expect("a byte") + at;
            let file = format!("p/{class}-{at}.png");
            image::GrayImage::from_pixel(4, 4, image::Luma([value])).save(folder.join(&file)).expect("saved");
            let (x, y) = (u8::from(value > 120), u8::from(at % 2 == 0));
            table.push_str(&format!("{file},\"{}\",{x},{y}\n", name.replace('"', "\"\"")));
        }
    }
    table
}

fn of_table(label: &str, labels: &str, head: &str) -> String {
    format!(
        "model M {{\n    input(4x4x1)\n    flatten\n    {head}\n}}\n\
         data {{ source: csv(\"t.csv\", image: file, label: {label}); labels: {labels}; test: 25% of all }}\n\
         prepare {{ rescale: 1/255; color: gray }}\ntrain {{ epochs: 2 }}\n"
    )
}

#[test]
fn a_run_ends_with_its_page() {
    let data = "test: 20% of all; validation: 10% of train";
    let stops = "early_stopping(monitor: val_loss, patience: 50)";
    let place = folder_with(&[("a.cnn", &digits(data, stops))]);
    let folder = place.path();
    let (said, _) = ends(folder, &["run", "a.cnn", "--out", "run", "--seed", "3"], 0);
    assert_eq!(said.lines().last(), Some("report: run/report.html"), "{said}");
    let html = page(folder, "run");
    assert!(html.len() < MOST_BYTES / 8, "{} bytes", html.len());
    assert!(html.contains("<html lang=\"en\">") && html.contains("MIT License"));
    let text = read(&html);
    // the order in which a person asks
    let mut at = 0;
    for id in ["quality", "mistakes", "model", "time", "again"] {
        let next = text.find(&format!("<section id=\"{id}\">")).unwrap_or_else(|| panic!("no {id}"));
        assert!(next > at, "{id}");
        at = next;
    }
    for part in [
        "95% interval ",
        "95% 구간 ",
        "359 test pictures",
        "The final weights are those of epoch ",
        "id=\"matrix\"",
        "Most confident wrong answers",
        "expected calibration error",
        "<td class=\"shape\">64</td><td>    flatten = flatten</td>",
        "650 parameters: 650 trainable, 0 not",
        "compiling",
        "cnnc run a.cnn --out run --seed 3</pre>",
    ] {
        assert!(text.contains(part), "`{part}` is missing in {text}");
    }
    // nothing is asked for on the network, and no script runs but the page's own
    assert!(!text.contains("src=\"") && !text.contains("href=\"http"), "{text}");
    assert!(html.contains("default-src 'none'") && html.contains("script-src 'sha256-"));

    // the same again, byte by byte; in another language; into another file
    fs::remove_file(folder.join("run/report.html")).expect("there");
    ends(folder, &["report", "run"], 0);
    assert_eq!(page(folder, "run"), html);
    let (said, _) = ends(folder, &["report", "run", "-o", "ko.html", "--lang", "ko"], 0);
    assert_eq!(said, "보고서: ko.html\n");
    let korean = fs::read_to_string(folder.join("ko.html")).expect("written");
    assert!(korean.contains("<html lang=\"ko\">") && read(&korean) == read(&html));

    // and in a terminal
    let (said, _) = ends(folder, &["report", "run", "--text"], 0);
    for part in [
        "model Digits\nstatus: finished, epochs: 4\n",
        "val_loss: ",
        " ┤",
        " └──",
        "class \\ answer",
        "macro mean",
    ] {
        assert!(said.contains(part), "`{part}` is missing in {said}");
    }

    ends(folder, &["run", "a.cnn", "--out", "none", "--no-report"], 0);
    assert!(!folder.join("none/report.html").exists());
    ends(folder, &["report", "nothing"], 1);
}

#[test]
fn what_is_missing_is_said() {
    let nothing = digits("", "");
    let validation = digits("validation: 20% of all", "");
    let diverges = digits("test: 20% of all", "")
        .replace("adam(lr: 0.01)", "sgd(lr: 1e30)")
        .replace("flatten\n", "flatten\n    dense(16)\n");
    let place = folder_with(&[("n.cnn", &nothing), ("v.cnn", &validation), ("d.cnn", &diverges)]);
    let folder = place.path();
    ends(folder, &["run", "n.cnn", "--out", "n", "-q"], 0);
    assert!(read(&page(folder, "n")).contains("There is neither a test nor a validation split"));
    ends(folder, &["run", "v.cnn", "--out", "v", "-q"], 0);
    let text = read(&page(folder, "v"));
    assert!(text.contains("There is no test split") && text.contains("validation pictures"), "{text}");

    // a run that diverged has a page that says so, and the program is that of its file
    let (_, said) = ends(folder, &["run", "d.cnn", "--out", "d", "-q"], 1);
    assert!(said.contains("error"), "{said}");
    let text = read(&page(folder, "d"));
    assert!(text.contains("The run could not go on: ") && text.contains("No epoch is complete"), "{text}");
    assert!(text.contains("flatten = flatten") && text.contains("there are no final weights"), "{text}");
    fs::remove_file(folder.join("d/report.html")).expect("there");
    ends(folder, &["report", "d"], 0);
    assert_eq!(read(&page(folder, "d")), text);
    // a file that means something else is not taken for it
    fs::write(folder.join("d.cnn"), diverges.replace("epochs: 4", "epochs: 5")).expect("written");
    ends(folder, &["report", "d"], 0);
    assert!(read(&page(folder, "d")).contains("The program is not known"));
    let (said, _) = ends(folder, &["report", "d", "--text"], 0);
    assert!(said.contains("status: failed, epochs: 0\n") && said.contains("no epoch is complete"), "{said}");

    // one that was interrupted, and one of an older version
    let report = folder.join("v/run.json");
    let text = fs::read_to_string(&report).expect("there");
    let mut told: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    told["status"] = "interrupted".into();
    told["results"]["validation"] = serde_json::Value::Null;
    fs::write(&report, told.to_string()).expect("written");
    ends(folder, &["report", "v"], 0);
    let told = read(&page(folder, "v"));
    assert!(told.contains("interrupted after 4 complete epochs") && told.contains("after epoch 4"), "{told}");
    assert!(!told.contains("id=\"mistakes\""));
    fs::write(&report, text).expect("written");
    fs::remove_file(folder.join("v/predictions.csv")).expect("there");
    ends(folder, &["report", "v"], 0);
    assert!(read(&page(folder, "v")).contains("The answers to single pictures are not known"));
    // damaged files are told, and the rest is there
    fs::write(folder.join("v/predictions.csv"), "nonsense").expect("written");
    fs::write(folder.join("v/history.csv"), "epoch,loss\nx,y\n").expect("written");
    ends(folder, &["report", "v"], 0);
    let told = read(&page(folder, "v"));
    assert_eq!(told.matches("A file of the run could not be read").count(), 2, "{told}");
    assert!(told.contains("flatten = flatten"));
}

#[test]
fn every_task_has_its_page() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    fs::write(folder.join("t.csv"), pictures(folder, &["a", "b"], 12)).expect("written");
    let write = |name: &str, text: String| fs::write(folder.join(name), text).expect("written");
    write("numbers.cnn", of_table("[x, y]", "regression", "dense(2)"));
    write("labels.cnn", of_table("[x, y]", "multi", "dense(2, activation: sigmoid)"));
    write("two.cnn", of_table("label", "single", "dense(classes, activation: softmax)"));
    write("one.cnn", of_table("label", "single", "dense(1, activation: sigmoid)"));
    for (name, parts) in [
        ("numbers", &["mean absolute error", "RMSE", "Largest errors", "p/"][..]),
        ("labels", &["all labels right", "micro mean", "<th class=\"n\">AUC"]),
        ("two", &["AUC", "average precision", "id=\"matrix\""]),
        ("one", &["AUC", "average precision", "id=\"matrix\""]),
    ] {
        ends(folder, &["run", &format!("{name}.cnn"), "--out", name, "-q"], 0);
        let text = read(&page(folder, name));
        for part in parts {
            assert!(text.contains(part), "{name}: `{part}` is missing in {text}");
        }
    }
    browse(&["numbers", "labels", "two", "one"].map(|name| folder.join(name).join("report.html")));
}

#[test]
fn names_from_files_are_text() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    let evil = "<script>alert(1)</script>";
    let quote = "\"><img src=x onerror=alert(1)>";
    fs::write(folder.join("t.csv"), pictures(folder, &[evil, quote, "</script>&amp;"], 12)).expect("written");
    let program = of_table("label", "single", "dense(classes, activation: softmax)");
    fs::write(folder.join("<b>.cnn"), program).expect("written");
    ends(folder, &["run", "<b>.cnn", "--out", "<i>run", "-q"], 0);
    let html = page(folder, "<i>run");
    let text = read(&html);
    assert!(
        text.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && text.contains("&lt;b&gt;.cnn"),
        "{text}"
    );
    assert!(!html.contains("<img") && !html.contains("<b>.cnn") && !html.contains("<i>run"), "{text}");
    // ours, the data, and no other
    assert_eq!(html.matches("<script").count(), 2);
    assert_eq!(html.matches("</script").count(), 2);
    browse(&[folder.join("<i>run/report.html")]);
}

#[test]
fn many_classes_and_odd_ones_fit() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    let names: Vec<String> = (0..43).map(|class| format!("sign {class:02} with a long name")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    fs::write(folder.join("t.csv"), pictures(folder, &names, 4)).expect("written");
    let program = of_table("label", "single", "dense(classes, activation: softmax)");
    fs::write(folder.join("signs.cnn"), &program).expect("written");
    ends(folder, &["run", "signs.cnn", "--out", "signs", "-q"], 0);
    let html = page(folder, "signs");
    assert!(html.len() < MOST_BYTES && html.contains("id=\"matrix\""), "{}", html.len());

    // one that answers one class alone, and one class without test pictures
    fs::write(folder.join("one.cnn"), digits("test: 20% of all", "")).expect("written");
    ends(folder, &["run", "one.cnn", "--out", "one", "-q"], 0);
    let predictions = folder.join("one/predictions.csv");
    let rows = fs::read_to_string(&predictions).expect("there");
    let mut rows = rows.lines();
    let mut table = rows.next().expect("a heading").to_owned() + "\n";
    for row in rows {
        let cells: Vec<&str> = row.split(',').collect();
        if cells[1] != "7" {
            table.push_str(&format!("{},{},0,1,0,0,0,0,0,0,0,0,0\n", cells[0], cells[1]));
        }
    }
    fs::write(&predictions, table).expect("written");
    ends(folder, &["report", "one"], 0);
    let text = read(&page(folder, "one"));
    assert!(text.contains("The model answers `0` to every picture"), "{text}");
    assert!(text.contains("of which nothing can be said: 7"), "{text}");
    browse(&["signs", "one"].map(|name| folder.join(name).join("report.html")));
}

#[test]
#[cfg(unix)]
fn a_page_that_cannot_be_written_loses_nothing() {
    let place = folder_with(&[("a.cnn", &digits("test: 20% of all", ""))]);
    let folder = place.path();
    // a folder is in its place when the page is written: the run goes on until it is there, and is then ended
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_cnnc"))
        .args(["run", "a.cnn", "--out", "run", "--epochs", "1000000"])
        .current_dir(folder)
        .env("LC_ALL", "C")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("started");
    while !fs::read_to_string(folder.join("run/history.csv")).is_ok_and(|rows| rows.lines().count() > 1) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    fs::create_dir(folder.join("run/report.html")).expect("made");
    let ended = std::process::Command::new("kill").args(["-INT", &run.id().to_string()]).status();
    assert!(ended.expect("`kill` is there").success());
    let done = run.wait_with_output().expect("ended");
    let complaint = String::from_utf8(done.stderr).expect("text");
    assert_eq!(done.status.code(), Some(1), "{complaint}");
    assert!(
        complaint.contains("the results are safe: `cnnc report run` writes the page again"),
        "{complaint}"
    );
    ends(folder, &["eval", "run"], 0);
    ends(folder, &["report", "run"], 1);
}

#[test]
fn the_digits_are_read_in_a_browser() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/models/digits.cnn");
    ends(folder, &["run", model, "--epochs", "5", "--out", "digits", "-q"], 0);
    browse(&[folder.join("digits/report.html")]);
}

/// Models whose pages are those of another, and which train for long: on the pictures of
/// `cifar10_basic`, or with another pooling than `pooling_global`.
const ALIKE: [&str; 3] = ["cifar10_advanced", "pooling_avg", "pooling_max"];

/// Every model of `models` whose data are there, for an epoch, with all drawings.
#[test]
#[allow(clippy::print_stderr, reason = "it says what it skips")]
fn pages_of_all_models_are_read_in_a_browser() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let mut files: Vec<PathBuf> =
        fs::read_dir(&models).expect("models").map(|entry| entry.expect("read").path()).collect();
    files.sort();
    let data = std::env::var_os("CNNC_DATA_DIR");
    let mut pages = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "cnn")) {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        if ALIKE.contains(&&*name) {
            continue;
        }
        let folders =
            "folder(\"cifar10-images.tar.gz/cifar10/train\", test: \"cifar10-images.tar.gz/cifar10/test\")";
        let text = fs::read_to_string(file).expect("a model");
        let text = text.replace("source: cifar10\n", &format!("source: {folders}\n"));
        if text.contains("weights: imagenet") {
            eprintln!("skipped: {name} would fetch published weights");
            continue;
        }
        if data.is_none() && name != "digits" {
            eprintln!("skipped: {name} needs CNNC_DATA_DIR");
            continue;
        }
        let is_single = !text.contains("labels: regression") && !text.contains("labels: multi");
        let confusions = if is_single { "confusion_matrix; mistakes;" } else { "" };
        let report = format!(
            "\nreport {{ images: 2; samples; curves; {confusions} grad_cam; feature_maps; filters }}\n"
        );
        fs::write(folder.join(format!("{name}.cnn")), text + &report).expect("written");
        let mut command = cnnc(folder);
        if let Some(data) = &data {
            command.env("CNNC_DATA_DIR", data);
        }
        let words = ["run", &format!("{name}.cnn"), "--epochs", "1", "--out", &name, "-q"];
        let done = command.args(words).output().expect("started");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        if said.contains("was not found") || said.contains("could not fetch") {
            eprintln!("skipped: the data of {name} are not there");
            continue;
        }
        assert!(done.status.success() && !said.contains("cannot be made"), "{name}: {said}");
        let bytes = page(folder, &name).len();
        assert!(bytes < MOST_BYTES, "{name}: {bytes} bytes");
        pages.push(folder.join(&name).join("report.html"));
    }
    browse(&pages);
}

/// The first of these programs that is there.
fn program(names: &[&str]) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
}

/// Opens pages in a browser: see `tests/browser/page.mjs`.
#[allow(clippy::print_stderr, reason = "it says that it is skipped")]
fn browse(pages: &[PathBuf]) {
    let (Some(node), Some(chromium)) = (program(&["node"]), program(&["chromium", "chromium-browser"]))
    else {
        eprintln!(
            "skipped: pages are opened where there are `node` and `chromium` (Debian: nodejs chromium)"
        );
        return;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/page.mjs");
    let done =
        std::process::Command::new(node).arg(script).arg(chromium).args(pages).output().expect("started");
    let said = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(done.status.success(), "{said}");
    assert_eq!(said.matches(": sound").count(), pages.len(), "{said}");
}

/// A network with maps, of the digits; its file ends like this.
fn with_maps(end: &str) -> String {
    let text = digits("test: 20% of all", "")
        .replace("    flatten\n", "    conv2d(4, 3x3, activation: relu)\n    flatten\n");
    text + end
}

#[test]
fn a_run_makes_the_drawings_that_its_report_names() {
    let report = "report { images: 3; samples(augmented: true); curves; grad_cam; grad_cam(conv2d); \
                  grad_cam(conv2d); feature_maps(conv2d, channels: 2); filters; confusion_matrix; mistakes; \
                  embedding(projection: pca) }\naugment { shift(width: 10%, height: 10%) }\n";
    let place = folder_with(&[("a.cnn", &with_maps(report)), ("plain.cnn", &with_maps(""))]);
    let folder = place.path();
    let (_, told) = ends(folder, &["run", "a.cnn", "--out", "run", "--seed", "3"], 0);
    assert!(told.contains("drawings in run/report: samples.png, curves.png"), "{told}");
    let mut names: Vec<String> = fs::read_dir(folder.join("run/report"))
        .expect("made")
        .map(|entry| entry.expect("read").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let wanted = [
        "confusion_matrix.png",
        "curves.png",
        "embedding.svg",
        "feature_maps-conv2d.png",
        "filters.png",
        "grad_cam-conv2d-2.png",
        "grad_cam-conv2d.png",
        "grad_cam.png",
        "mistakes.png",
        "samples.png",
    ];
    assert_eq!(names, wanted);
    for name in wanted.iter().filter(|name| name.ends_with("png")) {
        let picture = image::open(folder.join("run/report").join(name)).expect("a picture");
        assert!(picture.width() >= 300 && picture.height() >= 100, "{name}");
    }
    // the layer that is looked at by default is the same, so the picture is
    let drawn = |name: &str| fs::read(folder.join("run/report").join(name)).expect("there");
    assert_eq!(drawn("grad_cam.png"), drawn("grad_cam-conv2d.png"));
    // the page holds them, but for those that it has in its own manner
    let html = page(folder, "run");
    for (name, is_there) in
        [("report/grad_cam.png", true), ("report/embedding.svg", true), ("report/curves.png", false)]
    {
        assert_eq!(html.contains(name), is_there, "{name}");
    }
    // pictures cost no bit of the run
    ends(folder, &["run", "plain.cnn", "--out", "plain", "--seed", "3", "--no-report"], 0);
    assert!(!folder.join("plain/report").exists() && !folder.join("plain/report.html").exists());
    ends(folder, &["run", "a.cnn", "--out", "same", "--seed", "3", "--no-report"], 0);
    let weights = |run: &str| fs::read(folder.join(run).join("weights.safetensors")).expect("written");
    assert!(weights("run") == weights("same") && folder.join("same/report/filters.png").exists());
}

#[test]
fn the_page_shows_mistakes_and_samples() {
    let place = folder_with(&[("a.cnn", &with_maps(""))]);
    let folder = place.path();
    ends(folder, &["run", "a.cnn", "--out", "run", "--seed", "3", "--epochs", "1"], 0);
    let shown = read(&page(folder, "run"));
    let scenes = ["test pictures are taken for something else", "of 1438 training pictures"];
    for scene in scenes {
        assert!(shown.contains(scene), "{scene}");
    }
    // made again from the run's folder it is the same, but for what depends on the moment
    ends(folder, &["report", "run", "-o", "again.html"], 0);
    let again = read(&fs::read_to_string(folder.join("again.html")).expect("written"));
    assert_eq!(shown, again);
    let (_, told) = ends(folder, &["report", "run", "-o", "without.html", "--no-pictures"], 0);
    let without = read(&fs::read_to_string(folder.join("without.html")).expect("written"));
    assert!(told.is_empty() && scenes.iter().all(|scene| !without.contains(scene)), "{told}");
}

#[test]
fn a_run_without_a_test_draws_what_it_was_trained_on() {
    let report = "report { images: 2; grad_cam; filters; mistakes }\n";
    let text = with_maps(report).replace("test: 20% of all", "");
    let place = folder_with(&[("a.cnn", &text)]);
    let folder = place.path();
    let (_, told) = ends(folder, &["run", "a.cnn", "--out", "run", "--epochs", "1"], 0);
    assert!(!told.contains("nothing is drawn"), "{told}");
    assert!(
        told.contains("the drawing `mistakes` cannot be made: the run in `run` has kept no answers"),
        "{told}"
    );
    assert!(told.contains("drawings in run/report: grad_cam.png, filters.png"), "{told}");
    assert!(read(&page(folder, "run")).contains("of 1797 training pictures"));
    // what the drawing says, in another language
    let words = ["see", "curves", "run", "-o", "c.svg", "--lang", "ko"];
    ends(folder, &words, 0);
    let drawn = fs::read_to_string(folder.join("c.svg")).expect("written");
    assert!(drawn.contains(">에폭<") && drawn.contains(">loss<"), "{drawn}");
}

#[test]
fn pictures_that_are_gone_are_said_to_be() {
    let place = folder_with(&[]);
    let folder = place.path();
    let table = pictures(folder, &["dark", "light"], 12);
    let text = of_table("label", "single", "dense(2, activation: softmax)");
    fs::write(folder.join("t.csv"), table).expect("written");
    fs::write(folder.join("a.cnn"), text).expect("written");
    ends(folder, &["run", "a.cnn", "--out", "run"], 0);
    fs::remove_dir_all(folder.join("p")).expect("removed");
    let (_, told) = ends(folder, &["report", "run"], 0);
    assert!(told.contains("warning: nothing is drawn of the run's pictures: "), "{told}");
    assert!(read(&page(folder, "run")).contains("Nothing could be drawn of its pictures: "));
}

#[test]
fn a_drawing_that_cannot_be_written_is_a_warning() {
    let place = folder_with(&[("a.cnn", &with_maps("report { curves; filters }\n"))]);
    let folder = place.path();
    // a file is in the way of the folder
    ends(folder, &["run", "a.cnn", "--out", "run", "--epochs", "1"], 0);
    fs::remove_dir_all(folder.join("run/report")).expect("removed");
    fs::write(folder.join("run/report"), "mine").expect("written");
    let (said, told) = ends(folder, &["run", "a.cnn", "--resume", "run", "--epochs", "2"], 0);
    assert!(told.contains("warning: ") && told.contains("run/report"), "{told}");
    assert!(said.contains("weights: run/weights.safetensors"), "{said}");
    assert_eq!(fs::read_to_string(folder.join("run/report")).expect("there"), "mine");
}
