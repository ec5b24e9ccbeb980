//! Weights that a model is to start from, by the header of their file: E0113 where they were trained for
//! another head, or are not those of the model at all, E0124 and W0125 where there is no such file.

use std::collections::BTreeMap;

use crate::diag::{Code, Diagnostic};
use crate::ir::{Backbone, CheckedProgram, LayerId, Scope, ScopeKind};
use crate::printed::few;
use crate::source::Spanned;
use crate::tensor::Shape;
use crate::zoo::{Fit, fit};

/// Extents of the tensors of a weights file, by name.
pub type TensorShapes = BTreeMap<String, Vec<usize>>;

/// What is known of a weights file that is named in a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WeightsFile {
    /// Nobody has looked.
    Unknown,
    /// There is none.
    Missing,
    /// There is something else: why it cannot be read.
    Unsound(String),
    /// What it holds.
    Tensors(TensorShapes),
}

/// What does not fit, one problem for each use of a model. `look_at` reads the header of a file named in the
/// program.
pub(super) fn check(program: &CheckedProgram, look_at: &dyn Fn(&str) -> WeightsFile) -> Vec<Diagnostic> {
    let scopes = program.program().model.scopes.iter();
    scopes
        .filter_map(|scope| match &scope.kind {
            ScopeKind::Model(backbone) => check_use(program, scope, backbone, look_at),
            ScopeKind::Block(_) | ScopeKind::Turn | ScopeKind::Head => None,
        })
        .collect()
}

fn check_use(
    program: &CheckedProgram,
    scope: &Scope,
    backbone: &Backbone,
    look_at: &dyn Fn(&str) -> WeightsFile,
) -> Option<Diagnostic> {
    let weights = backbone.weights.as_ref()?;
    let about = |code| {
        let problem = Diagnostic::new(code).arg("file", &weights.value).arg("model", &backbone.model);
        problem.at(weights.span, "here").help("help")
    };
    let found = match look_at(&weights.value) {
        WeightsFile::Unknown => return None,
        WeightsFile::Missing => return Some(about(Code::W0125)),
        WeightsFile::Unsound(why) => return Some(about(Code::E0124).arg("why", why)),
        WeightsFile::Tensors(tensors) => tensors,
    };
    let layers = &program.program().model.layers;
    let mut params: Vec<(usize, String, Shape)> = Vec::new();
    // as the run takes them: auxiliary outputs begin with random weights
    let for_heads = program.program().model.only_for_heads();
    for at in scope.layers.clone().filter(|&at| !for_heads[at]) {
        let node = &layers[at];
        let inputs: Vec<Shape> = node.inputs.iter().map(|&id: &LayerId| program.shape(id).clone()).collect();
        if !inputs.is_empty() {
            let specs = node.layer.as_op().params(&inputs).into_iter();
            params.extend(specs.map(|param| (at, format!("{}.{}", node.path, param.name), param.shape)));
        }
    }
    let named: Vec<(&str, &Shape)> = params.iter().map(|(_, name, shape)| (name.as_str(), shape)).collect();
    let fits = fit(&scope.path, backbone, &named, &|name| {
        found.get(name).map(|extents| Shape::new(extents.clone()))
    });
    let all = fits.iter().flatten().count();
    let fitting = fits.iter().flatten().filter(|fit| matches!(fit, Fit::Tensor(..))).count();
    let mut missing = Vec::new();
    for ((at, ..), fit) in params.iter().zip(fits) {
        match fit {
            Some(Fit::Reshaped { name, found, wanted }) => {
                let reshaped = Reshaped { at: *at, name, there: found, here: wanted, fitting };
                return Some(other_head(program, (scope, backbone, weights), reshaped));
            }
            Some(Fit::Missing { name, wanted }) => missing.push(format!("`{name}` ({wanted})")),
            Some(Fit::Tensor(..)) | None => {}
        }
    }
    if missing.is_empty() {
        return None;
    }
    let problem = Diagnostic::new(Code::E0113)
        .saying("missing")
        .arg("file", &weights.value)
        .arg("model", &backbone.model)
        .arg("missing", missing.len())
        .arg("all", all)
        .arg("tensors", few(&missing))
        .at(weights.span, "lacks")
        .also(scope.span, "takes");
    Some(problem.help("missing-help"))
}

/// A tensor that has another shape in the file than the model wants.
struct Reshaped {
    /// The layer that it belongs to.
    at: usize,
    name: String,
    there: Shape,
    here: Shape,
    /// Tensors of the model that the file has as they should be.
    fitting: usize,
}

fn other_head(
    program: &CheckedProgram,
    (scope, backbone, weights): (&Scope, &Backbone, &Spanned<String>),
    reshaped: Reshaped,
) -> Diagnostic {
    let Reshaped { at, name, there, here, fitting } = reshaped;
    let layers = &program.program().model.layers;
    let problem = Diagnostic::new(Code::E0113)
        .arg("file", &weights.value)
        .arg("model", &backbone.model)
        .arg("tensor", name)
        .arg("there", there)
        .arg("here", here)
        .arg("fitting", fitting)
        .at(weights.span, "here")
        .also(scope.span, "use");
    let problem =
        if program.program().source.slice(layers[at].span).is_empty() || !layers[at].used_at.is_empty() {
            problem
        } else {
            problem.also(layers[at].span, "layer")
        };
    problem.note("fitting").help("help")
}
