//! Weights files: what a model has learnt, and enough beside it to predict from the file alone.
//!
//! Tensors are named `<layer>.<variable>` and laid out as Keras does (see [`crate::ir::Param`]).
//! `__metadata__` holds `source` (the program's text), `settings` (all of them, resolved), `prepare` and
//! `classes` (JSON), `version` (of the compiler) and `seed`.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use super::error::RunError;
use super::finite;
use super::folder::RunFolder;
use super::state::Saved;
use crate::ir::{CheckedProgram, Matching, Param, variables};
use crate::printed::few;
use crate::weights::safetensors::{self, NamedTensor, SOURCE, TensorFile};
use crate::weights::{Archive, FileAccount, FileError};
use crate::zoo::fit_model;

/// What `format` says in weights that have a checksum; those of older versions, which have none, say `cnnc`.
const FORMAT: &str = "cnnc 2";

/// What a weights file says about itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WeightsInfo {
    /// The program's text, as it was written.
    pub source: String,
    /// Every setting of the resolved program, defaults and overrides included, as a JSON object.
    pub settings: String,
    /// How a picture becomes the model's input, JSON; `{}` where nothing is done.
    pub prepare: String,
    /// Class names in the order of their indices; empty where they are not known.
    pub classes: Vec<String>,
    /// Seed of the run.
    pub seed: u64,
}

/// The parameters that a weights file holds: weights and states, not the optimizer's slots.
pub fn is_saved(param: &Param) -> bool {
    !param.role.is_of_update()
}

/// Writes weights and states, with values by `values(index of the parameter)`.
/// # Errors
/// [`RunError::Write`].
pub fn save<'v>(
    path: &Path,
    info: &WeightsInfo,
    params: &[Param],
    mut values: impl FnMut(usize) -> Cow<'v, [f32]>,
) -> Result<(), RunError> {
    let saved: Vec<(usize, &Param)> =
        params.iter().enumerate().filter(|(_, param)| is_saved(param)).collect();
    let tensors: Vec<NamedTensor<'_>> = saved
        .iter()
        .map(|(_, param)| NamedTensor { name: param.name.clone(), shape: &param.shape })
        .collect();
    let texts = [
        ("format", FORMAT.to_owned()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("seed", info.seed.to_string()),
        ("classes", serde_json::json!(info.classes).to_string()),
        ("prepare", info.prepare.clone()),
        (SOURCE, info.source.clone()),
        ("settings", info.settings.clone()),
    ];
    safetensors::write(path, &texts, &tensors, |at| values(saved[at].0))
        .map_err(|source| RunError::write(path, source))
}

/// Weights that have been read and fit their model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Weights {
    /// What the file says about itself; the default where another program wrote it.
    pub info: WeightsInfo,
    /// One entry for each parameter that has a tensor, in the order of the parameters: (index of the
    /// parameter, values).
    pub values: Vec<(usize, Vec<f32>)>,
    /// What became of the file's tensors.
    pub account: FileAccount,
}

/// How the tensors of a file are taken for a model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taking {
    /// How they are found.
    pub matching: Matching,
    /// Parameters without a tensor stay as they are; some must have one.
    pub partial: bool,
}

/// Reads the weights and states of a program's model with these parameters, from a file of any kind that is
/// read. Tensors of layers that the program has and these parameters are not of, were trained beside, and
/// are not needed.
/// # Errors
/// [`RunError::Read`], [`RunError::Format`], or [`RunError::WeightsDiffer`] with all that does not fit.
pub fn load(
    path: &Path,
    program: &CheckedProgram,
    params: &[Param],
    taking: Taking,
) -> Result<Weights, RunError> {
    let archive = open(path)?;
    let info = info_of(&archive);
    let places: HashMap<&str, usize> = params
        .iter()
        .enumerate()
        .filter(|(_, param)| is_saved(param))
        .map(|(at, param)| (param.name.as_str(), at))
        .collect();
    let (wanted, beside): (Vec<_>, Vec<_>) = variables(program, true)
        .into_iter()
        .partition(|variable| places.contains_key(variable.full_name().as_str()));
    let mut account = FileAccount {
        path: path.to_owned(),
        account: fit_model(&archive.listing, &program.program().model, &wanted, taking.matching),
        listing: archive.listing.clone(),
    };
    let beside: HashSet<String> = beside.iter().map(|variable| variable.full_name()).collect();
    account.account.unused.retain(|&at| !beside.contains(&archive.listing.tensors[at].name));
    let numbers = taken(&account, &archive, taking.partial)?;
    let mut values: Vec<(usize, Vec<f32>)> = numbers
        .into_iter()
        .filter_map(|(name, values)| Some((*places.get(name.as_str())?, values)))
        .collect();
    values.sort_unstable_by_key(|(at, _)| *at);
    Ok(Weights { info, values, account })
}

/// What a weights file says about itself; nothing where another program wrote it.
/// # Errors
/// As [`load`], but for what does not fit.
pub fn info(path: &Path) -> Result<WeightsInfo, RunError> {
    Ok(info_of(&open(path)?))
}

/// The numbers that a file has, all of them finite; `partial` says whether it may lack some.
/// # Errors
/// [`RunError::WeightsDiffer`], [`RunError::NotFiniteWeights`], [`RunError::Read`], [`RunError::Format`].
pub(super) fn taken(
    account: &FileAccount,
    archive: &Archive,
    partial: bool,
) -> Result<BTreeMap<String, Vec<f32>>, RunError> {
    let path = &account.path;
    let is_enough = account.account.is_complete() || (partial && account.account.used() > 0);
    if !is_enough {
        return Err(RunError::WeightsDiffer { path: path.clone(), differences: account.differences() });
    }
    let numbers = account.numbers(archive).map_err(|error| RunError::of_file(path, error))?;
    finite::all_finite(path, numbers.iter().map(|(name, values)| (name.as_str(), values.as_slice())))?;
    Ok(numbers)
}

/// Opens a weights file: of ours, then its checksum must be right, or of another program.
/// # Errors
/// [`RunError::Read`], [`RunError::Format`], [`RunError::Damaged`].
pub(super) fn open(path: &Path) -> Result<Archive, RunError> {
    let opened = crate::weights::open(path).and_then(|archive| Ok((archive.prove()?, archive)));
    match opened {
        Ok((false, archive)) if archive.texts.get("format").is_some_and(|format| format == FORMAT) => {
            Err(damaged(path, "it has no checksum, and was written with one".to_owned()))
        }
        Ok((_, archive)) => Ok(archive),
        Err(FileError::Damaged(found)) => Err(damaged(path, found)),
        Err(error) => Err(RunError::of_file(path, error)),
    }
}

/// Weights of a run can be made again from its state.
fn damaged(path: &Path, found: String) -> RunError {
    let instead = Saved::find(&RunFolder::around(path)).ok().map(|saved| saved.path);
    RunError::Damaged { path: path.to_owned(), found, instead }
}

/// What a weights file says about itself, without looking at its tensors.
fn info_of(archive: &Archive) -> WeightsInfo {
    let text = |key: &str| archive.texts.get(key).cloned().unwrap_or_default();
    WeightsInfo {
        source: text(SOURCE),
        settings: text("settings"),
        prepare: text("prepare"),
        classes: serde_json::from_str(&text("classes")).unwrap_or_default(),
        seed: text("seed").parse().unwrap_or(0),
    }
}

/// Takes the tensors of `wanted` out of a file; `name` says what each is called there.
pub(super) fn take(
    file: &mut TensorFile,
    path: &Path,
    wanted: &[(usize, &Param)],
    name: impl Fn(&Param) -> String,
) -> Result<Vec<(usize, Vec<f32>)>, RunError> {
    let mut values = Vec::with_capacity(wanted.len());
    let mut missing = Vec::new();
    let mut reshaped = Vec::new();
    for &(at, param) in wanted {
        let name = name(param);
        match file.tensors.remove(&name) {
            Some((shape, found)) if shape == param.shape => values.push((at, found)),
            Some((shape, _)) => {
                reshaped.push(format!("`{name}` is {shape} in the file and {} in the model", param.shape))
            }
            None => missing.push(format!("`{name}` ({})", param.shape)),
        }
    }
    if missing.is_empty() && reshaped.is_empty() {
        return Ok(values);
    }
    let mut differences = Vec::new();
    if !missing.is_empty() {
        differences.push(format!("the file lacks {}", few(&missing)));
    }
    if !reshaped.is_empty() {
        differences.push(few(&reshaped));
    }
    if !file.tensors.is_empty() {
        let extra: Vec<String> = file.tensors.keys().map(|name| format!("`{name}`")).collect();
        differences.push(format!("the model has no {}", few(&extra)));
    }
    Err(RunError::WeightsDiffer { path: path.to_owned(), differences })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front;
    use crate::ir::{Mode, ParamRole, forward};
    use crate::lower::LowerOptions;
    use crate::source::SourceFile;
    use crate::tensor::Shape;
    use crate::vocabulary::Initializer;

    fn program(body: &str) -> CheckedProgram {
        let text = format!("model M {{\n    input(4x4x1)\n    {body}\n}}\n");
        let loaded = front::load(SourceFile::new("a.cnn", text), &LowerOptions::default(), &|_| None);
        loaded.program.expect("sound")
    }

    fn params(program: &CheckedProgram) -> Vec<Param> {
        forward(program, Mode::Inference).graph.params
    }

    const BODY: &str = "conv2d(2, 3x3, use_bias: false)\n    batch_norm\n    flatten\n    dense(2)";

    fn info() -> WeightsInfo {
        WeightsInfo {
            source: "model M { }".into(),
            settings: "{\"train.batch\":32}".into(),
            prepare: "{\"rescale\":0.5}".into(),
            classes: vec!["cat, big".into(), "\"dog\"".into()],
            seed: 11,
        }
    }

    /// Each parameter holds its index and a half; the optimizer's memory stands beside.
    fn written(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("w.safetensors");
        let mut params = params(&program(BODY));
        params.push(Param {
            name: "dense.kernel.momentum".into(),
            layer: String::new(),
            shape: Shape::vector(3),
            initializer: Initializer::Zeros,
            role: ParamRole::Slot,
        });
        save(&path, &info(), &params, |at| vec![at as f32 + 0.5; params[at].shape.elements()].into())
            .expect("written");
        path
    }

    fn loaded(path: &Path, program: &CheckedProgram, taking: Taking) -> Result<Weights, RunError> {
        load(path, program, &params(program), taking)
    }

    #[test]
    fn weights_and_states_come_back_and_slots_stay_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let program = program(BODY);
        let weights = loaded(&written(folder.path()), &program, Taking::default()).expect("fits");
        assert_eq!(weights.info, info());
        let lengths = [18, 2, 2, 2, 2, 16, 2];
        let expected: Vec<(usize, Vec<f32>)> =
            lengths.iter().enumerate().map(|(at, &length)| (at, vec![at as f32 + 0.5; length])).collect();
        assert_eq!(weights.values, expected);
        assert!(weights.account.is_even());
    }

    #[test]
    fn all_that_does_not_fit_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = written(folder.path());
        let other =
            program("first = conv2d(2, 3x3, use_bias: false)\n    batch_norm\n    flatten\n    dense(3)");
        let error = loaded(&path, &other, Taking::default()).expect_err("does not fit").to_string();
        for part in [
            "lacks `first.kernel` (3x3x1x2)",
            "`dense.kernel` is 8x2 in the file and 8x3",
            "no `conv2d.kernel`",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        // a part of it, where that is said
        let taking = Taking { partial: true, ..Taking::default() };
        let weights = loaded(&path, &other, taking).expect("some fit");
        assert_eq!((weights.values.len(), weights.account.account.used()), (4, 4));
        // what nothing takes is told
        let smaller = program("conv2d(2, 3x3, use_bias: false)\n    batch_norm");
        let weights = loaded(&path, &smaller, Taking::default()).expect("all that it needs");
        assert_eq!(weights.account.account.unused.len(), 2);
    }
}
