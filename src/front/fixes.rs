//! Only fixes that help are offered: each is made in a copy of the text, which is judged again.
//!
//! A fix helps where its problem is gone and nothing new is wrong: of an error there are fewer errors, of a
//! warning not more. Problems of words and of syntax hide others behind them, so there something new may be
//! wrong elsewhere, but not where the fix has written.

use std::io;
use std::path::Path;

use super::{Depth, Loaded, OF_WORDS, Surroundings, judge};
use crate::ast::Item;
use crate::diag::{Code, Diagnostic, Fix, Level, Problems, Repaired, repair};
use crate::lower::LowerOptions;
use crate::source::{SourceFile, Span};

/// Most fixes that are tried.
const MOST_TRIED: usize = 64;
/// Most that may be judged again, in bytes of text; a layer counts as [`BYTES_OF_A_LAYER`]. Fixes beyond that
/// are not offered: a text so long has many problems, and those that come first are what is read.
const MOST_BYTES: usize = 1 << 20;
/// What judging a layer takes, as bytes of text.
const BYTES_OF_A_LAYER: usize = 64;

/// Takes the fixes away that do not help.
pub(super) fn keep_helpful(
    loaded: &mut Loaded,
    layers: usize,
    options: &LowerOptions,
    around: Surroundings<'_>,
) {
    let mut problems = std::mem::take(&mut loaded.problems);
    let trial = Trial { loaded, options, around, before: &problems.clone() };
    let text = loaded.sources.main().text.len();
    let each = text.saturating_add(layers.saturating_mul(BYTES_OF_A_LAYER)).max(1);
    let mut left = MOST_TRIED.min(MOST_BYTES / each);
    let mut known: Vec<(Code, Fix, bool)> = Vec::new();
    problems.retain_fixes(|problem, fix| {
        let same = |(code, other, _): &&(Code, Fix, bool)| *code == problem.code && other == fix;
        if let Some((.., helps)) = known.iter().find(same) {
            return *helps;
        }
        if left == 0 {
            return false;
        }
        left -= 1;
        let helps = trial.helps(problem, fix);
        known.push((problem.code, fix.clone(), helps));
        helps
    });
    loaded.problems = problems;
}

/// What fixes are tried on.
struct Trial<'a> {
    loaded: &'a Loaded,
    options: &'a LowerOptions,
    around: Surroundings<'a>,
    before: &'a Problems,
}

impl Trial<'_> {
    fn helps(&self, problem: &Diagnostic, fix: &Fix) -> bool {
        let sources = &self.loaded.sources;
        let mut alone = Problems::new();
        let mut with_it = problem.clone();
        with_it.fixes = vec![fix.clone()];
        alone.push(with_it);
        let changed = repair(&alone, sources, &|_| true);
        let main = sources.main();
        let of_main = changed.iter().find(|new| new.file == *main);
        let text = of_main.map_or(main.text.as_ref(), |new| new.text.as_str());
        let card_of = |spec: &super::DataSpec| match &self.loaded.card {
            Some(card) if !self.touches_data(fix) => Some(card.clone()),
            _ => (self.around.card_of)(spec),
        };
        let read = |path: &Path| self.read(path, &changed);
        let around = Surroundings { card_of: &card_of, read: &read, memory: &|_, _| None, ..self.around };
        let (after, _) = judge(SourceFile::new(main.name.clone(), text), self.options, around, Depth::File);
        self.is_better(problem, fix, &after)
    }

    /// Whether a fix changes what may be known of the data.
    fn touches_data(&self, fix: &Fix) -> bool {
        self.loaded.ast.items.iter().any(|item| {
            let Item::Section(section) = item else { return false };
            let touches = |span: Span| span.start <= section.span.end && section.span.start <= span.end;
            section.kind.value == "data" && fix.edits.iter().any(|edit| touches(edit.span))
        })
    }

    /// A file that is used, with what the fix changes in it.
    fn read(&self, path: &Path, changed: &[Repaired]) -> io::Result<String> {
        let name = path.display().to_string();
        match changed.iter().find(|new| new.file.name == name) {
            Some(new) => Ok(new.text.clone()),
            None => (self.around.read)(path),
        }
    }

    fn is_better(&self, problem: &Diagnostic, fix: &Fix, after: &Loaded) -> bool {
        if self.is_still_there(problem, fix, after) {
            return false;
        }
        if problem.code < Code::E0006 || problem.code == Code::E0027 {
            // what cannot be read goes on to the end of its statement: there the next one shows
            let count =
                |problems: &Problems| problems.iter().filter(|other| other.code == problem.code).count();
            return count(&after.problems) < count(self.before);
        }
        if problem.level == Level::Error && is_of_words(problem.code) {
            return !self.is_wrong_there(fix, after);
        }
        let removed = usize::from(problem.level == Level::Error);
        after.problems.count(Level::Error) + removed <= self.before.count(Level::Error)
    }

    /// Whether there is such a problem where it stood. Some are told of the first place alone: then another
    /// place comes to light.
    fn is_still_there(&self, problem: &Diagnostic, fix: &Fix, after: &Loaded) -> bool {
        let start = problem.span().start;
        let (mut least, mut most) = (start, start);
        for edit in fix.edits.iter().filter(|edit| edit.span.start <= start) {
            let grown = edit.text.len().cast_signed() - edit.span.len().cast_signed();
            most = most.saturating_add_signed(grown.max(0));
            // an edit that ends behind the place has replaced it
            least = least.saturating_add_signed(if edit.span.end <= start { grown.min(0) } else { 0 });
        }
        let mut alike = after.problems.iter().filter(|other| other.code == problem.code);
        alike.any(|other| (least..=most).contains(&other.span().start))
    }

    /// Whether words are wrong where the fix has written, or right behind: a name with a value that it cannot
    /// have. What is checked after words is hidden by them everywhere.
    fn is_wrong_there(&self, fix: &Fix, after: &Loaded) -> bool {
        let (before, written) = (self.loaded.sources.main(), after.sources.main());
        let mut edits: Vec<_> = fix.edits.iter().filter(|edit| edit.span.end <= before.text.len()).collect();
        edits.sort_by_key(|edit| edit.span.start);
        let mut moved = 0_isize;
        edits.into_iter().any(|edit| {
            let start = edit.span.start.saturating_add_signed(moved);
            let end = start + edit.text.len();
            moved += edit.text.len().cast_signed() - edit.span.len().cast_signed();
            let rest = written.text.get(end..).unwrap_or("");
            let value = end + rest.len() - rest.trim_start_matches([' ', ':']).len();
            let mut errors = after.problems.iter().filter(|problem| problem.level == Level::Error);
            errors.any(|error| is_of_words(error.code) && (start..=value).contains(&error.span().start))
        })
    }
}

/// Problems of syntax and words, which may hide others.
fn is_of_words(code: Code) -> bool {
    code < Code::E0101 || OF_WORDS.contains(&code)
}
