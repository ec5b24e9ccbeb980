//! Every option of every command does something or is refused: the table says which, and a command that
//! gains an option without a row here fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use ndarray::{Array1, Array4};
use ndarray_npy::write_npy;

/// What an option does to a command that works without it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Does {
    /// What is printed or written is another; or, where a value cannot be met, the command ends otherwise.
    Something,
    /// The command refuses it: exit code 2.
    Refused,
    /// Nothing that is seen, for this reason.
    Nothing(&'static str),
}

use Does::{Nothing, Refused, Something};

/// A command with arguments that work, and what its options do; words after the option's name are its value.
struct Row {
    base: &'static str,
    options: &'static [(&'static str, Does)],
}

const THREADS: &str = "results do not depend on the number of threads";
const EXACT: &str = "the last digits of a sum, or a tie of two classes, may differ";
const TUNED: &str = "which kernel is fastest, and so the last digits, differs from machine to machine";
const WIDEST: &str = "it may be the widest that the machine has";
const NO_PICTURES: &str = "no picture is decoded";
const BUILT_IN: &str = "the data are part of the program";
const MATCHED: &str = "weights of the same model match by their order as by their names";

const TABLE: &[Row] = &[
    Row {
        base: "run two.cnn --model A --out out",
        options: &[
            ("--model B", Something),
            ("--set train.batch=7", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(BUILT_IN)),
            ("--threads 2", Nothing(THREADS)),
            ("--simd portable", Nothing(EXACT)),
            ("--exact", Nothing(EXACT)),
            ("--tune-kernels", Nothing(TUNED)),
            ("--out other", Refused),
            ("--resume run", Refused),
            ("--data-changed accept", Refused),
            ("--weights wide", Something),
            ("--match order", Nothing("nothing is matched without weights")),
            ("--partial", Refused),
            ("--seed 9", Something),
            ("--epochs 2", Something),
            ("--no-report", Something),
            ("--ui --ui-exit", Something),
            ("--ui-exit", Refused),
            ("--rank-timeout 5s", Nothing("there is one process")),
        ],
    },
    Row { base: "run two.cnn --epochs 1 --out out", options: &[("--weights run", Refused)] },
    Row {
        base: "run a.cnn --epochs 1 --out out --weights run",
        options: &[("--partial", Nothing("nothing is missing"))],
    },
    Row {
        base: "weights show run",
        options: &[
            ("--for a.cnn", Something),
            ("--model A", Nothing("there is no program")),
            ("--set train.batch=7", Nothing("there is no program")),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(NO_PICTURES)),
            ("--match order", Nothing("there is no program")),
        ],
    },
    Row {
        base: "weights convert run -o out.safetensors",
        options: &[
            ("--output other.npz", Refused),
            ("--for a.cnn", Something),
            ("--model A", Nothing("there is no program")),
            ("--set train.batch=7", Nothing("there is no program")),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(NO_PICTURES)),
            ("--match order", Nothing("there is no program")),
            ("--partial", Refused),
        ],
    },
    Row {
        base: "weights convert run --for a.cnn -o out.safetensors",
        options: &[("--partial", Nothing("nothing is missing"))],
    },
    Row { base: "weights diff run wide", options: &[] },
    Row {
        base: "run two.cnn --model A --resume run",
        options: &[
            ("--data-changed accept", Nothing("the data are the same")),
            ("--weights run", Refused),
            ("--out other", Refused),
        ],
    },
    Row {
        base: "check bad.cnn --model A",
        options: &[
            ("--model B", Something),
            ("--set train.batch=0", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(BUILT_IN)),
            ("--data", Nothing("nothing is wrong with the data")),
            ("--format json", Something),
            ("--fix", Something),
            ("--dry-run", Refused),
            ("--ranks 2", Nothing("the file is not sound")),
        ],
    },
    Row { base: "check bad.cnn --model A --fix", options: &[("--dry-run", Something)] },
    Row {
        base: "data two.cnn --model A",
        options: &[
            ("--model B", Refused),
            ("--set data.test=50%", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(BUILT_IN)),
            ("--format json", Something),
        ],
    },
    Row {
        base: "augment two.cnn --model A --output out.png",
        options: &[
            ("--model B", Refused),
            ("--set augment.samples=2", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(BUILT_IN)),
            ("--output other.png", Refused),
            ("--count 3", Something),
            ("--picture 5", Something),
            ("--seed 5", Something),
            ("--prefix x", Refused),
            ("--class-folders", Refused),
            ("--type jpg", Refused),
        ],
    },
    Row {
        base: "augment two.cnn --model A --output out/ --count 2",
        options: &[("--prefix x", Something), ("--class-folders", Something), ("--type jpg", Something)],
    },
    Row { base: "fmt wide.cnn", options: &[("--check", Something)] },
    Row {
        base: "summary two.cnn --model A",
        options: &[
            ("--model B", Something),
            ("--set train.batch=512", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(NO_PICTURES)),
            ("--threads 61", Something),
            ("--simd portable", Nothing("the plans of small models are alike")),
            ("--exact", Nothing("the plans of small models are alike")),
            ("--size 9x9", Something),
            ("--ranks 2", Something),
            ("--bandwidth 1Gbit", Refused),
            ("--latency 1ms", Refused),
            ("--simulate", Refused),
        ],
    },
    Row {
        base: "summary two.cnn --model A --ranks 2",
        options: &[
            ("--bandwidth 1Gbit", Something),
            ("--bandwidth 10", Refused),
            ("--latency 1ms", Something),
            ("--latency 0us", Refused),
            ("--simulate", Something),
        ],
    },
    Row {
        base: "diff two.cnn a.cnn --model A",
        options: &[
            ("--model B", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(NO_PICTURES)),
            ("--threads 64", Nothing("both models take more, and differ alike")),
            ("--simd portable", Nothing("the plans of small models are alike")),
            ("--exact", Nothing("the plans of small models are alike")),
            ("--format json", Something),
        ],
    },
    Row {
        base: "graph two.cnn --model A",
        options: &[
            ("--model B", Something),
            ("--set model=1", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(NO_PICTURES)),
            ("--format dot", Something),
            ("--output out.svg", Something),
            ("--depth 1", Nothing("there are no blocks to fold")),
        ],
    },
    Row {
        base: "show two.cnn --model A",
        options: &[
            ("--model B", Something),
            ("--set train.batch=7", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(NO_PICTURES)),
        ],
    },
    Row {
        base: "eval a.cnn --weights run",
        options: &[
            ("--match order", Nothing(MATCHED)),
            ("--model B", Something),
            ("--set data.seed=5", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(BUILT_IN)),
            ("--threads 2", Nothing(THREADS)),
            ("--simd portable", Nothing(EXACT)),
            ("--exact", Nothing(EXACT)),
            ("--tune-kernels", Something),
            ("--weights other", Refused),
            ("--resize 9x9", Something),
            ("--split train", Something),
            ("--output answers", Something),
            ("--tta", Something),
            ("--format json", Something),
        ],
    },
    Row { base: "compare run run", options: &[("--format json", Something)] },
    Row {
        base: "predict a.cnn --weights run pictures/1.pgm",
        options: &[
            ("--match order", Nothing(MATCHED)),
            ("--model B", Something),
            ("--set model=1", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Something),
            ("--threads 2", Nothing(THREADS)),
            ("--simd portable", Nothing(EXACT)),
            ("--exact", Nothing(EXACT)),
            ("--tune-kernels", Something),
            ("--weights other", Refused),
            ("--format json", Something),
            ("--resize stretch", Something),
            ("--input x.npy", Refused),
            ("--layer conv2d", Refused),
            ("--output out.npy", Something),
        ],
    },
    Row {
        base: "predict run pictures/1.pgm --output out.npy",
        options: &[
            ("--weights wide", Something),
            ("--layer conv2d", Something),
            ("--format json", Something),
            ("--resize stretch", Something),
            ("--input x.npy", Refused),
        ],
    },
    Row { base: "predict run pictures/1.pgm --output -", options: &[("--format json", Refused)] },
    Row {
        base: "predict run pictures/1.pgm --output out.npy --layer conv2d",
        options: &[("--format json", Refused), ("--resize stretch", Something)],
    },
    Row {
        base: "predict run --input x.npy --output out.npy",
        options: &[("--layer conv2d", Something), ("--format json", Refused), ("--resize crop", Refused)],
    },
    Row {
        base: "see samples two.cnn --model A -o out.svg",
        options: &[
            ("--model B", Refused),
            ("--set train.seed=5", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(BUILT_IN)),
            ("--count 3", Something),
            ("--augmented", Something),
            ("--picture 5", Something),
            ("--colors jet", Nothing("pictures have their own colours")),
            ("--output other.png", Refused),
        ],
    },
    Row {
        base: "see samples two.cnn --model A -o out.svg --picture 5",
        options: &[("--augmented", Refused), ("--count 3", Refused), ("--colors jet", Something)],
    },
    Row {
        base: "see grad_cam a.cnn --weights run --image pictures/1.pgm -o out.svg",
        options: &[
            ("--match order", Nothing(MATCHED)),
            ("--model B", Something),
            ("--set model=1", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Something),
            ("--threads 2", Nothing(THREADS)),
            ("--simd portable", Nothing(EXACT)),
            ("--exact", Nothing(EXACT)),
            ("--weights other", Refused),
            ("--image pictures/1.pgm", Something),
            ("--resize stretch", Something),
            ("--layer conv2d", Nothing("it is the last with a map")),
            ("--class 3", Something),
            ("--method saliency", Something),
            ("--of probability", Something),
            ("--alpha 0.7", Something),
            ("--colors jet", Something),
            ("--output other.png", Refused),
        ],
    },
    Row {
        base: "see grad_cam run --image pictures/1.pgm -o out.svg --method saliency",
        options: &[("--layer conv2d", Refused), ("--of probability", Something)],
    },
    Row {
        base: "see feature_maps a.cnn --weights run --image pictures/1.pgm -o out.svg",
        options: &[
            ("--match order", Nothing(MATCHED)),
            ("--model B", Something),
            ("--set model=1", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Something),
            ("--threads 2", Nothing(THREADS)),
            ("--simd portable", Nothing(EXACT)),
            ("--exact", Nothing(EXACT)),
            ("--weights other", Refused),
            ("--image pictures/1.pgm", Something),
            ("--resize stretch", Something),
            ("--layer conv2d", Nothing("it is the last with a map")),
            ("--channels 2", Something),
            ("--colors jet", Something),
            ("--output other.png", Refused),
        ],
    },
    Row {
        base: "see filters a.cnn --weights run -o out.svg",
        options: &[
            ("--match order", Nothing(MATCHED)),
            ("--model B", Something),
            ("--set model=1", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(NO_PICTURES)),
            ("--threads 2", Nothing(THREADS)),
            ("--simd portable", Nothing(EXACT)),
            ("--exact", Nothing(EXACT)),
            ("--weights other", Refused),
            ("--layer flatten", Something),
            ("--channels 2", Something),
            ("--seed 5", Nothing("kernels are shown as they are")),
            ("--colors jet", Something),
            ("--output other.png", Refused),
        ],
    },
    Row {
        base: "see filters run -o out.svg --layer flatten --channels 2",
        options: &[("--seed 5", Something)],
    },
    Row {
        base: "see mistakes a.cnn --weights run -o out.svg",
        options: &[
            ("--match order", Nothing(MATCHED)),
            ("--model B", Something),
            ("--set data.seed=5", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(BUILT_IN)),
            ("--threads 2", Nothing(THREADS)),
            ("--simd portable", Nothing(EXACT)),
            ("--exact", Nothing(EXACT)),
            ("--weights other", Refused),
            ("--split train", Something),
            ("--count 3", Something),
            ("--colors jet", Something),
            ("--output other.png", Refused),
        ],
    },
    Row { base: "see curves run -o out.svg", options: &[("--output other.png", Refused)] },
    Row {
        base: "see confusion_matrix run -o out.svg",
        options: &[("--colors jet", Something), ("--output other.png", Refused)],
    },
    Row {
        base: "see embedding a.cnn --weights run -o out.svg --count 50",
        options: &[
            ("--match order", Nothing(MATCHED)),
            ("--model B", Something),
            ("--set data.seed=5", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(BUILT_IN)),
            ("--threads 2", Nothing(THREADS)),
            ("--simd portable", Nothing(EXACT)),
            ("--exact", Nothing(EXACT)),
            ("--weights other", Refused),
            ("--split train", Something),
            ("--layer conv2d", Something),
            ("--projection pca", Something),
            ("--count 40", Refused),
            ("--seed 5", Something),
            ("--output other.png", Refused),
        ],
    },
    Row {
        base: "emit two.cnn --model A --stage plan",
        options: &[
            ("--model B", Something),
            ("--set train.batch=7", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(NO_PICTURES)),
            ("--simd portable", Nothing(WIDEST)),
            ("--exact", Nothing("no convolution here is computed by a transform")),
            ("--size 9x9", Something),
            ("--stage ir", Refused),
            ("--mode infer", Something),
            ("--threads 2", Refused),
        ],
    },
    Row {
        base: "emit two.cnn --model A --stage ast",
        options: &[("--mode infer", Refused), ("--simd portable", Refused), ("--exact", Refused)],
    },
    Row {
        base: "emit two.cnn --model A --stage opt",
        options: &[("--mode infer", Something), ("--simd portable", Refused), ("--exact", Refused)],
    },
    Row { base: "explain conv2d", options: &[("--json", Refused), ("--settings-schema", Refused)] },
    Row { base: "explain --json", options: &[("--settings-schema", Refused)] },
    Row {
        base: "step a.cnn --weights run --input x.npy --labels y.npy --output out",
        options: &[
            ("--model B", Something),
            ("--set train.optimizer=sgd(lr: 0.5)", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(NO_PICTURES)),
            ("--threads 2", Nothing(THREADS)),
            ("--simd portable", Nothing(EXACT)),
            ("--exact", Nothing(EXACT)),
            ("--weights other", Refused),
            ("--input other.npy", Refused),
            ("--labels other.npy", Refused),
            ("--steps 2", Something),
            ("--output other", Refused),
            ("--seed 1", Nothing("there is no dropout, and no noise")),
        ],
    },
    Row {
        base: "init two.cnn --model A --output out",
        options: &[
            ("--model B", Something),
            ("--set train.seed=5", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(NO_PICTURES)),
            ("--seed 5", Something),
            ("--output other", Refused),
        ],
    },
    Row {
        base: "export a.cnn --weights run -o out.onnx",
        options: &[
            ("--match order", Nothing(MATCHED)),
            ("--model B", Something),
            ("--set model=1", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(NO_PICTURES)),
            ("--weights other", Refused),
            ("--output other.onnx", Refused),
            ("--format safetensors", Something),
            ("--opset 13", Something),
            ("--opset 12", Refused),
            ("--layout nhwc", Something),
            ("--no-prepare", Something),
            ("--heads", Nothing("there is no auxiliary output")),
            ("--names torch", Refused),
        ],
    },
    Row {
        base: "export run -o out.safetensors",
        options: &[
            ("--weights wide", Something),
            ("--names torch", Something),
            ("--names keras", Something),
            ("--opset 13", Refused),
            ("--layout nhwc", Refused),
            ("--no-prepare", Refused),
        ],
    },
    Row {
        base: "new out.cnn",
        options: &[
            ("--like zoo.lenet5", Something),
            // they belong to `--like transfer`
            ("--data pictures", Refused),
            ("--backbone vgg16", Refused),
        ],
    },
    Row {
        base: "import model.h5 -o out.cnn",
        options: &[
            ("--output other.cnn", Refused),
            ("--weights other.safetensors", Something),
            ("--result conv2d", Something),
            ("--input 13x11x3", Nothing("the model has that size")),
            ("--input 14x11x3", Something),
            ("--partial", Nothing("all of it can be written")),
            ("--force", Nothing("nothing is there")),
        ],
    },
    Row {
        base: "bench two.cnn --model A --steps 2 --warmup 0 --batch 2 --mode infer",
        options: &[
            ("--model B", Something),
            ("--set model=1", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(NO_PICTURES)),
            ("--threads 13", Something),
            ("--simd portable", Nothing(WIDEST)),
            ("--exact", Nothing("the last digits are not shown")),
            ("--tune-kernels", Something),
            ("--size 9x9", Something),
            ("--mode train", Refused),
            ("--batch 3", Refused),
            ("--steps 3", Refused),
            ("--warmup 3", Refused),
            ("--json", Something),
            ("--profile", Something),
        ],
    },
    Row { base: "report run", options: &[("--output out", Something), ("--text", Something)] },
    Row {
        base: "report run --output out",
        options: &[
            ("--text", Refused),
            ("--no-pictures", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(BUILT_IN)),
        ],
    },
    Row { base: "report run --text", options: &[("--no-pictures", Refused)] },
    Row { base: "ui nothing", options: &[("--port 65536", Refused)] },
    Row {
        base: "tune two-tune.cnn --model A --out out --jobs 1",
        options: &[
            ("--model B", Something),
            ("--set train.batch=7", Something),
            ("--data-dir none", Nothing(BUILT_IN)),
            ("--max-pixels 1", Nothing(BUILT_IN)),
            ("--threads 2", Nothing(THREADS)),
            ("--simd portable", Nothing(EXACT)),
            ("--exact", Nothing(EXACT)),
            ("--jobs 2", Refused),
            ("--out other", Refused),
            ("--resume run", Refused),
            ("--ensemble 2", Something),
            ("--no-report", Something),
            ("--ui --ui-exit", Something),
            ("--ui-exit", Refused),
            ("--ranks-per-trial 2", Refused),
            ("--rank-timeout 5s", Nothing("there is one process")),
        ],
    },
    Row {
        base: "tune two-tune.cnn --model A --out out",
        options: &[("--jobs 0", Refused), ("--ranks-per-trial 0", Refused)],
    },
    Row { base: "completions bash", options: &[] },
];

const MODEL: &str = "{ input(8x8x1); conv2d(4, 3x3, activation: relu); flatten; dense(classes) }";
const REST: &str = "
data { source: digits; test: 20% of all; validation: 10% of train }
prepare { rescale: 1/255 }
augment { rotation(10deg) }
train { epochs: 1; batch: 128; optimizer: adam; metrics: [accuracy] }
";

/// A folder with models, a run, weights of other values, pictures and arrays.
fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("made");
        fs::write(path, bytes).expect("written");
    };
    write("a.cnn", format!("model A {MODEL}{REST}").as_bytes());
    write("bad.cnn", format!("model A {MODEL}{REST}").replace("activation", "actvation").as_bytes());
    let wider = MODEL.replace("conv2d(4", "conv2d(6");
    write("two.cnn", format!("model A {MODEL}\nmodel B {wider}{REST}").as_bytes());
    let searched = [MODEL, &wider].map(|model| model.replace("3x3", "search([2, 3])"));
    let tune = "tune { strategy: grid }";
    let [a, b] = &searched;
    write("two-tune.cnn", format!("model A {a}\nmodel B {b}{REST}{tune}").as_bytes());
    write("wide.cnn", format!("model   A {MODEL}{REST}").as_bytes());
    write("model.h5", include_bytes!("golden/import/sequential.h5"));
    let header = b"P5\n12 9\n255\n".to_vec();
    write("pictures/1.pgm", &[header, (0..108).map(|at| (at * 37 % 251) as u8).collect()].concat());
    let images = Array4::from_shape_fn((3, 8, 8, 1), |(n, y, x, _)| ((n * 7 + y * 3 + x * 5) % 16) as f32);
    write_npy(folder.path().join("x.npy"), &images).expect("written");
    write_npy(folder.path().join("y.npy"), &Array1::from_iter(0..3_i64)).expect("written");
    for (words, made) in
        [("run two.cnn --model A --out run -q", "run"), ("init a.cnn --seed 77 --output wide", "wide")]
    {
        let done = cnnc(folder.path(), words);
        assert!(done.status.success() && folder.path().join(made).exists(), "{done:?}");
    }
    folder
}

fn cnnc(folder: &Path, words: &str) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
    command.env_remove("CNNC_DATA_DIR").env("CNNC_MEMORY_MIB", "65536").env("LC_ALL", "C");
    command.env("XDG_CACHE_HOME", folder.join("cache")).current_dir(folder).args(split(words));
    command.output().expect("started")
}

/// Words; what stands in parentheses is one.
fn split(words: &str) -> Vec<String> {
    let mut split: Vec<String> = Vec::new();
    for word in words.split(' ') {
        match split.last_mut().filter(|last| last.contains('(') && !last.contains(')')) {
            Some(last) => *last += &format!(" {word}"),
            None => split.push(word.to_owned()),
        }
    }
    split
}

/// All that is seen of a command but the time it took: exit code, what it prints, what it writes.
fn seen(folder: &Path, words: &str) -> (Option<i32>, String) {
    fn clear(path: &Path) {
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
    let outputs = ["out", "out.npy", "out.png", "out.svg", "out.cnn", "out.onnx", "out.safetensors"]
        .map(|name| folder.join(name));
    outputs.iter().for_each(|path| clear(path));
    let sources =
        ["bad.cnn", "wide.cnn"].map(|name| (folder.join(name), fs::read(folder.join(name)).expect("there")));
    let done = cnnc(folder, words);
    let timed = |line: &&str| {
        !line.ends_with(" s") && !["_ms", "_per_s", "_step_s", "_mib"].iter().any(|part| line.contains(part))
    };
    let text = |bytes: &[u8]| -> String {
        let text = String::from_utf8_lossy(bytes);
        text.lines().filter(timed).map(|line| line.to_owned() + "\n").collect()
    };
    let mut all = text(&done.stdout) + &text(&done.stderr);
    for path in outputs {
        if let Ok(entries) = fs::read_dir(&path) {
            let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
            names.sort();
            all += &format!("{names:?}\n");
        }
        let path = if path.is_dir() { path.join("weights.safetensors") } else { path };
        let bytes = fs::read(&path).unwrap_or_default();
        all += &format!("{:?} {:?}\n", path.file_name(), bytes);
    }
    for (path, before) in sources {
        let now = fs::read(&path).expect("there");
        all += &format!("{}\n", String::from_utf8_lossy(&now));
        fs::write(path, before).expect("written");
    }
    (done.status.code(), all)
}

/// The options that a command's help names, but for those that all commands have.
fn options_of(folder: &Path, command: &str) -> BTreeSet<String> {
    let help = cnnc(folder, &format!("{command} --help"));
    let help = String::from_utf8(help.stdout).expect("text");
    let global =
        ["--quiet", "--deny", "--lang", "--restricted", "--allow-read", "--limits", "--help", "--version"];
    // lines of descriptions are indented further
    let lines = help.lines().filter(|line| line.len() - line.trim_start().len() <= 6);
    let named = lines.filter_map(|line| {
        let word = line.trim_start();
        let word = word.split_once(", --").map_or(word.to_owned(), |(short, rest)| {
            if short.len() == 2 { format!("--{rest}") } else { word.to_owned() }
        });
        word.starts_with("--").then(|| word.split([' ', '=', '[']).next().unwrap_or_default().to_owned())
    });
    named.filter(|name| !global.contains(&name.as_str())).collect()
}

/// A command that is several.
const SEVERAL: &str = "see";

/// The command that words begin with.
fn command_of(words: &str) -> &str {
    let own = if words.starts_with(SEVERAL) { 2 } else { 1 };
    let end = words.match_indices(' ').nth(own - 1).map_or(words.len(), |(at, _)| at);
    &words[..end]
}

/// The commands that help lists, of all or of one that is several.
fn commands_of(folder: &Path, of: &str) -> Vec<String> {
    let help = cnnc(folder, format!("{of} --help").trim_start());
    let help = String::from_utf8(help.stdout).expect("text");
    let lines =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // what a command does may go on in lines that are indented further
    let names = lines.filter(|line| line.len() - line.trim_start().len() == 2);
    let names = names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    names.map(|name| format!("{of} {name}").trim_start().to_owned()).collect()
}

#[test]
fn every_option_has_its_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut rows: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for Row { base, options } in TABLE {
        let command = command_of(base);
        let known = rows.entry(command).or_default();
        known.extend(options.iter().map(|(words, _)| words.split(' ').next().unwrap_or_default().to_owned()));
    }
    let mut commands = commands_of(folder.path(), "");
    assert!(commands.len() > 10, "{commands:?}");
    commands.retain(|command| command != SEVERAL);
    commands.extend(commands_of(folder.path(), SEVERAL));
    for command in commands {
        let options = options_of(folder.path(), &command);
        let missing: Vec<&String> = options.difference(rows.get(&*command).expect("a row")).collect();
        assert!(missing.is_empty(), "`{command}` has options without a row: {missing:?}");
    }
}

#[test]
fn every_option_does_something_or_is_refused() {
    let folder = place();
    let mut wrong = Vec::new();
    for Row { base, options } in TABLE {
        let without = seen(folder.path(), base);
        let works = !matches!(without.0, None | Some(2));
        assert!(works, "`cnnc {base}` does not work: {}", without.1);
        for (words, does) in *options {
            let with = seen(folder.path(), &format!("{base} {words}"));
            let found = match (with.0, with == without) {
                (Some(2), _) if with.1.contains("--model") || !words.starts_with("--model") => "refused",
                (_, true) => "nothing",
                (_, false) => "something",
            };
            let fits = match does {
                Something => found == "something" || (words.starts_with("--model") && found == "refused"),
                Refused => found == "refused",
                // whether last digits differ depends on the machine
                Nothing(_) => found != "refused",
            };
            if !fits {
                wrong.push(format!("cnnc {base} {words}: {does:?}, and does {found}\n{}", with.1));
            }
        }
    }
    let said: Vec<String> = wrong.iter().map(|line| line.chars().take(400).collect()).collect();
    assert!(said.is_empty(), "{}", said.join("\n\n"));
}
