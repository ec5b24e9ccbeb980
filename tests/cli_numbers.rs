//! Right numbers or none: weights, statistics and answers that are not finite, and inference that must be
//! what training computed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

/// A network that has something of each kind: weights, moving statistics, and statistics of the pictures.
const MODEL: &str = "\
model M {
    input(8x8x1)
    conv2d(4, 3x3, activation: relu)
    batch_norm
    global_avg_pool2d
    dense(classes, activation: softmax)
}
data { source: digits; test: 20% of all }
prepare { rescale: 1/255; normalize: featurewise }
train { epochs: 1; batch: 64; optimizer: adam; metrics: [accuracy] }
";

struct Place(tempfile::TempDir);

impl Place {
    /// A folder with `m.cnn` and, where it has been trained, `run/`.
    fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("m.cnn"), text).expect("written");
        let pixels: Vec<u8> = (0..64).map(|i| (i * 37 % 251) as u8).collect();
        let header = b"P5\n8 8\n255\n".to_vec();
        fs::write(folder.path().join("one.pgm"), [header, pixels].concat()).expect("written");
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn cnnc(&self, words: &[&str]) -> assert_cmd::assert::Assert {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
        command.env_remove("CNNC_DATA_DIR").env("CNNC_MEMORY_MIB", "65536").env("LC_ALL", "C");
        command.current_dir(self.path()).args(words).assert()
    }

    /// What a command says that must fail by a mistake of the user's.
    fn refused(&self, words: &[&str]) -> String {
        let done = self.cnnc(words).code(1);
        assert!(done.get_output().stdout.is_empty(), "{words:?} prints a result");
        String::from_utf8(done.get_output().stderr.clone()).expect("text")
    }

    fn trained(self) -> Self {
        self.cnnc(&["run", "m.cnn", "--out", "run", "--quiet"]).success();
        self
    }

    /// Writes `w.safetensors`: the run's weights and texts with some numbers changed, as another program
    /// would.
    fn change(&self, change: impl Fn(&str, &mut [f32]), texts: impl Fn(&mut BTreeMap<String, String>)) {
        let bytes = fs::read(self.path().join("run/weights.safetensors")).expect("a run's");
        let file = SafeTensors::deserialize(&bytes).expect("sound");
        let (_, header) = SafeTensors::read_metadata(&bytes).expect("sound");
        // only what says how to use the weights: whatever else the run notes is about its own file
        let kept = |(key, _): &(&String, &String)| ["prepare", "classes"].contains(&key.as_str());
        let mut metadata: BTreeMap<String, String> =
            header.metadata().iter().flatten().filter(kept).map(|(k, v)| (k.clone(), v.clone())).collect();
        texts(&mut metadata);
        let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = file
            .tensors()
            .into_iter()
            .map(|(name, view)| {
                let mut values: Vec<f32> = view
                    .data()
                    .chunks_exact(4)
                    .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                    .collect();
                change(&name, &mut values);
                (name, view.shape().to_vec(), values.iter().flat_map(|v| v.to_le_bytes()).collect())
            })
            .collect();
        let views = tensors.iter().map(|(name, shape, bytes)| {
            (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).expect("fits"))
        });
        let metadata = metadata.into_iter().collect();
        safetensors::serialize_to_file(views, Some(metadata), &self.path().join("w.safetensors"))
            .expect("written");
    }
}

const WEIGHTS: [&str; 2] = ["--weights", "w.safetensors"];

#[test]
fn weights_that_are_no_numbers_are_refused_when_they_are_read() {
    let place = Place::with(MODEL).trained();
    place.change(
        |name, values| match name {
            "conv2d.kernel" => values[3] = f32::NAN,
            "dense.bias" => values[..2].fill(f32::INFINITY),
            _ => {}
        },
        |_| {},
    );
    let picture = ["predict", "m.cnn", "one.pgm", "--format", "json"];
    for words in [&["eval", "m.cnn"][..], &picture[..]] {
        let said = place.refused(&[words, &WEIGHTS[..]].concat());
        assert!(said.contains("error[E0620]") && said.contains("w.safetensors"), "{said}");
        assert!(said.contains("`conv2d.kernel` (1 NaN of 36)"), "{said}");
        assert!(said.contains("`dense.bias` (2 infinite of 10)"), "{said}");
    }
    // a model that begins with them
    let layers = MODEL.split_once("batch_norm").expect("it has one").0.replace("model M", "model Base");
    let using = format!(
        "{layers} batch_norm; global_avg_pool2d; dense(10, activation: softmax) }}
         model N {{ input(8x8x1); Base(weights: \"w.safetensors\") }}
         data {{ source: digits; test: 20% of all }}
         train {{ epochs: 1 }}"
    );
    fs::write(place.path().join("n.cnn"), using).expect("written");
    let said = place.refused(&["run", "n.cnn", "--quiet"]);
    assert!(said.contains("error[E0620]") && said.contains("conv2d.kernel` (1 NaN of 36)"), "{said}");
    // near miss: the same file with the numbers left as they are
    place.change(|_, _| {}, |_| {});
    place.cnnc(&[&picture[..], &WEIGHTS[..]].concat()).success();
}

#[test]
fn answers_that_are_no_numbers_name_the_first_layer() {
    let place = Place::with(MODEL).trained();
    // finite weights whose products are not
    let huge = |name: &str, values: &mut [f32]| match name {
        "batch_norm.gamma" => values.fill(3e38),
        "batch_norm.moving_mean" => values.fill(-100.0),
        "batch_norm.moving_variance" => values.fill(0.0),
        _ => {}
    };
    place.change(huge, |_| {});
    for words in [&["eval", "m.cnn"][..], &["predict", "m.cnn", "one.pgm"]] {
        let said = place.refused(&[words, &WEIGHTS[..]].concat());
        assert!(said.contains("error[E0621]") && said.contains("`batch_norm`"), "{said}");
    }
    // a variance below 0 has no root
    place.change(
        |name, values| {
            if name == "batch_norm.moving_variance" {
                values[0] = -1.0
            }
        },
        |_| {},
    );
    let said = place.refused(&[&["eval", "m.cnn"][..], &WEIGHTS[..]].concat());
    assert!(said.contains("error[E0621]") && said.contains("`batch_norm`"), "{said}");
}

#[test]
fn stored_statistics_that_divide_by_nothing_are_refused() {
    let place = Place::with(MODEL).trained();
    for (mean, deviation) in [("0.3", "0.0"), ("0.3", "-1.0"), ("1e39", "1.0")] {
        let featurewise = format!(r#"{{"mean":[{mean}],"std":[{deviation}]}}"#);
        let put = |texts: &mut BTreeMap<String, String>| {
            let mut prepare: serde_json::Value = serde_json::from_str(&texts["prepare"]).expect("JSON");
            prepare["featurewise"] = serde_json::from_str(&featurewise).expect("JSON");
            texts.insert("prepare".to_owned(), prepare.to_string());
        };
        place.change(|_, _| {}, put);
        for words in [&["eval", "m.cnn"][..], &["predict", "m.cnn", "one.pgm"]] {
            let said = place.refused(&[words, &WEIGHTS[..]].concat());
            assert!(said.contains("deviations"), "{featurewise}: {said}");
        }
    }
}

/// Kernels that prepare weights come one after the other: a transposed kernel is read where it has been
/// written.
#[test]
fn inference_of_transposed_convolutions_is_what_was_trained() {
    let place = Place::with(
        "model T {
            input(8x8x1)
            conv2d_transpose(16, 3x3, padding: same, activation: relu)
            conv2d_transpose(16, 3x3, padding: same, activation: relu)
            global_avg_pool2d
            dense(classes, activation: softmax)
        }
        data { source: digits; test: 20% of all; validation: 20% of train }
        prepare { rescale: 1/255 }
        train { epochs: 12; batch: 32; optimizer: adam(lr: 0.01); metrics: [accuracy] }",
    )
    .trained();
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(place.path().join("run/run.json")).expect("written")).expect("JSON");
    let run = report["results"]["test"]["accuracy"].as_f64().expect("a number");
    assert!(run > 0.7, "{run}");
    let words = ["eval", "m.cnn", "--weights", "run/weights.safetensors", "--format", "json"];
    for way in [&[][..], &["--exact"], &["--simd", "portable"]] {
        let done = place.cnnc(&[&words[..], way].concat()).success();
        let found: serde_json::Value = serde_json::from_slice(&done.get_output().stdout).expect("JSON");
        let accuracy = found["results"]["accuracy"].as_f64().expect("a number");
        assert!((accuracy - run).abs() < 0.01, "{way:?}: {accuracy}, and {run} in the run");
    }
}
