//! E0113: weights that were trained for another head, by the header of their file.

use std::collections::BTreeMap;

use crate::diag::{Code, Diagnostic};
use crate::ir::{Backbone, CheckedProgram, LayerId, Scope, ScopeKind};
use crate::tensor::Shape;
use crate::zoo::{Fit, fit};

/// Extents of the tensors of a weights file, by name.
pub type TensorShapes = BTreeMap<String, Vec<usize>>;

/// What does not fit, one problem for each use of a model. `shapes_of` reads the header of a file named in the program; `None` where it is not at hand.
pub(super) fn check(program: &CheckedProgram, shapes_of: &dyn Fn(&str) -> Option<TensorShapes>) -> Vec<Diagnostic> {
    let scopes = program.program().model.scopes.iter();
    scopes
        .filter_map(|scope| match &scope.kind {
            ScopeKind::Model(backbone) => check_use(program, scope, backbone, shapes_of),
            ScopeKind::Block(_) | ScopeKind::Turn | ScopeKind::Head => None,
        })
        .collect()
}

fn check_use(
    program: &CheckedProgram,
    scope: &Scope,
    backbone: &Backbone,
    shapes_of: &dyn Fn(&str) -> Option<TensorShapes>,
) -> Option<Diagnostic> {
    let weights = backbone.weights.as_ref()?;
    let found = shapes_of(&weights.value)?;
    let layers = &program.program().model.layers;
    let mut params: Vec<(usize, String, Shape)> = Vec::new();
    for at in scope.layers.clone() {
        let node = &layers[at];
        let inputs: Vec<Shape> = node.inputs.iter().map(|&id: &LayerId| program.shape(id).clone()).collect();
        if !inputs.is_empty() {
            let specs = node.layer.as_op().params(&inputs).into_iter();
            params.extend(specs.map(|param| (at, format!("{}.{}", node.path, param.name), param.shape)));
        }
    }
    let named: Vec<(&str, &Shape)> = params.iter().map(|(_, name, shape)| (name.as_str(), shape)).collect();
    let fits = fit(&scope.path, backbone, &named, &|name| found.get(name).map(|extents| Shape::new(extents.clone())));
    let fitting = fits.iter().flatten().filter(|fit| matches!(fit, Fit::Tensor(..))).count();
    let other = params.iter().zip(fits).find_map(|((at, ..), fit)| match fit {
        Some(Fit::Reshaped { name, found, wanted }) => Some((*at, name, found, wanted)),
        Some(Fit::Tensor(..) | Fit::Missing { .. }) | None => None,
    });
    let (at, name, there, here) = other?;
    let problem = Diagnostic::new(Code::E0113)
        .arg("file", &weights.value)
        .arg("model", &backbone.model)
        .arg("tensor", name)
        .arg("there", there)
        .arg("here", here)
        .arg("fitting", fitting)
        .at(weights.span, "here")
        .also(scope.span, "use");
    let problem = if program.program().source.slice(layers[at].span).is_empty() || !layers[at].used_at.is_empty() {
        problem
    } else {
        problem.also(layers[at].span, "layer")
    };
    Some(problem.note("fitting").help("help"))
}
