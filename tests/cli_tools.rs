//! Commands that read and write .cnn files: `fmt`, `check --fix`, `diff`, `graph`, `completions`, and the
//! language of messages.

use std::path::Path;

use assert_cmd::Command;

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models");
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/check");

fn cnnc(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
    command
        .env_remove("CNNC_DATA_DIR")
        .env("CNNC_MEMORY_MIB", "65536")
        .env("NO_COLOR", "1")
        .env("LC_ALL", "C");
    command.current_dir(folder);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("written");
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).expect("it is there")
}

const UNTIDY: &str = "model A{input(8x8x1);flatten // all\n dense(3)}\n";
const TIDY: &str = "model A {\n    input(8x8x1)\n    flatten  // all\n    dense(3)\n}\n";

#[test]
fn fmt_lays_out_and_says_which() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(folder, "a.cnn", UNTIDY);
    write(folder, "tidy.cnn", TIDY);
    let checked = cnnc(folder).args(["fmt", "--check", "a.cnn", "tidy.cnn"]).assert().code(1);
    let diff = text(&checked.get_output().stdout);
    assert!(diff.starts_with("--- a.cnn\n+++ a.cnn\n@@ -1,2 +1,5 @@\n-model A{"), "{diff}");
    assert!(!diff.contains("tidy.cnn"), "{diff}");
    assert_eq!(read(folder, "a.cnn"), UNTIDY);

    let done = cnnc(folder).args(["fmt", "a.cnn", "tidy.cnn"]).assert().success();
    assert_eq!(text(&done.get_output().stdout), "a.cnn\n");
    assert_eq!(read(folder, "a.cnn"), TIDY);
    cnnc(folder).args(["fmt", "--check", "a.cnn"]).assert().success().stdout("");

    cnnc(folder).args(["fmt", "-"]).write_stdin(UNTIDY).assert().success().stdout(TIDY);
}

#[test]
fn fmt_touches_nothing_that_it_cannot_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(folder, "wrong.cnn", "model A { input(8x8x1 \n");
    write(folder, "a.cnn", UNTIDY);
    let failed = cnnc(folder).args(["fmt", "wrong.cnn", "none.cnn", "a.cnn"]).assert().code(1);
    let said = text(&failed.get_output().stderr);
    assert!(
        said.contains("error[E0003]") && said.contains("wrong.cnn:1") && said.contains("error[E0602]"),
        "{said}"
    );
    assert_eq!(read(folder, "wrong.cnn"), "model A { input(8x8x1 \n");
    assert_eq!(read(folder, "a.cnn"), TIDY);
    cnnc(folder).args(["fmt"]).assert().code(2);
}

#[test]
#[cfg(unix)]
fn fmt_keeps_links_and_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(folder, "a.cnn", UNTIDY);
    let mode = |name: &str| std::fs::metadata(folder.join(name)).expect("there").permissions().mode() & 0o777;
    std::fs::set_permissions(folder.join("a.cnn"), std::fs::Permissions::from_mode(0o640)).expect("set");
    std::os::unix::fs::symlink("a.cnn", folder.join("link.cnn")).expect("linked");
    cnnc(folder).args(["fmt", "link.cnn"]).assert().success();
    assert!(std::fs::symlink_metadata(folder.join("link.cnn")).expect("there").is_symlink());
    assert_eq!((read(folder, "a.cnn").as_str(), mode("a.cnn")), (TIDY, 0o640));
}

/// Through the command line: every fixture whose problem has a fix is silent afterwards.
#[test]
fn check_fix_mends_every_fixture_that_has_a_fix() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mut mended: Vec<String> = Vec::new();
    let mut names: Vec<String> = std::fs::read_dir(FIXTURES)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".cnn") && !name.ends_with(".ok.cnn"))
        .collect();
    names.sort();
    for name in names {
        let mut before = std::fs::read_to_string(Path::new(FIXTURES).join(&name)).expect("it is there");
        if before.contains("weights:") && name != "W0125.cnn" {
            before.insert_str(0, "allow W0125 because \"fixtures have no weights\"\n\n");
        }
        write(folder, &name, &before);
        let json = cnnc(folder).args(["check", &name, "--format", "json"]).output().expect("it runs");
        let mut problems: Vec<serde_json::Value> = text(&json.stdout)
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line is an object"))
            .collect();
        // data of fixtures are not there
        if name != "W0321.cnn" && problems.iter().any(|problem| problem["code"] == "W0321") {
            before.insert_str(0, "allow W0321 because \"fixtures have no data\"\n\n");
            write(folder, &name, &before);
            problems.retain(|problem| problem["code"] != "W0321");
        }
        let fixable = problems.iter().all(|problem| !problem["fixes"].as_array().expect("a list").is_empty());
        let dry = cnnc(folder).args(["check", &name, "--fix", "--dry-run"]).output().expect("it runs");
        assert_eq!(read(folder, &name), before, "--dry-run writes {name}");
        if problems.is_empty() || !fixable {
            continue;
        }
        let fixed =
            cnnc(folder).args(["check", &name, "--fix", "--deny", "warnings"]).output().expect("it runs");
        let (out, err) = (text(&fixed.stdout), text(&fixed.stderr));
        assert_eq!(fixed.status.code(), Some(0), "{name}\n{out}\n{err}\n{}", read(folder, &name));
        assert!(out.contains(&format!("--- {name}\n")) && out.ends_with(&format!("{name}: ok\n")), "{out}");
        assert!(out.starts_with(&text(&dry.stdout)[..20]), "the same diff as the dry run");
        let silent = cnnc(folder).args(["check", &name, "--format", "json"]).assert().success();
        assert_eq!(text(&silent.get_output().stdout), "", "{name}");
        mended.push(name.trim_end_matches(".cnn").to_owned());
    }
    for code in [
        "E0006", "E0101", "E0103", "E0104", "E0107", "E0109", "E0119", "E0120", "E0201", "W0202", "E0203",
        "E0204", "W0207", "W0208", "W0209", "W0210", "W0211", "W0212", "W0301", "E0405", "E0501", "E0508",
        "W0118",
    ] {
        assert!(mended.iter().any(|name| name == code), "{code} is not mended; {mended:?} are");
    }
}

#[test]
fn check_fix_goes_on_until_nothing_is_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let wrong = "model A { Input(28x28x1); Conv2D(8, 3x3, strides: 2, activation: relu); Flatten; Dense(9, activation: softmx) }\n\
                 data { source: mnist }\ntrain { epochs: 2; optimizer: Adam(learning_rate: 0.01); early_stopping(monitor: val_los) }\n";
    write(folder, "a.cnn", wrong);
    let fixed = cnnc(folder).args(["check", "a.cnn", "--fix"]).output().expect("it runs");
    assert_eq!(fixed.status.code(), Some(0), "{}{}", text(&fixed.stdout), text(&fixed.stderr));
    let now = read(folder, "a.cnn");
    for part in [
        "conv2d(8, 3x3, stride: 2, activation: relu)",
        "dense(classes, activation: softmax)",
        "adam(lr: 0.01)",
        "rescale: 1/255",
        "validation: 20% of train",
        "monitor: val_loss",
    ] {
        assert!(now.contains(part), "`{part}` is missing in\n{now}");
    }
    // nine names, the number of classes, the scale, the split: each problem counts once, whatever its code
    let said = text(&fixed.stderr);
    assert!(said.contains("a.cnn: 12 problems fixed"), "{said}");
    // what has no fix is still said
    write(folder, "b.cnn", "model A { input(4x4x1); conv2d(8, 5, activaton: relu) }\n");
    let failed = cnnc(folder).args(["check", "b.cnn", "--fix"]).assert().code(1);
    assert!(text(&failed.get_output().stderr).contains("error[E0102]"));
    assert!(read(folder, "b.cnn").contains("activation: relu"));
    cnnc(folder).args(["check", "b.cnn", "--dry-run"]).assert().code(2);
}

/// Nearly all weights stand behind `flatten`, each used once a picture.
const FLATTENED: &str = "model Wide {
    input(64x64x3)
    conv2d(16, 3x3, padding: same, activation: relu)
    flatten
    dense(256, activation: relu)
    dense(10, activation: softmax)
}
data { source: folder(\"photos/\"); classes: [a, b, c, d, e, f, g, h, i, j]; validation: 10% of train }
train { epochs: 1; batch: 32 }
";

#[test]
fn check_warns_of_machines_that_would_send_for_longer_than_they_compute() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(folder, "wide.cnn", FLATTENED);
    let checked = cnnc(folder).args(["check", "wide.cnn", "--ranks", "4"]).assert().success();
    let said = text(&checked.get_output().stderr);
    assert!(said.contains("warning: each rank sends ") && said.contains("most of it of `dense`"), "{said}");
    assert!(said.contains("replace `flatten` + `dense` by `global_avg_pool2d` first"), "{said}");
    // nobody asked for ranks; one more than shards is another matter; kernels of convolutions are
    // small
    for (name, more) in
        [("wide.cnn", &[][..]), ("pooled.cnn", &["--ranks", "4"]), ("wide.cnn", &["--ranks", "9"])]
    {
        write(folder, "pooled.cnn", &FLATTENED.replace("flatten", "global_avg_pool2d"));
        let checked = cnnc(folder).args(["check", name]).args(more).assert().success();
        let said = text(&checked.get_output().stderr);
        assert!(!said.contains("each rank sends"), "{name} {more:?}: {said}");
    }
    // every model of a file
    let two = FLATTENED.replace("flatten", "global_avg_pool2d").replace("Wide", "Small");
    let (small, rest) = two.split_at(two.find("data {").expect("data"));
    let wide = &FLATTENED[..FLATTENED.find("data {").expect("data")];
    write(folder, "two.cnn", &format!("{small}{wide}{rest}"));
    let checked = cnnc(folder).args(["check", "two.cnn", "--ranks", "4"]).assert().success();
    assert_eq!(text(&checked.get_output().stderr).matches("each rank sends").count(), 1);
    // what is not to be trained sends nothing
    write(folder, "model.cnn", wide);
    cnnc(folder).args(["check", "model.cnn", "--ranks", "4"]).assert().code(1);
}

#[test]
fn diff_shows_what_differs() {
    let words = ["diff", "cifar10_basic.cnn", "cifar10_advanced.cnn", "--threads", "1", "--simd", "portable"];
    let shown = cnnc(Path::new(MODELS)).args(words).assert().success();
    let shown = text(&shown.get_output().stdout);
    for part in [
        "--- Basic (cifar10_basic.cnn)",
        "+  batch_norm",
        "~  dense",
        "parameters",
        "train.epochs",
        "accuracy, top_k(3)",
        "memory, training",
    ] {
        assert!(shown.contains(part), "`{part}` is missing in\n{shown}");
    }
    let json = cnnc(Path::new(MODELS)).args(words).args(["--format", "json"]).assert().success();
    let value: serde_json::Value = serde_json::from_slice(&json.get_output().stdout).expect("JSON");
    assert_eq!(value["settings"]["train.epochs"], serde_json::json!({ "a": 10, "b": 50 }));
    assert_eq!(value["totals"]["parameters"]["a"], 122_570);
    assert!(value["layers"].as_array().expect("a list").iter().any(|layer| layer["change"] == "added"));
}

#[test]
fn diff_of_a_file_and_itself_is_empty() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(
        folder,
        "two.cnn",
        "model A { input(8x8x1); dense_1 = flatten; dense(3) }\nmodel B { input(8x8x1); dense_1 = flatten; dense(4) }\n",
    );
    let same = cnnc(folder).args(["diff", "two.cnn", "two.cnn", "--model", "A"]).assert().success();
    let same = text(&same.get_output().stdout);
    assert!(
        same.contains("3 layers are the same in both") && same.contains("no other setting differs"),
        "{same}"
    );
    let two = cnnc(folder).args(["diff", "two.cnn", "--model", "A", "--model", "B"]).assert().success();
    assert!(text(&two.get_output().stdout).contains("units: 3 -> 4"), "{}", text(&two.get_output().stdout));
    cnnc(folder).args(["diff", "two.cnn"]).assert().code(2);
    cnnc(folder).args(["diff", "two.cnn", "--model", "A"]).assert().code(2);
}

#[test]
fn graph_draws_dot_and_svg() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let digits = format!("{MODELS}/digits.cnn");
    let dot = cnnc(folder).args(["graph", &digits, "--format", "dot"]).assert().success();
    let dot = text(&dot.get_output().stdout);
    assert!(dot.starts_with("digraph \"Digits\" {") && dot.contains("label=\"8x8x64\""), "{dot}");
    cnnc(folder).args(["graph", &digits, "-o", "d.svg"]).assert().success().stdout("");
    let svg = read(folder, "d.svg");
    assert!(
        svg.starts_with("<svg ") && svg.contains("18,496 parameters") && svg.ends_with("</svg>\n"),
        "{svg}"
    );
    cnnc(folder).args(["graph", &digits, "-o", "d.dot"]).assert().success();
    assert_eq!(read(folder, "d.dot"), dot);
    assert!(dot.contains("3x3, relu") && dot.contains("max_pool2d\\n2x2"), "{dot}");
    // what is not written is not written under another name
    let refused = cnnc(folder).args(["graph", &digits, "-o", "d.png"]).assert().code(2);
    let said = text(&refused.get_output().stderr);
    assert!(said.contains("writes SVG and DOT, not png") && !folder.join("d.png").exists(), "{said}");
    let net = "model Base { input(8x8x1); conv2d(4, 3x3); flatten }\n\
               model Net { input(8x8x1); base = Base(frozen: true); dense(2) }\n";
    write(folder, "frozen.cnn", net);
    let words = ["graph", "frozen.cnn", "--model", "Net", "--format", "dot"];
    let drawn = cnnc(folder).args(words).assert().success();
    let drawn = text(&drawn.get_output().stdout);
    assert!(drawn.contains("40 parameters, frozen") && drawn.contains("290 parameters\""), "{drawn}");
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = cnnc(Path::new(".")).args(["completions", shell]).assert().success();
        let script = text(&script.get_output().stdout);
        assert!(script.contains("summary") && script.contains("dry-run"), "{shell}");
    }
    cnnc(Path::new(".")).args(["completions", "tcsh"]).assert().code(2);
}

#[test]
fn messages_are_in_the_language_asked_for() {
    let wrong = format!("{FIXTURES}/E0103.cnn");
    let here = Path::new(".");
    let korean = |command: &mut Command| {
        let said = command.args(["check", &wrong]).assert().code(1);
        text(&said.get_output().stderr).contains("오류[E0103]: `dense`에는 벡터가 필요한데")
    };
    assert!(korean(cnnc(here).args(["--lang", "ko"])));
    assert!(korean(cnnc(here).env("LC_ALL", "ko_KR.UTF-8")));
    assert!(korean(cnnc(here).env_remove("LC_ALL").env_remove("LC_MESSAGES").env("LANG", "ko_KR.UTF-8")));
    assert!(!korean(cnnc(here).env("LC_ALL", "ko_KR.UTF-8").args(["--lang", "en"])));
    let page = cnnc(here).args(["explain", "E0103", "--lang", "ko"]).assert().success();
    assert!(text(&page.get_output().stdout).starts_with("E0103 (오류)\n\ndense 층은"));
    let page = cnnc(here).args(["explain", "E0601", "--lang", "ko"]).assert().success();
    assert!(text(&page.get_output().stdout).starts_with("E0601 (오류): 가중치가"));
    // codes, places and fixes are the same
    let json = |lang: &str| {
        let output =
            cnnc(here).args(["check", &wrong, "--format", "json", "--lang", lang]).output().expect("it runs");
        serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("JSON")
    };
    let (english, korean) = (json("en"), json("ko"));
    assert_ne!(english["message"], korean["message"]);
    for key in ["code", "level", "file", "span", "fixes"] {
        assert_eq!(english[key], korean[key], "{key}");
    }
}

/// Every word has a page; one with several meanings shows all of them, and its group picks one.
#[test]
fn words_are_explained() {
    let explain = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
        command.arg("explain").args(words).args(["--lang", "en"]).assert()
    };
    let page = |words: &[&str]| {
        String::from_utf8(explain(words).success().get_output().stdout.clone()).expect("a text")
    };
    for (word, says) in [
        ("conv2d", "kernel_size: one or two whole numbers"),
        ("adam", "beta_1: a share below 1"),
        ("early_stopping", "restore_best_weights: `true` or `false` (default `true`)"),
        ("folder", "A folder for each class"),
        ("train", "epochs: a whole number from 1 on (default `1`)"),
        ("train.epochs", "setting of `train`"),
        ("BatchNormalization", "batch_norm (layer)"),
        ("schedule.constant", "constant (schedule)"),
        ("E0103", "E0103 (error)"),
    ] {
        assert!(page(&[word]).contains(says), "{word}:\n{}", page(&[word]));
    }
    let several = page(&["constant"]);
    assert!(["(schedule)", "(initializer)", "(fill)"].iter().all(|kind| several.contains(kind)), "{several}");
    assert!(!page(&["schedule.constant"]).contains("(fill)"));
    let unknown = explain(&["early_stoping"]).failure().code(2);
    assert!(String::from_utf8_lossy(&unknown.get_output().stderr).contains("did you mean `early_stopping`?"));
    let list: serde_json::Value = serde_json::from_str(&page(&["--json"])).expect("JSON");
    let words = list["words"].as_array().expect("a list");
    for word in words {
        let path = format!(
            "{}.{}",
            word["group"].as_str().expect("a group"),
            word["word"].as_str().expect("a word")
        );
        let page = page(&[&path]);
        let widest = page.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        assert!(widest <= 100, "{path} is {widest} columns wide:\n{page}");
    }
    assert!(words.len() > 200, "only {}", words.len());
    let schema: serde_json::Value = serde_json::from_str(&page(&["--settings-schema"])).expect("JSON");
    assert_eq!(schema["properties"]["train.batch"]["minimum"], 1);
    let optimizers = schema["properties"]["train.optimizer"]["pattern"].as_str().expect("a pattern");
    assert!(optimizers.starts_with("^(sgd|rmsprop|adam|"), "{optimizers}");
}
