//! Weights that were learnt before: what the layers of a model used as a layer start from. Which tensors
//! these are tells [`crate::zoo::fit`].

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use safetensors::tensor::Metadata;

use super::error::{RunError, reason};
use super::finite;
use super::tensor_file::{self, TensorFile};
use super::weights::{self, SOURCE};
use crate::files;
use crate::ir::{Backbone, Model, Param, ScopeKind};
use crate::printed::few;
use crate::tensor::Shape;
use crate::zoo::{Fit, fit};

/// Values of parameters, by name.
pub type Pretrained = BTreeMap<String, Vec<f32>>;

/// What the parameters of a model start from where it says `weights:`. `find` gives the place of a path of
/// the file.
/// # Errors
/// [`RunError::Read`], [`RunError::Format`], or [`RunError::WeightsDiffer`] where a file lacks a tensor or
/// has it in another shape.
pub fn pretrained(
    model: &Model,
    params: &[Param],
    find: &dyn Fn(&str) -> Result<PathBuf, RunError>,
) -> Result<Pretrained, RunError> {
    let mut values = Pretrained::new();
    for scope in &model.scopes {
        let ScopeKind::Model(backbone) = &scope.kind else { continue };
        let Some(written) = &backbone.weights else { continue };
        let path = find(&written.value)?;
        let file = weights::read(&path)?;
        let taken = take(file, &scope.path, backbone, params);
        let taken =
            taken.map_err(|differences| RunError::WeightsDiffer { path: path.clone(), differences })?;
        finite::all_finite(&path, taken.iter().map(|(name, values)| (name.as_str(), values.as_slice())))?;
        values.extend(taken);
    }
    Ok(values)
}

/// The values that a network takes from a file; what does not fit.
fn take(
    mut file: TensorFile,
    scope: &str,
    backbone: &Backbone,
    params: &[Param],
) -> Result<Pretrained, Vec<String>> {
    let wanted: Vec<(&str, &Shape)> = params
        .iter()
        .filter(|param| weights::is_saved(param))
        .map(|param| (param.name.as_str(), &param.shape))
        .collect();
    let fits = fit(scope, backbone, &wanted, &|name| file.tensors.get(name).map(|(shape, _)| shape.clone()));
    let mut values = Pretrained::new();
    let (mut missing, mut differences) = (Vec::new(), Vec::new());
    for ((param, _), fit) in wanted.iter().zip(fits) {
        match fit {
            Some(Fit::Tensor(name, place)) => {
                let found = file.tensors.remove(&name).map(|(_, found)| place.ours(found));
                values.extend(found.map(|found| ((*param).to_owned(), found)));
            }
            Some(Fit::Reshaped { name, found, wanted }) => {
                differences
                    .push(format!("`{name}` is {found} in the file, and {wanted} would fit the model"));
            }
            Some(Fit::Missing { name, wanted }) => missing.push(format!("`{name}` ({wanted})")),
            None => {}
        }
    }
    if !missing.is_empty() {
        differences.push(format!("the file lacks {}", few(&missing)));
    }
    if differences.is_empty() { Ok(values) } else { Err(vec![few(&differences)]) }
}

/// The header of a weights file, how long it is, and how long the file.
fn header(path: &Path) -> Result<(Metadata, u64, u64), String> {
    /// Far more than the names of any network take.
    const LONGEST: u64 = 1 << 26;
    let mut file = files::open(path).map_err(|error| reason(&error))?;
    let size = file.metadata().map_err(|error| reason(&error))?.len();
    let mut head = Vec::new();
    let mut read = |bytes: u64, head: &mut Vec<u8>| {
        (&mut file).take(bytes).read_to_end(head).map(|_| ()).map_err(|error| reason(&error))
    };
    if size == 0 {
        return Err("it is empty".to_owned());
    }
    read(8, &mut head)?;
    let length = head.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes));
    let Some(length) = length.filter(|length| *length <= LONGEST.min(size - 8)) else {
        return Err("it is no safetensors file, or cut off".to_owned());
    };
    read(length, &mut head)?;
    let metadata = serde_json::from_slice(&head[8..]).map_err(|error| format!("its header is {error}"))?;
    Ok((metadata, length, size))
}

/// The text of the program that a weights file was made by, read from its header alone; `None` where it does
/// not tell.
/// # Errors
/// Why it cannot be read, or is no weights file.
pub fn program_of(path: &Path) -> Result<Option<String>, String> {
    let (metadata, ..) = header(path)?;
    let text = metadata.metadata().as_ref().and_then(|texts| texts.get(SOURCE));
    Ok(text.filter(|text| !text.is_empty()).cloned())
}

/// Extents of the tensors of a weights file, by name, read from its header alone.
/// # Errors
/// Why it cannot be read, or is no weights file.
pub fn tensor_shapes(path: &Path) -> Result<BTreeMap<String, Vec<usize>>, String> {
    let (metadata, length, size) = header(path)?;
    let mut shapes = BTreeMap::new();
    let mut at = 0;
    for name in metadata.offset_keys() {
        let Some(info) = metadata.info(&name) else { continue };
        tensor_file::check_type(&name, info.dtype)?;
        let bits = info.shape.iter().try_fold(info.dtype.bitsize(), |bits, extent| bits.checked_mul(*extent));
        let (start, end) = info.data_offsets;
        if start != at || end.checked_sub(start).and_then(|bytes| bytes.checked_mul(8)) != bits {
            return Err(format!("`{name}` does not lie where its extents say"));
        }
        at = end;
        shapes.insert(name, info.shape.clone());
    }
    let whole = u64::try_from(at).ok().and_then(|data| data.checked_add(8 + length));
    if whole != Some(size) {
        return Err(format!("it has {size} bytes, and its header tells of {}", whole.unwrap_or(u64::MAX)));
    }
    Ok(shapes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Backbone, ParamRole, Scope};
    use crate::source::{Span, Spanned};
    use crate::tensor::Shape;
    use crate::vocabulary::Initializer;

    fn param(name: &str, shape: Shape) -> Param {
        Param {
            name: name.into(),
            layer: String::new(),
            shape,
            initializer: Initializer::Zeros,
            role: ParamRole::Weight,
        }
    }

    fn model() -> Model {
        let spanned = |text: &str| Spanned::new(text.to_owned(), Span::default());
        let backbone = Backbone {
            model: "net".into(),
            zoo: false,
            weights: Some(spanned("w.safetensors")),
            frozen: None,
            prepare: None,
        };
        let kind = ScopeKind::Model(Box::new(backbone));
        let scopes = vec![Scope { path: "base".into(), kind, layers: 1..2, span: Span::default() }];
        Model {
            name: spanned("M"),
            layers: Vec::new(),
            output: crate::ir::LayerId(0),
            heads: Vec::new(),
            scopes,
        }
    }

    #[test]
    fn weights_of_the_model_itself_go_to_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("w.safetensors");
        let own = [param("conv.kernel", Shape::vector(2)), param("head.bias", Shape::vector(3))];
        weights::save(&path, &weights::WeightsInfo::default(), &own, |at| {
            vec![at as f32 + 1.0; at + 2].into()
        })
        .expect("written");
        let find = |_: &str| Ok(path.clone());
        let params = [param("base.conv.kernel", Shape::vector(2)), param("dense.kernel", Shape::vector(9))];
        let values = pretrained(&model(), &params, &find).expect("fits");
        assert_eq!(values, Pretrained::from([("base.conv.kernel".to_owned(), vec![1.0; 2])]));
        assert_eq!(tensor_shapes(&path).expect("a header").get("head.bias"), Some(&vec![3]));

        let params = [param("base.conv.kernel", Shape::vector(4)), param("base.other", Shape::vector(1))];
        let error = pretrained(&model(), &params, &find).expect_err("differs").to_string();
        assert!(error.contains("`conv.kernel` is 2 in the file, and 4 would fit"), "{error}");
        assert!(error.contains("the file lacks `other` (1)"), "{error}");
        assert_eq!(tensor_shapes(folder.path()), Err("it is a folder".to_owned()));
    }
}
