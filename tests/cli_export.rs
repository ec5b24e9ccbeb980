//! `cnnc export`, through the command line: what ONNX Runtime makes of an exported model is what cnnc makes of
//! it, and what stands in the files.
//!
//! ONNX Runtime is asked by a Python program. `CNNC_ONNX_PYTHON` names a Python that has it (`pip install onnx
//! onnxruntime`); else `python3` is asked. Where neither has it, the tests that ask say that they are skipped.

mod onnx;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command as Process;

use ndarray::Array4;
use ndarray_npy::write_npy;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Value, json};

use onnx::{Numbers, cnnc, programs, python, root, shake, succeeds};

/// Answers may differ by so much, relative to the largest.
const USUAL: f64 = 1e-5;
/// Beyond 20 convolutions.
const DEEP: f64 = 1e-4;

/// What a command that fails says on stderr.
#[track_caller]
fn fails(folder: &Path, words: &[&str], code: i32) -> String {
    let done = cnnc(folder, words);
    let said = String::from_utf8(done.stderr).expect("text");
    assert_eq!(done.status.code(), Some(code), "{words:?}: {said}");
    said
}

/// Models that ONNX Runtime is asked about, all at once.
struct Jobs {
    folder: tempfile::TempDir,
    jobs: Vec<Value>,
}

impl Jobs {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), jobs: Vec::new() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Adds a program: exported with each list of options, and asked about three prepared pictures.
    fn add(&mut self, name: &str, program: &Path, options: &[&[&str]], tolerance: f64) {
        let program = program.to_str().expect("text");
        let [weights, x, y] = ["safetensors", "x.npy", "y.npy"].map(|end| format!("{name}.{end}"));
        succeeds(self.path(), &["init", program, "--output", &weights]);
        shake(&self.path().join(&weights));
        for (at, options) in options.iter().enumerate() {
            let model = format!("{name}.{at}.onnx");
            let words = ["export", program, "--weights", &weights, "-o", &model, "--no-prepare"];
            let said = succeeds(self.path(), &[&words[..], options].concat());
            let layout = if options.contains(&"nhwc") { "nhwc" } else { "nchw" };
            if at == 0 {
                write_npy(self.path().join(&x), &pictures(size_in(&said, layout))).expect("written");
                let words = ["predict", program, "--weights", &weights, "--exact", "--threads", "1"];
                succeeds(self.path(), &[&words[..], &["--input", &x, "--output", &y]].concat());
            }
            self.push(&model, [&x, &y], layout, tolerance);
        }
    }

    fn push(&mut self, model: &str, [input, want]: [&str; 2], layout: &str, tolerance: f64) {
        let path = |name: &str| self.path().join(name);
        let job = json!({
            "model": path(model), "input": path(input), "want": path(want), "layout": layout,
            "tolerance": tolerance,
        });
        self.jobs.push(job);
    }

    /// Asks.
    #[track_caller]
    #[allow(clippy::print_stderr, reason = "it says that it is skipped")]
    fn ask(self) {
        let Some(python) = python() else {
            eprintln!(
                "skipped: exported models are run where `CNNC_ONNX_PYTHON` names a Python with ONNX Runtime (pip \
                 install onnx onnxruntime)"
            );
            return;
        };
        let jobs = self.path().join("jobs.json");
        fs::write(&jobs, Value::from(self.jobs.clone()).to_string()).expect("written");
        let done =
            Process::new(python).arg(root().join("tests/onnx/check.py")).arg(jobs).output().expect("started");
        let [said, failed] =
            [done.stdout, done.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(done.status.success() && said.is_empty(), "{said}{failed}");
    }
}

/// `[H, W, C]` of what a model takes: "takes `pictures` float32 [N, 3, 8, 8]; gives …". Open sides are 19 and 23.
fn size_in(said: &str, layout: &str) -> [usize; 3] {
    // warnings of the program may stand before it
    let (_, line) = said.rsplit_once("takes ").unwrap_or_else(|| panic!("{said}"));
    let list = line.split(['[', ']']).nth(1).unwrap_or_else(|| panic!("{said}"));
    let sides: Vec<usize> = list
        .split(", ")
        .skip(1)
        .map(|side| match side {
            "H" => 19,
            "W" => 23,
            number => number.parse().expect("a number"),
        })
        .collect();
    let [a, b, c] = sides[..] else { panic!("{said}") };
    if layout == "nhwc" { [a, b, c] } else { [b, c, a] }
}

fn pictures([height, width, channels]: [usize; 3]) -> Array4<f32> {
    let mut numbers = Numbers(1);
    Array4::from_shape_simple_fn((3, height, width, channels), || numbers.next())
}

#[test]
fn every_kind_of_layer_is_what_it_is_here() {
    let mut jobs = Jobs::new();
    // what is another thing in an old or a new opset
    let changed = ["layer_norm", "activation_gelu", "activation_hard_swish", "resizing", "any_size"];
    let all = programs("tests/golden/layers").into_iter().chain(programs("tests/onnx/layers"));
    for (at, (name, path)) in all.enumerate() {
        let (old, new): (&[&str], &[&str]) = (&["--opset", "13", "--layout", "nhwc"], &["--opset", "23"]);
        let options = match at % 2 {
            _ if changed.contains(&name.as_str()) => vec![&[][..], old, &["--opset", "18"], new],
            0 => vec![&[][..], old],
            _ => vec![&[][..], new],
        };
        jobs.add(&name, &path, &options, USUAL);
    }
    jobs.ask();
}

/// A model for pictures in colour, with a `prepare` of its own.
fn prepared(channels: usize, prepare: &str) -> String {
    format!(
        "model P {{ input(8x6x{channels}); conv2d(6, 3x3, activation: tanh); flatten; dense(5) }}\n\
         prepare {{ {prepare} }}\n"
    )
}

#[test]
fn pictures_are_prepared_within_the_graph() {
    let mut jobs = Jobs::new();
    let folder = jobs.path().to_owned();
    let mut numbers = Numbers(3);
    let bytes = Array4::from_shape_simple_fn((3, 8, 6, 3), || ((numbers.next() + 1.0) * 127.9) as u8);
    write_npy(folder.join("bytes.npy"), &bytes).expect("written");
    let names = ["0.ppm", "1.ppm", "2.ppm"];
    for (name, picture) in names.iter().zip(bytes.outer_iter()) {
        let pixels: Vec<u8> = picture.iter().copied().collect();
        fs::write(folder.join(name), [&b"P6\n6 8\n255\n"[..], &pixels].concat()).expect("written");
    }
    let cases = [
        (3, ""),
        (3, "rescale: 1/255"),
        (3, "rescale: 1/255; normalize: imagenet"),
        (3, "normalize: caffe"),
        (3, "color: rgb; rescale: 1/127.5; normalize: standard(mean: [1, 1, 1], std: [1, 1, 1])"),
        (3, "rescale: 1/255; normalize: per_image"),
        (1, "color: gray; rescale: 1/255"),
        (1, "color: gray; normalize: per_image"),
        (1, "color: lab_l; rescale: 1/100"),
    ];
    for (at, (channels, prepare)) in cases.into_iter().enumerate() {
        let [program, weights, answers] = ["cnn", "safetensors", "npy"].map(|end| format!("p{at}.{end}"));
        fs::write(folder.join(&program), prepared(channels, prepare)).expect("written");
        succeeds(&folder, &["init", &program, "--output", &weights]);
        let words = ["predict", &program, "--weights", &weights, "--exact", "--output", &answers];
        succeeds(&folder, &[&words[..], &names].concat());
        for layout in ["nchw", "nhwc"] {
            let model = format!("p{at}.{layout}.onnx");
            let words = ["export", &program, "--weights", &weights, "-o", &model, "--layout", layout];
            let said = succeeds(&folder, &words);
            assert!(said.contains("`pictures` uint8 [N, ") && size_in(&said, layout) == [8, 6, 3], "{said}");
            jobs.push(&model, ["bytes.npy", &answers], layout, USUAL);
        }
    }
    jobs.ask();
}

/// What the training pictures were like is in the graph, too.
#[test]
fn statistics_of_the_training_pictures_are_written() {
    let mut jobs = Jobs::new();
    let folder = jobs.path().to_owned();
    let program = "model D { input(8x8x1); flatten; dense(classes, activation: softmax) }\n\
         data { source: digits; test: 20% of all }\n\
         prepare { normalize: featurewise }\n\
         train { epochs: 1; optimizer: sgd(lr: 0.01) }\n";
    fs::write(folder.join("d.cnn"), program).expect("written");
    succeeds(&folder, &["run", "d.cnn", "--out", "run", "--no-report"]);
    let mut numbers = Numbers(5);
    let bytes = Array4::from_shape_simple_fn((2, 8, 8, 1), || ((numbers.next() + 1.0) * 8.0) as u8);
    write_npy(folder.join("bytes.npy"), &bytes).expect("written");
    for (name, picture) in ["0.pgm", "1.pgm"].iter().zip(bytes.outer_iter()) {
        let pixels: Vec<u8> = picture.iter().copied().collect();
        fs::write(folder.join(name), [&b"P5\n8 8\n255\n"[..], &pixels].concat()).expect("written");
    }
    succeeds(&folder, &["predict", "run", "0.pgm", "1.pgm", "--exact", "--output", "y.npy"]);
    // of a run's folder, and of its weights alone
    for (at, subject) in ["run", "run/weights.safetensors"].iter().enumerate() {
        let model = format!("d{at}.onnx");
        let said = succeeds(&folder, &["export", subject, "-o", &model]);
        assert_eq!(said, "takes `pictures` uint8 [N, 1, 8, 8]; gives `dense` float32 [N, 10]\n");
        jobs.push(&model, ["bytes.npy", "y.npy"], "nchw", USUAL);
    }
    let model = fs::read(folder.join("d0.onnx")).expect("written");
    let has = |text: &str| model.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(has("[\"0\",\"1\",\"2\"") && has("model D {") && has("dense.kernel"));
    jobs.ask();
}

/// A file of tensors: name, shape and values.
fn tensors(path: &Path) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
    let bytes = fs::read(path).expect("there");
    let file = SafeTensors::deserialize(&bytes).expect("tensors");
    let values = |view: &TensorView<'_>| {
        view.data().as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect()
    };
    file.tensors().into_iter().map(|(name, view)| (name, (view.shape().to_vec(), values(&view)))).collect()
}

/// The same names, shapes and orders that PyTorch has for
/// `conv = Conv2d(2, 3, (2, 1)); depth = Conv2d(3, 6, 1, groups=3); bn = BatchNorm2d(6); fc = Linear(48, 4)`.
#[test]
fn tensors_are_called_and_laid_out_as_in_pytorch() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let program = "model T {\n    input(5x2x2)\n    conv = conv2d(3, 2x1)\n    depth = depthwise_conv2d(1, depth_multiplier: 2)\n    \
         bn = batch_norm\n    flatten\n    fc = dense(4)\n}\n";
    fs::write(folder.join("t.cnn"), program).expect("written");
    succeeds(folder, &["init", "t.cnn", "--output", "own.safetensors"]);
    shake(&folder.join("own.safetensors"));
    let own = tensors(&folder.join("own.safetensors"));
    let written = |names: &str| {
        let out = format!("{names}.safetensors");
        succeeds(folder, &["export", "t.cnn", "--weights", "own.safetensors", "-o", &out, "--names", names]);
        tensors(&folder.join(out))
    };
    assert_eq!(written("own"), own);
    let torch = written("torch");
    let shapes: Vec<(&str, &[usize])> =
        torch.iter().map(|(name, (shape, _))| (name.as_str(), shape.as_slice())).collect();
    let wanted: [(&str, &[usize]); 10] = [
        ("bn.bias", &[6]),
        ("bn.running_mean", &[6]),
        ("bn.running_var", &[6]),
        ("bn.weight", &[6]),
        ("conv.bias", &[3]),
        ("conv.weight", &[3, 2, 2, 1]),
        ("depth.bias", &[6]),
        ("depth.weight", &[6, 1, 1, 1]),
        ("fc.bias", &[4]),
        ("fc.weight", &[4, 48]),
    ];
    assert_eq!(shapes, wanted);
    let (ours, theirs) = (&own["conv.kernel"].1, &torch["conv.weight"].1);
    // [y, 0, i, o] and [o, i, y, 0]
    assert!((0..12).all(|at| theirs[at] == ours[(at % 2) * 6 + (at / 2 % 2) * 3 + at / 4]));
    let (ours, theirs) = (&own["fc.kernel"].1, &torch["fc.weight"].1);
    // [(pixel, channel), o] and [o, (channel, pixel)], of a map of 8 pixels with 6 channels
    let place = |at: usize| ((at % 8) * 6 + at % 48 / 8) * 4 + at / 48;
    assert!((0..192).all(|at| theirs[at] == ours[place(at)]));
    assert_eq!(torch["bn.running_var"].1, own["bn.moving_variance"].1);
    let keras = written("keras");
    assert_eq!(keras["conv/kernel"], own["conv.kernel"]);
    assert_eq!(keras["fc/kernel"], own["fc.kernel"]);
    // what is called otherwise is not taken for the weights of the program
    let said = fails(folder, &["predict", "torch.safetensors", "x.png"], 1);
    assert!(said.contains("does not hold the program"), "{said}");
}

/// A network of the zoo gets the names of its implementation, as a whole and as a part, and what is written is
/// read as its weights.
#[test]
fn networks_of_the_zoo_have_the_names_that_their_tables_have() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let program = "use zoo.squeezenet\nmodel S {\n    input(64x64x3)\n    backbone = squeezenet(include_top: false)\n    \
         global_avg_pool2d\n    fc = dense(3)\n}\n";
    fs::write(folder.join("s.cnn"), program).expect("written");
    succeeds(folder, &["init", "s.cnn", "--output", "own.safetensors"]);
    shake(&folder.join("own.safetensors"));
    let words =
        ["export", "s.cnn", "--weights", "own.safetensors", "-o", "t.safetensors", "--names", "torch"];
    succeeds(folder, &words);
    let torch = tensors(&folder.join("t.safetensors"));
    assert_eq!(torch["backbone.features.0.weight"].0, [64, 3, 3, 3]);
    assert_eq!(torch["backbone.features.3.expand3x3.weight"].0, [64, 16, 3, 3]);
    assert_eq!(torch["fc.weight"].0, [3, 512]);
    // without its own name before them they are a file of the backbone's weights: the way back
    let bytes: BTreeMap<&str, (Vec<usize>, Vec<u8>)> = torch
        .iter()
        .filter_map(|(name, (shape, values))| {
            let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            Some((name.strip_prefix("backbone.")?, (shape.clone(), bytes)))
        })
        .collect();
    let views = bytes.iter().map(|(name, (shape, bytes))| {
        (*name, TensorView::new(Dtype::F32, shape.clone(), bytes).expect("as many bytes as numbers"))
    });
    safetensors::serialize_to_file(views, None, &folder.join("b.safetensors")).expect("written");
    let with = program.replace("include_top: false", "include_top: false, weights: \"b.safetensors\"");
    fs::write(folder.join("with.cnn"), with).expect("written");
    succeeds(folder, &["init", "with.cnn", "--output", "again.safetensors"]);
    let (own, again) = (tensors(&folder.join("own.safetensors")), tensors(&folder.join("again.safetensors")));
    let of_backbone: Vec<&String> = own.keys().filter(|name| name.starts_with("backbone.")).collect();
    assert!(of_backbone.len() > 40 && of_backbone.iter().all(|name| own[*name] == again[*name]));
}

#[test]
fn auxiliary_outputs_are_written_where_they_are_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = root().join("tests/golden/layers/two_heads.cnn");
    let program = program.to_str().expect("text");
    succeeds(folder.path(), &["init", program, "--output", "w.safetensors"]);
    let export = |more: &[&str]| {
        let words = ["export", program, "--weights", "w.safetensors", "-o", "h.onnx"];
        succeeds(folder.path(), &[&words[..], more].concat())
    };
    assert!(export(&[]).ends_with("gives `dense` float32 [N, 3]\n"), "{}", export(&[]));
    let with = "gives `dense` float32 [N, 3], `near.dense` float32 [N, 3], `far.dense_1` float32 [N, 3]\n";
    let said = export(&["--heads"]);
    assert!(said.ends_with(with), "{said}");
}

#[test]
fn what_cannot_be_written_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let write = |name: &str, body: &str| {
        fs::write(folder.join(format!("{name}.cnn")), body).expect("written");
        succeeds(folder, &["init", &format!("{name}.cnn"), "--output", &format!("{name}.safetensors")]);
    };
    let model = |inside: &str| format!("model M {{ input(?x?x3); {inside}; global_avg_pool2d; dense(2) }}\n");
    write("resize", &model("conv2d(4, 3x3); small = resizing(8, 8); conv2d(4, 3x3)"));
    write("letterbox", &model("bars = resizing(8, 8, fit: letterbox); conv2d(4, 3x3)"));
    write("image", &(model("conv2d(4, 3x3)") + "prepare { normalize: per_image }\n"));
    let export = |name: &str, more: &[&str], code| {
        let (program, weights) = (format!("{name}.cnn"), format!("{name}.safetensors"));
        let words = ["export", &program, "--weights", &weights, "-o", "x.onnx"];
        let words = [&words[..], more].concat();
        if code == 0 { succeeds(folder, &words) } else { fails(folder, &words, code) }
    };
    let said = export("resize", &[], 1);
    assert!(said.contains("`small` makes one size") && said.contains("--opset 18"), "{said}");
    export("resize", &["--opset", "18"], 0);
    let said = export("letterbox", &["--opset", "23"], 1);
    assert!(said.contains("`bars` cuts off") && said.contains("input(224x224x3)"), "{said}");
    let said = export("image", &[], 1);
    assert!(said.contains("per_image") && said.contains("--no-prepare"), "{said}");
    export("image", &["--no-prepare"], 0);
    // what nothing is known of is wrong usage
    let said = fails(folder, &["export", "image.cnn", "--weights", "image.safetensors", "-o", "x.tflite"], 2);
    assert!(said.contains(".onnx") && said.contains(".safetensors"), "{said}");
    let said = fails(folder, &["export", "image.cnn", "-o", "x.onnx"], 2);
    assert!(said.contains("--weights"), "{said}");
    assert_eq!(
        fs::read_dir(folder)
            .expect("a folder")
            .filter(|entry| {
                entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("x."))
            })
            .count(),
        1
    );
}

/// The zoo: small models as they are, of the others what is before their classifier, for small pictures.
#[test]
fn the_zoo_is_what_it_is_here() {
    let mut jobs = Jobs::new();
    let whole = ["lenet5", "mobilenet", "mobilenet_v3_small", "resnet50", "squeezenet"];
    for (name, path) in programs("models/zoo") {
        if whole.contains(&name.as_str()) {
            jobs.add(&name, &path, &[&[]], DEEP);
            continue;
        }
        let text = format!(
            "use zoo.{name}\nmodel Small {{\n    input(96x96x3)\n    base = {name}(include_top: false)\n    \
             global_avg_pool2d\n    dense(3, activation: softmax)\n}}\n"
        );
        let path = jobs.path().join(format!("{name}.cnn"));
        fs::write(&path, text).expect("written");
        jobs.add(&name, &path, &[&[]], DEEP);
    }
    jobs.ask();
}

/// The programs of the gallery, as far as their data are here: some ask them for the classes.
#[test]
#[allow(clippy::print_stderr, reason = "it says what is skipped")]
fn the_gallery_is_what_it_is_here() {
    let mut jobs = Jobs::new();
    for (name, path) in programs("models") {
        let checked = cnnc(jobs.path(), &["init", path.to_str().expect("text"), "--output", "w"]);
        if checked.status.success() {
            // its answer is a single number near 0, the difference of large ones
            let tolerance = if name == "rotated_digits" { DEEP } else { USUAL };
            jobs.add(&name, &path, &[&[], &["--opset", "21", "--layout", "nhwc"]], tolerance);
        } else {
            eprintln!("skipped: {name}.cnn needs its data: {}", String::from_utf8_lossy(&checked.stderr));
        }
    }
    assert!(jobs.jobs.len() >= 8, "{:?}", jobs.jobs);
    jobs.ask();
}
