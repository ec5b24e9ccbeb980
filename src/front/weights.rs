//! E0113: weights that were trained for another head, by the header of their file.

use std::collections::BTreeMap;

use crate::diag::{Code, Diagnostic};
use crate::ir::{Backbone, CheckedProgram, LayerId, Scope, ScopeKind};
use crate::tensor::Shape;

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
    let (mut fitting, mut other) = (0, None);
    for at in scope.layers.clone() {
        let node = &layers[at];
        let inputs: Vec<Shape> = node.inputs.iter().map(|&id: &LayerId| program.shape(id).clone()).collect();
        if inputs.is_empty() {
            continue;
        }
        for param in node.layer.as_op().params(&inputs) {
            let name = format!("{}.{}", node.path, param.name);
            let inner = name.strip_prefix(&format!("{}.", scope.path)).unwrap_or(&name).to_owned();
            let Some(extents) = found.get(&inner).or_else(|| found.get(&name)) else { continue };
            if *extents == param.shape.extents() {
                fitting += 1;
            } else if other.is_none() {
                other = Some((at, inner, Shape::new(extents.clone()), param.shape));
            }
        }
    }
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
