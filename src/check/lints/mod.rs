//! The mistakes that compile: one file for each kind. They are looked for where every shape is known.

mod backbone;
mod callbacks;
mod capacity;
mod freezing;
mod linear;
mod moving;
mod normalization;
mod rate_scales;
mod rates;
mod report;
mod softmax;
mod stride;
mod timeline;
mod transfer;

use super::View;
use crate::diag::{Code, Problems};
use crate::ir::{Backbone, LayerNode, Model, Scope, ScopeKind, TrainSpec};
use crate::tensor::Shape;

pub(super) use backbone::check_inputs;
pub(super) use rates::explodes;

/// Looks for all of them.
pub(super) fn check(view: &View<'_>, problems: &mut Problems) {
    let shapes: Option<Vec<&Shape>> = view.shapes.iter().map(Option::as_ref).collect();
    let Some(shapes) = shapes else { return };
    let network = Network::new(view, &shapes);
    linear::check(view, &network, problems);
    normalization::check(view, &network, problems);
    capacity::check(view, &network, problems);
    backbone::check(view, &network, problems);
    transfer::check_top(view, &network, problems);
    softmax::check(view, &network, problems);
    stride::check(view, &network, problems);
    report::check(view, &network, problems);
    let Some(train) = &view.program.train else { return };
    callbacks::check(train, problems);
    timeline::check(train, problems);
    let stages = stages(view, train);
    for stage in &stages {
        freezing::check(view, &network, stage, problems);
        rates::check(view, &network, stage, problems);
    }
    rate_scales::check(&network, &stages, problems);
    moving::check(view, &network, &stages, problems);
    // a network of which all is frozen has been refused
    if !problems.iter().any(|problem| problem.code == Code::E0509) {
        transfer::check_frozen(view, &network, &stages, problems);
    }
}

/// The model with all its shapes.
struct Network<'a> {
    layers: &'a [LayerNode],
    shapes: &'a [&'a Shape],
    /// For each layer, how many layers and outputs take its result.
    users: Vec<usize>,
}

impl<'a> Network<'a> {
    fn new(view: &View<'a>, shapes: &'a [&'a Shape]) -> Self {
        let model = &view.program.model;
        let mut users = vec![0; model.layers.len()];
        let taken = model.layers.iter().flat_map(|node| &node.inputs);
        for id in taken.chain([&model.output]).chain(model.heads.iter().map(|head| &head.output)) {
            users[id.index()] += 1;
        }
        Self { layers: &model.layers, shapes, users }
    }

    /// Shapes of a layer's inputs.
    fn inputs(&self, at: usize) -> Vec<Shape> {
        self.layers[at].inputs.iter().map(|id| self.shapes[id.index()].clone()).collect()
    }

    /// The layer that a layer takes its first value from.
    fn before(&self, at: usize) -> Option<usize> {
        self.layers[at].inputs.first().map(|id| id.index())
    }

    /// The only layer that a layer takes a value from, if nothing else takes that.
    fn only_before(&self, at: usize) -> Option<usize> {
        match self.layers[at].inputs[..] {
            [id] if self.users[id.index()] == 1 => Some(id.index()),
            _ => None,
        }
    }

    /// Number of parameters that could be trained.
    fn trainable(&self, at: usize) -> usize {
        let params = self.layers[at].layer.as_op().params(&self.inputs(at));
        params.iter().filter(|param| param.trainable).map(|param| param.shape.elements()).sum()
    }

    /// Whether training changes something of the layer beside its weights: moving statistics.
    fn tracks(&self, at: usize) -> bool {
        self.layers[at].layer.as_op().params(&self.inputs(at)).iter().any(|param| !param.trainable)
    }
}

/// One phase with what is frozen in it.
struct StageView<'a> {
    train: &'a TrainSpec,
    /// From 0.
    index: usize,
    /// Where its name stands, if it is a phase.
    place: crate::source::Span,
    /// For each layer.
    frozen: Vec<bool>,
}

fn stages<'a>(view: &View<'a>, train: &'a TrainSpec) -> Vec<StageView<'a>> {
    let own: Vec<bool> = view.program.model.layers.iter().map(|node| node.frozen).collect();
    if train.phases.is_empty() {
        return vec![StageView { train, index: 0, place: train.span, frozen: own }];
    }
    let phases = train.phases.iter().enumerate();
    phases
        .map(|(index, phase)| {
            let frozen = if phase.frozen.len() == own.len() { phase.frozen.clone() } else { own.clone() };
            StageView { train: &phase.spec, index, place: phase.name.span, frozen }
        })
        .collect()
}

/// Models used as layers.
fn backbones(model: &Model) -> impl Iterator<Item = (&Scope, &Backbone)> {
    model.scopes.iter().filter_map(|scope| match &scope.kind {
        ScopeKind::Model(backbone) => Some((scope, backbone.as_ref())),
        ScopeKind::Block(_) | ScopeKind::Turn | ScopeKind::Head => None,
    })
}
