//! The program of a run, read again for its shapes.

use std::collections::BTreeMap;

use crate::front;
use crate::ir::{CheckedProgram, LayerId};
use crate::lower::LowerOptions;
use crate::source::SourceFile;
use crate::vocabulary::Callback;

/// The program of a run, as its weights hold it: one file, every default written out.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) text: String,
    /// `None` where this version cannot read it.
    pub(super) checked: Option<CheckedProgram>,
    /// What the layers make that are written in a line, counted from 0.
    pub(super) shapes: BTreeMap<usize, String>,
}

/// A phase of training.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PhaseMark {
    pub(super) name: String,
    /// Its first epoch, from 1.
    pub(super) first: usize,
}

impl Program {
    pub(super) fn of(text: &str) -> Self {
        let source = SourceFile::new("program.cnn", text);
        let loaded = front::load(source.clone(), &LowerOptions::default(), &|_| None);
        let checked = loaded.program;
        let mut shapes: BTreeMap<usize, String> = BTreeMap::new();
        if let Some(program) = &checked {
            for (at, node) in program.program().model.layers.iter().enumerate() {
                let id = LayerId(u32::try_from(at).unwrap_or(u32::MAX));
                // a line that makes several layers has the shape of the last
                if !node.span.is_empty() && node.span.end <= text.len() {
                    shapes.insert(source.line_of(node.span.start), program.shape_text(id));
                }
            }
        }
        Self { text: text.to_owned(), checked, shapes }
    }

    /// The phases of training with their first epochs, where there are any, and the epochs of all.
    pub(super) fn phases(&self) -> (Vec<PhaseMark>, usize) {
        let train = self.checked.as_ref().and_then(|program| program.program().train.as_ref());
        let Some(train) = train else { return (Vec::new(), 0) };
        let mut first = 1;
        let marks = train.phases.iter().map(|phase| {
            let mark = PhaseMark { name: phase.name.value.clone(), first };
            first += phase.spec.epochs.value;
            mark
        });
        (marks.collect(), train.epochs.value)
    }

    /// What is watched by the callback that restores the best weights, else by the first that watches any.
    pub(super) fn watched(&self) -> Option<Watched> {
        let train = self.checked.as_ref()?.program().train.as_ref()?;
        let watched = |callback: &Callback| {
            let monitor = callback.monitor()?.value;
            // in decimals as it is written, as callbacks take it
            let min_delta = if let Callback::EarlyStopping { min_delta, .. } = callback {
                min_delta.to_string().parse().unwrap_or_default()
            } else {
                0.0
            };
            // each phase remembers its own best weights
            let restores = callback.restores_best() && train.phases.is_empty();
            Some(Watched { column: monitor.column(), falls: monitor.falls(), min_delta, restores })
        };
        let phases = train.phases.iter().flat_map(|phase| &phase.spec.callbacks);
        let all: Vec<Watched> =
            train.callbacks.iter().chain(phases).filter_map(|callback| watched(&callback.value)).collect();
        all.iter().find(|watched| watched.restores).or(all.first()).cloned()
    }
}

/// What a callback watches.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Watched {
    pub(super) column: String,
    /// Smaller is better.
    pub(super) falls: bool,
    /// What is less better by no more than this is no better.
    pub(super) min_delta: f64,
    /// The final weights are those of the best epoch.
    pub(super) restores: bool,
}
