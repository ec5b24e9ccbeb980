//! `cnnc show FILE`.

use std::collections::BTreeSet;

use clap::Args;

use super::arguments::ProgramArgs;
use super::console::Console;
use super::failure::Failure;
use super::load::{self, Look};
use super::summary::FIRST_POINT;
use crate::ast::visit::{Visitor, walk_definition};
use crate::ast::{self, DefinitionKind, Item, Step};
use crate::experiment::read_text;
use crate::show::show as print;

/// Most models that are shown together: each is checked by itself, with all that the file has.
const MOST_MODELS: usize = 100;

#[derive(Debug, Args)]
#[command(after_long_help = "\
What is printed is a file with the same meaning: every layer with its full name, every option with its value, the loss that was inferred. It \
needs no other file. Showing it again prints the same. Of a file that searches it is \
the point with the first value of each search.

Examples:
  cnnc show models/digits.cnn
  cnnc show mine.cnn --set train.epochs=5 > as-trained.cnn")]
pub(super) struct ShowArgs {
    #[command(flatten)]
    program: ProgramArgs,
}

pub(super) fn show(args: &ShowArgs, console: &Console) -> Result<(), Failure> {
    let (file, mut choice) = (&args.program.file, args.program.choice.clone());
    // a pipe can be read once
    let text = read_text(file)?;
    let first = load::judge(file, text.clone(), &choice, &[], Look::Card, console);
    let models = if choice.model.is_some() { Vec::new() } else { models_of(&first.loaded.ast) };
    let mut ready = Vec::new();
    if models.len() > MOST_MODELS {
        return Err(Failure::Usage(format!(
            "the file has {} models, and at most {MOST_MODELS} are shown at once: say which, `--model {}`",
            models.len(),
            models[0]
        )));
    }
    if models.len() > 1 {
        // each by itself, with what is for all of them
        for model in models {
            choice.model = Some(model);
            ready.push(load::ready_text(file, text.clone(), &choice, &[], Look::Names, console)?);
        }
    } else {
        ready.push(load::ready_text(file, text, &choice, &[], Look::Names, console)?);
    }
    if ready.iter().any(|ready| ready.space().is_some()) {
        console.note(FIRST_POINT);
    }
    let programs: Vec<_> = ready.iter().map(|ready| &ready.program).collect();
    console.source_text(&print(&programs, &first.loaded.ast))
}

/// The models of a file that no other one uses as a layer.
fn models_of(file: &ast::File) -> Vec<String> {
    struct Callees(Vec<String>);
    impl Visitor for Callees {
        fn step(&mut self, step: &Step) {
            self.0.push(step.callee.value.clone());
        }
    }
    let mut callees = Callees(Vec::new());
    let mut models = Vec::new();
    for item in &file.items {
        if let Item::Definition(definition) = item {
            walk_definition(&mut callees, definition);
            models.extend((definition.kind == DefinitionKind::Model).then(|| definition.name.value.clone()));
        }
    }
    let callees: BTreeSet<String> = callees.0.into_iter().collect();
    models.retain(|model| !callees.contains(model));
    models
}
