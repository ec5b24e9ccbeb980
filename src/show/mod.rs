//! The resolved program as a file of the language: every default, inferred value, block and import spelled
//! out, with the same meaning.
//!
//! One file here for each part of [`Program`]. Each takes its part to pieces by name, so that a field that is
//! added there cannot be forgotten here.

mod augment;
mod data;
mod model;
mod prepare;
mod report;
mod text;
mod train;

use std::collections::BTreeSet;

use crate::ast;
use crate::ir::{CheckedProgram, EnsembleSpec, Program, TuneSpec};

use crate::vocabulary::quoted;
pub use prepare::prepare_differences;
use text::Text;

/// Sections that are for one model of several have its name.
type Target<'a> = Option<&'a str>;

/// A file with these models, each checked by itself, and what the source file allows; of an ensemble with its
/// members. A search stands for the point at which a program was lowered.
pub fn show(programs: &[&CheckedProgram], source: &ast::File) -> String {
    let mut text = Text::default();
    text.line("language 1");
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for (allow, _) in source.allows().into_iter().filter(|(allow, _)| known.insert(&allow.code.value)) {
        text.line(format!("allow {} because {}", allow.code.value, quoted(&allow.reason.value)));
    }
    let of_ensembles = programs.iter().filter_map(|program| program.program().ensemble.as_deref());
    let mut ensembles: Vec<&EnsembleSpec> = of_ensembles.map(|ensemble| &ensemble.spec).collect();
    let programs: Vec<&CheckedProgram> = programs.iter().flat_map(|program| models_of(program)).collect();
    let several = programs.len() > 1;
    let names = programs.iter().map(|program| program.program().model.name.value.clone());
    let mut taken = model::Taken::new(names);
    let is_shared = shared(&programs);
    for (at, program) in programs.iter().enumerate() {
        let Program {
            source: _,
            model,
            data,
            prepare,
            augment,
            train,
            tune,
            ensembles: own,
            // it stands for its members
            ensemble: _,
            report,
        } = program.program();
        // the values that a search has put in stand in the layers and settings
        let _: &Option<TuneSpec> = tune;
        let target = several.then_some(model.name.value.as_str());
        model::write(&mut text, program, &mut taken);
        // what all have alike stands behind the first, for all
        let target_of = |section: usize| (!is_shared[section]).then_some(target).flatten();
        let stands_here = |section: usize| at == 0 || !is_shared[section];
        if let Some(data) = data.as_ref().filter(|_| stands_here(0)) {
            data::write(&mut text, data, target_of(0));
        }
        if stands_here(1) {
            prepare::write(&mut text, prepare, target_of(1));
        }
        if stands_here(2) {
            augment::write(&mut text, augment, target_of(2));
        }
        train.iter().for_each(|train| train::write(&mut text, train, program.loss(), target));
        report.iter().for_each(|report| report::write(&mut text, report, model, target));
        ensembles.extend(own.iter().filter(|_| several));
    }
    let mut written: BTreeSet<&str> = BTreeSet::new();
    for ensemble in ensembles {
        if written.insert(&ensemble.name.value) {
            report::write_ensemble(&mut text, ensemble);
        }
    }
    text.finish()
}

/// The program itself; of an ensemble those of its models, each once, with the seed that it begins from.
fn models_of(program: &CheckedProgram) -> Vec<&CheckedProgram> {
    let Some(ensemble) = &program.program().ensemble else { return vec![program] };
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let programs = ensemble.members.iter().map(|member| member.program.as_ref());
    programs.filter(|program| known.insert(&program.program().model.name.value)).collect()
}

/// Whether `data`, `prepare` and `augment` are the same for several models.
fn shared(programs: &[&CheckedProgram]) -> [bool; 3] {
    let written = |write: &dyn Fn(&mut Text, &Program)| {
        let mut texts = programs.iter().map(|program| {
            let mut text = Text::default();
            write(&mut text, program.program());
            text.finish()
        });
        let first = texts.next();
        texts.len() > 0 && texts.all(|text| Some(text) == first)
    };
    [
        written(&|text, program| program.data.iter().for_each(|data| data::write(text, data, None))),
        written(&|text, program| prepare::write(text, &program.prepare, None)),
        written(&|text, program| augment::write(text, &program.augment, None)),
    ]
}
