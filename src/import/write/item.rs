//! What stands in bodies that are being written.

use crate::layers::KindInfo;

/// A statement: a layer, a join with its branches, or the use of a block.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) callee: Callee,
    /// A value for each option of the layer, or parameter of the block; `None` where it has its default.
    pub(super) values: Vec<Option<Value>>,
    /// Of a join.
    pub(super) branches: Vec<Branch>,
    /// Units that it takes by their names; the value before it where there are none.
    pub(super) operands: Vec<usize>,
    /// The unit that it goes on from, where that is not the one before it.
    pub(super) from: Option<usize>,
    /// Its name in the file, or what is left of that within a block; empty where it has none.
    pub(super) name: String,
    /// The units that it begins and ends with; of the body of a block, those of its first use.
    pub(super) units: [usize; 2],
    /// Some statement takes its value by name.
    pub(super) is_taken: bool,
}

/// What a statement calls.
#[derive(Debug, Clone, Copy)]
pub(super) enum Callee {
    Layer(&'static KindInfo),
    /// By its place among the blocks.
    Block(usize),
}

/// A branch of a join.
#[derive(Debug, Clone, Default)]
pub(super) struct Branch {
    /// The parameter that decides whether its items are there; it is empty where they are not.
    pub(super) condition: Option<usize>,
    pub(super) items: Vec<Item>,
}

/// A value of an option.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    /// As it is written.
    Plain(String),
    /// `4 * filters`, of the block in which it stands.
    Parameter { at: usize, factor: u64 },
}

/// A block.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) name: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) items: Vec<Item>,
}

/// A parameter of a block.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// `None` where every use must give it.
    pub(super) default: Option<String>,
    /// It is a number of channels, which people write without its name.
    pub(super) is_count: bool,
}

impl Item {
    /// How many lines it takes.
    pub(super) fn lines(&self) -> usize {
        if self.branches.is_empty() {
            return 1;
        }
        2 + self
            .branches
            .iter()
            .map(|branch| match &branch.items[..] {
                [] => 1,
                [one] if one.branches.is_empty() => 1,
                items => 2 + lines(items),
            })
            .sum::<usize>()
    }

    /// Whether it and another one use the same block.
    pub(super) fn is_same_block(&self, other: &Item) -> bool {
        matches!((self.callee, other.callee), (Callee::Block(own), Callee::Block(other)) if own == other)
    }

    /// Bodies in each other.
    pub(super) fn depth(&self) -> usize {
        let inner = self.branches.iter().flat_map(|branch| &branch.items).map(Item::depth).max();
        if self.branches.is_empty() { 0 } else { 1 + inner.unwrap_or(0) }
    }

    /// It and all in its branches, in the order of evaluation of their ends: a join comes behind its branches.
    pub(super) fn each<'i>(&'i self, see: &mut dyn FnMut(&'i Item)) {
        self.branches.iter().flat_map(|branch| &branch.items).for_each(|item| item.each(see));
        see(self);
    }

    /// As [`Item::each`].
    pub(super) fn each_mut(&mut self, see: &mut dyn FnMut(&mut Item)) {
        self.branches.iter_mut().flat_map(|branch| &mut branch.items).for_each(|item| item.each_mut(see));
        see(self);
    }
}

/// How many lines statements take.
pub(super) fn lines(items: &[Item]) -> usize {
    items.iter().map(Item::lines).sum()
}
