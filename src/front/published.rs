//! Published weights as they are known without having them: a reference's file holds the variables that its
//! model in the zoo has.

use crate::ir::{CheckedProgram, Variable, variables};
use crate::lower::LowerOptions;
use crate::source::SourceFile;
use crate::zoo::{self, Listed, Listing, Part};

/// Pictures that every network of the zoo takes when its classifier is left out.
const SIZE: usize = 299;

/// What the published weights of a model hold, by our names; `None` where none are published.
pub fn reference(model: &str, part: Part) -> Option<Listing> {
    zoo::published(model, part)?;
    let (text, within) = match part {
        Part::Whole => (zoo::source(model)?.to_owned(), String::new()),
        Part::Features => (
            format!(
                "use zoo.{model}\n\nmodel Features {{\n    input({SIZE}x{SIZE}x3)\n    \
                 {model}(include_top: false)\n}}\n"
            ),
            format!("{model}."),
        ),
    };
    let chosen = (part == Part::Whole).then(|| model.to_owned());
    let options = LowerOptions { model: chosen, overrides: Vec::new() };
    let program = super::load(SourceFile::new(model.to_owned(), text), &options, &|_| None).program?;
    let tensors = variables(&program, true).into_iter().map(|variable| {
        let name = variable.full_name();
        Listed::named(name.strip_prefix(&within).unwrap_or(&name).to_owned(), variable.shape)
    });
    Some(Listing { format: "ImageNet", tensors: tensors.collect(), is_ordered: true, ..Listing::default() })
}

/// Which of a model's published files has all that a part of a network needs. `scope` is the path of the
/// part, empty for the whole network.
pub fn part_for(model: &str, scope: &str, program: &CheckedProgram) -> Part {
    let Some(features) = reference(model, Part::Features) else { return Part::Whole };
    let names: std::collections::HashSet<&str> =
        features.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    let prefix = if scope.is_empty() { String::new() } else { format!("{scope}.") };
    let inner = |variable: &Variable| variable.full_name().strip_prefix(&prefix).map(str::to_owned);
    let needed: Vec<String> = variables(program, false).iter().filter_map(inner).collect();
    if needed.iter().all(|name| names.contains(name.as_str())) { Part::Features } else { Part::Whole }
}
