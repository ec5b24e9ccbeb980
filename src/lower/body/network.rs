//! The network while it is being written.

use std::collections::BTreeSet;

use crate::ir::{Head, LayerId, LayerNode, Scope};
use crate::layers::{Flatten, Layer};
use crate::source::Span;
use crate::vocabulary::Attributes;

/// Most layers of a model. The largest that people train have some thousands.
pub(crate) const MOST_LAYERS: usize = 100_000;

/// Most statements that are evaluated for a model, repeated ones each time: bounds what empty bodies can
/// cost.
const MOST_STATEMENTS: usize = 1_000_000;

/// Most bytes of all layers' full names: a long name around many layers is a part of each of theirs.
pub(super) const MOST_NAME_BYTES: usize = 64 << 20;

/// Layers, scopes and heads so far.
#[derive(Debug, Default)]
pub(super) struct Network {
    pub(super) layers: Vec<LayerNode>,
    /// Layers of which only the place is known.
    pub(super) unknown: BTreeSet<LayerId>,
    pub(super) heads: Vec<Head>,
    pub(super) scopes: Vec<Scope>,
    /// Statements evaluated.
    statements: usize,
    /// Bytes of all full names.
    name_bytes: usize,
    /// It has become too large, which has been reported: nothing more is evaluated.
    pub(super) stopped: bool,
}

impl Network {
    /// Counts a statement; false where there have been too many.
    pub(super) fn count_statement(&mut self) -> bool {
        self.statements += 1;
        self.statements <= MOST_STATEMENTS && self.layers.len() <= MOST_LAYERS
    }

    /// Whether the layers' full names have become too long to keep.
    pub(super) fn names_are_too_long(&self) -> bool {
        self.name_bytes > MOST_NAME_BYTES
    }

    /// Adds a layer with attributes to be filled in.
    pub(super) fn push(&mut self, path: String, inputs: Vec<LayerId>, span: Span, uses: &[Span]) -> LayerId {
        let id = self.next();
        self.name_bytes += path.len();
        self.layers.push(LayerNode {
            path,
            layer: Layer::Flatten(Flatten),
            inputs,
            span,
            options: Vec::new(),
            attributes: Attributes::default(),
            used_at: uses.iter().rev().copied().collect(),
            frozen: false,
        });
        id
    }

    /// The id of the layer that comes next.
    pub(super) fn next(&self) -> LayerId {
        LayerId(u32::try_from(self.layers.len()).unwrap_or(u32::MAX))
    }

    /// Takes away the layers from `start` on that do not lead to `kept`, with their heads.
    pub(super) fn keep_what_leads_to(&mut self, start: usize, kept: LayerId) -> Renumbering {
        let mut needed = vec![false; self.layers.len() - start];
        let mut open = vec![kept];
        while let Some(id) = open.pop() {
            if id.index() >= start && !std::mem::replace(&mut needed[id.index() - start], true) {
                open.extend(&self.layers[id.index()].inputs);
            }
        }
        let numbers = Renumbering::new(start, &needed);
        let tail = self.layers.split_off(start);
        self.layers.extend(tail.into_iter().zip(&needed).filter(|(_, needed)| **needed).map(
            |(mut node, _)| {
                // what leads to a layer that is kept is kept
                node.inputs = node.inputs.iter().filter_map(|&input| numbers.of(input)).collect();
                node
            },
        ));
        let unknown = self.unknown.split_off(&LayerId(u32::try_from(start).unwrap_or(u32::MAX)));
        self.unknown.extend(unknown.into_iter().filter_map(|id| numbers.of(id)));
        self.heads.retain_mut(|head| match numbers.of(head.output) {
            Some(id) => {
                head.output = id;
                true
            }
            None => false,
        });
        let outside =
            self.scopes.iter().rposition(|scope| scope.layers.start < start).map_or(0, |last| last + 1);
        let inside = self.scopes.split_off(outside);
        self.scopes.extend(inside.into_iter().filter_map(|mut scope| {
            scope.layers = numbers.end_of(scope.layers.start)..numbers.end_of(scope.layers.end);
            (!scope.layers.is_empty()).then_some(scope)
        }));
        numbers
    }
}

/// New ids of layers after some have been taken away.
pub(super) struct Renumbering {
    start: usize,
    /// For each layer from `start` on, and the place behind the last: how many before it are kept.
    before: Vec<usize>,
}

impl Renumbering {
    fn new(start: usize, needed: &[bool]) -> Self {
        let mut before = vec![0];
        before.extend(needed.iter().scan(0, |count, needed| {
            *count += usize::from(*needed);
            Some(*count)
        }));
        Self { start, before }
    }

    /// The new id of a layer; `None` where it has been taken away.
    pub(super) fn of(&self, id: LayerId) -> Option<LayerId> {
        let Some(at) = id.index().checked_sub(self.start) else { return Some(id) };
        let (new, next) = (*self.before.get(at)?, *self.before.get(at + 1)?);
        (next > new).then(|| LayerId(u32::try_from(self.start + new).unwrap_or(u32::MAX)))
    }

    /// The new place of a range's bound.
    fn end_of(&self, place: usize) -> usize {
        place
            .checked_sub(self.start)
            .and_then(|at| self.before.get(at))
            .map_or(place, |before| self.start + before)
    }
}
