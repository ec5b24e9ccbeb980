//! What statements are like when the values of their options are left out.

use std::collections::{BTreeMap, HashMap};

use super::blocks::Run;
use super::item::{Callee, Item};
use crate::layers::Inputs;

/// What statements are like, options left out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Likeness {
    callee: String,
    branches: Vec<Vec<u32>>,
}

/// A run in which one branch of a sum may hold anything: its statements, the branch, and the sum.
type Opened = (Vec<u32>, usize, Likeness);

/// Numbers for likenesses, in the order in which they are met.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    numbers: HashMap<Likeness, u32>,
    likenesses: Vec<Likeness>,
    /// Of blocks that were made before, those that are known.
    pub(super) blocks_that_join: Vec<bool>,
}

impl Kinds {
    pub(super) fn joins(&self, item: &Item) -> bool {
        match item.callee {
            Callee::Layer(_) => !item.branches.is_empty(),
            // one that was made later is used by this one
            Callee::Block(at) => self.blocks_that_join.get(at).copied().unwrap_or(true),
        }
    }

    /// `None` where the statement cannot stand in a block: it takes what has a name outside.
    pub(super) fn of(&mut self, item: &Item) -> Option<u32> {
        let callee = match item.callee {
            Callee::Layer(kind) if kind.inputs != Inputs::None => kind.keyword.to_owned(),
            Callee::Layer(_) => return None,
            Callee::Block(block) => format!("#{block}"),
        };
        let mut branches = Vec::with_capacity(item.branches.len());
        for branch in &item.branches {
            let kinds: Option<Vec<u32>> = branch.items.iter().map(|item| self.of(item)).collect();
            branches.push(kinds.filter(|_| branch.condition.is_none())?);
        }
        if !item.operands.is_empty() || item.from.is_some() {
            return None;
        }
        let likeness = Likeness { callee, branches };
        let next = self.likenesses.len() as u32;
        Some(*self.numbers.entry(likeness.clone()).or_insert_with(|| {
            self.likenesses.push(likeness);
            next
        }))
    }

    /// For runs with a sum that has an empty branch: the runs that are the same but for what is in that
    /// branch, of which there are most, and the place of the branch.
    pub(super) fn partners<'r>(
        &self,
        runs: &'r BTreeMap<Vec<u32>, Vec<Run>>,
    ) -> BTreeMap<&'r Vec<u32>, (&'r Vec<u32>, [usize; 2])> {
        let mut open: BTreeMap<Opened, Vec<&'r Vec<u32>>> = BTreeMap::new();
        let opened = |key: &Vec<u32>, at: usize, branch: usize| {
            let mut likeness = self.likenesses[key[at] as usize].clone();
            likeness.branches[branch] = vec![u32::MAX];
            let mut rest = key.clone();
            rest[at] = u32::MAX;
            (rest, branch, likeness)
        };
        let sums = |key: &Vec<u32>| {
            let sum = |kind: &u32| {
                let likeness = &self.likenesses[*kind as usize];
                likeness.callee == "add" && !likeness.branches.is_empty()
            };
            key.iter().position(sum)
        };
        for key in runs.keys() {
            let Some(at) = sums(key) else { continue };
            for (branch, kinds) in self.likenesses[key[at] as usize].branches.iter().enumerate() {
                if !kinds.is_empty() {
                    open.entry(opened(key, at, branch)).or_default().push(key);
                }
            }
        }
        let mut partners = BTreeMap::new();
        for key in runs.keys() {
            let Some(at) = sums(key) else { continue };
            let branches = &self.likenesses[key[at] as usize].branches;
            let Some(branch) = branches.iter().position(Vec::is_empty) else { continue };
            let others = open.get(&opened(key, at, branch)).into_iter().flatten();
            // of several with equally many the first
            let other = others.rev().max_by_key(|other| runs[**other].len());
            if let Some(other) = other {
                partners.insert(key, (*other, [at, branch]));
            }
        }
        partners
    }
}
