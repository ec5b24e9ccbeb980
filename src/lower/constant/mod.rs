//! Constants and their arithmetic, done while compiling.

mod arithmetic;
mod closed;
mod evaluate;
mod later;
mod value;

pub(super) use arithmetic::FUNCTIONS;
pub(super) use later::{Later, Parameters};
pub(super) use value::Value;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::ast::{Let, Name};
use crate::diag::{Code, Diagnostic, Mention, Problems, Term};
use crate::source::Span;

use super::reserved::is_reserved;
use super::search::SearchSpace;
use later::Reads;

/// The constants in sight.
#[derive(Debug, Clone, Default)]
pub(super) struct Constants {
    /// Those at the top of a file, which all its bodies share.
    of_file: Rc<Values>,
    /// Those of the bodies around this place.
    values: Values,
    /// What `values` held before each change, so that the end of a body can take back what was defined in it.
    changes: Vec<(String, Option<Defined>)>,
    classes: Classes,
    /// What stands for each `search(…)`.
    search: Rc<SearchSpace>,
    /// Which of its parameters were read.
    reads: Reads,
    work: Work,
}

/// How many classes the data have.
#[derive(Debug, Clone, Default)]
pub(in crate::lower) enum Classes {
    /// There are no data.
    #[default]
    NoData,
    /// There are data, and nothing is known of them: their name.
    Unknown(String),
    /// The labels are numbers.
    Numbers,
    /// So many.
    Known(usize),
}

/// What a constant is worth, and where its name is given.
#[derive(Debug, Clone)]
struct Defined {
    worth: Later,
    place: Span,
}

type Values = BTreeMap<String, Defined>;

/// How many constants were defined at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark(usize);

/// What evaluating values has cost, in the parts of values that were looked at. A list that a constant stands
/// for can be used again and again, and each time it is gone through.
#[derive(Debug, Clone, Default)]
struct Work(Rc<Cell<usize>>);

/// Most parts of values that are looked at for a program.
const MOST_WORK: usize = 20_000_000;

impl Work {
    /// Adds to it; false where there has been too much, which is reported once.
    fn add(&self, parts: usize, span: Span, problems: &mut Problems) -> bool {
        let before = self.0.get();
        let after = before.saturating_add(parts);
        self.0.set(after);
        if before <= MOST_WORK && after > MOST_WORK {
            let problem = Diagnostic::new(Code::E0018).saying("work").arg("limit", MOST_WORK);
            problems.push(problem.at(span, "work-here"));
        }
        after <= MOST_WORK
    }
}

impl Constants {
    /// Tells how many classes the data have.
    pub(super) fn set_classes(&mut self, classes: Classes) {
        self.classes = classes;
    }

    /// Says what stands for each `search(…)`.
    pub(super) fn set_search(&mut self, search: SearchSpace) {
        self.search = Rc::new(search);
    }

    /// What is defined so far is what all bodies of the file share.
    pub(super) fn settle(&mut self) {
        let own = std::mem::take(&mut self.values);
        Rc::make_mut(&mut self.of_file).extend(own);
        self.changes.clear();
    }

    /// Constants of another file are used at a place where these are known: the classes are the same, and so
    /// is the work that may be done.
    pub(super) fn go_on_from(&mut self, here: &Constants) {
        self.classes = here.classes.clone();
        self.work = here.work.clone();
        self.reads = here.reads.clone();
    }

    /// What is defined now.
    pub(super) fn mark(&self) -> Mark {
        Mark(self.changes.len())
    }

    /// Takes back what was defined since a mark.
    pub(super) fn return_to(&mut self, mark: Mark) {
        for (name, before) in self.changes.drain(mark.0..).rev() {
            match before {
                Some(before) => drop(self.values.insert(name, before)),
                None => drop(self.values.remove(&name)),
            }
        }
    }

    fn get(&self, name: &str) -> Option<&Defined> {
        self.values.get(name).or_else(|| self.of_file.get(name))
    }

    fn insert(&mut self, name: &Name, worth: Later) {
        let before = self.values.insert(name.value.clone(), Defined { worth, place: name.span });
        self.changes.push((name.value.clone(), before));
    }

    /// Whether there is a constant, parameter or index of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Defines constants in the order given; each may use those before it.
    pub(super) fn define_all<'l>(&mut self, lets: impl Iterator<Item = &'l Let>, problems: &mut Problems) {
        for constant in lets {
            self.define(constant, problems);
        }
    }

    /// Defines one constant. Choices win over constants, so a constant named like one could never be used.
    pub(super) fn define(&mut self, constant: &Let, problems: &mut Problems) {
        let name = &constant.name;
        if is_reserved(&name.value) {
            problems.push(Diagnostic::new(Code::E0020).arg("name", &name.value).at(name.span, "here"));
            return;
        }
        if let Some(Defined { place: first, .. }) = self.get(&name.value) {
            let problem = Diagnostic::new(Code::E0014)
                .mention("what", Mention::Named(Term::Constant, name.value.clone()))
                .at(name.span, "second")
                .also(*first, "first");
            problems.push(problem);
            return;
        }
        let worth = self.later(problems, |constants, problems| constants.evaluate(&constant.value, problems));
        self.insert(name, worth);
    }

    /// Whether a name can be one of a constant, parameter or index; E0020 where options take the word.
    pub(super) fn check_name(&self, name: &Name, problems: &mut Problems) -> bool {
        // a parameter may take the place of the data's count
        let taken = is_reserved(&name.value) && name.value != "classes";
        if taken {
            problems.push(Diagnostic::new(Code::E0020).arg("name", &name.value).at(name.span, "here"));
        }
        !taken
    }

    /// Says what a parameter or index is worth, whatever the name stood for outside.
    pub(super) fn bind(&mut self, name: &Name, worth: Later) {
        self.insert(name, worth);
    }

    /// The names of all constants.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().chain(self.of_file.keys()).map(String::as_str)
    }

    /// Whether the word is `classes` and the count is not known.
    pub(super) fn classes_are_unknown(&self, word: &str) -> bool {
        word == "classes" && !matches!(self.classes, Classes::Known(_))
    }
}
