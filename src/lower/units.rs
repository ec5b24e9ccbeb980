//! Files and the models and blocks in them: what a name in a body may stand for.

use std::collections::{BTreeMap, BTreeSet};

use super::Cx;
use super::constant::Constants;
use super::imports::{Imported, Imports, Target};
use super::section;
use crate::ast::{Definition, File, Item, Section};
use crate::diag::{Code, Diagnostic};
use crate::layers::Layer;
use crate::source::Span;

/// A model or block, and the file it is in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Callee<'f> {
    pub(super) definition: &'f Definition,
    /// The file, by its place in [`Units`].
    pub(super) unit: usize,
}

/// What a name in a body leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lookup<'f> {
    /// A model or block.
    Callee(Callee<'f>),
    /// Something that a `use` should have brought in; that it has not has been reported.
    Broken,
    /// A file that has no such model or block, with the `use` that brings it in.
    NotInFile(usize, Span),
    /// Nothing.
    Unknown,
}

/// The file that is compiled, first, and those that it uses.
#[derive(Debug)]
pub(super) struct Units<'f> {
    units: Vec<Unit<'f>>,
}

#[derive(Debug)]
struct Unit<'f> {
    definitions: Vec<&'f Definition>,
    /// The first definition of each name.
    by_name: BTreeMap<&'f str, &'f Definition>,
    /// What its `use`s bring in. Places of files are those in [`Units`].
    imports: Vec<Imported>,
    /// The imports of each name, by their places; of those that lead to the same kind of thing the first.
    aliases: BTreeMap<String, Vec<usize>>,
    /// The first import without a name that brings in each definition.
    brought_in: BTreeMap<&'f str, usize>,
    /// Some import without a name could not be read: any name may be one of its file.
    is_blind: bool,
    /// Where a `use` can be put: before all that may need it.
    top: usize,
    /// The constants at its top.
    constants: Constants,
    zoo: bool,
    /// How it prepares pictures.
    prepare: Vec<Section>,
}

impl<'f> Units<'f> {
    /// The file that is compiled, whose constants are in `cx`, and those that it uses.
    pub(super) fn new(cx: &mut Cx, file: &'f File, imports: &'f Imports) -> Self {
        let main = Unit::new(file, &imports.main, cx.constants.clone());
        let mut units = Units { units: vec![main] };
        for used in &imports.files {
            super::check_items(cx, &used.ast);
            let mut constants = Constants::default();
            let lets =
                used.ast.items.iter().filter_map(|item| if let Item::Let(c) = item { Some(c) } else { None });
            constants.define_all(lets, &mut cx.problems);
            constants.settle();
            units.units.push(Unit {
                zoo: used.is_zoo(),
                prepare: section::of_used_file(cx, &used.ast, "prepare"),
                ..Unit::new(&used.ast, &used.imports, constants)
            });
        }
        for unit in 0..units.units.len() {
            units.note_imports(unit);
            units.check_names(cx, unit);
        }
        units
    }

    /// Notes by which names the imports of a file can be meant.
    fn note_imports(&mut self, unit: usize) {
        let imports = std::mem::take(&mut self.units[unit].imports);
        let mut read: BTreeSet<usize> = BTreeSet::new();
        for (at, import) in imports.iter().enumerate() {
            match (&import.name, import.target) {
                (Some(alias), target) => {
                    let kind = std::mem::discriminant(&target);
                    let known = self.units[unit].aliases.entry(alias.value.clone()).or_default();
                    if known.iter().all(|&other| std::mem::discriminant(&imports[other].target) != kind) {
                        known.push(at);
                    }
                }
                (None, Target::File(file)) if read.insert(file) => {
                    let names: Vec<&'f str> = self.units[file].by_name.keys().copied().collect();
                    for name in names {
                        self.units[unit].brought_in.entry(name).or_insert(at);
                    }
                }
                (None, Target::Nothing) => self.units[unit].is_blind = true,
                (None, Target::File(_) | Target::Model(..)) => {}
            }
        }
        self.units[unit].imports = imports;
    }

    /// What a name stands for in a file.
    pub(super) fn find(&self, unit: usize, name: &str) -> Lookup<'f> {
        let at = &self.units[unit];
        if let Some(callee) = self.own(unit, name) {
            return Lookup::Callee(callee);
        }
        let (first, rest) = name.split_once('.').unwrap_or((name, ""));
        // those that can be meant, in the order in which they are written
        let unnamed = at.brought_in.get(name).into_iter();
        let mut meant: Vec<usize> =
            at.aliases.get(first).into_iter().flatten().chain(unnamed).copied().collect();
        meant.sort_unstable();
        for import in meant.into_iter().map(|at_import| &at.imports[at_import]) {
            match (&import.name, import.target) {
                (Some(alias), Target::File(file)) if alias.value == first && !rest.is_empty() => {
                    return self.own(file, rest).map_or(Lookup::NotInFile(file, import.span), Lookup::Callee);
                }
                (Some(alias), Target::Model(file, model)) if alias.value == name => {
                    return self.own(file, model).map_or(Lookup::Broken, Lookup::Callee);
                }
                (Some(alias), Target::Nothing) if alias.value == first => return Lookup::Broken,
                (None, Target::File(file)) => {
                    if let Some(callee) = self.own(file, name) {
                        return Lookup::Callee(callee);
                    }
                }
                (Some(_), Target::File(_) | Target::Model(..) | Target::Nothing)
                | (None, Target::Model(..) | Target::Nothing) => {}
            }
        }
        // any name may be one of a file that could not be read
        if at.is_blind { Lookup::Broken } else { Lookup::Unknown }
    }

    fn own(&self, unit: usize, name: &str) -> Option<Callee<'f>> {
        let definition = *self.units[unit].by_name.get(name)?;
        Some(Callee { definition, unit })
    }

    /// The names of models and blocks that can be used in a file, at most this many.
    pub(super) fn names(&self, unit: usize, most: usize) -> Vec<String> {
        let of_import = |import: &Imported| {
            let names: Vec<String> = match (&import.name, import.target) {
                (Some(alias), Target::File(file)) => {
                    self.own_names(file).take(most).map(|name| format!("{}.{name}", alias.value)).collect()
                }
                (None, Target::File(file)) => self.own_names(file).take(most).map(str::to_owned).collect(),
                (Some(alias), Target::Model(..)) => vec![alias.value.clone()],
                (_, Target::Nothing) | (None, Target::Model(..)) => Vec::new(),
            };
            names
        };
        let own = self.own_names(unit).map(str::to_owned);
        own.chain(self.units[unit].imports.iter().flat_map(of_import)).take(most).collect()
    }

    /// The names of a file's own models and blocks.
    pub(super) fn own_names(&self, unit: usize) -> impl Iterator<Item = &str> {
        self.units[unit].definitions.iter().map(|definition| definition.name.value.as_str())
    }

    /// The constants of a file, with the number of classes that `here` knows.
    pub(super) fn constants(&self, unit: usize, here: &Constants) -> Constants {
        let mut constants = self.units[unit].constants.clone();
        constants.go_on_from(here);
        constants
    }

    /// Where a `use` can be put into the file that is compiled; `None` in others, which are not to be changed.
    pub(super) fn top(&self, unit: usize) -> Option<usize> {
        (unit == 0).then(|| self.units[unit].top)
    }

    /// Whether the file is one of the zoo.
    pub(super) fn is_zoo(&self, unit: usize) -> bool {
        self.units[unit].zoo
    }

    /// The `prepare` sections of a file that is used; the file that is compiled prepares for all it uses.
    pub(super) fn prepare(&self, unit: usize) -> &[Section] {
        &self.units[unit].prepare
    }

    /// E0014 and E0020 for names that a `use` brings in although they have a meaning.
    fn check_names(&self, cx: &mut Cx, unit: usize) {
        let at = &self.units[unit];
        let mut known: BTreeMap<&str, Span> =
            at.definitions.iter().rev().map(|d| (d.name.value.as_str(), d.name.span)).collect();
        let mut times: BTreeMap<usize, usize> = BTreeMap::new();
        for import in &at.imports {
            let brought: Vec<(&str, Span)> = match (&import.name, import.target) {
                (Some(alias), _) => vec![(alias.value.as_str(), alias.span)],
                (None, Target::File(file)) => {
                    let before = times.entry(file).or_default();
                    *before += 1;
                    // that it is brought in once too often is said of all its names once
                    let most = if *before <= 2 { usize::MAX } else { 1 };
                    self.own_names(file).take(most).map(|name| (name, import.span)).collect()
                }
                (None, Target::Model(..) | Target::Nothing) => Vec::new(),
            };
            for (name, place) in brought {
                if Layer::kind(name).is_some() {
                    cx.report(
                        Diagnostic::new(Code::E0020).saying("layer").arg("name", name).at(place, "here"),
                    );
                } else if let Some(first) = known.get(name) {
                    let problem = Diagnostic::new(Code::E0014).arg("what", format!("`{name}`"));
                    cx.report(problem.at(place, "second").also(*first, "first").help("alias"));
                } else {
                    known.insert(name, place);
                }
            }
        }
    }
}

impl<'f> Unit<'f> {
    fn new(file: &'f File, imports: &[Imported], constants: Constants) -> Self {
        Self {
            definitions: definitions(file),
            by_name: by_name(file),
            imports: renumbered(imports),
            aliases: BTreeMap::new(),
            brought_in: BTreeMap::new(),
            is_blind: false,
            top: top(file),
            constants,
            zoo: false,
            prepare: Vec::new(),
        }
    }
}

/// Where the first item begins that does not say which version of the language it is.
fn top(file: &File) -> usize {
    let begins = |item: &Item| match item {
        Item::Language(_) => None,
        Item::Use(import) => Some(import.span.start),
        Item::Let(constant) => Some(constant.span.start),
        Item::Allow(allow) => Some(allow.span.start),
        Item::Definition(definition) => Some(definition.span.start),
        Item::Section(section) => Some(section.kind.span.start),
    };
    file.items.iter().find_map(begins).unwrap_or(0)
}

fn by_name(file: &File) -> BTreeMap<&str, &Definition> {
    // of two with one name, which has been reported, the first counts
    definitions(file)
        .into_iter()
        .rev()
        .map(|definition| (definition.name.value.as_str(), definition))
        .collect()
}

fn definitions(file: &File) -> Vec<&Definition> {
    let definitions = file.items.iter().filter_map(|item| match item {
        Item::Definition(definition) => Some(definition),
        Item::Language(_) | Item::Use(_) | Item::Let(_) | Item::Allow(_) | Item::Section(_) => None,
    });
    definitions.collect()
}

/// The file that is compiled comes before those that it uses.
fn renumbered(imports: &[Imported]) -> Vec<Imported> {
    let target = |target: Target| match target {
        Target::File(file) => Target::File(file + 1),
        Target::Model(file, model) => Target::Model(file + 1, model),
        Target::Nothing => Target::Nothing,
    };
    imports.iter().map(|import| Imported { target: target(import.target), ..import.clone() }).collect()
}
