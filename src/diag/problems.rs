//! Collecting problems.

use super::{Code, Diagnostic, Level};
use crate::source::Span;

/// Problems found so far. Iterates sorted by place, each one once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    found: Vec<Diagnostic>,
}

impl Problems {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a problem, unless the same one stands there already.
    pub fn push(&mut self, problem: Diagnostic) {
        let key = |d: &Diagnostic| (d.span().start, d.span().end, d.code);
        let at = self.found.partition_point(|other| key(other) <= key(&problem));
        // equal ones have equal keys: they stand right before
        let mut same_key = self.found[..at].iter().rev().take_while(|other| key(other) == key(&problem));
        if same_key.any(|other| *other == problem) {
            return;
        }
        self.found.insert(at, problem);
    }

    /// Adds all problems of another collection.
    pub fn extend(&mut self, others: Problems) {
        for problem in others.found {
            self.push(problem);
        }
    }

    /// All, sorted by place.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.iter()
    }

    /// Whether there are none at all.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Number of problems.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Number of problems of a level.
    pub fn count(&self, level: Level) -> usize {
        self.found.iter().filter(|problem| problem.level == level).count()
    }

    /// Whether the file cannot be compiled.
    pub fn has_errors(&self) -> bool {
        self.count(Level::Error) > 0
    }

    /// Takes away warnings and hints of a code (`allow W0301 because "…"`); returns whether there were any.
    pub fn allow(&mut self, code: Code) -> bool {
        let before = self.found.len();
        self.found.retain(|problem| problem.code != code || problem.level == Level::Error);
        self.found.len() < before
    }

    /// Those whose code is among `codes`.
    pub fn only(mut self, codes: &[Code]) -> Problems {
        self.found.retain(|problem| codes.contains(&problem.code));
        self
    }

    /// Whether a problem of a level has its main place inside `span`.
    pub fn any_within(&self, span: Span, level: Level) -> bool {
        self.found.iter().any(|p| p.level == level && p.span().start >= span.start && p.span().end <= span.end)
    }
}
