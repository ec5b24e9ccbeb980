//! The part of a model that training does not change: it can be computed by itself, before what is trained.
//!
//! A layer belongs to it if its result for a picture is the same in every step: it depends on no weight that
//! is trained, on no other picture of the batch, and on no random number. What a layer depends on is read off
//! the training graph, so a layer that is random while training needs to say so nowhere else.

use std::collections::HashSet;
use std::ops::Range;

use super::{CheckedProgram, Graph, InputRole, LayerId, Mode, ParamId, ParamRole, Value, forward};
use crate::ops::Op;
use crate::tensor::Shape;

/// What is frozen at the beginning of a model, and what it hands over to the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenPart {
    /// For each layer whether it belongs to the part. Operands of its layers do, too.
    pub inside: Vec<bool>,
    /// Its layers whose results the rest of the model takes, in the order of the model.
    pub handed: Vec<LayerId>,
}

impl FrozenPart {
    /// The places of what is handed over in a row of features, layer by layer.
    pub fn columns(&self, program: &CheckedProgram) -> Vec<Range<usize>> {
        let mut end = 0;
        let column = |&layer: &LayerId| {
            let first = end;
            end += program.shape(layer).elements();
            first..end
        };
        self.handed.iter().map(column).collect()
    }

    /// The values of a row of features.
    pub fn width(&self, program: &CheckedProgram) -> usize {
        self.handed.iter().map(|&layer| program.shape(layer).elements()).sum()
    }

    /// The place of a layer among those that are handed over.
    pub(super) fn place_of(&self, layer: usize) -> Option<u32> {
        let place = self.handed.binary_search_by_key(&layer, |handed| handed.index()).ok()?;
        u32::try_from(place).ok()
    }

    /// The number of its layers.
    pub fn layers(&self) -> usize {
        self.inside.iter().filter(|inside| **inside).count()
    }
}

impl CheckedProgram {
    /// The frozen part; `None` where no frozen weights lie in front of all that is trained or random.
    pub fn frozen_part(&self) -> Option<FrozenPart> {
        let layers = &self.program().model.layers;
        if layers.iter().all(|node| !node.frozen) {
            return None;
        }
        let outputs = self.outputs();
        let still = still_in(self, Mode::Training { random: true });
        let mut inside: Vec<bool> = Vec::with_capacity(layers.len());
        for (at, node) in layers.iter().enumerate() {
            // the rest of the model is what gives its outputs, however little that is
            let is_output = outputs.contains(&at);
            inside.push(still[at] && !is_output && node.inputs.iter().all(|input| inside[input.index()]));
        }
        leave_out_what_only_grows(self, &mut inside);
        let has_weights = |at: usize| inside[at] && has_params(self, at);
        if !(0..layers.len()).any(has_weights) {
            return None;
        }
        let mut is_handed = vec![false; layers.len()];
        for (node, _) in layers.iter().zip(&inside).filter(|(_, inside)| !**inside) {
            for input in node.inputs.iter().filter(|input| inside[input.index()]) {
                is_handed[input.index()] = true;
            }
        }
        let handed = (0_u32..).map(LayerId).zip(is_handed).filter_map(|(id, handed)| handed.then_some(id));
        Some(FrozenPart { inside, handed: handed.collect() })
    }

    /// The first layer that is random while training and has frozen weights behind it, which are computed
    /// again in every step for that reason alone: all that it takes is the same in every step.
    pub fn random_before_frozen(&self) -> Option<LayerId> {
        let layers = &self.program().model.layers;
        if layers.iter().all(|node| !node.frozen) {
            return None;
        }
        let still = still_in(self, Mode::Training { random: true });
        let quiet = still_in(self, Mode::Training { random: false });
        // layers with frozen weights behind them, which nothing else keeps from being still
        let mut leads = vec![false; layers.len()];
        for (at, node) in layers.iter().enumerate().rev().filter(|(at, _)| quiet[*at]) {
            if leads[at] || has_params(self, at) {
                node.inputs.iter().for_each(|input| leads[input.index()] = true);
            }
        }
        let first = (0..layers.len()).find(|&at| {
            let begins = layers[at].inputs.iter().all(|input| still[input.index()]);
            quiet[at] && !still[at] && begins && leads[at]
        })?;
        u32::try_from(first).ok().map(LayerId)
    }

    /// The layers whose results are outputs of the model, auxiliary ones too.
    fn outputs(&self) -> HashSet<usize> {
        let model = &self.program().model;
        let heads = model.heads.iter().map(|head| head.output.index());
        heads.chain([model.output.index()]).collect()
    }
}

/// For each layer whether its result for a picture is the same in every step of training.
fn still_in(program: &CheckedProgram, mode: Mode) -> Vec<bool> {
    let forward = forward(program, mode);
    let still = still_nodes(&forward.graph);
    let is_still = |value: Option<Value>| value.is_some_and(|value| still[value.node.index()]);
    forward.layers.into_iter().map(is_still).collect()
}

/// For each node of a forward pass whether its results are the same in every step.
fn still_nodes(graph: &Graph) -> Vec<bool> {
    let moving: HashSet<ParamId> = graph.updates.iter().map(|(param, _)| *param).collect();
    let mut still: Vec<bool> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let operands = node.inputs.iter().all(|input| still[input.node.index()]);
        let is_still = if let Op::Input(role, _) = &node.op {
            *role == InputRole::Images
        } else if let Op::Parameter(param, _) = node.op {
            graph.params[param.index()].role == ParamRole::State && !moving.contains(&param)
        } else {
            // statistics of a batch are those of other pictures, too
            operands && !matches!(node.op, Op::BatchNorm(_) | Op::Moments)
        };
        still.push(is_still);
    }
    still
}

/// Layers without weights at the end of the part that make more values of what they take stay with those who
/// want them, and so do those behind them: a row of features has fewer values then, and there is hardly
/// anything to compute.
fn leave_out_what_only_grows(program: &CheckedProgram, inside: &mut [bool]) {
    let layers = &program.program().model.layers;
    // the fewest values that a layer's result can be made of by layers without weights
    let mut fewest: Vec<usize> = Vec::with_capacity(layers.len());
    for (at, node) in layers.iter().enumerate() {
        let values = program.shape(LayerId(at as u32)).elements();
        let before = match node.inputs[..] {
            [input] if !has_params(program, at) => fewest[input.index()],
            _ => values,
        };
        fewest.push(values.min(before));
    }
    let mut is_used = vec![false; layers.len()];
    for (at, node) in layers.iter().enumerate().rev() {
        let values = program.shape(LayerId(at as u32)).elements();
        if !is_used[at] && fewest[at] < values {
            inside[at] = false;
        }
        if inside[at] {
            node.inputs.iter().for_each(|input| is_used[input.index()] = true);
        }
    }
}

/// Whether a layer has weights or statistics.
fn has_params(program: &CheckedProgram, at: usize) -> bool {
    let node = &program.program().model.layers[at];
    if node.inputs.is_empty() {
        return false;
    }
    let shapes: Vec<Shape> = node.inputs.iter().map(|&input| program.shape(input).clone()).collect();
    !node.layer.as_op().params(&shapes).is_empty()
}
