//! Agreement with Keras: forward pass, loss, gradients and weights after 1 and 10 steps, for every layer
//! kind, every optimizer and the large models, on every instruction set that this machine has. The zoo's
//! agreement with Keras and PyTorch stands in `zoo`, that of published weights in `real_weights`.
//!
//! The golden files and what they hold: `tests/golden/README.md`. Everything goes through the public command
//! line (`cnnc predict`, `cnnc step`), so that it is what a user with Keras at hand would see.
//! `CNNC_PARITY=conv` runs only the cases with `conv` in their name. Each suite prints a table of the worst
//! `max|a − b| / max|b|` of each case (`cargo test --test parity -- --nocapture`).

mod engine;
mod formula;
mod golden;
mod real_weights;
mod report;
mod see;
mod zoo;

use std::path::PathBuf;

use cnnc::internals::kernel::Simd;

use engine::Engine;
use golden::{Digest, LargeCase, SmallCase};
use report::{Report, Set};

/// Rate of the step that shows the gradient: `w0 − w1 = rate · gradient`. A power of two, so that the product
/// is exact, and large, so that what is lost in `w0 − …` does not count.
const GRADIENT_RATE: f64 = 65536.0;

/// Cross entropy, gradients and weights of float32 stray from those of float64 by 1e-6 at most on these small
/// shapes; 1e-5 leaves room for another order of sums and for approximations of `exp` and `erf`.
const SMALL: f64 = 1e-5;

/// Sums over thousands of products in another order, or ten steps that feed on each other.
const ACCUMULATED: f64 = 1e-4;

/// An update by itself: a few roundings.
const UPDATE: f64 = 1e-6;

/// The optimizer with which everything is trained a second time. An epsilon of 1e-3, since with a tiny one a
/// gradient of pure rounding noise would move a weight by a full step.
const ADAM: &str = "adam(lr: 0.001, epsilon: 0.001)";

fn golden_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Whether the filter lets this case run.
fn selected(name: &str) -> bool {
    std::env::var("CNNC_PARITY").map_or(true, |part| name.contains(&part))
}

/// Runs `each` over the cases of a folder, and fails with all that is wrong.
#[expect(clippy::print_stdout, reason = "says why nothing ran")]
fn suite(folder: &str, extension: &str, simd: Simd, each: fn(&str, Simd, &mut Report) -> Result<(), String>) {
    if !simd.is_available() {
        println!("skipped: this machine has no {simd}");
        return;
    }
    let mut names: Vec<String> = std::fs::read_dir(golden_dir().join(folder))
        .expect("the folder of golden files is there")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .map(|path| path.file_stem().expect("it has a name").to_string_lossy().into_owned())
        .filter(|name| selected(name))
        .collect();
    names.sort();
    let mut report = Report::new(format!("{folder}, {simd}"));
    for name in &names {
        report.start(name);
        if let Err(problem) = each(name, simd, &mut report) {
            report.fail(problem);
        }
    }
    report.finish();
}

/// A case of `layers/`: all of it, with the file's optimizer and with adam.
fn layer(name: &str, simd: Simd, report: &mut Report) -> Result<(), String> {
    let (case, engine) = small_case("layers", name, simd, report)?;
    for (prefix, optimizer) in [("", None), ("adam.", Some(ADAM))] {
        let one = engine.train(1, optimizer)?;
        let ten = engine.train(10, optimizer)?;
        report.losses(Set(prefix, "losses"), &ten.losses, case.losses(prefix)?, ACCUMULATED);
        report.tensors(Set(prefix, "w1"), &one.weights, &case.group(&format!("{prefix}w1.")), SMALL);
        report.tensors(Set(prefix, "w10"), &ten.weights, &case.group(&format!("{prefix}w10.")), ACCUMULATED);
    }
    Ok(())
}

/// A case of `optimizers/`: the file's optimizer on a linear model.
fn optimizer(name: &str, simd: Simd, report: &mut Report) -> Result<(), String> {
    let (case, engine) = small_case("optimizers", name, simd, report)?;
    let one = engine.train(1, None)?;
    let ten = engine.train(10, None)?;
    report.losses(Set("", "losses"), &ten.losses, case.losses("")?, SMALL);
    report.tensors(Set("", "w1"), &one.weights, &case.group("w1."), UPDATE);
    report.tensors(Set("", "w10"), &ten.weights, &case.group("w10."), UPDATE);
    Ok(())
}

/// What both kinds of small cases begin with: inference and the gradient.
fn small_case(
    folder: &str,
    name: &str,
    simd: Simd,
    report: &mut Report,
) -> Result<(SmallCase, Engine), String> {
    let case = SmallCase::read(&golden_dir().join(folder), name);
    let model = golden_dir().join(folder).join(format!("{name}.cnn"));
    let start = case.group("w0.");
    let engine = Engine::new(model, simd, &start, case.tensor("x")?, &case.labels())?;
    report.tensor(Set("", "forward"), "output", &engine.predict()?, case.tensor("forward")?, SMALL);
    let step = engine.train(1, Some(&format!("sgd(lr: {GRADIENT_RATE})")))?;
    for (path, want) in case.group("grad.") {
        let gradient = engine::gradient(&start, &step.weights, &path, GRADIENT_RATE)?;
        report.values(Set("", "grad"), &path, &gradient, &want.as_f64(), SMALL);
    }
    Ok((case, engine))
}

/// A model of `models/` with weights and images by formula; compared by sums and samples.
fn large(name: &str, simd: Simd, report: &mut Report) -> Result<(), String> {
    let case = LargeCase::read(&golden_dir().join("large"), name);
    let model = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("models").join(format!("{name}.cnn"));
    let start = case.weights();
    let engine = Engine::new(model, simd, &start, &case.x.tensor(), &case.labels())?;
    let check = |report: &mut Report, set: Set<'_>, key: &str, path: &str, values: &[f64]| {
        let digest: &Digest = case.digest(key)?;
        report.digest(set, path, values, digest, ACCUMULATED);
        Ok::<(), String>(())
    };
    check(report, Set("", "forward"), "forward", "output", &engine.predict()?.as_f64())?;
    let step = engine.train(1, Some(&format!("sgd(lr: {GRADIENT_RATE})")))?;
    for path in case.trainable() {
        let gradient = engine::gradient(&start, &step.weights, path, GRADIENT_RATE)?;
        check(report, Set("", "grad"), &format!("grad.{path}"), path, &gradient)?;
    }
    drop(step);
    for (prefix, optimizer) in [("", &case.sgd), ("adam.", &case.adam)] {
        for (steps, set) in [(1, "w1"), (10, "w10")] {
            let trained = engine.train(steps, Some(optimizer))?;
            for (path, tensor) in &trained.weights {
                check(report, Set(prefix, set), &format!("{prefix}{set}.{path}"), path, &tensor.as_f64())?;
            }
            if steps == 10 {
                report.losses(Set(prefix, "losses"), &trained.losses, case.losses(prefix)?, ACCUMULATED);
            }
        }
    }
    Ok(())
}

/// The zoo, on the widest instruction set alone: its kernels are those of the suites above.
#[test]
fn zoo() {
    suite("zoo", "json", Simd::detect(), zoo::zoo);
}

/// What people are shown of a trained model, on the widest instruction set alone.
#[test]
fn see() {
    suite("see", "json", Simd::detect(), see::see);
}

macro_rules! suites {
    ($($test:ident: $folder:literal, $extension:literal, $simd:ident, $each:ident;)+) => {
        $(
            #[test]
            fn $test() {
                suite($folder, $extension, Simd::$simd, $each);
            }
        )+
    };
}

suites! {
    layers_portable: "layers", "cnn", Portable, layer;
    layers_avx2: "layers", "cnn", Avx2, layer;
    layers_avx512: "layers", "cnn", Avx512, layer;
    optimizers_portable: "optimizers", "cnn", Portable, optimizer;
    optimizers_avx2: "optimizers", "cnn", Avx2, optimizer;
    optimizers_avx512: "optimizers", "cnn", Avx512, optimizer;
    large_portable: "large", "json", Portable, large;
    large_avx2: "large", "json", Avx2, large;
    large_avx512: "large", "json", Avx512, large;
}
