//! Several models that answer together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::StartingWeights;
use crate::ir::CheckedProgram;
use crate::source::{Span, Spanned};
use crate::vocabulary::Combine;

/// `ensemble Vote { members: […]; combine: mean }`
#[derive(Debug, Clone, PartialEq)]
pub struct EnsembleSpec {
    /// Its name.
    pub name: Spanned<String>,
    /// The section's name.
    pub span: Span,
    /// What is written in `members`, in that order: two members at least.
    pub members: Vec<MemberSpec>,
    /// How the answers become one. Default mean.
    pub combine: Spanned<Combine>,
}

/// An entry of `members`: `Basic`, `5 of Basic`, `Basic(weights: "basic.safetensors")`.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberSpec {
    /// A model of the file.
    pub model: Spanned<String>,
    /// How many members it stands for, each with a seed of its own. Default 1.
    pub count: usize,
    /// The weights of a member that is trained already.
    pub weights: Option<StartingWeights>,
}

/// One member of an ensemble.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberName {
    /// What it is called: as its model, with a number behind it where the model is there several times.
    pub name: String,
    /// Its entry, by its place in [`EnsembleSpec::members`].
    pub entry: usize,
    /// Which of its entry, from 0: this much is added to `train.seed`.
    pub turn: usize,
}

/// An ensemble as a program: its members, each with all its settings.
#[derive(Debug, Clone)]
pub struct Ensemble {
    /// As it is written.
    pub spec: EnsembleSpec,
    /// Its members, one by one.
    pub members: Vec<Member>,
}

/// A member of an ensemble.
#[derive(Debug, Clone)]
pub struct Member {
    /// What it is called; the names of its layers in the ensemble begin with it.
    pub name: String,
    /// Its entry, by its place in [`EnsembleSpec::members`].
    pub entry: usize,
    /// Its model with data, preparation and schedule: what it is trained by.
    pub program: Arc<CheckedProgram>,
    /// Its weights, if it is trained already.
    pub weights: Option<StartingWeights>,
}

impl EnsembleSpec {
    /// Its members, one by one: `Basic_1` to `Basic_5` and `Deep` of `[5 of Basic, Deep]`.
    pub fn each(&self) -> Vec<MemberName> {
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for member in &self.members {
            *times.entry(&member.model.value).or_default() += member.count;
        }
        let models: Vec<&str> = times.keys().copied().collect();
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        let mut all = Vec::new();
        for (entry, member) in self.members.iter().enumerate() {
            let model = member.model.value.as_str();
            for turn in 0..member.count {
                let mut name = model.to_owned();
                while times[model] > 1 && models.contains(&name.as_str()) {
                    let number = numbers.entry(model).or_default();
                    *number += 1;
                    name = format!("{model}_{number}");
                }
                all.push(MemberName { name, entry, turn });
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_one_model_have_numbers() {
        let nowhere = Span::default();
        let member = |model: &str, count: usize| MemberSpec {
            model: Spanned::new(model.to_owned(), nowhere),
            count,
            weights: None,
        };
        let spec = EnsembleSpec {
            name: Spanned::new("Vote".to_owned(), nowhere),
            span: nowhere,
            members: vec![member("A", 2), member("B", 1), member("A_2", 1), member("A", 1)],
            combine: Spanned::new(Combine::Mean, nowhere),
        };
        let each = spec.each();
        let names: Vec<(&str, usize)> =
            each.iter().map(|member| (member.name.as_str(), member.turn)).collect();
        // a name that another model has is passed over
        assert_eq!(names, [("A_1", 0), ("A_3", 1), ("B", 0), ("A_2", 0), ("A_4", 0)]);
    }
}
