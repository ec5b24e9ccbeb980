//! Collecting problems.

use super::{Code, Diagnostic, Edit, Fix, Level, NewSetting};
use crate::source::Span;

/// Problems found so far. Iterates sorted by place, each one once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    found: Vec<Diagnostic>,
    /// The statements that use the blocks that are being looked at, the outermost first.
    uses: Vec<Span>,
    /// How often anything was reported, repetitions included.
    reported: usize,
}

impl Problems {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// From here on, problems lie in a block that is used at `span` (in the block that was entered before).
    pub fn enter(&mut self, span: Span) {
        self.uses.push(span);
    }

    /// Ends what the last [`Problems::enter`] began.
    pub fn leave(&mut self) {
        self.uses.pop();
    }

    /// How often [`Problems::push`] was called, repetitions included: grows where [`Problems::len`] may not.
    pub fn reported(&self) -> usize {
        self.reported
    }

    /// Says of each problem that lies in one of the `places` and has no use yet which statements use the block there.
    pub fn locate_uses(&mut self, places: &[(Span, Vec<Span>)]) {
        for problem in self.found.iter_mut().filter(|problem| problem.used_at.is_empty()) {
            let at = problem.span();
            let around = places.iter().filter(|(place, _)| place.start <= at.start && at.end <= place.end);
            if let Some((_, uses)) = around.min_by_key(|(place, _)| place.len()) {
                problem.used_at.clone_from(uses);
            }
        }
    }

    /// Adds a problem, unless the same one stands there already (a block that is used twice has its mistake once).
    pub fn push(&mut self, mut problem: Diagnostic) {
        self.reported += 1;
        if problem.used_at.is_empty() {
            problem.used_at = self.uses.iter().rev().copied().collect();
        }
        let key = |d: &Diagnostic| (d.span().start, d.span().end, d.code);
        let at = self.found.partition_point(|other| key(other) <= key(&problem));
        // equal ones have equal keys: they stand right before
        let mut same_key = self.found[..at].iter().rev().take_while(|other| key(other) == key(&problem));
        if same_key.any(|other| other.same(&problem)) {
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

    /// All, with every place moved by `base`: the text begins there.
    pub(crate) fn moved(mut self, base: usize) -> Problems {
        self.found.iter_mut().for_each(|problem| problem.move_by(base));
        self
    }

    /// All, sorted by place.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.iter()
    }

    /// Makes fixes of the settings that problems want.
    pub(crate) fn write_settings(&mut self, write: impl Fn(&NewSetting) -> Edit) {
        for problem in &mut self.found {
            for setting in std::mem::take(&mut problem.settings) {
                problem.fixes.push(Fix { edits: vec![write(&setting)] });
            }
        }
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

    /// Takes away warnings and hints of a code (`allow W0301 because "…"`), where `within` is given those that have a place in it; returns whether
    /// there were any.
    pub fn allow(&mut self, code: Code, within: Option<Span>) -> bool {
        let before = self.found.len();
        let inside = |span: Span, within: Span| within.start <= span.start && span.end <= within.end;
        let touches = |problem: &Diagnostic, within: Span| {
            problem.labels.iter().map(|label| label.span).chain(problem.uses()).any(|span| inside(span, within))
        };
        self.found.retain(|problem| {
            problem.code != code
                || problem.level == Level::Error
                || within.is_some_and(|within| !touches(problem, within))
        });
        self.found.len() < before
    }

    /// Those whose code is among `codes`.
    pub fn only(mut self, codes: &[Code]) -> Problems {
        self.found.retain(|problem| codes.contains(&problem.code));
        self
    }

    /// Those whose code is not among `codes`.
    pub fn without(mut self, codes: &[Code]) -> Problems {
        self.found.retain(|problem| !codes.contains(&problem.code));
        self
    }

    /// Whether a problem of a level has its main place inside `span`.
    pub fn any_within(&self, span: Span, level: Level) -> bool {
        self.found.iter().any(|p| p.level == level && p.span().start >= span.start && p.span().end <= span.end)
    }
}
