//! Weights files: what a model has learnt, and enough beside it to predict from the file alone.
//!
//! Tensors are named `<layer>.<variable>` and laid out as Keras does (see [`crate::ir::Param`]).
//! `__metadata__` holds `source` (the program's text), `settings` (all of them, resolved), `prepare` and
//! `classes` (JSON), `version` (of the compiler) and `seed`.

use std::borrow::Cow;
use std::path::Path;

use super::error::RunError;
use super::finite;
use super::folder::RunFolder;
use super::state::Saved;
use super::tensor_file::{self, NamedTensor, TensorFile};
use crate::ir::Param;
use crate::printed::few;

/// What `format` says in weights that have a checksum; those of older versions, which have none, say `cnnc`.
const FORMAT: &str = "cnnc 2";

/// What the program's text is called among the texts of a weights file.
pub(super) const SOURCE: &str = "source";

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
    tensor_file::write(path, &texts, &tensors, |at| values(saved[at].0))
}

/// Weights that have been read and fit their model.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// What the file says about itself; the default where another program wrote it.
    pub info: WeightsInfo,
    /// One entry for each parameter that [`is_saved`], in the order of the parameters: (index of the
    /// parameter, values).
    pub values: Vec<(usize, Vec<f32>)>,
}

/// Reads the weights and states of a model with these parameters. Tensors of the layers in `beside` may be in
/// the file as well: they were trained, and are not needed.
/// # Errors
/// [`RunError::Read`], [`RunError::Format`], or [`RunError::WeightsDiffer`] with all that does not fit.
pub fn load(path: &Path, params: &[Param], beside: &[String]) -> Result<Weights, RunError> {
    let mut file = read(path)?;
    let info = info_of(&file);
    let wanted: Vec<(usize, &Param)> =
        params.iter().enumerate().filter(|(_, param)| is_saved(param)).collect();
    let values = take(&mut file, path, &wanted, |param| param.name.clone())?;
    let is_beside =
        |name: &str| name.rsplit_once('.').is_some_and(|(layer, _)| beside.iter().any(|one| one == layer));
    let extra: Vec<String> =
        file.tensors.keys().filter(|name| !is_beside(name)).map(|name| format!("`{name}`")).collect();
    if !extra.is_empty() {
        let difference = format!("the model has no {}", few(&extra));
        return Err(RunError::WeightsDiffer { path: path.to_owned(), differences: vec![difference] });
    }
    finite::all_finite(
        path,
        values.iter().map(|(at, values)| (params[*at].name.as_str(), values.as_slice())),
    )?;
    Ok(Weights { info, values })
}

/// Reads a weights file: of ours, then its checksum must be right, or of another program.
/// # Errors
/// [`RunError::Read`], [`RunError::Format`], [`RunError::Damaged`].
pub(super) fn read(path: &Path) -> Result<TensorFile, RunError> {
    match tensor_file::read(path) {
        Ok(file) if file.texts.get("format").is_some_and(|format| format == FORMAT) && !file.is_proven => {
            Err(damaged(path, "it has no checksum, and was written with one".to_owned()))
        }
        Err(RunError::Damaged { found, .. }) => Err(damaged(path, found)),
        read => read,
    }
}

/// Weights of a run can be made again from its state.
fn damaged(path: &Path, found: String) -> RunError {
    let instead = Saved::find(&RunFolder::around(path)).ok().map(|saved| saved.path);
    RunError::Damaged { path: path.to_owned(), found, instead }
}

/// What a weights file says about itself, without looking at its tensors.
fn info_of(file: &TensorFile) -> WeightsInfo {
    let text = |key: &str| file.texts.get(key).cloned().unwrap_or_default();
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
    use crate::ir::ParamRole;
    use crate::tensor::Shape;
    use crate::vocabulary::Initializer;

    fn param(name: &str, shape: &[usize], role: ParamRole) -> Param {
        Param {
            name: name.into(),
            layer: String::new(),
            shape: Shape::new(shape),
            initializer: Initializer::Zeros,
            role,
        }
    }

    fn params() -> Vec<Param> {
        vec![
            param("conv2d.kernel", &[3, 3, 1, 2], ParamRole::Weight),
            param("batch_norm.moving_mean", &[2], ParamRole::State),
            param("dense.kernel", &[4, 2], ParamRole::Weight),
            param("conv2d.kernel.momentum", &[3, 3, 1, 2], ParamRole::Slot),
        ]
    }

    fn info() -> WeightsInfo {
        WeightsInfo {
            source: "model M { }".into(),
            settings: "{\"train.batch\":32}".into(),
            prepare: "{\"rescale\":0.5}".into(),
            classes: vec!["cat, big".into(), "\"dog\"".into()],
            seed: 11,
        }
    }

    fn written(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("w.safetensors");
        let params = params();
        save(&path, &info(), &params, |at| vec![at as f32 + 0.5; params[at].shape.elements()].into())
            .expect("written");
        path
    }

    #[test]
    fn weights_and_states_come_back_and_slots_stay_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let weights = load(&written(folder.path()), &params(), &[]).expect("fits");
        assert_eq!(weights.info, info());
        assert_eq!(weights.values, [(0, vec![0.5; 18]), (1, vec![1.5; 2]), (2, vec![2.5; 8])]);
    }

    #[test]
    fn all_that_does_not_fit_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = written(folder.path());
        let mut other = params();
        other[0].name = "conv2d_1.kernel".into();
        other[2].shape = Shape::new([8, 2]);
        let error = load(&path, &other, &[]).expect_err("does not fit").to_string();
        for part in [
            "lacks `conv2d_1.kernel` (3x3x1x2)",
            "`dense.kernel` is 4x2 in the file and 8x2",
            "no `conv2d.kernel`",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        other = params();
        other.remove(2);
        let error = load(&path, &other, &[]).expect_err("has more").to_string();
        assert!(error.contains("the model has no `dense.kernel`"), "{error}");
        // unless it is known that they are of no use here
        assert!(load(&path, &other, &["dense".to_owned()]).is_ok());
    }
}
