//! The command line's manners: help, exit codes, where things are printed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command as Process, Stdio};

use assert_cmd::Command;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

fn cnnc() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
    // Tests run beside each other: nobody needs all cores.
    command
        .env_remove("CNNC_DATA_DIR")
        .env("CNNC_MEMORY_MIB", "65536")
        .env("NO_COLOR", "1")
        .env("LC_ALL", "C");
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

const COMMANDS: [&str; 18] = [
    "run",
    "check",
    "data",
    "augment",
    "fmt",
    "summary",
    "diff",
    "graph",
    "show",
    "eval",
    "predict",
    "emit",
    "explain",
    "step",
    "init",
    "new",
    "bench",
    "completions",
];

/// A sound file, where a test needs one.
const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/digits.cnn");

#[test]
fn help_teaches_every_command() {
    let help = cnnc().arg("--help").assert().success();
    let help = text(&help.get_output().stdout);
    for command in COMMANDS {
        assert!(help.contains(&format!("  {command}")), "{command} is missing in\n{help}");
        let own = cnnc().args([command, "--help"]).assert().success();
        assert!(text(&own.get_output().stdout).contains("Example"), "{command} shows no example");
    }
    cnnc().arg("--version").assert().success();
}

#[test]
fn wrong_usage_is_2() {
    for words in [
        &["no-such-command"][..],
        &["run"],
        &["check"],
        &["run", DIGITS, "--threads", "many"],
        &["run", DIGITS, "--set", "train.batch"],
        &["run", DIGITS, "--out", "a", "--resume", "b"],
        &["summary", DIGITS, "--simd", "mmx"],
        &["predict", DIGITS, "--weights", "w"],
        &["emit", DIGITS],
        &["explain", "E9999"],
        &["check", DIGITS, "--model", "Other"],
    ] {
        let failed = cnnc().args(words).assert().code(2);
        assert!(!failed.get_output().stderr.is_empty(), "{words:?} says nothing");
        assert!(failed.get_output().stdout.is_empty(), "{words:?} prints a result");
    }
}

#[test]
fn what_is_missing_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    for words in [
        &["check", "none.cnn"][..],
        &["run", "none.cnn"],
        &["summary", "none.cnn"],
        &["eval", DIGITS, "--weights", "none.safetensors"],
        &["predict", DIGITS, "--weights", "none.safetensors", "a.png"],
        &["run", DIGITS, "--resume", "none"],
        &[
            "step",
            DIGITS,
            "--weights",
            "none.safetensors",
            "--input",
            "none.npy",
            "--labels",
            "y",
            "--output",
            "o",
        ],
    ] {
        let failed = cnnc().current_dir(folder.path()).args(words).assert().code(1);
        let said = text(&failed.get_output().stderr);
        assert!(said.contains("error[E0602]: cannot read `none"), "{words:?} says\n{said}");
        assert!(said.contains("help:"), "{words:?} does not help:\n{said}");
    }
}

#[test]
fn files_use_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    std::fs::create_dir(folder.path().join("parts")).expect("made");
    write("parts/blocks.cnn", "use \"more.cnn\" as m\nblock stem(n) { m.unit(n) -> m.unit(2 * n) }\n");
    write("parts/more.cnn", "block unit(n) { conv2d(n, 3x3, padding: same) -> batch_norm -> relu }\n");
    let model = "model Net {\n    input(8x8x1)\n    p.stem(4)\n    global_avg_pool2d\n    dense(10)\n}\n";
    write("net.cnn", &format!("use \"parts/blocks.cnn\" as p\n{model}"));
    let summary = cnnc().current_dir(folder.path()).args(["summary", "net.cnn"]).assert().success();
    let summary = text(&summary.get_output().stdout);
    assert!(summary.contains("stem.unit_1.conv2d"), "{summary}");

    write("parts/more.cnn", "block unit(n) { conv2d(n, 9x9) -> relu }\n");
    let failed = cnnc().current_dir(folder.path()).args(["check", "net.cnn"]).assert().code(1);
    let said = text(&failed.get_output().stderr);
    assert!(
        said.contains("parts/more.cnn:1") && said.contains("p.stem(4)") && said.contains("used here"),
        "{said}"
    );
    let failed =
        cnnc().current_dir(folder.path()).args(["check", "net.cnn", "--format", "json"]).assert().code(1);
    let line = text(&failed.get_output().stdout);
    let problem: serde_json::Value =
        serde_json::from_str(line.lines().next().expect("a line")).expect("an object");
    assert_eq!(problem["file"], "parts/more.cnn");

    std::fs::remove_file(folder.path().join("parts/more.cnn")).expect("removed");
    let failed = cnnc().current_dir(folder.path()).args(["check", "net.cnn"]).assert().code(1);
    let said = text(&failed.get_output().stderr);
    assert!(said.contains("E0025") && said.contains("used here"), "{said}");
}

/// Tensors of a weights file.
fn tensors(path: &Path) -> BTreeMap<String, (Vec<usize>, Vec<u8>)> {
    let bytes = std::fs::read(path).expect("there");
    let file = SafeTensors::deserialize(&bytes).expect("sound");
    file.iter().map(|(name, view)| (name.to_owned(), (view.shape().to_vec(), view.data().to_vec()))).collect()
}

#[test]
fn networks_start_from_weights_of_their_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    let init = |file: &str, output: &str| {
        cnnc().current_dir(folder.path()).args(["init", file, "--seed", "7", "--output", output]).assert()
    };
    let lenet = concat!(env!("CARGO_MANIFEST_DIR"), "/models/zoo/lenet5.cnn");
    init(lenet, "lenet5.safetensors").success();
    let of_lenet = tensors(&folder.path().join("lenet5.safetensors"));
    let mine = |arguments: &str| {
        format!(
            "use zoo.lenet5\nmodel Mine {{\n    input(28x28x1)\n    net = lenet5({arguments})\n    flatten\n    dense(3)\n}}\n\
             prepare {{ rescale: 1/255 }}\n"
        )
    };

    // the same tensors under the reference's names
    let views = of_lenet.iter().map(|(name, (shape, bytes))| {
        (name.replace('.', "/"), TensorView::new(Dtype::F32, shape.clone(), bytes).expect("as read"))
    });
    safetensors::serialize_to_file(views, None, &folder.path().join("keras.safetensors")).expect("written");
    for weights in ["lenet5.safetensors", "keras.safetensors"] {
        write("mine.cnn", &mine(&format!("include_top: false, weights: \"{weights}\"")));
        cnnc().current_dir(folder.path()).args(["check", "mine.cnn"]).assert().success();
        init("mine.cnn", "mine.safetensors").success();
        let of_mine = tensors(&folder.path().join("mine.safetensors"));
        for name in ["c1.kernel", "c1.bias", "c3.kernel"] {
            assert_eq!(of_mine[&format!("net.{name}")], of_lenet[name], "{name} from {weights}");
        }
        assert!(of_mine.contains_key("dense.kernel") && !of_mine.contains_key("net.c5.kernel"));
    }

    write("mine.cnn", &mine("classes: 5, weights: \"lenet5.safetensors\""));
    for weights in ["lenet5.safetensors", "keras.safetensors"] {
        write("mine.cnn", &mine(&format!("classes: 5, weights: \"{weights}\"")));
        let failed = cnnc().current_dir(folder.path()).args(["check", "mine.cnn"]).assert().code(1);
        let said = text(&failed.get_output().stderr);
        for part in ["E0113", "is 84x10 in the file", "84x5 here", "8 ", "include_top: false"] {
            assert!(said.contains(part), "{weights}: no {part} in\n{said}");
        }
    }

    // a file of something else, and none at all: nothing can begin without it
    write("mine.cnn", &mine("weights: \"mine.safetensors\""));
    let failed = init("mine.cnn", "w.safetensors").code(1);
    let said = text(&failed.get_output().stderr);
    for part in ["E0113", "lacks 6 of the 10 tensors", "without `net.c5.kernel` (400x120)"] {
        assert!(said.contains(part), "no {part} in\n{said}");
    }
    write("mine.cnn", &mine("weights: \"none.safetensors\""));
    init("mine.cnn", "w.safetensors").code(1);
}

#[test]
fn a_frozen_network_keeps_the_weights_it_was_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("base.cnn", "model base { input(8x8x1); conv2d(4, 3x3) -> batch_norm -> relu }\n");
    write(
        "mine.cnn",
        "use \"base.cnn\" as b\n\
         model Mine {\n    input(8x8x1)\n    net = b.base(weights: \"base.safetensors\", frozen: true)\n    flatten\n\
         \x20   dense(classes, activation: softmax)\n}\n\
         data { source: digits; test: 20% of all }\nprepare { rescale: 1/16 }\n\
         train { epochs: 1; batch: 64; optimizer: adam(lr: 0.001) }\n",
    );
    let cnnc = |words: &[&str]| cnnc().current_dir(folder.path()).args(words).assert().success();
    cnnc(&["init", "base.cnn", "--seed", "3", "--output", "base.safetensors"]);
    cnnc(&["init", "mine.cnn", "--seed", "5", "--output", "before.safetensors"]);
    cnnc(&["run", "mine.cnn", "--seed", "5", "--out", "run", "--quiet"]);
    let [base, before, after] = ["base.safetensors", "before.safetensors", "run/weights.safetensors"]
        .map(|name| tensors(&folder.path().join(name)));
    for name in ["conv2d.kernel", "batch_norm.gamma", "batch_norm.moving_mean"] {
        assert_eq!(after[&format!("net.{name}")], base[name], "{name}");
    }
    assert_ne!(after["dense.kernel"], before["dense.kernel"]);
}

#[test]
fn a_file_that_is_no_text_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.cnn"), b"model A { \xff }").expect("written");
    let failed = cnnc().current_dir(folder.path()).args(["check", "a.cnn"]).assert().code(1);
    assert!(text(&failed.get_output().stderr).contains("byte 10 is not UTF-8"));
}

#[test]
fn codes_are_explained() {
    for (code, word) in [("E0103", "dense"), ("e0601", "weights"), ("E0521", "learning rate")] {
        let page = cnnc().args(["explain", code]).assert().success();
        assert!(text(&page.get_output().stdout).contains(word), "{code}");
    }
}

#[test]
fn check_says_what_is_wrong_and_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("wrong.cnn"), "model A { input(8x8x1) -> dens(3) }\n")
        .expect("written");
    let checked = cnnc().current_dir(folder.path()).args(["check", "wrong.cnn", DIGITS]).assert().code(1);
    let output = checked.get_output();
    assert!(text(&output.stderr).contains("wrong.cnn:1"), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), format!("{DIGITS}: ok\n2 files: 1 error, 0 warnings\n"));

    let json =
        cnnc().current_dir(folder.path()).args(["check", "wrong.cnn", "--format", "json"]).assert().code(1);
    let lines = text(&json.get_output().stdout);
    for line in lines.lines() {
        let problem: serde_json::Value = serde_json::from_str(line).expect("a line is an object");
        assert!(problem["code"].is_string() && problem["span"]["line"].is_u64(), "{line}");
    }
    assert!(lines.lines().count() > 0);
}

/// Sentences are wrapped by the terminal alone: no line ends in the middle of one and far from the edge.
#[test]
fn help_texts_have_no_broken_lines() {
    for command in COMMANDS {
        let help = cnnc().args([command, "--help"]).assert().success();
        let help = text(&help.get_output().stdout);
        for pair in help.lines().collect::<Vec<_>>().windows(2) {
            let [line, next] = pair else { continue };
            // what is to be typed stands on one line
            assert!(line.starts_with("Usage:") || line.chars().count() <= 100, "{command}: {line}");
            let is_prose = |line: &str| line.starts_with(|c: char| c.is_alphanumeric());
            let breaks = is_prose(line) && is_prose(next) && line.len() < 60 && !line.ends_with(['.', ':']);
            assert!(!breaks, "{command}: `{line}` goes on with `{next}`");
        }
    }
}

#[test]
fn summary_counts_parameters() {
    let summary = cnnc().args(["summary", DIGITS, "--threads", "1"]).assert().success();
    let summary = text(&summary.get_output().stdout);
    // 320 + 18,496 + 65,600 + 650
    for part in
        ["model Digits", "8x8x32", "85,066 parameters (85,066 trainable, 0 not)", "peak memory, batch 32"]
    {
        assert!(summary.contains(part), "`{part}` is missing in\n{summary}");
    }
}

#[test]
fn summary_counts_what_is_trained() {
    let folder = tempfile::tempdir().expect("a folder");
    let summary_of = |name: &str, program: &str| {
        std::fs::write(folder.path().join(name), program).expect("written");
        let words = ["summary", name, "--model", "Net", "--threads", "1"];
        let done = cnnc().current_dir(folder.path()).args(words).assert().success();
        text(&done.get_output().stdout)
    };
    let base = "model Base { input(8x8x1); conv2d(4, 3x3, activation: relu); batch_norm; flatten }\n";
    let net = |option: &str| {
        format!("{base}model Net {{ input(8x8x1); base = Base({option}); dense(10, activation: softmax) }}\n")
    };
    // 40 + 8 of 16 of the base, 1450 of the head
    let frozen = summary_of("frozen.cnn", &net("frozen: true"));
    assert!(frozen.contains("1,506 parameters (1,450 trainable, 56 not)"), "{frozen}");
    assert!(frozen.contains("conv2d, frozen") && !frozen.contains("flatten, frozen"), "{frozen}");
    let schedule = "data { source: digits; validation: 20% of train }\nprepare { rescale: 1/255 }\ntrain {\n\
                    phase head { epochs: 1; freeze: base }\nphase all { epochs: 1; unfreeze: base }\n\
                    optimizer: adam(lr: 1e-3) }\n";
    let phases = summary_of("phases.cnn", &format!("{}{schedule}", net("")));
    assert!(phases.contains("1,506 parameters (1,498 trainable, 8 not)"), "{phases}");
    assert!(phases.contains("phase head changes 1,450 of them\nphase all changes 1,498 of them"), "{phases}");
}

#[test]
#[cfg(unix)]
fn a_closed_pipe_is_nobodys_mistake() {
    let mut child = Process::new(env!("CARGO_BIN_EXE_cnnc"))
        .args(["emit", DIGITS, "--stage", "opt"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    // Whoever reads goes away at once.
    drop(child.stdout.take());
    let stderr = BufReader::new(child.stderr.take().expect("piped"));
    let said: Vec<String> = stderr.lines().map_while(Result::ok).collect();
    assert_eq!(said, Vec::<String>::new());
    assert_eq!(child.wait().expect("ended").code(), Some(0));
}

#[test]
fn says_what_was_fused_and_why_the_rest_was_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("model.cnn");
    let model =
        "model M { input(8x8x3); conv2d(8, 3, padding: same, activation: relu); conv2d(8, 3, activation: sigmoid)
        max_pool2d(3); flatten; dense(4, activation: softmax) }";
    std::fs::write(&file, model).expect("written");
    let emit = cnnc().args(["emit", "--stage", "opt"]).arg(&file).assert().success();
    let emit = text(&emit.get_output().stdout);
    for part in [
        "conv of `conv2d`: with bias, relu",
        "conv of `conv2d_1`: nothing fused; ",
        "pool is no 2x2 max pool with stride 2: tiles have no others",
        "dense of `dense`: with bias; ",
        "softmax is a kernel of its own",
    ] {
        assert!(emit.contains(part), "`{part}` is missing in\n{emit}");
    }
}

/// Winograd's method, Strassen's, direct sums, and one picture alone, divided among threads: the same answers
/// but for the last digits, and the same bits for any number of threads.
#[test]
fn pictures_are_judged_alike_however_they_are_computed() {
    const MODEL: &str = "model M { input(24x20x3)
        conv2d(40, 3, padding: same, activation: relu); conv2d(64, 3, padding: same, activation: relu); max_pool2d(2)
        conv2d(96, 3, padding: same, activation: relu); conv2d(256, 1, activation: relu); conv2d(288, 3)
        conv2d(512, 1, activation: relu); conv2d(512, 1); conv2d(64, 3, stride: 2); flatten; dense(7, activation: softmax) }";
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    std::fs::write(place("model.cnn"), MODEL).expect("written");
    let run = |arguments: &[&str]| {
        cnnc().current_dir(folder.path()).args(arguments).assert().success();
    };
    run(&["init", "model.cnn", "--output", "w"]);
    let pictures: Vec<f32> = (0..5 * 24 * 20 * 3).map(|i| ((i * 7919) % 1009) as f32 / 1009.0).collect();
    let all = ndarray::Array4::from_shape_vec((5, 24, 20, 3), pictures).expect("fits");
    ndarray_npy::write_npy(place("all.npy"), &all).expect("written");
    ndarray_npy::write_npy(place("one.npy"), &all.slice(ndarray::s![..1, .., .., ..])).expect("written");
    let predict = |input: &str, options: &[&str]| -> Vec<f32> {
        run(&[&["predict", "model.cnn", "--weights", "w", "--input", input, "--output", "y.npy"], options]
            .concat());
        let y: ndarray::Array2<f32> = ndarray_npy::read_npy(place("y.npy")).expect("numbers");
        y.into_iter().collect()
    };
    let want = predict("all.npy", &["--exact"]);
    for (input, options) in [
        ("all.npy", &[][..]),
        ("all.npy", &["--simd", "portable"]),
        ("one.npy", &[]),
        ("one.npy", &["--exact"]),
        ("one.npy", &["--simd", "portable"]),
    ] {
        let with = |threads: &str| predict(input, &[options, &["--threads", threads]].concat());
        let got = with("1");
        assert_eq!(got.len(), if input == "one.npy" { 7 } else { 35 });
        let far = want.iter().zip(&got).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(far < 2e-6, "{input} {options:?}: {far}");
        assert_eq!(got, with("3"), "{input} {options:?}");
    }
}

#[test]
fn initial_weights_depend_on_the_seed_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let weights = |name: &str, seed: &str| {
        cnnc()
            .current_dir(folder.path())
            .args(["init", DIGITS, "--seed", seed, "--output", name])
            .assert()
            .success();
        std::fs::read(folder.path().join(name)).expect("written")
    };
    let first = weights("a", "7");
    assert_eq!(first, weights("b", "7"));
    assert_ne!(first, weights("c", "8"));
}

#[test]
#[cfg(unix)]
fn a_place_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("file"), "").expect("written");
    let words = ["run", DIGITS, "--out", "file/run", "--epochs", "1", "--threads", "1"];
    let failed = cnnc().current_dir(folder.path()).args(words).assert().code(1);
    let said = text(&failed.get_output().stderr);
    assert!(said.contains("error[E0604]: cannot write `file/run`"), "{said}");
    assert!(said.contains("help:"), "{said}");

    std::fs::create_dir(folder.path().join("full")).expect("made");
    std::fs::write(folder.path().join("full/mine"), "").expect("written");
    let words = ["run", DIGITS, "--out", "full", "--epochs", "1", "--threads", "1"];
    let failed = cnnc().current_dir(folder.path()).args(words).assert().code(1);
    assert!(text(&failed.get_output().stderr).contains("error[E0605]"));
}

#[test]
fn new_files_pass_and_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let cnnc_in = |words: &[&str]| {
        let mut command = cnnc();
        command.current_dir(folder.path()).args(words);
        command
    };
    cnnc_in(&["new", "first"]).assert().success();
    cnnc_in(&["check", "first.cnn", "--deny", "warnings"]).assert().success();
    cnnc_in(&["run", "first.cnn", "--epochs", "1", "--threads", "1", "--quiet"]).assert().success();

    let again = cnnc_in(&["new", "first.cnn"]).assert().code(1);
    assert!(text(&again.get_output().stderr).contains("`first.cnn` is there already"));

    cnnc_in(&["new", "my-birds", "--like", "zoo.resnet18"]).assert().success();
    let copy = std::fs::read_to_string(folder.path().join("my-birds.cnn")).expect("written");
    assert!(copy.contains("model MyBirds(") && copy.contains("block basic("), "{copy}");
    cnnc_in(&["check", "my-birds.cnn", "--deny", "warnings"]).assert().success();

    let unknown = cnnc_in(&["new", "other", "--like", "zoo.resnet81"]).assert().code(2);
    assert!(text(&unknown.get_output().stderr).contains("did you mean `zoo.resnet18`"));
    assert!(!folder.path().join("other.cnn").exists());
    cnnc_in(&["new", "none/other"]).assert().code(1);
}

/// A file for the photos in a folder, however they are laid out there.
#[test]
fn transfer_is_written_for_a_folder_of_photos() {
    let folder = tempfile::tempdir().expect("a folder");
    let cnnc_in = |words: &[&str]| {
        let mut command = cnnc();
        command.current_dir(folder.path()).args(words);
        command
    };
    let photos = |path: &str, count: u8| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(&path).expect("made");
        for number in 0..count {
            let pixels = vec![number; 120 * 200 * 3];
            let picture = [b"P6\n200 120\n255\n".as_slice(), &pixels].concat();
            std::fs::write(path.join(format!("{number}.ppm")), picture).expect("written");
        }
    };
    let written = |name: &str, data: &str| {
        let done = cnnc_in(&["new", name, "--like", "transfer", "--data", data]).assert().success();
        let checked = cnnc_in(&["check", &format!("{name}.cnn")]).assert().success();
        let said = text(&checked.get_output().stderr) + &text(&checked.get_output().stdout);
        assert!(!said.contains("warning") && !said.contains("error"), "{said}");
        cnnc_in(&["fmt", "--check", &format!("{name}.cnn")]).assert().success();
        let file = std::fs::read_to_string(folder.path().join(format!("{name}.cnn"))).expect("written");
        (file, text(&done.get_output().stderr))
    };

    // a folder a class, one of them with a name that is no word
    photos("photos/barn owls", 12);
    photos("photos/eagles", 30);
    let (file, said) = written("birds", "photos/");
    assert!(said.contains("42 training photos of 2 classes (12 to 30 each)"), "{said}");
    assert!(file.contains(r#"source: folder("photos")"#), "{file}");
    assert!(file.contains(r#"classes: ["barn owls", eagles]"#), "{file}");
    assert!(file.contains("class_weight: balanced") && file.contains("test: 15% of all"), "{file}");
    assert!(file.contains("resize: resize(160x160, fit: crop)"), "{file}");

    // splits apart, in a folder around them; the file stands somewhere else
    photos("set/pets/train/cats", 9);
    photos("set/pets/train/dogs", 9);
    photos("set/pets/Val/cats", 4);
    photos("set/pets/Val/dogs", 4);
    std::fs::create_dir(folder.path().join("models")).expect("made");
    let (file, _) = written("models/pets", "set");
    let source = r#"source: folder("../set/pets/train", validation: "../set/pets/Val")"#;
    assert!(file.contains(source) && !file.contains("15%"), "{file}");
    assert!(!file.contains("set/pets/test") && !file.contains("class_weight"), "{file}");

    photos("loose", 3);
    let none = cnnc_in(&["new", "x", "--like", "transfer", "--data", "loose"]).assert().code(1);
    assert!(text(&none.get_output().stderr).contains("folder"), "{none:?}");
    cnnc_in(&["new", "x", "--like", "transfer", "--data", "nowhere"]).assert().code(1);
    cnnc_in(&["new", "x", "--like", "transfer"]).assert().code(2);
    cnnc_in(&["new", "x", "--data", "photos"]).assert().code(2);
    cnnc_in(&["new", "x", "--backbone", "vgg16"]).assert().code(2);
    let unknown = ["new", "x", "--like", "transfer", "--data", "photos", "--backbone", "vgg61"];
    let unknown = cnnc_in(&unknown).assert().code(2);
    assert!(text(&unknown.get_output().stderr).contains("did you mean `vgg16`"), "{unknown:?}");
    assert!(!folder.path().join("x.cnn").exists());
}

/// A folder of two classes with a few pictures; one of them stands there twice.
fn small_set() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (class, base) in [("cats", 10u8), ("dogs", 120)] {
        let path = folder.path().join("set").join(class);
        std::fs::create_dir_all(&path).expect("made");
        for number in 0..8u8 {
            // the first two pictures of a class are the same
            let value = base + number.max(1);
            let pixels: Vec<u8> = (0..48u8).map(|i| value.wrapping_add(i)).collect();
            let picture = [b"P6\n4 4\n255\n".as_slice(), &pixels].concat();
            std::fs::write(path.join(format!("{number}.ppm")), picture).expect("written");
        }
    }
    let text = "model Small { input(4x4x3); conv2d(4, 3x3, padding: same, activation: relu); global_avg_pool2d; dense(classes) }\n\
                data { source: folder(\"set\"); validation: 50% of train; mirror: { cats: dogs } }\n\
                prepare { rescale: 1/255 }\n\
                augment { flip(horizontal); brightness(10%); samples: 6 }\n\
                train { epochs: 2; batch: 4; optimizer: adam }\n";
    std::fs::write(folder.path().join("small.cnn"), text).expect("written");
    folder
}

#[test]
fn data_are_described() {
    let shown = cnnc().args(["data", DIGITS]).assert().success();
    let shown = text(&shown.get_output().stdout);
    for part in ["digits: 1,797 pictures in 10 classes", "8x8, 1 channel, values 0..255", "class", "#"] {
        assert!(shown.contains(part), "`{part}` is missing in\n{shown}");
    }
    let folder = small_set();
    let json =
        cnnc().current_dir(folder.path()).args(["data", "small.cnn", "--format", "json"]).assert().success();
    let card: serde_json::Value = serde_json::from_str(&text(&json.get_output().stdout)).expect("an object");
    assert_eq!(card["splits"]["validation"]["dogs"], 4);
    assert_eq!((&card["train_images"], &card["channels"]), (&16.into(), &3.into()));
}

#[test]
fn a_look_at_the_data_finds_doubles() {
    let folder = small_set();
    let check = |words: &[&str]| {
        let checked =
            cnnc().current_dir(folder.path()).args(["check", "small.cnn"]).args(words).assert().success();
        text(&checked.get_output().stderr)
    };
    assert_eq!(check(&[]), "");
    // the seed decides whether the two of a class fall into two splits: with one of a few they do
    let found = (1..20).map(|seed| check(&["--data", "--set", &format!("data.seed={seed}")]));
    let said = found.into_iter().find(|said| !said.is_empty()).expect("one of the seeds parts them");
    assert!(said.contains("warning[W0307]") && said.contains("(train) and set/"), "{said}");
}

#[test]
fn augmented_pictures_are_written() {
    let folder = small_set();
    let augment = |words: &[&str]| {
        let done =
            cnnc().current_dir(folder.path()).args(["augment", "small.cnn"]).args(words).assert().success();
        text(&done.get_output().stdout)
    };
    let read = |name: &str| std::fs::read(folder.path().join(name)).expect("written");
    assert_eq!(augment(&["--output", "a.png"]), "6 pictures on a.png\n");
    augment(&["--output", "b.png"]);
    augment(&["--output", "c.png", "--seed", "5"]);
    assert!(read("a.png").starts_with(b"\x89PNG"));
    assert_eq!(read("a.png"), read("b.png"));
    assert_ne!(read("a.png"), read("c.png"));
    assert_eq!(augment(&["--output", "each/", "--count", "3", "--picture", "0"]), "3 pictures in each/\n");
    let names: Vec<String> = std::fs::read_dir(folder.path().join("each"))
        .expect("a folder")
        .map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    assert!(
        names.len() == 3 && names.iter().all(|name| name.ends_with("cats.png") || name.ends_with("dogs.png"))
    );
    // exactly as many as are wanted, of 8 pictures to train on; each at its size, by classes, as another type
    let more = augment(&[
        "--output",
        "more/",
        "--count",
        "20",
        "--class-folders",
        "--type",
        "bmp",
        "--prefix",
        "b-",
    ]);
    assert_eq!(more, "20 pictures in more/\n");
    let of_class =
        |class: &str| std::fs::read_dir(folder.path().join("more").join(class)).expect("a folder").count();
    assert_eq!(of_class("cats") + of_class("dogs"), 20);
    let first = ["cats", "dogs"].map(|class| folder.path().join("more").join(class).join("b-0001.bmp"));
    let first = first.iter().find(|path| path.exists()).expect("one of them");
    // 4x4 pixels of three bytes behind a header
    assert!(std::fs::read(first).expect("there").len() < 200);
    // without a model pictures keep their sizes
    let alone = "data { source: folder(\"set\") }\naugment { flip(horizontal); rotation(20deg) }\n";
    std::fs::write(folder.path().join("alone.cnn"), alone).expect("written");
    let words = ["augment", "alone.cnn", "--output", "varied/", "--count", "2", "--type", "ppm"];
    let done = cnnc().current_dir(folder.path()).args(words).assert().success();
    assert_eq!(text(&done.get_output().stdout), "2 pictures in varied/\n");
    assert_eq!(text(&done.get_output().stderr), "");
    let varied = std::fs::read_dir(folder.path().join("varied")).expect("a folder");
    let sizes = varied.map(|entry| std::fs::read(entry.expect("a file").path()).expect("there"));
    assert!(sizes.into_iter().all(|bytes| bytes.starts_with(b"P6\n4 4 ")));
    // nor need they lie in folders of classes
    std::fs::write(folder.path().join("plain.cnn"), alone.replace("\"set\"", "\"set/cats/\""))
        .expect("written");
    let words = ["augment", "plain.cnn", "--output", "plain/", "--count", "1"];
    let done = cnnc().current_dir(folder.path()).args(words).assert().success();
    assert_eq!(text(&done.get_output().stderr), "");
    assert!(folder.path().join("plain/0001-cats.png").exists());
    // whatever learns needs them
    let model = "model M { input(4x4x3); flatten; dense(classes, activation: softmax) }\n";
    let learns = format!("{model}data {{ source: folder(\"set/cats\") }}\naugment {{ flip(horizontal) }}\n");
    std::fs::write(folder.path().join("learns.cnn"), learns).expect("written");
    let refused = cnnc().current_dir(folder.path()).args(["augment", "learns.cnn"]).assert().code(1);
    assert!(text_of(&refused).contains("has no class folders"), "{}", text_of(&refused));
    augment(&["--output", "sheet.jpg"]);
    assert!(read("sheet.jpg").starts_with(b"\xff\xd8"));
    for words in [&["--output", "a.tiff"][..], &["--output", "each/", "--type", "exe"], &["--prefix", "b-"]] {
        cnnc().current_dir(folder.path()).args(["augment", "small.cnn"]).args(words).assert().code(2);
    }
    cnnc().current_dir(folder.path()).args(["augment", "small.cnn", "--picture", "99"]).assert().code(2);
}

#[test]
fn what_is_not_run_yet_is_refused_before_data_are_read() {
    let folder = small_set();
    // the folder is not even there
    let more = |section: &str| {
        let text = std::fs::read_to_string(folder.path().join("small.cnn")).expect("written");
        let text = text
            .replace("folder(\"set\")", "folder(\"none\")")
            .replace("conv2d(4,", "conv2d(search([4, 8]),");
        let text = text.replace("data {", "data { classes: [cats, dogs];") + section;
        std::fs::write(folder.path().join("other.cnn"), text).expect("written");
        cnnc().current_dir(folder.path()).args(["check", "other.cnn"]).assert().success();
        let refused = cnnc().current_dir(folder.path()).args(["run", "other.cnn"]).assert().code(1);
        text_of(&refused)
    };
    let refused = more("tune { objective: val_loss; strategy: random(trials: 2) }");
    let run = |words: &[&str]| cnnc().current_dir(folder.path()).args(words).assert().success();
    let checked = text(&run(&["check", "other.cnn"]).get_output().stdout);
    assert!(checked.contains("search over `filters`: 2 points, all checked\n"), "{checked}");
    let checked = text(&run(&["check", "other.cnn", "--lang", "ko"]).get_output().stdout);
    assert!(checked.contains("`filters` 탐색: 점 2개를 모두 검사했습니다\n"), "{checked}");
    let noted = text_of(&run(&["summary", "other.cnn"]));
    assert!(noted.contains("the point of its space with the first value of each `search(…)`"), "{noted}");
    assert!(refused.contains("error[E0010]: this file searches"), "{refused}");
    assert!(refused.contains("`cnnc tune FILE`"), "{refused}");
    assert!(!folder.path().join("runs").exists());
}

fn text_of(done: &assert_cmd::assert::Assert) -> String {
    text(&done.get_output().stderr)
}

#[test]
fn a_shown_program_is_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |words: &[&str]| {
        let done = cnnc().current_dir(folder.path()).args(words).assert().success();
        text(&done.get_output().stdout)
    };
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    let shown = run(&["show", DIGITS]);
    assert!(shown.contains("loss: categorical_crossentropy(label_smoothing: 0)"), "{shown}");
    write("shown.cnn", &shown);
    run(&["check", "shown.cnn", "--deny", "warnings"]);
    assert_eq!(run(&["show", "shown.cnn"]), shown);
    // its weights are those of the file
    run(&["init", DIGITS, "--seed", "7", "--output", "w"]);
    run(&["init", "shown.cnn", "--seed", "7", "--output", "v"]);
    assert_eq!(
        std::fs::read(folder.path().join("v")).expect("v"),
        std::fs::read(folder.path().join("w")).expect("w")
    );

    let two = "model A { input(8x8x1); flatten; dense(classes) }\nmodel B { input(8x8x1); flatten; dense(9) -> relu -> dense(classes) }\n";
    let rest = "data { source: digits; test: 20% of all; validation: 10% of train }\ntrain { epochs: 1 }\ntrain B { epochs: 2 }\n";
    let vote = "ensemble Both { members: [A, B] }\n";
    write("two.cnn", &format!("{two}{rest}{vote}"));
    let shown = run(&["show", "two.cnn"]);
    assert!(
        shown.contains("train A {") && shown.contains("train B {") && shown.contains("ensemble Both {"),
        "{shown}"
    );
    write("shown.cnn", &shown);
    assert_eq!(run(&["show", "shown.cnn"]), shown);
    assert_eq!(run(&["show", "shown.cnn", "--model", "B"]), run(&["show", "two.cnn", "--model", "B"]));

    let space = two
        .lines()
        .next()
        .expect("a line")
        .replace("dense(classes)", "dense(search([4, 8])) -> dense(classes)");
    write(
        "space.cnn",
        &format!("{space}\n{rest}tune {{ strategy: grid }}\n").replace("train B { epochs: 2 }\n", ""),
    );
    let output = cnnc().current_dir(folder.path()).args(["show", "space.cnn"]).assert().success();
    assert!(text(&output.get_output().stderr).contains("the first value of each `search"), "{output}");
    let first = text(&output.get_output().stdout).to_owned();
    assert!(
        first.contains("dense(units: 4") && !first.contains("search") && !first.contains("tune"),
        "{first}"
    );
    write("first.cnn", &first);
    assert_eq!(run(&["show", "first.cnn"]), first);
}
