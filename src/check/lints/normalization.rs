//! H0513: a bias that normalisation takes away again, and dropout in front of it.

use super::{Network, backbones};
use crate::check::View;
use crate::diag::{Code, Diagnostic, Problems};
use crate::layers::Layer;
use crate::source::Span;
use crate::vocabulary::Activation;

pub(super) fn check(view: &View<'_>, network: &Network<'_>, problems: &mut Problems) {
    let output = view.program.model.output.index();
    let mut said: Vec<Span> = Vec::new();
    for at in 0..network.layers.len() {
        let Layer::BatchNorm(norm) = &network.layers[at].layer else { continue };
        let Some(before) = network.only_before(at) else { continue };
        let (node, before_node) = (&network.layers[at], &network.layers[before]);
        // networks of the zoo are as their references are; behind the scores it is a mistake of its own
        let of_zoo =
            backbones(&view.program.model).any(|(scope, used)| used.zoo && scope.layers.contains(&at));
        if of_zoo || at == output || said.contains(&before_node.span) {
            continue;
        }
        let op = before_node.layer.as_op();
        let bias = op.params(&network.inputs(before)).into_iter().find(|param| param.name == "bias");
        let problem = match (&before_node.layer, bias) {
            (Layer::Dropout(_), _) => Diagnostic::new(Code::H0513)
                .saying("dropout")
                .at(before_node.span, "dropout-here")
                .also(node.span, "norm")
                .help("dropout-help"),
            (_, Some(bias)) if norm.center && op.activation() == Activation::Linear => {
                let problem = Diagnostic::new(Code::H0513)
                    .arg("layer", &before_node.path)
                    .arg("values", bias.shape.elements())
                    .arg("bytes", 4 * bias.shape.elements())
                    .at(before_node.span, "here")
                    .also(node.span, "norm")
                    .help("help");
                let end = before_node.span.end.saturating_sub(1);
                let written = before_node.options.iter().any(|(name, _)| *name == "use_bias");
                if view.program.source.slice(before_node.span).ends_with(')') && !written {
                    problem.fix(Span::new(end, end), ", use_bias: false")
                } else {
                    problem
                }
            }
            (_, _) => continue,
        };
        said.push(before_node.span);
        problems.push(problem);
    }
}
