//! `search(…)`: values that stand for several, and the space they span.
//!
//! They are found in the tree before anything is lowered ([`found`]), each with what it may be
//! ([`domain`]) and a name ([`names`]). Lowering then sees one point of the space: where a `search(…)`
//! stands, it reads the value that the point has there; without one it is the first of each. Which
//! parameters are read is noted ([`super::constant`]), as a point has values for those alone.

mod domain;
mod found;
mod names;

use std::collections::{BTreeMap, BTreeSet};

use super::Cx;
use super::section::Merged;
use crate::ast::visit::{Visitor, walk_definition, walk_expr, walk_section, walk_step};
use crate::ast::{Definition, DefinitionKind, Expr, ExprKind, File, Item, Step};
use crate::source::Span;
use crate::space::{Parameter, Point, Space};

use domain::Values;
use found::{Finder, Found};

/// The word itself.
pub(super) const SEARCH: &str = "search";

/// The values that stand for each `search(…)` of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct SearchSpace {
    /// By their places.
    searches: Vec<Search>,
    /// Places of those with mistakes, which have been reported.
    broken: Vec<Span>,
    point: Point,
}

#[derive(Debug, Clone)]
struct Search {
    span: Span,
    values: Values,
    /// Which parameter it is; none where nothing that is compiled can read it.
    parameter: Option<usize>,
    name: String,
}

/// What stands for a `search(…)`.
#[derive(Debug, Clone)]
pub(super) struct Stand {
    /// Its value at the point.
    pub(super) value: Expr,
    /// Which parameter it is, if it is one.
    pub(super) parameter: Option<usize>,
}

impl SearchSpace {
    /// Whether nothing is searched for.
    pub(super) fn is_empty(&self) -> bool {
        self.searches.is_empty() && self.broken.is_empty()
    }

    /// What stands for the `search(…)` at a place; `None` where there is none.
    pub(super) fn value_at(&self, span: Span) -> Option<Stand> {
        let at = self.searches.binary_search_by_key(&span, |search| search.span).ok()?;
        let Search { values, parameter, .. } = &self.searches[at];
        let value = parameter.and_then(|at| self.point.0.get(at).copied().flatten());
        Some(Stand { value: values.written(value), parameter: *parameter })
    }

    /// Whether the `search(…)` at a place has a mistake that has been reported.
    pub(super) fn is_broken(&self, span: Span) -> bool {
        self.broken.binary_search(&span).is_ok()
    }

    /// The same space at another point.
    pub(super) fn at(mut self, point: &Point) -> Self {
        self.point = point.clone();
        self
    }

    /// The parameters.
    pub(super) fn space(&self) -> Space {
        let parameter =
            |search: &Search| Parameter { name: search.name.clone(), domain: search.values.domain.clone() };
        Space { parameters: self.parameters().map(parameter).collect() }
    }

    /// Where each parameter stands.
    pub(super) fn places(&self) -> Vec<Span> {
        self.parameters().map(|search| search.span).collect()
    }

    fn parameters(&self) -> impl Iterator<Item = &Search> {
        self.searches.iter().filter(|search| search.parameter.is_some())
    }

    /// The first `search(…)`, if there is one.
    pub(super) fn first(&self) -> Option<Span> {
        self.parameters().map(|search| search.span).chain(self.broken.iter().copied()).min()
    }
}

/// All `search(…)` that a program is made of: of a model, what it uses, and the sections for it, each with the
/// kind of section it is. Mistakes in them are reported.
pub(super) fn space(
    cx: &mut Cx,
    file: &File,
    chosen: Option<&Definition>,
    sections: &[Option<(&str, &Merged)>],
) -> SearchSpace {
    let sections: Vec<(&str, &Merged)> = sections.iter().copied().flatten().collect();
    if !is_anywhere(file) && !sections.iter().any(|(_, section)| is_in_section(section)) {
        return SearchSpace::default();
    }
    let mut found = find(file, chosen, &sections);
    found.sort_by_key(|found| found.span);
    // an override stands in for each phase that it changes
    found.dedup_by_key(|found| found.span);
    let mut space = SearchSpace::default();
    let mut trails = Vec::new();
    for found in found {
        match domain::values(cx, &found) {
            Some(values) => {
                let parameter = found.is_used.then_some(trails.len());
                if found.is_used {
                    trails.push(found.trail);
                }
                space.searches.push(Search { span: found.span, values, parameter, name: String::new() });
            }
            None => space.broken.push(found.span),
        }
    }
    let mut names = names::shortest(&trails).into_iter();
    for search in space.searches.iter_mut().filter(|search| search.parameter.is_some()) {
        search.name = names.next().unwrap_or_default();
    }
    space
}

fn find(file: &File, chosen: Option<&Definition>, sections: &[(&str, &Merged)]) -> Vec<Found> {
    let mut finder = Finder::new(file);
    for (kind, section) in sections {
        finder.section(kind, section);
    }
    let used = used(file, chosen, sections);
    for item in &file.items {
        match item {
            Item::Let(constant) => {
                finder.is_used = used.contains(&constant.name.value);
                finder.constant(constant);
            }
            Item::Definition(definition) => {
                let is_chosen = chosen.is_some_and(|chosen| std::ptr::eq(chosen, definition));
                finder.is_used = is_chosen || used.contains(&definition.name.value);
                // other models are other experiments
                if finder.is_used || definition.kind == DefinitionKind::Block {
                    finder.definition(definition);
                }
            }
            Item::Language(_) | Item::Use(_) | Item::Allow(_) | Item::Section(_) => {}
        }
    }
    finder.found
}

/// The names that a model and its sections use, and what these use in turn.
fn used(file: &File, chosen: Option<&Definition>, sections: &[(&str, &Merged)]) -> BTreeSet<String> {
    let mut items: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
    for item in &file.items {
        match item {
            Item::Let(constant) => items.entry(&constant.name.value).or_default().push(item),
            Item::Definition(definition) => items.entry(&definition.name.value).or_default().push(item),
            Item::Language(_) | Item::Use(_) | Item::Allow(_) | Item::Section(_) => {}
        }
    }
    let mut names = Names::default();
    chosen.iter().for_each(|definition| walk_definition(&mut names, definition));
    for (_, section) in sections {
        section.settings.iter().for_each(|setting| walk_expr(&mut names, &setting.value));
        section.calls.iter().for_each(|call| walk_step(&mut names, call));
        section.lets.iter().for_each(|constant| walk_expr(&mut names, &constant.value));
        section.phases.iter().for_each(|phase| walk_section(&mut names, phase));
    }
    while let Some(name) = names.new.pop() {
        for item in items.get(name.as_str()).into_iter().flatten() {
            match item {
                Item::Let(constant) => walk_expr(&mut names, &constant.value),
                Item::Definition(definition) => walk_definition(&mut names, definition),
                Item::Language(_) | Item::Use(_) | Item::Allow(_) | Item::Section(_) => {}
            }
        }
    }
    names.known
}

/// Names that were met.
#[derive(Default)]
struct Names {
    known: BTreeSet<String>,
    /// Those of which it was not looked yet what they use.
    new: Vec<String>,
}

impl Names {
    fn add(&mut self, path: &str) {
        // `b.wide` uses `b`
        let first = path.split('.').next().unwrap_or(path);
        if !self.known.contains(first) {
            self.known.insert(first.to_owned());
            self.new.push(first.to_owned());
        }
    }
}

impl Visitor for Names {
    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Name(path) => self.add(path),
            ExprKind::Call(name, _) => self.add(&name.value),
            _ => {}
        }
    }

    fn step(&mut self, step: &Step) {
        self.add(&step.callee.value);
    }
}

/// Whether anything of a file is searched for.
pub(super) fn is_anywhere(file: &File) -> bool {
    let mut search = IsThere(false);
    for item in &file.items {
        match item {
            Item::Let(constant) => walk_expr(&mut search, &constant.value),
            Item::Definition(definition) => walk_definition(&mut search, definition),
            Item::Section(section) => walk_section(&mut search, section),
            Item::Language(_) | Item::Use(_) | Item::Allow(_) => {}
        }
    }
    search.0
}

/// Whether anything of a section is searched for, settings from outside included.
fn is_in_section(section: &Merged) -> bool {
    section.settings.iter().any(|setting| is_in(&setting.value))
        || section.calls.iter().any(|call| call.arguments.iter().any(|argument| is_in(&argument.value)))
}

/// Whether a `search(…)` stands in a value.
fn is_in(expr: &Expr) -> bool {
    let mut search = IsThere(false);
    walk_expr(&mut search, expr);
    search.0
}

/// Whether `search` was met.
struct IsThere(bool);

impl Visitor for IsThere {
    fn expr(&mut self, expr: &Expr) {
        self.0 |= matches!(&expr.kind, ExprKind::Call(name, _) if name.value == SEARCH);
    }

    fn step(&mut self, step: &Step) {
        self.0 |= step.callee.value == SEARCH;
    }
}
