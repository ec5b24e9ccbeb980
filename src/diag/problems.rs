//! Collecting problems.

use std::collections::{BTreeMap, BTreeSet};

use super::{Code, Diagnostic, Edit, Fix, Level, Move, NewSetting};
use crate::source::Span;

/// Most problems of one code that are kept; more are counted. Nobody reads so many, and each takes a
/// kilobyte.
const MOST_OF_A_CODE: usize = 10_000;

/// Most problems of one code at one place that are kept: a body that is written out again and again may have
/// another one each time.
const MOST_AT_A_PLACE: usize = 32;

/// Most names that are compared with wrong ones: a quarter of a second. Of very many problems the first get
/// suggestions, and they are what is read.
const MOST_COMPARISONS: usize = 200_000;

/// Where a problem is listed, and its code: problems are sorted by it.
type SortKey = (usize, usize, Code);

/// Problems found so far. Iterates sorted by place, each one once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    /// Those of one place and code stand in the order in which they were found.
    found: BTreeMap<SortKey, Vec<Diagnostic>>,
    /// How many of each code are kept.
    kept: BTreeMap<Code, usize>,
    /// How many were only counted.
    dropped: BTreeMap<(Level, Code), usize>,
    /// The statements that use the blocks that are being looked at, the outermost first.
    uses: Vec<Span>,
    /// How often anything was reported, repetitions included.
    reported: usize,
    /// How many names have been compared to find the one that was meant.
    comparisons: usize,
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

    /// How many names may still be compared with wrong ones.
    pub(crate) fn comparisons_left(&self) -> usize {
        MOST_COMPARISONS.saturating_sub(self.comparisons)
    }

    /// Notes that names are compared with a wrong one.
    pub(crate) fn count_comparisons(&mut self, names: usize) {
        self.comparisons = self.comparisons.saturating_add(names);
    }

    /// Says of each problem that lies in one of the `places` and has no use yet which statements use the
    /// block there. Places are statements: of two that share a byte, one holds the other.
    pub fn locate_uses(&mut self, places: &[(Span, Vec<Span>)]) {
        let nest = Nest::new(places.iter().map(|(place, _)| *place));
        for problem in self.found.values_mut().flatten().filter(|problem| problem.used_at.is_empty()) {
            if let Some(at) = nest.smallest_around(problem.span()) {
                problem.used_at.clone_from(&places[at].1);
            }
        }
    }

    /// Adds a problem, unless the same one stands there already (a block that is used twice has its mistake
    /// once). Of very many problems of a code only the number is noted.
    pub fn push(&mut self, mut problem: Diagnostic) {
        self.reported += 1;
        let (level, code) = (problem.level, problem.code);
        let kept = self.kept.entry(code).or_default();
        let known = self.found.get(&key(&problem));
        if known.is_some_and(|known| known.iter().any(|other| other.same(&problem))) {
            return;
        }
        if *kept >= MOST_OF_A_CODE || known.is_some_and(|known| known.len() >= MOST_AT_A_PLACE) {
            *self.dropped.entry((level, code)).or_default() += 1;
            return;
        }
        *kept += 1;
        if problem.used_at.is_empty() {
            problem.used_at = self.uses.iter().rev().copied().collect();
        }
        self.found.entry(key(&problem)).or_default().push(problem);
    }

    /// Adds all problems of another collection.
    pub fn extend(&mut self, others: Problems) {
        for problem in others.found.into_values().flatten() {
            self.push(problem);
        }
        for (of, count) in others.dropped {
            *self.dropped.entry(of).or_default() += count;
        }
    }

    /// All, with every place put where `place` says: those of a text become those among all texts.
    pub(crate) fn placed(self, place: impl Fn(Span) -> Span) -> Problems {
        let mut moved = Problems { found: BTreeMap::new(), ..self };
        for mut problem in self.found.into_values().flatten() {
            problem.place(&place);
            moved.found.entry(key(&problem)).or_default().push(problem);
        }
        moved
    }

    /// All that are kept, sorted by place.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.values().flatten()
    }

    /// Codes of which there are more than are kept, with how many more.
    pub fn only_counted(&self) -> impl Iterator<Item = (Level, Code, usize)> {
        self.dropped.iter().map(|(&(level, code), &count)| (level, code, count))
    }

    /// Makes fixes of the settings that problems want.
    pub(crate) fn write_settings(&mut self, write: impl Fn(&NewSetting) -> Edit) {
        // many problems of a file want the same one
        let mut written: Vec<(NewSetting, Edit)> = Vec::new();
        for problem in self.found.values_mut().flatten() {
            for setting in std::mem::take(&mut problem.settings) {
                let known = written.iter().find(|(known, _)| *known == setting).map(|(_, edit)| edit.clone());
                let edit = known.unwrap_or_else(|| {
                    let edit = write(&setting);
                    written.push((setting, edit.clone()));
                    edit
                });
                problem.fixes.push(Fix { edits: vec![edit] });
            }
        }
    }

    /// Takes the fixes away that are not wanted.
    pub(crate) fn retain_fixes(&mut self, mut wanted: impl FnMut(&Diagnostic, &Fix) -> bool) {
        for problem in self.found.values_mut().flatten() {
            let fixes = std::mem::take(&mut problem.fixes);
            problem.fixes = fixes.into_iter().filter(|fix| wanted(problem, fix)).collect();
        }
    }

    /// Makes fixes of the moves that problems want, where `write` knows how.
    pub(crate) fn write_moves(&mut self, write: impl Fn(&Move) -> Option<Vec<Edit>>) {
        for problem in self.found.values_mut().flatten() {
            let moves = std::mem::take(&mut problem.moves);
            problem.fixes.extend(moves.iter().filter_map(&write).map(|edits| Fix { edits }));
        }
    }

    /// Whether there are none at all.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Number of problems.
    pub fn len(&self) -> usize {
        self.iter().count() + self.dropped.values().sum::<usize>()
    }

    /// Number of problems of a level.
    pub fn count(&self, level: Level) -> usize {
        let dropped = self.only_counted().filter(|(of, ..)| *of == level).map(|(_, _, count)| count);
        self.iter().filter(|problem| problem.level == level).count() + dropped.sum::<usize>()
    }

    /// Whether the file cannot be compiled.
    pub fn has_errors(&self) -> bool {
        self.iter().any(|problem| problem.level == Level::Error)
            || self.only_counted().any(|(level, ..)| level == Level::Error)
    }

    /// Takes away the warnings and hints that a file allows (`allow W0301 because "…"`): those of a code
    /// everywhere, or those that have a place within a span.
    pub fn allow(&mut self, allowed: &[(Code, Option<Span>)]) {
        let everywhere: BTreeSet<Code> =
            allowed.iter().filter(|(_, at)| at.is_none()).map(|(code, _)| *code).collect();
        let mut within: BTreeMap<Code, Vec<Span>> = BTreeMap::new();
        for (code, at) in allowed {
            within.entry(*code).or_default().extend(at);
        }
        let within: BTreeMap<Code, Nest> =
            within.into_iter().map(|(code, spans)| (code, Nest::new(spans.into_iter()))).collect();
        let is_allowed = |problem: &Diagnostic| {
            let spans = || problem.labels.iter().map(|label| label.span).chain(problem.uses());
            let touches = |nest: &Nest| spans().any(|span| nest.smallest_around(span).is_some());
            problem.level != Level::Error
                && (everywhere.contains(&problem.code) || within.get(&problem.code).is_some_and(touches))
        };
        self.retain(|problem| !is_allowed(problem));
        self.dropped.retain(|(level, code), _| *level == Level::Error || !everywhere.contains(code));
    }

    /// Those whose code is among `codes`.
    pub fn only(mut self, codes: &[Code]) -> Problems {
        self.retain(|problem| codes.contains(&problem.code));
        self.dropped.retain(|(_, code), _| codes.contains(code));
        self
    }

    /// Those whose code is not among `codes`.
    pub fn without(mut self, codes: &[Code]) -> Problems {
        self.retain(|problem| !codes.contains(&problem.code));
        self.dropped.retain(|(_, code), _| !codes.contains(code));
        self
    }

    /// Takes away problems that follow from others that are told elsewhere.
    pub(crate) fn discard(&mut self, follows: impl Fn(&Diagnostic) -> bool) {
        self.retain(|problem| !follows(problem));
    }

    /// Takes away the warnings and hints of some codes.
    pub fn silence(&mut self, is_silent: impl Fn(Code) -> bool) {
        self.retain(|problem| problem.level == Level::Error || !is_silent(problem.code));
        self.dropped.retain(|(level, code), _| *level == Level::Error || !is_silent(*code));
    }

    /// Takes away the warnings and hints that have one of their places where nothing is to be told.
    pub fn silence_at(&mut self, is_silent: impl Fn(Span) -> bool) {
        self.retain(|problem| {
            problem.level == Level::Error || !problem.labels.iter().any(|label| is_silent(label.span))
        });
    }

    fn retain(&mut self, keep: impl Fn(&Diagnostic) -> bool) {
        self.found.retain(|_, problems| {
            problems.retain(&keep);
            !problems.is_empty()
        });
        self.kept.clear();
        for problem in self.found.values().flatten() {
            *self.kept.entry(problem.code).or_default() += 1;
        }
    }
}

fn key(problem: &Diagnostic) -> SortKey {
    let span = problem.span();
    (span.start, span.end, problem.code)
}

/// Spans of which one holds the other where they share a byte, found by what they hold.
struct Nest {
    /// By their starts, the larger of two first; each with its place in the list it came from.
    spans: Vec<(Span, usize)>,
    /// For each, the span around it.
    around: Vec<Option<usize>>,
}

impl Nest {
    fn new(spans: impl Iterator<Item = Span>) -> Self {
        let mut spans: Vec<(Span, usize)> = spans.enumerate().map(|(at, span)| (span, at)).collect();
        spans.sort_by_key(|(span, at)| (span.start, std::cmp::Reverse(span.end), *at));
        // of equal ones, the first of the list counts
        spans.dedup_by_key(|(span, _)| *span);
        let mut open: Vec<usize> = Vec::new();
        let around = (0..spans.len()).map(|at| {
            while open.last().is_some_and(|&outer| spans[outer].0.end < spans[at].0.end) {
                open.pop();
            }
            let around = open.last().copied();
            open.push(at);
            around
        });
        Self { around: around.collect(), spans }
    }

    /// The place in the list of the smallest span that holds another one.
    fn smallest_around(&self, span: Span) -> Option<usize> {
        // those that begin where it does may end before it
        let mut at = self.spans.partition_point(|(outer, _)| outer.start <= span.start).checked_sub(1)?;
        while self.spans[at].0.end < span.end {
            at = self.around[at]?;
        }
        Some(self.spans[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(code: Code, start: usize, name: &str) -> Diagnostic {
        Diagnostic::new(code).arg("name", name).at(Span::new(start, start + 1), "here")
    }

    #[test]
    fn problems_are_sorted_each_is_there_once() {
        let mut problems = Problems::new();
        for (start, name) in [(4, "a"), (2, "b"), (4, "a"), (4, "c"), (2, "b")] {
            problems.push(problem(Code::E0006, start, name));
        }
        let starts: Vec<usize> = problems.iter().map(|problem| problem.span().start).collect();
        assert_eq!(starts, [2, 4, 4]);
        assert_eq!((problems.reported(), problems.len()), (5, 3));
    }

    #[test]
    fn very_many_are_counted() {
        let mut problems = Problems::new();
        for start in 0..MOST_OF_A_CODE + 5 {
            problems.push(problem(Code::E0006, start, "x"));
        }
        for turn in 0..MOST_AT_A_PLACE + 3 {
            problems.push(problem(Code::W0301, 7, &turn.to_string()));
        }
        assert_eq!(problems.count(Level::Error), MOST_OF_A_CODE + 5);
        let more = [(Level::Error, Code::E0006, 5), (Level::Warning, Code::W0301, 3)];
        assert_eq!(problems.only_counted().collect::<Vec<_>>(), more);
        problems.allow(&[(Code::W0301, None), (Code::E0006, None)]);
        assert_eq!(problems.len(), MOST_OF_A_CODE + 5);
    }

    #[test]
    fn the_smallest_place_around_counts() {
        let spans = [(10, 20), (0, 100), (12, 15), (12, 15), (30, 40), (12, 13)];
        let nest = Nest::new(spans.iter().map(|(start, end)| Span::new(*start, *end)));
        let around = |start, end| nest.smallest_around(Span::new(start, end));
        assert_eq!(around(12, 15), Some(2));
        assert_eq!(around(12, 13), Some(5));
        assert_eq!(around(13, 16), Some(0));
        assert_eq!(around(21, 22), Some(1));
        assert_eq!(around(35, 41), Some(1));
        assert_eq!(around(99, 101), None);
    }
}
