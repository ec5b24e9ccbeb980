//! What became of the tensors of a file: used, unused, missing, of another shape.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Archive, FileError};
use crate::tensor::Shape;
use crate::zoo::{Account, Fit, Found, Listing};

/// The account of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileAccount {
    /// The file.
    pub path: PathBuf,
    /// What it holds.
    pub listing: Listing,
    /// What the network takes of it.
    pub account: Account,
}

/// A line of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What became of it.
    pub fate: Fate,
    /// The variable of the network, if there is one.
    pub ours: Option<(String, Shape)>,
    /// The tensor of the file, if there is one.
    pub theirs: Option<(String, Shape)>,
}

/// What became of a tensor or a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// The variable has the tensor's numbers.
    Used,
    /// Nothing in the file is for the variable.
    Missing,
    /// The tensor that is for the variable has another shape.
    WrongShape,
    /// No variable takes the tensor.
    Unused,
}

impl Fate {
    /// All of them, in the order of the account.
    pub const ALL: [Self; 4] = [Self::Used, Self::Missing, Self::WrongShape, Self::Unused];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Missing => "missing",
            Self::WrongShape => "wrong shape",
            Self::Unused => "unused",
        }
    }
}

impl FileAccount {
    /// Every line: first the variables, in their order, then what is not used.
    pub fn entries(&self) -> Vec<Entry> {
        let tensor = |at: usize| {
            let listed = &self.listing.tensors[at];
            (listed.name.clone(), listed.shape.clone())
        };
        let of_variables = self.account.fits.iter().map(|Fit { variable, found }| {
            let ours = Some((variable.full_name(), variable.shape.clone()));
            match found {
                Found::Tensor(at, _) => Entry { fate: Fate::Used, ours, theirs: Some(tensor(*at)) },
                Found::Reshaped { tensor: at, .. } => {
                    Entry { fate: Fate::WrongShape, ours, theirs: Some(tensor(*at)) }
                }
                Found::Missing { .. } => Entry { fate: Fate::Missing, ours, theirs: None },
            }
        });
        let unused = self.account.unused.iter();
        let unused = unused.map(|&at| Entry { fate: Fate::Unused, ours: None, theirs: Some(tensor(at)) });
        of_variables.chain(unused).collect()
    }

    /// How many lines there are of each fate.
    pub fn counts(&self) -> BTreeMap<Fate, usize> {
        let mut counts = BTreeMap::new();
        self.entries().iter().for_each(|entry| *counts.entry(entry.fate).or_default() += 1);
        counts
    }

    /// Whether there is nothing to tell: each tensor is used, and each variable has one.
    pub fn is_even(&self) -> bool {
        self.account.is_complete() && self.account.unused.is_empty()
    }

    /// Whether the file is of another kind than this program writes.
    pub fn is_foreign(&self) -> bool {
        self.listing.layout.is_some()
    }

    /// The numbers of all variables that have a tensor, in our order, by their full names.
    /// # Errors
    /// [`FileError`]: the file cannot be read.
    pub fn numbers(&self, archive: &Archive) -> Result<BTreeMap<String, Vec<f32>>, FileError> {
        let mut numbers = BTreeMap::new();
        for Fit { variable, found } in &self.account.fits {
            if let Found::Tensor(at, place) = found {
                numbers.insert(variable.full_name(), place.ours(archive.numbers(*at)?));
            }
        }
        Ok(numbers)
    }

    /// What does not fit, in sentences; nothing where all does.
    pub fn differences(&self) -> Vec<String> {
        let mut differences = Vec::new();
        let (mut missing, mut reshaped) = (Vec::new(), Vec::new());
        for Fit { variable, found } in &self.account.fits {
            match found {
                Found::Tensor(..) => {}
                Found::Missing { name, wanted } => missing.push(format!("`{name}` ({wanted})")),
                Found::Reshaped { tensor, wanted } => {
                    let there = &self.listing.tensors[*tensor];
                    let (name, found) = (&there.name, &there.shape);
                    let of = if *name == variable.full_name() {
                        String::new()
                    } else {
                        format!(" for `{}`", variable.full_name())
                    };
                    reshaped.push(format!("`{name}` is {found} in the file and {wanted} in the model{of}"));
                }
            }
        }
        if !missing.is_empty() {
            differences.push(format!("the file lacks {}", crate::printed::few(&missing)));
        }
        if !reshaped.is_empty() {
            differences.push(crate::printed::few(&reshaped));
        }
        if !differences.is_empty() && !self.account.unused.is_empty() {
            let names = self.account.unused.iter().map(|&at| format!("`{}`", self.listing.tensors[at].name));
            let names = crate::printed::few(&names.collect::<Vec<_>>());
            differences.push(format!("the model has no {names}"));
        }
        differences
    }
}
