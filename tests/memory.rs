//! What a run takes of memory: that it is foretold, and that what does not fit is refused.

use std::fs::{self, File};
use std::path::Path;

use assert_cmd::Command;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

/// Of what was measured, by how much a plan may be off.
const SHARE: f64 = 0.10;

const DATA: &str = "
data { source: folder(\"photos.tar.gz\"); validation: 20% of train; test: 20% of all }
";

/// Many pictures of maps large beside the weights, and threads that change pictures.
const CONVOLUTIONS: &str = "model Convolutions {
    input(64x64x3)
    repeat 2 { conv2d(32, 3x3, padding: same) -> batch_norm -> relu }
    max_pool2d(2)
    repeat 2 { conv2d(64, 3x3, padding: same) -> batch_norm -> relu }
    global_avg_pool2d
    dense(classes, activation: softmax)
}
prepare { resize: 64x64; rescale: 1/255 }
augment { flip(horizontal); shift(width: 10%, height: 10%) }
train { epochs: 2; batch: 32; optimizer: adam(lr: 0.001) }
";

/// Nearly all weights in one layer; they are kept twice more by the optimizer, and again when they are the
/// best.
const WEIGHTS: &str = "model Weights {
    input(64x64x3)
    flatten
    dense(400, activation: relu)
    dense(classes, activation: softmax)
}
prepare { resize: 64x64; rescale: 1/255 }
train { epochs: 2; batch: 16; optimizer: adam(lr: 0.001); early_stopping(monitor: val_loss, patience: 1) }
";

/// Many kernels.
const DEEP: &str = "use zoo.resnet18

model Deep {
    input(32x32x3)
    resnet18(classes: classes)
}
prepare { resize: 32x32; rescale: 1/255 }
train { epochs: 1; batch: 32; optimizer: sgd(lr: 0.01, momentum: 0.9) }
";

/// Depthwise convolutions.
const SEPARABLE: &str = "use zoo.mobilenet

model Separable {
    input(64x64x3)
    mobilenet(classes: classes)
}
prepare { resize: 64x64; rescale: 1/255 }
train { epochs: 1; batch: 16; optimizer: adam(lr: 0.001) }
";

/// Hardly anything but the program.
const SMALL: &str = "model Small {
    input(32x32x3)
    conv2d(8, 3x3, activation: relu)
    global_avg_pool2d
    dense(classes, activation: softmax)
}
prepare { resize: 32x32; rescale: 1/255 }
train { epochs: 1; batch: 8; optimizer: adam(lr: 0.001) }
";

/// 160 photos of 96x96 in two folders of a compressed archive, of noise: they do not become smaller in it.
fn write_photos(path: &Path) {
    let file = File::create(path).expect("created");
    let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::fast()));
    let mut state = 1_u32;
    for at in 0..160 {
        let mut picture = b"P6\n96 96\n255\n".to_vec();
        picture.extend((0..96 * 96 * 3).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }));
        let mut header = tar::Header::new_ustar();
        header.set_size(picture.len() as u64);
        header.set_mode(0o644);
        let name = format!("{}/{at:03}.ppm", if at % 2 == 0 { "even" } else { "odd" });
        archive.append_data(&mut header, name, &picture[..]).expect("added");
    }
    archive.into_inner().and_then(GzEncoder::finish).expect("written");
}

fn cnnc(folder: &Path, mib: &str, words: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
    command
        .env_remove("CNNC_DATA_DIR")
        .env("CNNC_MEMORY_MIB", mib)
        .env("XDG_CACHE_HOME", folder.join("cache"));
    command.current_dir(folder).args(words).assert()
}

#[test]
#[cfg(target_os = "linux")]
fn the_peak_of_a_run_is_foretold() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write_photos(&folder.join("photos.tar.gz"));
    let mut off = Vec::new();
    for (name, text) in [
        ("convolutions", CONVOLUTIONS),
        ("weights", WEIGHTS),
        ("deep", DEEP),
        ("separable", SEPARABLE),
        ("small", SMALL),
    ] {
        let file = format!("{name}.cnn");
        fs::write(folder.join(&file), format!("{text}{DATA}")).expect("written");
        cnnc(folder, "65536", &["run", &file, "--out", name]).success();
        let report = fs::read(folder.join(name).join("run.json")).expect("a report");
        let report: Value = serde_json::from_slice(&report).expect("JSON");
        let bytes =
            |key: &str| report["memory"][key].as_f64().unwrap_or_else(|| panic!("{name} has no {key}"));
        let (planned, measured) = (bytes("planned_peak_bytes"), bytes("peak_bytes"));
        println!("{name}: planned {:.1} MiB, measured {:.1}", planned / 1048576.0, measured / 1048576.0);
        if (planned - measured).abs() > SHARE * measured {
            off.push(name);
        }
    }
    assert!(off.is_empty(), "planned otherwise than measured: {off:?}");
}

#[test]
fn what_does_not_fit_into_memory_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "model Wide {
    input(8x8x1)
    conv2d(256, 3x3, activation: relu)
    flatten
    dense(classes, activation: softmax)
}
data { source: digits; validation: 20% of train }
prepare { rescale: 1/16 }
train { epochs: 1; batch: 1024; optimizer: adam(lr: 0.001) }
";
    fs::write(folder.path().join("wide.cnn"), text).expect("written");
    let within = |mib: &str, words: &[&str]| cnnc(folder.path(), mib, words);
    let summary = within("4096", &["summary", "wide.cnn"]).success();
    let summary = String::from_utf8(summary.get_output().stdout.clone()).expect("text");
    assert!(summary.contains("`cnnc run` takes ") && summary.contains("activations "), "{summary}");
    within("4096", &["check", "wide.cnn"]).success();
    let failed = within("64", &["run", "wide.cnn"]).code(1);
    let said = String::from_utf8(failed.get_output().stderr.clone()).expect("text");
    assert!(
        said.contains("E0515") && said.contains("64 MiB are there") && said.contains("help: a batch of "),
        "{said}"
    );
    let batch =
        said.split("help: a batch of ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a number");
    within("64", &["check", "wide.cnn", "--set", &format!("train.batch={batch}")]).success();
    // it is the largest that has no empty place: eight more pictures are too many
    let batch: usize = batch.parse().expect("a number");
    within("64", &["check", "wide.cnn", "--set", &format!("train.batch={}", batch + 8)]).code(1);
    within("1", &["check", "wide.cnn"]).code(1);
}

/// The answer is that of the limit, whatever is free at this moment.
#[test]
fn a_large_run_is_judged_by_what_there_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "use zoo.resnet50

model Photos {
    input(224x224x3)
    resnet50(classes: classes)
}
data { source: folder(\"pets\"); classes: [cats, dogs]; validation: 20% of train; test: 10% of all }
prepare { resize: 224x224; rescale: 1/255 }
train { epochs: 20; batch: 32; optimizer: adam(lr: 0.001) }
";
    fs::write(folder.path().join("photos.cnn"), text).expect("written");
    cnnc(folder.path(), "16384", &["check", "photos.cnn"]).success();
    let failed = cnnc(folder.path(), "2048", &["check", "photos.cnn"]).code(1);
    let said = String::from_utf8(failed.get_output().stderr.clone()).expect("text");
    assert!(said.contains("E0515") && said.contains("2.0 GiB are there"), "{said}");
    // how large the batch is lies with the processor's kernels
    let batch =
        said.split("help: a batch of ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a number");
    cnnc(folder.path(), "2048", &["check", "photos.cnn", "--set", &format!("train.batch={batch}")]).success();
}
