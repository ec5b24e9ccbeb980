//! Weights that were learnt before: what the layers of a model used as a layer start from. Which tensors
//! these are tells [`crate::zoo::fit_backbone`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::error::RunError;
use super::weights;
use crate::ir::{CheckedProgram, ScopeKind, StartingWeights, Variable, variables};
use crate::weights::FileAccount;
use crate::zoo::fit_backbone;

/// Values of parameters, by name.
pub type Pretrained = BTreeMap<String, Vec<f32>>;

/// What models used as layers take from files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Taken {
    /// By the names of the parameters.
    pub values: Pretrained,
    /// What became of each file's tensors.
    pub accounts: Vec<FileAccount>,
}

/// What the parameters of a model start from where it says `weights:`. `find` gives the file that is meant, for the model of a path.
/// # Errors
/// [`RunError::Read`], [`RunError::Format`], or [`RunError::WeightsDiffer`] where a file lacks a tensor or
/// has it in another shape.
pub fn pretrained(
    program: &CheckedProgram,
    find: &dyn Fn(&StartingWeights, &str) -> Result<PathBuf, RunError>,
) -> Result<Taken, RunError> {
    let mut taken = Taken::default();
    let mut all: Option<Vec<Variable>> = None;
    for scope in &program.program().model.scopes {
        let ScopeKind::Model(backbone) = &scope.kind else { continue };
        let Some(written) = &backbone.weights else { continue };
        let path = find(written, &scope.path)?;
        let archive = weights::open(&path)?;
        // auxiliary outputs begin with random weights
        let all = all.get_or_insert_with(|| variables(program, false));
        let account = fit_backbone(&archive.listing, &scope.path, backbone, all);
        let account = FileAccount { path, listing: archive.listing.clone(), account };
        taken.values.extend(weights::taken(&account, &archive, written.partial)?);
        taken.accounts.push(account);
    }
    Ok(taken)
}
