//! `cnnc import` of ONNX files, through the command line: models that ONNX Runtime has answered, our own exports
//! and back, ONNX's own tests of its operators, and files that are none.
//!
//! ONNX's tests are run by a Python program, as in `tests/cli_export.rs`.

mod onnx;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use ndarray::{Array4, ArrayD, IxDyn};
use ndarray_npy::{read_npy, write_npy};
use serde_json::Value;

use onnx::{Numbers, cnnc, programs, python, root, shake, succeeds};

/// Answers may differ by so much, relative to the largest.
const USUAL: f64 = 1e-5;

/// What a command that fails says on stderr.
#[track_caller]
fn fails(folder: &Path, words: &[&str]) -> String {
    let done = cnnc(folder, words);
    let said = String::from_utf8(done.stderr).expect("text");
    assert_eq!(done.status.code(), Some(1), "{words:?}: {said}");
    assert!(!said.contains("bug in cnnc"), "{words:?}: {said}");
    said
}

/// The golden models' input, in their own order: `number` of `make_onnx.py`.
fn taken(shape: &[usize], is_bytes: bool) -> ArrayD<f32> {
    let count = shape.iter().product();
    let number = |at: usize| ((at * 7919 + 104_729) % 2003) as f64 / 1001.0 - 1.0;
    let value = |at| if is_bytes { ((number(at) + 1.0) * 127.0).floor() as f32 } else { number(at) as f32 };
    ArrayD::from_shape_vec(IxDyn(shape), (0..count).map(value).collect()).expect("as many")
}

/// `[N, H, W, C]` of what a file takes, for a program that takes `[H, W, C]` of this text.
fn pictures(x: ArrayD<f32>, program: &str) -> Array4<f32> {
    let written = program.split("input(").nth(1).and_then(|rest| rest.split(')').next()).expect("an input");
    let wanted: Vec<usize> = written.split('x').map(|extent| extent.parse().expect("a number")).collect();
    let batch = x.shape()[0];
    let x = match x.ndim() {
        2 => x.to_shape((batch, 1, 1, x.shape()[1])).expect("the same numbers").to_owned(),
        _ => x.into_dimensionality().expect("four axes"),
    };
    if x.shape()[1..] == wanted[..] {
        x
    } else {
        x.permuted_axes([0, 2, 3, 1]).as_standard_layout().to_owned()
    }
}

/// How far an answer is from one that a file gives with its channels first.
fn difference(got: &ArrayD<f32>, shape: &[usize], values: &[f32]) -> f64 {
    let wanted = ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).expect("as many");
    let is_map = shape.len() == 4 && got.ndim() == 4;
    let wanted = if is_map { wanted.permuted_axes(vec![0, 2, 3, 1]) } else { wanted };
    assert_eq!(got.len(), wanted.len(), "{:?} in place of {shape:?}", got.shape());
    if is_map {
        assert_eq!(got.shape(), wanted.shape());
    }
    largest_difference(got.iter(), wanted.iter())
}

fn largest_difference<'a>(got: impl Iterator<Item = &'a f32>, wanted: impl Iterator<Item = &'a f32>) -> f64 {
    let (mut error, mut largest) = (0.0_f64, 1e-30_f64);
    for (got, wanted) in got.zip(wanted) {
        error = error.max(f64::from((got - wanted).abs()));
        largest = largest.max(f64::from(wanted.abs()));
        assert!(got.is_finite());
    }
    error / largest
}

fn numbers<T: serde::de::DeserializeOwned>(value: &Value) -> Vec<T> {
    serde_json::from_value(value.clone()).expect("numbers")
}

#[test]
fn models_of_others_answer_as_in_onnx_runtime() {
    let golden = root().join("tests/golden/onnx");
    let text = fs::read_to_string(golden.join("cases.json")).expect("there");
    let cases: BTreeMap<String, Value> = serde_json::from_str(&text).expect("cases");
    assert!(cases.len() > 60, "{}", cases.len());
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mut wrong = Vec::new();
    for (name, case) in &cases {
        let model = golden.join(format!("{name}.onnx"));
        let model = model.to_str().expect("text");
        let [program, weights, x, y] =
            ["cnn", "safetensors", "x.npy", "y.npy"].map(|end| format!("{name}.{end}"));
        if let Some(parts) = case["refused"].as_array() {
            let said = fails(folder, &["import", model, "-o", &program]);
            let is_there = |part: &Value| said.contains(part.as_str().expect("text"));
            if !parts.iter().all(is_there) {
                wrong.push(format!("{name}: it is not said that {parts:?}, but {said}"));
            }
            assert!(!folder.join(&program).exists(), "{name}: a part of it is written");
            continue;
        }
        let done = cnnc(folder, &["import", model, "-o", &program]);
        if !done.status.success() {
            wrong.push(format!("{name}: {}", String::from_utf8_lossy(&done.stderr)));
            continue;
        }
        let shape: Vec<usize> = numbers(&case["x"]);
        let text = fs::read_to_string(folder.join(&program)).expect("written");
        let input = pictures(taken(&shape, case["bytes"] == true), &text);
        write_npy(folder.join(&x), &input).expect("written");
        let words = ["predict", &program, "--weights", &weights, "--exact", "--threads", "1"];
        succeeds(folder, &[&words[..], &["--input", &x, "--output", &y]].concat());
        let got: ArrayD<f32> = read_npy(folder.join(&y)).expect("an array");
        let error = difference(&got, &numbers::<usize>(&case["y"]), &numbers::<f32>(&case["values"]));
        if error > USUAL {
            wrong.push(format!("{name}: it differs by {error:.2e}\n{text}"));
        }
        succeeds(folder, &["fmt", "--check", &program]);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A program as ONNX and back: what differs of the answers, and the program that came back.
fn round_trip(folder: &Path, name: &str, program: &Path, options: &[&str]) -> (f64, String) {
    let program = program.to_str().expect("text");
    let [weights, model, back, again, x, a, b] =
        ["safetensors", "onnx", "back.cnn", "back.safetensors", "x.npy", "a.npy", "b.npy"]
            .map(|end| format!("{name}.{end}"));
    succeeds(folder, &["init", program, "--output", &weights]);
    shake(&folder.join(&weights));
    let words = ["export", program, "--weights", &weights, "-o", &model, "--no-prepare"];
    let said = succeeds(folder, &[&words[..], options].concat());
    let (_, line) = said.rsplit_once("takes ").expect("what it takes");
    let sides: Vec<usize> =
        line.split(['[', ']']).nth(1).expect("a shape").split(", ").skip(1).map(side).collect();
    let [p, q, r] = sides[..] else { panic!("{said}") };
    let [height, width, channels] = if options.contains(&"nhwc") { [p, q, r] } else { [q, r, p] };
    let mut numbers = Numbers(1);
    let pictures = Array4::from_shape_simple_fn((2, height, width, channels), || numbers.next());
    write_npy(folder.join(&x), &pictures).expect("written");
    succeeds(folder, &["import", &model, "-o", &back, "--force"]);
    for (program, weights, output) in [(program, &weights, &a), (&back, &again, &b)] {
        let words = ["predict", program, "--weights", weights, "--exact", "--threads", "1", "--input", &x];
        succeeds(folder, &[&words[..], &["--output", output]].concat());
    }
    let [a, b]: [ArrayD<f32>; 2] = [a, b].map(|path| read_npy(folder.join(path)).expect("an array"));
    assert_eq!(a.shape(), b.shape(), "{name}");
    let text = fs::read_to_string(folder.join(&back)).expect("written");
    (largest_difference(b.iter(), a.iter()), text)
}

/// A side of what a model takes; open ones are 19 and 23.
fn side(text: &str) -> usize {
    match text {
        "H" => 19,
        "W" => 23,
        number => number.parse().expect("a number"),
    }
}

#[test]
fn every_kind_of_layer_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let all = programs("tests/golden/layers").into_iter().chain(programs("tests/onnx/layers"));
    let mut wrong = Vec::new();
    for (at, (name, path)) in all.enumerate() {
        let options: &[&str] = match at % 3 {
            0 => &[],
            1 => &["--opset", "13", "--layout", "nhwc"],
            _ => &["--opset", "23"],
        };
        let (error, text) = round_trip(folder.path(), &name, &path, options);
        if error > USUAL {
            wrong.push(format!("{name}: it differs by {error:.2e}\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What `cnnc diff` says of layers: only those that are gone, which do nothing in use, and what stood behind.
fn is_named_alone(folder: &Path, a: &Path, b: &str) -> bool {
    let words = ["diff", a.to_str().expect("text"), b, "--format", "json"];
    let said: Value = serde_json::from_str(&succeeds(folder, &words)).expect("JSON");
    let Value::Array(changes) = &said["layers"] else { return true };
    changes.iter().all(|change| change.to_string().len() < 10_000)
}

#[test]
fn models_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mut seen = 0;
    for (name, path) in programs("models") {
        let checked = cnnc(folder, &["init", path.to_str().expect("text"), "--output", "w"]);
        if !checked.status.success() {
            // its data are not here
            continue;
        }
        let (error, text) = round_trip(folder, &name, &path, &[]);
        assert!(error <= USUAL, "{name}: it differs by {error:.2e}\n{text}");
        assert!(is_named_alone(folder, &path, &format!("{name}.back.cnn")), "{name}");
        seen += 1;
    }
    assert!(seen >= 8, "{seen}");
}

/// The zoo: small models as they are, of the others what is before their classifier, for small pictures.
#[test]
fn the_zoo_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for (name, path) in programs("models/zoo") {
        let mut path = path;
        if !["lenet5", "mobilenet", "squeezenet"].contains(&name.as_str()) {
            let text = format!(
                "use zoo.{name}\nmodel Small {{\n    input(96x96x3)\n    base = {name}(include_top: false)\n    \
                 global_avg_pool2d\n    dense(3, activation: softmax)\n}}\n"
            );
            path = folder.join(format!("{name}.cnn"));
            fs::write(&path, text).expect("written");
        }
        let (error, text) = round_trip(folder, &name, &path, &[]);
        assert!(error <= USUAL, "{name}: it differs by {error:.2e}\n{text}");
    }
}

/// Preparation within the graph is settings again, and what is prepared so is answered alike.
#[test]
fn preparation_and_classes_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mut numbers = Numbers(3);
    let pixels: Vec<u8> = (0..8 * 6 * 3).map(|_| ((numbers.next() + 1.0) * 127.9) as u8).collect();
    fs::write(folder.join("a.ppm"), [&b"P6\n6 8\n255\n"[..], &pixels].concat()).expect("written");
    let cases = [
        (3, ""),
        (3, "resize: 8x6; rescale: 1/255; normalize: imagenet"),
        (3, "normalize: caffe"),
        (3, "rescale: 1/127.5; normalize: standard(mean: [1, 1, 1], std: [1, 1, 1])"),
        (3, "rescale: 1/255; normalize: per_image"),
        (1, "color: gray; rescale: 1/255"),
        (1, "color: gray; normalize: per_image"),
        (1, "color: lab_l; rescale: 1/100"),
    ];
    for (at, (channels, prepare)) in cases.into_iter().enumerate() {
        let [program, weights, a] = ["cnn", "safetensors", "npy"].map(|end| format!("p{at}.{end}"));
        let text = format!(
            "model P {{ input(8x6x{channels}); conv2d(6, 3x3, activation: tanh); flatten; dense(5) }}\n\
             prepare {{ {prepare} }}\n"
        );
        fs::write(folder.join(&program), text).expect("written");
        succeeds(folder, &["init", &program, "--output", &weights]);
        succeeds(folder, &["predict", &program, "--weights", &weights, "--exact", "--output", &a, "a.ppm"]);
        for layout in ["nchw", "nhwc"] {
            let [model, back, again, b] =
                ["onnx", "cnn", "safetensors", "npy"].map(|end| format!("p{at}.{layout}.{end}"));
            succeeds(folder, &["export", &program, "--weights", &weights, "-o", &model, "--layout", layout]);
            succeeds(folder, &["import", &model, "-o", &back]);
            let text = fs::read_to_string(folder.join(&back)).expect("written");
            for setting in prepare.split("; ").filter(|setting| !setting.is_empty()) {
                let key = setting.split(':').next().expect("a key");
                assert!(
                    text.contains(&format!("{key}:")) || text.contains(&format!("{key}(")),
                    "{setting}: {text}"
                );
            }
            // nothing of it has become a layer
            assert!(!text.contains("rescaling") && !text.contains("normalization"), "{text}");
            succeeds(folder, &["predict", &back, "--weights", &again, "--exact", "--output", &b, "a.ppm"]);
            let [a, b]: [ArrayD<f32>; 2] =
                [&a, &b].map(|path| read_npy(folder.join(path)).expect("an array"));
            assert!(largest_difference(b.iter(), a.iter()) <= USUAL, "{prepare}: {text}");
        }
    }
}

/// A file that is broken off anywhere is refused, at once.
#[test]
fn broken_files_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let whole = fs::read(root().join("tests/golden/onnx/tensorflow.onnx")).expect("there");
    for length in (0..whole.len()).step_by(64) {
        fs::write(folder.join("part.onnx"), &whole[..length]).expect("written");
        let said = fails(folder, &["import", "part.onnx", "-o", "part.cnn"]);
        assert!(said.contains("part.onnx"), "{length}: {said}");
    }
    assert!(!folder.join("part.cnn").exists());
}

/// ONNX's own tests: what is right stays right, and nothing is wrong. `tests/onnx/backend.txt` lists them.
#[test]
#[allow(clippy::print_stderr, reason = "it says that it is skipped")]
fn onnx_own_tests_are_right_or_refused() {
    let Some(python) = python() else {
        eprintln!(
            "skipped: ONNX's own tests are run where `CNNC_ONNX_PYTHON` names a Python with ONNX Runtime (pip install \
             onnx onnxruntime)"
        );
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let script = root().join("tests/onnx/backend.py");
    let done = Process::new(python).arg(script).arg(env!("CARGO_BIN_EXE_cnnc")).arg(folder.path()).output();
    let done = done.expect("started");
    let [found, failed] = [done.stdout, done.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(done.status.success(), "{failed}");
    let list = root().join("tests/onnx/backend.txt");
    if std::env::var_os("CNNC_BLESS").is_some() {
        fs::write(&list, &found).expect("written");
    }
    let wrong: Vec<&str> = found.lines().filter(|line| line.contains(": WRONG")).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let known = fs::read_to_string(&list).expect("there");
    let right = |text: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.strip_suffix(": right"));
        lines.map(str::to_owned).collect()
    };
    let (found, known) = (right(&found), right(&known));
    let lost: Vec<&String> = known.iter().filter(|name| !found.contains(name)).collect();
    assert!(lost.is_empty() && found.len() >= 160, "{} are right; no more: {lost:?}", found.len());
}

/// A real network of others, whose pictures may have any size: `CNNC_DATA_DIR` has it where it is tested.
#[test]
#[allow(clippy::print_stderr, reason = "it says that it is skipped")]
fn a_real_network_gives_its_reference() {
    let data = std::env::var_os("CNNC_DATA_DIR").map(PathBuf::from);
    let model = data.map(|data| data.join("weights/ch_ppocr_mobile_v2.0_cls_infer.onnx"));
    let Some(model) = model.filter(|model| model.is_file()) else {
        eprintln!("skipped: CNNC_DATA_DIR has no weights/ch_ppocr_mobile_v2.0_cls_infer.onnx");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    succeeds(folder, &["import", model.to_str().expect("text"), "-o", "c.cnn"]);
    let text = fs::read_to_string(folder.join("c.cnn")).expect("written");
    assert!(text.contains("input(?x?x3)") && text.contains("hard_swish"), "{text}");
    let value = |(_, c, y, x): (usize, usize, usize, usize)| {
        (((c * 48 + y) * 192 + x) * 37 % 256) as f32 / 127.5 - 1.0
    };
    let pictures = Array4::from_shape_fn((1, 48, 192, 3), |(n, y, x, c)| value((n, c, y, x)));
    write_npy(folder.join("x.npy"), &pictures).expect("written");
    let words = ["predict", "c.cnn", "--weights", "c.safetensors", "--exact", "--input", "x.npy"];
    succeeds(folder, &[&words[..], &["--output", "y.npy"]].concat());
    let got: ArrayD<f32> = read_npy(folder.join("y.npy")).expect("an array");
    // ONNX Runtime's
    assert!(largest_difference(got.iter(), [0.828_047_16, 0.171_952_87].iter()) <= USUAL, "{got}");
}
