//! Files and the models and blocks in them: what a name in a body may stand for.

use super::constant::Constants;
use crate::ast::{Definition, File, Item};
use crate::ir::PrepareSpec;

/// A model or block, and the file it is in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Callee<'f> {
    pub(super) definition: &'f Definition,
    /// The file, by its place in [`Units`].
    pub(super) unit: usize,
}

/// The file that is compiled, first, and those that it uses.
#[derive(Debug)]
pub(super) struct Units<'f> {
    units: Vec<Unit<'f>>,
}

#[derive(Debug)]
struct Unit<'f> {
    definitions: Vec<&'f Definition>,
    /// The constants at its top.
    constants: Constants,
    zoo: bool,
    /// How it prepares pictures.
    prepare: Option<PrepareSpec>,
}

impl<'f> Units<'f> {
    /// One file by itself.
    pub(super) fn new(file: &'f File, constants: Constants) -> Self {
        let definitions = file.items.iter().filter_map(|item| match item {
            Item::Definition(definition) => Some(definition),
            Item::Language(_) | Item::Use(_) | Item::Let(_) | Item::Allow(_) | Item::Section(_) => None,
        });
        Self { units: vec![Unit { definitions: definitions.collect(), constants, zoo: false, prepare: None }] }
    }

    /// What a name stands for in a file.
    pub(super) fn find(&self, unit: usize, name: &str) -> Option<Callee<'f>> {
        let own = self.units[unit].definitions.iter().find(|definition| definition.name.value == name);
        own.map(|definition| Callee { definition, unit })
    }

    /// The names of models and blocks that a file knows.
    pub(super) fn names(&self, unit: usize) -> Vec<String> {
        self.units[unit].definitions.iter().map(|definition| definition.name.value.clone()).collect()
    }

    /// The constants of a file, with the number of classes that `here` knows.
    pub(super) fn constants(&self, unit: usize, here: &Constants) -> Constants {
        let mut constants = self.units[unit].constants.clone();
        constants.set_classes(here.classes());
        constants
    }

    /// Whether the file is one of the zoo.
    pub(super) fn is_zoo(&self, unit: usize) -> bool {
        self.units[unit].zoo
    }

    /// How the file prepares pictures, if it says; the file that is compiled prepares for all it uses.
    pub(super) fn prepare(&self, unit: usize) -> Option<PrepareSpec> {
        self.units[unit].prepare.clone()
    }
}
