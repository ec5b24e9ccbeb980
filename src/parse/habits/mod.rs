//! What is written as in Python, Keras or another language, and how it is written here (E0027).
//!
//! Habits are looked for only in a text that could not be read, so none of them can change what a right text
//! means. The text is then read once more as if it were mended.

mod blocks;
mod marks;
mod names;
mod pieces;
mod statements;
#[cfg(test)]
mod tests;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use super::places::Places;
use crate::diag::{Code, Diagnostic, Edit, Mention, Problems};
use crate::source::Span;

use pieces::Pieces;

/// How often a text is gone through: what is mended in one round may show what else is to be mended.
const MOST_ROUNDS: usize = 4;

/// Most habits of a text: who has more of them reads the first.
const MOST_HABITS: usize = 2_000;

/// Most lines that are named.
const MOST_LINES: usize = 20;

/// Longest line that is shown as it should be.
const LONGEST_SHOWN: usize = 100;

/// A habit that one place of the text shows.
#[derive(Debug, Clone)]
struct Habit {
    kind: Kind,
    place: Span,
    /// What is written.
    name: String,
    /// What is to be written.
    written: String,
    edits: Vec<Edit>,
}

impl Habit {
    fn new(kind: Kind, place: Span) -> Self {
        Self { kind, place, name: String::new(), written: String::new(), edits: Vec::new() }
    }

    /// Key of the label's sentence.
    fn label(&self) -> &'static str {
        match self.kind {
            // between two settings of a line something else stands in its place
            Kind::Comma if !self.written.is_empty() => "written-here",
            kind => kind.sentences()[1],
        }
    }

    fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    fn written(mut self, written: &str) -> Self {
        written.clone_into(&mut self.written);
        self
    }

    fn edit(mut self, span: Span, text: impl Into<String>) -> Self {
        self.edits.push(Edit { span, text: text.into() });
        self
    }
}

/// Kinds of habits; the order is that of importance where a line has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// `model A:` and an indented body.
    Block,
    /// `model A` and `{` on the next line.
    Brace,
    /// `model 모델 {`
    Name,
    /// `import keras`
    Import,
    /// `model.add(…)`
    Add,
    /// `conv2d(…)(x)`
    Call,
    /// `for i in range(3)`
    Repeat,
    /// `kernel_size=3`
    Equals,
    /// `epochs 3`
    Colon,
    /// `conv2d 32, 3`
    Parentheses,
    /// `conv2d(32 3)`
    Separator,
    /// `flatten relu`, `flatten | relu`
    Arrow,
    /// `metrics: accuracy, mae`
    List,
    /// `(3, 3)`
    Tuple,
    /// `folder(./photos)`
    Path,
    /// `'relu'`
    Word,
    /// `Model A {`, `use_bias=True`
    Case,
    /// `'photos'`
    Quote,
    /// `1./255`
    Number,
    /// `1_000`
    Digits,
    /// `3 x 3`
    Size,
    /// `20 %`
    Unit,
    /// `，`
    Wide,
    /// A blank that is none of ASCII.
    Blank,
    /// `epochs: 3,`
    Comma,
    /// `# …`
    Hash,
}

impl Kind {
    /// Keys of the main sentence and of the label.
    fn sentences(self) -> [&'static str; 2] {
        match self {
            Kind::Block => ["block", "block-here"],
            Kind::Brace => ["brace", "brace-here"],
            Kind::Case => ["case", "written-here"],
            Kind::Name => ["name", "written-here"],
            Kind::Import => ["import", "needless-here"],
            Kind::Add => ["add", "needless-here"],
            Kind::Call => ["call", "needless-here"],
            Kind::Repeat => ["repeat", "written-here"],
            Kind::Equals => ["equals", "colon-here"],
            Kind::Colon => ["colon", "colon-here"],
            Kind::Parentheses => ["parentheses", "parentheses-here"],
            Kind::Separator => ["separator", "comma-here"],
            Kind::Arrow => ["arrow", "written-here"],
            Kind::List => ["list", "written-here"],
            Kind::Tuple => ["tuple", "written-here"],
            Kind::Path => ["path", "written-here"],
            Kind::Word => ["word", "written-here"],
            Kind::Quote => ["quote", "written-here"],
            Kind::Number => ["number", "written-here"],
            Kind::Digits => ["digits", "written-here"],
            Kind::Size => ["size", "written-here"],
            Kind::Unit => ["unit", "written-here"],
            Kind::Wide => ["wide", "written-here"],
            Kind::Blank => ["blank", "blank-here"],
            Kind::Comma => ["comma", "needless-here"],
            Kind::Hash => ["hash", "hash-here"],
        }
    }

    /// Whether all lines that show the habit are told at once: whoever has it has it everywhere.
    fn is_of_file(self) -> bool {
        match self {
            Kind::Block | Kind::Brace | Kind::Import | Kind::Comma | Kind::Hash | Kind::Blank => true,
            Kind::Case
            | Kind::Name
            | Kind::Add
            | Kind::Call
            | Kind::Repeat
            | Kind::Equals
            | Kind::Colon
            | Kind::Parentheses
            | Kind::Separator
            | Kind::Arrow
            | Kind::List
            | Kind::Tuple
            | Kind::Path
            | Kind::Word
            | Kind::Quote
            | Kind::Number
            | Kind::Digits
            | Kind::Size
            | Kind::Unit
            | Kind::Wide => false,
        }
    }
}

/// Habits found in one round. None touches the text that another one changes.
struct Found<'t> {
    text: &'t str,
    habits: Vec<Habit>,
    /// Ends and starts of what is changed.
    taken: BTreeMap<usize, usize>,
    /// Places where something is put in.
    filled: BTreeSet<usize>,
}

impl Found<'_> {
    fn add(&mut self, habit: Habit) {
        let free = |edit: &Edit| {
            let Span { start, end } = edit.span;
            let inside = self.text.get(start..end).is_some();
            let clear = self.taken.range(start + 1..).next().is_none_or(|(_, from)| *from >= end);
            inside && clear && (start < end || !self.filled.contains(&start))
        };
        if self.habits.len() >= MOST_HABITS || !habit.edits.iter().all(free) {
            return;
        }
        for Edit { span, .. } in &habit.edits {
            if span.start < span.end {
                self.taken.insert(span.end, span.start);
            } else {
                self.filled.insert(span.start);
            }
        }
        self.habits.push(habit);
    }
}

/// A text as it would be without its habits.
pub(super) struct Amended {
    pub(super) text: String,
    /// What was changed in the text as it was given, sorted.
    pub(super) edits: Vec<Edit>,
    habits: Vec<Habit>,
}

/// Takes the habits out of a text; `None` where there are none.
pub(super) fn amend(text: &str) -> Option<Amended> {
    let mut amended = Amended { text: text.to_owned(), edits: Vec::new(), habits: Vec::new() };
    for _ in 0..MOST_ROUNDS {
        let habits = find(&amended.text);
        if habits.is_empty() || !amended.take(text, habits) {
            break;
        }
    }
    (!amended.habits.is_empty()).then_some(amended)
}

fn find(text: &str) -> Vec<Habit> {
    let pieces = Pieces::of(text);
    let mut found = Found { text, habits: Vec::new(), taken: BTreeMap::new(), filled: BTreeSet::new() };
    blocks::find(&pieces, &mut found);
    names::find(&pieces, &mut found);
    statements::find(&pieces, &mut found);
    values::find(&pieces, &mut found);
    marks::find(&pieces, &mut found);
    found.habits
}

impl Amended {
    /// Takes out habits that were found in what is amended so far. False where there was nothing to change.
    fn take(&mut self, original: &str, habits: Vec<Habit>) -> bool {
        let places = Places::of_edited(0, &self.edits);
        let before = self.edits.len();
        for mut habit in habits {
            habit.place = places.global(habit.place);
            for edit in &mut habit.edits {
                edit.span = places.global(edit.span);
            }
            // what an earlier round wrote is written anew where it is changed as a whole
            let covers = |edit: &Edit, other: &Edit| {
                edit.span.start <= other.span.start
                    && other.span.end <= edit.span.end
                    && edit.span != other.span
            };
            let meets = |edit: &Edit, other: &Edit| {
                edit.span.start < other.span.end && other.span.start < edit.span.end
                    || edit.span == other.span
            };
            let sound = |edit: &Edit| {
                self.edits[..before].iter().all(|other| !meets(edit, other) || covers(edit, other))
            };
            if habit.edits.iter().all(sound) {
                self.habits.push(habit);
            }
        }
        let found = self.habits.iter().flat_map(|habit| &habit.edits).cloned();
        let count = self.edits.len();
        self.edits = joined(found.collect());
        self.text = applied(original, &self.edits);
        self.edits.len() > count
    }

    /// The habits as problems: one for each line, or of what whole files are written with, one for all.
    pub(super) fn problems(&self, text: &str) -> Problems {
        let lines = Lines::of(text);
        let mut groups: BTreeMap<(Option<Kind>, usize), Vec<&Habit>> = BTreeMap::new();
        for habit in &self.habits {
            let group = match habit.kind {
                kind if kind.is_of_file() => (Some(kind), 0),
                // another name is another mistake
                Kind::Name => (Some(Kind::Name), habit.place.start),
                _ => (None, lines.at(habit.place.start)),
            };
            groups.entry(group).or_default().push(habit);
        }
        let mut problems = Problems::new();
        for ((of_file, line), mut habits) in groups {
            habits.sort_by_key(|habit| (habit.place.start, habit.kind));
            let line = of_file.is_none().then(|| self.line(text, &lines, line)).flatten();
            if let Some(problem) = problem(&habits, &lines, line) {
                problems.push(problem);
            }
        }
        problems
    }

    /// A line as it should be written.
    fn line(&self, text: &str, lines: &Lines, line: usize) -> Option<String> {
        let Span { start, end } = lines.span(line);
        let within: Vec<Edit> = self
            .edits
            .iter()
            .filter(|edit| start <= edit.span.start && edit.span.end <= end)
            .map(|edit| Edit {
                span: Span::new(edit.span.start - start, edit.span.end - start),
                text: edit.text.clone(),
            })
            .collect();
        let plain = within.iter().all(|edit| !edit.text.contains('\n'));
        let shown = applied(text.get(start..end)?, &within).trim().to_owned();
        (plain && shown.len() <= LONGEST_SHOWN && !shown.contains('`')).then_some(shown)
    }
}

/// One problem of all these habits; the most important one is said first.
fn problem(habits: &[&Habit], lines: &Lines, line: Option<String>) -> Option<Diagnostic> {
    let first = habits.iter().min_by_key(|habit| habit.kind)?;
    let others = || habits.iter().filter(|habit| !std::ptr::eq(**habit, *first));
    let mut problem = Diagnostic::new(Code::E0027)
        .saying(first.kind.sentences()[0])
        .arg("name", &first.name)
        .arg("written", &first.written)
        .at(first.place, first.label());
    if first.kind.is_of_file() {
        let number = |habit: &Habit| lines.at(habit.place.start) + 1;
        let mut numbers: Vec<usize> = others().map(|habit| number(habit)).collect();
        numbers.dedup();
        numbers.retain(|other| *other != number(first));
        if !numbers.is_empty() {
            numbers.truncate(MOST_LINES);
            problem = problem.mention("lines", Mention::Lines(numbers)).help("lines");
        }
    } else {
        let of_line = others().filter(|habit| habit.kind != Kind::Name);
        problem = of_line.fold(problem, |problem, habit| {
            problem.also_with(habit.place, habit.label(), "written", &habit.written)
        });
        if let Some(line) = line {
            problem = problem.arg("line", line).help("line");
        }
    }
    let edits = habits.iter().flat_map(|habit| &habit.edits).cloned();
    Some(problem.fix_all(joined(edits.collect())))
}

/// Edits in order, without those that lie in a later one's text.
fn joined(mut edits: Vec<Edit>) -> Vec<Edit> {
    // what is put in comes first; of two others at one place the one that replaces more is the later
    let is_empty = |span: Span| span.start == span.end;
    edits.sort_by_key(|edit| (edit.span.start, !is_empty(edit.span), std::cmp::Reverse(edit.span.end)));
    let mut kept: Vec<Edit> = Vec::new();
    for edit in edits {
        let inside =
            kept.last().is_some_and(|last: &Edit| edit.span.start < last.span.end || edit.span == last.span);
        if !inside {
            kept.push(edit);
        }
    }
    kept
}

/// A text with sorted edits made.
fn applied(text: &str, edits: &[Edit]) -> String {
    let mut written = String::with_capacity(text.len());
    let mut taken = 0;
    for edit in edits {
        written.push_str(text.get(taken..edit.span.start).unwrap_or(""));
        written.push_str(&edit.text);
        taken = edit.span.end;
    }
    written.push_str(text.get(taken..).unwrap_or(""));
    written
}

/// Where lines begin.
struct Lines {
    starts: Vec<usize>,
    end: usize,
}

impl Lines {
    fn of(text: &str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { starts: starts.collect(), end: text.len() }
    }

    /// The line of an offset, from 0 on.
    fn at(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// What stands on a line.
    fn span(&self, line: usize) -> Span {
        let end = self.starts.get(line + 1).map_or(self.end, |next| next - 1);
        Span::new(self.starts[line], end)
    }
}
