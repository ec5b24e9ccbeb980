//! The zoo against its references: parameter counts, outputs and losses from the same weights. See
//! `tests/golden/make_zoo.py`, which says by what formula weights follow from our names.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cnnc::front::load;
use cnnc::internals::ir::{CheckedProgram, variables};
use cnnc::internals::kernel::Simd;
use cnnc::internals::lower::LowerOptions;
use cnnc::internals::tensor::Shape;
use cnnc::internals::zoo::NameTable;
use cnnc::source::SourceFile;
use serde::Deserialize;

use crate::engine::{Engine, Labels, Tensor, Weights};
use crate::formula::{Formula, hashed};
use crate::report::{Report, Set};
use crate::{ACCUMULATED, golden_dir};

/// What the wrapper around a model is called, and what stands before the model's paths in it.
const WRAPPER: &str = "Wrapper";
const PREFIX: &str = "net.";

/// Powers of two by the endings of names.
type Factors = BTreeMap<String, f32>;

#[derive(Deserialize)]
struct Golden {
    counts: Vec<Count>,
    names: Names,
    classes: u32,
    factors: Factors,
    shape: Vec<usize>,
    output: Vec<Vec<f64>>,
    train: Option<Training>,
}

/// Parameters for these arguments of the model.
#[derive(Deserialize)]
struct Count {
    arguments: String,
    total: usize,
    trainable: usize,
}

/// The reference's tensors: how many, and a hash of their names and shapes.
#[derive(Deserialize)]
struct Names {
    count: usize,
    fnv1a: u32,
}

#[derive(Deserialize)]
struct Training {
    factors: Factors,
    shape: Vec<usize>,
    labels: Vec<i64>,
    optimizer: String,
    losses: Vec<f64>,
}

/// A parameter of the wrapped model: name, shape, whether it is trained.
struct Parameter {
    name: String,
    shape: Shape,
    trainable: bool,
}

/// One model of the zoo: counts, inference and, where there is one, training.
pub(crate) fn zoo(name: &str, simd: Simd, report: &mut Report) -> Result<(), String> {
    let text =
        std::fs::read_to_string(golden_dir().join(format!("zoo/{name}.json"))).map_err(|e| e.to_string())?;
    let golden: Golden = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    let source = std::fs::read_to_string(zoo_file(name)).map_err(|e| e.to_string())?;
    counts(name, &source, &golden, report)?;
    names(name, &source, &golden.names, report)?;

    let classes = format!("classes: {}", golden.classes);
    let small = wrapped(&source, name, &classes, &golden.shape[1..], "");
    let engine = engine(&small, simd, &golden.factors, &golden.shape, &[])?;
    let output = engine.predict()?.as_f64();
    report.values(Set("", "forward"), "output", &output, &golden.output.concat(), ACCUMULATED);

    if let Some(train) = &golden.train {
        let labels: Vec<i64> =
            (0u32..).take(train.labels.len()).map(|i| i64::from(hashed(i, 1000) % golden.classes)).collect();
        assert_eq!(labels, train.labels, "the formula gives the labels of the script");
        let section = format!("train {{ batch: {}; optimizer: {} }}", labels.len(), train.optimizer);
        let text = wrapped(&source, name, &classes, &train.shape[1..], &section);
        let engine = self::engine(&text, simd, &train.factors, &train.shape, &labels)?;
        let trained = engine.train(train.losses.len(), None)?;
        report.losses(Set("", "losses"), &trained.losses, &train.losses, ACCUMULATED);
    }
    Ok(())
}

fn zoo_file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("models/zoo").join(format!("{name}.cnn"))
}

/// Parameters of the whole model and of its variants, at its own size.
fn counts(name: &str, source: &str, golden: &Golden, report: &mut Report) -> Result<(), String> {
    let own = program(source, None)?;
    let size = own.input_shape().extents().to_vec();
    for count in &golden.counts {
        let parameters =
            parameters(&program(&wrapped(source, name, &count.arguments, &size, ""), Some(WRAPPER))?);
        let elements = |all: bool| -> usize {
            parameters.iter().filter(|p| all || p.trainable).map(|p| p.shape.elements()).sum()
        };
        if (elements(true), elements(false)) != (count.total, count.trainable) {
            report.fail(format!(
                "{name}({}) has {} parameters ({} trainable); its reference has {} ({})",
                count.arguments,
                elements(true),
                elements(false),
                count.total,
                count.trainable
            ));
        }
    }
    Ok(())
}

/// The table leads from our parameters to all of the reference's, and to nothing else.
fn names(name: &str, source: &str, golden: &Names, report: &mut Report) -> Result<(), String> {
    let model = cnnc::internals::zoo::find(name).ok_or("it is not in the zoo")?;
    let table = NameTable::parse(model.names)?;
    let mut lines = Vec::new();
    for variable in variables(&program(source, None)?, true) {
        let found = table.reference(&variable.layer, &variable);
        let (reference, place) =
            found.ok_or_else(|| format!("the table does not know {}", variable.full_name()))?;
        let extents: Vec<String> = place
            .shape
            .extents()
            .iter()
            .skip_while(|&&extent| extent == 1)
            .map(ToString::to_string)
            .collect();
        lines.push(format!("{reference} {}", extents.join("x")));
    }
    lines.sort();
    if (lines.len(), fnv1a(&lines.join("\n"))) != (golden.count, golden.fnv1a) {
        report.fail(format!(
            "the table leads to {} tensors that are not the reference's {}",
            lines.len(),
            golden.count
        ));
    }
    Ok(())
}

/// The file with a model beside its own that uses it, for pictures of another size.
fn wrapped(source: &str, name: &str, arguments: &str, size: &[usize], more: &str) -> String {
    let size = size.iter().map(ToString::to_string).collect::<Vec<_>>();
    let prepare =
        if source.contains("resize:") { format!("resize: {}x{}", size[0], size[1]) } else { String::new() };
    format!(
        "{source}\nmodel {WRAPPER} {{\n    input({})\n    net = {name}({arguments})\n}}\n\
         prepare {WRAPPER} {{ {prepare} }}\n{more}\n",
        size.join("x")
    )
}

fn program(text: &str, model: Option<&str>) -> Result<CheckedProgram, String> {
    let options = LowerOptions { model: model.map(str::to_owned), ..LowerOptions::default() };
    let loaded = load(SourceFile::new("zoo.cnn", text.to_owned()), &options, &|_| None);
    let said = loaded.problems.iter().map(|problem| format!("{problem:?}")).collect::<Vec<_>>().join("\n");
    loaded.program.ok_or(said)
}

/// All parameters, in the order of the layers.
fn parameters(program: &CheckedProgram) -> Vec<Parameter> {
    let layers = program.program().model.layers.iter();
    layers
        .flat_map(|node| {
            let inputs: Vec<Shape> = node.inputs.iter().map(|&input| program.shape(input).clone()).collect();
            let params = if inputs.is_empty() { Vec::new() } else { node.layer.as_op().params(&inputs) };
            params.into_iter().map(|param| Parameter {
                name: format!("{}.{}", node.path, param.name),
                shape: param.shape,
                trainable: param.trainable,
            })
        })
        .collect()
}

/// The wrapper, ready to be run with weights and pictures by formula.
fn engine(
    text: &str,
    simd: Simd,
    factors: &Factors,
    shape: &[usize],
    labels: &[i64],
) -> Result<Engine, String> {
    let parameters = parameters(&program(text, Some(WRAPPER))?);
    let mut weights = Weights::new();
    for Parameter { name, shape, .. } in parameters {
        let tensor = values(name.strip_prefix(PREFIX).unwrap_or(&name), shape.extents(), factors);
        weights.insert(name, tensor);
    }
    let pictures =
        Formula { name: String::new(), shape: shape.to_vec(), k: 0, center: 0.0, scale: 1.0 }.tensor();
    Engine::of_text(text, WRAPPER, simd, &weights, &pictures, &Labels::Classes(labels.to_vec()))
}

/// The values of a parameter, by its name in the model itself.
fn values(name: &str, shape: &[usize], factors: &Factors) -> Tensor {
    let (_, kind) = name.rsplit_once('.').expect("a layer and its variable");
    let (center, scale) = match kind {
        "kernel" => (0.0, (6.0 / fan_in(shape) as f64).sqrt() as f32),
        "gamma" => (1.0, 0.25),
        "moving_variance" => (1.0, 0.5),
        "bias" | "beta" | "moving_mean" => (0.0, 0.125),
        other => panic!("no rule for {other}"),
    };
    // the longest ending is the most particular one
    let fitting = factors.iter().filter(|(ending, _)| name.ends_with(*ending));
    let factor = fitting.max_by_key(|(ending, _)| ending.len()).map_or(1.0, |(_, &factor)| factor);
    let mut tensor =
        Formula { name: String::new(), shape: shape.to_vec(), k: fnv1a(name), center, scale }.tensor();
    tensor.values.iter_mut().for_each(|value| *value *= factor);
    tensor
}

/// Products that one output adds up. A kernel with one value for each channel is a depthwise one.
fn fan_in(shape: &[usize]) -> usize {
    match *shape {
        [height, width, _, 1] => height * width,
        [ref inputs @ .., _] => inputs.iter().product(),
        [] => 1,
    }
}

/// Source: G. Fowler, L. C. Noll, K.-P. Vo, D. Eastlake: The FNV non-cryptographic hash algorithm.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[test]
fn names_are_hashed_as_in_the_script() {
    assert_eq!(fnv1a(""), 0x811C_9DC5);
    assert_eq!(fnv1a("a"), 0xE40C_292C);
}

#[test]
fn the_most_particular_factor_counts() {
    let factors = Factors::from([("kernel".to_owned(), 0.5), ("fc.kernel".to_owned(), 2.0)]);
    let ratio = |name: &str| {
        values(name, &[4, 2], &factors).values[0] / values(name, &[4, 2], &Factors::new()).values[0]
    };
    assert_eq!((ratio("conv.kernel"), ratio("fc.kernel"), ratio("fc.bias")), (0.5, 2.0, 1.0));
}
