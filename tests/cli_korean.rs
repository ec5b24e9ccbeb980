//! With `--lang ko` nothing that a person reads is English: results, notes, errors and help.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

/// A sound file, where a test needs one.
const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/digits.cnn");

/// Words that are the same in Korean: names of programs, formats and metrics, units, and what the language and
/// the command line call things.
const TERMS: &[&str] = &[
    // programs, libraries, formats, machines
    "cnnc",
    "Gbit",
    "Mbit",
    "us",
    "Keras",
    "PyTorch",
    "Cranelift",
    "Graphviz",
    "Runtime",
    "OpenVINO",
    "OpenCV",
    "NumPy",
    "Python",
    "zoo",
    "stdin",
    "stdout",
    "stderr",
    "diff",
    "tar",
    "zip",
    "gzip",
    "safetensors",
    "softmax",
    "sigmoid",
    "portable",
    "neon",
    "avx",
    "float",
    "int",
    "uint",
    "NaN",
    "os",
    "error",
    "WebP",
    "HxW",
    "HxWxC",
    "cnn",
    "jpeg",
    "jfif",
    "pgm",
    "pbm",
    "pnm",
    "gif",
    "Wilcoxon",
    "McNemar",
    "macro",
    "micro",
    "precision",
    "recall",
    "support",
    "bash",
    "elvish",
    "fish",
    "powershell",
    "zsh",
    "Ctrl",
    "FLOPs",
    "GFLOP",
    "KiB",
    "MiB",
    "GiB",
    "kB",
    "ms",
    "GB",
    "Schema",
    "SHA",
    "Fortran",
    "idx",
    // metrics and columns
    "loss",
    "accuracy",
    "val",
    "train",
    "validation",
    "test",
    // values of options
    "human",
    "json",
    "csv",
    "en",
    "ko",
    "svg",
    "dot",
    "png",
    "jpg",
    "webp",
    "bmp",
    "ppm",
    "warnings",
    "refuse",
    "accept",
    "names",
    "order",
    "onnx",
    "own",
    "torch",
    "keras",
    "nchw",
    "npz",
    "pt",
    "pth",
    "nhwc",
    // commands of commands
    "show",
    "convert",
    "infer",
    "frozen",
    "stretch",
    "crop",
    "letterbox",
    "area",
    "layers",
    "parameters",
    "pictures",
    "memory",
    "time",
    "ast",
    "ir",
    "opt",
    "plan",
    "clif",
    "asm",
    "code",
    "level",
    "message",
    "file",
    "span",
    "labels",
    "help",
    "fixes",
    "outputs",
    "or",
];

fn cnnc(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
    // Tests run beside each other: nobody needs all cores.
    command
        .current_dir(folder)
        .env_remove("CNNC_DATA_DIR")
        .env("CNNC_MEMORY_MIB", "65536")
        .env("NO_COLOR", "1")
        .env("LC_ALL", "ko_KR.UTF-8");
    command
}

/// English words of a line, outside of code, quotes, paths, options and names that are written large.
fn english(line: &str) -> Vec<String> {
    let mut outside = String::new();
    for (at, piece) in line.split('`').enumerate() {
        outside.push_str(if at % 2 == 0 { piece } else { " " });
    }
    let mut found = Vec::new();
    for token in outside.split(|c: char| c.is_whitespace() || "(),;|…".contains(c)) {
        let token = token.trim_matches(|c: char| ":.'\"?!<>[]{}".contains(c));
        let is_name = token.contains(['/', '_', '=', '\'', '\\'])
            || token.starts_with('-')
            || token
                .split_once('.')
                .is_some_and(|(_, end)| end.starts_with(|c: char| c.is_ascii_alphanumeric()));
        if is_name {
            continue;
        }
        for word in token.split(|c: char| !c.is_ascii_alphabetic()) {
            let is_large = word.chars().all(|c| c.is_ascii_uppercase());
            if word.len() > 1 && !is_large && !TERMS.contains(&word) {
                found.push(word.to_owned());
            }
        }
    }
    found
}

/// What of a line is words: no commands, and of a file that is shown the labels alone.
fn words_of(line: &str) -> Option<&str> {
    let begins = line.trim_start();
    if ["cnnc ", "mpirun ", "╭"].iter().any(|start| begins.starts_with(start)) {
        return None;
    }
    if let Some((_, label)) = line.split_once("╰── ") {
        return Some(label);
    }
    (!line.contains('│') && !begins.starts_with('·')).then_some(line)
}

/// What a command prints has no English words in it, but for these names.
fn is_korean(folder: &Path, arguments: &[&str], names: &[&str]) -> String {
    let output = cnnc(folder).args(arguments).output().expect("it runs");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8")).concat();
    let mut wrong = Vec::new();
    for line in text.lines().filter_map(words_of) {
        let words: Vec<String> =
            english(line).into_iter().filter(|word| !names.contains(&word.as_str())).collect();
        if !words.is_empty() {
            wrong.push(format!("{line}\n    {words:?}"));
        }
    }
    assert!(wrong.is_empty(), "cnnc {}:\n{}", arguments.join(" "), wrong.join("\n"));
    text
}

/// All commands, as the help in English lists them.
fn commands(folder: &Path) -> Vec<String> {
    let help = cnnc(folder).args(["-h", "--lang", "en"]).output().expect("it runs");
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    let list =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // what a description goes on with is indented further
    let names = list.filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')));
    names.map(|rest| rest.split(' ').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn help_is_korean() {
    let here = tempfile::tempdir().expect("a folder");
    let commands = commands(here.path());
    assert!(commands.len() > 15, "{commands:?}");
    let mut names: Vec<&str> = commands.iter().map(String::as_str).collect();
    names.extend(["net", "Small", "Large", "top", "conv", "adam", "folder", "runs"]);
    // what `see` draws
    names.extend(["samples", "cam", "maps", "filters", "mistakes", "embedding", "curves", "confusion"]);
    for help in ["--help", "-h"] {
        let text = is_korean(here.path(), &[help], &names);
        assert!(text.contains("사용법:") && text.contains("명령:") && text.contains("옵션:"), "{text}");
        for command in commands.iter().filter(|command| *command != "help") {
            let text = is_korean(here.path(), &[command, help], &names);
            assert!(text.contains("사용법:") && text.contains("옵션:"), "{text}");
        }
    }
    let text = is_korean(here.path(), &["run", "-h"], &names);
    // lines end where the terminal does
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("[기본값: refuse] [가능한 값: refuse, accept]"), "{text}");
    // the language that is asked for wins over the locale, wherever it stands
    let english = cnnc(here.path()).args(["run", "--help", "--lang", "en"]).output().expect("it runs");
    assert!(String::from_utf8_lossy(&english.stdout).contains("Usage:"));
    let korean =
        cnnc(here.path()).env("LC_ALL", "C").args(["--lang=ko", "run", "-h"]).output().expect("it runs");
    assert!(String::from_utf8_lossy(&korean.stdout).contains("사용법:"));
}

#[test]
fn wrong_usage_is_korean() {
    let here = tempfile::tempdir().expect("a folder");
    let here = here.path();
    let commands = commands(here);
    let mut names: Vec<&str> = commands.iter().map(String::as_str).collect();
    names.extend(["rum", "many", "big", "xml", "resnet", "xyzzyx"]);
    for arguments in [
        &["rum"] as &[&str],
        &["run"],
        &["run", "a.cnn", "--epoch", "3"],
        &["run", "a.cnn", "--wrong"],
        &["run", "a.cnn", "--epochs", "many"],
        &["run", "a.cnn", "--epochs"],
        &["run", "a.cnn", "--out", "a", "--resume", "b"],
        &["run", "a.cnn", "--seed", "1", "--seed", "2"],
        &["run", "a.cnn", "--set", "x"],
        &["run", "a.cnn", "--threads", "9999999"],
        &["run", "a.cnn", "--data-changed", "accept"],
        &["run", "a.cnn", "--limits", "layers"],
        &["run", "a.cnn", "--limits", "layers=3"],
        &["check", "a.cnn", "--format", "xml"],
        &["check", "a.cnn", "b.cnn", "--dry-run"],
        &["bench", DIGITS, "--batch", "0"],
        &["summary", DIGITS, "--size", "big"],
        &["diff", DIGITS],
        &["emit", DIGITS, "--stage", "ast", "--exact"],
        &["explain", "E9999"],
        &["explain", "convx2d"],
        &["explain", "xyzzyx"],
        &["new", "mine", "--like", "zoo.resnet19"],
        &["new", "mine", "--like", "zoo.xyzzyx"],
        &["new", "mine", "--like", "transfer"],
        &["new", "mine", "--data", "photos"],
        &["new", "mine", "--backbone", "vgg16"],
        &["new", "mine", "--like", "transfer", "--data", "사진"],
        &["graph", DIGITS, "-o", "x.png"],
        &["predict", DIGITS, "a.png"],
        &["eval", DIGITS],
    ] {
        let text = is_korean(here, arguments, &names);
        assert!(text.starts_with("오류: "), "{arguments:?}: {text}");
    }
}

#[test]
fn a_run_is_korean_from_its_file_to_its_answers() {
    let here = tempfile::tempdir().expect("a folder");
    let here = here.path();
    let say = |arguments: &[&str]| is_korean(here, arguments, &["Mine", "digits", "mine"]);
    assert!(say(&["new", "mine"]).contains("만들었습니다"));
    assert!(say(&["new", "mine"]).starts_with("오류: "));
    assert!(say(&["check", "mine.cnn"]).contains("이상 없음"));
    assert!(say(&["check", "mine.cnn", "mine.cnn"]).contains("파일 2개: 오류 0개, 경고 0개"));
    assert!(say(&["data", "mine.cnn"]).contains("클래스"));
    assert!(say(&["augment", "mine.cnn"]).contains("저장했습니다"));
    let text = say(&["run", "mine.cnn", "--epochs", "2"]);
    assert!(text.contains("에폭 1/2  loss ") && text.contains("가중치: runs/mine-1/"), "{text}");
    let text = say(&["run", "mine.cnn", "--epochs", "3", "--resume", "runs/mine-1"]);
    assert!(text.contains("이어서 실행합니다"), "{text}");
    assert!(say(&["run", "mine.cnn", "--epochs", "3", "--out", "runs/mine-1"]).contains("E0605"));
    let text =
        say(&["run", "mine.cnn", "--epochs", "4", "--set", "train.batch=16", "--resume", "runs/mine-1"]);
    assert!(text.contains("`train.batch` 설정: 전에는 32, 지금은 16"), "{text}");
    assert!(say(&["eval", "runs/mine-1"]).contains("이미지 "));
    say(&["eval", "runs/mine-1", "--split", "train"]);
    say(&["init", "mine.cnn", "--seed", "1", "--output", "w0.safetensors"]);
    fs::write(here.join("no.png"), "no picture").expect("written");
    say(&["augment", "mine.cnn", "--count", "2", "--output", "seen/"]);
    let text = say(&["predict", "runs/mine-1", "seen", "no.png", "none.png", "seen/*.gif"]);
    assert!(text.contains("쓸 수 없습니다"), "{text}");
    let weights = here.join("runs/mine-1/weights.safetensors");
    let mut bytes = fs::read(&weights).expect("there");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&weights, &bytes).expect("written");
    assert!(say(&["eval", "runs/mine-1"]).contains("손상되었습니다"));
    fs::write(&weights, &bytes[..bytes.len() / 2]).expect("written");
    say(&["eval", "runs/mine-1"]);
    fs::write(&weights, "").expect("written");
    say(&["eval", "runs/mine-1"]);
    fs::remove_file(&weights).expect("there");
    say(&["predict", "runs/mine-1", "seen"]);
    say(&["predict", "seen", "seen"]);
    say(&["predict", "none.safetensors", "seen"]);
}

#[test]
fn commands_that_look_at_files_are_korean() {
    let here = tempfile::tempdir().expect("a folder");
    let here = here.path();
    let write = |name: &str, text: &str| fs::write(here.join(name), text).expect("written");
    let names = [
        "photos", "empty", "list", "Digits", "Small", "Large", "Open", "digits", "two", "input", "conv",
        "dense", "flatten", "dropout", "global", "avg", "pool",
    ];
    let say = |arguments: &[&str]| is_korean(here, arguments, &names);
    say(&["summary", DIGITS]);
    // names of layers, and of what belongs to none
    let names_and_metrics = [&names[..], &["metrics"]].concat();
    is_korean(here, &["summary", DIGITS, "--ranks", "2", "--simulate"], &names_and_metrics);
    say(&["check", DIGITS, "--ranks", "8"]);
    let two = "model Small { input(8x8x1); flatten; dense(10, activation: softmax) }\n\
               model Large { input(8x8x1); flatten; dense(64, activation: relu); dense(10, activation: softmax) }\n\
               data { source: digits; test: 20% of all }\ntrain { epochs: 1 }\n";
    write("two.cnn", two);
    say(&["summary", "two.cnn"]);
    let text = is_korean(here, &["run", "two.cnn"], &["Small", "Large", "two", "digits"]);
    assert!(text.contains("모델 Small"), "{text}");
    say(&["init", "two.cnn", "--output", "w"]);
    write(
        "open.cnn",
        "model Open { input(?x?x3); conv2d(4, 3x3); global_avg_pool2d; dense(2, activation: softmax) }\n",
    );
    is_korean(here, &["summary", "open.cnn"], &["Open", "conv", "input", "dense", "global", "avg", "pool"]);
    say(&["bench", "open.cnn"]);
    say(&["run", "open.cnn"]);
    say(&["run", "none.cnn"]);
    say(&["check", "none.cnn", "."]);
    fs::create_dir(here.join("empty")).expect("made");
    say(&["check", "empty"]);
    write("bytes.cnn", "");
    fs::write(here.join("bytes.cnn"), [0x66, 0xff]).expect("written");
    say(&["check", "bytes.cnn"]);
    let folder = "model M { input(8x8x1); flatten; dense(classes, activation: softmax) }\n\
                  data { source: folder(\"photos/\"); classes: [cats, dogs]; validation: 10% of train }\ntrain { epochs: 1 }\n";
    write("photos.cnn", folder);
    say(&["check", "photos.cnn"]);
    say(&["check", "photos.cnn", "--data"]);
    say(&["run", "photos.cnn"]);
    say(&["data", "photos.cnn"]);
    fs::create_dir_all(here.join("photos/cats")).expect("made");
    fs::create_dir_all(here.join("photos/dogs")).expect("made");
    say(&["run", "photos.cnn"]);
    write("photos/cats/a.png", "no picture");
    write("photos/dogs/b.png", "");
    say(&["run", "photos.cnn"]);
    say(&["run", "photos.cnn", "--set", "data.damaged=skip"]);
    say(&["data", "photos.cnn", "--restricted"]);
    write("list.csv", "path,label\na.png,cats\n");
    write(
        "csv.cnn",
        &folder
            .replace(
                "folder(\"photos/\"); classes: [cats, dogs]",
                "csv(\"list.csv\", image: file, label: label)",
            )
            .replace("classes,", "2,"),
    );
    say(&["run", "csv.cnn"]);
    write("x.npy", "no array");
    say(&["step", DIGITS, "--weights", "w", "--input", "x.npy", "--labels", "x.npy", "--output", "o"]);
    say(&["check", DIGITS, "--restricted", "--limits", "layers=1"]);
    say(&["fmt", "none.cnn"]);
    is_korean(here, &["completions", "tcsh"], &["tcsh"]);
}

#[test]
fn a_model_that_cannot_be_imported_is_refused_in_korean() {
    let here = tempfile::tempdir().expect("a folder");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/import");
    for name in ["refused.keras", "sequential.h5"] {
        fs::copy(golden.join(name), here.path().join(name)).expect("copied");
    }
    let say = |arguments: &[&str]| is_korean(here.path(), arguments, &[]);
    assert!(say(&["import", "refused.keras", "-o", "a.cnn"]).contains("이 언어로 쓸 수 없는 것이 있습니다"));
    assert!(say(&["import", "refused.keras", "-o", "a.cnn", "--partial"]).contains("층 2개"));
    assert!(say(&["import", "refused.keras", "-o", "a.cnn", "--partial"]).contains("이미 있습니다"));
    assert!(say(&["import", "sequential.h5", "-o", "b.cnn", "--result", "none"]).contains("결과가 없습니다"));
    assert!(say(&["import", "a.cnn", "-o", "b.cnn"]).contains("ONNX도 Keras의 모델"));
}
