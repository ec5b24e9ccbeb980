//! The model's output against the labels and the loss.

use super::{View, edit, numbers};
use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::{Head, LabelKind, LayerId, LayerNode, Loss};
use crate::layers::{Layer, Probability, Purpose};
use crate::source::{Span, Spanned};
use crate::tensor::Shape;
use crate::vocabulary::{Activation, ActivationKind, Words};

/// How a model ends: the layer that makes the scores and what follows it.
pub(super) struct Ending<'a> {
    /// Makes the scores: the last layer that is no activation, dropout, normalisation or change of shape.
    pub(super) scores: &'a LayerNode,
    /// What follows it.
    after: Vec<&'a LayerNode>,
    /// All activations from the scores on, with their places.
    activations: Vec<(Activation, Span)>,
    /// What is known of the model's output.
    probability: Probability,
}

pub(super) const SIGMOID: Activation = Activation::Elementwise(ActivationKind::Sigmoid);

impl Ending<'_> {
    pub(super) fn last_activation(&self) -> Activation {
        self.activations.last().map_or(Activation::Linear, |(activation, _)| *activation)
    }

    pub(super) fn last_place(&self) -> Span {
        self.activations.last().map_or(self.scores.span, |(_, span)| *span)
    }
}

/// Checks the end of the model and gives the loss, where there is one.
pub(super) fn check(view: &View<'_>, problems: &mut Problems) -> Option<Loss> {
    let heads: Vec<(&Head, Ending<'_>)> =
        view.program.model.heads.iter().filter_map(|head| Some((head, ending(view, head.output)?))).collect();
    let loss = check_main(view, problems);
    for (head, ending) in &heads {
        check_head(view, head, ending, problems);
    }
    loss
}

fn check_main(view: &View<'_>, problems: &mut Problems) -> Option<Loss> {
    let ending = ending(view, view.program.model.output)?;
    check_softmax(view, &ending, view.output()?, problems);
    if !view.is_experiment() {
        return None;
    }
    let output = view.output()?;
    if output.rank() != 1 {
        report_feature_map(view, view.program.model.output, output, problems);
        return None;
    }
    let before = problems.len();
    let units = output.channels();
    check_range(view, &ending, problems);
    let written = view.program.train.as_ref().and_then(|train| train.loss.clone());
    match view.program.label_kind() {
        LabelKind::Single => numbers::check_classes(view, problems),
        kind @ (LabelKind::Multi | LabelKind::Regression) => {
            let loss = numbers::check(view, kind, &ending, units, problems);
            if problems.len() == before {
                check_ending(view, &ending, loss, units, problems);
            }
            return Some(loss);
        }
    }
    let loss = match &written {
        Some(loss) => loss.value,
        None if units == 1 || ending.probability == Probability::Each => Loss::BinaryCrossentropy,
        None => Loss::CategoricalCrossentropy,
    };
    check_from_logits(view, &ending, problems);
    if units == 1 {
        check_one_unit(view, &ending, written.as_ref(), problems);
    } else {
        check_units(view, &ending, units, problems);
        check_activation(view, &ending, written.as_ref(), loss, units, problems);
    }
    if problems.len() == before {
        check_ending(view, &ending, loss, units, problems);
    }
    Some(loss)
}

/// E0206, and W0207 of a loss on scores: what is written of the output against how the model ends.
fn check_from_logits(view: &View<'_>, ending: &Ending<'_>, problems: &mut Problems) {
    let train = view.program.train.as_ref();
    let Some(written) = train.and_then(|train| train.loss_options.from_logits.as_ref()) else { return };
    if written.value && ending.probability.is_certain() {
        let problem = Diagnostic::new(Code::W0207)
            .saying("from-logits")
            .at(written.span, "from-logits-here")
            .also(ending.last_place(), "probabilities")
            .help("from-logits-help");
        problems.push(problem.fix(written.span, "false"));
    } else if !written.value && ending.probability == Probability::None {
        let problem = Diagnostic::new(Code::E0206)
            .arg("activation", ending.last_activation().keyword())
            .at(written.span, "here")
            .also(ending.last_place(), "ends")
            .help("help");
        problems.push(problem.fix(written.span, "true"));
    }
}

/// E0223: neither probabilities nor scores for certain, and nothing is written of it.
fn check_range(view: &View<'_>, ending: &Ending<'_>, problems: &mut Problems) {
    let train = view.program.train.as_ref();
    let is_written = train.is_some_and(|train| train.loss_options.from_logits.is_some());
    let reads_it =
        train.and_then(|train| train.loss.as_ref()).is_none_or(|loss| loss.value.reads_probabilities());
    if ending.probability != Probability::Derived || is_written || !reads_it {
        return;
    }
    let problem = Diagnostic::new(Code::E0223)
        .arg("layer", ending.scores.layer.as_op().keyword())
        .at(ending.scores.span, "here");
    problems.push(problem.help("help"));
}

/// An auxiliary output is judged by the same labels and loss as the main one: it must end alike.
fn check_head(view: &View<'_>, head: &Head, ending: &Ending<'_>, problems: &mut Problems) {
    let Some(output) = view.shape(head.output) else { return };
    if output.rank() != 1 {
        if view.is_experiment() {
            report_feature_map(view, head.output, output, problems);
        }
        return;
    }
    let (units, before) = (output.channels(), problems.len());
    check_range(view, ending, problems);
    match view.program.label_kind() {
        LabelKind::Single if units == 1 => {
            check_softmax(view, ending, output, problems);
            check_one_unit(view, ending, None, problems);
        }
        LabelKind::Single => {
            check_softmax(view, ending, output, problems);
            check_units(view, ending, units, problems);
        }
        kind @ (LabelKind::Multi | LabelKind::Regression) => {
            numbers::check_ending(view, kind, ending, units, problems)
        }
    }
    let main = view.output().filter(|main| main.rank() == 1).map(Shape::channels);
    if let Some(main) = main.filter(|main| *main != units && problems.len() == before) {
        let problem = Diagnostic::new(Code::E0201)
            .saying("head")
            .arg("head", &head.name.value)
            .arg("units", units)
            .arg("main", main)
            .at(units_span(ending.scores), "here")
            .also(view.program.model.layers[view.program.model.output.index()].span, "main")
            .help("head-help");
        problems.push(problem);
    }
}

fn ending<'a>(view: &View<'a>, output: LayerId) -> Option<Ending<'a>> {
    let layers = &view.program.model.layers;
    let mut node = layers.get(output.index())?;
    let mut after = Vec::new();
    loop {
        let passes = match node.layer.as_op().purpose() {
            Purpose::Activate | Purpose::Drop | Purpose::Disturb | Purpose::Normalize | Purpose::Reshape => {
                true
            }
            Purpose::Input | Purpose::Compute | Purpose::Prepare | Purpose::Scale => false,
        };
        match node.inputs.first() {
            Some(before) if passes => {
                after.push(node);
                node = &layers[before.index()];
            }
            _ => break,
        }
    }
    after.reverse();
    let activations = std::iter::once(&node)
        .chain(&after)
        .map(|node| (node.layer.as_op().activation(), activation_span(node)))
        .filter(|(activation, _)| *activation != Activation::Linear)
        .collect();
    let probability = view.program.model.probabilities(|layer| view.shape(layer))[output.index()];
    Some(Ending { scores: node, after, activations, probability })
}

fn activation_span(node: &LayerNode) -> Span {
    node.options.iter().find(|(name, _)| *name == "activation").map_or(node.span, |(_, span)| *span)
}

pub(super) fn units_span(node: &LayerNode) -> Span {
    let counts = |name: &str| matches!(name, "units" | "filters");
    node.options.iter().find(|(name, _)| counts(name)).map_or(node.span, |(_, span)| *span)
}

/// E0203 and W0207.
fn check_softmax(view: &View<'_>, ending: &Ending<'_>, output: &Shape, problems: &mut Problems) {
    let softmaxes: Vec<Span> =
        ending.activations.iter().filter(|(a, _)| *a == Activation::Softmax).map(|(_, span)| *span).collect();
    if let (Some(&place), 1) = (softmaxes.first(), output.channels()) {
        let problem = Diagnostic::new(Code::E0203)
            .at(place, "here")
            .also(units_span(ending.scores), "unit")
            .help("help");
        problems.push(problem.fix(place, "sigmoid"));
    } else if let [first, .., last] = softmaxes[..] {
        let classes = output.channels() as f64;
        // the best that two softmaxes can say is softmax(1, 0, …, 0): e / (e + n − 1)
        let floor = (std::f64::consts::E + classes - 1.0).ln() - 1.0;
        let problem = Diagnostic::new(Code::W0207)
            .arg("floor", format!("{floor:.3}"))
            .at(last, "second")
            .also(first, "first")
            .help("help");
        // a layer of its own is the one that is too many
        let own =
            ending.after.iter().rev().find(|node| node.layer.as_op().activation() == Activation::Softmax);
        problems
            .push(problem.fix_all(own.and_then(|node| edit::delete(&view.program.source.text, node.span))));
    }
}

/// E0103 at the end of the model.
fn report_feature_map(view: &View<'_>, layer: LayerId, output: &Shape, problems: &mut Problems) {
    let Some(last) = view.program.model.layers.get(layer.index()) else { return };
    let problem = Diagnostic::new(Code::E0103)
        .saying("output")
        .arg("found", output)
        .at(last.span, "made")
        .help("output-help");
    problems.push(problem);
}

/// One output: two classes, told apart by a sigmoid.
fn check_one_unit(
    view: &View<'_>,
    ending: &Ending<'_>,
    written: Option<&Spanned<Loss>>,
    problems: &mut Problems,
) {
    if ending.last_activation() == Activation::Softmax {
        // E0203 has said it
        return;
    }
    if let Some(classes) = view.classes().filter(|classes| *classes > 2) {
        problems.push(too_few(view, ending, classes, 1));
        return;
    }
    if let Some(loss) = written.filter(|loss| loss.value == Loss::CategoricalCrossentropy) {
        let problem = Diagnostic::new(Code::E0204)
            .at(loss.span, "loss")
            .also(ending.scores.span, "unit")
            .help("help")
            .fix(loss.span, "binary_crossentropy");
        problems.push(problem);
    }
}

pub(super) fn too_few(view: &View<'_>, ending: &Ending<'_>, classes: usize, units: usize) -> Diagnostic {
    let problem = Diagnostic::new(Code::E0201);
    with_counts(problem, view, ending, classes, units)
}

fn with_counts(
    problem: Diagnostic,
    view: &View<'_>,
    ending: &Ending<'_>,
    classes: usize,
    units: usize,
) -> Diagnostic {
    let maker = maker_of(view, ending.scores);
    let place = units_span(maker);
    let mut problem =
        problem.arg("data", view.data_name()).arg("classes", classes).arg("units", units).at(place, "here");
    if let Some(data) = &view.program.data {
        problem = problem.also(data.classes.as_ref().map_or(data.source.span, |list| list.span), "data");
    }
    let problem =
        if matches!(maker.layer, Layer::Dense(_)) { problem.help("help") } else { problem.help("maps-help") };
    if place == maker.span { problem } else { problem.fix(place, "classes") }
}

/// The layer that decides how many numbers there are, before those that keep the channels.
fn maker_of<'v>(view: &View<'v>, scores: &'v LayerNode) -> &'v LayerNode {
    let keeps_channels = |node: &LayerNode| match node.layer.as_op().purpose() {
        Purpose::Compute => matches!(node.layer, Layer::Pool2d(_) | Layer::GlobalPool2d(_)),
        Purpose::Activate | Purpose::Normalize | Purpose::Drop | Purpose::Disturb | Purpose::Scale => true,
        Purpose::Input | Purpose::Reshape | Purpose::Prepare => false,
    };
    let mut node = scores;
    while let [input] = node.inputs[..]
        && keeps_channels(node)
        && let Some(before) = view.program.model.layers.get(input.index())
    {
        node = before;
    }
    node
}

/// E0201 and W0202.
pub(super) fn check_units(view: &View<'_>, ending: &Ending<'_>, units: usize, problems: &mut Problems) {
    let Some(classes) = view.classes() else { return };
    if units < classes {
        problems.push(too_few(view, ending, classes, units));
    } else if units > classes {
        problems.push(with_counts(Diagnostic::new(Code::W0202), view, ending, classes, units));
    }
}

/// W0209 and W0210: several outputs for exclusive classes.
fn check_activation(
    view: &View<'_>,
    ending: &Ending<'_>,
    written: Option<&Spanned<Loss>>,
    loss: Loss,
    units: usize,
    problems: &mut Problems,
) {
    if loss != Loss::BinaryCrossentropy || view.program.train.is_none() {
        return;
    }
    let chance = format!("{:.0}", (1.0 - 1.0 / units as f64) * 100.0);
    match (written, ending.last_activation()) {
        (Some(loss), Activation::Softmax) => problems.push(
            Diagnostic::new(Code::W0209)
                .arg("units", units)
                .arg("chance", chance)
                .at(loss.span, "loss")
                .also(ending.last_place(), "softmax")
                .note("chance")
                .help("help")
                .fix(loss.span, "categorical_crossentropy"),
        ),
        (written, activation) => {
            let place = ending.last_place();
            let problem = Diagnostic::new(Code::W0210).arg("units", units);
            let problem = if activation == SIGMOID {
                problem.at(place, "sigmoid").fix(place, "softmax")
            } else {
                problem.at(written.map_or(place, |loss| loss.span), "loss")
            };
            problems.push(problem.help("help"));
        }
    }
}

/// W0208, W0211, W0212: what stands behind the scores and spoils them.
fn check_ending(view: &View<'_>, ending: &Ending<'_>, loss: Loss, units: usize, problems: &mut Problems) {
    if !matches!(ending.scores.layer, Layer::Dense(_)) {
        return;
    }
    if let Activation::Elementwise(kind) = ending.last_activation()
        && loss.link(units).is_some()
    {
        // these two at least keep the order of all values apart
        let spoils = !matches!(kind, ActivationKind::Sigmoid | ActivationKind::Tanh);
        if spoils {
            let problem = Diagnostic::new(Code::W0208)
                .arg("activation", ending.last_activation().keyword())
                .at(ending.last_place(), "here")
                .help("help")
                .fix(ending.last_place(), if units == 1 { "sigmoid" } else { "softmax" });
            problems.push(problem);
        }
    }
    for node in &ending.after {
        let code = match node.layer.as_op().purpose() {
            Purpose::Drop => Code::W0211,
            Purpose::Normalize if matches!(node.layer, Layer::BatchNorm(_)) => Code::W0212,
            Purpose::Input
            | Purpose::Compute
            | Purpose::Disturb
            | Purpose::Normalize
            | Purpose::Activate
            | Purpose::Reshape
            | Purpose::Prepare
            | Purpose::Scale => continue,
        };
        let problem =
            Diagnostic::new(code).at(node.span, "here").also(ending.scores.span, "scores").help("help");
        let text = &view.program.source.text;
        problems.push(if code == Code::W0211 {
            problem.fix_all(edit::move_before(text, node.span, ending.scores.span).into_iter().flatten())
        } else {
            problem.fix_all(edit::delete(text, node.span))
        });
    }
}
