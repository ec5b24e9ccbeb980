//! Only fixes that help are offered: they are made in a copy of the text, which is judged again.
//!
//! A fix helps where its problem is gone and nothing new is wrong: of an error there are fewer errors, of a
//! warning not more. Problems of words and of syntax hide others behind them, so there something new may be
//! wrong elsewhere, but not where the fix has written.
//!
//! Most fixes help, and judging takes as long as all the rest. So those of a kind are made together, as
//! `--fix` makes them, and by halves where that fails.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use super::moved::Moved;
use super::{Depth, Loaded, OF_WORDS, Surroundings, judge};
use crate::diag::{Code, Diagnostic, Edit, Fix, Level, Problems, Repaired, repair};
use crate::lower::LowerOptions;
use crate::source::{SourceFile, Span};

/// How often a text is judged again at most.
const MOST_TRIALS: usize = 64;
/// Most that may be judged again, in bytes of text; a layer counts as [`BYTES_OF_A_LAYER`]. Fixes beyond that
/// are not offered: a text so long has many problems, and those that come first are what is read.
const MOST_BYTES: usize = 1 << 20;
/// What judging a layer takes, as bytes of text.
const BYTES_OF_A_LAYER: usize = 64;

/// What a fix is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// What cannot be read goes on to the end of its statement: there the next one shows. There must be fewer
    /// of that code.
    Syntax(Code),
    /// A word that is unknown hides what stands behind it.
    Words,
    /// There must be fewer errors, or no more of them.
    Others,
}

/// A problem and a fix that it comes with.
struct Offer<'p> {
    problem: &'p Diagnostic,
    fix: &'p Fix,
}

impl Offer<'_> {
    fn kind(&self) -> Kind {
        let Diagnostic { code, level, .. } = *self.problem;
        if code < Code::E0006 || code == Code::E0027 {
            Kind::Syntax(code)
        } else if level == Level::Error && is_of_words(code) {
            Kind::Words
        } else {
            Kind::Others
        }
    }
}

/// Takes the fixes away that do not help.
pub(super) fn keep_helpful(
    loaded: &mut Loaded,
    layers: usize,
    options: &LowerOptions,
    around: Surroundings<'_>,
) {
    let mut problems = std::mem::take(&mut loaded.problems);
    let before = problems.clone();
    let offers: Vec<Offer<'_>> = before
        .iter()
        .flat_map(|problem| problem.fixes.iter().map(move |fix| Offer { problem, fix }))
        .collect();
    let text = loaded.sources.main().text.len();
    let each = text.saturating_add(layers.saturating_mul(BYTES_OF_A_LAYER)).max(1);
    let mut trial = Trial {
        loaded,
        options,
        around,
        before: &before,
        offers: &offers,
        helps: vec![false; offers.len()],
        left: MOST_TRIALS.min(MOST_BYTES / each),
    };
    // a fix that several problems come with is tried once
    let same = same_before(&offers);
    for group in groups(&offers) {
        let new: Vec<usize> = group.into_iter().filter(|&at| same[at].is_none()).collect();
        trial.settle(&new);
    }
    for (at, same) in same.into_iter().enumerate() {
        trial.helps[at] |= same.is_some_and(|same| trial.helps[same]);
    }
    let mut helps = trial.helps.into_iter();
    problems.retain_fixes(|_, _| helps.next().unwrap_or(false));
    loaded.problems = problems;
}

/// Offers that can be made together, by their places: of one kind, none touching another's text, and of each
/// problem the first.
fn groups(offers: &[Offer<'_>]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<Kind, Vec<usize>> = BTreeMap::new();
    let mut taken: BTreeMap<Kind, BTreeMap<usize, usize>> = BTreeMap::new();
    let mut alone = Vec::new();
    for (at, offer) in offers.iter().enumerate() {
        let kind = offer.kind();
        let taken = taken.entry(kind).or_default();
        let touches = |edit: &Edit| {
            let before = taken.range(..=edit.span.end).next_back();
            before.is_some_and(|(_, &end)| end >= edit.span.start)
        };
        let is_first = offer.problem.fixes.first() == Some(offer.fix);
        if !is_first || offer.fix.edits.iter().any(touches) {
            alone.push(vec![at]);
        } else {
            taken.extend(offer.fix.edits.iter().map(|edit| (edit.span.start, edit.span.end)));
            groups.entry(kind).or_default().push(at);
        }
    }
    groups.into_values().chain(alone).collect()
}

/// For each offer the one before it that is the same fix of the same kind of problem, if there is one.
fn same_before(offers: &[Offer<'_>]) -> Vec<Option<usize>> {
    let mut first: BTreeMap<(Code, Option<Span>), usize> = BTreeMap::new();
    let known = |(at, offer): (usize, &Offer<'_>)| {
        let place = offer.fix.edits.first().map(|edit| edit.span);
        let before = *first.entry((offer.problem.code, place)).or_insert(at);
        (before < at && offers[before].fix == offer.fix).then_some(before)
    };
    offers.iter().enumerate().map(known).collect()
}

/// What fixes are tried on.
struct Trial<'a> {
    loaded: &'a Loaded,
    options: &'a LowerOptions,
    around: Surroundings<'a>,
    before: &'a Problems,
    offers: &'a [Offer<'a>],
    /// For each offer whether it helps, as far as is known.
    helps: Vec<bool>,
    /// How often the text may still be judged.
    left: usize,
}

impl Trial<'_> {
    /// Finds out which of a group help.
    fn settle(&mut self, group: &[usize]) {
        if group.is_empty() || self.left == 0 {
            return;
        }
        self.left -= 1;
        if self.all_help(group) {
            group.iter().for_each(|&at| self.helps[at] = true);
        } else if group.len() > 1 {
            let (first, second) = group.split_at(group.len() / 2);
            self.settle(first);
            self.settle(second);
        }
    }

    fn all_help(&self, group: &[usize]) -> bool {
        let offers: Vec<&Offer<'_>> = group.iter().map(|&at| &self.offers[at]).collect();
        let sources = &self.loaded.sources;
        let mut alone = Problems::new();
        for Offer { problem, fix } in &offers {
            let mut with_it = (*problem).clone();
            // of hints nothing is mended by itself
            with_it.level = with_it.level.min(Level::Warning);
            with_it.fixes = vec![(*fix).clone()];
            alone.push(with_it);
        }
        let changed = repair(&alone, sources, &|_| true);
        let main = sources.main();
        let of_main = changed.iter().find(|new| new.file == *main);
        let text = of_main.map_or(main.text.as_ref(), |new| new.text.as_str());
        let card_of = |spec: &super::DataSpec| match &self.loaded.card {
            Some(card) if !offers.iter().any(|offer| self.touches_data(offer.fix)) => Some(card.clone()),
            _ => (self.around.card_of)(spec),
        };
        let read = |path: &Path| self.read(path, &changed);
        let around = Surroundings { card_of: &card_of, read: &read, memory: &|_, _| None, ..self.around };
        let (after, _) = judge(SourceFile::new(main.name.clone(), text), self.options, around, Depth::File);
        let moved = Moved::by(offers.iter().flat_map(|offer| &offer.fix.edits));
        self.are_gone(&offers, &moved, &after)
            && match offers[0].kind() {
                Kind::Syntax(code) => {
                    let count =
                        |problems: &Problems| problems.iter().filter(|other| other.code == code).count();
                    count(&after.problems) + offers.len() <= count(self.before)
                }
                Kind::Words => !is_wrong_there(&moved, &after),
                Kind::Others => {
                    let removed = offers.iter().filter(|offer| offer.problem.level == Level::Error).count();
                    after.problems.count(Level::Error) + removed <= self.before.count(Level::Error)
                }
            }
    }

    /// Whether a fix changes what may be known of the data.
    fn touches_data(&self, fix: &Fix) -> bool {
        self.loaded.ast.sections().any(|section| {
            let touches = |span: Span| span.start <= section.span.end && section.span.start <= span.end;
            section.kind.value == "data" && fix.edits.iter().any(|edit| touches(edit.span))
        })
    }

    /// A file that is used, with what the fixes change in it.
    fn read(&self, path: &Path, changed: &[Repaired]) -> io::Result<String> {
        let name = path.display().to_string();
        match changed.iter().find(|new| new.file.name == name) {
            Some(new) => Ok(new.text.clone()),
            None => (self.around.read)(path),
        }
    }

    /// Whether there are no such problems where they stood. Some are told of the first place alone: then
    /// another place comes to light.
    fn are_gone(&self, offers: &[&Offer<'_>], moved: &Moved<'_>, after: &Loaded) -> bool {
        let left: BTreeSet<(Code, usize)> =
            after.problems.iter().map(|problem| (problem.code, problem.span().start)).collect();
        offers.iter().all(|Offer { problem, .. }| {
            let places = moved.places(problem.span().start);
            let [first, last] = [*places.start(), *places.end()].map(|place| (problem.code, place));
            left.range(first..=last).next().is_none()
        })
    }
}

/// Whether words are wrong where fixes have written, or right behind: a name with a value that it cannot
/// have. What is checked after words is hidden by them everywhere.
fn is_wrong_there(moved: &Moved<'_>, after: &Loaded) -> bool {
    let is_wrong = |problem: &&Diagnostic| problem.level == Level::Error && is_of_words(problem.code);
    let wrong: BTreeSet<usize> =
        after.problems.iter().filter(is_wrong).map(|problem| problem.span().start).collect();
    let text = &after.sources.main().text;
    moved.written().any(|written| {
        let rest = text.get(written.end..).unwrap_or("");
        let value = written.end + rest.len() - rest.trim_start_matches([' ', ':']).len();
        wrong.range(written.start..=value).next().is_some()
    })
}

/// Problems of syntax and words, which may hide others.
fn is_of_words(code: Code) -> bool {
    code < Code::E0101 || OF_WORDS.contains(&code)
}
